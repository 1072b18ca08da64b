//! Why a network cannot be loaded or run.

use bundle_manifest::{ArtifactPath, FileSource};
use bundle_preprocess::StepError;

/// Why a network cannot be loaded or run.
/// Always names the model, the node and the operator where there is one.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct RunError {
    /// What happened.
    pub kind: RunErrorKind,
    /// What to do.
    pub hint: Option<String>,
}

/// Kinds of [`RunError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunErrorKind {
    /// The bundle has no model.
    #[error("the bundle has no model: {why}")]
    NoModel {
        /// The author's reason.
        why: String,
    },
    /// A declared thing that this version parses and cannot run.
    #[error("{what} cannot run in this version")]
    Planned {
        /// By name.
        what: String,
    },
    /// The ONNX file is unreadable or unsafe.
    #[error("model `{model}`: {message}")]
    Malformed {
        /// Its name.
        model: String,
        /// What is wrong.
        message: String,
    },
    /// An operator that the engine cannot run, or computes wrongly.
    #[error("model `{model}`: node `{node}` ({operator}): {message}")]
    Refused {
        /// Its name.
        model: String,
        /// Node.
        node: String,
        /// `domain.Operator-opset`
        operator: String,
        /// Why.
        message: String,
    },
    /// An input or output does not fit the graph.
    #[error("{subject}: {message}")]
    Mismatch {
        /// Which.
        subject: String,
        /// What.
        message: String,
    },
    /// A step failed.
    #[error(transparent)]
    Step(Box<StepError>),
    /// The engine failed at a node.
    #[error("model `{model}` failed: {message}")]
    Engine {
        /// Its name.
        model: String,
        /// What the engine said, with node and operator.
        message: String,
    },
    /// A file could not be read.
    #[error("{path}: {message}")]
    File {
        /// Which.
        path: String,
        /// Why.
        message: String,
    },
}

impl RunError {
    /// Whether this says something about this engine and this version, not
    /// about the bundle: elsewhere the network may well run.
    pub fn is_beyond_engine(&self) -> bool {
        match &self.kind {
            RunErrorKind::Refused { .. }
            | RunErrorKind::Planned { .. }
            | RunErrorKind::Engine { .. } => true,
            RunErrorKind::Step(error) => error.planned,
            _ => false,
        }
    }

    pub(crate) fn malformed(model: &str, message: impl Into<String>) -> Self {
        RunErrorKind::Malformed { model: model.to_owned(), message: printable(message.into()) }
            .into()
    }

    pub(crate) fn mismatch(subject: impl Into<String>, message: impl Into<String>) -> Self {
        let (subject, message) = (printable(subject.into()), printable(message.into()));
        RunErrorKind::Mismatch { subject, message }.into()
    }

    pub(crate) fn planned(what: impl Into<String>) -> Self {
        RunErrorKind::Planned { what: what.into() }.into()
    }

    pub(crate) fn engine(model: &str, message: impl Into<String>) -> Self {
        RunErrorKind::Engine { model: model.to_owned(), message: printable(message.into()) }.into()
    }

    pub(crate) fn file(path: &ArtifactPath, message: impl Into<String>) -> Self {
        RunErrorKind::File { path: path.to_string(), message: printable(message.into()) }.into()
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(printable(hint.into())), ..self }
    }
}

impl From<RunErrorKind> for RunError {
    fn from(kind: RunErrorKind) -> Self {
        Self { kind, hint: None }
    }
}

impl From<StepError> for RunError {
    fn from(mut error: StepError) -> Self {
        let hint = error.hint.take();
        Self { kind: RunErrorKind::Step(Box::new(error)), hint }
    }
}

/// Longest message that is worth reading.
const MAX_MESSAGE: usize = 1000;

/// One bounded line: names inside an ONNX file are a stranger's text.
pub(crate) fn printable(text: String) -> String {
    let long = text.len() > MAX_MESSAGE;
    if !long && !text.chars().any(char::is_control) {
        return text;
    }
    let mut line = String::new();
    for letter in text.chars().take(MAX_MESSAGE) {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    if long {
        line.push('…');
    }
    line
}

/// Reads a file of the project; the error names it.
pub(crate) fn read_file(
    files: &dyn FileSource,
    path: &ArtifactPath,
    limit: u64,
) -> Result<Vec<u8>, RunError> {
    files.read(path, limit).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => RunError::file(path, "no such file"),
        std::io::ErrorKind::FileTooLarge => {
            RunError::file(path, format!("has more than {limit} bytes"))
        }
        _ => RunError::file(path, error.to_string()),
    })
}

/// ` (there is `a`, `b`)`, or the nearest of many names, to complete an error.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let near = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(wanted, name), *name))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .min();
    match near {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "there are none".to_owned(),
        None => {
            let shown: Vec<String> = names.iter().take(8).map(|name| format!("`{name}`")).collect();
            let more = if names.len() > 8 { ", …" } else { "" };
            format!("there is {}{more}", shown.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_bounded_line() {
        assert_eq!(printable("node `a`".to_owned()), "node `a`");
        assert_eq!(printable("a\n\u{1b}[31mé".to_owned()), "a\\n\\u{1b}[31mé");
        assert_eq!(printable("x".repeat(5000)).chars().count(), MAX_MESSAGE + 1);
    }
}
