//! Item 3: code that evaluates, or runs experiments.

use super::{
    entry::{Candidate, Purpose, Sureness, declared, documentation, is_whole, judge},
    ground, is_experiment, nothing, pointer,
    results::stated_numbers,
};
use crate::{
    Evidence,
    documents::DocumentedCommand,
    finding::Judgement,
    scripts::{Script, TellingLine, asks_to_evaluate},
    subject::Subject,
};

const PURPOSE: Purpose = Purpose {
    key: "code.evaluate",
    verb: "evaluates",
    line: |script| script.evaluates.as_ref(),
    needs_line: false,
};

pub(super) fn inspect(subject: &Subject) -> Judgement {
    let code = subject.manifest().and_then(|manifest| manifest.code.as_ref());
    if let Some(command) = code.and_then(|code| code.evaluate.as_deref()) {
        return declared(subject, command, &PURPOSE);
    }
    let candidates = candidates(subject);
    let sure = candidates.iter().any(|candidate| candidate.sureness <= Sureness::Experiment);
    let inside = || {
        subject.scripts().iter().filter_map(|script| {
            let _trains = script.trains.as_ref()?;
            Some((script, script.evaluates.as_ref()?))
        })
    };
    if let (false, Some((script, (line, text)))) = (sure, inside().next()) {
        if let Some(evidence) = inside().find_map(|(script, line)| in_one(subject, script, line)) {
            let profile = subject.request.profile;
            return Judgement::pass_if_loose(profile, evidence).on(ground::IN_ONE);
        }
        let evidence = [
            Evidence::at(&script.path, *line, text),
            Evidence::note("evaluation inside training only"),
        ];
        return Judgement::weak(evidence).on(ground::INSIDE_TRAINING);
    }
    match judge(subject, candidates, &PURPOSE) {
        Some(judgement) => pointer(subject, judgement),
        None => nothing(subject, 3, "no program that evaluates"),
    }
}

/// A program that trains and then measures, where a document says that it does both: its
/// command stands under a heading of tests, or beside the numbers that came out.
fn in_one(subject: &Subject, script: &Script, (line, text): &TellingLine) -> Option<[Evidence; 2]> {
    let said = subject.documents().iter().find_map(|document| {
        let runs_it = |command: &&DocumentedCommand| command.program() == Some(&script.path);
        let mut commands = document.commands.iter().filter(runs_it).peekable();
        commands.peek()?;
        let heading = commands.find_map(|command| {
            let nearest = document.headings_above(command.block).into_iter().next()?;
            let words = crate::tree::words(&nearest.text);
            let tests =
                words.iter().any(|word| word.starts_with("test") || word.starts_with("eval"));
            tests.then(|| {
                document.at(
                    command.invocation.line,
                    format!("{}: `{}`", nearest.text, command.invocation.text),
                )
            })
        });
        heading.or_else(|| stated_numbers(subject, document))
    })?;
    Some([Evidence::at(&script.path, *line, text), said])
}

/// Programs run with an option that evaluates, then those that say so by name.
fn candidates(subject: &Subject) -> Vec<Candidate<'_>> {
    let scripts = subject.scripts();
    let by_option = scripts.iter().filter_map(|script| {
        let asked = documentation(subject, script, evaluates);
        let option = script.option.as_ref().map(|line| (script, line));
        if asked.is_none() && option.is_none() {
            return None;
        }
        let seen = option.or_else(|| script.line_within_reach(scripts, PURPOSE.line));
        let documented = asked.or_else(|| documentation(subject, script, |_| true));
        Some(Candidate { script, sureness: Sureness::Shown, seen, documented })
    });
    let mut named: Vec<_> = scripts.iter().filter_map(|script| by_name(subject, script)).collect();
    named.sort_by_key(|candidate| candidate.script.path.parts().count());
    by_option.chain(named).collect()
}

fn by_name<'s>(subject: &'s Subject, script: &'s Script) -> Option<Candidate<'s>> {
    let tree = &subject.tree;
    let documented = documentation(subject, script, |_| true);
    let experiment = is_experiment(subject, script);
    let (measures, shows) = (script.is_named_evaluation(tree), script.is_named_showing(tree));
    let named = measures || shows;
    if !(named || experiment && documented.is_some()) {
        return None;
    }
    let seen = script.line_within_reach(subject.scripts(), PURPOSE.line);
    let whole = is_whole(subject, script, documented);
    let sureness = match (named, whole) {
        (true, true) if seen.is_some() => Sureness::Shown,
        (_, true) if measures || experiment || subject.claims().reproduces => Sureness::Experiment,
        (_, true) => Sureness::Named,
        (_, false) => Sureness::Part,
    };
    Some(Candidate { script, sureness, seen, documented })
}

/// `--evaluate`, `--mode test`, `--mode=test`, `--only-eval`, `--finalTest`.
fn evaluates(arguments: &[String]) -> bool {
    let option =
        |word: &String| word.starts_with('-') && !word.contains('=') && asks_to_evaluate(word);
    let is_mode = |option: &str| matches!(option, "--mode" | "--phase" | "--task");
    let apart = arguments.windows(2).any(|pair| {
        matches!(pair, [option, value] if (is_mode(option) || option == "-m") && asks_to_evaluate(value))
    });
    let joined = |word: &String| {
        word.split_once('=').is_some_and(|(option, value)| {
            (is_mode(option) || matches!(option, "mode" | "phase")) && asks_to_evaluate(value)
        })
    };
    apart || arguments.iter().any(|word| option(word) || joined(word))
}
