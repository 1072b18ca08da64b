//! What the classes are called.

use bundle_manifest::{Labels, Manifest, Output, OutputKind, Step};
use bundle_preprocess::{LabelMap, Outcome, OutputPipeline};
use bundle_run::{ExampleReplay, OnnxReport};

use super::model::no_model;
use crate::{Area, Evidence, Rule, Severity, finding::Judgement, subject::Subject};

pub(super) static COUNT: Rule = Rule {
    id: "LABL-1",
    title: "there are as many labels as classes",
    why: "A label file that is one line short names every class after the gap wrongly, and nothing else notices.",
    reference: "ONNX shapes; transformers `id2label`",
    severity: Severity::Must,
    area: Area::Labels,
    remedy: "give every class of the network its label, in the order of the class axis",
    inspect: count,
};

pub(super) static NAMES: Rule = Rule {
    id: "LABL-2",
    title: "labels are names, not placeholders",
    why: "`LABEL_0` is what an exporter writes when nobody told it the names; a reader learns nothing from it.",
    reference: "transformers `id2label`",
    severity: Severity::Should,
    area: Area::Labels,
    remedy: "write the names that the paper uses",
    inspect: names,
};

/// Bytes of a label file that are read.
const MAX_LABELS: u64 = 16 << 20;

/// The label map of each output that has one, or why it cannot be read.
fn maps<'s>(
    subject: &'s Subject,
    manifest: &'s Manifest,
) -> Vec<(&'s Output, Result<LabelMap, Evidence>)> {
    let labelled =
        manifest.outputs.iter().filter_map(|output| Some((output, output.labels.as_ref()?)));
    labelled.filter_map(|(output, labels)| Some((output, map(subject, output, labels)?))).collect()
}

fn map(subject: &Subject, output: &Output, labels: &Labels) -> Option<Result<LabelMap, Evidence>> {
    match labels {
        Labels::Names(names) => Some(Ok(LabelMap { names: names.clone() })),
        Labels::File(path) => {
            let read = match subject.tree.source().read(path, MAX_LABELS) {
                Ok(read) => read,
                // DECL-2 says what is not there.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
                Err(error) => return Some(Err(Evidence::of(path, error.to_string()))),
            };
            let text = String::from_utf8(read).map_err(|_| "is not UTF-8".to_owned());
            let map =
                text.and_then(|text| LabelMap::parse(&text).map_err(|error| error.to_string()));
            Some(map.map_err(|error| Evidence::of(path, error)))
        }
        Labels::OnnxMetadata(key) => {
            let report = report(subject)?;
            let absent = || {
                Evidence::of(
                    "bundle.toml",
                    format!("output `{}`: no metadata `{key}`", output.name),
                )
            };
            let text = report.metadata.get(key).ok_or_else(absent);
            Some(text.map(|text| LabelMap { names: text.lines().map(str::to_owned).collect() }))
        }
    }
}

fn report(subject: &Subject) -> Option<&OnnxReport> {
    subject.examined().values().find_map(|report| report.as_ref().ok())
}

fn count(subject: &Subject) -> Judgement {
    let manifest = match no_model(subject) {
        Ok(manifest) => manifest,
        Err(judgement) => return judgement,
    };
    let maps = maps(subject, manifest);
    if maps.is_empty() {
        return Judgement::not_applicable("no output has labels");
    }
    let (mut wrong, mut right, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for (output, map) in maps {
        let map = match map {
            Ok(map) => map,
            Err(evidence) => {
                wrong.push(evidence);
                continue;
            }
        };
        let labels = map.names.len();
        match fits(subject, output, map) {
            Some(Ok(())) => right.push(Evidence::note(format!(
                "output `{}`: {labels} labels, {labels} classes",
                output.name
            ))),
            Some(Err(why)) => wrong.push(Evidence::of("bundle.toml", why)),
            None => unknown
                .push(format!("output `{}`: the class axis has no fixed length", output.name)),
        }
    }
    match (wrong.is_empty(), unknown.first()) {
        (false, _) => Judgement::fail(wrong),
        (true, Some(why)) => Judgement::unknown(why),
        (true, None) => Judgement::pass(right),
    }
}

/// Whether the label map fits the class axis, by the graph's shapes, else by a replay.
fn fits(subject: &Subject, output: &Output, map: LabelMap) -> Option<Result<(), String>> {
    let labels = map.names.len();
    if let Some(shape) = static_shape(subject, output) {
        let known = shape.last().copied().flatten().is_some();
        let pipeline = OutputPipeline::compile(output, Some(map), subject.tree.source()).ok()?;
        match pipeline.check_classes(&shape) {
            Err(error) => return Some(Err(error.to_string())),
            Ok(()) if known && output.kind == OutputKind::Labels => return Some(Ok(())),
            Ok(()) => {}
        }
    }
    let classes = replayed_classes(subject, output)?;
    let differ = format!("output `{}`: {labels} labels, {classes} classes", output.name);
    Some(if classes == labels { Ok(()) } else { Err(differ) })
}

/// The shape of the output's main tensor as the graph states it.
fn static_shape(subject: &Subject, output: &Output) -> Option<Vec<Option<usize>>> {
    let main = output.main_tensor()?;
    let tensor = report(subject)?.outputs.iter().find(|tensor| tensor.name == main)?;
    let axes = tensor.shape.as_ref()?.iter();
    Some(
        axes.map(|axis| axis.as_ref().ok().and_then(|length| usize::try_from(*length).ok()))
            .collect(),
    )
}

/// The number of classes in the ranking of a replay, which `top_k` would shorten.
fn replayed_classes(subject: &Subject, output: &Output) -> Option<usize> {
    if output.steps.iter().any(|step| matches!(step, Step::TopK(_) | Step::Argmax(_))) {
        return None;
    }
    let classes = |replay: &ExampleReplay| match &replay.outputs.get(&output.name)?.outcome {
        Outcome::Labels { rows } => rows.first().map(Vec::len),
        _ => None,
    };
    subject.replays()?.iter().find_map(|replay| classes(replay.outcome.as_ref().ok()?))
}

fn names(subject: &Subject) -> Judgement {
    let manifest = match no_model(subject) {
        Ok(manifest) => manifest,
        Err(judgement) => return judgement,
    };
    let mut maps = maps(subject, manifest)
        .into_iter()
        .filter_map(|(output, map)| Some((output, map.ok()?)))
        .peekable();
    if maps.peek().is_none() {
        return Judgement::not_applicable("no output has labels");
    }
    let mut bad = Vec::new();
    for (output, map) in maps {
        let placeholders = map.names.iter().enumerate().filter(|(_, name)| is_placeholder(name));
        bad.extend(placeholders.map(|(index, name)| {
            Evidence::note(format!("output `{}`: label {index} is `{name}`", output.name))
        }));
    }
    if bad.is_empty() {
        Judgement::pass([Evidence::note("every label is a name")])
    } else {
        Judgement::fail(bad)
    }
}

/// `LABEL_3`, `class_3`, `Class 3`, or nothing. A bare number is a name: digits have no other.
fn is_placeholder(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let numbered = |prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| {
            let digits = rest.trim_start_matches(['_', ' ', '-']);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    name.is_empty() || ["label", "class", "category"].iter().any(|prefix| numbered(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_not_names() {
        for name in ["LABEL_0", "class_12", "Class 3", "label-1", "class0", " "] {
            assert!(is_placeholder(name), "{name}");
        }
        for name in ["3", "cat", "class", "label", "classic_1", "class A", "first class 1"] {
            assert!(!is_placeholder(name), "{name}");
        }
    }
}
