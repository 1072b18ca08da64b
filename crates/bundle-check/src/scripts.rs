//! The programs of a project: what their text says they do, what they start,
//! and whether they do anything when they are run.

mod imports;
mod language;

use std::collections::{BTreeMap, BTreeSet};

use bundle_manifest::ArtifactPath;
use bundle_project::notebook_cells;

use crate::{
    evidence::shown,
    scripts::language::Language,
    tree::{Tree, directories, stem, suffix, words},
    words::{WordList, Words},
};

/// Bytes of one program that are read.
const MAX_SCRIPT: u64 = 2 << 20;
/// Lines of one program that are read: nobody writes more, programs do.
const MAX_LINES: usize = 20_000;
/// Bytes of all programs that are read.
const MAX_ALL: u64 = 64 << 20;
/// Programs that are read.
const MAX_SCRIPTS: usize = 4_000;
/// Programs of one directory that are read.
const MAX_BESIDE: usize = 300;
/// Programs between the one that is run and the one that trains.
const MAX_DEPTH: usize = 4;

/// A line of a program that says what it does.
pub(crate) type TellingLine = (usize, String);

/// A program of the project: not a unit test, not other people's code.
pub(crate) struct Script {
    pub(crate) path: ArtifactPath,
    /// The first line that trains, with its text.
    pub(crate) trains: Option<TellingLine>,
    /// The first line that evaluates.
    pub(crate) evaluates: Option<TellingLine>,
    /// The first line that takes an option which makes it evaluate instead of train.
    pub(crate) option: Option<TellingLine>,
    /// The first line with the address of weights that are not somebody else's.
    pub(crate) weights: Option<TellingLine>,
    /// Whether it does something when it is run: a module that only defines does not.
    pub(crate) runs: bool,
    /// Whether nothing is in it but comments.
    pub(crate) is_empty: bool,
    /// The packages of others that it imports, each with its first line.
    pub(crate) imports: Vec<TellingLine>,
    /// Programs of the project that it starts or imports.
    uses: Vec<ArtifactPath>,
    names: Vec<String>,
    places: Vec<String>,
}

impl Script {
    /// The programs of a tree, in path order.
    pub(crate) fn all(tree: &Tree) -> Vec<Self> {
        let programs = tree.files().iter().filter(|file| {
            let path = &file.path;
            tree.is_program(path) && !tree.is_foreign(path) && !tree.is_unit_test(path)
        });
        let mut budget = MAX_ALL;
        let mut scripts = Vec::new();
        let mut of_directory = BTreeMap::<_, usize>::new();
        // A directory of thousands was written by a program; the first of them speak for all, and
        // those that say by their names what they do.
        let programs = programs.filter(|file| {
            if says_what_it_does(tree, &file.path) {
                return true;
            }
            let count = of_directory.entry(file.path.parent()).or_default();
            *count += 1;
            *count <= MAX_BESIDE
        });
        let mut programs: Vec<_> = programs.collect();
        if programs.len() > MAX_SCRIPTS {
            // What is at the top, and says what it does, is read whatever else there is.
            programs.sort_by_cached_key(|file| {
                let path = &file.path;
                (!says_what_it_does(tree, path), path.parts().count())
            });
            programs.truncate(MAX_SCRIPTS);
            programs.sort_by(|a, b| a.path.cmp(&b.path));
        }
        for file in programs {
            let limit = budget.min(MAX_SCRIPT);
            let text = tree.text(&file.path, limit).unwrap_or_default();
            budget = budget.saturating_sub(text.len() as u64);
            scripts.push(Self::read(tree, &file.path, &text));
        }
        scripts
    }

    fn read(tree: &Tree, path: &ArtifactPath, text: &str) -> Self {
        let language = Language::of(&suffix(path));
        let lines = lines(language, text);
        let mut uses = imports::of(tree, path, language, &lines);
        uses.extend(language.launches(tree, &lines));
        let without_suffix = path.as_str().rsplit_once('.').map_or(path.as_str(), |(stem, _)| stem);
        let lists = tree.words();
        Self {
            path: path.clone(),
            trains: first_line(language, &lines, &lists.training_idioms),
            evaluates: first_line(language, &lines, &lists.evaluation_idioms),
            option: evaluating_option(language, &lines),
            weights: address_of_weights(language, &lines, lists),
            runs: language.runs(&lines),
            is_empty: !lines.iter().any(|(_, line)| {
                !language.is_comment(line) && !matches!(line.trim(), "" | "pass" | "...")
            }),
            imports: imports::foreign(tree, path, language, &lines),
            uses,
            names: words(without_suffix.rsplit('/').next().unwrap_or(without_suffix)),
            places: directories(path).flat_map(|directory| words(&directory)).collect(),
        }
    }

    /// Whether its name says that it trains.
    pub(crate) fn is_named_training(&self, tree: &Tree) -> bool {
        tree.words().training_names.any(&self.names)
    }

    /// Whether its name says that it evaluates. Loaders of data splits do not.
    pub(crate) fn is_named_evaluation(&self, tree: &Tree) -> bool {
        let lists = tree.words();
        lists.evaluation_names.any(&self.names) && !lists.loader_names.any(&self.names)
    }

    /// Whether its name says that it shows results: plots, figures, tables.
    pub(crate) fn is_named_showing(&self, tree: &Tree) -> bool {
        let lists = tree.words();
        lists.showing_names.any(&self.names) && !lists.loader_names.any(&self.names)
    }

    /// Whether its name, or that of a directory it lies in, says that one starts here.
    pub(crate) fn is_named_entry(&self, tree: &Tree) -> bool {
        let entry = &tree.words().entry_names;
        (entry.any(&self.names) || entry.any(&self.places))
            && !tree.words().loader_names.any(&self.names)
    }

    /// Whether it lies among the experiments.
    pub(crate) fn is_experiment(&self) -> bool {
        ["experiment", "experiments", "exp", "exps"].iter().any(|place| self.is_in(place))
    }

    /// Whether it lies in a directory of this name.
    pub(crate) fn is_in(&self, place: &str) -> bool {
        self.places.iter().any(|word| word == place)
    }

    /// The line that `telling` finds in this program, or in the nearest one that it uses.
    pub(crate) fn line_within_reach<'s>(
        &'s self,
        all: &'s [Self],
        telling: fn(&Self) -> Option<&TellingLine>,
    ) -> Option<(&'s Self, &'s TellingLine)> {
        let mut seen = BTreeSet::from([&self.path]);
        let mut layer = vec![self];
        for _ in 0..MAX_DEPTH {
            if let Some(found) = layer.iter().find_map(|script| Some((*script, telling(script)?))) {
                return Some(found);
            }
            let used = layer.iter().flat_map(|script| &script.uses);
            let fresh: Vec<&ArtifactPath> = used.filter(|path| seen.insert(path)).collect();
            layer = fresh.into_iter().filter_map(|path| by_path(all, path)).collect();
        }
        None
    }
}

/// The program at this path, of a list in path order.
fn by_path<'s>(all: &'s [Script], path: &ArtifactPath) -> Option<&'s Script> {
    let index = all.binary_search_by(|script| script.path.cmp(path)).ok()?;
    all.get(index)
}

/// The lines of code of a program.
fn lines(language: Language, text: &str) -> Vec<TellingLine> {
    if language == Language::Notebook {
        let code = notebook_cells(text).into_iter().filter(|cell| cell.code);
        return code.flat_map(|cell| cell.lines).collect();
    }
    let all = text.lines().take(MAX_LINES).enumerate().map(|(index, line)| (index + 1, line));
    if language != Language::Python {
        return all.map(|(at, line)| (at, line.to_owned())).collect();
    }
    // What stands in a string of its own is said about the program, not done by it.
    let mut open: Option<&str> = None;
    let code = all.filter(|(_, line)| {
        if let Some(quotes) = open {
            open = open.filter(|_| !line.contains(quotes));
            return false;
        }
        let text = line.trim_start().trim_start_matches(['r', 'R', 'u', 'b']);
        let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| text.starts_with(quotes));
        open = quotes
            .filter(|quotes| !text.get(quotes.len()..).is_some_and(|rest| rest.contains(quotes)));
        quotes.is_none()
    });
    code.map(|(at, line)| (at, line.to_owned())).collect()
}

/// Whether a program's name says that it trains, evaluates, or that one starts there.
fn says_what_it_does(tree: &Tree, path: &ArtifactPath) -> bool {
    let (lists, names) = (tree.words(), words(&stem(path)));
    [&lists.training_names, &lists.evaluation_names, &lists.entry_names]
        .into_iter()
        .any(|list| list.any(&names))
}

fn first_line(language: Language, lines: &[TellingLine], idioms: &WordList) -> Option<TellingLine> {
    let says = |line: &str| idioms.iter().any(|idiom| has_idiom(line, idiom));
    let mut code = lines.iter().filter(|(_, line)| !language.is_comment(line));
    code.find(|(_, line)| says(line)).map(|(at, line)| (*at, shown(line, 80)))
}

/// `'net': 'https://host/net.pth.tar'`
fn address_of_weights(
    language: Language,
    lines: &[TellingLine],
    lists: &Words,
) -> Option<TellingLine> {
    let leads = |line: &str| {
        let line = line.to_lowercase();
        let mut words = line.split(['"', '\'', ' ', '(', ')', ',', '<', '>', '[', ']']);
        words.any(|word| {
            let address = word.split(['?', '#']).next().unwrap_or_default();
            let name = address.rsplit('/').next().unwrap_or_default();
            address.starts_with("http")
                && name.split('.').skip(1).any(|suffix| lists.certain_weights.has(suffix))
                && lists.models_of_others.within(address).is_none()
        })
    };
    let mut code = lines.iter().filter(|(_, line)| !language.is_comment(line));
    code.find(|(_, line)| line.contains("http") && leads(line))
        .map(|(at, line)| (*at, shown(line, 80)))
}

/// Pieces of an option that turns a training program into an evaluation.
const OPTIONS: [&str; 7] = ["eval", "test", "valid", "infer", "predict", "reconstruction", "score"];

/// Whether an option (`--only-eval`, `--finalTest`) asks a program to evaluate.
pub(crate) fn asks_to_evaluate(option: &str) -> bool {
    let option = option.to_lowercase();
    OPTIONS.iter().any(|piece| option.contains(piece))
}

/// `parser.add_argument('--evaluate', action='store_true')`
fn evaluating_option(language: Language, lines: &[TellingLine]) -> Option<TellingLine> {
    let takes = |line: &str| {
        let switch = line.contains("add_argument(") && line.contains("store_true");
        let option = line.split(['"', '\'']).find(|piece| piece.starts_with("--"));
        switch && option.is_some_and(asks_to_evaluate)
    };
    let mut code = lines.iter().filter(|(_, line)| !language.is_comment(line));
    code.find(|(_, line)| takes(line)).map(|(at, line)| (*at, shown(line, 80)))
}

/// Whether `idiom` stands in `line`, not in the middle of a longer word.
fn has_idiom(line: &str, idiom: &str) -> bool {
    line.match_indices(idiom).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let inside = before.is_some_and(char::is_alphanumeric);
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
            ("main.py", "import torch\nimport lib.update\nprint(1)\n"),
            ("scripts/run_eval2.sh", "cd ..\npython main.py --eval\n"),
            ("generate_data.py", "x = 1\n"),
            ("tests/test_train.py", "loss.backward()\n"),
            ("third_party/x/train.py", "loss.backward()\n"),
            ("lib/update.py", "# loss.backward()\ndef create():\n    loss.backward()\n"),
        ]);
        let all = Script::all(&tree);
        let show = |script: &Script| {
            let flags = [
                (script.is_named_training(&tree), "train"),
                (script.is_named_evaluation(&tree), "eval"),
                (script.is_named_entry(&tree), "entry"),
                (script.option.is_some(), "option"),
                (script.runs, "runs"),
            ];
            let flags: Vec<_> =
                flags.iter().filter(|(holds, _)| *holds).map(|(_, flag)| *flag).collect();
            let reach = script.line_within_reach(&all, |script| script.trains.as_ref());
            let trains =
                reach.map_or(String::new(), |(at, (line, _))| format!("{}:{line}", at.path));
            format!("{} {trains} {}", script.path, flags.join(","))
        };
        let seen: Vec<_> = all.iter().map(show).collect();
        assert_eq!(
            seen,
            [
                "generate_data.py  ",
                "lib/update.py lib/update.py:3 ",
                "main.py lib/update.py:3 entry,runs",
                "scripts/run_eval2.sh lib/update.py:3 eval,entry,runs",
            ]
        );
    }
}
