//! Projects that are wrong on purpose: each fails the rule that says so.

use bundle_check::{Answer, Report};
use bundle_testkit::{Sandbox, fixture};

use crate::{finding, report, said};

/// A project around a graph of `fixtures/vectors/onnx`, with input `x` and output `y`.
fn around(onnx: &[u8], rest: &str) -> Report {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("export/net.onnx", onnx).expect("written");
    let text = format!(
        "format = 1\n[bundle]\nname = \"x\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n\
         [models.net]\nonnx = \"export/net.onnx\"\n\
         [[inputs]]\nname = \"in\"\nkind = \"tensor\"\ntensors = {{ x = \"value\" }}\n\
         [[outputs]]\nname = \"out\"\n{rest}"
    );
    sandbox.write("bundle.toml", text).expect("written");
    report(sandbox.path())
}

fn vector(name: &str) -> Vec<u8> {
    fs_err::read(fixture("vectors/onnx").join(name)).expect(name)
}

const TENSOR: &str = "kind = \"tensor\"\ntensors = { value = \"y\" }\n";

#[test]
fn an_empty_model_is_not_onnx() {
    for content in [&b""[..], b"version https://git-lfs.github.com/spec/v1\n", b"<html>404</html>"]
    {
        let report = around(content, TENSOR);
        assert!(!report.holds);
        assert_eq!(finding(&report, "ONNX-5").answer, Answer::Fail);
        assert!(
            said(&report, "ONNX-5").starts_with("fail export/net.onnx"),
            "{}",
            said(&report, "ONNX-5")
        );
        assert_eq!(finding(&report, "MLCC-4").answer, Answer::Fail);
        assert_eq!(finding(&report, "ONNX-1").answer, Answer::Unknown);
    }
}

#[test]
fn external_data_outside_is_refused() {
    for name in ["escape.onnx", "absolute.onnx"] {
        let report = around(&vector(name), TENSOR);
        assert!(!report.holds, "{name}");
        assert_eq!(finding(&report, "ONNX-3").answer, Answer::Fail, "{name}");
        assert!(said(&report, "ONNX-3").contains("external data"), "{}", said(&report, "ONNX-3"));
    }
}

#[test]
fn a_custom_operator_is_refused_by_node_and_name_and_the_rest_is_judged() {
    let report = around(&vector("custom.onnx"), TENSOR);
    assert_eq!(finding(&report, "ONNX-1").answer, Answer::Fail);
    let said = said(&report, "ONNX-1");
    assert!(said.contains("node `") && said.contains('('), "{said}");
    assert!(report.holds, "a network that cannot run here packs and is judged all the same");
    assert_eq!(finding(&report, "ONNX-5").answer, Answer::Pass);
    assert_eq!(finding(&report, "MLCC-4").answer, Answer::Pass);
}

#[test]
fn weights_that_are_nan_fail() {
    let report = around(&vector("not_finite.onnx"), TENSOR);
    assert_eq!(finding(&report, "ONNX-4").answer, Answer::Fail);
}

#[test]
fn names_that_the_graph_does_not_know_are_listed() {
    let report =
        around(&vector("add.onnx"), "kind = \"tensor\"\ntensors = { value = \"logits\" }\n");
    assert!(!report.holds);
    assert_eq!(
        said(&report, "ONNX-2"),
        "fail bundle.toml  output `out` reads `logits`; the graph gives `y`"
    );
}

#[test]
fn a_step_that_cannot_work_is_named() {
    let steps = "kind = \"tensor\"\ntensors = { value = \"y\" }\nsteps = [{ op = \"rescale\", scale = 2.0 }, { op = \"decode_image\", exif_orientation = \"ignore\" }]\n";
    let report = around(&vector("add.onnx"), steps);
    assert!(!report.holds);
    assert!(
        said(&report, "PREP-1").starts_with("fail bundle.toml  step 1 `decode_image` of `out`"),
        "{}",
        said(&report, "PREP-1")
    );
}

#[test]
fn a_label_too_few_is_counted() {
    let sandbox = Sandbox::new().expect("a sandbox");
    bundle_testkit::copy_tree(&fixture("digits"), sandbox.path()).expect("copied");
    sandbox.write("labels.txt", "0\n1\n2\n3\n4\n5\n6\n7\nLABEL_8\n").expect("written");
    let report = report(sandbox.path());
    assert!(!report.holds);
    assert_eq!(finding(&report, "LABL-1").answer, Answer::Fail);
    assert!(
        said(&report, "LABL-1").contains('9') && said(&report, "LABL-1").contains("10"),
        "{}",
        said(&report, "LABL-1")
    );
    assert_eq!(said(&report, "LABL-2"), "fail output `digit`: label 8 is `LABEL_8`");
}

#[test]
fn a_recording_of_nan_fails() {
    let sandbox = Sandbox::new().expect("a sandbox");
    bundle_testkit::copy_tree(&fixture("digits"), sandbox.path()).expect("copied");
    let path = sandbox.path().join("examples/chalk.digit.npy");
    let mut bytes = fs_err::read(&path).expect("a recording");
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs_err::write(&path, bytes).expect("written");
    let report = report(sandbox.path());
    assert!(!report.holds);
    assert_eq!(
        said(&report, "EXAM-2"),
        "fail examples/chalk.digit.npy  `digit`: 1 elements are NaN or infinite"
    );
    assert_eq!(report.examples, Some((6, 7)));
}

#[test]
fn problems_of_bundle_toml_are_shown_with_their_lines() {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox
        .write("bundle.toml", "format = 1\n[bundle]\nnmae = \"\u{1b}[31mx\"\n")
        .expect("written");
    let report = report(sandbox.path());
    assert!(!report.holds);
    let finding = finding(&report, "DECL-1");
    assert_eq!(finding.answer, Answer::Fail);
    assert!(
        finding.evidence.iter().any(|line| line.to_string().starts_with("bundle.toml:3  ")),
        "{finding:?}"
    );
    assert!(!bundle_check::render_text(&report, false).contains('\u{1b}'));
}

#[test]
fn a_secret_is_found_far_inside_and_what_was_not_searched_is_no_pass() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let key = concat!("-----BEGIN RSA PRIV", "ATE KEY-----\n");
    let log = format!("{}{key}", "step 1 loss 0.5\n".repeat(100_000));
    sandbox.write("run.log", log).expect("written");
    let line = format!("[{} \"{}\"]", "0.125,".repeat(9_000), key.trim());
    sandbox.write("data.json", line).expect("written");
    let found = report(sandbox.path());
    let places: Vec<String> =
        finding(&found, "SECR-1").evidence.iter().map(ToString::to_string).collect();
    assert!(places[0].starts_with("data.json:1  a private key"), "{places:?}");
    assert!(places[1].starts_with("run.log:100001  a private key"), "{places:?}");

    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("id\u{7}.pem", key).expect("written");
    sandbox.write("train.py", "print(1)\n").expect("written");
    let report = report(sandbox.path());
    assert_eq!(finding(&report, "SECR-1").answer, Answer::Unknown);
    assert!(said(&report, "SECR-1").contains("was not searched"), "{}", said(&report, "SECR-1"));
}
