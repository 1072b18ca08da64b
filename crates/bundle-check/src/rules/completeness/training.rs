//! Item 2: code that trains, or fits.

use super::{
    entry::{Candidate, Purpose, declared, documentation, judge},
    nothing,
};
use crate::{finding::Judgement, scripts::Script, subject::Subject};

const PURPOSE: Purpose = Purpose {
    key: "code.train",
    verb: "trains",
    named: Script::is_named_training,
    line: |script| script.trains.as_ref(),
    needs_line: true,
};

pub(super) fn inspect(subject: &Subject) -> Judgement {
    let manifest = subject.manifest();
    let command = manifest.and_then(|manifest| manifest.code.as_ref()?.train.as_deref());
    if let Some(command) = command {
        return declared(subject, command, &PURPOSE);
    }
    let candidates = candidates(subject);
    if let Some(judgement) = judge(subject, &candidates, &PURPOSE) {
        return judgement;
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
    let own = |script: &'_ Script| script.trains.is_some();
    let anywhere = scripts.iter().find_map(|script| Some((script, script.trains.as_ref()?)));
    let rank = |script: &Script| match script {
        script if (PURPOSE.named)(script) => Some(0),
        script
            if script.is_named_entry()
                && (own(script) || (anywhere.is_some() && script.launches)) =>
        {
            Some(1)
        }
        script if own(script) => Some(2),
        _ => None,
    };
    let mut ranked: Vec<_> =
        scripts.iter().filter_map(|script| Some((rank(script)?, script))).collect();
    ranked.sort_by_key(|(rank, script)| (*rank, script.path.parts().count()));
    ranked.into_iter().map(|(_, script)| candidate(subject, script, anywhere)).collect()
}

/// A program named for training may leave the loop to a module beside it.
fn candidate<'s>(
    subject: &'s Subject,
    script: &'s Script,
    anywhere: Option<(&'s Script, &'s (usize, String))>,
) -> Candidate<'s> {
    let seen = script.trains.as_ref().map(|line| (script, line)).or(anywhere);
    Candidate { script, seen, documented: documentation(subject, script, |_| true) }
}
