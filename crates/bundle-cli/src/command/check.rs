//! `bundle check`: findings first, then the verdict.

mod journal;
mod listed;
mod many;
mod pool;

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use bundle_archive::Archive;
use bundle_check::{
    CheckRequest, Demands, PageProvenance, Policy, Profile, Report, Severity, check, explain,
    render_text, rules,
};
use bundle_demo::Provenance;
use bundle_manifest::Manifest;
use bundle_run::Predictor;
use bundle_signature::{Curve, PrivateKey, SigningIdentity, attest, attestations_beside};
use many::Many;
use serde_json::json;

use super::anonymize::people;
use crate::{
    args::{Check, FailOn, Reading, ReportFormat},
    exit::Exit,
    failure::Failure,
    keys,
    open::there,
    output::{append_lines, write_whole},
    terminal::Terminal,
};

/// Bytes of a policy that are read.
const MAX_POLICY: u64 = 1 << 20;

pub(crate) fn run(args: &Check, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if let Some(id) = &args.explain {
        return explain_rule(id, args.format, terminal);
    }
    let request = request(args, terminal)?;
    let attester = args.attest.then(|| attester(args.key.as_deref())).transpose()?;
    let paths = listed::paths(args, terminal)?;
    let many = Many { request: &request, attester: attester.as_ref(), jobs: args.jobs };
    if args.format != ReportFormat::Text || args.output.is_some() {
        let (document, exit) = many.document(&paths, args, terminal)?;
        match &args.output {
            Some(file) => write_whole(file, document.as_bytes())?,
            None => terminal.print(&document)?,
        }
        return Ok(exit);
    }
    if let (&[path], None, None) = (&paths.as_slice(), &args.from, &args.jsonl) {
        return one(path, &request, attester.as_ref(), terminal);
    }
    many.table(&paths, args.jsonl.as_deref(), terminal)
}

/// What is asked of every path.
/// Holds a page against the one that this version writes of the bundle in it.
fn page(
    page: &mut dyn Read,
    archive: &Archive,
    manifest: &Manifest,
    predictor: &Predictor,
) -> io::Result<PageProvenance> {
    Ok(match bundle_demo::provenance(page, archive, manifest, predictor)? {
        Provenance::Ours => PageProvenance::Ours,
        Provenance::Changed => PageProvenance::Changed,
        Provenance::OfVersion(version) => PageProvenance::OfVersion(version),
        Provenance::NothingToCompare => {
            let why = "this `bundle` was built without what runs in a browser";
            PageProvenance::NotKnown(why.to_owned())
        }
    })
}

fn request(args: &Check, terminal: &mut Terminal) -> Result<CheckRequest, Failure> {
    let profile = match args.profile {
        Reading::Strict => Profile::Strict,
        Reading::Loose => Profile::Loose,
    };
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let trust = keys::trust(terminal);
    let (replay, revision) = (!args.no_replay, args.rev.clone());
    let fail_on = match args.fail_on {
        FailOn::Must => Severity::Must,
        FailOn::Should => Severity::Should,
        FailOn::May => Severity::May,
    };
    let demands = Demands { fail_on, min_ticks: usize::from(args.min_ticks) };
    let (anonymous, show_identity) = (args.anonymous, args.show_identity);
    Ok(CheckRequest {
        replay,
        revision,
        profile,
        policy,
        demands,
        anonymous,
        show_identity,
        people: people(&args.name)?,
        page: Some(page),
        ..CheckRequest::new(trust)
    })
}

/// A venue's policy. One that cannot be read judges nothing.
fn read_policy(path: &Path) -> Result<Arc<Policy>, Failure> {
    there(path)?;
    let mut text = String::new();
    fs_err::File::open(path)?
        .take(MAX_POLICY + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::from(error).of(path.display()))?;
    match Policy::from_toml(&text) {
        Ok(policy) => Ok(Arc::new(policy)),
        Err(error) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Err(Failure::usage(format!("not a policy\n{}", error.render(&text, &name)))
                .hint("`bundle schema policy` says what one may have"))
        }
    }
}

/// One path: its report in full.
fn one(
    path: &Path,
    request: &CheckRequest,
    attester: Option<&SigningIdentity>,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let bar = terminal.bytes_bar("checking", there(path)?.len());
    let report = judge(path, request, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let report = report?;
    terminal.print_styled(&render_text(&report, terminal.color()))?;
    let exit = if report.holds { Exit::Holds } else { Exit::DoesNotHold };
    let Some(identity) = attester else { return Ok(exit) };
    match attest_one(path, &report, identity) {
        Ok(beside) => {
            terminal.note(signed(&beside, identity));
            Ok(exit)
        }
        Err(failure) => Ok(exit.worse(terminal.fail(&failure))),
    }
}

/// Who signs what was found: the key that was named, or one that nobody has seen before.
fn attester(key: Option<&str>) -> Result<SigningIdentity, Failure> {
    let key = match key {
        Some(named) => keys::private_key(named, keys::store().ok().as_ref())?,
        None => PrivateKey::generate(Curve::default())?,
    };
    Ok(SigningIdentity::of_key(key))
}

/// Appends a signed statement of what was found to the file beside the bundle; gives that.
fn attest_one(
    path: &Path,
    report: &Report,
    identity: &SigningIdentity,
) -> Result<PathBuf, Failure> {
    let Some(id) = report.id else {
        let message = format!("`{}` has no bundle id to make a statement about", path.display());
        return Err(Failure::usage(message).hint("`bundle pack` it first"));
    };
    if !report.is_intact() {
        let message = format!("`{}` is not {id}: nothing was signed", path.display());
        return Err(Failure::does_not_hold(message)
            .hint("a statement about a damaged file would be one about the intact bundle"));
    }
    let line = attest(id, &report.stem(), &report.test_result(), identity);
    let beside = attestations_beside(path, &report.stem());
    append_lines(&beside, &[line])?;
    Ok(beside)
}

/// That a statement was signed, where it is, and by which key.
fn signed(beside: &Path, identity: &SigningIdentity) -> String {
    let key = identity.key().public().fingerprint();
    format!("signed and appended to {} by key {key}", beside.display())
}

/// Judges a path that is there.
fn judge(
    path: &Path,
    request: &CheckRequest,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report, Failure> {
    if there(path)?.is_dir() {
        refuse_bundles(path)?;
    }
    Ok(check(path, request, progress)?)
}

/// A directory of bundles is no project, and nothing would be found in it.
fn refuse_bundles(directory: &Path) -> Result<(), Failure> {
    if fs_err::symlink_metadata(directory.join("bundle.toml")).is_ok() {
        return Ok(());
    }
    let mut bundles = 0_usize;
    for entry in fs_err::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        match (name.ends_with(".bundle.tar.zst"), name.ends_with(".attest.jsonl")) {
            (true, _) => bundles += 1,
            (false, true) => {}
            (false, false) => return Ok(()),
        }
    }
    if bundles == 0 {
        return Ok(());
    }
    let shown = directory.display();
    let bundles = if bundles == 1 { "a bundle".to_owned() } else { format!("{bundles} bundles") };
    let all = directory.join("*");
    Err(Failure::usage(format!("`{shown}` holds {bundles} and is no project"))
        .hint(format!("check what is in it: `bundle check {}`", all.display())))
}

fn explain_rule(id: &str, format: ReportFormat, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let rule = rules().iter().find(|rule| rule.id.eq_ignore_ascii_case(id)).ok_or_else(|| {
        let ids: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
        Failure::usage(format!("there is no rule `{id}`"))
            .hint(format!("the rules are {}", ids.join(", ")))
    })?;
    match format {
        ReportFormat::Text => terminal.print(&explain(rule))?,
        ReportFormat::Json => terminal.print_json(&json!({
            "id": rule.id,
            "title": rule.title,
            "why": rule.why,
            "reference": rule.reference,
            "severity": rule.severity.as_str(),
            "area": rule.area.as_str(),
            "remedy": rule.remedy,
        }))?,
        _ => {
            return Err(Failure::usage("a rule is explained as text or as JSON")
                .hint("leave `--format` out, or say `--format json`"));
        }
    }
    Ok(Exit::Holds)
}
