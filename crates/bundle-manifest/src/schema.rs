//! The JSON Schema of `bundle.toml`, made from the same declarations as its reader.

use serde_json::{Value as Json, json};

use crate::{
    Manifest, VenuePolicy,
    tree::{Definitions, FromToml as _},
};

/// The JSON Schema (draft 2020-12) of `bundle.toml`: editors complete and check
/// the file with it. It accepts every valid file; how entries must fit each other
/// is checked by [`Manifest::from_toml`] alone.
pub fn manifest_schema() -> Json {
    let mut definitions = Definitions::default();
    let root = Manifest::schema(&mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://bundle-ml.github.io/schemas/bundle.schema.json",
        "title": "bundle.toml, format 1",
        "$ref": root["$ref"],
        "$defs": definitions.0,
    })
}

/// The JSON Schema (draft 2020-12) of a venue's policy. Which rules there are, and what
/// each of them may be, is checked by [`VenuePolicy::from_toml`] alone.
pub fn policy_schema() -> Json {
    let mut definitions = Definitions::default();
    let root = VenuePolicy::schema(&mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://bundle-ml.github.io/schemas/policy.schema.json",
        "title": "A venue's policy, format 1",
        "$ref": root["$ref"],
        "$defs": definitions.0,
    })
}
