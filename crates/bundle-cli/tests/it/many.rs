//! The venue's view: many at once, lists, JSON Lines, going on, policies, addresses.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use bundle_testkit::{Sandbox, fixture};
use serde_json::Value as Json;

use crate::harness::{bundle, bundle_command, said};

/// A sandbox with `submissions/`: a project that holds, one that says little, a broken
/// bundle, a good one, and a statement beside it.
fn submissions() -> Sandbox {
    let sandbox = crate::harness::sandbox_with("theory");
    let packed = bundle(sandbox.path(), &["pack", "theory", "-o", "theory.bundle.tar.zst"]);
    assert_eq!(packed.code, 0, "{}", packed.redacted(&sandbox));
    let good = fs_err::read(sandbox.path().join("theory.bundle.tar.zst")).expect("a bundle");
    let mut broken = good.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 1;
    for (name, content) in [
        ("a-good.bundle.tar.zst", good.as_slice()),
        ("b-broken.bundle.tar.zst", &broken),
        ("c-little/README.md", b"# A paper\n"),
        ("d-text.zip", b"PK\x03\x04 not a zip"),
    ] {
        sandbox.write(&format!("submissions/{name}"), content).expect("written");
    }
    sandbox
}

const ALL: [&str; 4] = [
    "submissions/a-good.bundle.tar.zst",
    "submissions/b-broken.bundle.tar.zst",
    "submissions/c-little",
    "submissions/d-text.zip",
];

fn check<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["check"], more].concat()
}

fn lines(sandbox: &Sandbox, file: &str) -> Vec<Json> {
    let text = fs_err::read_to_string(sandbox.path().join(file)).expect("lines");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn many_paths_are_one_table_in_their_order_with_any_number_of_jobs() {
    let sandbox = submissions();
    let mut seen = Vec::new();
    for jobs in ["1", "2", "7"] {
        let file = format!("found-{jobs}.jsonl");
        let mut arguments = check(&["--jobs", jobs, "--jsonl", &file]);
        arguments.extend(ALL);
        arguments.push("submissions/e-gone");
        let said = bundle(sandbox.path(), &arguments);
        assert_eq!(said.code, 1, "what does not hold outweighs what is not there");
        let text = fs_err::read_to_string(sandbox.path().join(&file)).expect("lines");
        seen.push((said.redacted(&sandbox), text));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    insta::assert_snapshot!(seen[0].0);
    let paths: Vec<Json> =
        lines(&sandbox, "found-2.jsonl").iter().map(|line| line["path"].clone()).collect();
    assert_eq!(paths[..4], ALL);
    let schema: Json = serde_json::from_str(&bundle(sandbox.path(), &["schema", "report"]).stdout)
        .expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for line in &lines(&sandbox, "found-1.jsonl")[..4] {
        assert!(validator.is_valid(&line["report"]), "{line}");
        assert_eq!(line["report"]["tool"]["ruleset"], line["ruleset"]);
        assert_eq!(line["policy"], Json::Null);
    }
    assert_eq!(lines(&sandbox, "found-1.jsonl")[4]["error"], "there is no `submissions/e-gone`");
}

#[test]
fn a_list_is_read_from_a_file_and_from_stdin() {
    let sandbox = submissions();
    let list = format!("# submissions\n{}\r\n\n{}\n{}\n", ALL[0], ALL[2], ALL[0]);
    sandbox.write("list.txt", &list).expect("written");
    let from_file = bundle(sandbox.path(), &["check", "--from", "list.txt"]);
    assert_eq!(from_file.code, 0, "{}", from_file.redacted(&sandbox));
    assert!(from_file.stdout.contains("2 paths in submissions/: holds 1, undeclared 1\n"));
    assert_eq!(from_file.stderr, "note: 1 named again, judged once\n");
    let mut command = bundle_command(sandbox.path(), &["check", "--from", "-"]);
    command.stdin(fs_err::File::open(sandbox.path().join("list.txt")).expect("a list").into_file());
    let from_stdin = said(&command.output().expect("the binary starts"));
    assert_eq!(from_stdin.stdout, from_file.stdout);
    sandbox.write("empty.txt", "# nothing\n").expect("written");
    let empty = bundle(sandbox.path(), &["check", "--from", "empty.txt"]);
    assert_eq!((empty.code, empty.stdout.as_str()), (2, ""));
    assert!(empty.stderr.starts_with("error: no path is named\n"), "{}", empty.stderr);
}

#[test]
fn a_second_call_judges_only_what_changed() {
    let sandbox = submissions();
    let mut arguments = check(&["--jsonl", "found.jsonl"]);
    arguments.extend(ALL);
    let first = bundle(sandbox.path(), &arguments);
    let before = fs_err::read_to_string(sandbox.path().join("found.jsonl")).expect("lines");
    let again = bundle(sandbox.path(), &arguments);
    assert_eq!((&again.stdout, again.code), (&first.stdout, first.code));
    // A directory has no digest, so it is judged again.
    assert_eq!(again.stderr, "note: 3 skipped: unchanged since found.jsonl\n");
    let after = fs_err::read_to_string(sandbox.path().join("found.jsonl")).expect("lines");
    assert_eq!(before, after);
    // A file with other bytes, a statement beside a bundle, another policy: judged again.
    let good = sandbox.path().join(ALL[0]);
    fs_err::copy(&good, sandbox.path().join(ALL[1])).expect("copied");
    let mended = bundle(sandbox.path(), &arguments);
    assert_eq!(mended.stderr, "note: 2 skipped: unchanged since found.jsonl\n");
    assert!(mended.stdout.contains("holds 2"), "{}", mended.stdout);
    sandbox.write("submissions/a-good.attest.jsonl", "{}\n").expect("written");
    let stated = bundle(sandbox.path(), &arguments);
    assert_eq!(stated.stderr, "note: 2 skipped: unchanged since found.jsonl\n");
    let policy = fixture("policies/valid/workshop.toml");
    let policy = policy.to_string_lossy();
    let strict = bundle(sandbox.path(), &[&arguments[..], &["--policy", &policy]].concat());
    assert_eq!(strict.stderr, "", "another policy, another judgement");
    assert_eq!(lines(&sandbox, "found.jsonl").len(), 4, "one line a path");
    let again = bundle(sandbox.path(), &[&arguments[..], &["--policy", &policy]].concat());
    assert_eq!(again.stderr, "note: 3 skipped: unchanged since found.jsonl\n");
    assert_eq!((again.stdout, again.code), (strict.stdout, strict.code));
}

#[test]
fn a_call_that_was_ended_loses_only_what_was_under_way() {
    let sandbox = submissions();
    let mut arguments = check(&["--jsonl", "found.jsonl"]);
    arguments.extend(ALL);
    bundle(sandbox.path(), &arguments);
    let whole = fs_err::read_to_string(sandbox.path().join("found.jsonl")).expect("lines");
    let second = whole.find('\n').expect("a line") + 1;
    for end in [second - 1, second, second + 1, second + 500] {
        sandbox.write("found.jsonl", &whole[..end]).expect("written");
        let said = bundle(sandbox.path(), &arguments);
        let skipped = usize::from(end >= second);
        let note = format!("note: {skipped} skipped: unchanged since found.jsonl\n");
        assert_eq!(said.stderr, if skipped == 0 { "" } else { &note }, "{end}");
        let after = fs_err::read_to_string(sandbox.path().join("found.jsonl")).expect("lines");
        assert_eq!(after, whole, "{end}");
    }
}

#[test]
#[cfg(unix)]
fn a_killed_call_leaves_whole_lines() {
    let sandbox = submissions();
    let bytes = fs_err::read(sandbox.path().join(ALL[0])).expect("a bundle");
    let names: Vec<String> = (0..60).map(|index| format!("many/{index}.bundle.tar.zst")).collect();
    for name in &names {
        sandbox.write(name, &bytes).expect("written");
    }
    sandbox.write("list.txt", names.join("\n")).expect("written");
    let arguments = ["check", "--from", "list.txt", "--jsonl", "found.jsonl", "--jobs", "2"];
    let mut child = bundle_command(sandbox.path(), &arguments)
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let file = sandbox.path().join("found.jsonl");
    let written = |file: &Path| fs_err::read_to_string(file).map_or(0, |text| text.lines().count());
    while written(&file) < 5 && child.try_wait().expect("a child").is_none() {
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    let text = fs_err::read_to_string(&file).expect("lines");
    let whole = text.matches('\n').count();
    assert!(whole >= 5, "{whole}");
    let said = bundle(sandbox.path(), &arguments);
    assert_eq!(said.stderr, format!("note: {whole} skipped: unchanged since found.jsonl\n"));
    let paths: Vec<Json> =
        lines(&sandbox, "found.jsonl").iter().map(|line| line["path"].clone()).collect();
    assert_eq!(paths, names);
}

#[test]
fn somebody_elses_file_is_not_written_to() {
    let sandbox = submissions();
    let target = sandbox.path().join(ALL[0]);
    let before = fs_err::read(&target).expect("a bundle");
    let said = bundle(sandbox.path(), &["check", ALL[2], "--jsonl", ALL[0]]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("is not of `bundle check`"), "{}", said.stderr);
    assert_eq!(fs_err::read(&target).expect("a bundle"), before);
}

#[test]
fn each_bundle_of_many_gets_its_statement() {
    let sandbox = submissions();
    let arguments = ["check", ALL[0], ALL[1], "--attest", "--jsonl", "found.jsonl"];
    let said = bundle(sandbox.path(), &arguments);
    assert_eq!(said.code, 1);
    let stated = fs_err::read_to_string(sandbox.path().join("submissions/a-good.attest.jsonl"));
    assert_eq!(stated.expect("a statement").lines().count(), 1);
    assert!(!sandbox.path().join("submissions/b-broken.attest.jsonl").exists());
    assert!(said.stderr.contains("nothing was signed"), "{}", said.stderr);
    assert!(said.stderr.contains("note: 1 signed and appended beside them by key SHA256:"));
    // Its own statement is no reason to judge it again.
    let again = bundle(sandbox.path(), &arguments);
    assert!(again.stderr.contains("note: 2 skipped"), "{}", again.stderr);
}

#[test]
fn one_path_keeps_its_report_and_json_its_form() {
    let sandbox = submissions();
    let one = bundle(sandbox.path(), &["check", ALL[0]]);
    assert!(one.stdout.starts_with("theory 1.0.0  "), "{}", one.stdout);
    let json = bundle(sandbox.path(), &["check", ALL[0], ALL[1], "gone", "--format", "json"]);
    assert_eq!(json.code, 1);
    let view: Json = serde_json::from_str(&json.stdout).expect("JSON");
    let checked = view["checked"].as_array().expect("an array");
    assert_eq!(checked.len(), 3);
    assert_eq!(checked[0]["path"], ALL[0]);
    assert_eq!(checked[1]["report"]["holds"], false);
    assert_eq!(checked[2]["error"], "there is no `gone`");
}

#[test]
fn an_address_and_a_directory_of_bundles_say_what_to_do() {
    let sandbox = submissions();
    let said = bundle(sandbox.path(), &["check", "https://github.com/x/y"]);
    assert_eq!(said.code, 2);
    assert_eq!(
        said.stderr,
        "error: `https://github.com/x/y` is an address, and nothing is fetched\n\
         hint: clone it first: `git clone https://github.com/x/y`, then name `y`\n"
    );
    let only = sandbox.write("only/x.bundle.tar.zst", "x").expect("written");
    sandbox.write("only/x.attest.jsonl", "{}\n").expect("written");
    let said = bundle(sandbox.path(), &["check", "only"]);
    assert_eq!(said.code, 2);
    assert_eq!(
        said.stderr,
        "error: `only` holds a bundle and is no project\nhint: check what is in it: `bundle check only/*`\n"
    );
    // With anything beside them it is a directory like another.
    sandbox.write("only/README.md", "# Bundles\n").expect("written");
    assert_eq!(bundle(sandbox.path(), &["check", "only"]).code, 0);
    drop(only);
}

#[test]
fn a_policy_decides_and_a_wrong_one_says_where() {
    let sandbox = submissions();
    let strict = fixture("policies/valid/strict-venue.toml");
    let strict = strict.to_string_lossy();
    let said = bundle(sandbox.path(), &["check", ALL[0], "--policy", &strict]);
    assert_eq!(said.code, 1);
    // The key is a new one each time.
    let lines = said.stdout.lines().filter(|line| !line.contains("SHA256:"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    let table = bundle(sandbox.path(), &["check", ALL[0], ALL[2], "--policy", &strict]);
    assert!(table.stdout.starts_with("policy strict-venue 2027.1, ruleset "), "{}", table.stdout);
    assert!(table.stdout.contains("  asked\n"), "{}", table.stdout);
    sandbox
        .write(
            "wrong.toml",
            "policy = 1\nname = \"x\"\nversion = \"1\"\n[severity]\nFILE-1 = \"off\"\n",
        )
        .expect("written");
    let said = bundle(sandbox.path(), &["check", ALL[0], "--policy", "wrong.toml"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("wrong.toml:5:1: `FILE-1` cannot be `off`"), "{}", said.stderr);
    let absent = bundle(sandbox.path(), &["check", ALL[0], "--policy", "gone.toml"]);
    assert_eq!((absent.code, absent.stdout.as_str()), (2, ""));
}

/// A reader that goes away is no failure, as everywhere.
#[test]
#[cfg(unix)]
fn a_closed_pipe_does_not_change_what_was_found() {
    let sandbox = submissions();
    let script = format!(
        "{} check {} | true; exit ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_bundle"),
        ALL.join(" ")
    );
    let output = Command::new("bash").args(["-c", &script]).current_dir(sandbox.path()).output();
    assert_eq!(output.expect("bash starts").status.code(), Some(1));
}
