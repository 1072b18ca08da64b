//! Why bytes are not a bundle.

use std::io;

use bundle_manifest::{Digest, LockError};

/// Why a container cannot be written or read. Always names the member, the
/// frame or the file that is at fault.
#[derive(Debug, thiserror::Error)]
#[error("{subject}: {kind}")]
pub struct ArchiveError {
    /// The file, member, frame or field.
    pub subject: String,
    /// What is wrong.
    pub kind: ArchiveErrorKind,
}

/// What is wrong with a container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveErrorKind {
    /// Reading or writing failed.
    #[error("{0}")]
    Io(io::Error),
    /// The bytes break the format (exit code 1).
    #[error("{0}")]
    Malformed(String),
    /// A zip file without a bundle in it (exit code 1).
    #[error("is a zip file without a `.bundle.tar.zst` in it")]
    NoBundle,
    /// The bundle is of a newer format than this version knows, so nothing can
    /// be said of it (exit code 2).
    #[error("{0}")]
    Newer(LockError),
    /// A limit was exceeded (exit code 1).
    #[error("{0}")]
    Limit(String),
    /// A digest differs (exit code 1).
    #[error("sha256 is {actual}, the lock says {expected}")]
    Digest {
        /// Measured.
        actual: Digest,
        /// From the lock.
        expected: Digest,
    },
    /// A file changed while it was packed (exit code 2).
    #[error("changed while it was packed")]
    Changed,
    /// The operation was cancelled (exit code 2).
    #[error("cancelled")]
    Cancelled,
}

impl ArchiveError {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match &self.kind {
            ArchiveErrorKind::Newer(error) => error.hint.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn new(subject: impl Into<String>, kind: ArchiveErrorKind) -> Self {
        Self { subject: subject.into(), kind }
    }

    pub(crate) fn io(subject: impl Into<String>, source: io::Error) -> Self {
        Self::new(subject, ArchiveErrorKind::Io(source))
    }

    pub(crate) fn malformed(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(subject, ArchiveErrorKind::Malformed(what.into()))
    }

    pub(crate) fn limit(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(subject, ArchiveErrorKind::Limit(what.into()))
    }

    pub(crate) fn cancelled(subject: impl Into<String>) -> Self {
        Self::new(subject, ArchiveErrorKind::Cancelled)
    }

    /// The same error as an [`io::Error`], for callers that read through
    /// [`io::Read`] or [`bundle_manifest::FileSource`].
    pub(crate) fn into_io(self) -> io::Error {
        let kind = match &self.kind {
            ArchiveErrorKind::Io(source) => source.kind(),
            ArchiveErrorKind::Limit(_) => io::ErrorKind::FileTooLarge,
            ArchiveErrorKind::Cancelled => io::ErrorKind::Interrupted,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, self)
    }
}
