//! Steps that are found from files and what the real libraries made of them.

use std::collections::BTreeMap;

use bundle_manifest::InputKind;
use bundle_preprocess::{InputSource, Pair, infer};

use crate::{
    replay::recorded,
    vectors::{committed, vectors},
};

/// The pairs of each pipeline of a group.
fn pipelines(group: &str) -> BTreeMap<String, Vec<Pair>> {
    let directory = bundle_testkit::fixture("vectors/preprocess");
    let mut all = BTreeMap::<String, Vec<Pair>>::new();
    for (case, tensor) in recorded(&|name| fs_err::read(directory.join(name)), group) {
        let input = case["input"].as_str().expect("a file");
        let name = case["name"].as_str().expect("a name").trim_end_matches(input);
        let source = InputSource::File(committed(input));
        all.entry(name.to_owned()).or_default().push(Pair { source, tensor });
    }
    all
}

#[test]
fn pipelines_of_real_libraries_are_found() {
    let all = pipelines("pipelines");
    let mut missed = Vec::new();
    for (name, pairs) in &all {
        let found = infer(InputKind::Image, pairs, &vectors(), &[]);
        if !found.is_some_and(|found| found.is_exact()) {
            missed.push(name);
        }
    }
    assert!(missed.is_empty(), "{} of {}: {missed:#?}", missed.len(), all.len());
}
