//! Blind review from outside: checked, copied, packed.

use crate::harness::{bundle, sandbox_with};

#[test]
fn a_project_is_copied_without_what_says_who_wrote_it() {
    let sandbox = sandbox_with("theory");
    let write = |name: &str, text: &str| sandbox.write(name, text).expect("a file");
    write("theory/run.sh", "python fit.py --data /home/mvale/tides\n");
    write("theory/NOTES.md", "# Notes\n\nWrite to mara.vale@tide.edu, says Mara Vale.\n");
    let run = |args: &[&str]| bundle(sandbox.path(), args);

    let checked = run(&["check", "theory", "--anonymous", "--name", "Mara Vale"]);
    assert_eq!(checked.code, 1, "{}", checked.stdout);
    for seen in ["NOTES.md:3  mara.vale@tide.edu", "run.sh:1  mvale", "ANON-3", "ANON-4"] {
        assert!(checked.stdout.contains(seen), "{seen} in {}", checked.stdout);
    }
    let plain = run(&["check", "theory"]);
    assert!(!plain.stdout.contains("ANON-"), "{}", plain.stdout);

    let copied = run(&["anonymize", "theory", "-o", "blind", "--name", "Mara Vale"]);
    assert_eq!(copied.code, 0, "{}{}", copied.stdout, copied.stderr);
    assert!(copied.stdout.contains("run.sh: 1 home directories"), "{}", copied.stdout);
    let again = run(&["anonymize", "theory", "-o", "blind"]);
    assert_eq!(again.code, 2, "{}", again.stdout);
    let read = |name: &str| fs_err::read_to_string(sandbox.path().join(name)).expect("a file");
    assert_eq!(read("blind/run.sh"), "python fit.py --data /home/anonymous/tides\n");
    assert!(read("theory/run.sh").contains("mvale"), "the project is not touched");

    let pack = ["pack", "blind", "--anonymous", "--name", "Mara Vale", "-o", "b.bundle.tar.zst"];
    let packed = run(&pack);
    assert_eq!(packed.code, 0, "{}", packed.stderr);
    let received = run(&["check", "b.bundle.tar.zst", "--anonymous"]);
    assert_eq!(received.code, 0, "{}", received.stdout);
}

#[test]
fn what_cannot_be_looked_for_is_said() {
    let sandbox = sandbox_with("theory");
    let write = |name: &str, text: &str| sandbox.write(name, text).expect("a file");
    let run = |args: &[&str]| bundle(sandbox.path(), args);
    let short = run(&["check", "theory", "--anonymous", "--name", "Wu"]);
    assert_eq!(short.code, 2, "{}", short.stdout);
    assert!(short.stderr.contains("`--name Wu`: too short"), "{}", short.stderr);
    write("theory/NOTES.md", "# Notes\n\n由王小明编写。\n");
    let found = run(&["check", "theory", "--anonymous", "--name", "王小明"]);
    assert!(found.stdout.contains("NOTES.md:3"), "{}", found.stdout);
    let inside = run(&["anonymize", "theory", "-o", "theory/blind"]);
    assert_eq!(inside.code, 2, "{}", inside.stdout);
    assert!(inside.stderr.contains("would be a part of the project"), "{}", inside.stderr);

    // A line of data, and who made it far behind its beginning; thanks over two lines.
    write("theory/data.json", &format!("[{}\"/home/mvale/x\"]\n", "0.125, ".repeat(9000)));
    write(
        "theory/THANKS.md",
        "# T\n\nFunded by NSF grant 12. We thank Prof. Ada Byron and\nthe Tide Laboratory.\n",
    );
    let copied = run(&["anonymize", "theory", "-o", "blind"]);
    assert_eq!(copied.code, 0, "{}{}", copied.stdout, copied.stderr);
    let read = |name: &str| fs_err::read_to_string(sandbox.path().join(name)).expect("a file");
    assert!(read("blind/data.json").contains("/home/anonymous/x"));
    assert_eq!(read("blind/THANKS.md"), "# T\n\n[removed for review]\n[removed for review]\n");
}

#[test]
fn what_a_received_bundle_says_is_counted_unless_asked_for() {
    let sandbox = sandbox_with("theory");
    sandbox.write("theory/run.sh", "cd /home/mvale\n").expect("a file");
    let run = |args: &[&str]| bundle(sandbox.path(), args);
    assert_eq!(run(&["pack", "theory", "-o", "a.bundle.tar.zst"]).code, 0);
    let counted = run(&["check", "a.bundle.tar.zst", "--anonymous"]);
    assert_eq!(counted.code, 1, "{}", counted.stdout);
    assert!(counted.stdout.contains("1 home directories in 1 file"), "{}", counted.stdout);
    assert!(!counted.stdout.contains("mvale"), "{}", counted.stdout);
    let shown = run(&["check", "a.bundle.tar.zst", "--anonymous", "--show-identity"]);
    assert!(shown.stdout.contains("run.sh:1  mvale"), "{}", shown.stdout);
}

#[test]
fn a_report_is_written_for_each_reader() {
    let sandbox = sandbox_with("theory");
    sandbox.write("other/README.md", "# Other\n\n```\npython gone.py\n```\n").expect("a file");
    let run = |args: &[&str]| bundle(sandbox.path(), args);
    let log = run(&["check", "theory", "other", "--format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_str(&log.stdout).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"].as_array().map(Vec::len), Some(2));
    let done = run(&["check", "theory", "other", "--format", "html", "-o", "report.html"]);
    assert_eq!(done.stdout, "");
    let page = fs_err::read_to_string(sandbox.path().join("report.html")).expect("a page");
    assert!(page.starts_with("<!doctype html>") && page.contains("gone.py"));
    let markdown = run(&["check", "other", "--format", "markdown"]);
    assert!(markdown.stdout.contains("CODE-1"), "{}", markdown.stdout);
    let failing = run(&["check", "other", "--fail-on", "should"]);
    assert_eq!(failing.code, 1, "{}", failing.stdout);
    assert_eq!(run(&["check", "other", "--min-ticks", "1"]).code, 1);
    assert_eq!(run(&["check", "other", "--min-ticks", "6"]).code, 2);
    assert_eq!(run(&["check", "--explain", "ANON-1", "--format", "html"]).code, 2);
}
