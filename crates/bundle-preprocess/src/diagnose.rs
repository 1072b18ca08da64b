//! Which step differs from a recording first, and what the author did instead.
//!
//! Each step runs on the recorded value before it, so that an error of one step is not
//! blamed on the next. At the first that misses, its [variants](crate::variants()) and the
//! constants that fit are tried. One that meets every recording bit for bit is what the
//! author did, as far as the recordings can tell.

use bundle_manifest::{Dtype, FileSource, Step};

use crate::{
    Guarantee, InputPipeline, InputSource, Tensor, Value, Variant, fitted, guarantee, variants,
};

/// What was recorded of an input of one example.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    /// What was given.
    pub source: &'a InputSource,
    /// The value after each step, where it was recorded.
    pub stages: Vec<Option<&'a Tensor>>,
    /// The published `value`, where it was recorded.
    pub value: Option<&'a Tensor>,
}

/// How far two arrays are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Elements compared.
    pub elements: usize,
    /// Elements that differ in any bit.
    pub differing: usize,
    /// The largest absolute difference; infinite where shapes or kinds of elements differ.
    pub max_abs: f64,
    /// Whether all elements are as near as the operation promises.
    pub holds: bool,
}

/// What the author did instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Index of the step, from 0.
    pub index: usize,
    /// Its operation.
    pub op: &'static str,
    /// What to write in `bundle.toml`.
    pub change: String,
    /// How far it is from the recordings; the worst of them.
    pub distance: Distance,
}

/// What became of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// The first step that misses on the recorded value before it. Absent where only the
    /// end was recorded.
    pub step: Option<(usize, &'static str)>,
    /// The worst local error of that step, or of the end.
    pub distance: Distance,
    /// What meets all recordings; several where they cannot tell these apart. Else the
    /// nearest, if it is much nearer than the step as written.
    pub causes: Vec<Cause>,
}

/// A variant that gives the same as a step on every recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Index of the step, from 0.
    pub index: usize,
    /// Its operation.
    pub op: &'static str,
    /// How the variant is written.
    pub change: String,
    /// An input that would tell them apart.
    pub probe: &'static str,
}

/// Variants that are tried on the values between steps of large inputs cost as much as the
/// step; no more recordings than this are read for them.
const MOST_RECORDINGS: usize = 8;

/// How much nearer than the step as written the nearest variant must be to be named.
const MUCH_NEARER: f64 = 0.1;

/// Compares `pipeline` with recordings of its input. `None` where nothing misses.
pub fn diagnose(
    pipeline: &InputPipeline,
    files: &dyn FileSource,
    recordings: &[Recording<'_>],
) -> Option<Diagnosis> {
    let runs: Vec<Run<'_>> = recordings
        .iter()
        .take(MOST_RECORDINGS)
        .filter_map(|recording| Run::of(pipeline, recording))
        .collect();
    let steps: Vec<&Step> = pipeline.steps().collect();
    for (index, step) in steps.iter().enumerate() {
        let Some(distance) = worst(&runs, |run| run.local(pipeline, index)) else { continue };
        if distance.holds {
            continue;
        }
        let causes = causes(pipeline, files, &runs, (index, step), Until::Stage);
        let causes = choose(causes, distance);
        return Some(Diagnosis { step: Some((index, step.op())), distance, causes });
    }
    let distance = worst(&runs, |run| run.end(pipeline))?;
    if distance.holds {
        return None;
    }
    let mut all = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        all.extend(causes(pipeline, files, &runs, (index, step), Until::Value));
    }
    Some(Diagnosis { step: None, distance, causes: choose(all, distance) })
}

/// The variants that no recording tells from the step as written.
pub fn undecided(
    pipeline: &InputPipeline,
    files: &dyn FileSource,
    sources: &[&InputSource],
) -> Vec<Undecided> {
    let sources = sources.iter().take(MOST_RECORDINGS);
    let traces: Vec<Vec<Value>> = sources.filter_map(|source| trace(pipeline, source)).collect();
    let mut undecided = Vec::new();
    for (index, step) in pipeline.steps().enumerate() {
        // Where any input would show a difference and these do not, there is none.
        let variants =
            variants(step).into_iter().filter(|variant| !variant.probe.starts_with("any "));
        for variant in variants {
            let Ok(varied) = pipeline.varied(index, &variant.steps, files) else { continue };
            let same = traces.iter().all(|trace| {
                let (Some(before), Some(after)) = (trace.get(index), trace.get(index + 1)) else {
                    return true;
                };
                let range = index..index + variant.steps.len();
                varied.run_range(range, before.clone()).is_ok_and(|value| same(&value, after))
            });
            if same && !traces.is_empty() {
                let Variant { change, probe, .. } = variant;
                undecided.push(Undecided { index, op: step.op(), change, probe });
            }
        }
    }
    undecided
}

fn same(left: &Value, right: &Value) -> bool {
    match (left.to_tensor(), right.to_tensor()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

/// The value before the first step, and after each that ran; `None` where it is no input.
fn trace(pipeline: &InputPipeline, source: &InputSource) -> Option<Vec<Value>> {
    let mut values = vec![pipeline.first(source).ok()?];
    for index in 0..pipeline.steps().len() {
        let before = values.last()?;
        match pipeline.run_step(index, before) {
            Ok(after) => values.push(after),
            Err(_) => break,
        }
    }
    Some(values)
}

/// Our values beside a recording.
struct Run<'a> {
    recording: &'a Recording<'a>,
    /// Before the first step, and after each step that ran.
    values: Vec<Value>,
}

/// How far a varied pipeline runs, and what its result is compared with.
#[derive(Clone, Copy)]
enum Until {
    /// The recorded value after the step.
    Stage,
    /// The recorded `value`.
    Value,
}

impl<'a> Run<'a> {
    fn of(pipeline: &InputPipeline, recording: &'a Recording<'a>) -> Option<Self> {
        Some(Self { recording, values: trace(pipeline, recording.source)? })
    }

    fn stage(&self, index: usize) -> Option<&Tensor> {
        self.recording.stages.get(index).copied().flatten()
    }

    /// The value before step `index`: the recorded one, else ours.
    fn before(&self, index: usize) -> Option<Value> {
        let ours = self.values.get(index);
        let recorded = index.checked_sub(1).and_then(|before| self.stage(before));
        match (recorded, ours) {
            (Some(recorded), Some(ours)) => {
                Value::from_tensor(recorded, ours).or_else(|| Some(ours.clone()))
            }
            // A step before failed here: the recording says what it would have given.
            (Some(recorded), None) => Some(Value::Tensor(recorded.clone())),
            (None, ours) => ours.cloned(),
        }
    }

    /// Step `index` on the recorded value before it, beside the recorded value after it.
    fn local(&self, pipeline: &InputPipeline, index: usize) -> Option<Distance> {
        let expected = self.stage(index)?;
        let step = pipeline.steps().nth(index)?;
        let value = pipeline.run_step(index, &self.before(index)?).ok();
        Some(distance_of(value, expected, guarantee(step)))
    }

    /// The whole pipeline beside the recorded `value`.
    fn end(&self, pipeline: &InputPipeline) -> Option<Distance> {
        let expected = self.recording.value?;
        let complete = self.values.len() == pipeline.steps().len() + 1;
        let value = self.values.last().filter(|_| complete).cloned();
        Some(distance_of(value, expected, promise(pipeline.steps())))
    }

    /// A pipeline with `length` steps in place of step `first`, beside the recording.
    fn varied(
        &self,
        varied: &InputPipeline,
        (first, length): (usize, usize),
        until: Until,
    ) -> Option<Distance> {
        let (expected, before, last) = match until {
            Until::Stage => (self.stage(first)?, self.before(first)?, first + length),
            Until::Value => {
                let before = self.values.get(first)?.clone();
                (self.recording.value?, before, varied.steps().len())
            }
        };
        // What came before the varied steps counts where the end is compared.
        let from = if matches!(until, Until::Value) { 0 } else { first };
        let promised = promise(varied.steps().take(last).skip(from));
        Some(distance_of(varied.run_range(first..last, before).ok(), expected, promised))
    }
}

fn worst(runs: &[Run<'_>], distance: impl Fn(&Run<'_>) -> Option<Distance>) -> Option<Distance> {
    runs.iter().filter_map(distance).reduce(Distance::worse)
}

/// The variants of a step, and the constants that fit the first recording.
fn candidates(runs: &[Run<'_>], step: &Step, index: usize) -> Vec<Variant> {
    let mut candidates = variants(step);
    let fit = runs
        .iter()
        .find_map(|run| Some(fitted(step, &run.before(index)?.to_tensor()?, run.stage(index)?)));
    candidates.extend(fit.unwrap_or_default());
    candidates
}

/// How far each candidate for a step is from the recordings.
fn causes(
    pipeline: &InputPipeline,
    files: &dyn FileSource,
    runs: &[Run<'_>],
    (index, step): (usize, &Step),
    until: Until,
) -> Vec<Cause> {
    let cause = |variant: Variant| {
        let varied = pipeline.varied(index, &variant.steps, files).ok()?;
        let place = (index, variant.steps.len());
        let distance = worst(runs, |run| run.varied(&varied, place, until))?;
        Some(Cause { index, op: step.op(), change: variant.change, distance })
    };
    candidates(runs, step, index).into_iter().filter_map(cause).collect()
}

/// Those that meet the recordings bit for bit; else those within the promise of their
/// operation; else the nearest, if it is much nearer than the step as written.
fn choose(causes: Vec<Cause>, written: Distance) -> Vec<Cause> {
    for met in [|cause: &Cause| cause.distance.differing == 0, |cause: &Cause| cause.distance.holds]
    {
        let met: Vec<Cause> = causes.iter().filter(|cause| met(cause)).cloned().collect();
        if !met.is_empty() {
            return met;
        }
    }
    let nearest = causes
        .into_iter()
        .min_by(|left, right| left.distance.max_abs.total_cmp(&right.distance.max_abs));
    nearest
        .filter(|nearest| nearest.distance.max_abs < written.max_abs * MUCH_NEARER)
        .filter(|nearest| nearest.distance.max_abs.is_finite())
        .into_iter()
        .collect()
}

impl Distance {
    const APART: Self =
        Self { elements: 0, differing: usize::MAX, max_abs: f64::INFINITY, holds: false };

    pub(crate) fn worse(self, other: Self) -> Self {
        Self {
            elements: self.elements.saturating_add(other.elements),
            differing: self.differing.saturating_add(other.differing),
            max_abs: self.max_abs.max(other.max_abs),
            holds: self.holds && other.holds,
        }
    }

    /// How far `actual` is from `expected`, where a float may be `bound` away.
    pub fn between(actual: &Tensor, expected: &Tensor, guarantee: Guarantee) -> Self {
        let is_float = |tensor: &Tensor| {
            matches!(tensor.dtype(), Dtype::Float16 | Dtype::Float32 | Dtype::Float64)
        };
        if actual.shape() != expected.shape() || is_float(actual) != is_float(expected) {
            return Self::APART;
        }
        let (left, right) = (actual.to_f64s(), expected.to_f64s());
        let largest = right.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        // The rounding of a few float32 operations, and of a transform as large as its
        // largest element where the operation is not exact.
        let floor = match guarantee {
            _ if !is_float(expected) => 0.0,
            Guarantee::Exact | Guarantee::Ulp => 1e-6,
            Guarantee::Abs(bound) => bound.max(1e-6 * largest),
        };
        let relative = if is_float(expected) { 1e-5 } else { 0.0 };
        let mut distance = Self { elements: left.len(), differing: 0, max_abs: 0.0, holds: true };
        for (actual, expected) in left.iter().zip(&right) {
            let apart = (actual - expected).abs();
            let equal = apart == 0.0 || actual.to_bits() == expected.to_bits();
            if equal {
                continue;
            }
            let apart = if apart.is_nan() { f64::INFINITY } else { apart };
            distance.differing += 1;
            distance.max_abs = distance.max_abs.max(apart);
            distance.holds &= apart <= floor + relative * expected.abs();
        }
        distance
    }
}

/// What steps promise together.
pub(crate) fn promise<'s>(steps: impl Iterator<Item = &'s Step>) -> Guarantee {
    steps.map(guarantee).fold(Guarantee::Exact, Guarantee::and)
}

fn distance_of(actual: Option<Value>, expected: &Tensor, promised: Guarantee) -> Distance {
    let actual = actual.and_then(|value| value.to_tensor());
    actual.map_or(Distance::APART, |actual| Distance::between(&actual, expected, promised))
}
