//! Reports as they are drawn.

use bundle_manifest::BundleId;

use super::*;
use crate::{Confidence, Demands, Profile};

fn finding(
    rule: &'static str,
    answer: Answer,
    evidence: &[Evidence],
    remedy: Option<&str>,
) -> Finding {
    let (evidence, remedy) = (evidence.to_vec(), remedy.map(str::to_owned));
    Finding { rule, answer, evidence, remedy, confidence: Confidence::High, ground: None }
}

fn report(findings: Vec<Finding>) -> Report {
    Report {
        subject: "retina-grade 1.0.0".to_owned(),
        id: "3f9a".repeat(16).parse().ok().map(BundleId),
        signature: None,
        attestations: Vec::new(),
        anchor: None,
        files: 41,
        bytes: 88_000_000,
        profile: Profile::Strict,
        findings,
        verdict: Verdict::DoesNotHold,
        holds: false,
        complete: (4, 5),
        examples: Some((9, 12)),
        claims: 3,
        demands: Demands::default(),
        policy: None,
        authors: Vec::new(),
        unmet: Vec::new(),
        not_tested: vec![
            "that training gives these weights".to_owned(),
            "that test data was never seen".to_owned(),
        ],
    }
}

/// A finding of every kind.
fn everything() -> Vec<Finding> {
    vec![
        finding(
            "FILE-1",
            Answer::Pass,
            &[Evidence::note("canonical; all 42 members have the digest in the lock")],
            None,
        ),
        finding(
            "SIGN-1",
            Answer::Weak,
            &[Evidence::note("unsigned")],
            Some("compare the id above with the one printed in the paper"),
        ),
        finding(
            "MLCC-1",
            Answer::Weak,
            &[Evidence::at("requirements.txt", 1, "0 of 9 have a version")],
            Some("pip freeze > requirements.txt"),
        ),
        finding("MLCC-2", Answer::Pass, &[], None),
        finding("ONNX-1", Answer::NotApplicable, &[Evidence::note("no model")], None),
        finding("PREP-1", Answer::NotApplicable, &[Evidence::note("no model")], None),
        finding(
            "CODE-1",
            Answer::Fail,
            &[Evidence::at(
                "README.md",
                12,
                "`python load_and_run.py` names `load_and_run.py`, which does not exist",
            )],
            Some("correct the command"),
        ),
        finding("CODE-3", Answer::Weak, &[Evidence::at("README.md", 3, "`coming soon`")], None),
        finding(
            "EXAM-3",
            Answer::Fail,
            &[
                Evidence::note("9/12 examples within tolerance"),
                Evidence::note("a: first step that differs: 3 resize"),
            ],
            Some("bundle.toml:34  impl = \"torchvision\""),
        ),
    ]
}

#[test]
fn a_report_is_drawn_as_designed() {
    let report = report(everything());
    insta::assert_snapshot!(render_text(&report, false), @r#"
    retina-grade 1.0.0                                               41 files, 88 MB
    sha256:3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a3f9a
    ✓ unchanged  canonical; all 42 members have the digest in the lock
    ~ signature  SIGN-1  unsigned
                 → compare the id above with the one printed in the paper
    ~ complete   4/5   MLCC-1  requirements.txt:1  0 of 9 have a version
                 → pip freeze > requirements.txt
    ✗ code       CODE-1  README.md:12  `python load_and_run.py` names
                 `load_and_run.py`, which does not exist
                 → correct the command
                 ~ CODE-3  README.md:3  `coming soon`
    – model, prepares  no model
    ✗ runs       9/12 examples within tolerance
                 EXAM-3  a: first step that differs: 3 resize
                 → bundle.toml:34  impl = "torchvision"
    DOES NOT HOLD   complete 4/5 · examples 9/12 · claims not evaluated
    Not tested: that training gives these weights; that test data was never seen.
    None of the author's code was run.
    "#);
}

#[test]
fn no_line_is_too_long_whatever_is_in_it() {
    let long = "x".repeat(200);
    let words = "word ".repeat(60);
    for text in [long.as_str(), words.as_str(), "", "é"] {
        let evidence = [Evidence::at(&long, 1, text), Evidence::note(text)];
        let mut report = report(vec![
            finding("MLCC-1", Answer::Fail, &evidence, Some(text)),
            finding("MLCC-2", Answer::Unknown, &evidence, None),
            finding("LICE-1", Answer::NotApplicable, &evidence, None),
        ]);
        report.subject = long.clone();
        for line in render_text(&report, false).lines() {
            assert!(columns(line) <= WIDTH, "{line}");
        }
        let painted = render_text(&report, true);
        let plain: Vec<String> = render_text(&report, false).lines().map(str::to_owned).collect();
        let stripped: Vec<usize> = painted.lines().map(visible).collect();
        assert_eq!(stripped, plain.iter().map(|line| columns(line)).collect::<Vec<_>>());
    }
}
