//! Recorded examples, run again.

use std::collections::BTreeMap;

use bundle_manifest::{
    ArtifactPath, Compare, EntryName, Example, ExampleInput, FileSource, Tolerance,
};
use bundle_preprocess::{InputSource, NamedTensors, Outcome, Stage, Tensor, Value, read_npy};

use crate::{
    Comparison, Inputs, Prediction, Predictor, RunError, compare,
    error::{nearest, read_file},
    stages::read_npz,
};

/// Most that an input of an example, or an expected output, may hold.
const MAX_EXAMPLE_BYTES: u64 = 512 << 20;

/// How near a stage must come to the recorded one: the rounding of a few
/// float32 operations, and none for integers. It is not the author's
/// tolerance, which is about whole networks.
const STAGE: Tolerance = Tolerance { atol: 1e-6, rtol: 1e-5, compare: Compare::Allclose };
const EXACT: Tolerance = Tolerance { atol: 0.0, rtol: 0.0, compare: Compare::Allclose };

/// An output of a replay.
#[derive(Clone, Debug)]
pub struct OutputReplay {
    /// Beside the recording.
    pub comparison: Comparison,
    /// What it means now.
    pub outcome: Outcome,
    /// What it meant then, where the recording can be given meaning.
    pub expected: Option<Outcome>,
}

/// A step of a replay beside its recorded stage.
#[derive(Clone, Debug)]
pub struct StepReplay {
    /// Input.
    pub input: EntryName,
    /// Index of the step.
    pub index: usize,
    /// Operation.
    pub op: &'static str,
    /// Our step on the recorded value before it: the local error. The same as
    /// `propagated` where there is no recorded value before it.
    pub local: Comparison,
    /// Our step on our value before it: the propagated error.
    pub propagated: Comparison,
}

/// An example, run again.
#[derive(Clone, Debug)]
pub struct ExampleReplay {
    /// Its name.
    pub name: EntryName,
    /// All outputs within tolerance. Nothing holds where nothing was recorded.
    pub holds: bool,
    /// By output.
    pub outputs: BTreeMap<EntryName, OutputReplay>,
    /// Where stages were recorded.
    pub steps: Vec<StepReplay>,
    /// By input: the published `value`, where it was recorded.
    pub values: BTreeMap<EntryName, Comparison>,
    /// By ONNX output: what came out of the network before the outputs' steps,
    /// where it was recorded.
    pub network: Vec<(String, Comparison)>,
}

/// Runs `example` again and compares outputs and recorded stages.
///
/// A recording that cannot be read, or names what is not there, is an error;
/// a recording that differs is a result.
pub fn replay(
    predictor: &Predictor,
    example: &Example,
    files: &dyn FileSource,
) -> Result<ExampleReplay, RunError> {
    let inputs = inputs(example, files)?;
    let recorded = example.stages.as_ref().map(|path| read_npz(path, files)).transpose()?;
    let prediction = predictor.predict(&inputs, recorded.is_some())?;
    let outputs = outputs(predictor, example, &prediction, files)?;
    let mut replay = ExampleReplay {
        name: example.name.clone(),
        holds: !outputs.is_empty() && outputs.values().all(|output| output.comparison.holds),
        outputs,
        steps: Vec::new(),
        values: BTreeMap::new(),
        network: Vec::new(),
    };
    if let (Some(recorded), Some(path)) = (recorded, &example.stages) {
        stages(predictor, &prediction, &Recorded { path, arrays: recorded }, &mut replay)?;
    }
    Ok(replay)
}

/// Tries whether the engine can run the network at all: on the inputs of
/// `example`, or without one by planning for the declared shapes. `Ok(false)`:
/// nothing says what shapes the inputs have, so it was not tried.
pub fn rehearse(
    predictor: &Predictor,
    example: Option<&Example>,
    files: &dyn FileSource,
) -> Result<bool, RunError> {
    match example {
        Some(example) => predictor.predict(&inputs(example, files)?, false).map(|_| true),
        None => predictor.network().plan_declared(),
    }
}

/// What an example gives to each input.
pub(crate) fn inputs(example: &Example, files: &dyn FileSource) -> Result<Inputs, RunError> {
    let source = |input: &ExampleInput| match input {
        ExampleInput::File(path) => {
            read_file(files, path, MAX_EXAMPLE_BYTES).map(InputSource::File)
        }
        ExampleInput::Value(value) => Ok(InputSource::Json(value.clone())),
    };
    example.inputs.iter().map(|(name, input)| Ok((name.clone(), source(input)?))).collect()
}

fn outputs(
    predictor: &Predictor,
    example: &Example,
    prediction: &Prediction,
    files: &dyn FileSource,
) -> Result<BTreeMap<EntryName, OutputReplay>, RunError> {
    let mut outputs = BTreeMap::new();
    for (name, expectation) in &example.expect {
        let undeclared = || {
            let known = prediction.outputs.keys().map(EntryName::as_str);
            let subject = format!("example `{}`", example.name);
            RunError::mismatch(
                subject,
                format!("expects the output `{name}`, which is not declared"),
            )
            .with_hint(nearest(name.as_str(), known))
        };
        let result = prediction.outputs.get(name).ok_or_else(undeclared)?;
        let declared = predictor.output(name).ok_or_else(undeclared)?;
        let pipeline = predictor.output_pipeline(name).ok_or_else(undeclared)?;
        let bytes = read_file(files, &expectation.file, MAX_EXAMPLE_BYTES)?;
        let expected = read_npy(&bytes, bytes.len())
            .map_err(|error| RunError::file(&expectation.file, error.to_string()))?;
        let replay = OutputReplay {
            comparison: compare(&result.transformed, &expected, &declared.tolerance),
            outcome: result.outcome.clone(),
            expected: pipeline.outcome(&expected).ok(),
        };
        outputs.insert(name.clone(), replay);
    }
    Ok(outputs)
}

/// The arrays of a stages file.
struct Recorded<'a> {
    path: &'a ArtifactPath,
    arrays: NamedTensors,
}

fn stages(
    predictor: &Predictor,
    prediction: &Prediction,
    recorded: &Recorded<'_>,
    replay: &mut ExampleReplay,
) -> Result<(), RunError> {
    for key in recorded.arrays.keys() {
        known_key(key, prediction).map_err(|what| {
            RunError::file(recorded.path, format!("array `{}`: {what}", key.escape_debug()))
        })?;
    }
    for (input, ours) in &prediction.stages {
        for (position, stage) in ours.iter().enumerate() {
            let before = position.checked_sub(1).and_then(|before| ours.get(before));
            replay.steps.extend(step(predictor, input, (before, stage), recorded)?);
        }
        if let (Some(expected), Some(last)) =
            (recorded.arrays.get(&format!("{input}/value")), ours.last())
            && let Some(actual) = last.value.to_tensor()
        {
            replay.values.insert(input.clone(), compare_stage(&actual, expected));
        }
    }
    for (name, actual) in &prediction.raw {
        if let Some(expected) = recorded.arrays.get(&format!("@{name}")) {
            replay.network.push((name.clone(), compare(actual, expected, &Tolerance::default())));
        }
    }
    Ok(())
}

/// One step beside its recording, if it has one.
fn step(
    predictor: &Predictor,
    input: &EntryName,
    (before, stage): (Option<&Stage>, &Stage),
    recorded: &Recorded<'_>,
) -> Result<Option<StepReplay>, RunError> {
    let Some(expected) = recorded.arrays.get(&format!("{input}/{}", stage.index)) else {
        return Ok(None);
    };
    let Some(actual) = stage.value.to_tensor() else { return Ok(None) };
    let propagated = compare_stage(&actual, expected);
    let mut local = propagated.clone();
    let recorded_before = before.and_then(|before| {
        let array = recorded.arrays.get(&format!("{input}/{}", before.index))?;
        Value::from_tensor(array, &before.value)
    });
    if let (Some(value), Some(pipeline)) = (recorded_before, predictor.input_pipeline(input)) {
        let again = pipeline.run_step(stage.index, &value)?;
        if let Some(again) = again.to_tensor() {
            local = compare_stage(&again, expected);
        }
    }
    let (input, index, op) = (input.clone(), stage.index, stage.op);
    Ok(Some(StepReplay { input, index, op, local, propagated }))
}

fn compare_stage(actual: &Tensor, expected: &Tensor) -> Comparison {
    let tolerance = match crate::tensor::kind(actual.dtype()) {
        crate::tensor::Kind::Float => &STAGE,
        _ => &EXACT,
    };
    compare(actual, expected, tolerance)
}

/// Whether a key of a stages file names something: a misspelt one would
/// otherwise pass for a stage that agrees.
fn known_key(key: &str, prediction: &Prediction) -> Result<(), String> {
    if let Some(output) = key.strip_prefix('@') {
        let known = prediction.raw.keys().map(String::as_str);
        if prediction.raw.contains_key(output) {
            return Ok(());
        }
        return Err(format!("the network has no output `{output}`; {}", nearest(output, known)));
    }
    let (input, stage) = key.rsplit_once('/').ok_or("is neither INPUT/STEP nor @OUTPUT")?;
    let stages = prediction.stages.iter().find(|(name, _)| name.as_str() == input);
    let (_, stages) = stages.ok_or_else(|| format!("there is no input `{input}`"))?;
    let known = stage == "value" || stages.iter().any(|known| stage.parse() == Ok(known.index));
    known.then_some(()).ok_or_else(|| format!("`{input}` has no step {stage}"))
}
