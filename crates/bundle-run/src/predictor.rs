//! From inputs to outcomes.

use std::collections::BTreeMap;

use bundle_manifest::{EntryName, FileSource, Labels, Manifest, Model, Output, TensorRoles};
use bundle_preprocess::{
    InputPipeline, InputSource, LabelMap, NamedTensors, Outcome, OutputPipeline, Stage, Tensor,
};

use crate::{
    Network, OnnxReport, RunError, RunErrorKind,
    error::{nearest, read_file},
};

/// Most that a file of labels may hold.
const MAX_LABEL_BYTES: u64 = 16 << 20;

/// Inputs by name.
pub type Inputs = BTreeMap<EntryName, InputSource>;

/// An output of a prediction.
#[derive(Clone, Debug)]
pub struct OutputResult {
    /// The main tensor after the steps.
    pub transformed: Tensor,
    /// What it means.
    pub outcome: Outcome,
}

/// A prediction.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// By output.
    pub outputs: BTreeMap<EntryName, OutputResult>,
    /// By input, when traced.
    pub stages: BTreeMap<EntryName, Vec<Stage>>,
    /// What went into the network, when traced.
    pub fed: NamedTensors,
    /// What came out of it, before the outputs' steps, when traced.
    pub raw: NamedTensors,
}

/// A manifest with its network, ready to run. One model; several are refused by name.
#[derive(Debug)]
pub struct Predictor {
    inputs: BTreeMap<EntryName, BoundInput>,
    outputs: BTreeMap<EntryName, BoundOutput>,
    network: Network,
}

/// An input of the manifest, tied to the graph.
#[derive(Debug)]
struct BoundInput {
    pipeline: InputPipeline,
    /// ONNX input = published value.
    tensors: TensorRoles,
}

/// An output of the manifest, tied to the graph.
#[derive(Debug)]
struct BoundOutput {
    declared: Output,
    pipeline: OutputPipeline,
}

impl Predictor {
    /// Compiles the pipelines, loads the network, and checks that they fit:
    /// every ONNX input is fed by one input, a constant or a state, and every
    /// output is one of the graph.
    pub fn new(manifest: &Manifest, files: &dyn FileSource) -> Result<Self, RunError> {
        let (name, model) = only_model(manifest)?;
        reserved(manifest)?;
        let mut inputs = BTreeMap::new();
        for input in &manifest.inputs {
            let (pipeline, tensors) = (InputPipeline::compile(input)?, input.tensors.clone());
            inputs.insert(input.name.clone(), BoundInput { pipeline, tensors });
        }
        let network = Network::load(name.as_str(), model, files)?;
        check_inputs(&inputs, &network)?;
        let mut outputs = BTreeMap::new();
        for output in &manifest.outputs {
            check_output(output, network.report())?;
            let labels = labels(output, network.report(), files)?;
            let pipeline = OutputPipeline::compile(output, labels)?;
            check_classes(output, &pipeline, network.report())?;
            let bound = BoundOutput { declared: output.clone(), pipeline };
            outputs.insert(output.name.clone(), bound);
        }
        Ok(Self { inputs, outputs, network })
    }

    /// Runs once. A table of several rows is a batch: the outcomes have as
    /// many rows.
    pub fn predict(&self, inputs: &Inputs, trace: bool) -> Result<Prediction, RunError> {
        if let Some(name) = inputs.keys().find(|name| !self.inputs.contains_key(*name)) {
            let known = self.inputs.keys().map(EntryName::as_str);
            let error = RunError::mismatch(format!("input `{name}`"), "is not declared");
            return Err(error.with_hint(nearest(name.as_str(), known)));
        }
        let (mut fed, mut stages) = (NamedTensors::new(), BTreeMap::new());
        for (name, input) in &self.inputs {
            let source = inputs
                .get(name)
                .ok_or_else(|| RunError::mismatch(format!("input `{name}`"), "is not given"))?;
            let prepared = input.pipeline.run(source, trace)?;
            feed(name, input, &prepared.published, &mut fed)?;
            if trace {
                stages.insert(name.clone(), prepared.stages);
            }
        }
        let raw = self.network.run(&fed)?;
        let mut outputs = BTreeMap::new();
        for (name, output) in &self.outputs {
            let transformed = output.pipeline.transform(&raw)?;
            let outcome = output.pipeline.outcome(&transformed)?;
            outputs.insert(name.clone(), OutputResult { transformed, outcome });
        }
        if trace {
            return Ok(Prediction { outputs, stages, fed, raw });
        }
        let none = NamedTensors::new;
        Ok(Prediction { outputs, stages, fed: none(), raw: none() })
    }

    /// What the ONNX file says.
    pub fn report(&self) -> &OnnxReport {
        self.network.report()
    }

    /// The network, for tensors without pipelines.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The pipeline of an input.
    pub fn input_pipeline(&self, input: &EntryName) -> Option<&InputPipeline> {
        self.inputs.get(input).map(|input| &input.pipeline)
    }

    /// The pipeline of an output.
    pub fn output_pipeline(&self, output: &EntryName) -> Option<&OutputPipeline> {
        self.outputs.get(output).map(|output| &output.pipeline)
    }

    /// What the author declares of an output.
    pub fn output(&self, output: &EntryName) -> Option<&Output> {
        self.outputs.get(output).map(|output| &output.declared)
    }

    /// The labels of an output, where it has a map.
    pub fn labels(&self, output: &EntryName) -> Option<&LabelMap> {
        self.outputs.get(output).and_then(|output| output.pipeline.labels())
    }
}

fn only_model(manifest: &Manifest) -> Result<(&EntryName, &Model), RunError> {
    let models = &manifest.models.by_name;
    let mut all = models.iter();
    match (all.next(), all.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => {
            let why =
                manifest.models.why.clone().unwrap_or_else(|| "no reason is given".to_owned());
            Err(RunErrorKind::NoModel { why }.into())
        }
        _ => {
            LabelMap::of(value.lines().map(str::to_owned).collect())
                .map(Some)
                .map_err(|error| RunError::mismatch(subject(), error.to_string()))
        }
    }
}

/// Moves what a pipeline published to the inputs of the graph.
fn feed(
    name: &EntryName,
    input: &BoundInput,
    published: &NamedTensors,
    fed: &mut NamedTensors,
) -> Result<(), RunError> {
    for (onnx, value) in &input.tensors {
        let tensor = published.get(value).ok_or_else(|| {
            let message = format!("its steps publish no value `{value}`");
            RunError::mismatch(format!("input `{name}`"), message)
                .with_hint(nearest(value, published.keys().map(String::as_str)))
        })?;
        fed.insert(onnx.clone(), tensor.clone());
    }
    Ok(())
}
