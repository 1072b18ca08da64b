//! What a step needs beside its parameters and its input: the content of a file.

use bundle_manifest::{FileSource, Step};

use crate::error::Fault;

/// What was read from the file of a step.
#[derive(Clone, Debug)]
pub(crate) enum Resource {
    /// It has none.
    None,
}

impl Resource {
    /// Reads what `step` needs.
    pub(crate) fn load(step: &Step, _files: &dyn FileSource) -> Result<Self, Fault> {
        match step {
            Step::Tokenize(_) | Step::Detokenize(_) => Err(Fault::planned("")),
            _ => Ok(Self::None),
        }
    }
}
