//! Whole projects and bundles, checked from the outside.

mod bundles;
mod container;
mod faults;
mod fixtures;
mod hostile;
mod overrides;
mod pack;
mod policies;
mod tamper;
mod vectors;
mod zipped;

use std::path::Path;

use bundle_check::{Answer, CheckRequest, Finding, Report, check};
use bundle_signature::{Trust, UnixTime};

/// Read strictly, by somebody who trusts nobody.
fn request(replay: bool) -> CheckRequest {
    CheckRequest { replay, ..CheckRequest::new(Trust::nobody(UnixTime(0))) }
}

/// The report of a path, with its examples replayed, read strictly.
fn report(path: &Path) -> Report {
    check(path, &request(true), &|_| ()).expect("judged")
}

/// The finding of a rule.
fn finding<'r>(report: &'r Report, rule: &str) -> &'r Finding {
    report.findings.iter().find(|finding| finding.rule == rule).expect(rule)
}

/// `FAIL evidence` of a rule, on one line.
fn said(report: &Report, rule: &str) -> String {
    let finding = finding(report, rule);
    let evidence = finding.evidence.first().map(ToString::to_string).unwrap_or_default();
    format!("{} {evidence}", finding.answer.as_str())
}

/// Ids of the rules that answer so.
fn rules_that(report: &Report, answer: Answer) -> Vec<&'static str> {
    report
        .findings
        .iter()
        .filter(|finding| finding.answer == answer)
        .map(|finding| finding.rule)
        .collect()
}
