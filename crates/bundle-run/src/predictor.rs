//! From inputs to outcomes.

use std::collections::BTreeMap;

use bundle_manifest::{
    EntryName, FileSource, Labels, Manifest, Model, Output, OutputKind, Step, TensorRoles,
};
use bundle_preprocess::{
    InputPipeline, InputSource, LabelMap, NamedTensors, Outcome, OutputPipeline, Stage, Tensor,
};

use crate::{
    Network, OnnxReport, OnnxTensor, RunError, RunErrorKind,
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

impl BoundInput {
    /// Whether a person gives it; a group is joined from others.
    fn is_given(&self) -> bool {
        self.pipeline.members().is_empty()
    }
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
            let (pipeline, tensors) =
                (InputPipeline::compile(input, files)?, input.tensors.clone());
            inputs.insert(input.name.clone(), BoundInput { pipeline, tensors });
        }
        let network = Network::load(name.as_str(), model, files)?;
        check_inputs(&inputs, &network)?;
        let mut outputs = BTreeMap::new();
        for output in &manifest.outputs {
            check_output(output, network.report())?;
            let labels = labels(output, network.report(), files)?;
            let pipeline = OutputPipeline::compile(output, labels, files)?;
            check_classes(output, &pipeline, network.report())?;
            let bound = BoundOutput { declared: output.clone(), pipeline };
            outputs.insert(output.name.clone(), bound);
        }
        Ok(Self { inputs, outputs, network })
    }

    /// Runs once. A table of several rows is a batch: the outcomes have as
    /// many rows.
    pub fn predict(&self, inputs: &Inputs, trace: bool) -> Result<Prediction, RunError> {
        let given = |name: &EntryName| self.inputs.get(name).is_some_and(BoundInput::is_given);
        if let Some(name) = inputs.keys().find(|name| !given(name)) {
            let known = self.inputs.keys().filter(|name| given(name)).map(EntryName::as_str);
            let error = RunError::mismatch(format!("input `{name}`"), "is not declared");
            return Err(error.with_hint(nearest(name.as_str(), known)));
        }
        let (mut fed, mut stages) = (NamedTensors::new(), BTreeMap::new());
        let mut published = BTreeMap::new();
        let (first, groups): (Vec<_>, Vec<_>) =
            self.inputs.iter().partition(|(_, input)| input.is_given());
        for (name, input) in first.into_iter().chain(groups) {
            let prepared = match inputs.get(name) {
                Some(source) => input.pipeline.run(source, trace)?,
                None if input.is_given() => {
                    return Err(RunError::mismatch(format!("input `{name}`"), "is not given"));
                }
                None => input.pipeline.run_group(&published, trace)?,
            };
            feed(name, input, &prepared.published, &mut fed)?;
            published.insert(name.clone(), prepared.published);
            if trace {
                stages.insert(name.clone(), prepared.stages);
            }
        }
        let raw = self.network.run(&fed)?;
        let mut outputs = BTreeMap::new();
        for (name, output) in &self.outputs {
            let transformed = output.pipeline.transform(&raw, &published)?;
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
            let names: Vec<String> = models.keys().map(|name| format!("`{name}`")).collect();
            Err(RunError::planned(format!("several models ({})", names.join(", "))))
        }
    }
}

/// What the format reserves is refused by name, never ignored.
fn reserved(manifest: &Manifest) -> Result<(), RunError> {
    if !manifest.links.is_empty() {
        return Err(RunError::planned("`links` between models"));
    }
    for input in &manifest.inputs {
        let name = &input.name;
        if input.window.is_some() {
            return Err(RunError::planned(format!("`window` of the input `{name}`")));
        }
        if input.tile.is_some() {
            return Err(RunError::planned(format!("`tile` of the input `{name}`")));
        }
    }
    match manifest.outputs.iter().find(|output| output.restore.is_some()) {
        Some(output) => {
            Err(RunError::planned(format!("`restore` of the output `{}`", output.name)))
        }
        None => Ok(()),
    }
}

fn check_inputs(
    inputs: &BTreeMap<EntryName, BoundInput>,
    network: &Network,
) -> Result<(), RunError> {
    let known = || network.report().inputs.iter().map(|input| input.name.as_str());
    let filled: Vec<&str> = network.filled_in().collect();
    let mut fed_by = BTreeMap::<&str, &EntryName>::new();
    for (name, input) in inputs {
        for onnx in input.tensors.keys() {
            let subject = || format!("input `{name}`");
            if !known().any(|known| known == onnx) {
                let message = format!("the network has no input `{onnx}`");
                return Err(
                    RunError::mismatch(subject(), message).with_hint(nearest(onnx, known()))
                );
            }
            if let Some(other) = fed_by.insert(onnx, name) {
                let message = format!("the network's input `{onnx}` is also fed by `{other}`");
                return Err(RunError::mismatch(subject(), message));
            }
        }
    }
    match known().find(|onnx| !fed_by.contains_key(onnx) && !filled.contains(onnx)) {
        None => Ok(()),
        Some(onnx) => {
            let message = "is fed by no input, constant or state";
            let hint = format!(
                "add it to `tensors` of an input, or to `constants` of the model; {}",
                listed(known())
            );
            Err(RunError::mismatch(format!("the network's input `{onnx}`"), message)
                .with_hint(hint))
        }
    }
}

/// What the network takes, in words.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    format!("the network takes {}", names.join(", "))
}

fn check_output(output: &Output, report: &OnnxReport) -> Result<(), RunError> {
    let known = || report.outputs.iter().map(|output| output.name.as_str());
    let subject = || format!("output `{}`", output.name);
    match output.tensors.values().find(|onnx| !known().any(|known| known == *onnx)) {
        Some(onnx) => {
            let message = format!("the network has no output `{onnx}`");
            Err(RunError::mismatch(subject(), message).with_hint(nearest(onnx, known())))
        }
        None if output.main_tensor().is_none() => {
            Err(RunError::mismatch(subject(), "`tensors` has no main role"))
        }
        None => Ok(()),
    }
}

fn labels(
    output: &Output,
    report: &OnnxReport,
    files: &dyn FileSource,
) -> Result<Option<LabelMap>, RunError> {
    let subject = || format!("labels of the output `{}`", output.name);
    let map = |names: Vec<String>| {
        let map = LabelMap::of(names);
        map.map(Some).map_err(|error| RunError::mismatch(subject(), error.to_string()))
    };
    match &output.labels {
        None => Ok(None),
        Some(Labels::Names(names)) => map(names.clone()),
        Some(Labels::File(path)) => {
            let bytes = read_file(files, path, MAX_LABEL_BYTES)?;
            let text =
                String::from_utf8(bytes).map_err(|_| RunError::file(path, "is not UTF-8"))?;
            LabelMap::parse(&text)
                .map(Some)
                .map_err(|error| RunError::file(path, error.to_string()))
        }
        Some(Labels::OnnxMetadata(key)) => {
            let value = report.metadata.get(key).ok_or_else(|| {
                let message = format!("the ONNX file has no metadata `{key}`");
                RunError::mismatch(subject(), message)
                    .with_hint(nearest(key, report.metadata.keys().map(String::as_str)))
            })?;
            map(value.lines().map(str::to_owned).collect())
        }
    }
}

/// Where the graph says how many classes there are, the labels must be as many.
fn check_classes(
    output: &Output,
    pipeline: &OutputPipeline,
    report: &OnnxReport,
) -> Result<(), RunError> {
    let keeps_classes = |step: &Step| matches!(step, Step::Softmax(_) | Step::Sigmoid(_));
    // Of other kinds the last axis is another one: columns of a mask, coordinates of a point.
    let has_classes = matches!(output.kind, OutputKind::Labels | OutputKind::Tokens)
        && output.steps.iter().all(keeps_classes);
    let (Some(labels), true) = (pipeline.labels(), has_classes) else { return Ok(()) };
    // What the network has already chosen are indices, and no axis of classes.
    let chosen = |tensor: &OnnxTensor| {
        tensor.dtype.is_some_and(|dtype| !dtype.as_str().starts_with("float"))
    };
    let is_main = |tensor: &&OnnxTensor| Some(tensor.name.as_str()) == output.main_tensor();
    let tensor = report.outputs.iter().find(is_main).filter(|tensor| !chosen(tensor));
    let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
    let count = u64::try_from(labels.names.len()).unwrap_or(u64::MAX);
    match shape.and_then(|shape| shape.last()) {
        Some(Ok(classes)) if *classes != count => {
            let message =
                format!("the class axis has {classes} elements, the label map has {count} labels");
            Err(RunError::mismatch(format!("output `{}`", output.name), message))
        }
        _ => Ok(()),
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
