//! Why a command ended early: the error, its causes, what to do, and the exit code.

use std::io::ErrorKind;

use bundle_archive::{ArchiveError, ArchiveErrorKind};
use bundle_check::CheckError;
use bundle_demo::PageError;
use bundle_manifest::ManifestError;
use bundle_pack::PackError;
use bundle_project::ProjectError;
use bundle_run::{RunError, RunErrorKind};
use bundle_serve::ServeError;
use bundle_signature::SignatureError;

use crate::exit::Exit;

/// An error on its way to the one printer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What went wrong, with its causes.
    pub(crate) error: anyhow::Error,
    /// What to do, each an imperative.
    pub(crate) hints: Vec<String>,
    /// Which exit code says so.
    pub(crate) exit: Exit,
}

impl Failure {
    /// A failure of what the user typed or of the system: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { error: anyhow::Error::msg(message.into()), hints: Vec::new(), exit: Exit::NotJudged }
    }

    /// A bundle or project that does not hold: exit code 1.
    pub(crate) fn does_not_hold(message: impl Into<String>) -> Self {
        Self { exit: Exit::DoesNotHold, ..Self::usage(message) }
    }

    /// The same failure with something to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same failure, said of `subject`.
    pub(crate) fn of(mut self, subject: impl std::fmt::Display) -> Self {
        let chain: Vec<String> = self.error.chain().map(ToString::to_string).collect();
        let (subject, said) = (subject.to_string(), chain.join(": "));
        if !said.starts_with(&subject) {
            self.error = anyhow::Error::msg(format!("{subject}: {said}"));
        }
        self
    }

    /// A network that does not load: what `bundle.toml` says of it is false, where
    /// it is not the engine that ends here.
    pub(crate) fn of_model(error: RunError) -> Self {
        let is_false = !error.is_beyond_engine()
            && !matches!(error.kind, RunErrorKind::File { .. } | RunErrorKind::NoModel { .. });
        let failure = Self::from(error);
        if is_false { Self { exit: Exit::DoesNotHold, ..failure } } else { failure }
    }

    fn new(error: impl Into<anyhow::Error>, hint: Option<String>, exit: Exit) -> Self {
        Self { error: error.into(), hints: hint.into_iter().collect(), exit }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(error, None, Exit::NotJudged)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error, None, Exit::NotJudged)
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let exit = match error.kind {
            ArchiveErrorKind::Malformed(_)
            | ArchiveErrorKind::NoBundle
            | ArchiveErrorKind::Limit(_)
            | ArchiveErrorKind::Digest { .. } => Exit::DoesNotHold,
            _ => Exit::NotJudged,
        };
        let hint = error.hint().map(str::to_owned);
        Self::new(error, hint, exit)
    }
}

impl From<SignatureError> for Failure {
    fn from(mut error: SignatureError) -> Self {
        let hint = error.hint.take();
        Self::new(error, hint, Exit::NotJudged)
    }
}

impl From<ProjectError> for Failure {
    fn from(mut error: ProjectError) -> Self {
        let hint = error.hint.take();
        Self::new(error, hint, Exit::NotJudged)
    }
}

impl From<PackError> for Failure {
    fn from(mut error: PackError) -> Self {
        let hint = error.hint.take();
        let exit = if error.false_statement { Exit::DoesNotHold } else { Exit::NotJudged };
        Self::new(error, hint, exit)
    }
}

impl From<RunError> for Failure {
    fn from(mut error: RunError) -> Self {
        let hint = error.hint.take();
        let exit = match error.kind {
            RunErrorKind::Malformed { .. } => Exit::DoesNotHold,
            _ => Exit::NotJudged,
        };
        Self::new(error, hint, exit)
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        let hints =
            error.problems().iter().filter_map(|problem| problem.hint.clone()).take(3).collect();
        Self { error: error.into(), hints, exit: Exit::DoesNotHold }
    }
}

impl From<CheckError> for Failure {
    fn from(mut error: CheckError) -> Self {
        let hint = error.hint.take();
        Self::new(error, hint, Exit::NotJudged)
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let in_use =
            error.source.as_ref().is_some_and(|cause| cause.kind() == ErrorKind::AddrInUse);
        let hint = in_use.then(|| "name another port, or `--port 0` for a free one".to_owned());
        Self::new(error, hint, Exit::NotJudged)
    }
}

impl From<PageError> for Failure {
    fn from(error: PageError) -> Self {
        Self::new(error, None, Exit::NotJudged)
    }
}
