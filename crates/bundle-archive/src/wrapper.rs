//! What a bundle may come in.

use std::{
    io::{self, Read as _},
    path::Path,
};

use crate::{Archive, ArchiveError, Limits, page::is_page};

/// What a file is, by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// A bundle by itself, or no bundle at all.
    None,
    /// A zip file, as submission forms ask for.
    Zip,
    /// A page that `bundle demo` wrote.
    Page,
}

impl Wrapper {
    /// Reads the first bytes of a file.
    pub fn of(path: &Path) -> io::Result<Self> {
        if !fs_err::metadata(path)?.is_file() {
            // To open a pipe is to wait for its other end.
            return Ok(Self::None);
        }
        let mut head = Vec::new();
        fs_err::File::open(path)?.take(64).read_to_end(&mut head)?;
        Ok(match head.as_slice() {
            [b'P', b'K', ..] => Self::Zip,
            head if is_page(head) => Self::Page,
            _ => Self::None,
        })
    }
}

impl Archive {
    /// Opens a bundle, or the one that a zip file or a page holds. What must be unpacked for
    /// that goes to a nameless file in the directory `scratch`.
    pub fn open_wrapped(
        path: &Path,
        scratch: &Path,
        limits: &Limits,
    ) -> Result<Self, ArchiveError> {
        let wrapper = Wrapper::of(path)
            .map_err(|source| ArchiveError::io(path.display().to_string(), source))?;
        match wrapper {
            Wrapper::None => Self::open(path, limits),
            Wrapper::Zip => Self::open_zip(path, scratch, limits),
            Wrapper::Page => Self::open_page(path, scratch, limits),
        }
    }
}
