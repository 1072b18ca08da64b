//! The public face of the crate, beside the real `git` program.

mod facts;
mod select;
mod swhid;
mod tree;

use std::path::Path;

use bundle_manifest::Manifest;
use bundle_project::{Selected, SourceTree};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A `bundle.toml` without a model, and `more`.
fn manifest_text(more: &str) -> String {
    format!(
        "format = 1\n[bundle]\nname = \"x\"\nversion = \"1.0.0\"\ntitle = \"t\"\nlicense = \"MIT\"\n\
         [models]\nwhy = \"no weights\"\n{more}"
    )
}

/// A directory as a tree and what its `bundle.toml` selects.
fn selected(directory: &Path) -> Outcome<(SourceTree, Selected)> {
    let manifest = Manifest::from_toml(&fs_err::read_to_string(directory.join("bundle.toml"))?)?;
    let tree = SourceTree::from_directory(directory)?;
    let selected = tree.select(&manifest, &[])?;
    Ok((tree, selected))
}

fn paths(selected: &Selected) -> Vec<&str> {
    selected.files.iter().map(|file| file.path.as_str()).collect()
}
