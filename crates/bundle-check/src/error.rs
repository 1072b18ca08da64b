//! Why nothing could be judged.

use bundle_archive::ArchiveError;
use bundle_project::ProjectError;
use bundle_signature::SignatureError;

/// Why nothing could be judged: the path is not there, or cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CheckError {
    /// What could not be done, naming the path.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Its cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl From<std::io::Error> for CheckError {
    fn from(error: std::io::Error) -> Self {
        Self { message: error.to_string(), hint: None, source: None }
    }
}

impl From<ProjectError> for CheckError {
    fn from(error: ProjectError) -> Self {
        let hint = error.hint.clone();
        Self { message: error.to_string(), hint, source: error.source }
    }
}

impl From<SignatureError> for CheckError {
    fn from(error: SignatureError) -> Self {
        let hint = error.hint.clone();
        Self { message: error.to_string(), hint, source: None }
    }
}

impl From<ArchiveError> for CheckError {
    fn from(error: ArchiveError) -> Self {
        Self {
            message: format!("cannot read {}", error.subject),
            hint: None,
            source: Some(Box::new(error)),
        }
    }
}
