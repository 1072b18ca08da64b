//! `bundle diff`: what changed, by path and digest.

use std::{collections::BTreeMap, path::Path};

use bundle_archive::Archive;
use bundle_manifest::{ArtifactPath, Digest};
use bundle_project::SourceTree;
use serde_json::json;

use crate::{
    args::{Diff, Format},
    exit::Exit,
    failure::Failure,
    open::{Opened, open_archive},
    terminal::{Terminal, human_bytes},
};

/// What is compared of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    size: u64,
    sha256: Digest,
    mode: String,
}

type Listing = BTreeMap<ArtifactPath, Entry>;

/// A line of the difference.
struct Change<'l> {
    path: &'l ArtifactPath,
    old: Option<&'l Entry>,
    new: Option<&'l Entry>,
}

pub(crate) fn run(args: &Diff, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let (old, new) = (listing(&args.old, terminal)?, listing(&args.new, terminal)?);
    let changes = changes(&old, &new);
    match args.format {
        Format::Text => terminal.print(&text(&changes))?,
        Format::Json => terminal.print_json(&json!({
            "equal": changes.is_empty(),
            "changes": changes.iter().map(view).collect::<Vec<_>>(),
        }))?,
    }
    Ok(if changes.is_empty() { Exit::Holds } else { Exit::DoesNotHold })
}

/// Every file of a bundle (from its lock, once the bundle was seen to hold) or of
/// a project (measured).
fn listing(path: &Path, terminal: &Terminal) -> Result<Listing, Failure> {
    if !path.is_dir() {
        let archive = open_archive(path)?;
        terminal.verify(&archive, path)?;
        return Ok(locked(&archive));
    }
    let manifest = Opened::at(path)?.manifest;
    let tree = SourceTree::from_directory(path)?;
    let selected = tree.select(&manifest, &external_data(&manifest, &tree))?;
    let entry = |file: &bundle_project::SourceFile| {
        let (size, sha256) = (file.size, tree.sha256(&file.path)?);
        Ok((file.path.clone(), Entry { size, sha256, mode: file.mode.to_string() }))
    };
    selected.files.iter().map(entry).collect()
}

fn locked(archive: &Archive) -> Listing {
    let entry = |member: &bundle_manifest::LockedMember| {
        let path = member.path.as_str().strip_prefix("project/")?.parse().ok()?;
        Some((
            path,
            Entry { size: member.size, sha256: member.sha256, mode: member.mode.to_string() },
        ))
    };
    archive.lock().members.iter().filter_map(entry).collect()
}

/// External data of the models that can be read; `check` reports the others.
fn external_data(manifest: &bundle_manifest::Manifest, tree: &SourceTree) -> Vec<ArtifactPath> {
    let models = manifest.models.by_name.iter();
    let reports = models
        .filter_map(|(name, model)| bundle_run::examine(name.as_str(), &model.onnx, tree).ok());
    reports.flat_map(|report| report.external_data).collect()
}

fn changes<'l>(old: &'l Listing, new: &'l Listing) -> Vec<Change<'l>> {
    let mut paths: Vec<&ArtifactPath> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    let change = |path: &'l ArtifactPath| Change { path, old: old.get(path), new: new.get(path) };
    paths.into_iter().map(change).filter(|change| change.old != change.new).collect()
}

fn text(changes: &[Change<'_>]) -> String {
    if changes.is_empty() {
        return "no file differs\n".to_owned();
    }
    changes
        .iter()
        .map(|change| match (change.old, change.new) {
            (None, Some(new)) => format!("+ {}  {}\n", change.path, human_bytes(new.size)),
            (Some(old), None) => format!("- {}  {}\n", change.path, human_bytes(old.size)),
            (Some(old), Some(new)) if old.sha256 == new.sha256 => {
                format!("~ {}  mode {} → {}\n", change.path, old.mode, new.mode)
            }
            (Some(old), Some(new)) => {
                format!(
                    "~ {}  {} → {}\n",
                    change.path,
                    human_bytes(old.size),
                    human_bytes(new.size)
                )
            }
            (None, None) => String::new(),
        })
        .collect()
}

fn view(change: &Change<'_>) -> serde_json::Value {
    let entry = |entry: &Entry| json!({ "size": entry.size, "sha256": entry.sha256.to_string(), "mode": entry.mode });
    json!({ "path": change.path.as_str(), "old": change.old.map(entry), "new": change.new.map(entry) })
}
