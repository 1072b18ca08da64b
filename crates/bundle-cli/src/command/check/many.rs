//! Many paths at once: judged in parallel, shown as one table, kept as JSON Lines.
//!
//! Of each report nothing stays in memory but its row.

use std::{
    io::Read as _,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use bundle_check::{
    CheckRequest, RULESET, Report, Row, render_html, render_json, render_markdown, render_sarif,
    render_table, render_text,
};
use bundle_manifest::Digest;
use bundle_signature::{SigningIdentity, attestations_beside};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::{
    attest_one,
    journal::{self, Journal, Judged},
    judge,
    pool::in_parallel,
    signed,
};
use crate::{
    args::{Check, ReportFormat},
    exit::Exit,
    failure::Failure,
    panic,
    terminal::Terminal,
};

/// Threads at most.
const MAX_JOBS: usize = 256;
/// Errors that are printed in full.
const MAX_ERRORS: usize = 20;

/// What is asked of all of them.
pub(super) struct Many<'a> {
    pub(super) request: &'a CheckRequest,
    pub(super) attester: Option<&'a SigningIdentity>,
    pub(super) jobs: Option<NonZeroUsize>,
}

/// A path that was judged, or was not.
struct Done {
    row: Row,
    /// The line for the file; `None` where the one that is there stands.
    line: Option<String>,
    /// Whether a statement about it was signed.
    stated: bool,
    /// Why it could not be judged, or its statement not be signed.
    failure: Option<Failure>,
}

/// What the file of this call is about: what every judgement in it rests on.
struct Basis {
    policy: Option<String>,
    asked: String,
}

impl Many<'_> {
    fn jobs(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.jobs.map_or_else(cores, NonZeroUsize::get).min(MAX_JOBS)
    }

    /// Judges all paths and prints one table.
    pub(super) fn table(
        &self,
        paths: &[PathBuf],
        jsonl: Option<&Path>,
        terminal: &mut Terminal,
    ) -> Result<Exit, Failure> {
        let names: Vec<String> = paths.iter().map(|path| name_of(path)).collect();
        let mut journal = jsonl.map(Journal::open).transpose()?;
        let before = journal.as_mut().map(Journal::take_judged).unwrap_or_default();
        let basis = journal.is_some().then(|| self.basis());
        let bar = terminal.count_bar("checking", paths.len());
        let mut rows: Vec<Option<Row>> = vec![None; paths.len()];
        let (mut failures, mut exit) = (Vec::new(), Exit::Holds);
        let (mut skipped, mut stated) = (0_usize, 0_usize);
        let work = |at: usize| {
            let (path, name) = (&paths[at], &names[at]);
            contained(name, || self.one((path, name), before.get(name), basis.as_ref()))
        };
        in_parallel(paths.len(), self.jobs(), work, |at, done: Done| {
            match (&mut journal, &done.line) {
                (Some(journal), Some(line)) => journal.append(&names[at], line)?,
                (Some(_), None) => skipped += 1,
                (None, _) => {}
            }
            exit = exit.worse(exit_of(&done.row));
            stated += usize::from(done.stated);
            if let Some(failure) = done.failure {
                exit = exit.worse(failure.exit);
                failures.push((at, failure));
            }
            // The errors that are printed are those of the first paths, with any number of jobs.
            failures.sort_by_key(|(at, _)| *at);
            failures.truncate(MAX_ERRORS);
            rows[at] = Some(done.row);
            bar.inc(1);
            Ok(())
        })?;
        bar.finish_and_clear();
        if let Some(journal) = journal {
            journal.settle(&names)?;
        }
        let rows: Vec<Row> = rows.into_iter().flatten().collect();
        terminal.print_styled(&format!(
            "{}{}",
            self.head(),
            render_table(&rows, terminal.color())
        ))?;
        for (_, failure) in &failures {
            terminal.fail(failure);
        }
        if let (Some(identity), 1..) = (self.attester, stated) {
            let key = identity.key().public().fingerprint();
            terminal.note(format!("{stated} signed and appended beside them by key {key}"));
        }
        if let (Some(jsonl), 1..) = (jsonl, skipped) {
            terminal.note(format!("{skipped} skipped: unchanged since {}", jsonl.display()));
        }
        Ok(exit)
    }

    /// The venue's policy, above the table.
    fn head(&self) -> String {
        let Some(policy) = &self.request.policy else { return String::new() };
        let (name, version, sha256) = (policy.name(), policy.version(), policy.sha256());
        format!("policy {name} {version}, ruleset {RULESET}\n       sha256:{sha256}\n")
    }

    /// Judges all paths, and gives their reports as one document, in their order.
    pub(super) fn document(
        &self,
        paths: &[PathBuf],
        args: &Check,
        terminal: &mut Terminal,
    ) -> Result<(String, Exit), Failure> {
        let mut found: Vec<Option<Result<Report, Failure>>> = Vec::new();
        found.resize_with(paths.len(), || None);
        let work = |at: usize| panic::contain(|| judge(&paths[at], self.request, &|_| ()));
        in_parallel(paths.len(), self.jobs(), work, |at, done| {
            found[at] = Some(done);
            Ok(())
        })?;
        let (mut exit, mut judged) = (Exit::Holds, Vec::new());
        for (outcome, path) in found.into_iter().flatten().zip(paths) {
            let (shown, stated) = match outcome {
                Ok(report) => {
                    let found = if report.holds { Exit::Holds } else { Exit::DoesNotHold };
                    exit = exit.worse(found);
                    let stated = self.attest(path, &report);
                    (Ok(report), stated)
                }
                Err(failure) => (Err(format!("{:#}", failure.error)), Err(failure)),
            };
            judged.push((name_of(path), shown));
            match (stated, self.attester) {
                (Ok(Some(beside)), Some(identity)) => terminal.note(signed(&beside, identity)),
                (Ok(_), _) => {}
                (Err(failure), _) => exit = exit.worse(terminal.fail(&failure)),
            }
        }
        let colour = terminal.color() && args.output.is_none();
        Ok((document_of(&judged, args.format, colour)?, exit))
    }

    /// Judges one path, unless that was done before. Whatever happens in it is of it alone.
    fn one(&self, at: (&Path, &str), before: Option<&Judged>, basis: Option<&Basis>) -> Done {
        let (path, name) = at;
        let mut line = json!({ "format": journal::FORMAT, "path": name });
        if let Some(basis) = basis {
            match content_of(path) {
                Ok(content) => basis.write(&mut line, content),
                Err(failure) => return not_judged(name, failure, line),
            }
        }
        if let Some(before) = before {
            line["statements"] = statements_of(path, &before.stem).into();
            if journal::basis(&line).is_some_and(|now| now == before.basis) {
                return Done { row: before.row.clone(), line: None, stated: false, failure: None };
            }
        }
        match judge(path, self.request, &|_| ()) {
            Ok(report) => {
                let stated = self.attest(path, &report);
                if basis.is_some() {
                    line["statements"] = statements_of(path, &report.stem()).into();
                }
                line["report"] = render_json(&report);
                match journal::row(&line) {
                    Some(row) => Done {
                        row,
                        line: Some(line.to_string()),
                        stated: matches!(stated, Ok(Some(_))),
                        failure: stated.err(),
                    },
                    None => not_judged(name, Failure::usage("its report has no row"), line),
                }
            }
            Err(failure) => not_judged(name, failure, line),
        }
    }

    /// Signs what was found, if that was asked; gives the file that it was appended to.
    fn attest(&self, path: &Path, report: &Report) -> Result<Option<PathBuf>, Failure> {
        self.attester.map(|identity| attest_one(path, report, identity)).transpose()
    }

    /// All that a judgement rests on beside the file: a digest of it, for what follows may
    /// name the keys that this reader trusts.
    fn basis(&self) -> Basis {
        let CheckRequest { replay, revision, profile, trust, demands, policy, .. } = self.request;
        let keys = trust.keys().map(|(name, key)| format!("{name} {}", key.fingerprint()));
        let keys: Vec<String> = keys.collect();
        let roots = trust.roots().iter().map(|(name, root)| format!("{name} {}", root.to_pem()));
        let roots: Vec<String> = roots.collect();
        let policy = policy.as_ref().map(|policy| policy.sha256().to_string());
        let asked = json!([
            env!("CARGO_PKG_VERSION"),
            RULESET,
            profile.as_str(),
            replay,
            revision,
            keys,
            roots,
            policy,
            demands.fail_on.as_str(),
            demands.min_ticks,
            self.request.anonymous,
            self.request.show_identity,
            self.request.people.names().collect::<Vec<_>>(),
            // What was judged before without a statement gets one now.
            self.attester.is_some(),
        ]);
        let digest = Sha256::digest(asked.to_string());
        Basis { policy, asked: Digest::from_bytes(digest.into()).to_string() }
    }
}

/// The reports as one text; of a path that could not be judged only JSON has a place for the error.
fn document_of(
    judged: &[(String, Result<Report, String>)],
    format: ReportFormat,
    colour: bool,
) -> Result<String, Failure> {
    let reports =
        || judged.iter().filter_map(|(name, report)| Some((&**name, report.as_ref().ok()?)));
    let pretty = |value: &Json| format!("{value:#}\n");
    Ok(match format {
        ReportFormat::Text => {
            let texts: Vec<String> =
                reports().map(|(_, report)| render_text(report, colour)).collect();
            texts.join("\n")
        }
        ReportFormat::Json => {
            let views = judged.iter().map(|(name, outcome)| match outcome {
                Ok(report) => json!({ "path": name, "report": render_json(report) }),
                Err(error) => json!({ "path": name, "error": error }),
            });
            pretty(&json!({ "checked": views.collect::<Vec<_>>() }))
        }
        ReportFormat::Sarif => pretty(&render_sarif(reports())),
        ReportFormat::Markdown => render_markdown(reports()),
        ReportFormat::Html => render_html(reports())?,
    })
}

impl Basis {
    fn write(&self, line: &mut Json, content: Option<(u64, String)>) {
        let (size, sha256) = content.unzip();
        line["size"] = size.into();
        line["sha256"] = sha256.into();
        line["statements"] = Json::Null;
        line["ruleset"] = RULESET.into();
        line["policy"] = self.policy.as_deref().into();
        line["asked"] = self.asked.as_str().into();
    }
}

fn not_judged(name: &str, failure: Failure, mut line: Json) -> Done {
    // Among many, an error says of which path it is.
    let named = failure.error.chain().any(|cause| cause.to_string().contains(name));
    let failure = if named { failure } else { failure.of(name) };
    let error = format!("{:#}", failure.error);
    line["error"] = error.as_str().into();
    line["hints"] = failure.hints.clone().into();
    let row = Row::of_error(name, &error);
    Done { row, line: Some(line.to_string()), stated: false, failure: Some(failure) }
}

/// A mistake of ours in one path is an error of that path.
fn contained(name: &str, work: impl FnOnce() -> Done) -> Done {
    panic::contain(|| Ok(work())).unwrap_or_else(|failure| {
        not_judged(name, failure, json!({ "format": journal::FORMAT, "path": name }))
    })
}

fn exit_of(row: &Row) -> Exit {
    match &row.judged {
        Ok(report) if report.holds => Exit::Holds,
        Ok(_) => Exit::DoesNotHold,
        Err(_) => Exit::NotJudged,
    }
}

/// A path in a line: what is no Unicode is replaced.
fn name_of(path: &Path) -> String {
    path.display().to_string()
}

/// Size and SHA-256 of a file; a directory has none.
fn content_of(path: &Path) -> Result<Option<(u64, String)>, Failure> {
    let found = super::there(path)?;
    if !found.is_file() {
        return Ok(None);
    }
    let (mut file, mut hasher) = (fs_err::File::open(path)?, Sha256::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        hasher.update(buffer.get(..length).unwrap_or_default());
    }
    Ok(Some((found.len(), Digest::from_bytes(hasher.finalize().into()).to_string())))
}

/// SHA-256 of the statements about a bundle, in the file beside it.
fn statements_of(bundle: &Path, stem: &str) -> Option<String> {
    let beside = attestations_beside(bundle, stem);
    fs_err::metadata(&beside).ok().filter(std::fs::Metadata::is_file)?;
    content_of(&beside).ok()?.map(|(_, sha256)| sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_of_ours_in_one_path_is_an_error_of_that_path() {
        panic::catch(|| Ok(Exit::Holds)).expect("the hook is set");
        let mut rows = vec![None; 3];
        let work = |at: usize| {
            let name = ["a", "b", "c"][at];
            contained(name, || match at {
                1 => panic!("of the test"),
                _ => not_judged(name, Failure::usage("is gone"), json!({})),
            })
        };
        in_parallel(3, 2, work, |at, done: Done| {
            rows[at] = Some((done.row, done.line.expect("a line"), done.failure.is_some()));
            Ok(())
        })
        .expect("the others go on");
        let (row, line, failed) = rows[1].take().expect("a row");
        assert!(failed);
        let why = row.judged.expect_err("an error");
        assert!(why.contains("this is a mistake in bundle itself: "), "{why}");
        let line: Json = serde_json::from_str(&line).expect("JSON");
        assert_eq!(journal::row(&line).expect("a row").judged, Err(why));
        assert!(rows[0].is_some() && rows[2].is_some());
    }
}
