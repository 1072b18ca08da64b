//! The recorded examples: do the author's numbers come out?

use bundle_manifest::{Example, Manifest};
use bundle_preprocess::{Tensor, TensorData, read_npy};
use bundle_run::{Difference, ExampleReplay, OutputReplay, StepReplay};

use super::{diagnosis, model::no_model};
use crate::{
    Answer, Area, Evidence, Rule, Severity,
    finding::Judgement,
    subject::{Replay, Subject},
};

pub(super) static EXIST: Rule = Rule {
    id: "EXAM-1",
    title: "there are recorded examples",
    why: "Without an input and the author's output for it, nobody can tell whether the model gives the author's numbers.",
    reference: "docs/manifest.md, examples",
    severity: Severity::Should,
    area: Area::Reproduction,
    remedy: "save inputs and outputs in the training framework as .npy, and add them under [[examples]]",
    inspect: exist,
};

pub(super) static FINITE: Rule = Rule {
    id: "EXAM-2",
    title: "recorded outputs are arrays of finite numbers",
    why: "NaN equals nothing, so an example that expects it can never hold, or holds for the wrong reason.",
    reference: "NPY format; IEEE 754",
    severity: Severity::Must,
    area: Area::Reproduction,
    remedy: "record the example again with the author's framework",
    inspect: finite,
};

pub(super) static REPLAY: Rule = Rule {
    id: "EXAM-3",
    title: "every example gives the recorded output, within its tolerance",
    why: "This is the paper's model on the paper's inputs. Where it differs, the first step that differs is named: locally, given the recorded value before it, and end to end.",
    reference: "numpy.allclose",
    severity: Severity::Must,
    area: Area::Reproduction,
    remedy: "compare the named step with the author's code, or widen `tolerance` and say why",
    inspect: replays,
};

pub(super) static RECORDED_BY: Rule = Rule {
    id: "EXAM-4",
    title: "the examples were recorded by another program than this one",
    why: "An example that bundle recorded itself only says that bundle agrees with itself.",
    reference: "docs/manifest.md, examples",
    severity: Severity::Should,
    area: Area::Reproduction,
    remedy: "record the outputs with the framework that trained the model",
    inspect: recorded_by,
};

/// Bytes of a recorded output that are read.
const MAX_RECORDING: u64 = 256 << 20;

/// The examples, or why there is nothing to judge about them.
fn examples(subject: &Subject) -> Result<&[Example], Judgement> {
    let manifest: &Manifest = no_model(subject)?;
    if manifest.examples.is_empty() {
        return Err(Judgement::not_applicable("there are no examples"));
    }
    Ok(&manifest.examples)
}

fn exist(subject: &Subject) -> Judgement {
    let manifest = match no_model(subject) {
        Ok(manifest) => manifest,
        Err(judgement) => return judgement,
    };
    let recorded = manifest.examples.iter().filter(|example| !example.expect.is_empty()).count();
    match (manifest.examples.len(), recorded) {
        (0, _) => Judgement::fail([Evidence::of("bundle.toml", "has no [[examples]]")]),
        (all, 0) => Judgement::fail([Evidence::of(
            "bundle.toml",
            format!("none of {all} examples has an expected output"),
        )]),
        (all, recorded) if recorded < all => Judgement::weak([Evidence::of(
            "bundle.toml",
            format!("{recorded} of {all} examples have an expected output"),
        )]),
        (all, _) => Judgement::pass([Evidence::note(format!("{all} examples"))]),
    }
}

fn finite(subject: &Subject) -> Judgement {
    let examples = match examples(subject) {
        Ok(examples) => examples,
        Err(judgement) => return judgement,
    };
    let mut bad = Vec::new();
    let mut count = 0;
    for (name, expectation) in examples.iter().flat_map(|example| &example.expect) {
        let path = &expectation.file;
        let Ok(bytes) = subject.tree.source().read(path, MAX_RECORDING) else { continue }; // DECL-2 says why
        count += 1;
        match read_npy(&bytes, bytes.len()) {
            Err(error) => bad.push(Evidence::of(path, format!("`{name}`: {error}"))),
            Ok(array) => {
                let wrong = not_finite(&array);
                if wrong > 0 {
                    bad.push(Evidence::of(
                        path,
                        format!("`{name}`: {wrong} elements are NaN or infinite"),
                    ));
                }
            }
        }
    }
    match (bad.is_empty(), count) {
        (false, _) => Judgement::fail(bad),
        (true, 0) => Judgement::unknown("no recorded output can be read"),
        (true, count) => {
            Judgement::pass([Evidence::note(format!("{count} recorded outputs, all finite"))])
        }
    }
}

/// How many elements are NaN or infinite.
fn not_finite(array: &Tensor) -> usize {
    // Half precision: an exponent of all ones.
    let half = |bits: &&u16| **bits & 0x7c00 == 0x7c00;
    match array.data() {
        TensorData::Float16(bits) => bits.iter().filter(half).count(),
        TensorData::Float32(values) => values.iter().filter(|value| !value.is_finite()).count(),
        TensorData::Float64(values) => values.iter().filter(|value| !value.is_finite()).count(),
        _ => 0,
    }
}

fn replays(subject: &Subject) -> Judgement {
    if let Err(judgement) = examples(subject) {
        return judgement;
    }
    if !subject.request.replay {
        return Judgement::unknown("not replayed, as asked");
    }
    let Some(replays) = subject.replays() else {
        let why = match subject.predictor() {
            Some(Err(error)) => format!("the network does not run here: {error}"),
            _ => "the network does not run here".to_owned(),
        };
        return Judgement::unknown(why);
    };
    if replays.is_empty() {
        return Judgement::not_applicable("no example has an expected output");
    }
    let failed: Vec<_> = replays.iter().filter(|replay| !holds(replay)).collect();
    let (all, hold) = (replays.len(), replays.len() - failed.len());
    let summary = Evidence::note(format!("{hold}/{all} examples within tolerance"));
    if failed.is_empty() {
        return Judgement::pass([summary]);
    }
    if let Some(why) = failed.iter().map(|replay| not_compared(replay)).collect::<Option<Vec<_>>>()
    {
        return Judgement::new(Answer::Unknown, why.into_iter().map(Evidence::note));
    }
    let mut steps: Vec<_> = failed.iter().filter_map(|replay| first_step(replay)).collect();
    steps.dedup();
    let common = match steps.as_slice() {
        [step] => Some(Evidence::note(format!("first step that differs: {step}"))),
        _ => None,
    };
    let differ = failed.iter().map(|replay| differs(replay));
    let judgement = Judgement::fail(std::iter::once(summary).chain(common).chain(differ));
    // What the author did instead, if the recordings say; else an example that did not run
    // has its own remedy, which no tolerance helps.
    if let Some(Ok(diagnoses)) = subject.diagnoses()
        && let Some((input, diagnosis)) =
            diagnoses.iter().find_map(|found| Some((&found.input, found.diagnosis.as_ref()?)))
    {
        let remedy = diagnosis::remedy(subject, input, diagnosis);
        return judgement.remedy(remedy.as_deref().unwrap_or("see EXAM-5"));
    }
    match failed.first().and_then(|replay| replay.outcome.as_ref().err()) {
        Some(error) => {
            let hint = error.hint.as_deref();
            judgement.remedy(hint.unwrap_or("correct what bundle.toml says of this input or step"))
        }
        None => judgement,
    }
}

fn holds(replay: &Replay) -> bool {
    replay.outcome.as_ref().is_ok_and(|replay| replay.holds)
}

/// Why an example says nothing, where this version cannot make its comparison.
fn not_compared(replay: &Replay) -> Option<String> {
    match &replay.outcome {
        Err(error) if error.is_beyond_engine() => Some(format!("{}: see ONNX-1", replay.name)),
        Err(_) => None,
        Ok(again) => {
            let mut missed = again.outputs.values().filter(|output| !output.comparison.holds);
            let reserved = |output: &OutputReplay| {
                matches!(output.comparison.difference, Some(Difference::Unsupported(_)))
            };
            let all = missed.clone().all(reserved);
            let difference = missed.next()?.comparison.difference.as_ref()?;
            all.then(|| format!("{}: {difference}", replay.name))
        }
    }
}

/// How an example differs: the output, then where that began.
fn differs(replay: &Replay) -> Evidence {
    let name = &replay.name;
    let again = match &replay.outcome {
        Err(error) => return Evidence::note(format!("{name}: {error}")),
        Ok(again) => again,
    };
    let output = again.outputs.iter().find(|(_, output)| !output.comparison.holds);
    let difference = output.map_or_else(String::new, |(output, replayed)| {
        let what = replayed.comparison.difference.as_ref();
        let what = what.map_or_else(|| "differs".to_owned(), ToString::to_string);
        format!("`{output}`: {what}")
    });
    let origin = origin(again).map_or_else(String::new, |text| format!("; {text}"));
    Evidence::note(format!("{name}: {difference}{origin}"))
}

/// The first step that misses: on the recorded value before it, else end to end.
fn missed(replay: &ExampleReplay) -> Option<(&StepReplay, &'static str, f64)> {
    let local = replay.steps.iter().find(|step| !step.local.holds);
    let propagated = || replay.steps.iter().find(|step| !step.propagated.holds);
    local
        .map(|step| (step, "local", step.local.max_abs))
        .or_else(|| propagated().map(|step| (step, "propagated", step.propagated.max_abs)))
}

/// The step, its operation and its input: `3 resize of photograph`.
fn first_step(replay: &Replay) -> Option<String> {
    let (step, _, _) = missed(replay.outcome.as_ref().ok()?)?;
    Some(format!("{} {} of `{}`", step.index, step.op, step.input))
}

/// Where the difference of an example began, as far as its stages tell.
fn origin(replay: &ExampleReplay) -> Option<String> {
    if let Some((step, kind, error)) = missed(replay) {
        return Some(format!("step {} {}: {kind} error {error:.3e}", step.index, step.op));
    }
    let agree = !replay.steps.is_empty() || !replay.values.is_empty();
    let network = replay.network.iter().find(|(_, comparison)| !comparison.holds);
    match network {
        Some((name, comparison)) if agree => Some(format!(
            "every recorded step agrees, `{name}` of the network differs by {:.3e}",
            comparison.max_abs
        )),
        None if !replay.network.is_empty() => {
            Some("the network agrees, the output's steps differ".to_owned())
        }
        _ => None,
    }
}

fn recorded_by(subject: &Subject) -> Judgement {
    let examples = match examples(subject) {
        Ok(examples) => examples,
        Err(judgement) => return judgement,
    };
    let name = |example: &Example| example.name.to_string();
    let by_us = |example: &&Example| {
        let program = example.recorded_with.as_deref().unwrap_or_default();
        program == "bundle" || program.starts_with("bundle ")
    };
    let own: Vec<_> = examples.iter().filter(by_us).map(name).collect();
    let unnamed: Vec<_> =
        examples.iter().filter(|example| example.recorded_with.is_none()).map(name).collect();
    if !own.is_empty() {
        return Judgement::fail([Evidence::of(
            "bundle.toml",
            format!("recorded by bundle itself: {}", own.join(", ")),
        )]);
    }
    if !unnamed.is_empty() {
        let text = format!("no `recorded_with`: {}", unnamed.join(", "));
        return Judgement::weak([Evidence::of("bundle.toml", text)])
            .remedy("say which programs recorded them in `recorded_with`");
    }
    let mut programs: Vec<_> =
        examples.iter().filter_map(|example| example.recorded_with.as_deref()).collect();
    programs.sort_unstable();
    programs.dedup();
    Judgement::pass([Evidence::note(programs.join("; "))])
}
