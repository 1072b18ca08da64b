//! Recorded examples: what went in, and what the author's framework gave.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use crate::{
    ArtifactPath, EntryName,
    tree::{Definitions, Entry, FromToml, Node, one_key_table, table, words},
};

words! {
    /// How an example was chosen.
    pub enum Origin ("origin") {
        /// By the seeded draw from a data split.
        Drawn = "drawn",
        /// By the author.
        Picked = "picked",
        /// Because the model fails on it.
        Failure = "failure",
        /// Because a user flagged it.
        Flagged = "flagged",
    }
}

table! {
    /// A recorded example. `bundle check` runs it again and compares.
    ///
    /// ```toml
    /// [[examples]]
    /// name = "moderate-01"
    /// inputs = { photograph = { file = "examples/moderate-01.jpg" } }
    /// expect = { grade = { file = "examples/moderate-01.grade.npy" } }
    /// stages = "examples/moderate-01.stages.npz"
    /// recorded_with = "torch 2.5.1, torchvision 0.20.1, pillow 11.0"
    /// origin = "drawn"
    /// truth = { grade = "moderate" }
    /// ```
    pub struct Example {
        /// What a person sees.
        name: EntryName,
        /// The inputs, by name: a file or a value each.
        inputs: BTreeMap<EntryName, ExampleInput>,
        /// What the author's framework gave, by output, after the output's steps.
        expect: BTreeMap<EntryName, Expectation> = BTreeMap::new(),
        /// An NPZ file of values along the way: `INPUT/0`, `INPUT/1`, … after each
        /// step, `INPUT/value` at the end, `@ONNX_OUTPUT` from the network.
        stages: Option<ArtifactPath>,
        /// The programs that recorded it, with versions; `bundle` when it recorded itself.
        recorded_with: Option<String>,
        /// How it was chosen.
        origin: Option<Origin>,
        /// The true answer, by output, in the output's own words.
        truth: BTreeMap<EntryName, String> = BTreeMap::new(),
    }
}

table! {
    /// An array in a file.
    pub struct Expectation {
        /// An NPY file.
        file: ArtifactPath,
    }
}

/// An input of an example.
#[derive(Clone, Debug, PartialEq)]
pub enum ExampleInput {
    /// A file.
    File(ArtifactPath),
    /// A text, a number, an array, or one row of a table by column.
    Value(Json),
}

impl ExampleInput {
    /// The file, if it is one.
    pub const fn file(&self) -> Option<&ArtifactPath> {
        match self {
            Self::File(path) => Some(path),
            Self::Value(_) => None,
        }
    }
}

table! {
    /// The keys of an [`ExampleInput`], before their combination is judged.
    struct ExampleInputKeys {
        /// A file.
        file: Option<ArtifactPath>,
        /// A value.
        value: Option<JsonValue>,
    }
}

const INPUT_FORMS: &str = "`{ file = … }` or `{ value = … }`";

impl FromToml for ExampleInput {
    fn read(node: &Node<'_>) -> Option<Self> {
        if !node.is_table() {
            return node.wrong_type(INPUT_FORMS);
        }
        match ExampleInputKeys::read(node)? {
            ExampleInputKeys { file: Some(file), value: None } => Some(Self::File(file)),
            ExampleInputKeys { file: None, value: Some(value) } => Some(Self::Value(value.0)),
            ExampleInputKeys { .. } => node.wrong_type(INPUT_FORMS),
        }
    }

    fn schema(definitions: &mut Definitions) -> Json {
        definitions.refer("ExampleInput", |definitions| {
            let (file, value) = (ArtifactPath::schema(definitions), JsonValue::schema(definitions));
            json!({ "oneOf": [
                one_key_table("file", "A file.", file),
                one_key_table("value", "A text, a number, an array, or one row of a table by column.", value),
            ] })
        })
    }
}

/// A TOML value that is also a JSON value.
#[derive(Clone, Debug, PartialEq)]
struct JsonValue(Json);

impl FromToml for JsonValue {
    fn read(node: &Node<'_>) -> Option<Self> {
        let json = match node.value() {
            DeValue::String(text) => Json::from(text.as_ref()),
            DeValue::Integer(_) => Json::from(node.integer()?),
            DeValue::Float(_) => Json::from(f64::read(node)?),
            DeValue::Boolean(value) => Json::from(*value),
            DeValue::Datetime(_) => {
                return node.wrong_type("a text, a number, a boolean, an array or a table");
            }
            DeValue::Array(_) => {
                let read = |element: &Node<'_>| Self::read(element).map(|json| json.0);
                node.elements()?.iter().map(read).collect::<Option<Vec<_>>>()?.into()
            }
            DeValue::Table(_) => {
                let read =
                    |entry: &Entry<'_>| Some((entry.key().to_owned(), Self::read(&entry.value)?.0));
                Json::Object(node.entries()?.iter().map(read).collect::<Option<_>>()?)
            }
        };
        Some(Self(json))
    }

    fn schema(definitions: &mut Definitions) -> Json {
        definitions.refer("JsonValue", |_| {
            json!({
                "title": "value",
                "anyOf": [
                    { "type": ["string", "boolean", "number"] },
                    { "type": "array", "items": { "$ref": "#/$defs/JsonValue" } },
                    { "type": "object", "additionalProperties": { "$ref": "#/$defs/JsonValue" } },
                ],
            })
        })
    }
}
