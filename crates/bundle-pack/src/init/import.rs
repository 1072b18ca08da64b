//! What preprocessing configurations say, as explicit steps.
//!
//! Libraries save a part of what they do: sizes, means, names of classes. The rest is in
//! their code, in their version, or in how they were called. An importer writes all of it.
//! What was read off a file has no mark; what is a default of a class, of a library or of a
//! version is marked as a guess, with the reason. What cannot be said with steps is a note,
//! never a step that does something else in silence.
//!
//! Files are hostile: a value of a wrong type is a note that names the key.

mod bioimage;
mod config;
mod fields;
mod literal;
mod scikit;
mod sound;
mod text;
mod timm;
mod torchvision;
mod ultralytics;
mod vision;
mod yaml;

use std::collections::BTreeMap;

use bundle_manifest::{ArtifactPath, FileSource, InputKind, OutputKind};
use bundle_run::OnnxReport;
use serde_json::Value as Json;

use self::fields::Fields;

/// Bytes of a configuration that are read.
const MAX_CONFIG: u64 = 4 << 20;
/// Bytes of a `tokenizer.json` that are read; the largest vocabularies have some 30 MB.
const MAX_TOKENIZER: u64 = 64 << 20;
/// Files of fitted scalers that are read.
const MAX_FITTED: usize = 16;

/// A step as an inline table, with the reason where a part of it is a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) guess: Option<String>,
}

impl Line {
    /// Every value was read off the file, or follows from what was.
    fn read(text: impl Into<String>) -> Self {
        Self { text: text.into(), guess: None }
    }

    fn guess(text: impl Into<String>, why: impl Into<String>) -> Self {
        Self { text: text.into(), guess: Some(why.into()) }
    }

    /// A guess where there are reasons to doubt.
    fn doubted(text: impl Into<String>, why: &[String]) -> Self {
        let guess = (!why.is_empty()).then(|| why.join("; "));
        Self { text: text.into(), guess }
    }
}

/// An input as a file has it.
#[derive(Clone, Debug)]
pub(super) struct ImportedInput {
    /// The file that says so.
    pub(super) source: String,
    pub(super) kind: InputKind,
    /// The tensor of the network, where the file names it.
    pub(super) tensor: Option<String>,
    pub(super) steps: Vec<Line>,
}

/// An output as a file has it.
#[derive(Clone, Debug)]
pub(super) struct ImportedOutput {
    /// The file that says so.
    pub(super) source: String,
    pub(super) kind: OutputKind,
    /// Why the kind is one.
    pub(super) kind_guess: Option<String>,
    /// The tensor of the network, where the file names it.
    pub(super) tensor: Option<String>,
    /// Roles with names of tensors, where there are several.
    pub(super) roles: Vec<(&'static str, String)>,
    pub(super) steps: Vec<Line>,
    /// Whether the pixels of the input must be undone.
    pub(super) restore: bool,
}

/// A pair of recorded arrays.
#[derive(Clone, Debug)]
pub(super) struct ImportedExample {
    /// Names of tensors with NPY files.
    pub(super) inputs: Vec<(String, ArtifactPath)>,
    pub(super) expect: Vec<(String, ArtifactPath)>,
}

/// The label map of a file.
#[derive(Clone, Debug)]
pub(super) struct ImportedLabels {
    pub(super) names: Vec<String>,
    /// Where it is, in words.
    pub(super) source: String,
}

/// What all files say together.
#[derive(Debug, Default)]
pub(super) struct Imports {
    pub(super) inputs: Vec<ImportedInput>,
    pub(super) outputs: Vec<ImportedOutput>,
    pub(super) labels: Option<ImportedLabels>,
    pub(super) examples: Vec<ImportedExample>,
    pub(super) notes: Vec<String>,
}

impl Imports {
    /// Whether they say nothing of inputs, outputs and examples.
    pub(super) fn is_empty(&self) -> bool {
        self.inputs.is_empty() && self.outputs.is_empty() && self.examples.is_empty()
    }
}

/// What is known besides the file at hand.
#[derive(Debug, Default)]
struct Facts {
    /// Releases by package, with where they are pinned.
    versions: BTreeMap<&'static str, Pinned>,
    /// `model_type` of `config.json`.
    model_type: Option<String>,
}

/// A release and the file that names it.
#[derive(Clone, Debug)]
struct Pinned {
    version: String,
    major: u32,
    source: String,
}

/// Packages whose release decides what a configuration means.
const DECISIVE: [&str; 2] = ["transformers", "pillow"];

/// Reads whatever is there. `paths` are those of the project, higher ones first; of files with
/// one name, the one beside `network` counts.
pub(super) fn of(
    files: &dyn FileSource,
    paths: &[ArtifactPath],
    environment: &[ArtifactPath],
    network: Option<&ArtifactPath>,
    report: Option<&OnnxReport>,
) -> Imports {
    let project = Project { files, paths, network };
    let mut imports = Imports::default();
    if let Some(report) = report {
        ultralytics::import(&report.metadata, &mut imports);
    }
    if imports.inputs.is_empty() {
        bioimage::of_project(&project, &mut imports);
    }
    let config = project.json(&["config.json"], &mut imports.notes);
    let facts = Facts::of(&project, environment, config.as_ref().map(|(_, json)| json));
    if imports.inputs.is_empty() {
        hugging_face(&project, &facts, report, &mut imports);
        torchvision::of_project(&project, &facts, &mut imports);
        scikit::of_project(&project, &mut imports);
    }
    if let Some((path, json)) = &config {
        config::import(path, json, &project, &facts, &mut imports);
    }
    imports
}

/// Processors and tokenizers of transformers.
fn hugging_face(
    project: &Project<'_>,
    facts: &Facts,
    report: Option<&OnnxReport>,
    imports: &mut Imports,
) {
    for name in ["preprocessor_config.json", "processor_config.json"] {
        let Some((path, json)) = project.json(&[name], &mut imports.notes) else { continue };
        let source = path.to_string();
        let mut notes = Vec::new();
        let Some(fields) = Fields::of(&source, &json, &mut notes) else {
            imports.notes.extend(notes);
            continue;
        };
        let nested: Vec<_> = ["image_processor", "feature_extractor"]
            .iter()
            .filter_map(|k| fields.object(k))
            .collect();
        let parts = if nested.is_empty() { vec![fields] } else { nested };
        for part in parts {
            let sound = ["feature_extractor_type", "processor_class"]
                .iter()
                .any(|key| part.text(key).is_some_and(|word| sound::is_known(&word)))
                || part.has("sampling_rate");
            let input = if sound { sound::import(&part) } else { vision::import(&part, facts) };
            if let Some(input) = input
                && !imports.inputs.iter().any(|other| other.kind == input.kind)
            {
                imports.inputs.push(input);
            }
            imports.notes.extend(part.take_notes());
        }
    }
    text::of_project(project, report, imports);
}

/// The files of a project.
struct Project<'a> {
    files: &'a dyn FileSource,
    paths: &'a [ArtifactPath],
    network: Option<&'a ArtifactPath>,
}

impl Project<'_> {
    /// The file with one of these names, whatever its case: beside the network, else above it,
    /// else the highest.
    fn find(&self, names: &[&str]) -> Option<&ArtifactPath> {
        let found = || {
            self.paths
                .iter()
                .filter(|path| names.contains(&path.file_name().to_ascii_lowercase().as_str()))
        };
        let directory = self.network.map(|network| parent(network.as_str()));
        let near = |path: &&ArtifactPath| {
            directory.is_some_and(|directory| {
                let parent = parent(path.as_str());
                parent.is_empty()
                    || directory == parent
                    || directory.starts_with(&format!("{parent}/"))
            })
        };
        // The nearest directory above the network is the longest.
        found().filter(near).max_by_key(|path| path.parts().count()).or_else(|| found().next())
    }

    fn read(&self, path: &ArtifactPath, limit: u64) -> Option<String> {
        let bytes = self.files.read(path, limit).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The JSON file with one of these names.
    fn json(&self, names: &[&str], notes: &mut Vec<String>) -> Option<(ArtifactPath, Json)> {
        let path = self.find(names)?;
        let parsed = self.parse(path, MAX_CONFIG, notes)?;
        Some((path.clone(), parsed))
    }

    fn parse(&self, path: &ArtifactPath, limit: u64, notes: &mut Vec<String>) -> Option<Json> {
        let bytes = match self.files.read(path, limit) {
            Ok(bytes) => bytes,
            Err(error) => {
                notes.push(format!("`{path}` cannot be read: {error}"));
                return None;
            }
        };
        match serde_json::from_slice(&bytes) {
            Ok(json) => Some(json),
            Err(error) => {
                notes.push(format!("`{path}` is no JSON: {error}"));
                None
            }
        }
    }

    /// A path that a file writes relative to itself.
    fn beside(&self, file: &ArtifactPath, relative: &str) -> Option<ArtifactPath> {
        let directory = parent(file.as_str());
        let relative = relative.trim_start_matches("./");
        let joined = if directory.is_empty() {
            relative.to_owned()
        } else {
            format!("{directory}/{relative}")
        };
        let path: ArtifactPath = joined.parse().ok()?;
        self.files.size(&path).map(|_| path)
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

impl Facts {
    fn of(project: &Project<'_>, environment: &[ArtifactPath], config: Option<&Json>) -> Self {
        let mut versions = BTreeMap::new();
        if let Some(version) = config.and_then(|json| json.get("transformers_version")?.as_str()) {
            let pinned = Pinned::of(version, "`transformers_version` of config.json");
            versions.extend(pinned.map(|pinned| ("transformers", pinned)));
        }
        for path in environment {
            let text = project.read(path, MAX_CONFIG).unwrap_or_default();
            for line in text.lines().take(10_000) {
                let Some((name, version)) = line.trim().split_once("==") else { continue };
                let name = name.trim().to_ascii_lowercase();
                if let Some(package) = DECISIVE.iter().find(|package| **package == name)
                    && let Some(pinned) = Pinned::of(version.trim(), path.as_str())
                {
                    versions.insert(*package, pinned); // what ran says more than what saved
                }
            }
        }
        let model_type =
            config.and_then(|json| json.get("model_type")?.as_str()).map(str::to_owned);
        Self { versions, model_type }
    }

    /// The `impl_version` of Pillow, and why it is a guess.
    fn pillow(&self) -> (&'static str, Option<String>) {
        match self.versions.get("pillow") {
            Some(pinned) => (if pinned.major >= 13 { "ge13" } else { "lt13" }, None),
            None => ("ge13", Some("Pillow 13 or later; `lt13` before".to_owned())),
        }
    }
}

impl Pinned {
    fn of(version: &str, source: &str) -> Option<Self> {
        let plain = |c: &char| c.is_ascii_alphanumeric() || ".+-".contains(*c);
        let version: String = version.chars().take_while(plain).take(24).collect();
        let major = version.split('.').next()?.parse().ok()?;
        Some(Self { version, major, source: source.to_owned() })
    }
}

/// The known word nearest to another: the one that shares the most pairs of letters.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let pairs = |text: &str| -> Vec<(char, char)> {
        let letters: Vec<char> = text.chars().take(64).flat_map(char::to_lowercase).collect();
        letters.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let wanted = pairs(word);
    let score = |other: &str| {
        let other = pairs(other);
        let shared = other.iter().filter(|pair| wanted.contains(pair)).count();
        shared * 200 / (wanted.len() + other.len()).max(1)
    };
    let best = known.map(|other| (score(other), other)).max_by_key(|(score, _)| *score)?;
    (best.0 >= 50).then_some(best.1)
}

/// A text on one line, short enough for a note.
fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found() {
        let known = ["ViTImageProcessor", "CLIPImageProcessor", "DetrImageProcessor"];
        assert_eq!(nearest("DetImageProcessor", known.into_iter()), Some("DetrImageProcessor"));
        assert_eq!(nearest("zzzz", known.into_iter()), None);
    }
}
