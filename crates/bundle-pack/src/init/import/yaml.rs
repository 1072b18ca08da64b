//! YAML as a JSON value: the core schema, one document, no aliases. Read event by event, so
//! that depth and size are bounded before anything grows.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value as Json};

/// Levels of nesting.
const MAX_DEPTH: usize = 64;
/// Values and keys of a document.
const MAX_NODES: usize = 500_000;

/// A list or a map that is not closed yet.
enum Open {
    List(Vec<Json>),
    Map { map: Map<String, Json>, key: Option<String> },
}

/// The first document of a text.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut nodes = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let line = span.start.line();
        nodes += 1;
        if nodes > MAX_NODES || open.len() > MAX_DEPTH {
            return Err(format!("line {line}: more than {MAX_NODES} values or {MAX_DEPTH} levels"));
        }
        let value = match event {
            Event::Scalar(text, style, ..) => scalar(&text, style),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map { map: Map::new(), key: None });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(list)) => Json::Array(list),
                Some(Open::Map { map, .. }) => Json::Object(map),
                None => return Err(format!("line {line}: an end without a start")),
            },
            Event::Alias(_) => return Err(format!("line {line}: aliases are not read")),
            Event::DocumentEnd | Event::StreamEnd => break,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => continue,
        };
        match open.last_mut() {
            None => return Ok(value),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map { map, key }) => match key.take() {
                Some(key) => {
                    map.insert(key, value);
                }
                None => {
                    *key = Some(
                        key_of(&value).ok_or_else(|| format!("line {line}: a key is no text"))?,
                    );
                }
            },
        }
    }
    Err("the document is empty".to_owned())
}

fn key_of(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A plain scalar may be something else than a text.
fn scalar(text: &str, style: ScalarStyle) -> Json {
    if style != ScalarStyle::Plain {
        return Json::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        _ => number(text).map_or_else(|| Json::String(text.to_owned()), Json::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    if !text.chars().all(plain) || !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    Number::from_f64(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_core_schema_is_read() {
        let text = "---\na: 1\nb: [x, 'true', true, 1.5, -2e-3, ~]\nc:\n  d: |\n    two\n    lines\n  1: {}\n\
            e: 0.5.0\n";
        let expected = json!({
            "a": 1, "b": ["x", "true", true, 1.5, -0.002, null],
            "c": { "d": "two\nlines\n", "1": {} }, "e": "0.5.0",
        });
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn hostile_documents_are_errors() {
        for text in ["", "a: *b", "a: [", "[a]: {b", "? {x: 1}\n: 2"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse("a: &x [1]\nb: *x").is_err());
    }
}
