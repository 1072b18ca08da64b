//! `bundle inspect`: what is inside, from the lock, `bundle.toml` and the ONNX
//! files alone.

use std::collections::BTreeMap;

use bundle_check::signature_json;
use bundle_manifest::{ArtifactPath, Dtype, EntryName, EqualsGit, Lock, Manifest, Model};
use bundle_run::{OnnxReport, OnnxTensor, RunError, examine};
use bundle_signature::{Verification, verify_bundle};
use serde_json::json;

use crate::{
    args::{Format, Inspect},
    exit::Exit,
    failure::Failure,
    keys,
    open::Opened,
    terminal::{Terminal, human_bytes},
};

/// Bytes of a file that `--cat` prints.
const CAT_LIMIT: u64 = 1 << 26;

pub(crate) fn run(args: &Inspect, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let opened = Opened::at(&args.path)?;
    if let Some(file) = &args.cat {
        let path: ArtifactPath = file
            .parse()
            .map_err(|error: bundle_manifest::InvalidPath| Failure::usage(error.to_string()))?;
        let bytes =
            opened.files.read(&path, CAT_LIMIT).map_err(|error| Failure::from(error).of(&path))?;
        terminal.print_bytes(&bytes)?;
        return Ok(Exit::Holds);
    }
    let signature = opened
        .packed
        .as_ref()
        .map(|archive| verify_bundle(archive.signature(), archive.lock(), &keys::trust(terminal)));
    let seen = Seen { graphs: graphs(&opened), signature };
    match args.format {
        Format::Text => terminal.print(&text(&opened, &seen, args.files))?,
        Format::Json => terminal.print_json(&view(&opened, &seen))?,
    }
    Ok(Exit::Holds)
}

/// What was looked up beyond the lock and `bundle.toml`.
struct Seen {
    graphs: Graphs,
    /// What may be believed of the signature of a packed bundle.
    signature: Option<Verification>,
}

impl Seen {
    /// The signature is of the lock; nobody has looked at the members yet.
    fn said(&self) -> String {
        match &self.signature {
            Some(found @ (Verification::Good(_) | Verification::Unknown { .. })) => {
                format!("{found} (of the lock; `bundle verify` reads everything)")
            }
            Some(found) => found.to_string(),
            None => String::new(),
        }
    }

    fn view(&self) -> serde_json::Value {
        let mut view = self.signature.as_ref().map(signature_json).unwrap_or_default();
        if let Some(view) = view.as_object_mut() {
            view.insert("members_read".to_owned(), json!(false));
        }
        view
    }
}

/// What each ONNX file says of itself, or why it cannot be read.
type Graphs = BTreeMap<EntryName, Result<OnnxReport, RunError>>;

/// Most of an ONNX file that is worth the wait for its names and shapes.
const GRAPH_LIMIT: u64 = 64 << 20;

fn graphs(opened: &Opened) -> Graphs {
    let files = opened.files.as_ref();
    let small = |model: &Model| files.size(&model.onnx).is_some_and(|size| size <= GRAPH_LIMIT);
    let models = opened.manifest.models.by_name.iter().filter(|(_, model)| small(model));
    models.map(|(name, model)| (name.clone(), examine(name.as_str(), &model.onnx, files))).collect()
}

/// `pixel_values float32 [N, 3, 224, 224]`
fn tensor_text(tensor: &OnnxTensor) -> String {
    let dtype = tensor.dtype.map_or("of another type", Dtype::as_str);
    let axes = tensor.shape.as_ref().map_or_else(
        || "of any shape".to_owned(),
        |axes| {
            let axis = |axis: &Result<u64, String>| match axis {
                Ok(length) => length.to_string(),
                Err(symbol) => symbol.clone(),
            };
            format!("[{}]", axes.iter().map(axis).collect::<Vec<_>>().join(", "))
        },
    );
    format!("{} {dtype} {axes}", tensor.name)
}

fn tensor_view(tensor: &OnnxTensor) -> serde_json::Value {
    let axis = |axis: &Result<u64, String>| match axis {
        Ok(length) => json!(length),
        Err(symbol) => json!(symbol),
    };
    json!({
        "name": tensor.name,
        "dtype": tensor.dtype.map(Dtype::as_str),
        "shape": tensor.shape.as_ref().map(|axes| axes.iter().map(axis).collect::<Vec<_>>()),
    })
}

fn text(opened: &Opened, seen: &Seen, files: bool) -> String {
    let mut text = manifest_text(&opened.manifest, &seen.graphs);
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:11}{value}\n"));
    match &opened.packed {
        Some(archive) => {
            let lock = archive.lock();
            row(
                "id",
                format!("{} (as the lock says; `bundle check` reads everything)", archive.id()),
            );
            row("signature", seen.said());
            row(
                "file",
                format!(
                    "{}, {} unpacked",
                    human_bytes(archive.packed_size()),
                    human_bytes(unpacked(lock))
                ),
            );
            row("code", format!("swh:1:dir:{}{}", lock.code.swhid, git_words(lock)));
            row(
                "files",
                format!(
                    "{}, {} of them code",
                    lock.members.len(),
                    lock.members.iter().filter(|member| member.tracked).count()
                ),
            );
            if files {
                for member in &lock.members {
                    let held = if member.withheld { "  withheld" } else { "" };
                    text.push_str(&format!(
                        "  {} {} {:>9}  {}{held}\n",
                        member.mode,
                        member.sha256,
                        human_bytes(member.size),
                        member.path
                    ));
                }
            }
        }
        None => row("file", "a directory, not packed".to_owned()),
    }
    text
}

fn manifest_text(manifest: &Manifest, graphs: &Graphs) -> String {
    let bundle = &manifest.bundle;
    let mut text = format!("{} {}  {}\n", bundle.name, bundle.version, bundle.title);
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:11}{value}\n"));
    if !bundle.authors.is_empty() {
        row("authors", bundle.authors.join(", "));
    }
    row("license", bundle.license.clone());
    if let Some(paper) = &bundle.paper {
        row("paper", paper.clone());
    }
    for (name, model) in &manifest.models.by_name {
        row("model", format!("{name}  {}", model.onnx));
        match graphs.get(name) {
            Some(Ok(report)) => {
                report
                    .inputs
                    .iter()
                    .for_each(|tensor| row("", format!("→ {}", tensor_text(tensor))));
                report
                    .outputs
                    .iter()
                    .for_each(|tensor| row("", format!("← {}", tensor_text(tensor))));
            }
            Some(Err(error)) => row("", error.to_string()),
            None => {}
        }
    }
    if let Some(why) = &manifest.models.why {
        row("no model", why.clone());
    }
    for input in &manifest.inputs {
        let steps: Vec<&str> = input.steps.iter().map(bundle_manifest::Step::op).collect();
        row("input", format!("{} ({})  {}", input.name, input.kind, steps.join(" → ")));
    }
    for output in &manifest.outputs {
        row("output", format!("{} ({})", output.name, output.kind));
    }
    let names: Vec<_> = manifest.examples.iter().map(|example| example.name.as_str()).collect();
    row("examples", format!("{}  {}", names.len(), names.join(", ")));
    row("claims", manifest.claims.len().to_string());
    text
}

fn unpacked(lock: &Lock) -> u64 {
    lock.members
        .iter()
        .filter(|member| !member.withheld)
        .map(|member| member.size)
        .fold(0, u64::saturating_add)
}

fn git_words(lock: &Lock) -> String {
    let Some(git) = &lock.git else { return String::new() };
    match &git.equals_git {
        EqualsGit::Yes => format!("\n             equals git commit {}", git.commit),
        EqualsGit::No(reasons) => {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
            format!("\n             differs from git commit {}: {}", git.commit, reasons.join(", "))
        }
    }
}

fn view(opened: &Opened, seen: &Seen) -> serde_json::Value {
    let manifest = &opened.manifest;
    let lock = opened.packed.as_ref().map(|archive| archive.lock());
    json!({
        "name": manifest.bundle.name.as_str(),
        "version": manifest.bundle.version.as_str(),
        "title": manifest.bundle.title,
        "license": manifest.bundle.license,
        "id": opened.id().map(|id| id.to_string()),
        "signature": seen.view(),
        "packed_size": opened.packed.as_ref().map(|archive| archive.packed_size()),
        "models": manifest.models.by_name.iter().map(|(name, model)| {
            let report = seen.graphs.get(name).and_then(|report| report.as_ref().ok());
            let tensors = |tensors: fn(&OnnxReport) -> &[OnnxTensor]| {
                report.map(|report| tensors(report).iter().map(tensor_view).collect::<Vec<_>>())
            };
            json!({
                "name": name.as_str(),
                "onnx": model.onnx.as_str(),
                "inputs": tensors(|report| &report.inputs),
                "outputs": tensors(|report| &report.outputs),
            })
        }).collect::<Vec<_>>(),
        "inputs": manifest.inputs.iter().map(|input| json!({
            "name": input.name.as_str(),
            "kind": input.kind.as_str(),
            "steps": input.steps.iter().map(bundle_manifest::Step::op).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "outputs": manifest.outputs.iter().map(|output| json!({ "name": output.name.as_str(), "kind": output.kind.as_str() })).collect::<Vec<_>>(),
        "examples": manifest.examples.iter().map(|example| example.name.as_str()).collect::<Vec<_>>(),
        "code": lock.map(|lock| json!({
            "swhid": format!("swh:1:dir:{}", lock.code.swhid),
            "sha256": lock.code.sha256.to_string(),
            "git": lock.git.as_ref().map(|git| json!({
                "commit": git.commit.to_string(),
                "tree": git.tree.to_string(),
                "remote": git.remote,
                "dirty": git.dirty,
                "equals_git": git.equals_git == EqualsGit::Yes,
            })),
        })),
        "members": lock.map(|lock| lock.members.iter().map(|member| json!({
            "path": member.path.as_str(),
            "size": member.size,
            "sha256": member.sha256.to_string(),
            "mode": member.mode.to_string(),
            "tracked": member.tracked,
            "withheld": member.withheld,
        })).collect::<Vec<_>>()),
    })
}
