//! The report for people: 80 columns, a line per area, beneath it what is not
//! as it should be, the verdict, and what was not tested.

use super::layout::{columns, size, visible, wrap};
use crate::{
    Answer, Area, Evidence, Finding, OverrideOf, Report, Rule, Verdict, rules, rules::RULESET, said,
};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Columns before the text of an area's line.
const INDENT: usize = 13;
/// Pieces of evidence shown for one finding.
const MAX_EVIDENCE: usize = 6;

/// The report as a person reads it in a terminal, 80 columns; `colour` adds ANSI colours.
pub fn render_text(report: &Report, colour: bool) -> String {
    let mut page = Page { text: String::new(), colour };
    page.header(report);
    page.areas(report);
    page.authors(report);
    page.unmet(report);
    page.verdict(report);
    page.text
}

struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// `name version                41 files, 88 MB`, and the whole id: the first
    /// and last digits of another one are soon found.
    fn header(&mut self, report: &Report) {
        let left = report.subject.clone();
        let files = if report.files == 1 { "file" } else { "files" };
        let right = format!("{} {files}, {}", report.files, size(report.bytes));
        let gap = WIDTH.saturating_sub(columns(&left) + columns(&right));
        if gap >= 2 {
            self.put(&format!("{left}{}{right}", " ".repeat(gap)), 0);
        } else {
            self.put(&left, 0);
            self.put(&right, 0);
        }
        if let Some(id) = report.id {
            self.put(&id.to_string(), 0);
        }
        if let Some(policy) = &report.policy {
            let (name, version) = (policy.name(), policy.version());
            let profile = report.profile.as_str();
            self.put(&format!("policy {name} {version}, ruleset {RULESET}, {profile}"), 0);
            self.put(&format!("sha256:{}", policy.sha256()), "policy ".len());
        }
    }

    /// A line for each area. Areas to which nothing applies, for one reason, share theirs.
    fn areas(&mut self, report: &Report) {
        let mut idle: Option<(Vec<&str>, String)> = None;
        for area in Area::ALL {
            let line = Line::of(report, area);
            let idle_area = line.answer == Some(Answer::NotApplicable);
            // Nobody misses it where the review is not blind.
            if idle_area && matches!(area, Area::Anonymity | Area::Page) {
                continue;
            }
            if idle_area {
                match &mut idle {
                    Some((names, why)) if *why == line.summary => names.push(area.as_str()),
                    _ => {
                        self.idle(idle.take());
                        idle = Some((vec![area.as_str()], line.summary));
                    }
                }
                continue;
            }
            self.idle(idle.take());
            if let Some(answer) = line.answer {
                self.area(area, answer, &line);
            }
            if area == Area::Signature {
                self.statements(report, &line);
            }
        }
        self.idle(idle);
    }

    /// What others have said, unless it is shown already because some of it is bad.
    fn statements(&mut self, report: &Report, line: &Line<'_>) {
        if line.findings.iter().any(|finding| finding.rule == "SIGN-3") {
            return;
        }
        for attestation in report.attestations.iter().take(MAX_EVIDENCE) {
            let text = Evidence::note(said(attestation)).to_string();
            self.text.push_str("             ");
            self.put_from(&format!("said: {text}"), INDENT, INDENT);
        }
    }

    fn idle(&mut self, areas: Option<(Vec<&str>, String)>) {
        let Some((names, why)) = areas else { return };
        let mark = self.mark(Answer::NotApplicable);
        let names = names.join(", ");
        if columns(&names) > WIDTH / 2 {
            self.text.push_str(&mark);
            self.text.push(' ');
            self.put_from(&names, 2, 2);
            self.put(&why, INDENT);
            return;
        }
        let gap = if columns(&names) < INDENT - 2 { INDENT - 2 - columns(&names) } else { 2 };
        self.text.push_str(&mark);
        self.text.push(' ');
        self.text.push_str(&names);
        self.text.push_str(&" ".repeat(gap));
        self.put_from(&why, columns(&names) + gap + 2, INDENT);
    }

    /// The area and its summary; beneath, what is not as it should be. The first of
    /// it stands beside the summary where there is room.
    fn area(&mut self, area: Area, answer: Answer, line: &Line<'_>) {
        let head = format!("{} {:<width$}", self.mark(answer), area.as_str(), width = INDENT - 2);
        self.text.push_str(&head);
        let mut findings = line.findings.iter();
        let mut first = findings.clone().next();
        if let (Some(finding), false) = (first, line.summary.is_empty()) {
            let beside = format!("{}   {}", line.summary, self.heading(finding, answer, line).1);
            if columns(&beside) + INDENT > WIDTH {
                self.put_from(&line.summary, INDENT, INDENT);
                first = None;
            } else {
                self.text.push_str(&line.summary);
                self.text.push_str("   ");
            }
        }
        match first {
            Some(finding) => {
                findings.next();
                self.finding(finding, answer, line);
            }
            None if line.findings.is_empty() => self.put_from(&line.summary, INDENT, INDENT),
            None => {}
        }
        for finding in findings {
            self.text.push_str(&" ".repeat(INDENT));
            self.finding(finding, answer, line);
        }
    }

    /// `MLCC-1  requirements.txt:1  0 of 9 have a version`: as painted, and as it is counted.
    fn heading(&self, finding: &Finding, area: Answer, line: &Line<'_>) -> (String, String) {
        let id = finding.rule;
        let evidence = line.evidence(finding).first().cloned().unwrap_or_default();
        if finding.answer == area {
            let text = format!("{id}  {evidence}");
            return (text.clone(), text);
        }
        let mark = finding.answer.mark();
        (
            format!("{} {id}  {evidence}", self.mark(finding.answer)),
            format!("{mark} {id}  {evidence}"),
        )
    }

    /// The cursor stands where the finding begins.
    fn finding(&mut self, finding: &Finding, area: Answer, line: &Line<'_>) {
        let (painted, plain) = self.heading(finding, area, line);
        let used = self.text.rsplit('\n').next().map_or(0, visible);
        if used + columns(&plain) <= WIDTH {
            self.text.push_str(&painted);
            self.end();
        } else {
            self.put_from(&plain, used, INDENT);
        }
        let evidence = line.evidence(finding);
        for text in evidence.iter().skip(1).take(MAX_EVIDENCE - 1) {
            self.put(text, INDENT);
        }
        let more = evidence.len().saturating_sub(MAX_EVIDENCE);
        if more > 0 {
            self.put(&format!("and {more} more"), INDENT);
        }
        if let Some(remedy) = &finding.remedy {
            self.put(&format!("→ {remedy}"), INDENT);
        }
    }

    /// What the author asked to be read differently.
    fn authors(&mut self, report: &Report) {
        for entry in &report.authors {
            let mark = if entry.ignored.is_none() { Answer::Weak } else { Answer::NotApplicable };
            let head = format!("{} {:<width$}", self.mark(mark), "author", width = INDENT - 2);
            self.text.push_str(&head);
            let what = match &entry.about {
                OverrideOf::Rule { rule, answer, found: Some(found) } => {
                    format!("{rule} {}, not {}", answer.as_str(), found.as_str())
                }
                OverrideOf::Rule { rule, answer, found: None } => {
                    format!("{rule} {}", answer.as_str())
                }
                OverrideOf::Words { list, words } => format!("{list}: {}", words.join(", ")),
            };
            let ignored = entry.ignored.as_ref().map(|why| format!("ignored, {why}: "));
            let ignored = ignored.unwrap_or_default();
            self.put_from(&format!("{ignored}{what}"), INDENT, INDENT);
            self.put(&format!("says: {}", entry.reason), INDENT);
        }
    }

    /// What was asked beyond the rules, and is not met.
    fn unmet(&mut self, report: &Report) {
        for unmet in &report.unmet {
            let head =
                format!("{} {:<width$}", self.mark(Answer::Fail), "asked", width = INDENT - 2);
            self.text.push_str(&head);
            self.put_from(unmet, INDENT, INDENT);
        }
    }

    fn verdict(&mut self, report: &Report) {
        let (words, answer) = match report.verdict {
            Verdict::Holds => ("HOLDS", Answer::Pass),
            Verdict::DoesNotHold => ("DOES NOT HOLD", Answer::Fail),
            Verdict::NothingDeclared => ("NOTHING DECLARED", Answer::Unknown),
        };
        let complete = match report.complete {
            (_, 0) => "completeness not judged".to_owned(),
            (pass, applicable) => format!("complete {pass}/{applicable}"),
        };
        let examples = match report.examples {
            Some((hold, replayed)) => format!("examples {hold}/{replayed}"),
            None => "no examples replayed".to_owned(),
        };
        let claims = if report.claims == 0 { "no claims" } else { "claims not evaluated" };
        let words = self.paint(answer, words);
        let line = format!("{words}   {complete} · {examples} · {claims}\n");
        self.text.push_str(&line);
        let start = "Not tested: ";
        self.text.push_str(start);
        let untested = format!("{}.", report.not_tested.join("; "));
        self.put_from(&untested, columns(start), columns(start));
        self.put("None of the author's code was run.", 0);
    }

    fn mark(&self, answer: Answer) -> String {
        self.paint(answer, &answer.mark().to_string())
    }

    fn paint(&self, answer: Answer, text: &str) -> String {
        let code = match answer {
            Answer::Pass => "32",
            Answer::Weak | Answer::Unknown => "33",
            Answer::Fail => "1;31",
            Answer::NotApplicable => "2",
        };
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// `text` on lines of its own, from column `indent`.
    fn put(&mut self, text: &str, indent: usize) {
        self.text.push_str(&" ".repeat(indent));
        self.put_from(text, indent, indent);
    }

    /// `text` from column `at`, where the cursor stands; its other lines from column `indent`.
    fn put_from(&mut self, text: &str, at: usize, indent: usize) {
        for (index, line) in wrap(text, WIDTH.saturating_sub(at), WIDTH - indent).iter().enumerate()
        {
            if index > 0 {
                self.text.push_str(&" ".repeat(indent));
            }
            self.text.push_str(line);
            self.end();
        }
    }

    fn end(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }
}

/// The line of an area.
struct Line<'r> {
    /// The gravest answer of its rules; `None` where it has no rules.
    answer: Option<Answer>,
    summary: String,
    /// What is not as it should be.
    findings: Vec<&'r Finding>,
}

impl<'r> Line<'r> {
    fn of(report: &'r Report, area: Area) -> Self {
        let of_area = report
            .findings
            .iter()
            .filter(|finding| rule(finding).is_some_and(|rule| rule.area == area));
        let all: Vec<&Finding> = of_area.collect();
        let answer = all.iter().map(|finding| finding.answer).max_by_key(|answer| answer.weight());
        let wants_attention = |finding: &&Finding| {
            matches!(finding.answer, Answer::Weak | Answer::Fail | Answer::Unknown)
        };
        let findings: Vec<_> = all.iter().copied().filter(wants_attention).collect();
        let summary = match (area, report.examples) {
            (Area::Completeness, _) if report.complete.1 > 0 => {
                format!("{}/{}", report.complete.0, report.complete.1)
            }
            (Area::Reproduction, Some((hold, replayed))) if replayed > 0 => {
                format!("{hold}/{replayed} examples within tolerance")
            }
            // Who signed is said whatever others have said of it.
            (Area::Signature, _) if all.first().is_some_and(|f| f.answer == Answer::Pass) => {
                headline(&all)
            }
            _ if findings.is_empty() => headline(&all),
            _ => String::new(),
        };
        Self { answer, summary, findings }
    }

    /// The evidence of a finding, without what the summary has said.
    fn evidence(&self, finding: &Finding) -> Vec<String> {
        let mut lines: Vec<String> = finding.evidence.iter().map(Evidence::to_string).collect();
        if lines.len() > 1 && lines.first() == Some(&self.summary) {
            lines.remove(0);
        }
        if lines.is_empty() {
            lines.extend(rule(finding).map(|rule| format!("not so: {}", rule.title)));
        }
        lines
    }
}

/// What the first rule that applies has seen, else why none applies.
fn headline(findings: &[&Finding]) -> String {
    let first = findings.iter().find(|finding| finding.answer == Answer::Pass).or(findings.first());
    first.and_then(|finding| finding.evidence.first()).map(Evidence::to_string).unwrap_or_default()
}

fn rule(finding: &Finding) -> Option<&'static Rule> {
    rules().iter().copied().find(|rule| rule.id == finding.rule)
}

#[cfg(test)]
mod tests;
