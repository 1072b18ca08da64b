//! Item 3: code that evaluates, or runs experiments.

use super::{
    entry::{Candidate, Purpose, declared, documentation, judge},
    nothing,
};
use crate::{
    Evidence, documents::DocumentedCommand, finding::Judgement, scripts::Script, subject::Subject,
};

const PURPOSE: Purpose = Purpose {
    key: "code.evaluate",
    verb: "evaluates",
    named: Script::is_named_evaluation,
    line: |script| script.evaluates.as_ref(),
    needs_line: false,
};

/// Pieces of an option that turns a training program into an evaluation.
const FLAGS: &[&str] = &["eval", "test", "valid", "infer", "predict", "reconstruction", "score"];

pub(super) fn inspect(subject: &Subject) -> Judgement {
    let code = subject.manifest().and_then(|manifest| manifest.code.as_ref());
    if let Some(command) = code.and_then(|code| code.evaluate.as_deref()) {
        return declared(subject, command, &PURPOSE);
    }
    if let Some(judgement) = judge(subject, &candidates(subject), &PURPOSE) {
        return judgement;
    }
    let inside = subject.scripts().iter().find_map(|script| {
        let _trains = script.trains.as_ref()?;
        Some((script, script.evaluates.as_ref()?))
    });
    if let Some((script, (line, text))) = inside {
        let evidence = [
            Evidence::at(&script.path, *line, text),
            Evidence::note("evaluation inside training only"),
        ];
        return Judgement::weak(evidence);
    }
    nothing(subject, 3, "no program that evaluates")
}

/// Programs run with an option that evaluates, then those that say so by name.
fn candidates(subject: &Subject) -> Vec<Candidate<'_>> {
    let mut candidates = Vec::new();
    for script in subject.scripts() {
        if let Some(documented) = documentation(subject, script, asks_to_evaluate) {
            let seen =
                script.evaluates.as_ref().or(script.trains.as_ref()).map(|line| (script, line));
            candidates.push(Candidate { script, seen, documented: Some(documented) });
        }
    }
    let mut named: Vec<_> =
        subject.scripts().iter().filter(|script| (PURPOSE.named)(script)).collect();
    named.sort_by_key(|script| script.path.parts().count());
    candidates.extend(named.into_iter().map(|script| Candidate {
        script,
        seen: script.evaluates.as_ref().map(|line| (script, line)),
        documented: documentation(subject, script, |_| true),
    }));
    candidates
}

/// `--evaluate`, `--mode test`, `--only-eval`, `--finalTest`.
fn asks_to_evaluate(command: &DocumentedCommand) -> bool {
    let arguments = &command.invocation.arguments;
    let says = |word: &str| {
        let word = word.to_lowercase();
        FLAGS.iter().any(|flag| word.contains(flag))
    };
    let option = |word: &String| word.starts_with('-') && !word.contains('=') && says(word);
    let mode = arguments.windows(2).any(|pair| {
        matches!(pair, [option, value] if matches!(option.as_str(), "--mode" | "--phase" | "-m" | "--task") && says(value))
    });
    mode || arguments.iter().any(option)
}
