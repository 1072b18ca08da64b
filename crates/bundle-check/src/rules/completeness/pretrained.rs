//! Item 4: weights that anyone can get.

use bundle_manifest::{ArtifactPath, Manifest};
use bundle_project::{BlockKind, Link, Table};

use super::{ground, nothing};
use crate::{
    Answer, Evidence,
    documents::{Document, block_text},
    finding::Judgement,
    subject::Subject,
    tree::{TreeFile, words},
    words::Words,
};

/// Bytes below which no file is a trained model.
const SMALLEST: u64 = 256;
/// Suffixes of archives: what is in one is known by its name alone.
const ARCHIVES: &[&str] = &["zip", "gz", "tgz", "xz", "bz2", "7z", "rar"];
/// Bytes of a download script that are read.
const MAX_SCRIPT: u64 = 1 << 20;

pub(super) fn inspect(subject: &Subject) -> Judgement {
    if let Some(manifest) = subject.manifest() {
        if !manifest.models.by_name.is_empty() {
            return declared(subject, manifest).on(ground::DECLARED);
        }
        if let Some(why) = &manifest.models.why {
            return Judgement::not_applicable(format!("no model: {why}"));
        }
    }
    let committed: Vec<_> =
        subject.tree.files().iter().filter(|file| is_committed_model(subject, file)).collect();
    if !committed.is_empty() {
        return Judgement::pass(
            committed.iter().map(|file| Evidence::of(&file.path, size_of(file))),
        )
        .on(ground::COMMITTED_MODEL);
    }
    let linked = subject.documents().iter().find_map(|document| linked(subject, document));
    let called = || subject.documents().iter().find_map(|document| called(subject, document));
    if let Some(evidence) = linked.or_else(called) {
        return Judgement::pass([evidence]).on(ground::MODEL_ADDRESS);
    }
    let files = subject.tree.files().iter().map(|file| &file.path);
    if let Some(path) = files.into_iter().find(|path| downloads(subject, path)) {
        return Judgement::pass([Evidence::of(path, "downloads a model")])
            .on(ground::MODEL_ADDRESS);
    }
    if let Some(evidence) = fetched_by_code(subject) {
        return Judgement::pass(evidence).on(ground::MODEL_ADDRESS);
    }
    nothing(subject, 4, "no trained model, and no link to one")
}

fn size_of(file: &TreeFile) -> String {
    if file.elsewhere { "not in this copy of the repository".to_owned() } else { size(file.size) }
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
fn is_committed_model(subject: &Subject, file: &TreeFile) -> bool {
    let (tree, path) = (&subject.tree, &file.path);
    if (file.size < SMALLEST && !file.elsewhere)
        || tree.is_foreign(path)
        || tree.is_unit_test(path)
        || tree.is_program(path)
    {
        return false;
    }
    let lists = tree.words();
    let name = path.file_name().to_lowercase();
    let mut suffixes = name.split('.').skip(1);
    let known = suffixes.clone().any(|suffix| lists.weights.has(suffix));
    let certain = suffixes.clone().any(|suffix| lists.certain_weights.has(suffix));
    let placed = lists.model_places.any(&words(path.as_str()));
    let parts = words(&name);
    let data = tree.is_data(path) || lists.data.any(&parts);
    let archive = suffixes.any(|suffix| ARCHIVES.contains(&suffix));
    let called = lists.model_files.any(&parts) && !data;
    known && (placed || (certain && !data))
        || called && (archive || !name.contains('.') && is_large_binary(subject, file))
}

/// Whether a file without a suffix can be weights: no text, and not a small one.
fn is_large_binary(subject: &Subject, file: &TreeFile) -> bool {
    const LEAST: u64 = 10 << 10;
    const HEAD: u64 = 4 << 10;
    let binary = || subject.beginning(&file.path, HEAD).is_some_and(|head| head.contains(&0));
    file.elsewhere || file.size >= LEAST && binary()
}

/// The first link of a document that leads to a trained model of its authors.
fn linked(subject: &Subject, document: &Document) -> Option<Evidence> {
    for (index, block) in document.readme.blocks.iter().enumerate() {
        let (links, column) = match &block.kind {
            BlockKind::Prose(prose) => (&prose.links, false),
            BlockKind::Table(table) => (&table.links, lists_models(subject, table)),
            _ => continue,
        };
        if links.is_empty() {
            continue;
        }
        let lists = subject.tree.words();
        let text = block_text(block).to_lowercase();
        let above: Vec<String> = document
            .headings_above(index)
            .into_iter()
            .take(2)
            .map(|heading| heading.text.to_lowercase())
            .collect();
        let says = |text: &str| lists.model_words.within(text).is_some();
        let headed = above.iter().any(|heading| says(heading) || heading.contains("models"));
        let model = headed || column || says(&text);
        let other = is_of_others(lists, &text) && !headed && !column;
        let promised = lists.promises.within(&text).is_some();
        let offered = lists.pretrained_words.within(&text).is_some() && text.contains("download");
        let leads = |link: &&Link| {
            let weights = is_model_address(subject, &link.url, model)
                || text.contains("model") && is_on_hub(&link.url)
                || offered && is_offered(lists, link);
            !link.image
                && lists.template_in(&link.url).is_none()
                && weights
                && !(other || promised || is_start_of_all(subject, document, &link.url))
        };
        if let Some(link) = links.iter().find(leads) {
            return Some(document.at(link.line, &link.url));
        }
    }
    None
}

/// Whether an address is that of a model that everybody starts from. Who lists several models at
/// such a place published them.
fn is_start_of_all(subject: &Subject, document: &Document, url: &str) -> bool {
    const SEVERAL: usize = 3;
    let Some(place) = subject.tree.words().models_of_others.within(url) else { return false };
    let links = document.readme.blocks.iter().flat_map(|block| match &block.kind {
        BlockKind::Prose(prose) => prose.links.as_slice(),
        BlockKind::Table(table) => table.links.as_slice(),
        _ => &[],
    });
    links.filter(|link| link.url.contains(place)).take(SEVERAL).count() < SEVERAL
}

/// Whether a text speaks of something else than the authors' models. One that names "the data set
/// and the trained models" speaks of both.
fn is_of_others(lists: &Words, text: &str) -> bool {
    let both = ["trained models", "trained weights"].iter().any(|words| text.contains(words));
    names_other(lists, text, both)
}

/// Whether a text names something else than the authors' models; data sets do not count where
/// they are `beside` the point.
fn names_other(lists: &Words, text: &str, beside: bool) -> bool {
    lists.not_our_model.within(text).is_some() || !beside && lists.data.any(&words(text))
}

/// Whether a table of results has a column that leads to the model of each row.
fn lists_models(subject: &Subject, table: &Table) -> bool {
    let lists = subject.tree.words();
    let has = |of: &dyn Fn(&str) -> bool| {
        table.header.iter().any(|cell| words(cell).iter().any(|word| of(word)))
    };
    let leads = |word: &str| ["link", "download"].contains(&word) || lists.model_files.has(word);
    has(&leads) && has(&|word| lists.result_words.has(word))
}

/// Code of a document that loads a model by the name that this project's own package gives it.
fn called(subject: &Subject, document: &Document) -> Option<Evidence> {
    let lists = subject.tree.words();
    document.readme.blocks.iter().enumerate().find_map(|(index, block)| {
        let BlockKind::Code(code) = &block.kind else { return None };
        let mut lines = code.text.lines().enumerate();
        let above = document.headings_above(index).into_iter().take(2);
        let mut above = above.map(|heading| heading.text.to_lowercase());
        // `from_pretrained("owner/name")` under a heading of trained models.
        let headed = above.any(|heading| lists.pretrained_words.within(&heading).is_some());
        let names_owner = |line: &str| {
            let name = line.split_once("from_pretrained(").map(|(_, rest)| rest);
            let name = name.and_then(|rest| rest.split(['"', '\'']).nth(1));
            name.is_some_and(|name| name.contains('/') && !name.starts_with(['.', '/']))
        };
        let own = code.text.lines().any(|line| {
            let line = line.trim();
            let module = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "));
            let package = module.and_then(|rest| rest.split([' ', '.']).next());
            package
                .is_some_and(|package| !package.is_empty() && subject.tree.has_directory(package))
        });
        let (at, line) = lines.find(|(_, line)| {
            headed && names_owner(line)
                || own
                    && ["from_pretrained(\"", "from_pretrained('", "pretrained=True"]
                        .iter()
                        .any(|call| line.contains(call))
        })?;
        Some(document.at(code.first_line + at, line))
    })
}

/// Whether an address is that of weights; on a host of files only where the text speaks of a model.
fn is_model_address(subject: &Subject, url: &str, model: bool) -> bool {
    let lists = subject.tree.words();
    let url = url.to_lowercase();
    if !url.starts_with("http") {
        return false;
    }
    let path = url.split(['?', '#']).next().unwrap_or(&url);
    let name = path.rsplit('/').next().unwrap_or(path);
    let certain = name.split('.').skip(1).any(|suffix| lists.certain_weights.has(suffix));
    let known = name
        .split('.')
        .skip(1)
        .any(|suffix| lists.weights.has(suffix) || ARCHIVES.contains(&suffix));
    let hosted = lists.file_hosts.within(path).is_some() || path.contains("/releases");
    // RFC 2606 keeps these names for examples.
    let host = url.split("://").nth(1).unwrap_or_default().split(['/', ':']).next();
    let nowhere = matches!(host, Some("example.com" | "example.net" | "example.edu"));
    !nowhere && (certain || (model && (known || hosted)))
}

/// Whether an address is that of a model, and of nothing else, on a hub of models.
fn is_on_hub(url: &str) -> bool {
    let url = url.to_lowercase();
    let place = ["://huggingface.co/", "://hf.co/"].iter().find_map(|hub| url.split_once(hub));
    let Some((_, path)) = place else { return false };
    let mut parts = path.trim_end_matches('/').split('/');
    let owner = parts.next().unwrap_or_default();
    let other = ["datasets", "spaces", "docs", "papers", "blog", "collections", "learn"];
    !owner.is_empty() && !other.contains(&owner) && parts.next().is_some()
}

/// Whether "download the trained model [here](…)" leads to a file, on whatever host: not to a
/// paper or to somebody's repository.
fn is_offered(lists: &Words, link: &Link) -> bool {
    const HERE: [&str; 8] =
        ["here", "link", "this", "download", "model", "models", "weights", "checkpoint"];
    let url = link.url.to_lowercase();
    let page = [
        "github.com",
        "gitlab.com",
        "arxiv.org",
        "doi.org",
        "openreview.net",
        "pytorch.org",
        ".pdf",
    ];
    let named = words(&link.text).iter().any(|word| HERE.contains(&word.as_str()));
    url.starts_with("http")
        && named
        && !page.iter().any(|page| url.contains(page))
        && lists.models_of_others.within(&url).is_none()
}

/// Whether a program's name and text say that it downloads a model.
fn downloads(subject: &Subject, path: &ArtifactPath) -> bool {
    let (tree, names) = (&subject.tree, words(path.as_str()));
    let has = |list: &[&str]| names.iter().any(|name| list.contains(&name.as_str()));
    let fetches = has(&["download", "fetch", "get"])
        && tree.is_program(path)
        && !tree.is_foreign(path)
        && !tree.is_unit_test(path);
    let named = has(&["model", "models", "weights", "pretrained", "checkpoint", "checkpoints"]);
    fetches
        && tree.text(path, MAX_SCRIPT).is_ok_and(|text| {
            let lists = tree.words();
            // An address may well go through a directory of data sets.
            let says = |line: &str| {
                lists.pretrained_words.within(line).is_some() && !names_other(lists, line, true)
            };
            let mut lines = text.lines().map(str::to_lowercase);
            let address = |line: &str| line.contains("http");
            lines.any(|line| address(&line) && (named || says(&line)))
        })
}

/// A program with the address of weights, where a document says that there are trained models.
fn fetched_by_code(subject: &Subject) -> Option<[Evidence; 2]> {
    let lists = subject.tree.words();
    let found = subject.scripts().iter().find_map(|script| {
        let (line, text) = script.weights.as_ref()?;
        Some(Evidence::at(&script.path, *line, text))
    })?;
    let said = subject.documents().iter().find_map(|document| {
        let block = document.readme.blocks.iter().find(|block| {
            let text = block_text(block).to_lowercase();
            lists.pretrained_words.within(&text).is_some()
                && !is_of_others(lists, &text)
                && lists.promises.within(&text).is_none()
        })?;
        Some(document.at(block.line, block_text(block)))
    })?;
    Some([found, said])
}
