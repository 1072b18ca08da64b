//! Why a key, a certificate or a file of signatures cannot be used.
//!
//! No variant holds a byte of a private key or of a passphrase.

use std::io;

/// Why a key, a certificate, a signature or a directory cannot be used. Names
/// the file or the field that is at fault.
#[derive(Debug, thiserror::Error)]
#[error("{subject}: {kind}")]
pub struct SignatureError {
    /// The file or the field.
    pub subject: String,
    /// What is wrong.
    pub kind: SignatureErrorKind,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureErrorKind {
    /// Reading or writing failed.
    #[error("{0}")]
    Io(io::Error),
    /// The bytes are not what they should be.
    #[error("{0}")]
    Malformed(String),
    /// They are, and are of a kind that is not used here.
    #[error("{0}")]
    Unsupported(String),
    /// The key is encrypted, and no passphrase was given.
    #[error("is encrypted")]
    Locked,
    /// The passphrase does not open the key.
    #[error("is not opened by this passphrase")]
    WrongPassphrase,
    /// Others can read the private key.
    #[error("is a private key that others can read (mode {mode:04o})")]
    Exposed {
        /// The permission bits of the file.
        mode: u32,
    },
    /// There is no such key.
    #[error("{0}")]
    Missing(String),
    /// There is one already.
    #[error("{0}")]
    Exists(String),
    /// A directory is not what was signed, or cannot be signed.
    #[error("{0}")]
    Refused(String),
}

impl SignatureError {
    pub(crate) fn new(subject: impl Into<String>, kind: SignatureErrorKind) -> Self {
        Self { subject: subject.into(), kind, hint: None }
    }

    pub(crate) fn malformed(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(subject, SignatureErrorKind::Malformed(what.into()))
    }

    pub(crate) fn unsupported(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(subject, SignatureErrorKind::Unsupported(what.into()))
    }

    #[cfg(any(feature = "store", feature = "directory"))]
    pub(crate) fn io(subject: impl Into<String>, source: io::Error) -> Self {
        Self::new(subject, SignatureErrorKind::Io(source))
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same error, said of `subject`.
    #[must_use]
    pub fn of(self, subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), ..self }
    }
}
