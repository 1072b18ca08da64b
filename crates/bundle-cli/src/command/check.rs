//! `bundle check`: findings first, then the verdict.

use std::path::Path;

use bundle_check::{
    CheckRequest, Demands, Profile, Report, check, explain, render_json, render_text, rules,
};
use bundle_signature::{Curve, PrivateKey, SigningIdentity, attest, attestations_beside};
use serde_json::json;

use crate::{
    args::{Check, Format, Reading},
    exit::Exit,
    failure::Failure,
    keys,
    open::there,
    output::append_lines,
    terminal::Terminal,
};

pub(crate) fn run(args: &Check, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if let Some(id) = &args.explain {
        return explain_rule(id, args.format, terminal);
    }
    let profile = match args.profile {
        Reading::Strict => Profile::Strict,
        Reading::Loose => Profile::Loose,
    };
    let trust = keys::trust(terminal);
    let request = CheckRequest {
        replay: !args.no_replay,
        profile,
        trust,
        demands: Demands::default(),
        policy: None,
    };
    let attesting = args.attest.then(|| attester(args.key.as_deref())).transpose()?;
    let mut exit = Exit::Holds;
    let mut reports = Vec::new();
    for (index, path) in args.paths.iter().enumerate() {
        match check_one(path, &request, terminal) {
            Ok(report) => {
                if !report.holds && exit == Exit::Holds {
                    exit = Exit::DoesNotHold;
                }
                match args.format {
                    Format::Text => {
                        let gap = if index == 0 { "" } else { "\n" };
                        let text = render_text(&report, terminal.color());
                        terminal.print_styled(&format!("{gap}{text}"))?;
                    }
                    Format::Json => {
                        reports.push(json!({ "path": path, "report": render_json(&report) }));
                    }
                }
                if let Some(identity) = &attesting
                    && let Err(failure) = attest_one(path, &report, identity, terminal)
                {
                    exit = exit.worse(terminal.fail(&failure));
                }
            }
            // The other paths are still judged; the exit code says that one was not.
            Err(failure) => {
                exit = terminal.fail(&failure);
                if args.format == Format::Json {
                    reports.push(json!({ "path": path, "error": format!("{:#}", failure.error) }));
                }
            }
        }
    }
    if args.format == Format::Json {
        terminal.print_json(&json!({ "checked": reports }))?;
    }
    Ok(exit)
}

/// Who signs what was found: the key that was named, or one that nobody has seen before.
fn attester(key: Option<&str>) -> Result<SigningIdentity, Failure> {
    let key = match key {
        Some(named) => keys::private_key(named, keys::store().ok().as_ref())?,
        None => PrivateKey::generate(Curve::default())?,
    };
    Ok(SigningIdentity::of_key(key))
}

/// Appends a signed statement of what was found to the file beside the bundle.
fn attest_one(
    path: &Path,
    report: &Report,
    identity: &SigningIdentity,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
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
    let key = identity.key().public().fingerprint();
    terminal.note(format!("signed and appended to {} by key {key}", beside.display()));
    Ok(())
}

fn check_one(path: &Path, request: &CheckRequest, terminal: &Terminal) -> Result<Report, Failure> {
    let total = there(path)?.len();
    let bar = terminal.bytes_bar("checking", total);
    let report = check(path, request, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    Ok(report?)
}

fn explain_rule(id: &str, format: Format, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let rule = rules().iter().find(|rule| rule.id.eq_ignore_ascii_case(id)).ok_or_else(|| {
        let ids: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
        Failure::usage(format!("there is no rule `{id}`"))
            .hint(format!("the rules are {}", ids.join(", ")))
    })?;
    match format {
        Format::Text => terminal.print(&explain(rule))?,
        Format::Json => terminal.print_json(&json!({
            "id": rule.id,
            "title": rule.title,
            "why": rule.why,
            "reference": rule.reference,
            "severity": rule.severity.as_str(),
            "area": rule.area.as_str(),
            "remedy": rule.remedy,
        }))?,
    }
    Ok(Exit::Holds)
}
