//! What one entry of a `bundle.toml` says about another.
//!
//! The types have been read when this runs, so each check has two arguments: the
//! value, and the node it came from, which knows the place to show. JSON Schema
//! cannot say any of this; `fixtures/manifests/inconsistent` has a file for each
//! rule.

mod checking;
mod columns;
mod entries;
mod groups;
mod models;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use entries::Declared;

use crate::{
    EntryName, Manifest,
    tree::{Node, quote},
};

/// Reports every contradiction in a manifest that is well formed.
pub(crate) fn check(manifest: &Manifest, root: &Node<'_>) {
    check_names(manifest, root);
    models::check(manifest, root);
    checking::check(manifest, root);
    let declared = &Declared::by(manifest);
    for (index, claim) in manifest.claims.iter().enumerate() {
        entries::check_claim(declared, claim, &root.at("claims").nth(index));
    }
    // Without a model, all is said about what needs one.
    if manifest.models.by_name.is_empty() {
        return;
    }
    for (index, input) in manifest.inputs.iter().enumerate() {
        entries::check_input(declared, input, &root.at("inputs").nth(index));
    }
    for (index, output) in manifest.outputs.iter().enumerate() {
        entries::check_output(declared, output, &root.at("outputs").nth(index));
    }
    for (index, example) in manifest.examples.iter().enumerate() {
        entries::check_example(declared, example, &root.at("examples").nth(index));
    }
    for (index, link) in manifest.links.iter().enumerate() {
        entries::check_link(declared, link, &root.at("links").nth(index));
    }
}

/// Names become files and page anchors, so case does not make them different.
fn check_names(manifest: &Manifest, root: &Node<'_>) {
    fn in_list<'m>(names: impl Iterator<Item = &'m EntryName>, what: &str, list: &Node<'_>) {
        check_unique(what, names.enumerate().map(|(i, name)| (name, list.nth(i).at("name"))));
    }
    fn in_table<'m>(names: impl Iterator<Item = &'m EntryName>, what: &str, table: &Node<'_>) {
        check_unique(what, names.map(|name| (name, table.at_key(name.as_str()))));
    }
    in_list(manifest.inputs.iter().map(|input| &input.name), "inputs", &root.at("inputs"));
    in_list(manifest.outputs.iter().map(|output| &output.name), "outputs", &root.at("outputs"));
    in_list(
        manifest.examples.iter().map(|example| &example.name),
        "examples",
        &root.at("examples"),
    );
    in_table(manifest.models.by_name.keys(), "models", &root.at("models"));
    in_table(manifest.data.keys(), "data splits", &root.at("data"));
}

fn check_unique<'m, 'n>(what: &str, names: impl Iterator<Item = (&'m EntryName, Node<'n>)>) {
    let mut seen: BTreeMap<String, &EntryName> = BTreeMap::new();
    for (name, node) in names {
        match seen.insert(name.as_str().to_ascii_lowercase(), name) {
            Some(other) if other == name => node.report(format!("two {what} are named `{name}`")),
            Some(other) => {
                node.report(format!("the {what} `{other}` and `{name}` differ in case only"));
            }
            None => {}
        }
    }
}

/// Reports a text that is there twice, at the second place.
fn check_distinct<'m, 'n>(what: &str, texts: impl Iterator<Item = (&'m str, Node<'n>)>) {
    let mut seen = BTreeSet::new();
    for (text, node) in texts {
        if !seen.insert(text) {
            node.report(format!("the {what} {} is there twice", quote(text)));
        }
    }
}
