//! What `make TARGET` runs: the commands of the target's recipe and of what it depends on, as far
//! as they can be read without running `make`.

use std::collections::{BTreeMap, BTreeSet};

use bundle_manifest::ArtifactPath;

use crate::{
    command::{Invocation, invocations},
    resolve::{Resolution, resolve},
    tree::Tree,
};

/// Bytes of a Makefile that are read.
const MAX_MAKEFILE: u64 = 1 << 20;
/// Targets that one command reaches.
const MAX_TARGETS: usize = 100;
/// Commands of one target.
const MAX_COMMANDS: usize = 100;
/// Variables in variables.
const MAX_DEPTH: usize = 5;
/// Characters of a line after its variables were filled in.
const MAX_LINE: usize = 10_000;

/// The file that a command runs, and, where that is a Makefile, the files that the commands of its
/// target run. Each command names the line and the text of the one that was typed.
pub(crate) fn expanded(
    tree: &Tree,
    typed: Invocation,
    resolution: Resolution,
) -> Vec<(Invocation, Resolution)> {
    let Some(path) = resolution.file().filter(|path| is_makefile(path)) else {
        return vec![(typed, resolution)];
    };
    let Ok(text) = tree.text(path, MAX_MAKEFILE) else { return vec![(typed, resolution)] };
    let makefile = Makefile::read(&text);
    let mut targets = targets(&typed.arguments);
    if let Some(absent) = targets.iter().find(|target| !makefile.may_make(target)) {
        let absent = Resolution::Missing(format!("{path}: {absent}"));
        return vec![(typed, absent)];
    }
    if targets.is_empty() {
        targets.extend(makefile.first());
    }
    let directory = path.parent().map(|parent| parent.to_string()).unwrap_or_default();
    let commands = makefile.commands(&targets);
    let run = commands.into_iter().map(|command| {
        let directory = format!("{directory}/{}", command.directory);
        let placed = Invocation { directory, ..command };
        let found = resolve(tree, &placed);
        (Invocation { line: typed.line, text: typed.text.clone(), ..placed }, found)
    });
    let found: Vec<_> = run.filter(|(_, found)| found.file().is_some()).collect();
    std::iter::once((typed, resolution)).chain(found).collect()
}

fn is_makefile(path: &ArtifactPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    matches!(name.as_str(), "makefile" | "gnumakefile")
        || name.rsplit_once('.').is_some_and(|(_, suffix)| suffix == "mk")
}

/// The words after `make` that are no options, no values of options and no assignments.
fn targets(arguments: &[String]) -> Vec<&str> {
    let mut previous = "";
    let mut found = Vec::new();
    for word in arguments.iter().map(String::as_str) {
        let value = matches!(previous, "-C" | "-f" | "-j" | "-I" | "-o");
        let named = !word.starts_with('-') && !word.contains(['=', '<', '>', '$', '{', '[']);
        if named && !value {
            found.push(word);
        }
        previous = word;
    }
    found.truncate(MAX_TARGETS);
    found
}

/// Rules and variables, in the order of the file.
#[derive(Default)]
struct Makefile<'t> {
    rules: Vec<Rule<'t>>,
    by_target: BTreeMap<&'t str, usize>,
    variables: BTreeMap<&'t str, &'t str>,
    /// Whether targets may come from elsewhere: patterns, included files, computed names.
    open: bool,
}

#[derive(Default)]
struct Rule<'t> {
    targets: Vec<&'t str>,
    needs: Vec<&'t str>,
    recipe: Vec<&'t str>,
}

impl<'t> Makefile<'t> {
    fn read(text: &'t str) -> Self {
        let mut makefile = Self::default();
        for line in text.lines() {
            if let Some(command) = line.strip_prefix('\t') {
                if let Some(rule) = makefile.rules.last_mut() {
                    rule.recipe.push(command);
                }
                continue;
            }
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            makefile.open |= line.starts_with("include") || line.starts_with("-include");
            if let Some((name, value)) = assignment(line) {
                makefile.variables.insert(name, value);
            } else if let Some((targets, needs)) = line.split_once(':') {
                makefile.add(targets, needs);
            }
        }
        makefile
    }

    fn add(&mut self, targets: &'t str, needs: &'t str) {
        let (needs, inline) = needs.split_once(';').unwrap_or((needs, ""));
        let rule = Rule {
            targets: targets.split_whitespace().collect(),
            needs: needs.trim_start_matches(':').split_whitespace().collect(),
            recipe: if inline.is_empty() { Vec::new() } else { vec![inline] },
        };
        self.open |= rule.targets.iter().any(|target| target.contains(['%', '$']));
        for target in &rule.targets {
            self.by_target.entry(target).or_insert(self.rules.len());
        }
        self.rules.push(rule);
    }

    /// What `make` alone makes.
    fn first(&self) -> Option<&'t str> {
        let mut targets = self.rules.iter().filter_map(|rule| rule.targets.first().copied());
        targets.find(|target| !target.starts_with('.'))
    }

    fn may_make(&self, target: &str) -> bool {
        self.open || self.by_target.contains_key(target)
    }

    /// The commands of these targets, after those of what they need.
    fn commands(&self, targets: &[&str]) -> Vec<Invocation> {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&str> = targets.iter().rev().copied().collect();
        let mut found = Vec::new();
        while let Some(target) = waiting.pop() {
            let rule = self.by_target.get(target).and_then(|index| self.rules.get(*index));
            let Some(rule) = rule.filter(|_| seen.len() < MAX_TARGETS && seen.insert(target))
            else {
                continue;
            };
            waiting.extend(rule.needs.iter().rev());
            let recipe = rule.recipe.iter().map(|line| self.filled(line));
            let recipe = recipe.collect::<Vec<_>>().join("\n");
            // Each line has a shell of its own; one that ends in a backslash goes on.
            let lines = recipe.replace("\\\n", " ");
            let commands = lines.lines().flat_map(|line| {
                invocations(line.trim_start().trim_start_matches(['@', '-', '+']), 1)
            });
            found.extend(commands.take(MAX_COMMANDS));
        }
        found
    }

    /// A line of a recipe with its variables; what is not known here stays as it is.
    fn filled(&self, line: &str) -> String {
        let mut text = line.replace("$(MAKE)", "make");
        for _ in 0..MAX_DEPTH {
            let mut next = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some((before, name, after)) = variable(rest) {
                next.push_str(before);
                match self.variables.get(name) {
                    Some(value) => next.push_str(value),
                    None => next.extend(["$(", name, ")"]),
                }
                rest = after;
            }
            next.push_str(rest);
            if next == text || next.len() > MAX_LINE {
                break;
            }
            text = next;
        }
        text
    }
}

/// `NAME = value`, `:=`, `?=`; `+=` adds to what is not known here.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?']).trim();
    let name = name.strip_prefix("export ").unwrap_or(name);
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    plain.then(|| (name, value.trim()))
}

/// What is before `$(NAME)` or `${NAME}`, the name, what is after it.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let at = text.find("$(").into_iter().chain(text.find("${")).min()?;
    let close = if text[at..].starts_with("$(") { ')' } else { '}' };
    let (name, after) = text.get(at + 2..)?.split_once(close)?;
    Some((&text[..at], name, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    const MAKEFILE: &str = "PY ?= python3\nSRC = src\nRUN = $(PY) -u\n.PHONY: all\nall: train eval\n\
        train: data.npz\n\t@cd $(SRC) && $(RUN) train.py \\\n\t  --lr 1\n\
        data.npz:\n\t-$(PY) get.py\n\
        eval: train ; $(RUN) ${SRC}/eval.py\nlost:\n\t$(UNKNOWN) x.py\nloop: loop\n\t$(MAKE) eval\n";

    fn run(command: &str, makefile: &str) -> Vec<String> {
        let tree = tree(&[
            ("Makefile", makefile),
            ("src/train.py", ""),
            ("src/eval.py", ""),
            ("get.py", ""),
            ("x.py", ""),
        ]);
        let typed = invocations(command, 7).pop().expect(command);
        let resolution = resolve(&tree, &typed);
        let found = expanded(&tree, typed, resolution);
        let show = |(invocation, found): (Invocation, Resolution)| {
            assert_eq!((invocation.line, invocation.text.as_str()), (7, command));
            match found {
                Resolution::Missing(name) => format!("missing {name}"),
                found => found.file().map_or("-", ArtifactPath::as_str).to_owned(),
            }
        };
        found.into_iter().map(show).collect()
    }

    #[test]
    fn the_commands_of_a_target_and_of_what_it_needs() {
        let cases: [(&str, &[&str]); 6] = [
            ("make train", &["Makefile", "src/train.py", "get.py"]),
            ("make -j 4 eval GPU=0", &["Makefile", "src/eval.py", "src/train.py", "get.py"]),
            ("make", &["Makefile", "src/train.py", "get.py", "src/eval.py"]),
            ("make lost", &["Makefile"]),
            ("make nothing", &["missing Makefile: nothing"]),
            ("python x.py", &["x.py"]),
        ];
        for (command, expected) in cases {
            assert_eq!(run(command, MAKEFILE), expected, "{command}");
        }
        assert_eq!(run("make nothing", "%: x\n\tpython get.py\n"), ["Makefile"]);
    }

    #[test]
    fn variables_that_name_themselves_end() {
        assert_eq!(run("make a", "A = $(A)$(A)\na:\n\t$(A) x.py\n"), ["Makefile"]);
        assert_eq!(run("make loop", MAKEFILE), ["Makefile", "Makefile"]);
    }
}
