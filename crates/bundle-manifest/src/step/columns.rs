//! Parameters of the table steps.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use crate::{
    Dtype,
    tree::{Definitions, FromToml, Node, table, words},
};

words! {
    /// What an unlisted category does.
    pub enum UnknownCategory ("category rule") {
        /// The row is refused.
        Error = "error",
        /// All its columns are 0.
        Ignore = "ignore",
    }
}

words! {
    /// What becomes of a last, shorter window of a series.
    pub enum WindowTail ("tail rule") {
        /// Filled with zeros.
        Pad = "pad",
        /// Left out.
        Drop = "drop",
    }
}

words! {
    /// The type of a column.
    pub enum ColumnKind ("column type") {
        /// A number, read as float64.
        Number = "number",
        /// One of a list of texts.
        Category = "category",
    }
}

table! {
    /// A column of a table input.
    pub struct Column {
        /// Its name in the header line; where none is equal, spaces around either name make
        /// no difference.
        name: String,
        /// What its cells are.
        kind: ColumnKind,
        /// The element type in which a `number` column is published by its name. Absent:
        /// `float64`. A step that scales a column of integers makes it `float64`.
        dtype: Option<Dtype>,
        /// The unit, for people.
        unit: Option<String>,
        /// What it means, for people.
        description: Option<String>,
        /// The smallest and largest value the author vouches for.
        range: Option<[f64; 2]>,
        /// The categories of a `category` column, where they are required.
        categories: Option<Vec<String>>,
    }
}

/// A cell of a table: a number or a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A finite number.
    Number(f64),
    /// A category.
    Text(String),
}

impl FromToml for Cell {
    fn read(node: &Node<'_>) -> Option<Self> {
        match node.value() {
            DeValue::String(text) => Some(Self::Text(text.to_string())),
            DeValue::Float(_) | DeValue::Integer(_) => f64::read(node).map(Self::Number),
            _ => node.wrong_type("a number or a string"),
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "title": "number or text", "type": ["number", "string"] })
    }
}
