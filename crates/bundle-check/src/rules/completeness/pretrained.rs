//! Item 4: weights that anyone can get.

use bundle_manifest::{ArtifactPath, Manifest};
use bundle_project::{BlockKind, Link};

use super::nothing;
use crate::{
    Answer, Evidence,
    documents::{Document, block_text, is_data, is_foreign, is_unit_test, template_item},
    finding::Judgement,
    subject::Subject,
    tree::{TreeFile, suffix, words},
    words::{
        CERTAIN_WEIGHTS, FILE_HOSTS, MODEL_PLACES, MODEL_WORDS, NOT_OUR_MODEL, SCRIPTS, WEIGHTS,
    },
};

/// Bytes below which no file is a trained model.
const SMALLEST: u64 = 256;
/// Bytes of a download script that are read.
const MAX_SCRIPT: u64 = 1 << 20;

pub(super) fn inspect(subject: &Subject) -> Judgement {
    if let Some(manifest) = subject.manifest() {
        if !manifest.models.by_name.is_empty() {
            return declared(subject, manifest);
        }
        if let Some(why) = &manifest.models.why {
            return Judgement::not_applicable(format!("no model: {why}"));
        }
    }
    let committed: Vec<_> =
        subject.tree.files().iter().filter(|file| is_committed_model(file)).collect();
    if !committed.is_empty() {
        return Judgement::pass(
            committed.iter().map(|file| Evidence::of(&file.path, size(file.size))),
        );
    }
    if let Some(evidence) = subject.documents().iter().find_map(linked) {
        return Judgement::pass([evidence]);
    }
    if let Some(path) =
        subject.tree.files().iter().map(|file| &file.path).find(|path| downloads(subject, path))
    {
        return Judgement::pass([Evidence::of(path, "downloads a model")]);
    }
    nothing(subject, 4, "no trained model, and no link to one")
}

/// The ONNX files of bundle.toml: there, and ONNX.
fn declared(subject: &Subject, manifest: &Manifest) -> Judgement {
    let mut answer = Answer::Pass;
    let mut evidence = Vec::new();
    for (name, model) in &manifest.models.by_name {
        let onnx = &model.onnx;
        let (of_model, what) =
            match (subject.tree.source().size(onnx), subject.examined().get(name)) {
                _ if subject.is_withheld(onnx) => {
                    (Answer::Weak, "withheld from this edition".to_owned())
                }
                (None, _) => (Answer::Fail, "does not exist".to_owned()),
                (Some(bytes), Some(Ok(_))) => (Answer::Pass, size(bytes)),
                (Some(_), _) => (Answer::Fail, "is not a readable ONNX file".to_owned()),
            };
        if of_model.weight() > answer.weight() {
            answer = of_model;
        }
        evidence.push((of_model, Evidence::of(onnx, what)));
    }
    evidence.sort_by_key(|(answer, _)| std::cmp::Reverse(answer.weight()));
    Judgement::new(answer, evidence.into_iter().map(|(_, evidence)| evidence))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// Whether a file of the tree is weights: by its suffix, and by where it lies.
fn is_committed_model(file: &TreeFile) -> bool {
    let path = &file.path;
    if file.size < SMALLEST
        || is_foreign(path)
        || is_unit_test(path)
        || SCRIPTS.contains(&suffix(path).as_str())
    {
        return false;
    }
    let name = path.file_name().to_lowercase();
    let mut suffixes = name.split('.').skip(1);
    let known = suffixes.clone().any(|suffix| WEIGHTS.contains(&suffix));
    let certain = suffixes.any(|suffix| CERTAIN_WEIGHTS.contains(&suffix));
    let placed = words(path.as_str()).iter().any(|word| MODEL_PLACES.contains(&word.as_str()));
    known && (placed || (certain && !is_data(path)))
}

/// The first link of a document that leads to a trained model of its authors.
fn linked(document: &Document) -> Option<Evidence> {
    for (index, block) in document.readme.blocks.iter().enumerate() {
        let links = match &block.kind {
            BlockKind::Prose(prose) => &prose.links,
            BlockKind::Table(table) => &table.links,
            _ => continue,
        };
        if links.is_empty() {
            continue;
        }
        let text = block_text(block).to_lowercase();
        let above: Vec<String> = document
            .headings_above(index)
            .into_iter()
            .take(2)
            .map(|heading| heading.text.to_lowercase())
            .collect();
        let says = |text: &str| MODEL_WORDS.iter().any(|word| text.contains(word));
        let headed = above.iter().any(|heading| says(heading) || heading.contains("models"));
        let model = headed || says(&text);
        let other = NOT_OUR_MODEL.iter().any(|word| text.contains(word)) && !headed;
        let leads = |link: &&Link| {
            !link.image
                && template_item(&link.url).is_none()
                && is_model_address(&link.url, model)
                && !other
        };
        if let Some(link) = links.iter().find(leads) {
            return Some(document.at(link.line, &link.url));
        }
    }
    None
}

/// Whether an address is that of weights; on a host of files only where the text speaks of a model.
fn is_model_address(url: &str, model: bool) -> bool {
    let url = url.to_lowercase();
    if !url.starts_with("http") {
        return false;
    }
    let path = url.split(['?', '#']).next().unwrap_or(&url);
    let name = path.rsplit('/').next().unwrap_or(path);
    let certain = name.split('.').skip(1).any(|suffix| CERTAIN_WEIGHTS.contains(&suffix));
    let known = name.split('.').skip(1).any(|suffix| WEIGHTS.contains(&suffix));
    let hosted = FILE_HOSTS.iter().any(|host| path.contains(host)) || path.contains("/releases/");
    certain || (model && (known || hosted))
}

/// Whether a program's name and text say that it downloads a model.
fn downloads(subject: &Subject, path: &ArtifactPath) -> bool {
    let names = words(path.as_str());
    let has = |list: &[&str]| names.iter().any(|name| list.contains(&name.as_str()));
    let fetches = has(&["download", "fetch", "get"])
        && has(&["model", "models", "weights", "pretrained", "checkpoint", "checkpoints"]);
    fetches
        && SCRIPTS.contains(&suffix(path).as_str())
        && !is_foreign(path)
        && subject.tree.text(path, MAX_SCRIPT).is_ok_and(|text| text.contains("http"))
}
