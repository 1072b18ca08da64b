//! The files of a directory, as they are.

use std::{io, path::PathBuf};

use bundle_manifest::{ArtifactPath, FileSource};

#[derive(Debug)]
pub(crate) struct Directory(pub(crate) PathBuf);

impl FileSource for Directory {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        fs_err::metadata(self.0.join(path.to_string())).ok().map(|metadata| metadata.len())
    }

    fn read(&self, path: &ArtifactPath, limit: u64) -> io::Result<Vec<u8>> {
        if self.size(path).is_some_and(|size| size > limit) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        fs_err::read(self.0.join(path.to_string()))
    }
}
