//! The networks of a bundle: files, fixed inputs, dimensions, states.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use crate::{
    ArtifactPath, EntryName, Expectation,
    tree::{Definitions, FromToml, Node, table, words},
};

/// The networks of a bundle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Models {
    /// By the author's name.
    pub by_name: BTreeMap<EntryName, Model>,
    /// Why there is none, where there is none.
    pub why: Option<String>,
}

impl FromToml for Models {
    fn read(node: &Node<'_>) -> Option<Self> {
        let mut models = Self::default();
        let mut whole = true;
        for entry in node.entries()? {
            if entry.key() == "why" {
                models.why = String::read(&entry.value);
                whole &= models.why.is_some();
                continue;
            }
            match (entry.parse_key(), Model::read(&entry.value)) {
                (Some(name), Some(model)) => drop(models.by_name.insert(name, model)),
                _ => whole = false,
            }
        }
        if whole && models.by_name.is_empty() && models.why.is_none() {
            node.report_with(
                "`models` has neither a model nor a `why`",
                Some(
                    "add `onnx = \"…\"` under `[models.NAME]`, or `why = \"…\"` under `[models]`"
                        .to_owned(),
                ),
            );
            return None;
        }
        whole.then_some(models)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        definitions.refer("Models", |definitions| {
            json!({
                "type": "object",
                "description": "The networks, each under a name of the author's choice, or `why` there is none.\n\n\
                    ```toml\n[models]\nwhy = \"the weights are trained on records that may not leave the hospital\"\n```",
                "properties": { "why": {
                    "type": "string",
                    "description": "Why there is no network, in a sentence. A bundle without one is packed and judged for completeness.",
                } },
                "propertyNames": EntryName::schema(definitions),
                "additionalProperties": Model::schema(definitions),
                "minProperties": 1,
            })
        })
    }
}

table! {
    /// A network.
    ///
    /// ```toml
    /// [models.vad]
    /// onnx = "export/vad.onnx"
    /// constants = { sr = 16000 }
    /// dims = { batch = "batch", samples = { multiple_of = 256, min = 512, max = 512 } }
    /// ```
    pub struct Model {
        /// The ONNX file. Its external data is packed with it.
        onnx: ArtifactPath,
        /// ONNX inputs that always have this value, by name. Numbers and nested
        /// arrays take the element type of the ONNX input.
        constants: BTreeMap<String, Constant> = BTreeMap::new(),
        /// What is known of symbolic dimensions, by their ONNX name: a length, a
        /// range of lengths, or a role.
        dims: BTreeMap<String, Dim> = BTreeMap::new(),
        /// Outputs that the next call gets as inputs.
        states: Vec<State> = Vec::new(),
    }
}

/// The value of an ONNX input that is fixed, as TOML numbers or nested arrays.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// One more axis; all elements have the same shape.
    Array(Vec<Self>),
}

/// Nesting of a constant: axes of its tensor.
const MAX_CONSTANT_AXES: usize = 8;

impl FromToml for Constant {
    fn read(node: &Node<'_>) -> Option<Self> {
        fn read_axes(node: &Node<'_>, axes: usize) -> Option<Constant> {
            match node.value() {
                DeValue::Boolean(value) => Some(Constant::Bool(*value)),
                DeValue::Integer(_) => node.integer().map(Constant::Integer),
                DeValue::Float(_) => f64::read(node).map(Constant::Number),
                DeValue::Array(_) if axes < MAX_CONSTANT_AXES => {
                    let elements = node.elements()?;
                    let read: Vec<_> =
                        elements.iter().map(|element| read_axes(element, axes + 1)).collect();
                    read.into_iter().collect::<Option<_>>().map(Constant::Array)
                }
                DeValue::Array(_) => {
                    node.report(format!("a constant has at most {MAX_CONSTANT_AXES} axes"));
                    None
                }
                _ => node.wrong_type("a number, a boolean or an array of them"),
            }
        }
        read_axes(node, 0)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        definitions.refer("Constant", |_| {
            json!({
                "title": "number, boolean or nested arrays of them",
                "anyOf": [
                    { "type": ["boolean", "number"] },
                    { "type": "array", "items": { "$ref": "#/$defs/Constant" } },
                ],
            })
        })
    }
}

words! {
    /// The meaning of a symbolic dimension.
    pub enum DimRole ("dimension role") {
        /// Independent samples.
        Batch = "batch",
        /// Steps of a sequence.
        Sequence = "sequence",
    }
}

table! {
    /// The lengths that a symbolic dimension may have.
    ///
    /// ```toml
    /// [models.segmenter]
    /// onnx = "unet.onnx"
    /// dims = { H = { multiple_of = 32, min = 32 }, W = { multiple_of = 32, min = 32 } }
    /// ```
    #[derive(Copy)]
    pub struct DimRange {
        /// A whole multiple of this.
        multiple_of: u32 = 1,
        /// At least this.
        min: u32 = 1,
        /// At most this.
        max: Option<u32>,
    }
}

/// What is known of a symbolic dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dim {
    /// What it means.
    Role(DimRole),
    /// Always this length.
    Fixed(u32),
    /// Which lengths it may have.
    Range(DimRange),
}

impl FromToml for Dim {
    fn read(node: &Node<'_>) -> Option<Self> {
        match node.value() {
            DeValue::String(_) => DimRole::read(node).map(Self::Role),
            DeValue::Integer(_) => u32::read(node).map(Self::Fixed),
            DeValue::Table(_) => DimRange::read(node).map(Self::Range),
            _ => node.wrong_type("a length, a range of lengths or a role"),
        }
    }

    fn schema(definitions: &mut Definitions) -> Json {
        let (role, length) = (DimRole::schema(definitions), u32::schema(definitions));
        json!({ "anyOf": [length, DimRange::schema(definitions), role] })
    }
}

table! {
    /// A recurrent state: an output that the next call gets as an input. The
    /// first call gets `init`.
    ///
    /// ```toml
    /// [[models.vad.states]]
    /// input = "h"
    /// output = "hn"
    /// init = "zeros"
    /// ```
    pub struct State {
        /// The ONNX input.
        input: String,
        /// The ONNX output.
        output: String,
        /// Its value before the first call: `"zeros"`, in the shape of the ONNX
        /// input, or an NPY file.
        init: StateInit,
    }
}

/// The first value of a state.
#[derive(Clone, Debug, PartialEq)]
pub enum StateInit {
    /// All zeros, in the shape of the ONNX input.
    Zeros,
    /// An NPY file.
    File(ArtifactPath),
}

impl FromToml for StateInit {
    fn read(node: &Node<'_>) -> Option<Self> {
        match node.value() {
            DeValue::String(text) if text == "zeros" => Some(Self::Zeros),
            DeValue::Table(_) => Expectation::read(node).map(|file| Self::File(file.file)),
            _ => node.wrong_type("`\"zeros\"` or `{ file = \"….npy\" }`"),
        }
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "anyOf": [{ "const": "zeros" }, Expectation::schema(definitions)] })
    }
}
