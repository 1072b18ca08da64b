//! One case per command and per error that a user meets.

use bundle_testkit::Sandbox;
use serde_json::Value as Json;

use crate::harness::{bundle, bundle_command, packed, sandbox_with};

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

#[test]
fn an_extracted_bundle_that_was_changed_does_not_hold() {
    let (sandbox, file) = packed("theory");
    let extract = bundle(sandbox.path(), &["extract", &file, "-C", "."]);
    assert_eq!(extract.code, 0, "{}", extract.redacted(&sandbox));
    let untouched = bundle(sandbox.path(), &["check", "theory-1.0.0"]);
    assert_eq!(untouched.code, 0, "{}", untouched.redacted(&sandbox));
    sandbox.write("theory-1.0.0/project/README.md", "# Other words\n").expect("writes");
    let changed = bundle(sandbox.path(), &["check", "theory-1.0.0"]);
    assert_eq!(changed.code, 1, "{}", changed.redacted(&sandbox));
    assert!(
        changed.stdout.contains("FILE-1  README.md  is not what bundle.lock says"),
        "{}",
        changed.stdout
    );
}

#[test]
fn words_of_a_bundle_do_not_act_on_the_terminal() {
    let sandbox = sandbox_with("theory");
    let manifest = sandbox.path().join("theory/bundle.toml");
    let text = fs_err::read_to_string(&manifest).expect("reads");
    let title = text.lines().find(|line| line.starts_with("title")).expect("a title");
    let text = text.replace(title, "title = \"red\\u001b[31m\"");
    fs_err::write(&manifest, text).expect("writes");
    for command in ["inspect", "check"] {
        let said = bundle(sandbox.path(), &[command, "theory"]);
        assert!(!said.stdout.contains('\u{1b}'), "{command}: {}", said.stdout);
    }
}

#[test]
fn a_mistyped_input_is_answered_with_the_names() {
    let (sandbox, file) = packed("digits");
    let said = bundle(sandbox.path(), &["run", &file, "imgae=x.png"]);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("there is no input `imgae`"), "{}", said.stderr);
    assert!(said.stderr.contains("the inputs are `image`"), "{}", said.stderr);
    let said = bundle(sandbox.path(), &["run", &file]);
    assert!(said.stderr.contains("nothing is given for `image`"), "{}", said.stderr);
    let said = bundle(sandbox.path(), &["run", "absent.bundle.tar.zst", "x.png"]);
    assert!(said.stderr.contains("there is no `absent.bundle.tar.zst`"), "{}", said.stderr);
}

#[test]
fn a_closed_pipe_does_not_change_the_verdict() {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("bad", "no bundle").expect("writes");
    let mut command = bundle_command(sandbox.path(), &["check", "bad"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ends").code(), Some(1));
}

#[test]
fn json_has_what_was_asked_for() {
    let (sandbox, file) = packed("digits");
    let arguments =
        ["run", &file, "--example", "chalk", "--top", "2", "--trace", "--format", "json"];
    let said = bundle(sandbox.path(), &arguments);
    let json: Json = serde_json::from_str(&said.stdout).expect("JSON");
    let prediction = &json["predictions"][0];
    let labels = prediction["prediction"]["outputs"]["digit"]["rows"][0].as_array();
    assert_eq!(labels.map(Vec::len), Some(2), "{prediction:#}");
    assert_eq!(prediction["trace"]["steps"][0]["op"], "decode_image", "{prediction:#}");
    let said = bundle(sandbox.path(), &["check", "--explain", "MLCC-1", "--format", "json"]);
    let json: Json = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(json["id"], "MLCC-1");
}
