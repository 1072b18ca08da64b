//! The files that are written from the types, and the examples in them.

use bundle_manifest::{manifest_reference, manifest_schema, policy_schema};
use serde_json::{Value as Json, json};

use crate::{repository, walk};

#[test]
fn generated_files_the_schema_is_current() {
    let current = format!("{:#}\n", manifest_schema());
    assert_current("schemas/bundle.schema.json", &current);
}

#[test]
fn generated_files_the_schema_of_policies_is_current() {
    assert_current("schemas/policy.schema.json", &format!("{:#}\n", policy_schema()));
    assert!(jsonschema::meta::is_valid(&policy_schema()));
}

#[test]
fn generated_files_the_reference_is_current() {
    assert_current("docs/manifest.md", &manifest_reference());
}

fn assert_current(path: &str, current: &str) {
    if std::env::var_os("BUNDLE_CODEGEN").is_some_and(|mode| mode == "write") {
        fs_err::write(repository().join(path), current).expect("the file is written");
    }
    let committed = fs_err::read_to_string(repository().join(path)).unwrap_or_default();
    let first = committed
        .lines()
        .zip(current.lines())
        .position(|(committed, current)| committed != current);
    assert!(
        committed == current,
        "{path} is not what the types say, from line {}; run `cargo xtask codegen`",
        first.unwrap_or_else(|| committed.lines().count().min(current.lines().count())) + 1
    );
}

#[test]
fn the_schema_follows_its_own_meta_schema() {
    let schema = manifest_schema();
    assert!(jsonschema::meta::is_valid(&schema));
    walk(&schema, &mut |part| {
        let Some(reference) = part["$ref"].as_str() else { return };
        let pointer = reference.strip_prefix('#').expect("references stay inside");
        assert!(schema.pointer(pointer).is_some(), "{reference} refers to nothing");
    });
}

#[test]
fn every_property_has_a_description() {
    let schema = manifest_schema();
    walk(&schema, &mut |table| {
        for (key, property) in table["properties"].as_object().into_iter().flatten() {
            let description = property["description"].as_str().unwrap_or_default();
            // The edges of a size are described by their form.
            let said = description.ends_with('.')
                || table["description"].is_string() && property["maximum"].is_number();
            assert!(said || key == "op", "{key}: `{description}` is not a sentence");
        }
    });
}

/// The examples in descriptions are TOML and part of a file that the schema accepts.
#[test]
fn the_examples_in_descriptions_hold() {
    let schema = manifest_schema();
    let validator = |name: &str| {
        let mut part = json!({ "$ref": format!("#/$defs/{name}") });
        part["$defs"] = schema["$defs"].clone();
        jsonschema::draft202012::new(&part).expect("a part of the schema is one")
    };
    let (manifest, step) = (validator("Manifest"), validator("Step"));
    let mut descriptions = Vec::new();
    walk(&schema, &mut |part| descriptions.extend(part["description"].as_str()));
    let mut count = 0;
    for description in descriptions {
        let Some((_, rest)) = description.split_once("```toml\n") else { continue };
        let (example, _) = rest.split_once("\n```").expect("a code block ends");
        count += 1;
        if example.starts_with('{') {
            let table: Json = toml::from_str(&format!("step = {example}")).expect(example);
            assert!(step.is_valid(&table["step"]), "{example}");
        } else {
            let table: Json = toml::from_str(example).expect(example);
            let mut whole = json!({
                "format": 1,
                "bundle": { "name": "x", "version": "1", "title": "X", "license": "MIT" },
                "models": { "net": { "onnx": "net.onnx" } },
            });
            for (key, value) in table.as_object().expect("a document is a table") {
                whole[key] = value.clone();
            }
            complete_models(&mut whole);
            let errors: Vec<_> =
                manifest.iter_errors(&whole).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{example}\n{errors:#?}");
        }
    }
    assert!(count > 30, "only {count} examples were found");
}

/// An example may show a part of a model; the rest is made up.
fn complete_models(manifest: &mut Json) {
    for (name, model) in manifest["models"].as_object_mut().into_iter().flatten() {
        if name != "why" && model.get("onnx").is_none() {
            model["onnx"] = "net.onnx".into();
        }
    }
}
