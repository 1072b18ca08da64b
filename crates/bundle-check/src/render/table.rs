//! Many reports as one table, a row each: the venue's view.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::layout::columns;
use crate::{Answer, evidence::shown};

/// Columns of a terminal.
const WIDTH: usize = 80;
/// Columns that a name has at least.
const NARROWEST: usize = 12;
/// Characters of a path or an error that are kept.
const MAX_KEPT: usize = 400;
/// How the files of bundles end.
const SUFFIX: &str = ".bundle.tar.zst";

/// A row of the table: all that is kept of a report. Text in it is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The path, as it was given.
    pub path: String,
    /// What the report says; `Err` with why there is none.
    pub judged: Result<RowReport, String>,
}

/// What a row says of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowReport {
    /// Whether no rule that must hold fails, and every demand is met.
    pub holds: bool,
    /// Whether anything that must hold was there to be judged.
    pub declared: bool,
    complete: (u64, u64),
    marks: String,
    signature: String,
    examples: Option<(u64, u64)>,
    claims: u64,
    failed: [usize; 2],
    unmet: usize,
    /// Answers that are the author's own.
    overridden: usize,
}

impl Row {
    /// The row of a report as [`render_json`](crate::render_json) gives it; `None` where the
    /// JSON is something else.
    pub fn of_report(path: &str, report: &Json) -> Option<Self> {
        let verdict = report["verdict"].as_str()?;
        let findings = report["findings"].as_array()?;
        let items = findings.iter().filter(|finding| finding["area"] == "complete");
        let marks = items.filter_map(|finding| mark_of(finding["answer"].as_str()?));
        let failed = |severity: &str| {
            let failed = findings.iter().filter(|finding| finding["answer"] == "fail");
            failed.filter(|finding| finding["severity"] == severity).count()
        };
        let pair = |of: &Json, a: &str, b: &str| Some((of[a].as_u64()?, of[b].as_u64()?));
        Some(Self {
            path: shown(path, MAX_KEPT),
            judged: Ok(RowReport {
                holds: report["holds"].as_bool()?,
                declared: verdict != "nothing-declared",
                complete: pair(&report["complete"], "pass", "applicable")?,
                marks: marks.take(8).collect(),
                signature: shown(report["signature"]["status"].as_str().unwrap_or("–"), 8),
                examples: pair(&report["examples"], "hold", "replayed"),
                claims: report["claims"]["declared"].as_u64()?,
                failed: [failed("must"), failed("should")],
                unmet: report["demands"]["unmet"].as_array()?.len(),
                overridden: applied(report["overrides"].as_array()?),
            }),
        })
    }

    /// The row of a path that could not be judged.
    pub fn of_error(path: &str, why: &str) -> Self {
        Self { path: shown(path, MAX_KEPT), judged: Err(shown(why, MAX_KEPT)) }
    }

    fn verdict(&self) -> (Answer, &'static str) {
        match &self.judged {
            Ok(report) if !report.holds => (Answer::Fail, "fails"),
            Ok(report) if report.declared => (Answer::Pass, "holds"),
            Ok(_) => (Answer::Unknown, "undeclared"),
            Err(_) => (Answer::Unknown, "not judged"),
        }
    }

    /// The cells behind the name.
    fn cells(&self, with_unmet: bool) -> Option<Vec<String>> {
        let report = self.judged.as_ref().ok()?;
        let examples = report.examples.map(|(hold, replayed)| format!("{hold}/{replayed}"));
        let (pass, applicable) = report.complete;
        let own = if report.overridden > 0 { "*" } else { "" };
        let mut cells = vec![
            self.verdict().1.to_owned(),
            format!("{pass}/{applicable} {}{own}", report.marks),
            report.signature.clone(),
            examples.unwrap_or_else(|| "–".to_owned()),
            report.claims.to_string(),
        ];
        cells.extend(report.failed.map(|count| count.to_string()));
        cells.extend(with_unmet.then(|| report.unmet.to_string()));
        Some(cells)
    }
}

/// Overrides that the report goes by.
fn applied(overrides: &[Json]) -> usize {
    overrides.iter().filter(|entry| entry["applied"] == true).count()
}

fn mark_of(answer: &str) -> Option<char> {
    let all = [Answer::Pass, Answer::Weak, Answer::Fail, Answer::NotApplicable, Answer::Unknown];
    all.into_iter().find(|known| known.as_str() == answer).map(Answer::mark)
}

/// The rows as a table of 80 columns, in their order; `colour` adds ANSI colours.
pub fn render_table(rows: &[Row], colour: bool) -> String {
    let with_unmet = rows.iter().any(|row| row.judged.as_ref().is_ok_and(|row| row.unmet > 0));
    let mut heads = vec!["", "complete", "signed", "runs", "claims", "must", "should"];
    heads.extend(with_unmet.then_some("asked"));
    let cells: Vec<Option<Vec<String>>> = rows.iter().map(|row| row.cells(with_unmet)).collect();
    let widths: Vec<usize> = (0..heads.len())
        .map(|at| {
            let of_rows = cells.iter().flatten().filter_map(|cells| cells.get(at));
            let widest = of_rows.map(|cell| columns(cell)).max().unwrap_or(0);
            widest.max(heads.get(at).map_or(0, |head| columns(head)))
        })
        .collect();
    let taken: usize = 2 + widths.iter().map(|width| width + 2).sum::<usize>();
    let room = WIDTH.saturating_sub(taken).max(NARROWEST);
    let (parent, names) = names(rows, room);
    let width = names.iter().map(|name| columns(name)).max().unwrap_or(0);
    let mut text = String::new();
    let line = |text: &mut String, start: &str, cells: &[&str]| {
        text.push_str(start);
        for (index, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            // Figures end at one column, words begin at one.
            let gap = " ".repeat(width.saturating_sub(columns(cell)));
            let number = index > 2;
            let (before, after) = if number { (gap.as_str(), "") } else { ("", gap.as_str()) };
            text.push_str(&format!("  {before}{cell}{after}"));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    };
    line(&mut text, &" ".repeat(width + 2), &heads);
    for ((row, cells), name) in rows.iter().zip(&cells).zip(&names) {
        let (answer, verdict) = row.verdict();
        let gap = " ".repeat(width.saturating_sub(columns(name)));
        let start = format!("{} {name}{gap}", painted(answer, colour));
        match (cells, &row.judged) {
            (Some(cells), _) => {
                let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
                line(&mut text, &start, &cells);
            }
            (None, Err(why)) => {
                let room = WIDTH.saturating_sub(width + 2 + 2 + columns(verdict) + 3);
                text.push_str(&format!("{start}  {verdict}: {}\n", shown(why, room)));
            }
            (None, Ok(_)) => {}
        }
    }
    text.push_str(&summary(rows, &parent));
    text
}

/// `3 bundles in submissions/: 2 hold, 1 fails`, and what a row does not say.
fn summary(rows: &[Row], parent: &str) -> String {
    let counted = ["holds", "fails", "undeclared", "not judged"].map(|verdict| {
        let count = rows.iter().filter(|row| row.verdict().1 == verdict).count();
        (count > 0).then(|| format!("{verdict} {count}"))
    });
    let counted: Vec<String> = counted.into_iter().flatten().collect();
    let overridden = |row: &Row| row.judged.as_ref().is_ok_and(|report| report.overridden > 0);
    let own = if rows.iter().any(overridden) {
        "* with answers or words of the author's own; the report says which and why.\n"
    } else {
        ""
    };
    let paths = if rows.len() == 1 { "1 path".to_owned() } else { format!("{} paths", rows.len()) };
    let place = if parent.is_empty() { String::new() } else { format!(" in {parent}") };
    format!(
        "{paths}{place}: {}\n\
         The five marks are MLCC-1 to MLCC-5; must and should count rules that fail.\n{own}\
         Not tested: that training gives these weights; that test data was never seen.\n\
         None of the authors' code was run.\n",
        counted.join(", ")
    )
}

fn painted(answer: Answer, colour: bool) -> String {
    let code = match answer {
        Answer::Pass => "32",
        Answer::Fail => "1;31",
        _ => "33",
    };
    let mark = answer.mark();
    if colour { format!("\u{1b}[{code}m{mark}\u{1b}[0m") } else { mark.to_string() }
}

/// The directory that all paths share, and what is shown of each in `room` columns.
fn names(rows: &[Row], room: usize) -> (String, Vec<String>) {
    let parent = shared_parent(rows);
    let rest: Vec<&str> =
        rows.iter().map(|row| row.path.strip_prefix(&parent).unwrap_or(&row.path)).collect();
    // Without their suffix, a bundle and the directory that it came from have one name.
    let stems: Vec<&str> =
        rest.iter().map(|name| name.strip_suffix(SUFFIX).unwrap_or(name)).collect();
    let differ = stems.iter().collect::<BTreeSet<_>>().len() == stems.len();
    let long = rest.iter().any(|name| columns(name) > room);
    let kept = if differ && long { stems } else { rest };
    (parent, kept.into_iter().map(|name| cut(name, room)).collect())
}

fn shared_parent(rows: &[Row]) -> String {
    let parent = |path: &str| path.rfind('/').map_or(String::new(), |at| path[..=at].to_owned());
    let mut parents = rows.iter().map(|row| parent(&row.path));
    let first = parents.next().unwrap_or_default();
    if parents.all(|other| other == first) { first } else { String::new() }
}

/// At most `room` columns: the beginning and the end, for names differ at either.
fn cut(text: &str, room: usize) -> String {
    let length = columns(text);
    if length <= room {
        return text.to_owned();
    }
    let tail = room.saturating_sub(1) / 2;
    let head: String = text.chars().take(room.saturating_sub(1) - tail).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{render_json, report::report, testing::subject};

    fn row(path: &str) -> Row {
        let files = [("README.md", "# A paper\n"), ("train.py", "loss.backward()\n")];
        Row::of_report(path, &render_json(&report(&subject(&files), path))).expect("a report")
    }

    #[test]
    fn a_table_fits_a_terminal_and_keeps_names_apart() {
        let long = "submissions/a-submission-with-a-name-of-sixty-characters-and-more";
        let rows = [
            row("submissions/one.bundle.tar.zst"),
            row(&format!("{long}-1.bundle.tar.zst")),
            row(&format!("{long}-2.bundle.tar.zst")),
            Row::of_error("submissions/gone", &"there is no such file ".repeat(20)),
        ];
        let text = render_table(&rows, false);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.contains("4 paths in submissions/: undeclared 3, not judged 1\n"), "{text}");
        let names: BTreeSet<&str> = text
            .lines()
            .skip(1)
            .take(4)
            .filter_map(|line| line.split_whitespace().nth(1))
            .collect();
        assert_eq!(names.len(), 4, "{text}");
        assert_eq!(
            render_table(&rows, true).replace("\u{1b}[33m", "").replace("\u{1b}[0m", ""),
            text
        );
    }

    #[test]
    fn a_bundle_and_its_directory_keep_their_names() {
        let rows = [row("digits-1.0.0.bundle.tar.zst"), row("digits-1.0.0")];
        let (_, names) = names(&rows, 14);
        assert_eq!(names.len(), 2);
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn what_is_no_report_gives_no_row() {
        let good = render_json(&report(&subject(&[]), "x"));
        assert!(Row::of_report("x", &good).is_some());
        for key in ["verdict", "holds", "findings", "complete", "claims", "demands", "overrides"] {
            let mut bad = good.clone();
            bad[key] = Json::Null;
            assert_eq!(Row::of_report("x", &bad), None, "{key}");
        }
        let hostile = Row::of_report("a\u{1b}[31m\nb", &good).expect("a row");
        assert!(!render_table(&[hostile], false).contains('\u{1b}'));
    }
}
