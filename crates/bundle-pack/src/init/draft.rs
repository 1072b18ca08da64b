//! The text of the proposal.

mod imported;
mod network;

use std::fmt::Write as _;

use bundle_manifest::{
    ArtifactPath,
    toml_text::{quote, quote_all},
};

use super::{
    FoundSteps,
    framework::Framework,
    survey::{Survey, interpreter},
};

/// The text and what to do about it.
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) notes: Vec<String>,
}

impl Draft {
    pub(super) fn of(survey: &Survey, found: Option<&FoundSteps>) -> Self {
        let mut draft = Self { text: HEAD.to_owned(), notes: Vec::new() };
        draft.bundle(survey);
        draft.line(USE);
        match &survey.network {
            Some(network) => draft.network(survey, network, found),
            None => draft.without_network(survey, found),
        }
        draft.code(survey);
        draft.line(TAIL);
        draft
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// `key = value`, with the mark of a guess where it is one.
    fn entry(&mut self, key: &str, value: &str, guess: Option<&str>) {
        let _ = write!(self.text, "{key} = {value}"); // writing to a String cannot fail
        if let Some(guess) = guess {
            let _ = write!(self.text, "  # guess: {guess}");
        }
        self.text.push('\n');
    }

    fn bundle(&mut self, survey: &Survey) {
        self.line("[bundle]");
        self.entry("name", &quote(survey.name.as_str()), Some("the directory's name"));
        match &survey.version {
            Some(version) => self.entry("version", &quote(version.as_str()), None),
            None => self.entry("version", "\"1.0.0\"", Some("nothing states a version")),
        }
        let name = quote(survey.name.as_str());
        let (title, source) = match &survey.title {
            Some((title, source)) => (quote(title), *source),
            None => (name, "there is no README title"),
        };
        self.entry("title", &title, Some(source));
        if survey.authors.is_empty() {
            self.line("# authors = [\"A. Author\"]");
        } else {
            self.entry("authors", &quote_all(&survey.authors), None);
        }
        if let Some((license, path)) = &survey.license {
            self.entry("license", &quote(license), Some(&format!("read off {path}")));
        } else {
            let guess = "no licence text was recognised";
            self.entry("license", "\"LicenseRef-none\"", Some(guess));
            let note = "choose a licence: without one nobody may use the bundle (https://spdx.org/licenses)";
            self.notes.push(note.to_owned());
        }
        match &survey.doi {
            Some(doi) => self.entry("paper", &quote(&format!("https://doi.org/{doi}")), None),
            None => self.line("# paper = \"https://doi.org/…\""),
        }
    }

    fn without_network(&mut self, survey: &Survey, found: Option<&FoundSteps>) {
        self.line("\n[models]");
        self.entry(
            "why",
            "\"no ONNX file has been exported yet\"",
            Some("none was found; say why there is none, or export one"),
        );
        let snippets = survey.frameworks.iter().copied().map(Framework::export_snippet);
        let snippets: Vec<_> = snippets.collect();
        self.notes.push(if snippets.is_empty() {
            "no ONNX file was found; a paper without weights packs as it is".to_owned()
        } else {
            let advice =
                "no ONNX file was found; export one like this, then run `bundle init` again";
            format!("{advice}:\n\n{}", snippets.join("\n"))
        });
        if let Some(found) = found {
            let steps: Vec<String> =
                found.steps.iter().map(|step| format!("#   {step},")).collect();
            let _ = write!(
                self.text,
                "\n# {}\n# [[inputs]]\n# name = \"input\"\n# kind = \"{}\"\n# steps = [\n{}\n# ]\n\
                 # tensors = {{ ONNX_INPUT = {} }}\n",
                found.origin,
                found.kind,
                steps.join("\n"),
                quote(&found.value)
            );
        }
    }

    fn code(&mut self, survey: &Survey) {
        self.line("\n[code]");
        if survey.environment.is_empty() {
            self.line("# environment = [\"requirements.txt\"]  # pip freeze > requirements.txt");
        } else {
            let paths: Vec<_> = survey.environment.iter().map(ToString::to_string).collect();
            self.entry("environment", &quote_all(&paths), None);
        }
        for (key, script) in [("train", &survey.train), ("evaluate", &survey.evaluate)] {
            match script {
                Some(path) => self.entry(
                    key,
                    &quote(&command(path)),
                    Some("add the arguments that give the paper's numbers"),
                ),
                None => {
                    let _ = writeln!(self.text, "# {key} = \"python {key}.py\"");
                }
            }
        }
    }
}

fn command(path: &ArtifactPath) -> String {
    let path_text =
        if path.as_str().contains(' ') { format!("'{path}'") } else { path.to_string() };
    format!("{} {path_text}", interpreter(path).unwrap_or("python"))
}

const HEAD: &str = "\
# Proposed by `bundle init`. What is marked `# guess` was not read off a file: check it.
# Every path is relative to this file.
format = 1

";

const USE: &str = "
# What the page shows first.
# [use]
# for = \"one colour photograph of …\"
# not_for = \"…\"";

const TAIL: &str = "
# Recorded examples: inputs with the outputs that your framework gave, as NPY.
# [[examples]]
# name = \"one\"
# inputs = { INPUT = { file = \"examples/one.png\" } }
# expect = { OUTPUT = { file = \"examples/one.npy\" } }
# recorded_with = \"torch 2.5.1, pillow 11.0\"

# The paper's table, one row each.
# [[claims]]
# output = \"OUTPUT\"
# metric = \"accuracy\"
# value = 0.9
# dataset = \"… test\"
# command = \"python evaluate.py\"

# [files]
# also = [\"checkpoints/best.pt\"]
# exclude = [\"data/raw/**\"]";
