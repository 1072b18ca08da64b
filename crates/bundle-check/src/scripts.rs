//! The programs of a project, and what their text says they do.

use bundle_manifest::ArtifactPath;

use crate::{
    command::invocations,
    documents::{is_foreign, is_unit_test},
    evidence::shown,
    resolve::resolve,
    tree::{Tree, suffix, words},
    words::{
        ENTRY_NAMES, EVALUATION_IDIOMS, EVALUATION_NAMES, SCRIPTS, TRAINING_IDIOMS, TRAINING_NAMES,
    },
};

/// Bytes of one program that are read.
const MAX_SCRIPT: u64 = 2 << 20;
/// Bytes of all programs that are read.
const MAX_ALL: u64 = 64 << 20;
/// Programs that are read.
const MAX_SCRIPTS: usize = 4_000;

/// Commands of one shell script that are looked up.
const MAX_LAUNCHES: usize = 100;

/// A program of the project: not a unit test, not other people's code.
pub(crate) struct Script {
    pub(crate) path: ArtifactPath,
    /// The first line that trains, with its text.
    pub(crate) trains: Option<(usize, String)>,
    /// The first line that evaluates.
    pub(crate) evaluates: Option<(usize, String)>,
    /// Whether it has a line that runs another program of the project.
    pub(crate) launches: bool,
    names: Vec<String>,
}

impl Script {
    /// The programs of a tree, in path order.
    pub(crate) fn all(tree: &Tree) -> Vec<Self> {
        let programs = tree.files().iter().filter(|file| {
            let path = &file.path;
            SCRIPTS.contains(&suffix(path).as_str()) && !is_foreign(path) && !is_unit_test(path)
        });
        let mut budget = MAX_ALL;
        let mut scripts = Vec::new();
        for file in programs.take(MAX_SCRIPTS) {
            let limit = budget.min(MAX_SCRIPT);
            let text = tree.text(&file.path, limit).unwrap_or_default();
            budget = budget.saturating_sub(text.len() as u64);
            scripts.push(Self::read(tree, &file.path, &text));
        }
        scripts
    }

    fn read(tree: &Tree, path: &ArtifactPath, text: &str) -> Self {
        let shell = matches!(suffix(path).as_str(), "sh" | "bash" | "zsh" | "bat" | "ps1");
        let commands = if shell { invocations(text, 1) } else { Vec::new() };
        let launches = commands
            .iter()
            .take(MAX_LAUNCHES)
            .any(|invocation| resolve(tree, invocation).file().is_some());
        let without_suffix = path.as_str().rsplit_once('.').map_or(path.as_str(), |(stem, _)| stem);
        Self {
            path: path.clone(),
            trains: first_line(text, TRAINING_IDIOMS),
            evaluates: first_line(text, EVALUATION_IDIOMS),
            launches,
            names: words(without_suffix.rsplit('/').next().unwrap_or(without_suffix)),
        }
    }

    /// Whether its name says that it trains.
    pub(crate) fn is_named_training(&self) -> bool {
        self.is_named(TRAINING_NAMES)
    }

    /// Whether its name says that it evaluates. Loaders of data splits do not.
    pub(crate) fn is_named_evaluation(&self) -> bool {
        let loads = ["data", "dataset", "loader", "dataloader", "split", "download", "preprocess"];
        self.is_named(EVALUATION_NAMES) && !self.is_named(&loads)
    }

    /// Whether its name says that one starts here.
    pub(crate) fn is_named_entry(&self) -> bool {
        self.is_named(ENTRY_NAMES)
    }

    fn is_named(&self, list: &[&str]) -> bool {
        self.names
            .iter()
            .any(|name| list.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit())))
    }
}

fn first_line(text: &str, idioms: &[&str]) -> Option<(usize, String)> {
    let is_comment = |line: &str| {
        line.trim_start().starts_with(['#', '%']) || line.trim_start().starts_with("//")
    };
    let says = |line: &str| idioms.iter().any(|idiom| has_idiom(line, idiom));
    let lines = text.lines().enumerate();
    let mut found = lines.filter(|(_, line)| !is_comment(line) && says(line));
    found.next().map(|(index, line)| (index + 1, shown(line, 80)))
}

/// Whether `idiom` stands in `line`, not in the middle of a longer word.
fn has_idiom(line: &str, idiom: &str) -> bool {
    line.match_indices(idiom).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let inside = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !inside || idiom.starts_with('.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    #[test]
    fn programs_say_what_they_do() {
        let tree = tree(&[
            ("main.py", "import torch\n# loss.backward()\nloss.backward()\n"),
            ("scripts/run_eval2.sh", "cd ..\npython main.py --eval\n"),
            ("generate_data.py", "x = 1\n"),
            ("tests/test_train.py", "loss.backward()\n"),
            ("third_party/x/train.py", "loss.backward()\n"),
            ("lib/update.py", "def create(): pass\n"),
        ]);
        let all = Script::all(&tree);
        let show = |script: &Script| {
            let flags = [
                (script.is_named_training(), "train"),
                (script.is_named_evaluation(), "eval"),
                (script.is_named_entry(), "entry"),
                (script.launches, "launches"),
            ];
            let flags: Vec<_> =
                flags.iter().filter(|(holds, _)| *holds).map(|(_, flag)| *flag).collect();
            let trains = script.trains.as_ref().map_or(0, |(line, _)| *line);
            format!("{} {trains} {}", script.path, flags.join(","))
        };
        let seen: Vec<_> = all.iter().map(show).collect();
        assert_eq!(
            seen,
            [
                "generate_data.py 0 ",
                "lib/update.py 0 ",
                "main.py 3 entry",
                "scripts/run_eval2.sh 0 eval,entry,launches",
            ]
        );
    }
}
