//! What a step needs beside its parameters and its input: the content of a file.

use std::io::ErrorKind;

use bundle_manifest::{ArtifactPath, FileSource, Step};

use crate::{
    error::Fault,
    text::{MAX_FILE_BYTES, Tokenizer},
};

/// What was read from the file of a step.
#[derive(Clone, Debug)]
pub(crate) enum Resource {
    /// It has none.
    None,
    /// A `tokenizer.json`.
    Tokenizer(Tokenizer),
}

impl Resource {
    /// Reads what `step` needs.
    pub(crate) fn load(step: &Step, files: &dyn FileSource) -> Result<Self, Fault> {
        match step {
            Step::Tokenize(params) => {
                let bytes = read(&params.file, files)?;
                let (truncation, padding) = (params.truncation.as_ref(), params.padding.as_ref());
                Tokenizer::read(&bytes, truncation, padding).map(Self::Tokenizer)
            }
            Step::Detokenize(params) => {
                Tokenizer::read(&read(&params.file, files)?, None, None).map(Self::Tokenizer)
            }
            _ => Ok(Self::None),
        }
    }

    /// The tokenizer of a step that has one.
    pub(crate) fn tokenizer(&self) -> Result<&Tokenizer, Fault> {
        match self {
            Self::Tokenizer(tokenizer) => Ok(tokenizer),
            Self::None => Err(Fault::new("has no tokenizer")),
        }
    }
}

fn read(path: &ArtifactPath, files: &dyn FileSource) -> Result<Vec<u8>, Fault> {
    files.read(path, MAX_FILE_BYTES).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Fault::new(format!("there is no file `{path}`")),
        ErrorKind::FileTooLarge => {
            Fault::new(format!("`{path}` has more than {MAX_FILE_BYTES} bytes"))
        }
        _ => Fault::new(format!("`{path}` cannot be read: {error}")),
    })
}
