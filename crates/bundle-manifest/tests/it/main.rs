//! The manifest crate from outside: the corpus, the generated files, hostile text.

mod corpus;
mod generated;
mod hostile;

use std::path::PathBuf;

use serde_json::Value as Json;

/// The files of a directory of `fixtures/manifests`, by name.
fn manifests(directory: &str) -> Vec<(String, String)> {
    let directory = repository().join("fixtures/manifests").join(directory);
    let mut paths: Vec<PathBuf> = fs_err::read_dir(&directory)
        .expect("the corpus is there")
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs_err::read_to_string(path).expect("a manifest is UTF-8"))
    };
    paths.into_iter().map(read).collect()
}

fn repository() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Shows every value inside a document to `visit`, the document first.
fn walk<'j>(json: &'j Json, visit: &mut impl FnMut(&'j Json)) {
    visit(json);
    match json {
        Json::Array(elements) => elements.iter().for_each(|element| walk(element, visit)),
        Json::Object(entries) => entries.values().for_each(|value| walk(value, visit)),
        _ => {}
    }
}
