//! Which step failed, why, and what to do about it.

use std::fmt;

/// A step that cannot work, or did not.
///
/// `op` is empty where no step is to blame, but the input or output as a whole
/// (a kind that cannot run, a source of the wrong form).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// The input or output.
    pub entry: String,
    /// Index of the step, from 0.
    pub index: usize,
    /// Its operation.
    pub op: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The format knows it and this version cannot run it: nothing is wrong with
    /// the bundle.
    pub planned: bool,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, index, op, message, hint: _, planned: _ } = self;
        if op.is_empty() {
            return write!(f, "`{entry}`: {message}");
        }
        write!(f, "step {index} `{op}` of `{entry}`: {message}")
    }
}

impl std::error::Error for StepError {}

/// What is wrong, before anyone knows at which step it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) planned: bool,
}

impl Fault {
    /// A fault without a hint.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, planned: false }
    }

    /// What the format reserves.
    pub(crate) fn planned(what: impl fmt::Display) -> Self {
        let message = format!("{what} cannot run in this version");
        Self { planned: true, ..Self::new(message) }
    }

    /// Says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error of the step at `index`.
    pub(crate) fn at(self, entry: &str, index: usize, op: &str) -> StepError {
        let Self { message, hint, planned } = self;
        StepError { entry: entry.to_owned(), index, op: op.to_owned(), message, hint, planned }
    }

    /// The error of an input or output as a whole.
    pub(crate) fn of(self, entry: &str) -> StepError {
        self.at(entry, 0, "")
    }
}
