//! Flags of many people.

use bundle_testkit::Sandbox;
use serde_json::{Value as Json, json};

use crate::harness::bundle;

fn export(id: &str, flags: &[Json]) -> String {
    let header = json!({ "format": 1, "kind": "bundle-flags",
        "bundle": { "id": id, "name": "digits", "version": "1.0.0" }, "exported": "2026-01-01T00:00:00Z" });
    std::iter::once(&header).chain(flags).map(|line| format!("{line}\n")).collect()
}

fn flag(id: &str, time: &str, said: &str, corrected: &str) -> Json {
    json!({ "flag": id, "time": time, "reason": "wrong-answer", "note": null,
        "corrected": { "digit": corrected },
        "outputs": { "digit": { "kind": "labels", "rows": [[{ "index": 1, "label": said, "score": 0.9 }]] } },
        "inputs": {} })
}

#[test]
fn flags_are_merged_once_each_and_counted() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let (a, b) = (flag("a", "2026-01-02", "7", "1"), flag("b", "2026-01-01", "7", "1"));
    let c = flag("c", "2026-01-03", "3", "8");
    sandbox.write("one.jsonl", export("sha256:x", &[a.clone(), b])).expect("written");
    sandbox.write("two.jsonl", export("sha256:x", &[c, a])).expect("written");
    let said =
        bundle(sandbox.path(), &["flags", "merge", "one.jsonl", "two.jsonl", "-o", "all.jsonl"]);
    assert_eq!(
        said.stdout,
        "digits-1.0.0  sha256:x\n3 flags of 2 files, 1 twice\n    2  wrong-answer: 7, should be 1\n    1  wrong-answer: 3, should be 8\n"
    );
    let turned =
        bundle(sandbox.path(), &["flags", "merge", "two.jsonl", "one.jsonl", "-o", "other.jsonl"]);
    assert_eq!(turned.code, 0, "{turned:?}");
    let read = |name: &str| fs_err::read_to_string(sandbox.path().join(name)).expect(name);
    assert_eq!(read("all.jsonl"), read("other.jsonl"));
    let ids: Vec<Json> = read("all.jsonl")
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Json>(line).expect("JSON")["flag"].clone())
        .collect();
    assert_eq!(ids, ["b", "a", "c"]);
    let again = bundle(sandbox.path(), &["flags", "merge", "all.jsonl", "-o", "all.jsonl"]);
    assert!(again.code == 2 && again.stderr.contains("is there already"), "{again:?}");
}

#[test]
fn what_is_no_export_says_where() {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("good.jsonl", export("sha256:x", &[])).expect("written");
    sandbox.write("other.jsonl", export("sha256:y", &[])).expect("written");
    sandbox.write("text.jsonl", "hello\n").expect("written");
    sandbox.write("list.jsonl", "[1]\n").expect("written");
    sandbox.write("empty.jsonl", "").expect("written");
    sandbox.write("nameless.jsonl", export("sha256:x", &[json!({})])).expect("written");
    for (file, words) in [
        ("other.jsonl", "other.jsonl:1: is of another bundle"),
        ("text.jsonl", "text.jsonl:1: is no line of JSON"),
        ("list.jsonl", "list.jsonl:1: is no export of flags"),
        ("empty.jsonl", "empty.jsonl:1: is empty"),
        ("nameless.jsonl", "nameless.jsonl:2: has no `flag`"),
        ("gone.jsonl", "there is no `gone.jsonl`"),
    ] {
        let said = bundle(sandbox.path(), &["flags", "merge", "good.jsonl", file]);
        assert!(said.code == 2 && said.stderr.contains(words), "{file}: {said:?}");
    }
}
