//! Why a directory is not a project.

use std::{error::Error, fmt};

/// Why a source tree cannot be read or packed. Names the path; `hint` says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ProjectError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    #[source]
    /// The cause.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ProjectError {
    /// An error without a cause or a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, source: None }
    }

    /// The same error with advice.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// An error with its cause.
    pub(crate) fn caused(
        message: impl Into<String>,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self { source: Some(Box::new(source)), ..Self::new(message) }
    }

    /// Reading a path failed; the cause names the path.
    pub(crate) fn unreadable(what: impl fmt::Display, source: std::io::Error) -> Self {
        Self::caused(format!("`{what}` cannot be read"), source)
    }
}
