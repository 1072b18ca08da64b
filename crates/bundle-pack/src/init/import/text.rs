//! `tokenizer.json`, `tokenizer_config.json` and what sentence-transformers saves beside them.
//!
//! Whether texts are cut and filled is said when a tokenizer is called, and is in no file;
//! so both are guesses, unless sentence-transformers wrote down the length.

use bundle_manifest::{ArtifactPath, InputKind, toml_text::quote};
use bundle_run::OnnxReport;
use serde::Deserialize;

use super::{ImportedInput, Imports, Line, MAX_TOKENIZER, Project, fields::Fields};

/// A `model_max_length` from here on means "none": the library writes 10^30.
const NO_LENGTH: f64 = 1e6;

/// The part of a `tokenizer.json` that is not the tokenizer itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Saved {
    truncation: Option<SavedTruncation>,
    padding: Option<SavedPadding>,
    added_tokens: Vec<AddedToken>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SavedTruncation {
    max_length: Option<u32>,
    direction: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SavedPadding {
    strategy: serde_json::Value,
    direction: Option<String>,
    pad_id: Option<u32>,
    pad_token: Option<String>,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

/// What the files beside the tokenizer say.
#[derive(Default)]
struct Settings {
    model_max_length: Option<u32>,
    padding_side: Option<String>,
    truncation_side: Option<String>,
    pad_token: Option<String>,
    /// Of sentence-transformers: tokens, and whether texts are lowercased first.
    max_seq_length: Option<u32>,
    do_lower_case: bool,
}

/// The text input, where there is a tokenizer.
pub(super) fn of_project(
    project: &Project<'_>,
    report: Option<&OnnxReport>,
    imports: &mut Imports,
) {
    let Some(path) = project.find(&["tokenizer.json"]).cloned() else {
        if let Some(path) = project.find(&["vocab.txt", "spiece.model", "sentencepiece.bpe.model"])
        {
            imports.notes.push(format!(
                "`{path}` is a vocabulary without its rules: save a `tokenizer.json` with \
                 `AutoTokenizer.from_pretrained(…).save_pretrained(…)`"
            ));
        }
        return;
    };
    let saved = match project
        .files
        .read(&path, MAX_TOKENIZER)
        .map(|bytes| serde_json::from_slice(&bytes))
    {
        Ok(Ok(saved)) => saved,
        Ok(Err(error)) => {
            imports.notes.push(format!("`{path}` is no tokenizer: {error}"));
            return;
        }
        Err(error) => {
            imports.notes.push(format!("`{path}` cannot be read: {error}"));
            return;
        }
    };
    let settings = Settings::of(project, &mut imports.notes);
    let fixed = report.and_then(fixed_length);
    let steps = steps(&path, &saved, &settings, fixed);
    imports.notes.push(format!(
        "`{path}`: how texts are cut and filled is said when a tokenizer is called: compare `tokenize` with your call"
    ));
    imports.inputs.push(ImportedInput {
        source: path.to_string(),
        kind: InputKind::Text,
        tensor: None,
        steps,
    });
}

/// The length that the network's ids must have.
fn fixed_length(report: &OnnxReport) -> Option<u32> {
    let ids = report.inputs.iter().find(|input| input.name == "input_ids")?;
    let [_, Ok(length)] = ids.shape.as_deref()? else { return None };
    u32::try_from(*length).ok().filter(|length| *length > 0)
}

impl Settings {
    fn of(project: &Project<'_>, notes: &mut Vec<String>) -> Self {
        let mut settings = Self::default();
        if let Some((path, json)) = project.json(&["tokenizer_config.json"], notes)
            && let Some(fields) = Fields::of(path.as_str(), &json, notes)
        {
            settings.model_max_length = fields.number("model_max_length").and_then(tokens);
            settings.padding_side = fields.text("padding_side");
            settings.truncation_side = fields.text("truncation_side");
            settings.pad_token = token(&fields);
            notes.extend(fields.take_notes());
        }
        if settings.pad_token.is_none()
            && let Some((path, json)) = project.json(&["special_tokens_map.json"], notes)
            && let Some(fields) = Fields::of(path.as_str(), &json, notes)
        {
            settings.pad_token = token(&fields);
            notes.extend(fields.take_notes());
        }
        if let Some((path, json)) = project.json(&["sentence_bert_config.json"], notes)
            && let Some(fields) = Fields::of(path.as_str(), &json, notes)
        {
            settings.max_seq_length = fields.length("max_seq_length");
            settings.do_lower_case = fields.bool("do_lower_case").unwrap_or(false);
            notes.extend(fields.take_notes());
        }
        settings
    }
}

/// A length below "none".
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be from 1 to a million"
)]
fn tokens(length: f64) -> Option<u32> {
    (1.0..NO_LENGTH).contains(&length).then_some(length as u32)
}

/// `pad_token`, a text or an object with `content`.
fn token(fields: &Fields<'_>) -> Option<String> {
    match fields.get("pad_token")? {
        value if value.is_object() => fields.object("pad_token")?.text("content"),
        _ => fields.text("pad_token"),
    }
}

fn steps(path: &ArtifactPath, saved: &Saved, settings: &Settings, fixed: Option<u32>) -> Vec<Line> {
    let mut why = vec!["`add_special_tokens` is the default of a call".to_owned()];
    let truncation = truncation(saved, settings, fixed, &mut why);
    let padding = padding(saved, settings, fixed, &mut why);
    let file = quote(path.as_str());
    let text = format!(
        "{{ op = \"tokenize\", file = {file}, add_special_tokens = true{truncation}{padding} }}"
    );
    let lowercase = settings.do_lower_case.then(|| Line::read("{ op = \"lowercase\" }"));
    lowercase.into_iter().chain([Line::doubted(text, &why)]).collect()
}

fn truncation(
    saved: &Saved,
    settings: &Settings,
    fixed: Option<u32>,
    why: &mut Vec<String>,
) -> String {
    let stored = saved.truncation.as_ref();
    let stored_length = stored.and_then(|stored| stored.max_length).filter(|length| *length > 0);
    let length = if let Some(length) = settings.max_seq_length {
        why.push("cut at `max_seq_length` of sentence_bert_config.json".to_owned());
        length
    } else if let Some(length) = fixed {
        why.push("cut at the length that the network takes".to_owned());
        length
    } else if let Some(length) = stored_length {
        why.push("cut as tokenizer.json was saved; a call says so again".to_owned());
        length
    } else if let Some(length) = settings.model_max_length {
        why.push("cut at `model_max_length` if the call says `truncation=True`".to_owned());
        length
    } else {
        why.push("not cut".to_owned());
        return String::new();
    };
    let side = settings
        .truncation_side
        .as_deref()
        .or(stored.and_then(|stored| stored.direction.as_deref()));
    let side = match side {
        Some(side) if side.eq_ignore_ascii_case("left") => ", side = \"left\"",
        _ => "",
    };
    format!(", truncation = {{ max_length = {length}{side} }}")
}

fn padding(
    saved: &Saved,
    settings: &Settings,
    fixed: Option<u32>,
    why: &mut Vec<String>,
) -> String {
    let stored = saved.padding.as_ref();
    let stored_length = stored.and_then(|stored| stored.strategy.get("Fixed")?.as_u64());
    let length = if let Some(length) = fixed {
        why.push("filled to the length that the network takes".to_owned());
        u64::from(length)
    } else if let Some(length) = stored_length.filter(|length| (1..=1_000_000).contains(length)) {
        why.push("filled as tokenizer.json was saved; a call says so again".to_owned());
        length
    } else {
        why.push("one text is not filled".to_owned());
        return String::new();
    };
    let side =
        settings.padding_side.as_deref().or(stored.and_then(|stored| stored.direction.as_deref()));
    let side = match side {
        Some(side) if side.eq_ignore_ascii_case("left") => "left",
        Some(_) => "right",
        None => {
            why.push("filled on the right by default".to_owned());
            "right"
        }
    };
    let name = settings.pad_token.clone().or(stored.and_then(|stored| stored.pad_token.clone()));
    let added = name
        .as_ref()
        .and_then(|name| saved.added_tokens.iter().find(|token| token.content == *name));
    let id = added
        .map(|token| token.id)
        .or(stored.and_then(|stored| stored.pad_id))
        .unwrap_or_else(|| {
            why.push("no file says which id fills".to_owned());
            0
        });
    let name = name.map(|name| format!(", pad_token = {}", quote(&name))).unwrap_or_default();
    format!(", padding = {{ length = {length}, side = \"{side}\", pad_id = {id}{name} }}")
}
