//! A bundle inside a zip file, as submission forms ask for.

use std::{
    io::{self, Read, Write as _},
    path::Path,
    sync::Mutex,
};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

use crate::{Archive, ArchiveError, ArchiveErrorKind, Limits, limits::too_large, storage::Storage};

/// Unpacked bytes per deflated byte of a bundle, which is compressed already;
/// its empty blocks still deflate a little.
const MAX_DEFLATION: u64 = 20;
/// Unpacked bytes of any zip that do no harm.
const SMALL: u64 = 1 << 20;
/// How the name of a bundle ends.
const EXTENSION: &[u8] = b".bundle.tar.zst";

impl Archive {
    /// Opens the one bundle that a zip file holds. Other files in it (a paper, a form) are not
    /// read. A stored bundle is read in place; a deflated one is first unpacked into a nameless
    /// file in the directory `scratch`, within the limits.
    pub fn open_zip(path: &Path, scratch: &Path, limits: &Limits) -> Result<Self, ArchiveError> {
        let name = path.display().to_string();
        let at = |source| ArchiveError::io(&name, source);
        let bad = |error| from_zip(&name, error);
        let file = fs_err::File::open(path).map_err(at)?;
        let mut zip = ZipArchive::new(io::BufReader::new(&file)).map_err(bad)?;
        let index = only_bundle(&zip, &name, limits)?;
        let mut entry = zip.by_index(index).map_err(bad)?;
        let inside = format!("{name}: `{}`", entry.name_raw().escape_ascii());
        let length = entry.size();
        let in_place =
            entry.data_start().filter(|_| entry.compression() == CompressionMethod::Stored);
        let storage = if let Some(base) = in_place {
            drop(entry);
            drop(zip);
            Storage::File { file: Mutex::new(file), name: inside, base, length }
        } else {
            refuse_bomb(&inside, entry.compressed_size(), length, limits)?;
            inflate(&mut entry, length, inside, scratch)?
        };
        Self::from_storage(storage, limits)
    }
}

/// The place of the only entry whose name is that of a bundle.
fn only_bundle<R: Read + io::Seek>(
    zip: &ZipArchive<R>,
    name: &str,
    limits: &Limits,
) -> Result<usize, ArchiveError> {
    if zip.len() > limits.members {
        let what =
            format!("is a zip file of {} entries, the limit is {}", zip.len(), limits.members);
        return Err(ArchiveError::limit(name, what));
    }
    if zip.has_duplicate_names() {
        return Err(ArchiveError::malformed(name, "is a zip file that names an entry twice"));
    }
    let names = zip.file_names_raw().enumerate();
    let mut bundles = names.filter(|(_, name)| name.ends_with(EXTENSION));
    match (bundles.next(), bundles.next()) {
        (Some((index, _)), None) => Ok(index),
        (None, _) => Err(ArchiveError::new(name, ArchiveErrorKind::NoBundle)),
        (Some((_, first)), Some((_, second))) => {
            let (first, second) = (first.escape_ascii(), second.escape_ascii());
            let what = format!("is a zip file with several bundles in it: `{first}`, `{second}`");
            Err(ArchiveError::malformed(name, what))
        }
    }
}

fn refuse_bomb(name: &str, packed: u64, length: u64, limits: &Limits) -> Result<(), ArchiveError> {
    if length > limits.total_size {
        return Err(too_large(name, length, limits.total_size));
    }
    if length > packed.saturating_mul(MAX_DEFLATION).max(SMALL) {
        let what = format!("unpacks from {packed} to {length} bytes: no bundle does");
        return Err(ArchiveError::limit(name, what));
    }
    Ok(())
}

/// Unpacks an entry into a file that has no name, so that nothing is left of it.
fn inflate(
    entry: &mut dyn Read,
    length: u64,
    name: String,
    scratch: &Path,
) -> Result<Storage, ArchiveError> {
    let at = |source| ArchiveError::io(&name, source);
    let mut file = tempfile::tempfile_in(scratch).map_err(at)?;
    let copied = io::copy(&mut entry.take(length.saturating_add(1)), &mut file).map_err(at)?;
    if copied != length {
        let what = format!("does not unpack to the {length} bytes that the zip file states");
        return Err(ArchiveError::malformed(name, what));
    }
    file.flush().map_err(at)?;
    let file = Mutex::new(fs_err::File::from_parts(file, scratch));
    Ok(Storage::File { file, name, base: 0, length })
}

fn from_zip(name: &str, error: ZipError) -> ArchiveError {
    match error {
        ZipError::Io(source) => ArchiveError::io(name, source),
        error => {
            let what =
                format!("is not a zip file that can be read: {}", error.to_string().to_lowercase());
            ArchiveError::malformed(name, what)
        }
    }
}
