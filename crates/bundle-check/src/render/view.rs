//! A report in the order in which a page shows it: what HTML and Markdown are
//! written from.

use serde_json::{Value as Json, json};

use super::layout::size;
use crate::{
    Answer, Area, AuthorsEntry, Finding, OverrideOf, Report, Severity, Verdict, evidence::shown,
    rules, rules::RULESET,
};

/// A report under the name that it was asked for.
pub(super) fn of(name: &str, report: &Report) -> Json {
    let files =
        if report.files == 1 { "1 file".to_owned() } else { format!("{} files", report.files) };
    let (pass, applicable) = report.complete;
    json!({
        "name": name,
        "subject": report.subject,
        "id": report.id.map(|id| id.to_string()),
        "files": files,
        "size": size(report.bytes),
        "profile": report.profile.as_str(),
        "version": env!("CARGO_PKG_VERSION"),
        "ruleset": RULESET,
        "verdict": verdict(report.verdict),
        "mark": verdict_mark(report.verdict),
        "tone": verdict_tone(report.verdict),
        "complete": (applicable > 0).then(|| format!("{pass}/{applicable}")),
        "examples": report.examples.map(|(hold, replayed)| format!("{hold}/{replayed}")),
        "claims": report.claims,
        "areas": Area::ALL.iter().filter_map(|area| area_of(report, *area)).collect::<Vec<_>>(),
        "policy": report.policy.as_ref().map(|policy| json!({
            "name": shown(policy.name(), 120),
            "version": shown(policy.version(), 60),
            "sha256": policy.sha256().to_string(),
        })),
        "unmet": report.unmet,
        "authors": report.authors.iter().map(author).collect::<Vec<_>>(),
        "not_tested": report.not_tested,
    })
}

/// What the author asks to be read differently, in a sentence.
fn author(entry: &AuthorsEntry) -> String {
    let what = match &entry.about {
        OverrideOf::Rule { rule, answer, .. } => format!("{rule} is {}", said(*answer)),
        OverrideOf::Words { list, words } => format!("{list} has {}", words.join(", ")),
    };
    match &entry.ignored {
        Some(why) => format!("{what}: {} (not gone by: {why})", entry.reason),
        None => format!("{what}: {}", entry.reason),
    }
}

/// The words of a verdict.
pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "Holds",
        Verdict::DoesNotHold => "Does not hold",
        Verdict::NothingDeclared => "Nothing declared",
    }
}

const fn verdict_mark(verdict: Verdict) -> char {
    match verdict {
        Verdict::Holds => '✓',
        Verdict::DoesNotHold => '✗',
        Verdict::NothingDeclared => '?',
    }
}

const fn verdict_tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "pass",
        Verdict::DoesNotHold => "fail",
        Verdict::NothingDeclared => "unknown",
    }
}

/// Whether a finding wants the reader's attention.
pub(super) const fn wants(finding: &Finding) -> bool {
    matches!(finding.answer, Answer::Weak | Answer::Fail | Answer::Unknown)
}

/// The words of an answer.
const fn said(answer: Answer) -> &'static str {
    match answer {
        Answer::Pass => "passes",
        Answer::Weak => "weak",
        Answer::Fail => "fails",
        Answer::NotApplicable => "does not apply",
        Answer::Unknown => "not judged",
    }
}

fn area_of(report: &Report, area: Area) -> Option<Json> {
    let rule = |finding: &Finding| rules().iter().copied().find(|rule| rule.id == finding.rule);
    let all: Vec<_> = report
        .findings
        .iter()
        .filter_map(|finding| Some((finding, rule(finding)?)))
        .filter(|(_, rule)| rule.area == area)
        .collect();
    let answer = all.iter().map(|(finding, _)| finding.answer).max_by_key(|a| a.weight())?;
    let findings = all.iter().map(|(finding, rule)| {
        json!({
            "rule": rule.id,
            "title": rule.title,
            "why": rule.why,
            "reference": rule.reference,
            "severity": report.severity(rule).map(Severity::as_str),
            "answer": finding.answer.as_str(),
            "said": said(finding.answer),
            "mark": finding.answer.mark().to_string(),
            "wants": wants(finding),
            "evidence": finding.evidence.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "remedy": finding.remedy,
            "confidence": finding.confidence.as_str(),
        })
    });
    Some(json!({
        "title": area.title(),
        "word": area.as_str(),
        "answer": answer.as_str(),
        "said": said(answer),
        "mark": answer.mark().to_string(),
        "findings": findings.collect::<Vec<_>>(),
    }))
}
