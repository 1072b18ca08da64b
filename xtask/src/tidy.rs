//! `cargo xtask tidy`: the drawing in ARCHITECTURE.md cannot rot.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::run::{cargo, output, program, root, say};

/// Which of our crates each crate may use, floor by floor. Siblings never know each other.
const MAY_USE: &[(&str, &[&str])] = &[
    ("bundle-manifest", &[]),
    ("bundle-archive", &["bundle-manifest"]),
    ("bundle-preprocess", &["bundle-manifest"]),
    ("bundle-signature", &["bundle-manifest"]),
    ("bundle-run", &["bundle-manifest", "bundle-preprocess"]),
    ("bundle-project", &["bundle-archive", "bundle-manifest"]),
    (
        "bundle-pack",
        &["bundle-archive", "bundle-manifest", "bundle-project", "bundle-run", "bundle-signature"],
    ),
    (
        "bundle-check",
        &[
            "bundle-archive",
            "bundle-manifest",
            "bundle-preprocess",
            "bundle-project",
            "bundle-run",
            "bundle-signature",
        ],
    ),
    (
        "bundle-demo",
        &[
            "bundle-archive",
            "bundle-manifest",
            "bundle-preprocess",
            "bundle-run",
            "bundle-signature",
        ],
    ),
    (
        "bundle-browser",
        &[
            "bundle-archive",
            "bundle-demo",
            "bundle-manifest",
            "bundle-preprocess",
            "bundle-run",
            "bundle-signature",
        ],
    ),
    (
        "bundle-serve",
        &[
            "bundle-archive",
            "bundle-demo",
            "bundle-manifest",
            "bundle-preprocess",
            "bundle-run",
            "bundle-signature",
        ],
    ),
    (
        "bundle-cli",
        &[
            "bundle-archive",
            "bundle-check",
            "bundle-demo",
            "bundle-manifest",
            "bundle-pack",
            "bundle-preprocess",
            "bundle-project",
            "bundle-run",
            "bundle-serve",
            "bundle-signature",
        ],
    ),
    ("bundle-testkit", &[]),
    ("xtask", &[]),
];

/// Dependencies that only one crate may name.
const ONLY: &[(&str, &str)] = &[
    ("tar", "bundle-archive"),
    ("zstd", "bundle-archive xtask"),
    ("ecdsa", "bundle-signature"),
    ("p256", "bundle-signature"),
    ("p384", "bundle-signature"),
    ("p521", "bundle-signature"),
    ("pkcs8", "bundle-signature"),
    ("rsa", "bundle-signature"),
    ("x509-cert", "bundle-signature"),
    ("tract-onnx", "bundle-run"),
    ("gix", "bundle-project"),
    ("minijinja", "bundle-demo and bundle-check"),
    ("axum", "bundle-serve"),
    ("libjpeg-turbo-rs", "bundle-preprocess"),
    ("png", "bundle-preprocess"),
];

/// What may not be compiled for the browser (rayon, of the tokenizers, finds no threads there).
const NOT_IN_BROWSER: &[&str] = &["zstd-sys", "gix", "tokio", "onig", "tempfile"];

/// No tool can promise it, so none of our texts says it.
const WORD_NEVER_SAID: &str = "reproducible";

/// Checks the crate graph and the house rules that no lint knows.
pub(crate) fn tidy() -> Result<()> {
    let metadata = MetadataCommand::new().current_dir(root()).exec().context("cargo metadata")?;
    let mut problems = Vec::new();
    check_arrows(&metadata, &mut problems);
    check_browser(&mut problems)?;
    check_files(&mut problems)?;
    if problems.is_empty() {
        say("tidy: the crate graph and the files keep the house rules");
        return Ok(());
    }
    bail!("{}", problems.join("\n"))
}

fn check_arrows(metadata: &Metadata, problems: &mut Vec<String>) {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let Some(may_use) = allowed.get(name) else {
            problems.push(format!(
                "{name} is not in the drawing: add it to ARCHITECTURE.md and to xtask/src/tidy.rs"
            ));
            continue;
        };
        for dependency in names(package, false) {
            let ours = allowed.contains_key(dependency.as_str());
            if ours && !may_use.contains(&dependency.as_str()) {
                problems.push(format!("{name} may not use {dependency}"));
            }
            if let Some((_, owner)) = ONLY.iter().find(|(only, owner)| {
                *only == dependency && !owner.split(' ').any(|one| one == name)
            }) {
                problems.push(format!("only {owner} may name {dependency}, but {name} does"));
            }
        }
        for dependency in names(package, true) {
            if allowed.contains_key(dependency.as_str())
                && dependency != "bundle-testkit"
                && !may_use.contains(&dependency.as_str())
            {
                problems.push(format!("the tests of {name} may not use {dependency}"));
            }
        }
    }
}

fn names(package: &Package, development: bool) -> BTreeSet<String> {
    let wanted = |kind: DependencyKind| (kind == DependencyKind::Development) == development;
    package
        .dependencies
        .iter()
        .filter(|dependency| wanted(dependency.kind))
        .map(|dependency| dependency.name.clone())
        .collect()
}

/// What is compiled for the browser, with the features that it has there.
fn check_browser(problems: &mut Vec<String>) -> Result<()> {
    let tree = ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let mut command = cargo(&tree);
    command.args(["--package", "bundle-browser-wasm", "--target", "wasm32-unknown-unknown"]);
    let tree = output(command.current_dir(root().join("crates/bundle-browser/wasm")))?;
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    if !names.contains("bundle-browser") {
        problems.push("what runs in a browser does not have bundle-browser".to_owned());
    }
    for name in NOT_IN_BROWSER.iter().filter(|name| names.contains(*name)) {
        problems.push(format!("{name} is compiled for the browser"));
    }
    Ok(())
}

fn check_files(problems: &mut Vec<String>) -> Result<()> {
    let files =
        output(&mut program("git", &["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    for file in files.lines().filter(is_ours) {
        let Ok(text) = fs_err::read_to_string(root().join(file)) else { continue };
        if !text.starts_with("//!") && !text.starts_with("#![") {
            problems.push(format!("{file}: a module opens with `//!` and says what it is for"));
        }
        let says = |line: &&str| {
            line.to_lowercase().contains(WORD_NEVER_SAID) && !line.contains("\"reproducible\"")
        };
        if let Some(line) = text.lines().find(says) {
            problems.push(format!(
                "{file}: the word `{WORD_NEVER_SAID}` is never said: {}",
                line.trim()
            ));
        }
    }
    Ok(())
}

fn is_ours(file: &&str) -> bool {
    file.starts_with("crates/")
        && std::path::Path::new(file).extension().is_some_and(|extension| extension == "rs")
}
