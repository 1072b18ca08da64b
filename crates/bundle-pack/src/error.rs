//! Why nothing was packed.

use std::error::Error;

use bundle_archive::ArchiveError;
use bundle_manifest::ManifestError;
use bundle_project::{Absent, ProjectError};
use bundle_run::{RunError, RunErrorKind};
use bundle_signature::SignatureError;

/// Why nothing was packed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PackError {
    /// What.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// A statement in bundle.toml is false (exit code 1), else it could not be judged (2).
    pub false_statement: bool,
    #[source]
    /// Cause.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl PackError {
    /// Nothing could be judged.
    pub(crate) fn not_judged(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, false_statement: false, source: None }
    }

    /// `bundle.toml` says what is not so.
    pub(crate) fn false_statement(message: impl Into<String>) -> Self {
        Self { false_statement: true, ..Self::not_judged(message) }
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn caused_by(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    pub(crate) fn cancelled() -> Self {
        Self::not_judged("cancelled")
    }

    /// A manifest that says what cannot be said, with the first hint.
    pub(crate) fn of_manifest(error: ManifestError) -> Self {
        let hint = error.problems().iter().find_map(|problem| problem.hint.clone());
        Self { hint, ..Self::false_statement("`bundle.toml` is not valid").caused_by(error) }
    }

    /// A network that does not load, or an example that does not run; `subject` names it.
    pub(crate) fn of_run(subject: &str, mut error: RunError) -> Self {
        let hint = error.hint.take();
        let base = match error.kind {
            RunErrorKind::File { .. } => Self::not_judged(subject),
            _ => Self::false_statement(subject),
        };
        Self { hint, ..base.caused_by(error) }
    }
}

impl From<ProjectError> for PackError {
    fn from(error: ProjectError) -> Self {
        let ProjectError { message, hint, source } = error;
        Self { message, hint, source, false_statement: false }
    }
}

impl From<Absent> for PackError {
    fn from(absent: Absent) -> Self {
        Self { false_statement: true, ..Self::from(ProjectError::from(absent)) }
    }
}

impl From<SignatureError> for PackError {
    fn from(mut error: SignatureError) -> Self {
        let hint = error.hint.take();
        Self { hint, ..Self::not_judged("the bundle cannot be signed").caused_by(error) }
    }
}

impl From<ArchiveError> for PackError {
    fn from(error: ArchiveError) -> Self {
        Self::not_judged("the bundle cannot be written").caused_by(error)
    }
}

impl From<std::io::Error> for PackError {
    fn from(error: std::io::Error) -> Self {
        Self::not_judged("the files cannot be written").caused_by(error)
    }
}
