//! One case per command and per error that a user meets.

use serde_json::Value as Json;

use crate::harness::{bundle, packed, sandbox_with};

#[test]
fn wrong_usage_is_exit_2() {
    let sandbox = sandbox_with("theory");
    for arguments in [&["pakc"][..], &["check"], &["pack", "--level", "99"], &["run"]] {
        let said = bundle(sandbox.path(), arguments);
        assert_eq!(said.code, 2, "{arguments:?}");
        assert!(said.stdout.is_empty() && !said.stderr.is_empty(), "{arguments:?}");
    }
    let said = bundle(sandbox.path(), &["pakc"]);
    assert!(said.stderr.contains("pack"), "{}", said.stderr);
}

#[test]
fn a_path_that_is_not_there_is_exit_2_and_named() {
    let sandbox = sandbox_with("theory");
    for command in ["pack", "check", "inspect", "extract", "serve"] {
        let said = bundle(sandbox.path(), &[command, "nowhere.bundle.tar.zst"]);
        assert_eq!(said.code, 2, "{command}: {}", said.stderr);
        assert!(said.stderr.contains("nowhere.bundle.tar.zst"), "{command}: {}", said.stderr);
    }
}

#[test]
fn run_prints_predictions_as_text_and_json() {
    let (sandbox, file) = packed("digits");
    let text = bundle(sandbox.path(), &["run", &file, "--example", "drawn-1"]);
    assert_eq!(text.code, 0, "{}", text.redacted(&sandbox));
    assert!(text.stdout.contains("as recorded"), "{}", text.stdout);
    let json = bundle(sandbox.path(), &["run", &file, "--example", "drawn-1", "--format", "json"]);
    let view: Json = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(view["replay"]["holds"], true);
    let unknown = bundle(sandbox.path(), &["run", &file, "--example", "drawn-99"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown
            .stderr
            .starts_with("error: there is no example `drawn-99`\nhint: the examples are "),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_bundle_directory_and_extracted_tree_give_the_same_prediction() {
    let (sandbox, file) = packed("digits");
    let extracted = bundle(sandbox.path(), &["extract", &file, "-C", "."]);
    assert_eq!(extracted.code, 0, "{}", extracted.redacted(&sandbox));
    let outputs: Vec<String> = ["digits", &file, "digits-1.0.0"]
        .map(|path| bundle(sandbox.path(), &["run", path, "--example", "drawn-1"]).stdout)
        .into();
    assert!(outputs.iter().all(|output| output == &outputs[0]), "{outputs:?}");
}

#[test]
fn diff_says_what_changed() {
    let (sandbox, file) = packed("theory");
    let same = bundle(sandbox.path(), &["diff", &file, "theory"]);
    assert_eq!((same.code, same.stdout.as_str()), (0, "no file differs\n"), "{}", same.stderr);
    sandbox.write("theory/README.md", "changed").expect("a file");
    sandbox.write("theory/new.txt", "new").expect("a file");
    let said = bundle(sandbox.path(), &["diff", &file, "theory"]);
    assert_eq!(said.code, 1);
    assert!(
        said.stdout.contains("~ README.md") && said.stdout.contains("+ new.txt  3 B"),
        "{}",
        said.stdout
    );
}

#[test]
fn a_false_statement_is_not_packed() {
    let sandbox = sandbox_with("digits");
    let expectation = sandbox.path().join("digits/examples/drawn-1.digit.npy");
    let mut bytes = fs_err::read(&expectation).expect("a recording");
    let last = bytes.len() - 1;
    bytes[last] ^= 0x7f;
    fs_err::write(&expectation, bytes).expect("a file");
    let said = bundle(sandbox.path(), &["pack", "digits"]);
    assert_eq!(said.code, 1, "{}", said.redacted(&sandbox));
    assert!(said.stderr.contains("drawn-1"), "{}", said.stderr);
    assert!(!sandbox.path().join("digits-1.0.0.bundle.tar.zst").exists());
}

#[test]
fn init_proposes_a_file_that_packs() {
    let sandbox = sandbox_with("theory");
    let kept = bundle(sandbox.path(), &["init", "theory"]);
    assert_eq!(kept.code, 2, "a bundle.toml is there already: {}", kept.stderr);
    fs_err::remove_file(sandbox.path().join("theory/bundle.toml")).expect("removed");
    let said = bundle(sandbox.path(), &["init", "theory"]);
    assert_eq!(said.code, 0, "{}", said.redacted(&sandbox));
    let packed = bundle(sandbox.path(), &["pack", "theory"]);
    assert_eq!(packed.code, 0, "{}", packed.redacted(&sandbox));
}

#[test]
fn generated_outputs_for_shells_editors_and_man() {
    let sandbox = sandbox_with("theory");
    assert!(bundle(sandbox.path(), &["completions", "bash"]).stdout.contains("_bundle"));
    assert!(bundle(sandbox.path(), &["man"]).stdout.contains(".TH bundle 1"));
    assert_eq!(bundle(sandbox.path(), &["man", "-o", "man1"]).code, 0);
    assert!(sandbox.path().join("man1/bundle-pack.1").exists());
    for name in ["manifest", "report"] {
        let schema: Json =
            serde_json::from_str(&bundle(sandbox.path(), &["schema", name]).stdout).expect("JSON");
        assert!(schema["$schema"].is_string(), "{name}");
    }
}

#[test]
fn a_closed_pipe_is_quiet() {
    let sandbox = sandbox_with("theory");
    let script = format!("{} completions zsh | head -1", env!("CARGO_BIN_EXE_bundle"));
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(sandbox.path())
        .output()
        .expect("sh");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
