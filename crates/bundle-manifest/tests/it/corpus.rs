//! Every file of `fixtures/manifests`, read by the types and by the JSON Schema.

use std::collections::BTreeSet;

use bundle_manifest::{Manifest, manifest_schema};
use jsonschema::Validator;
use serde_json::Value as Json;

use crate::{manifests, walk};

fn validator() -> Validator {
    jsonschema::draft202012::new(&manifest_schema()).expect("the schema is one")
}

/// The document as JSON, or `None` where it is not even TOML.
fn as_json(text: &str) -> Option<Json> {
    toml::from_str(text).ok()
}

#[test]
fn types_and_schema_accept_what_is_valid() {
    let validator = validator();
    let corpus = manifests("valid");
    assert!(corpus.len() >= 12, "the corpus has only {} files", corpus.len());
    for (name, text) in corpus {
        if let Err(error) = Manifest::from_toml(&text) {
            panic!("{}", error.render(&text, &name));
        }
        let json = as_json(&text).expect("what the types read is TOML");
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: the schema refuses it: {errors:#?}");
    }
}

#[test]
fn types_and_schema_refuse_what_is_invalid() {
    let validator = validator();
    let mut shown = String::new();
    for (name, text) in manifests("invalid") {
        let accepted = as_json(&text).is_some_and(|json| validator.is_valid(&json));
        assert!(!accepted, "{name}: the schema accepts it");
        shown.push_str(&refusal(&name, &text));
    }
    insta::assert_snapshot!("invalid", shown);
}

#[test]
fn only_the_types_refuse_what_contradicts_itself() {
    let validator = validator();
    let mut shown = String::new();
    for (name, text) in manifests("inconsistent") {
        let json = as_json(&text).expect("a file that contradicts itself is TOML");
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: the schema refuses it already: {errors:#?}");
        shown.push_str(&refusal(&name, &text));
    }
    insta::assert_snapshot!("inconsistent", shown);
}

/// What the types say about a file that they must refuse.
fn refusal(name: &str, text: &str) -> String {
    let error = Manifest::from_toml(text).expect_err(name);
    format!("{}\n\n", error.render(text, name))
}

#[test]
fn every_key_and_every_word_is_used_by_a_valid_file() {
    let mut used = BTreeSet::new();
    for (_, text) in manifests("valid") {
        walk(&as_json(&text).expect("a valid file is TOML"), &mut |value| match value {
            Json::String(text) => drop(used.insert(text.clone())),
            Json::Object(entries) => used.extend(entries.keys().cloned()),
            _ => {}
        });
    }
    let mut declared = BTreeSet::new();
    walk(&manifest_schema(), &mut |schema| {
        declared.extend(schema["const"].as_str().map(str::to_owned));
        declared.extend(
            schema["properties"].as_object().into_iter().flat_map(|keys| keys.keys().cloned()),
        );
    });
    let unused: Vec<_> = declared.difference(&used).collect();
    assert!(unused.is_empty(), "no file under fixtures/manifests/valid has {unused:?}");
}
