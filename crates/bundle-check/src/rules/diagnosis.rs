//! The steps of the preprocessing beside what was recorded of them.

use bundle_manifest::EntryName;
use bundle_preprocess::{Cause, Diagnosis};
use bundle_run::InputDiagnosis;

use super::model::no_model;
use crate::{Area, Evidence, Rule, Severity, finding::Judgement, subject::Subject};

pub(super) static STEPS: Rule = Rule {
    id: "EXAM-5",
    title: "every step gives the value that the author's code gave",
    why: "A network is only as right as what it is fed. Each step runs on the recorded value before it, so that the first that misses is the culprit; its variants are tried, and one that meets the recording bit for bit is what the author's code did.",
    reference: "docs/preprocessing.md, diagnosis",
    severity: Severity::Must,
    area: Area::Reproduction,
    remedy: "compare the named step with the author's code",
    inspect: steps,
};

pub(super) static TELLING: Rule = Rule {
    id: "EXAM-6",
    title: "the examples tell apart what libraries do differently",
    why: "An example on which two versions of a library agree cannot show which of them was used, and the first input on which they differ will be a user's.",
    reference: "docs/preprocessing.md, probes",
    severity: Severity::May,
    area: Area::Reproduction,
    remedy: "record an example of each kind that is named",
    inspect: telling,
};

/// Causes that are named where the recordings fit several.
const MAX_CAUSES: usize = 4;

/// What the recordings say, or why they say nothing.
fn diagnoses(subject: &Subject) -> Result<&[InputDiagnosis], Judgement> {
    let manifest = no_model(subject)?;
    if manifest.examples.iter().all(|example| example.stages.is_none()) {
        return Err(Judgement::not_applicable("no example has recorded stages"));
    }
    match subject.diagnoses() {
        None => Err(Judgement::unknown("not replayed")),
        Some(Err(error)) => {
            Err(Judgement::fail([Evidence::note(error.to_string())]).hint(error.hint.as_deref()))
        }
        Some(Ok(diagnoses)) if diagnoses.is_empty() => {
            Err(Judgement::unknown("no input with recorded stages has steps that run here"))
        }
        Some(Ok(diagnoses)) => Ok(diagnoses),
    }
}

fn steps(subject: &Subject) -> Judgement {
    let diagnoses = match diagnoses(subject) {
        Ok(diagnoses) => diagnoses,
        Err(judgement) => return judgement,
    };
    let wrong: Vec<_> = diagnoses
        .iter()
        .filter_map(|input| Some((&input.input, input.diagnosis.as_ref()?)))
        .collect();
    if wrong.is_empty() {
        let met = diagnoses.iter().map(|input| {
            Evidence::note(format!(
                "`{}`: every step of {} recordings",
                input.input, input.recordings
            ))
        });
        return Judgement::pass(met);
    }
    let evidence = wrong.iter().flat_map(|(input, diagnosis)| told(subject, input, diagnosis));
    let remedy = wrong.iter().find_map(|(input, diagnosis)| remedy(subject, input, diagnosis));
    Judgement::fail(evidence).hint(remedy.as_deref())
}

/// What differs, and what meets the recording instead.
pub(super) fn told(subject: &Subject, input: &EntryName, diagnosis: &Diagnosis) -> Vec<Evidence> {
    let distance = diagnosis.distance;
    let apart = if distance.max_abs.is_finite() {
        format!(
            "{} of {} values differ, by up to {:.3e}",
            distance.differing, distance.elements, distance.max_abs
        )
    } else {
        "it does not run, or its shape or type is another".to_owned()
    };
    let mut evidence = Vec::new();
    match diagnosis.step {
        Some((index, op)) => {
            let text = format!("first step that differs: {index} {op} of `{input}`: {apart}");
            evidence.push(match subject.line_of_step(input, index) {
                Some(line) => Evidence::at("bundle.toml", line, text),
                None => Evidence::of("bundle.toml", text),
            });
        }
        None => evidence.push(Evidence::of(
            "bundle.toml",
            format!("what `{input}` publishes is not what was recorded: {apart}"),
        )),
    }
    let told = |cause: &Cause| {
        let how = match (cause.distance.differing, cause.distance.holds) {
            (0, _) => "the recording matches exactly",
            (_, true) => "the recording matches within rounding",
            (_, false) => "the nearest that was tried is",
        };
        let Cause { index, op, change, .. } = cause;
        Evidence::note(format!("{how}: {change} (step {index} {op} of `{input}`)"))
    };
    evidence.extend(diagnosis.causes.iter().take(MAX_CAUSES).map(told));
    if diagnosis.causes.len() > MAX_CAUSES {
        let more = diagnosis.causes.len() - MAX_CAUSES;
        evidence
            .push(Evidence::note(format!("and {more} more that the recordings cannot tell apart")));
    }
    if diagnosis.causes.is_empty() {
        evidence.push(Evidence::note("no variant of a single step meets the recording"));
    }
    evidence
}

/// What to write, where the recordings identify it.
pub(super) fn remedy(
    subject: &Subject,
    input: &EntryName,
    diagnosis: &Diagnosis,
) -> Option<String> {
    let cause = diagnosis.causes.first().filter(|cause| cause.distance.holds)?;
    let place = match subject.line_of_step(input, cause.index) {
        Some(line) => format!("bundle.toml:{line}"),
        None => format!("step {} of `{input}`", cause.index),
    };
    Some(format!("{place}  {}", cause.change))
}

fn telling(subject: &Subject) -> Judgement {
    let diagnoses = match diagnoses(subject) {
        Ok(diagnoses) => diagnoses,
        Err(judgement) => return judgement,
    };
    if diagnoses.iter().any(|input| input.diagnosis.is_some()) {
        return Judgement::unknown("a step differs from the recordings: see EXAM-5");
    }
    let mut probes: Vec<(String, Vec<String>)> = Vec::new();
    for input in diagnoses {
        for undecided in &input.undecided {
            let said = format!("{} {}: {}", undecided.index, undecided.op, undecided.change);
            let probe = format!("`{}`: {}", input.input, undecided.probe);
            match probes.iter_mut().find(|(known, _)| *known == probe) {
                Some((_, all)) => all.push(said),
                None => probes.push((probe, vec![said])),
            }
        }
    }
    if probes.is_empty() {
        return Judgement::pass([Evidence::note(
            "every variant that is known gives another value",
        )]);
    }
    let evidence = probes.iter().map(|(probe, said)| {
        let first = said.iter().take(2).cloned().collect::<Vec<_>>().join("; ");
        let more = said.len().saturating_sub(2);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Evidence::note(format!("{probe} would tell apart {first}{more}"))
    });
    Judgement::weak(evidence)
}
