//! The bytes of a bundle: a file, a stretch of a file, or memory.

use std::{
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::ArchiveError;

/// Bytes that can be read from any thread.
pub(crate) enum Storage {
    /// `length` bytes of a file from `base`.
    File { file: Mutex<fs_err::File>, name: String, base: u64, length: u64 },
    /// Bytes in memory.
    Memory(Vec<u8>),
}

impl Storage {
    /// The whole of a file.
    pub(crate) fn open(path: &Path) -> Result<Self, ArchiveError> {
        let name = path.display().to_string();
        let open = || {
            // Asked first: to open a pipe is to wait for its other end.
            if !fs_err::metadata(path)?.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
            }
            let file = fs_err::File::open(path)?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (file, length) = open().map_err(|source| ArchiveError::io(&name, source))?;
        Ok(Self::File { file: Mutex::new(file), name, base: 0, length })
    }

    /// How an error names it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::File { name, .. } => name,
            Self::Memory(_) => "bundle",
        }
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::File { length, .. } => *length,
            Self::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }

    /// Replaces the content of `out` by `length` bytes from `offset`.
    pub(crate) fn read_at(
        &self,
        offset: u64,
        length: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), ArchiveError> {
        out.clear();
        self.try_read_at(offset, length, out)
            .map_err(|source| ArchiveError::io(self.name(), source))
    }

    fn try_read_at(&self, offset: u64, length: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let end = offset.checked_add(length).filter(|end| *end <= self.len());
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let end = usize::try_from(end).unwrap_or(usize::MAX);
                out.extend_from_slice(bytes.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
            }
            Self::File { file, base, .. } => {
                // A thread that panicked while it read leaves a file that can still be read.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(base.saturating_add(offset)))?;
                let read = file.by_ref().take(length).read_to_end(out)?;
                if u64::try_from(read).ok() != Some(length) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
        }
        Ok(())
    }
}
