//! Which programs of the project a program imports, and which packages of others.

use bundle_manifest::ArtifactPath;

use super::{TellingLine, language::Language};
use crate::tree::{Tree, TreeFile};

/// Imports of one program that are looked up.
const MAX_IMPORTS: usize = 400;

/// The programs that `path` imports, by the rules of its language.
pub(super) fn of(
    tree: &Tree,
    path: &ArtifactPath,
    language: Language,
    lines: &[TellingLine],
) -> Vec<ArtifactPath> {
    let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    let code = lines.iter().map(|(_, line)| line.trim());
    let code = code.filter(|line| !language.is_comment(line));
    let mut found = Vec::new();
    match language {
        Language::Python | Language::Notebook => {
            for module in code.flat_map(modules).take(MAX_IMPORTS) {
                found.extend(python(tree, folder, &module));
            }
        }
        Language::R | Language::Julia => {
            for name in code.filter_map(included).take(MAX_IMPORTS) {
                let beside = join(folder, name);
                let at = tree.file(&beside).or_else(|| tree.file(name));
                found.extend(at.map(|file| file.path.clone()));
            }
        }
        Language::Matlab => return called(tree, path, lines),
        _ => {}
    }
    found.sort();
    found.dedup();
    found
}

/// The packages of others that `path` imports, each with its first line. An indented import is
/// left out: it is often a choice among several, or is not needed.
pub(super) fn foreign(
    tree: &Tree,
    path: &ArtifactPath,
    language: Language,
    lines: &[TellingLine],
) -> Vec<TellingLine> {
    let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found: Vec<TellingLine> = Vec::new();
    for (at, line) in lines.iter().filter(|(_, line)| !language.is_comment(line)) {
        let line = line.trim_end();
        let names = match language {
            Language::Python | Language::Notebook => modules(line),
            Language::R => attached(line).map(str::to_owned).into_iter().collect(),
            Language::Julia => line.strip_prefix("using ").map(loaded).unwrap_or_default(),
            _ => return found,
        };
        for name in names.into_iter().filter(|name| !name.starts_with('.')) {
            let package = name.split('.').next().unwrap_or_default();
            let own = tree.has_directory(package)
                || matches!(language, Language::Python | Language::Notebook)
                    && python(tree, folder, package).is_some();
            let known = own || found.iter().any(|(_, other)| other == package);
            let named =
                !package.is_empty() && package.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !known && named && found.len() < MAX_IMPORTS {
                found.push((*at, package.to_owned()));
            }
        }
    }
    found
}

/// `library(MASS)`, `require("MASS")`
fn attached(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("library(").or_else(|| line.strip_prefix("require("))?;
    rest.trim_start_matches(['"', '\'']).split(['"', '\'', ')', ',']).next()
}

/// `using A, B: c`
fn loaded(names: &str) -> Vec<String> {
    let names = names.split(':').next().unwrap_or_default().split(',');
    names.map(|name| name.trim().to_owned()).collect()
}

/// The modules of a line, with dots: `from ..a import b, c` gives `..a`, `..a.b`, `..a.c`.
fn modules(line: &str) -> Vec<String> {
    let name = |text: &str| {
        let word = text.split_whitespace().next().unwrap_or_default();
        word.trim_matches(['(', ')', ',', ';', '\\']).to_owned()
    };
    if let Some(rest) = line.strip_prefix("import ") {
        return rest.split(',').map(name).collect();
    }
    let Some((module, names)) = line.strip_prefix("from ").and_then(|l| l.split_once(" import "))
    else {
        return Vec::new();
    };
    let module = module.trim();
    let gap = if module.ends_with('.') { "" } else { "." };
    let inner = names.split(',').map(name).filter(|name| !name.is_empty() && name != "*");
    let inner = inner.map(|name| format!("{module}{gap}{name}"));
    std::iter::once(module.to_owned()).chain(inner).collect()
}

/// The file of a module: beside the program, in a directory above it, or in `src`.
fn python(tree: &Tree, folder: &str, module: &str) -> Option<ArtifactPath> {
    let bare = module.trim_start_matches('.');
    let dots = module.len() - bare.len();
    let path = bare.replace('.', "/");
    let file = |base: &str| -> Option<&TreeFile> {
        let at = join(base, &path);
        let endings = [".py", "/__init__.py"];
        endings.iter().find_map(|ending| tree.file(&format!("{at}{ending}")))
    };
    if dots > 0 {
        let mut base = folder;
        for _ in 1..dots {
            base = base.rsplit_once('/').map_or("", |(base, _)| base);
        }
        return file(base).map(|file| file.path.clone());
    }
    let mut base = folder;
    loop {
        if let Some(found) = file(base).or_else(|| file(&join(base, "src"))) {
            return Some(found.path.clone());
        }
        if base.is_empty() {
            return None;
        }
        base = base.rsplit_once('/').map_or("", |(base, _)| base);
    }
}

/// `include("a.jl")`, `source('a.R')`.
fn included(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("include(").or_else(|| line.split_once("source("))?;
    rest.trim_start_matches(['"', '\'']).split(['"', '\'', ')']).next()
}

/// A MATLAB program calls what lies in other files by their names.
fn called(tree: &Tree, path: &ArtifactPath, lines: &[TellingLine]) -> Vec<ArtifactPath> {
    let mut words: Vec<&str> = lines
        .iter()
        .flat_map(|(_, line)| line.split(|c: char| !(c.is_alphanumeric() || c == '_')))
        .collect();
    words.sort_unstable();
    words.dedup();
    let functions =
        words.iter().flat_map(|word| tree.named(&format!("{word}.m")).collect::<Vec<_>>());
    let mut found: Vec<_> =
        functions.map(|file| file.path.clone()).filter(|other| other != path).collect();
    found.sort();
    found.truncate(MAX_IMPORTS);
    found
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    #[test]
    fn packages_of_others_are_named_once() {
        let tree = tree(&[("main.py", ""), ("pkg/a.py", ""), ("util.py", ""), ("lib/x.R", "")]);
        let cases = [
            (
                "main.py",
                "import os, torch.nn as nn\nimport torch\nfrom pkg.b import c\nfrom . import d",
                "1 os, 1 torch",
            ),
            (
                "main.py",
                "# import a\ntry:\n    import b\nfrom PIL import Image\nimport util",
                "4 PIL",
            ),
            ("lib/x.R", "library(\"MASS\")\nrequire(glmnet)", "1 MASS, 2 glmnet"),
            ("y.jl", "using Flux, Plots: plot\nusing .Own", "1 Flux, 1 Plots"),
            ("run.m", "import x", ""),
        ];
        for (path, text, expected) in cases {
            let path: ArtifactPath = path.parse().expect("a path");
            let language = Language::of(&crate::tree::suffix(&path));
            let lines: Vec<_> =
                text.lines().enumerate().map(|(at, line)| (at + 1, line.to_owned())).collect();
            let found = foreign(&tree, &path, language, &lines);
            let found: Vec<_> = found.iter().map(|(at, name)| format!("{at} {name}")).collect();
            assert_eq!(found.join(", "), expected, "{text}");
        }
    }

    #[test]
    fn imports_lead_to_files() {
        let tree = tree(&[
            ("main.py", ""),
            ("src/net.py", ""),
            ("pkg/__init__.py", ""),
            ("pkg/fit.py", ""),
            ("pkg/sub/run.py", ""),
            ("sim.jl", ""),
            ("lib/solve.m", ""),
        ]);
        let cases = [
            ("main.py", "import os, net", "src/net.py"),
            ("main.py", "from pkg.fit import fit", "pkg/fit.py"),
            ("main.py", "from pkg import (fit, x)", "pkg/__init__.py pkg/fit.py"),
            ("pkg/sub/run.py", "from ..fit import fit", "pkg/fit.py"),
            ("pkg/sub/run.py", "import pkg.fit as f", "pkg/fit.py"),
            ("main.py", "import numpy", ""),
            ("x.jl", "include(\"sim.jl\")", "sim.jl"),
            ("run.m", "y = solve(A, b);", "lib/solve.m"),
        ];
        for (path, line, expected) in cases {
            let path: ArtifactPath = path.parse().expect("a path");
            let language = Language::of(&crate::tree::suffix(&path));
            let found = of(&tree, &path, language, &[(1, line.to_owned())]);
            let found: Vec<_> = found.iter().map(ArtifactPath::as_str).collect();
            assert_eq!(found.join(" "), expected, "{line}");
        }
    }
}
