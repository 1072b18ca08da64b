//! Recorded values beside our preprocessing, without the network.

use std::collections::BTreeMap;

use bundle_manifest::{EntryName, Example, FileSource, Input, Manifest};
use bundle_preprocess::{
    Diagnosis, InputPipeline, InputSource, NamedTensors, Recording, Undecided, undecided,
};

use crate::{RunError, replay::inputs, stages::read_npz};

/// What recordings say of the steps of one input.
#[derive(Clone, Debug)]
pub struct InputDiagnosis {
    /// The input.
    pub input: EntryName,
    /// Examples of which a step or the published value was recorded.
    pub recordings: usize,
    /// What differs, if anything does.
    pub diagnosis: Option<Diagnosis>,
    /// What the recordings cannot tell apart; empty where something differs.
    pub undecided: Vec<Undecided>,
}

/// Compares the steps of every input with what was recorded of it, and names the first that
/// misses and what the author did instead. Needs no network that runs here.
///
/// Inputs whose pipeline does not compile, and those of which nothing was recorded, are left
/// out. A recording that cannot be read is an error.
pub fn diagnose(
    manifest: &Manifest,
    files: &dyn FileSource,
) -> Result<Vec<InputDiagnosis>, RunError> {
    let examples = manifest.examples.iter().filter(|example| example.stages.is_some());
    let read: Vec<Read> =
        examples.map(|example| Read::of(example, files)).collect::<Result<_, _>>()?;
    let inputs = manifest.inputs.iter();
    Ok(inputs.filter_map(|input| diagnose_input(input, files, &read)).collect())
}

/// The files of an example.
struct Read {
    inputs: BTreeMap<EntryName, InputSource>,
    recorded: NamedTensors,
}

impl Read {
    fn of(example: &Example, files: &dyn FileSource) -> Result<Self, RunError> {
        let recorded = example.stages.as_ref().map(|path| read_npz(path, files)).transpose()?;
        Ok(Self { inputs: inputs(example, files)?, recorded: recorded.unwrap_or_default() })
    }

    fn recording(&self, input: &Input) -> Option<Recording<'_>> {
        let source = self.inputs.get(&input.name)?;
        let array = |key: String| self.recorded.get(&key);
        let stages: Vec<_> =
            (0..input.steps.len()).map(|index| array(format!("{}/{index}", input.name))).collect();
        let value = array(format!("{}/value", input.name));
        let any = value.is_some() || stages.iter().any(Option::is_some);
        any.then_some(Recording { source, stages, value })
    }
}

fn diagnose_input(input: &Input, files: &dyn FileSource, read: &[Read]) -> Option<InputDiagnosis> {
    let pipeline = InputPipeline::compile(input, files).ok()?;
    let recordings: Vec<_> = read.iter().filter_map(|read| read.recording(input)).collect();
    if recordings.is_empty() {
        return None;
    }
    let diagnosis = bundle_preprocess::diagnose(&pipeline, files, &recordings);
    let sources: Vec<_> = recordings.iter().map(|recording| recording.source).collect();
    let undecided = match diagnosis {
        Some(_) => Vec::new(),
        None => undecided(&pipeline, files, &sources),
    };
    Some(InputDiagnosis {
        input: input.name.clone(),
        recordings: recordings.len(),
        diagnosis,
        undecided,
    })
}
