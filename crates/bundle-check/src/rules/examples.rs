//! The recorded examples: do the author's numbers come out?

use bundle_manifest::{Example, Manifest};
use bundle_preprocess::{Tensor, TensorData, read_npy};
use bundle_run::{ExampleReplay, StepReplay};

use super::model::no_model;
use crate::{
    Area, Evidence, Rule, Severity,
    finding::Judgement,
    subject::{Replay, Subject},
};

pub(super) static EXIST: Rule = Rule {
    id: "EXAM-1",
    title: "there are recorded examples",
    why: "Without an input and the author's output for it, nobody can tell whether the model gives the author's numbers.",
    reference: "docs/examples.md",
    severity: Severity::Should,
    area: Area::Reproduction,
    remedy: "record inputs and outputs in the training framework; `bundle record` adds them",
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
    reference: "docs/examples.md",
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
    let failed: Vec<_> = replays.iter().filter_map(differs).collect();
    let (all, hold) = (replays.len(), replays.len() - failed.len());
    let summary = format!("{hold}/{all} examples within tolerance");
    if failed.is_empty() {
        return Judgement::pass([Evidence::note(summary)]);
    }
    Judgement::fail(std::iter::once(Evidence::note(summary)).chain(failed))
}

/// How an example differs, if it does: the first step that does, else the output.
fn differs(replay: &Replay) -> Option<Evidence> {
    let name = &replay.name;
    let again = match &replay.outcome {
        Err(error) => return Some(Evidence::note(format!("{name}: {error}"))),
        Ok(again) if again.holds => return None,
        Ok(again) => again,
    };
    let output = again.outputs.iter().find(|(_, output)| !output.comparison.holds);
    let difference = output.map_or_else(String::new, |(output, replayed)| {
        let what = replayed.comparison.difference.as_ref();
        let what = what.map_or_else(|| "differs".to_owned(), ToString::to_string);
        format!("output `{output}`: {what}")
    });
    let step = first_step(again).map_or_else(String::new, |text| format!("; {text}"));
    Some(Evidence::note(format!("{name}: {difference}{step}")))
}

/// The first step that misses on the recorded value before it; else the first
/// that misses end to end.
fn first_step(replay: &ExampleReplay) -> Option<String> {
    let local = replay.steps.iter().find(|step| !step.local.holds);
    let propagated = || replay.steps.iter().find(|step| !step.propagated.holds);
    let show = |step: &StepReplay, kind: &str, comparison: &bundle_run::Comparison| {
        format!(
            "first step that differs: {} {} of `{}` ({kind} error {:.3e})",
            step.index, step.op, step.input, comparison.max_abs
        )
    };
    match local {
        Some(step) => Some(show(step, "local", &step.local)),
        None => match propagated() {
            Some(step) => Some(show(step, "propagated", &step.propagated)),
            None if replay.steps.is_empty() => None,
            None => Some("every recorded step agrees: the network differs".to_owned()),
        },
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
