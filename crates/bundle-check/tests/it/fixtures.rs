//! The papers in small: they pass, and each item rests on its file.

use bundle_check::{Answer, check, render_json, render_text, report_schema};
use bundle_testkit::{Sandbox, copy_tree, fixture};

use crate::{finding, report, request, rules_that, said};

#[test]
fn digits_and_wine_have_all_five_and_give_their_numbers() {
    // Seven pictures of digits cannot show everything that libraries do differently.
    for (name, examples, weak) in [("digits", 7, &["EXAM-6"][..]), ("wine", 6, &[])] {
        let report = report(&fixture(name));
        assert_eq!(rules_that(&report, Answer::Fail), [""; 0], "{name}");
        assert_eq!(rules_that(&report, Answer::Weak), weak, "{name}");
        assert_eq!(rules_that(&report, Answer::Unknown), [""; 0], "{name}");
        assert_eq!(report.complete, (5, 5), "{name}");
        assert_eq!(report.examples, Some((examples, examples)), "{name}");
        assert!(report.holds, "{name}");
    }
}

#[test]
fn a_theory_is_judged_and_what_needs_a_model_does_not_apply() {
    let report = report(&fixture("theory"));
    assert!(report.holds);
    assert_eq!(report.complete, (3, 3));
    assert_eq!(report.examples, None);
    assert_eq!(
        said(&report, "MLCC-4"),
        "not-applicable no model: the results are two theorems with proofs; verify.py checks them numerically"
    );
    for finding in &report.findings {
        let of_model =
            ["ONNX", "PREP", "LABL", "EXAM"].iter().any(|area| finding.rule.starts_with(area));
        assert!(!of_model || finding.answer == Answer::NotApplicable, "{finding:?}");
    }
    assert!(report.not_tested.contains(&"that the paper's argument is right".to_owned()));
}

#[test]
fn each_item_of_digits_rests_on_its_file() {
    let cases = [
        ("requirements.txt", "MLCC-1"),
        ("train.py", "MLCC-2"),
        ("evaluate.py", "MLCC-3"),
        ("export/digits.onnx", "MLCC-4"),
        ("README.md", "MLCC-5"),
    ];
    for (file, item) in cases {
        let sandbox = Sandbox::new().expect("a sandbox");
        copy_tree(&fixture("digits"), sandbox.path()).expect("copied");
        fs_err::remove_file(sandbox.path().join(file)).expect("removed");
        let request = request(false);
        let report = check(sandbox.path(), &request, &|_| ()).expect("judged");
        let mut fails = rules_that(&report, Answer::Fail);
        fails.retain(|rule| rule.starts_with("MLCC"));
        assert_eq!(fails, [item], "without {file}");
        assert_eq!(report.complete, (4, 5), "without {file}");
    }
}

#[test]
fn a_missing_file_is_named_where_it_is_referred_to() {
    let sandbox = Sandbox::new().expect("a sandbox");
    copy_tree(&fixture("digits"), sandbox.path()).expect("copied");
    fs_err::remove_file(sandbox.path().join("labels.txt")).expect("removed");
    let report = report(sandbox.path());
    assert!(!report.holds);
    assert_eq!(
        said(&report, "DECL-2"),
        "fail bundle.toml  outputs[0].labels.file refers to `labels.txt`, which does not exist"
    );
}

#[test]
fn the_report_of_digits_reads_well() {
    let report = report(&fixture("digits"));
    let text = render_text(&report, false);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.to_lowercase().contains("reproducib"), "{text}");
    assert!(
        text.contains("HOLDS   complete 5/5 · examples 7/7 · claims not evaluated\n"),
        "{text}"
    );
    assert!(text.ends_with("None of the author's code was run.\n"), "{text}");
    assert!(!text.contains('\u{1b}'));
    assert!(render_text(&report, true).contains("\u{1b}[32mHOLDS\u{1b}[0m"));
    let json = render_json(&report);
    let validator = jsonschema::validator_for(&report_schema()).expect("a schema");
    assert!(validator.is_valid(&json), "{json}");
    assert_eq!(json["profile"], "strict");
}

#[test]
fn a_changed_step_is_named() {
    let sandbox = Sandbox::new().expect("a sandbox");
    copy_tree(&fixture("digits"), sandbox.path()).expect("copied");
    let path = sandbox.path().join("bundle.toml");
    let text = fs_err::read_to_string(&path).expect("a manifest");
    fs_err::write(&path, text.replace("mean = [0.1307]", "mean = [0.1407]")).expect("written");
    let report = report(sandbox.path());
    assert!(!report.holds);
    let found = finding(&report, "EXAM-3");
    let lines: Vec<_> = found.evidence.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        lines[..2],
        [
            format!("{}/7 examples within tolerance", report.examples.expect("replayed").0)
                .as_str(),
            "first step that differs: 4 normalize of `image`",
        ]
    );
    assert!(lines[2].contains("; step 4 normalize: local error 3.2"), "{lines:?}");
}

#[test]
fn nothing_that_is_not_there_is_judged() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let request = request(true);
    let error = check(&sandbox.path().join("gone"), &request, &|_| ()).expect_err("not there");
    assert!(error.to_string().contains("gone"), "{error}");
    let report = report(sandbox.path());
    assert_eq!(report.complete, (0, 5));
    assert_eq!(
        said(&report, "DECL-1"),
        "weak there is no bundle.toml; judged as a plain directory"
    );
}
