//! The report for people: 80 columns, a line per area, beneath it what is not
//! as it should be, the verdict, and what was not tested.

use crate::{Answer, Area, Evidence, Finding, Report, Rule, Severity, rules};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Columns before the text of an area's line.
const INDENT: usize = 13;
/// Columns of `MLCC-1 dependencies are specified`'s id, with the gap.
const ID: usize = 8;
/// Pieces of evidence shown for one finding.
const MAX_EVIDENCE: usize = 6;

/// The report as a person reads it in a terminal, 80 columns; `colour` adds ANSI colours.
pub fn render_text(report: &Report, colour: bool) -> String {
    let mut page = Page { text: String::new(), colour };
    page.header(report);
    for area in Area::ALL {
        page.area(report, area);
    }
    page.verdict(report);
    page.wrapped("Not tested: ", &format!("{}.", report.not_tested.join("; ")), 0);
    page.wrapped("", "None of the author's code was run.", 0);
    page.text
}

struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// `name version  id          41 files, 88 MB`
    fn header(&mut self, report: &Report) {
        let id = report.id.as_deref().map_or_else(String::new, |id| format!("  {}", short_id(id)));
        let left = format!("{}{id}", report.subject);
        let files = if report.files == 1 { "file" } else { "files" };
        let right = format!("{} {files}, {}", report.files, size(report.bytes));
        let gap = WIDTH.saturating_sub(columns(&left) + columns(&right)).max(2);
        self.line(&format!("{left}{}{right}", " ".repeat(gap)));
    }

    fn area(&mut self, report: &Report, area: Area) {
        let of_area = |finding: &&Finding| rule(finding).is_some_and(|rule| rule.area == area);
        let findings: Vec<&Finding> = report.findings.iter().filter(of_area).collect();
        let Some(worst) =
            findings.iter().map(|finding| finding.answer).max_by_key(|answer| answer.weight())
        else {
            return;
        };
        let head = format!(
            "{} {:<width$}",
            self.mark(worst, worst.mark()),
            area.as_str(),
            width = INDENT - 2
        );
        let summary = summary(report, area, &findings);
        self.text.push_str(&head);
        self.wrapped_at(&summary, INDENT);
        for finding in findings.iter().filter(|finding| wants_attention(finding.answer)) {
            self.finding(finding);
        }
    }

    /// The rule and its evidence, then what to do.
    fn finding(&mut self, finding: &Finding) {
        let title = rule(finding).map_or("", |rule| rule.title);
        let mark = self.mark(finding.answer, finding.answer.mark());
        let head = format!("{}{mark} {:<ID$}", " ".repeat(INDENT - 2), finding.rule);
        self.text.push_str(&head);
        let mut evidence = finding.evidence.iter().map(Evidence::to_string);
        let first = evidence.next().unwrap_or_else(|| title.to_owned());
        self.wrapped_at(&first, INDENT + ID);
        for line in evidence.by_ref().take(MAX_EVIDENCE - 1) {
            self.wrapped("", &line, INDENT + ID);
        }
        let more = evidence.count();
        if more > 0 {
            self.wrapped("", &format!("and {more} more"), INDENT + ID);
        }
        if let Some(remedy) = &finding.remedy {
            self.wrapped("→ ", remedy, INDENT + ID);
        }
    }

    fn verdict(&mut self, report: &Report) {
        let (words, answer) =
            if report.holds { ("HOLDS", Answer::Pass) } else { ("DOES NOT HOLD", Answer::Fail) };
        let complete = format!("complete {}/{}", report.complete.0, report.complete.1);
        let examples = match report.examples {
            Some((hold, replayed)) => format!("examples {hold}/{replayed}"),
            None => "examples not replayed".to_owned(),
        };
        let claims = match report.claims {
            0 => "no claims",
            _ => "claims not evaluated",
        };
        let verdict = self.paint(answer, words);
        self.line(&format!("{verdict}   {complete} · {examples} · {claims}"));
    }

    fn mark(&self, answer: Answer, mark: char) -> String {
        self.paint(answer, &mark.to_string())
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

    /// `prefix` and `text` from column `indent` on, wrapped under the text.
    fn wrapped(&mut self, prefix: &str, text: &str, indent: usize) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(prefix);
        self.wrapped_at(text, indent + columns(prefix));
    }

    /// The cursor stands at column `indent`; the lines after the first begin there too.
    fn wrapped_at(&mut self, text: &str, indent: usize) {
        let margin = if indent > WIDTH / 2 { 2 } else { indent };
        for (index, line) in wrap(text, WIDTH.saturating_sub(margin)).into_iter().enumerate() {
            let before = if index == 0 { String::new() } else { " ".repeat(margin) };
            self.line_after(&before, &line);
        }
    }

    fn line_after(&mut self, before: &str, line: &str) {
        self.text.push_str(before);
        self.text.push_str(line);
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }
}

fn rule(finding: &Finding) -> Option<&'static Rule> {
    rules().iter().copied().find(|rule| rule.id == finding.rule)
}

const fn wants_attention(answer: Answer) -> bool {
    matches!(answer, Answer::Weak | Answer::Fail | Answer::Unknown)
}

/// What an area has to say when all is well, or in one figure.
fn summary(report: &Report, area: Area, findings: &[&Finding]) -> String {
    let first = |wanted: Answer| findings.iter().find(|finding| finding.answer == wanted);
    let evidence = |finding: &&&Finding| finding.evidence.first().map(Evidence::to_string);
    match (area, report.examples) {
        (Area::Completeness, _) => format!("{}/{}", report.complete.0, report.complete.1),
        (Area::Reproduction, Some((hold, replayed))) => {
            format!("{hold}/{replayed} examples within tolerance")
        }
        _ => {
            let of_interest = findings.iter().any(|finding| wants_attention(finding.answer));
            let pass = first(Answer::Pass).filter(|_| !of_interest || findings.len() > 1);
            let none = first(Answer::NotApplicable).filter(|_| !of_interest && pass.is_none());
            pass.or(none).as_ref().and_then(evidence).unwrap_or_else(|| counted(findings))
        }
    }
}

/// `1 of 3 rules fails`
fn counted(findings: &[&Finding]) -> String {
    let musts = findings.iter().filter(|finding| finding.answer == Answer::Fail);
    let must = musts
        .clone()
        .any(|finding| rule(finding).is_some_and(|rule| rule.severity == Severity::Must));
    match (musts.count(), must) {
        (0, _) => "see below".to_owned(),
        (_, true) => "no".to_owned(),
        (_, false) => "not as it should be".to_owned(),
    }
}

/// Characters; what is shown has no character that takes none.
fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Lines of at most `width` characters, broken between words, and inside a word
/// only where it is longer than a line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut rest: Vec<char> = word.chars().collect();
        let used = lines.last().map_or(0, |line| columns(line));
        if used > 0 && used + 1 + rest.len() > width {
            lines.push(String::new());
        } else if used > 0 || (used == 0 && word.is_empty()) {
            lines.last_mut().into_iter().for_each(|line| line.push(' '));
        }
        while !rest.is_empty() {
            let room = width.saturating_sub(lines.last().map_or(0, |line| columns(line)));
            let taken: String = rest.drain(..rest.len().min(room.max(1))).collect();
            lines.last_mut().into_iter().for_each(|line| line.push_str(&taken));
            if !rest.is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines
}

/// `sha256:3f9a…c21e`
fn short_id(id: &str) -> String {
    let digits = id.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
    digits.map_or_else(
        || id.to_owned(),
        |digits| format!("sha256:{}…{}", &digits[..4], &digits[60..]),
    )
}

/// `88 MB`: decimal units, as a file manager shows them.
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    for (unit, scale) in UNITS {
        if bytes >= scale {
            let tenths = bytes / (scale / 10);
            return match tenths {
                0..100 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
                _ => format!("{} {unit}", bytes / scale),
            };
        }
    }
    format!("{bytes} B")
}
