//! What stands in many directories and belongs to no project: environments,
//! caches, and the file that keeps secrets by convention.

use std::collections::BTreeSet;

/// Directories that tools make and can make again.
const DIRECTORIES: &[&str] = &[
    "__pycache__",
    "node_modules",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
];
/// Files that are the machine's or the user's.
const FILES: &[&str] = &[".DS_Store", ".env", "Thumbs.db"];
/// The file at the top of a Python environment, whatever its directory is called (PEP 405).
const ENVIRONMENT: &str = "pyvenv.cfg";

/// The names to leave out where nobody says which files are the project's.
#[derive(Debug, Default)]
pub(crate) struct Made(BTreeSet<String>);

impl Made {
    /// Those among all names of a walk.
    pub(crate) fn among<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        Self(names.filter_map(topmost).collect())
    }

    /// Whether a file is one of them or below one of them.
    pub(crate) fn holds(&self, name: &str) -> bool {
        let above = name.match_indices('/').filter_map(|(at, _)| name.get(..at));
        above.chain([name]).any(|part| self.0.contains(part))
    }

    /// The topmost of them.
    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        let outermost =
            self.0.iter().map(String::as_str).filter(|name| {
                !name.match_indices('/').any(|(at, _)| self.0.contains(&name[..at]))
            });
        outermost.collect::<Vec<_>>().into_iter()
    }
}

/// The directory or file that a name makes one of them.
fn topmost(name: &str) -> Option<String> {
    let mut end = 0;
    for part in name.split('/') {
        end += part.len();
        if end < name.len() && DIRECTORIES.contains(&part) {
            return Some(name[..end].to_owned());
        }
        end += 1;
    }
    match name.rsplit_once('/') {
        Some((directory, ENVIRONMENT)) => Some(directory.to_owned()),
        Some((_, file)) if FILES.contains(&file) => Some(name.to_owned()),
        None if FILES.contains(&name) => Some(name.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_and_caches_are_known_by_what_they_are() {
        let names = [
            ".env",
            "env/agent.py",
            "my env/bin/python",
            "my env/pyvenv.cfg",
            "net/__pycache__/a.pyc",
            "net/__pycache__.py",
            "train.py",
        ];
        let made = Made::among(names.into_iter());
        let kept: Vec<_> = names.into_iter().filter(|name| !made.holds(name)).collect();
        assert_eq!(kept, ["env/agent.py", "net/__pycache__.py", "train.py"]);
        assert_eq!(made.names().collect::<Vec<_>>(), [".env", "my env", "net/__pycache__"]);
    }
}
