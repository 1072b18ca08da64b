//! The same projects, packed, and what can be wrong with a packed one.

use std::path::PathBuf;

use bundle_check::{Answer, render_text};
use bundle_manifest::GitObjectId;
use bundle_testkit::{Sandbox, fixture};

use crate::{
    finding,
    pack::{Packing, pack},
    report, rules_that, said,
};

/// The theory, packed.
fn packed(sandbox: &Sandbox, packing: &Packing<'_>) -> PathBuf {
    let path = sandbox.path().join("theory-1.0.0.bundle.tar.zst");
    pack(&fixture("theory"), &path, packing);
    path
}

#[test]
fn a_bundle_is_judged_as_its_directory_is() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let path = sandbox.path().join("digits-1.0.0.bundle.tar.zst");
    pack(&fixture("digits"), &path, &Packing::default());
    let (bundle, directory) = (report(&path), report(&fixture("digits")));
    assert!(bundle.holds);
    assert_eq!((bundle.complete, bundle.examples), (directory.complete, directory.examples));
    assert_eq!((bundle.files, bundle.bytes), (directory.files, directory.bytes));
    assert_eq!(rules_that(&bundle, Answer::Weak), ["SIGN-1", "EXAM-6"]);
    assert_eq!(said(&bundle, "SIGN-1"), "weak unsigned");
    assert!(
        said(&bundle, "FILE-1").starts_with("pass canonical; all "),
        "{}",
        said(&bundle, "FILE-1")
    );
    assert!(said(&bundle, "FILE-2").starts_with("pass swh:1:dir:"));
    for finding in &bundle.findings {
        let container =
            ["FILE", "SIGN", "CODE-2"].iter().any(|area| finding.rule.starts_with(area));
        let same = directory.findings.iter().any(|other| other == finding);
        assert!(container || same, "{finding:?}");
    }
}

#[test]
fn a_flipped_byte_anywhere_is_found() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let path = packed(&sandbox, &Packing::default());
    let bytes = fs_err::read(&path).expect("a bundle");
    for at in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x10;
        fs_err::write(&path, bad).expect("written");
        let report = report(&path);
        assert!(!report.holds, "byte {at}");
        assert_eq!(finding(&report, "FILE-1").answer, Answer::Fail, "byte {at}");
    }
}

#[test]
fn what_is_no_bundle_does_not_hold_and_says_why() {
    let sandbox = Sandbox::new().expect("a sandbox");
    for (name, content) in
        [("empty", &b""[..]), ("text", b"not a bundle"), ("zip", b"PK\x03\x04broken")]
    {
        let path = sandbox.write(name, content).expect("written");
        let report = report(&path);
        assert!(!report.holds, "{name}");
        assert_eq!(report.id, None);
        let text = render_text(&report, false);
        assert!(text.contains("DOES NOT HOLD") && text.contains("FILE-1"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn a_lock_that_names_other_code_does_not_hold() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let lie = |lock: &mut bundle_manifest::Lock| lock.code.swhid = GitObjectId::from_bytes([7; 20]);
    let report = report(&packed(&sandbox, &Packing { edit: Some(lie), ..Packing::default() }));
    assert!(!report.holds);
    assert_eq!(finding(&report, "FILE-2").answer, Answer::Fail);
    assert_eq!(rules_that(&report, Answer::Fail), ["FILE-2"]);
}

#[test]
fn withheld_members_are_listed_and_what_is_no_signature_is_bad() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let packing = Packing {
        withhold: Some("results/bounds.json"),
        signature: Some(b"{}"),
        ..Packing::default()
    };
    let report = report(&packed(&sandbox, &packing));
    assert!(!report.holds);
    assert!(
        said(&report, "FILE-3").starts_with("weak results/bounds.json  withheld: "),
        "{}",
        said(&report, "FILE-3")
    );
    assert_eq!(
        said(&report, "SIGN-2"),
        "fail signature file: is not a Sigstore bundle: missing field `mediaType` at line 1 column 2"
    );
    assert_eq!(rules_that(&report, Answer::Fail), ["SIGN-2"]);
}
