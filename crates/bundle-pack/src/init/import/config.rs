//! `config.json` of a model: labels, what the output means, and timm's preprocessing.

use bundle_manifest::{ArtifactPath, OutputKind, toml_text::quote};
use serde_json::{Map, Value as Json};

use super::{Facts, ImportedLabels, ImportedOutput, Imports, Line, Project, fields::Fields, timm};

/// Labels that are read.
const MAX_LABELS: usize = 100_000;

/// Reads the model's configuration.
pub(super) fn import(
    path: &ArtifactPath,
    json: &Json,
    project: &Project<'_>,
    facts: &Facts,
    imports: &mut Imports,
) {
    let source = path.to_string();
    let Some(fields) = Fields::of(&source, json, &mut imports.notes) else { return };
    if fields.has("pretrained_cfg") || (fields.has("architecture") && fields.has("num_classes")) {
        timm::import(&fields, facts, imports);
    } else {
        if imports.labels.is_none() {
            imports.labels = labels(&fields);
        }
        if imports.outputs.is_empty() {
            imports.outputs.extend(output(&fields, project));
        }
    }
    imports.notes.extend(fields.take_notes());
}

/// `id2label`, else `label2id` the other way round.
fn labels(fields: &Fields<'_>) -> Option<ImportedLabels> {
    let file = fields.file();
    let (key, names) = if let Some(map) = object(fields, "id2label") {
        ("id2label", by_index(map))
    } else {
        ("label2id", by_label(object(fields, "label2id")?))
    };
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        fields.note(format!(
            "`{file}`: `{key}` does not give every index from 0 a label; it was not used"
        ));
        return None;
    };
    if names.iter().enumerate().all(|(index, name)| *name == format!("LABEL_{index}")) {
        fields.note(format!(
            "`{file}`: `{key}` has only placeholders (LABEL_0, …), which are no labels"
        ));
        return None;
    }
    if let Some(count) = fields.length("num_labels").filter(|count| *count as usize != names.len())
    {
        fields.note(format!("`{file}`: `num_labels` is {count}, but `{key}` has {}", names.len()));
    }
    Some(ImportedLabels { names, source: format!("{key} of {file}") })
}

fn object<'j>(fields: &Fields<'j>, key: &str) -> Option<&'j Map<String, Json>> {
    fields.object(key)?; // notes a wrong type
    fields.get(key)?.as_object()
}

fn by_index(map: &Map<String, Json>) -> Option<Vec<String>> {
    let entry = |index: usize| Some(map.get(&index.to_string())?.as_str()?.to_owned());
    (map.len() <= MAX_LABELS).then(|| (0..map.len()).map(entry).collect()).flatten()
}

fn by_label(map: &Map<String, Json>) -> Option<Vec<String>> {
    if map.len() > MAX_LABELS {
        return None;
    }
    let mut names = vec![None; map.len()];
    for (name, index) in map {
        let index = usize::try_from(index.as_u64()?).ok()?;
        *names.get_mut(index)? = Some(name.clone());
    }
    names.into_iter().collect()
}

/// What the output means, by the model's class.
fn output(fields: &Fields<'_>, project: &Project<'_>) -> Option<ImportedOutput> {
    let word = fields.list("architectures")?.first()?.as_str()?;
    let task = word.split_once("For").map_or("", |(_, task)| task);
    let (kind, steps) = match task {
        "ImageClassification"
        | "SequenceClassification"
        | "AudioClassification"
        | "VideoClassification"
        | "ImageClassificationWithTeacher" => classification(fields)?,
        "TokenClassification" => (OutputKind::Tokens, vec![softmax("a label per token")]),
        "SemanticSegmentation" | "UniversalSegmentation" if task == "SemanticSegmentation" => {
            let why = "the class of each pixel; raising it to the image's size first is not done";
            (OutputKind::Mask, vec![Line::guess("{ op = \"argmax\", axis = 1 }", why)])
        }
        "ObjectDetection" => return Some(detection(fields, word)),
        "CTC" => speech(fields, project)?,
        _ => return None,
    };
    Some(ImportedOutput {
        source: fields.file().to_owned(),
        kind,
        kind_guess: Some(format!("{} of `architectures`", super::short(word))),
        tensor: Some("logits".to_owned()),
        roles: Vec::new(),
        steps,
        restore: false,
    })
}

fn softmax(why: &str) -> Line {
    Line::guess("{ op = \"softmax\", axis = -1 }", why)
}

fn classification(fields: &Fields<'_>) -> Option<(OutputKind, Vec<Line>)> {
    let softmax = "{ op = \"softmax\", axis = -1 }";
    let steps = match fields.text("problem_type").as_deref() {
        Some("multi_label_classification") => vec![
            Line::read("{ op = \"sigmoid\" }"),
            Line::guess("{ op = \"threshold\", value = 0.5 }", "no file says from which score on"),
        ],
        Some("single_label_classification") => vec![Line::read(softmax)],
        Some("regression") => return None,
        _ => {
            vec![Line::guess(softmax, "no `problem_type`; a sigmoid if classes can occur together")]
        }
    };
    Some((OutputKind::Labels, steps))
}

/// Boxes of DETR and its kin.
fn detection(fields: &Fields<'_>, word: &str) -> ImportedOutput {
    let softmax =
        ["DetrFor", "YolosFor", "TableTransformerFor"].iter().any(|name| word.starts_with(name));
    let (activation, background) = if softmax { ("softmax", true) } else { ("sigmoid", false) };
    let text = format!(
        "{{ op = \"decode_boxes\", format = \"cxcywh\", unit = \"relative\", transposed = false, \
         objectness = false, activation = \"{activation}\", background = {background}, score = 0.5 }}"
    );
    ImportedOutput {
        source: fields.file().to_owned(),
        kind: OutputKind::Boxes,
        kind_guess: Some(format!("{} of `architectures`", super::short(word))),
        tensor: Some("pred_boxes".to_owned()),
        roles: vec![("boxes", "pred_boxes".to_owned()), ("scores", "logits".to_owned())],
        steps: vec![Line::guess(text, "as `post_process_object_detection`, from a score of 0.5")],
        restore: true,
    }
}

/// Greedy decoding, where there is a tokenizer to name the ids.
fn speech(fields: &Fields<'_>, project: &Project<'_>) -> Option<(OutputKind, Vec<Line>)> {
    let blank = fields.get("pad_token_id").and_then(Json::as_u64);
    let text = format!("{{ op = \"ctc_greedy\", blank = {} }}", blank.unwrap_or(0));
    let decode = match blank {
        Some(_) => Line::read(text),
        None => Line::guess(text, "the default of `pad_token_id`"),
    };
    let Some(tokenizer) = project.find(&["tokenizer.json"]) else {
        fields.note("an output of CTC needs a `tokenizer.json` to become text: save one with `save_pretrained`");
        return None;
    };
    let file = quote(tokenizer.as_str());
    let text = format!("{{ op = \"detokenize\", file = {file}, skip_special_tokens = true }}");
    Some((OutputKind::Text, vec![decode, Line::guess(text, "the tokenizer beside the model")]))
}
