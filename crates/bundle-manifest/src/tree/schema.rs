//! JSON Schema of the types that are read from the tree.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::FromToml;

/// Named schemas, referred to as `#/$defs/Name`.
#[derive(Debug, Default)]
pub(crate) struct Definitions(pub(crate) BTreeMap<&'static str, Json>);

impl Definitions {
    /// A reference to `name`, which `build` describes the first time.
    pub(crate) fn refer(
        &mut self,
        name: &'static str,
        build: impl FnOnce(&mut Self) -> Json,
    ) -> Json {
        if !self.0.contains_key(name) {
            self.0.insert(name, Json::Null); // a placeholder, so that a cycle ends here
            let schema = build(self);
            self.0.insert(name, schema);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}

/// A schema of a table under construction.
pub(crate) struct ObjectSchema<'d> {
    definitions: &'d mut Definitions,
    description: String,
    properties: serde_json::Map<String, Json>,
    required: Vec<&'static str>,
}

impl<'d> ObjectSchema<'d> {
    pub(crate) fn new(definitions: &'d mut Definitions, docs: &[&str]) -> Self {
        let (properties, required) = (serde_json::Map::new(), Vec::new());
        Self { definitions, description: doc(docs), properties, required }
    }

    pub(crate) fn property<T: FromToml>(
        &mut self,
        key: &'static str,
        docs: &[&str],
        default: Option<fn() -> T>,
    ) {
        let mut schema = T::schema(self.definitions);
        if let Some(object) = schema.as_object_mut() {
            // Beside a `$ref`, both hold: draft 2020-12 applies siblings.
            object.insert("description".to_owned(), doc(docs).into());
            if let Some(default) = default.and_then(|default| default().shown()) {
                object.insert("default".to_owned(), default);
            }
        }
        self.properties.insert(key.to_owned(), schema);
        if default.is_none() && T::absent().is_none() {
            self.required.push(key);
        }
    }

    /// Puts a key with one fixed value first (`op` of a step).
    pub(crate) fn tag(&mut self, key: &'static str, value: &str) {
        let others = std::mem::take(&mut self.properties);
        self.properties.insert(key.to_owned(), json!({ "const": value }));
        self.properties.extend(others);
        self.required.insert(0, key);
    }

    pub(crate) fn to_json(&self) -> Json {
        json!({
            "type": "object",
            "description": self.description,
            "properties": self.properties,
            "required": self.required,
            "additionalProperties": false,
        })
    }
}

/// The schema of a table with exactly one key: one of several ways to say a thing.
pub(crate) fn one_key_table(key: &str, description: &str, mut schema: Json) -> Json {
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".to_owned(), description.into());
    }
    json!({
        "type": "object",
        "properties": { key: schema },
        "required": [key],
        "additionalProperties": false,
    })
}

/// Doc comment lines as Markdown for an editor: paragraphs on one line each,
/// code blocks as they are, links to Rust items as plain code.
pub(crate) fn doc(lines: &[&str]) -> String {
    let mut text = String::new();
    let (mut in_code, mut in_paragraph) = (false, false);
    for line in lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)) {
        let fence = line.starts_with("```");
        let prose = !in_code && !fence && !line.is_empty();
        if !text.is_empty() {
            text.push(if prose && in_paragraph { ' ' } else { '\n' });
        }
        text.push_str(line);
        in_code ^= fence;
        in_paragraph = prose;
    }
    text.replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::doc;

    #[test]
    fn paragraphs_are_joined_and_code_is_kept() {
        let lines = [
            " One [`Type`]",
            " and two.",
            "",
            " Three.",
            " ```toml",
            " a = [",
            "   1,",
            " ]",
            " ```",
        ];
        assert_eq!(doc(&lines), "One `Type` and two.\n\nThree.\n```toml\na = [\n  1,\n]\n```");
    }
}
