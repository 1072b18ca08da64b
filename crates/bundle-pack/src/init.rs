//! Reads a project and proposes a `bundle.toml`. Everything that is not read off
//! a file is marked as a guess; nothing is invented where a guess would be a claim
//! (what the model is for, its accuracy, its examples).

mod citation;
mod draft;
mod framework;
mod import;
mod licence;
mod survey;

use std::path::Path;

use bundle_manifest::{InputKind, Manifest};
use bundle_project::{ProjectError, SourceTree};

use self::{draft::Draft, import::Imports, survey::Survey};

/// The commented `bundle.toml` that `init` proposes for a directory; guesses are marked. With the notes to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The text.
    pub text: String,
    /// What to do next.
    pub notes: Vec<String>,
}

/// Steps of an input that were found before, and are proposed as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSteps {
    /// What is given.
    pub kind: InputKind,
    /// As inline tables of TOML.
    pub steps: Vec<String>,
    /// The published value that the network takes.
    pub value: String,
    /// Where they come from, for the comment above them.
    pub origin: String,
}

/// Reads a project and proposes a `bundle.toml`. None of its code is run. `found` are steps of
/// the input that they fit best.
pub fn init(directory: &Path, found: Option<&FoundSteps>) -> Result<Proposal, ProjectError> {
    let tree = SourceTree::from_directory(directory)?;
    let mut survey = Survey::of(&tree)?;
    let mut draft = Draft::of(&survey, found);
    if let Err(error) = Manifest::from_toml(&draft.text)
        && !survey.imports.is_empty()
    {
        // A configuration nobody has seen must not cost the proposal.
        survey.notes.push(format!("what the configurations say was not used: {error}"));
        survey.imports = Imports::default();
        draft = Draft::of(&survey, found);
    }
    let mut notes = survey.notes;
    notes.extend(draft.notes);
    Ok(Proposal { text: draft.text, notes })
}
