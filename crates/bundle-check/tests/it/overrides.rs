//! What an author asks to be read differently.

use std::sync::Arc;

use bundle_check::{
    Answer, CheckRequest, OverrideOf, Policy, Report, check, render_json, render_text,
};
use bundle_testkit::Sandbox;

use crate::{finding, request};

const OVERRIDES: &str = r#"
[[check.overrides]]
rule = "LICE-1"
answer = "not-applicable"
reason = "the licence is that of the journal"

[[check.overrides]]
rule = "DECL-2"
answer = "weak"
reason = "the train command is on another machine"

[[check.overrides]]
rule = "MLCC-2"
answer = "weak"
reason = "training\u202e is described in the appendix"

[[check.overrides]]
rule = "ZZZZ-9"
answer = "weak"
reason = "a rule of a later version"

[check.words.training_names]
add = ["calibrate"]
reason = "we call training calibration"
"#;

fn report(policy: Option<&str>) -> Report {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("README.md", "# A paper\n\nIt has a title and an abstract.\n").expect("written");
    let toml = "format = 1\n[bundle]\nname = \"x\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n[models]\nwhy = \"a survey\"\n[code]\nenvironment = [\"absent.txt\"]\n";
    sandbox.write("bundle.toml", format!("{toml}{OVERRIDES}")).expect("written");
    let policy = policy.map(|lines| {
        let text = format!("policy = 1\nname = \"venue\"\nversion = \"2\"\n{lines}");
        Arc::new(Policy::from_toml(&text).expect("a policy"))
    });
    check(sandbox.path(), &CheckRequest { policy, ..request(false) }, &|_| ()).expect("judged")
}

/// What became of the entry about a rule.
fn fate(report: &Report, id: &str) -> Option<String> {
    let about = |of: &OverrideOf| matches!(of, OverrideOf::Rule { rule, .. } if rule == id);
    let entry = report.authors.iter().find(|entry| about(&entry.about)).expect(id);
    entry.ignored.clone()
}

#[test]
fn an_override_is_gone_by_and_shown_with_its_reason() {
    let report = report(None);
    assert_eq!(fate(&report, "LICE-1"), None);
    let finding = finding(&report, "LICE-1");
    assert_eq!(finding.answer, Answer::NotApplicable);
    assert_eq!(
        finding.evidence[0].text,
        "the author says: the licence is that of the journal (found: fail)"
    );
    let text = render_text(&report, false);
    assert!(
        text.contains("~ author     LICE-1 not-applicable, not fail\n             says: the licence is that of the journal\n"),
        "{text}"
    );
    assert!(text.contains("~ author     training_names: calibrate\n"), "{text}");
    assert!(!text.contains('\u{202e}'), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn what_must_hold_is_not_its_authors_to_judge() {
    let report = report(None);
    assert_eq!(
        fate(&report, "DECL-2").as_deref(),
        Some("a rule that must hold is not its author's to judge")
    );
    assert_eq!(finding(&report, "DECL-2").answer, Answer::Fail);
    assert!(!report.holds);
    assert_eq!(fate(&report, "ZZZZ-9").as_deref(), Some("this version has no such rule"));
}

#[test]
fn a_venue_may_ignore_them_and_lists_them_all_the_same() {
    let free = report(Some("overrides = \"allow\"\n"));
    assert_eq!(fate(&free, "LICE-1"), None);
    let strict = report(Some("overrides = \"forbid\"\n"));
    assert_eq!(finding(&strict, "LICE-1").answer, Answer::Fail);
    assert_eq!(strict.authors.len(), free.authors.len());
    assert!(
        strict
            .authors
            .iter()
            .all(|entry| entry.ignored.as_deref() == Some("the policy forbids overrides")),
        "{:?}",
        strict.authors
    );
    let text = render_text(&strict, false);
    assert!(text.contains("– author     ignored, the policy forbids overrides:"), "{text}");
}

#[test]
fn a_report_with_overrides_and_a_policy_follows_its_schema() {
    let validator = jsonschema::validator_for(&bundle_check::report_schema()).expect("a schema");
    for policy in
        [None, Some("overrides = \"forbid\"\nmin_ticks = 5\n[severity]\nLICE-1 = \"off\"\n")]
    {
        let json = render_json(&report(policy));
        let errors: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let mut bad = json.clone();
        bad["overrides"][0]["more"] = true.into();
        assert!(!validator.is_valid(&bad));
    }
}
