//! What a project says of itself, before anybody is asked.

use bundle_manifest::{ArtifactPath, BundleName, FileSource as _, Version};
use bundle_project::{BlockKind, EnvironmentFormat, Markup, ProjectError, Readme, SourceTree};
use bundle_run::{OnnxReport, examine};

use super::{
    citation::Citation,
    framework::{Framework, imported},
    import::{self, Imports},
    licence,
};

/// Bytes of a text that are read.
const MAX_TEXT: u64 = 4 << 20;
/// Scripts that are searched for imports.
const MAX_SCRIPTS: usize = 500;
/// Directories whose content is not the author's.
const FOREIGN: [&str; 7] =
    [".venv", "venv", "env", "node_modules", "site-packages", "__pycache__", ".tox"];

/// What was found. Paths are in path order.
pub(super) struct Survey {
    pub(super) name: BundleName,
    pub(super) version: Option<Version>,
    /// With where it is from.
    pub(super) title: Option<(String, &'static str)>,
    pub(super) authors: Vec<String>,
    pub(super) doi: Option<String>,
    /// An SPDX expression and the file it was read off.
    pub(super) license: Option<(String, ArtifactPath)>,
    pub(super) network: Option<Network>,
    /// ONNX files beside the chosen one.
    pub(super) other_onnx: Vec<ArtifactPath>,
    pub(super) labels: Option<LabelMap>,
    pub(super) environment: Vec<ArtifactPath>,
    pub(super) train: Option<ArtifactPath>,
    pub(super) evaluate: Option<ArtifactPath>,
    pub(super) frameworks: Vec<Framework>,
    /// What preprocessing configurations say.
    pub(super) imports: Imports,
    pub(super) notes: Vec<String>,
}

/// The ONNX file, and what it says if it can be read.
pub(super) struct Network {
    pub(super) path: ArtifactPath,
    pub(super) report: Option<OnnxReport>,
}

/// Where the label map is.
pub(super) enum LabelMap {
    File(ArtifactPath),
    /// With where they are from.
    Names(Vec<String>, String),
}

impl Survey {
    pub(super) fn of(tree: &SourceTree) -> Result<Self, ProjectError> {
        let mut paths = tree.paths()?;
        paths.retain(|path| !path.parts().any(|part| FOREIGN.contains(&part)));
        paths.sort_by_key(|path| (path.parts().count(), path.clone())); // what is higher up comes first
        let mut notes = tree.notes().to_vec();
        let citation = named(&paths, &["citation.cff"]).and_then(|path| read(tree, path));
        let citation = Citation::parse(&citation.unwrap_or_default());
        let mut onnx: Vec<_> =
            paths.iter().filter(|path| ends_with(path, ".onnx")).cloned().collect();
        onnx.sort_by_key(is_variant);
        let network =
            (!onnx.is_empty()).then(|| onnx.remove(0)).map(|path| look_at(tree, path, &mut notes));
        let environment = environment(&paths);
        let mut imports = import::of(
            tree,
            &paths,
            &environment,
            network.as_ref().map(|network| &network.path),
            network.as_ref().and_then(|network| network.report.as_ref()),
        );
        notes.append(&mut imports.notes);
        let labels = labels(&paths).or_else(|| {
            let labels = imports.labels.take()?;
            Some(LabelMap::Names(labels.names, labels.source))
        });
        let directory =
            tree.directory().and_then(|path| path.file_name()).map(|name| name.to_string_lossy());
        Ok(Self {
            name: bundle_name(&directory.unwrap_or_default())?,
            version: citation.version.as_deref().and_then(|version| version.parse().ok()),
            title: title(tree, &paths)
                .map(|title| (title, "the README's first heading"))
                .or_else(|| Some((citation.title?, "the citation file's title"))),
            authors: citation.authors,
            doi: citation.doi,
            license: license(tree, &paths, citation.license),
            network,
            other_onnx: onnx,
            labels,
            environment,
            train: script(&paths, &["train", "fit", "run_training"]),
            evaluate: script(&paths, &["eval", "test", "validate", "benchmark"]),
            frameworks: frameworks(tree, &paths),
            imports,
            notes,
        })
    }
}

fn look_at(tree: &SourceTree, path: ArtifactPath, notes: &mut Vec<String>) -> Network {
    let report = match examine("model", &path, tree) {
        Ok(report) => Some(report),
        Err(error) => {
            notes.push(format!("`{path}` cannot be read: {error}"));
            None
        }
    };
    for refusal in report.iter().flat_map(|report| &report.refusals).take(1) {
        let (node, operator, reason) = (&refusal.node, &refusal.operator, &refusal.reason);
        notes.push(format!(
            "`{path}` packs, but cannot run here: node `{node}` ({operator}): {reason}"
        ));
    }
    Network { path, report }
}

/// A quantised or half-precision copy is not what the paper reports.
fn is_variant(path: &ArtifactPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    ["quant", "int8", "uint8", "fp16", "q4", "_optimized"].iter().any(|mark| name.contains(mark))
}

fn ends_with(path: &ArtifactPath, suffix: &str) -> bool {
    path.file_name().to_ascii_lowercase().ends_with(suffix)
}

fn read(tree: &SourceTree, path: &ArtifactPath) -> Option<String> {
    let bytes = tree.read(path, MAX_TEXT).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The highest file with one of these names, whatever its case.
fn named<'p>(paths: &'p [ArtifactPath], names: &[&str]) -> Option<&'p ArtifactPath> {
    paths.iter().find(|path| names.contains(&path.file_name().to_ascii_lowercase().as_str()))
}

/// The files at the top whose name begins so, whatever its case.
fn at_top<'p>(
    paths: &'p [ArtifactPath],
    stems: &'p [&str],
) -> impl Iterator<Item = &'p ArtifactPath> {
    paths.iter().filter(|path| {
        let name = path.as_str().to_ascii_lowercase();
        !name.contains('/') && stems.iter().any(|stem| name.starts_with(stem))
    })
}

/// The directory's name in the letters a bundle name has.
fn bundle_name(directory: &str) -> Result<BundleName, ProjectError> {
    let lower = directory.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = String::new();
    for word in words {
        if name.len() + word.len() < 64 {
            name = if name.is_empty() { word.to_owned() } else { format!("{name}-{word}") };
        }
    }
    let name = if name.is_empty() { "project".to_owned() } else { name };
    name.parse().map_err(|error: bundle_manifest::InvalidName| ProjectError::new(error.to_string()))
}

/// The first heading of the README.
fn title(tree: &SourceTree, paths: &[ArtifactPath]) -> Option<String> {
    let path = at_top(paths, &["readme"]).next()?;
    let readme = Readme::parse(&read(tree, path)?, Markup::of(path.file_name()));
    let headings = readme.blocks.iter().filter_map(|block| match &block.kind {
        BlockKind::Heading(heading) if !heading.text.trim().is_empty() => Some(heading),
        _ => None,
    });
    let first = headings.min_by_key(|heading| heading.level)?; // the first of the highest level
    Some(first.text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn license(
    tree: &SourceTree,
    paths: &[ArtifactPath],
    cited: Option<String>,
) -> Option<(String, ArtifactPath)> {
    let texts = at_top(paths, &["license", "licence", "copying", "unlicense"]);
    let mut known = texts
        .filter_map(|path| Some((licence::spdx(&read(tree, path)?)?.to_owned(), path.clone())));
    let citation = || Some((cited?, named(paths, &["citation.cff"])?.clone()));
    known.next().or_else(citation)
}

fn labels(paths: &[ArtifactPath]) -> Option<LabelMap> {
    let names = [
        "labels.txt",
        "classes.txt",
        "class_names.txt",
        "labels.json",
        "classes.json",
        "class_names.json",
    ];
    named(paths, &names).map(|path| LabelMap::File(path.clone()))
}

/// Environment files at the top or one directory down.
fn environment(paths: &[ArtifactPath]) -> Vec<ArtifactPath> {
    let near = paths.iter().filter(|path| path.parts().count() <= 2);
    near.filter(|path| EnvironmentFormat::of(path).is_some()).cloned().collect()
}

/// The highest script whose name begins with a stem; earlier stems first.
fn script(paths: &[ArtifactPath], stems: &[&str]) -> Option<ArtifactPath> {
    let scripts: Vec<_> = paths.iter().filter(|path| interpreter(path).is_some()).collect();
    let begins = |stem: &str| {
        scripts.iter().find(|path| path.file_name().to_ascii_lowercase().starts_with(stem))
    };
    stems.iter().find_map(|stem| begins(stem)).map(|path| (*path).clone())
}

/// The program that runs a script.
pub(super) fn interpreter(path: &ArtifactPath) -> Option<&'static str> {
    let (_, suffix) = path.file_name().rsplit_once('.')?;
    match suffix {
        "py" => Some("python"),
        "sh" => Some("bash"),
        "R" | "r" => Some("Rscript"),
        "jl" => Some("julia"),
        _ => None,
    }
}

fn frameworks(tree: &SourceTree, paths: &[ArtifactPath]) -> Vec<Framework> {
    let code = paths.iter().filter(|path| ends_with(path, ".py") || ends_with(path, ".ipynb"));
    let texts = code.take(MAX_SCRIPTS).filter_map(|path| read(tree, path));
    let mut found: Vec<_> = texts.flat_map(|text| imported(&text)).collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_names_become_bundle_names() -> Result<(), ProjectError> {
        let long = "x".repeat(80);
        let cases = [
            ("Retina_Grade (v2)", "retina-grade-v2"),
            ("--", "project"),
            ("日本", "project"),
            (&long, "project"),
            ("a", "a"),
        ];
        for (directory, expected) in cases {
            assert_eq!(bundle_name(directory)?.as_str(), expected, "{directory}");
        }
        Ok(())
    }
}
