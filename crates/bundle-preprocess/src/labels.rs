//! What the indices of a class axis mean.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// More labels than any vocabulary has.
const MAX_LABELS: usize = 1_000_000;

/// Labels by class index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMap {
    /// By index.
    pub names: Vec<String>,
}

/// Why a text is not a label map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LabelMapError {
    /// What is wrong.
    pub message: String,
}

impl LabelMapError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl LabelMap {
    /// A label a line; or a JSON array of texts; or a JSON object from index to label (dense from 0).
    ///
    /// The line's end is the only thing cut off: a space is a label in character
    /// recognition. Empty lines at the end are none; an empty line before that, or an
    /// empty text in JSON, is an error. Two classes may have the same label.
    pub fn parse(text: &str) -> Result<Self, LabelMapError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let names = match text.trim_start().chars().next() {
            None => return Err(LabelMapError::new("the label map is empty")),
            Some('[' | '{') => match serde_json::from_str(text) {
                Ok(json) => from_json(json)?,
                Err(_) if is_a_list_of_lines(text) => from_lines(text),
                Err(error) => {
                    return Err(LabelMapError::new(format!("the label map is not JSON: {error}")));
                }
            },
            Some(_) => from_lines(text),
        };
        Self::of(names)
    }

    /// Checks labels that are written in `bundle.toml`.
    pub fn of(names: Vec<String>) -> Result<Self, LabelMapError> {
        if names.is_empty() {
            return Err(LabelMapError::new("the label map is empty"));
        }
        if names.len() > MAX_LABELS {
            return Err(LabelMapError::new(format!(
                "the label map has more than {MAX_LABELS} labels"
            )));
        }
        if let Some(index) = names.iter().position(String::is_empty) {
            return Err(LabelMapError::new(format!(
                "label {index} is empty (labels count from 0)"
            )));
        }
        Ok(Self { names })
    }

    /// Whether the labels say nothing: `LABEL_0`, `LABEL_1` … is what transformers
    /// writes where nobody named the classes. Bare numbers may be names (of digits).
    pub fn is_placeholder(&self) -> bool {
        let mut names = self.names.iter().enumerate();
        names.all(|(index, name)| name.strip_prefix("LABEL_") == Some(&index.to_string()))
    }
}

/// Vocabularies start with lines such as `[PAD]`, which look like JSON.
fn is_a_list_of_lines(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end);
    lines.next().is_some_and(|line| line.ends_with([']', '}'])) && lines.next().is_some()
}

fn from_lines(text: &str) -> Vec<String> {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut names: Vec<String> = lines.map(str::to_owned).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    names
}

fn from_json(json: Json) -> Result<Vec<String>, LabelMapError> {
    match json {
        Json::Array(labels) => {
            labels.into_iter().enumerate().map(|(index, label)| text(index, label)).collect()
        }
        Json::Object(labels) => from_object(labels),
        _ => Err(LabelMapError::new("the label map is neither a JSON array nor an object")),
    }
}

fn from_object(labels: serde_json::Map<String, Json>) -> Result<Vec<String>, LabelMapError> {
    let mut by_index = BTreeMap::new();
    for (key, label) in labels {
        let index = key.parse::<usize>().ok().filter(|index| index.to_string() == key);
        let Some(index) = index else {
            return Err(LabelMapError::new(format!(
                "`{}` is not a class index",
                key.escape_debug()
            )));
        };
        by_index.insert(index, text(index, label)?);
    }
    match by_index.keys().enumerate().find(|(expected, index)| expected != *index) {
        Some((missing, _)) => {
            Err(LabelMapError::new(format!("class index {missing} has no label")))
        }
        None => Ok(by_index.into_values().collect()),
    }
}

fn text(index: usize, label: Json) -> Result<String, LabelMapError> {
    match label {
        Json::String(label) => Ok(label),
        _ => Err(LabelMapError::new(format!("label {index} is not a text"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms_of_the_same_map() {
        let expected = Ok(LabelMap { names: vec!["cat".into(), "dog".into()] });
        for text in [
            "cat\ndog\n",
            "cat\r\ndog\r\n\r\n",
            "\u{feff}cat\ndog",
            r#"["cat", "dog"]"#,
            r#"{"1": "dog", "0": "cat"}"#,
        ] {
            assert_eq!(LabelMap::parse(text), expected, "{text:?}");
        }
        let vocabulary = LabelMap::parse("[PAD]\n[UNK]\n \nthe\n").expect("lines, not JSON");
        assert_eq!(vocabulary.names, ["[PAD]", "[UNK]", " ", "the"]);
    }

    #[test]
    fn what_is_no_map_is_refused() {
        let cases = [
            ("", "the label map is empty"),
            ("\n\n", "the label map is empty"),
            ("[]", "the label map is empty"),
            ("cat\n\ndog", "label 1 is empty (labels count from 0)"),
            (r#"["cat", 1]"#, "label 1 is not a text"),
            (r#"{"0": "cat", "2": "dog"}"#, "class index 1 has no label"),
            (r#"{"cat": 0}"#, "`cat` is not a class index"),
            (r#"{"00": "cat"}"#, "`00` is not a class index"),
        ];
        for (text, message) in cases {
            assert_eq!(LabelMap::parse(text).expect_err(message).message, message, "{text:?}");
        }
        let error = LabelMap::parse("[\"cat\",").expect_err("half a file").message;
        assert!(error.starts_with("the label map is not JSON: "), "{error}");
    }

    #[test]
    fn placeholders_are_known() {
        let map = |names: &[&str]| LabelMap {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        assert!(map(&["LABEL_0", "LABEL_1"]).is_placeholder());
        assert!(!map(&["0", "1"]).is_placeholder());
        assert!(!map(&["LABEL_1", "LABEL_0"]).is_placeholder());
    }
}
