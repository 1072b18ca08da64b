//! Which file of the tree a command runs.

use bundle_manifest::ArtifactPath;

use crate::{
    command::{Invocation, Target},
    tree::Tree,
};

/// Where the target of a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// Exactly where the command says.
    Exact(ArtifactPath),
    /// Elsewhere in the tree, under the same name: a `cd` may have come before.
    ByName(ArtifactPath),
    /// Nowhere; the name that is missing.
    Missing(String),
    /// Outside the project: a third-party module, another repository, an absolute path.
    Outside,
}

impl Resolution {
    /// The file, wherever it is.
    pub(crate) const fn file(&self) -> Option<&ArtifactPath> {
        match self {
            Self::Exact(path) | Self::ByName(path) => Some(path),
            Self::Missing(_) | Self::Outside => None,
        }
    }
}

/// Looks for the target of `invocation`.
pub(crate) fn resolve(tree: &Tree, invocation: &Invocation) -> Resolution {
    let directory = normalise(&invocation.directory);
    let elsewhere = match &directory {
        Some(directory) => !directory.is_empty() && !tree.has_directory(directory),
        None => true,
    };
    let directory = directory.unwrap_or_default();
    match &invocation.target {
        Target::File(file) => resolve_file(tree, file, &directory, elsewhere),
        Target::Module(module) => resolve_module(tree, module, &directory, elsewhere),
    }
}

/// Looks for the target of a command that bundle.toml declares: it says what this
/// project runs, so a file in a directory that does not exist is missing.
pub(crate) fn resolve_declared(tree: &Tree, invocation: &Invocation) -> Resolution {
    match (resolve(tree, invocation), &invocation.target) {
        (Resolution::Outside, Target::File(file)) => {
            let path = format!("{}/{file}", invocation.directory);
            Resolution::Missing(normalise(&path).unwrap_or_else(|| file.clone()))
        }
        (found, _) => found,
    }
}

fn resolve_file(tree: &Tree, file: &str, directory: &str, elsewhere: bool) -> Resolution {
    if file.starts_with(['/', '~']) {
        return Resolution::Outside;
    }
    let at = |directory: &str| {
        normalise(&format!("{directory}/{file}")).and_then(|path| tree.file(&path))
    };
    if let Some(found) = at(directory).or_else(|| if elsewhere { at("") } else { None }) {
        return Resolution::Exact(found.path.clone());
    }
    let name = file.rsplit('/').next().unwrap_or(file);
    let tail = format!("/{}", file.trim_start_matches("./"));
    let ends = |path: &ArtifactPath| format!("/{path}").ends_with(&tail);
    let named = || tree.named(name).map(|file| &file.path);
    let found = named().find(|path| ends(path)).or_else(|| named().next());
    match found {
        Some(path) => Resolution::ByName(path.clone()),
        None if elsewhere => Resolution::Outside,
        None => Resolution::Missing(
            normalise(&format!("{directory}/{file}")).unwrap_or_else(|| file.to_owned()),
        ),
    }
}

fn resolve_module(tree: &Tree, module: &str, directory: &str, elsewhere: bool) -> Resolution {
    let path = module.replace('.', "/");
    let roots = [
        directory.to_owned(),
        String::new(),
        normalise(&format!("{directory}/src")).unwrap_or_default(),
    ];
    for root in &roots {
        for ending in [".py", "/__main__.py", "/__init__.py"] {
            let found =
                normalise(&format!("{root}/{path}{ending}")).and_then(|path| tree.file(&path));
            if let Some(found) = found {
                return Resolution::Exact(found.path.clone());
            }
        }
    }
    let package = path.split('/').next().unwrap_or(&path);
    let ours = roots.iter().any(|root| {
        let package = normalise(&format!("{root}/{package}")).unwrap_or_default();
        tree.has_directory(&package) || tree.file(&format!("{package}.py")).is_some()
    });
    if ours && !elsewhere { Resolution::Missing(format!("{path}.py")) } else { Resolution::Outside }
}

/// The path without `.` and `..`; `None` where it leaves the project or is absolute.
fn normalise(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            "~" => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command::invocations, testing::tree};

    #[test]
    fn targets_are_found_where_a_shell_would_and_by_name() {
        let tree = tree(&[
            ("train.py", ""),
            ("src/pkg/eval.py", ""),
            ("src/pkg/__main__.py", ""),
            ("scripts/run.sh", ""),
        ]);
        let cases = [
            ("python ./train.py", "exact train.py"),
            ("cd scripts && bash run.sh", "exact scripts/run.sh"),
            ("cd scripts\npython ../train.py", "exact train.py"),
            ("bash run.sh", "by name scripts/run.sh"),
            ("python -m pkg.eval", "exact src/pkg/eval.py"),
            ("python -m pkg", "exact src/pkg/__main__.py"),
            ("python -m pkg.train", "missing pkg/train.py"),
            ("cd src; python -m pkg.train", "missing pkg/train.py"),
            ("python -m venv env", "outside"),
            ("python load_and_run.py", "missing load_and_run.py"),
            ("git clone https://x.org/paper\ncd paper\npython train.py", "exact train.py"),
            ("cd other-repo\npython setup_other.py", "outside"),
            ("python /opt/x.py", "outside"),
            ("cd ../..\npython x.py", "outside"),
        ];
        for (text, expected) in cases {
            let invocation = invocations(text, 1).pop().expect(text);
            let found = match resolve(&tree, &invocation) {
                Resolution::Exact(path) => format!("exact {path}"),
                Resolution::ByName(path) => format!("by name {path}"),
                Resolution::Missing(name) => format!("missing {name}"),
                Resolution::Outside => "outside".to_owned(),
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
