//! `bundle init --infer`: the steps between files and the arrays that somebody's code made.

use std::path::Path;

use bundle_manifest::{ArtifactPath, InputKind};
use bundle_pack::FoundSteps;
use bundle_preprocess::{Inferred, InputSource, Pair, infer, read_npy};
use bundle_project::SourceTree;

use super::run::read_bytes;
use crate::{failure::Failure, terminal::Terminal};

/// Elements of an array that are read.
const MOST_ELEMENTS: usize = 1 << 28;
/// What alternatives are named of each step.
const MOST_ALTERNATIVES: usize = 3;

/// Finds the steps for `FILE=NPY` pairs; says how sure they are.
pub(super) fn found(
    directory: &Path,
    typed: &[String],
    terminal: &mut Terminal,
) -> Result<FoundSteps, Failure> {
    let mut kinds = Vec::new();
    let mut pairs = Vec::new();
    for text in typed {
        let (kind, pair) = pair(text)?;
        kinds.push(kind);
        pairs.push(pair);
    }
    let kind = kinds[0];
    if let Some(index) = kinds.iter().position(|other| *other != kind) {
        let (first, other) = (kind.as_str(), kinds[index].as_str());
        return Err(Failure::usage(format!(
            "`{}` is of kind {first}, `{}` of kind {other}",
            typed[0], typed[index]
        ))
        .hint("infer one input at a time"));
    }
    let tree = SourceTree::from_directory(directory)?;
    let tokenizers: Vec<ArtifactPath> = tree
        .files()
        .iter()
        .map(|file| file.path.clone())
        .filter(|path| path.file_name().contains("tokenizer"))
        .filter(|path| extension(Path::new(path.as_str())) == "json")
        .collect();
    // A search of large pictures takes seconds; a spinner shows only on a terminal.
    let spinner = terminal.spinner("looking for steps");
    let found = infer(kind, &pairs, &tree, &tokenizers);
    spinner.finish_and_clear();
    let Some(found) = found else {
        let shapes: Vec<String> =
            pairs.iter().map(|pair| format!("{:?}", pair.tensor.shape())).collect();
        let failure = Failure::does_not_hold(format!(
            "no known steps lead from the files to arrays of the shapes {}",
            shapes.join(", ")
        ));
        return Err(failure.hint(match kind {
            InputKind::Text if tokenizers.is_empty() => {
                "put the tokenizer.json into the project: save_pretrained writes it"
            }
            _ => "save the array just before the network, and write the steps by hand: docs/manifest.md",
        }));
    };
    say(&found, pairs.len(), terminal);
    let origin = if found.is_exact() {
        format!("found from {} pairs, which these steps meet bit for bit", pairs.len())
    } else {
        format!(
            "guess: the nearest known steps; they miss the {} pairs by up to {:.1e}",
            pairs.len(),
            found.distance.max_abs
        )
    };
    Ok(FoundSteps { kind, steps: found.steps, value: found.value.to_owned(), origin })
}

fn say(found: &Inferred, pairs: usize, terminal: &mut Terminal) {
    let distance = found.distance;
    if found.is_exact() {
        terminal.note(format!(
            "the steps meet all {} elements of {pairs} pairs bit for bit",
            distance.elements
        ));
    } else {
        terminal.note(format!(
            "the steps found differ in {} of {} elements, by up to {:.1e}{}",
            distance.differing,
            distance.elements,
            distance.max_abs,
            if distance.holds { ", which is what they promise" } else { ": check them" }
        ));
    }
    if pairs < 3 {
        terminal.note("three pairs of different sizes and shapes tell more pipelines apart");
    }
    let mut said = Vec::<usize>::new();
    for undecided in &found.undecided {
        if said.iter().filter(|index| **index == undecided.index).count() < MOST_ALTERNATIVES {
            said.push(undecided.index);
            terminal.note(format!(
                "the pairs do not tell `{}` of step {} `{}` apart; {} would",
                undecided.change, undecided.index, undecided.op, undecided.probe
            ));
        }
    }
}

fn pair(text: &str) -> Result<(InputKind, Pair), Failure> {
    let Some((file, array)) =
        text.rsplit_once('=').filter(|(file, array)| !file.is_empty() && !array.is_empty())
    else {
        return Err(Failure::usage(format!("`{text}` is not FILE=NPY"))
            .hint("as in --infer photo.jpg=photo.npy, with numpy.save('photo.npy', array)"));
    };
    let Some(kind) = kind(Path::new(file)) else {
        return Err(Failure::usage(format!("`{file}` has no extension that tells what it is"))
            .hint("jpg, png, webp, tif; wav, flac; txt; csv, json"));
    };
    let tensor = read_npy(&read_bytes(Path::new(array))?, MOST_ELEMENTS).map_err(|error| {
        Failure::usage(format!("{array}: {error}"))
            .hint("write it with numpy.save, of a NumPy array: tensor.numpy()")
    })?;
    let content = read_bytes(Path::new(file))?;
    let source = if extension(Path::new(file)) == "json" {
        let json = serde_json::from_slice(&content);
        InputSource::Json(json.map_err(|error| Failure::usage(format!("{file}: {error}")))?)
    } else {
        InputSource::File(content)
    };
    Ok((kind, Pair { source, tensor }))
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn kind(path: &Path) -> Option<InputKind> {
    Some(match extension(path).as_str() {
        "jpg" | "jpeg" | "png" | "webp" | "tif" | "tiff" => InputKind::Image,
        "wav" | "flac" => InputKind::Audio,
        "txt" => InputKind::Text,
        "csv" | "json" => InputKind::Table,
        _ => return None,
    })
}
