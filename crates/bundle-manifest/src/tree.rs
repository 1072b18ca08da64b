//! The spanned TOML tree, and types that are read from it.
//!
//! serde loses positions inside tagged enums, so the types read themselves:
//! [`table!`] and [`words!`] declare a type once and give it its reader and its
//! JSON Schema. A reader goes on after a problem, so one run reports them all.

mod declare;
mod depth;
mod node;
mod schema;
mod values;

pub(crate) use declare::{default, key, table, words};
pub(crate) use node::{Document, Entry, Node, count, escape, list, nearest, quote};
pub(crate) use schema::{Definitions, ObjectSchema, doc, one_key_table};

use serde_json::Value as Json;

/// A type that is read from a TOML value and describes itself as JSON Schema.
pub(crate) trait FromToml: Sized {
    /// The value at `node`, or `None` after reporting to the node why not.
    fn read(node: &Node<'_>) -> Option<Self>;

    /// What stands for a key that is not there; `None` makes the key required.
    fn absent() -> Option<Self> {
        None
    }

    /// The JSON Schema of the values that [`FromToml::read`] takes.
    fn schema(definitions: &mut Definitions) -> Json;

    /// The value as JSON, where a default of this type is worth showing.
    fn shown(&self) -> Option<Json> {
        None
    }
}
