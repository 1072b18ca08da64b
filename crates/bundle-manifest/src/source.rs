//! The one way in which the crates above get at the files of a project.

use std::io;

use crate::ArtifactPath;

/// The files of a project, wherever they are: a directory, a git revision, an
/// archive, the memory of a page. Paths are relative to `bundle.toml`.
pub trait FileSource: Send + Sync {
    /// The size of a file in bytes, or `None` when there is no such file.
    fn size(&self, path: &ArtifactPath) -> Option<u64>;

    /// The whole content. An error of kind `NotFound` when there is no such
    /// file; an error of kind `FileTooLarge` when it has more than `limit` bytes.
    fn read(&self, path: &ArtifactPath, limit: u64) -> io::Result<Vec<u8>>;
}

/// No files at all: for a pipeline whose steps need none.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl FileSource for NoFiles {
    fn size(&self, _: &ArtifactPath) -> Option<u64> {
        None
    }

    fn read(&self, path: &ArtifactPath, _: u64) -> io::Result<Vec<u8>> {
        Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no file `{path}`")))
    }
}
