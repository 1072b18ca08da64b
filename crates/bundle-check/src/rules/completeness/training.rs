//! Item 2: code that trains, or fits.

use super::{
    entry::{Candidate, Purpose, Sureness, declared, documentation, is_whole, judge},
    nothing, pointer,
};
use crate::{finding::Judgement, scripts::Script, subject::Subject};

const PURPOSE: Purpose = Purpose {
    key: "code.train",
    verb: "trains",
    line: |script| script.trains.as_ref(),
    needs_line: true,
};

pub(super) fn inspect(subject: &Subject) -> Judgement {
    let manifest = subject.manifest();
    let command = manifest.and_then(|manifest| manifest.code.as_ref()?.train.as_deref());
    if let Some(command) = command {
        return declared(subject, command, &PURPOSE);
    }
    if let Some(judgement) = judge(subject, candidates(subject), &PURPOSE) {
        return pointer(subject, judgement);
    }
    let why = manifest
        .filter(|manifest| manifest.models.by_name.is_empty())
        .and_then(|manifest| manifest.models.why.as_ref());
    match why {
        Some(why) => Judgement::not_applicable(format!("nothing is trained: {why}")),
        None => nothing(subject, 2, "no program that trains"),
    }
}

/// Programs that say so by name, then those where one starts, then any that trains.
fn candidates(subject: &Subject) -> Vec<Candidate<'_>> {
    let scripts = subject.scripts();
    let iterates = scripts.iter().any(|script| script.trains.is_some());
    let mut ranked: Vec<_> = scripts
        .iter()
        .filter_map(|script| candidate(subject, script, iterates))
        .map(|candidate| (rank(subject, candidate.script), candidate))
        .collect();
    ranked.sort_by_key(|(rank, candidate)| (*rank, candidate.script.path.parts().count()));
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

fn rank(subject: &Subject, script: &Script) -> u8 {
    match script {
        script if script.is_named_training(&subject.tree) => 0,
        script if script.is_named_entry(&subject.tree) => 1,
        _ => 2,
    }
}

/// `iterates` says whether any program of the project trains. Where none does (samplers,
/// closed forms, theory) to fit is to run the experiments.
fn candidate<'s>(
    subject: &'s Subject,
    script: &'s Script,
    iterates: bool,
) -> Option<Candidate<'s>> {
    let tree = &subject.tree;
    let (named, entry) = (script.is_named_training(tree), script.is_named_entry(tree));
    let documented = documentation(subject, script, |_| true);
    let seen = script
        .line_within_reach(subject.scripts(), PURPOSE.line)
        .filter(|(at, _)| at.path == script.path || named || entry || documented.is_some());
    let whole = is_whole(subject, script, documented);
    let sureness = match (seen.is_some(), whole) {
        (true, true) => Sureness::Shown,
        (true, false) => Sureness::Part,
        (false, true) if !iterates && documented.is_some() && subject.claims().reproduces => {
            Sureness::Experiment
        }
        (false, _) if named => Sureness::Named,
        (false, _) => return None,
    };
    Some(Candidate { script, sureness, seen, documented })
}
