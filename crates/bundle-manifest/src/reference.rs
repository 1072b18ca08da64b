//! The reference of `bundle.toml` for authors, made from its JSON Schema.
//!
//! Every sentence is a doc comment of the type it describes, so the reference,
//! the editor's hover text and the API documentation cannot disagree.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use crate::manifest_schema;

/// The reference of `bundle.toml` as Markdown: every table, key, type, default
/// and step, with examples.
pub fn manifest_reference() -> String {
    let schema = manifest_schema();
    let mut reference =
        Reference { schema: &schema, text: INTRODUCTION.to_owned(), told: Vec::new() };
    reference.tell_root();
    reference.tell_steps();
    reference.text
}

const INTRODUCTION: &str = "\
<!-- Generated from the types of crates/bundle-manifest by `cargo xtask codegen`; edit their doc comments. -->

# `bundle.toml`, format 1

What an author declares about a project. `bundle init` proposes one, `bundle check` measures what it says.

- Paths are relative to this file, with `/` between their parts, and stay below its directory.
- A key that is not listed here is an error, with the nearest key that is.
- A value on which libraries disagree has no silent default: it is required, or an input that needs it is refused.
- An editor that knows JSON Schema completes and checks the file: put `#:schema https://bundle-ml.github.io/schemas/bundle.schema.json` on its first line.
";

struct Reference<'s> {
    schema: &'s Json,
    text: String,
    /// The definitions that have a section or a list already.
    told: Vec<&'s str>,
}

impl<'s> Reference<'s> {
    fn tell_root(&mut self) {
        let root = self.resolve(self.schema);
        self.heading("The top level");
        self.tell_table(root, "");
    }

    fn heading(&mut self, title: &str) {
        let _ = write!(self.text, "\n## {title}\n");
    }

    /// The definition that `schema` refers to, or itself.
    fn resolve(&self, schema: &'s Json) -> &'s Json {
        match definition_name(schema) {
            Some(name) => &self.schema["$defs"][name],
            None => schema,
        }
    }

    /// Description, keys, words of the keys; then each table below, depth first.
    fn tell_table(&mut self, table: &'s Json, path: &str) {
        self.describe(table);
        self.tell_keys(table);
        for (key, schema) in properties(table) {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.tell_below(schema, &path);
        }
        let values = &table["additionalProperties"];
        if values.is_object() {
            self.tell_below(values, &format!("{path}.NAME"));
        }
    }

    /// The sections of the tables that a key's value can hold.
    fn tell_below(&mut self, schema: &'s Json, path: &str) {
        for (table, shape) in self.tables_in(schema) {
            let Some(name) = definition_name(table) else { continue };
            if name == "Step" || self.told.contains(&name) {
                continue;
            }
            self.told.push(name);
            self.heading(&match shape {
                Shape::One => format!("`[{path}]`"),
                Shape::List => format!("`[[{path}]]`"),
                Shape::ByName => format!("`[{path}.NAME]`"),
            });
            let path =
                if shape == Shape::ByName { format!("{path}.NAME") } else { path.to_owned() };
            self.tell_table(self.resolve(table), &path);
        }
    }

    /// The tables that a value may be, may list, or may have under names.
    fn tables_in(&self, schema: &'s Json) -> Vec<(&'s Json, Shape)> {
        let resolved = self.resolve(schema);
        let is_table = |schema: &Json| schema["properties"].is_object();
        if is_table(resolved) {
            return vec![(schema, Shape::One)];
        }
        let (items, values) = (&resolved["items"], &resolved["additionalProperties"]);
        if items.is_object() && is_table(self.resolve(items)) {
            return vec![(items, Shape::List)];
        }
        if values.is_object() {
            let inner = self.tables_in(values);
            return inner.into_iter().map(|(table, _)| (table, Shape::ByName)).collect();
        }
        let forms = resolved["anyOf"].as_array().into_iter().flatten();
        forms.flat_map(|form| self.tables_in(form)).collect()
    }

    fn describe(&mut self, schema: &Json) {
        if let Some(description) = schema["description"].as_str() {
            let _ = write!(self.text, "\n{description}\n");
        }
    }

    fn tell_keys(&mut self, table: &'s Json) {
        let keys: Vec<_> = properties(table).iter().filter(|(key, _)| *key != "op").collect();
        if keys.is_empty() {
            return;
        }
        self.text.push_str("\n| key | value | | |\n|---|---|---|---|\n");
        for (key, schema) in &keys {
            let need = if required(table, key) {
                "required".to_owned()
            } else {
                schema
                    .get("default")
                    .map_or_else(String::new, |default| format!("default `{default}`"))
            };
            let description = schema["description"].as_str().unwrap_or_default();
            let _ = writeln!(
                self.text,
                "| `{key}` | {} | {need} | {description} |",
                self.type_of(schema)
            );
        }
        for (key, schema) in keys {
            self.tell_words(key, schema);
        }
    }

    /// The words that a key takes, the first time they occur.
    fn tell_words(&mut self, key: &str, schema: &'s Json) {
        let mut schemas = vec![schema];
        schemas.extend(schema["anyOf"].as_array().into_iter().flatten());
        schemas.extend(schema.get("items"));
        for schema in schemas {
            let (Some(name), words) = (definition_name(schema), words_of(self.resolve(schema)))
            else {
                continue;
            };
            if words.is_empty() || self.told.contains(&name) {
                continue;
            }
            self.told.push(name);
            let _ = write!(self.text, "\nThe words of `{key}`:\n\n");
            for (word, meaning) in words {
                let _ = writeln!(self.text, "- `{word}`: {meaning}");
            }
        }
    }

    /// The type of a value in the reader's words.
    fn type_of(&self, schema: &Json) -> String {
        let resolved = match definition_name(schema) {
            Some(name) => &self.schema["$defs"][name],
            None => schema,
        };
        if let Some(title) = resolved["title"].as_str() {
            return title.to_owned();
        }
        if definition_name(schema) == Some("Step") {
            return "[step](#steps)".to_owned();
        }
        if let Some(constant) = resolved.get("const") {
            return format!("`{constant}`");
        }
        match words_of(resolved).as_slice() {
            [] => {}
            words if words.len() <= 4 => {
                let words: Vec<_> = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
                return words.join(" or ");
            }
            _ => return "word".to_owned(),
        }
        if let Some(forms) = resolved["anyOf"].as_array().or_else(|| resolved["oneOf"].as_array()) {
            let forms: Vec<_> = forms.iter().map(|form| self.type_of(form)).collect();
            return forms.join(" or ");
        }
        let small = definition_name(schema).is_none()
            || properties(resolved).keys().all(|key| required(resolved, key));
        if let (true, Some(form)) = (small, form_of(resolved)) {
            return form;
        }
        self.plain_type_of(resolved)
    }

    /// The type of a value that `type` says.
    fn plain_type_of(&self, schema: &Json) -> String {
        match schema["type"].as_str() {
            Some("object")
                if schema["additionalProperties"].is_object()
                    && !schema["properties"].is_object() =>
            {
                format!("table: name = {}", self.type_of(&schema["additionalProperties"]))
            }
            Some("object") => "table".to_owned(),
            Some("array") => match schema["minItems"].as_u64() {
                Some(count) if schema["maxItems"].as_u64() == Some(count) => {
                    format!("{count} × {}", self.type_of(&schema["items"]))
                }
                _ => format!("array: {}", self.type_of(&schema["items"])),
            },
            Some("string") => "text".to_owned(),
            Some("boolean") => "`true` or `false`".to_owned(),
            Some("integer") => match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
                (Some(0), Some(maximum)) => format!("integer, 0 to {maximum}"),
                (Some(minimum), _) => format!("integer ≥ {minimum}"),
                _ => "integer".to_owned(),
            },
            _ => "number".to_owned(),
        }
    }

    fn tell_steps(&mut self) {
        self.heading("Steps");
        self.text.push_str(
            "\nA step is an inline table with its operation in `op`. Steps run in order, each on what the step before gave.\n",
        );
        let steps = &self.schema["$defs"]["Step"]["oneOf"];
        let (mut planned, empty) = (None, Map::new());
        for step in steps.as_array().into_iter().flatten() {
            let op = &step["properties"].as_object().unwrap_or(&empty)["op"];
            let Some(word) = op["const"].as_str() else {
                planned = Some(self.resolve(op));
                continue;
            };
            let _ = write!(self.text, "\n### `{word}`\n");
            self.describe(step);
            self.tell_keys(step);
            for (key, schema) in properties(step) {
                self.tell_inner(key, schema);
            }
        }
        if let Some(planned) = planned {
            self.text.push_str("\n### Operations that are reserved\n");
            self.describe(planned);
            self.text.push('\n');
            for (word, meaning) in words_of(planned) {
                let _ = writeln!(self.text, "- `{word}`: {meaning}");
            }
        }
    }

    /// The keys of the tables inside a step (`size` of a resize, a column).
    fn tell_inner(&mut self, key: &str, schema: &'s Json) {
        for (table, shape) in self.tables_in(schema) {
            if shape == Shape::List {
                let _ = write!(self.text, "\nEach of `{key}`:\n");
                self.tell_keys(self.resolve(table));
            }
        }
        let forms = self.resolve(schema)["oneOf"].as_array();
        let forms: Vec<_> =
            forms.into_iter().flatten().filter(|form| form["properties"].is_object()).collect();
        if !forms.is_empty() {
            let _ = write!(self.text, "\nThe forms of `{key}`:\n\n");
        }
        for form in forms {
            let _ = write!(self.text, "- {}", self.type_of(form));
            for key in properties(form).keys().filter(|key| !required(form, key)) {
                let _ = write!(self.text, ", `{key}` optional");
            }
            let meaning = form["description"].as_str().unwrap_or_default();
            let _ = writeln!(self.text, ": {meaning}");
        }
    }
}

/// How a table is written in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    List,
    ByName,
}

/// `Name` of `{ "$ref": "#/$defs/Name" }`.
fn definition_name(schema: &Json) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

fn properties(table: &Json) -> &Map<String, Json> {
    static NONE: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);
    table["properties"].as_object().unwrap_or(&NONE)
}

fn required(table: &Json, key: &str) -> bool {
    table["required"].as_array().is_some_and(|keys| keys.iter().any(|required| required == key))
}

/// A small table as its required keys, `{ file = … }`.
fn form_of(table: &Json) -> Option<String> {
    let keys: Vec<_> = properties(table).keys().filter(|key| required(table, key)).collect();
    let keys: Vec<_> = keys.into_iter().map(|key| format!("{key} = …")).collect();
    matches!(keys.len(), 1 | 2).then(|| format!("`{{ {} }}`", keys.join(", ")))
}

/// The words of an enum, each with its meaning.
fn words_of(schema: &Json) -> Vec<(&str, &str)> {
    let words = schema["oneOf"].as_array().into_iter().flatten();
    words
        .filter_map(|word| Some((word["const"].as_str()?, word["description"].as_str()?)))
        .collect()
}
