//! A loaded network: named tensors in, named tensors out.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use bundle_manifest::{Dtype, FileSource, Model, StateInit};
use bundle_preprocess::{NamedTensors, Tensor, TensorData, read_npy};

use crate::{
    OnnxReport, OnnxTensor, RunError, RunErrorKind,
    engine::{self, Engine, EngineError, Plan, half},
    error::{nearest, read_file},
    examine,
    fit::{self, Bound, Dims},
    onnx::{OnnxFile, external, refuse::refusals, rewrite},
    tensor::{cast, has_nan, of_constant, zeros},
};

/// Plans that are kept; a plan of a large network holds its weights once more.
const MAX_PLANS: usize = 8;
const MAX_PLANS_OF_LARGE: usize = 2;
/// Parameters of a large network.
const LARGE: u64 = 64 << 20;
/// Most that a recorded first state may hold.
const MAX_STATE_BYTES: u64 = 256 << 20;

/// A loaded network, with a plan per concrete shape.
#[derive(Debug)]
pub struct Network {
    name: String,
    report: OnnxReport,
    engine: Box<dyn Engine>,
    /// The inputs that the engine takes, in its order: those of the file
    /// without the constants.
    inputs: Vec<OnnxTensor>,
    constants: Vec<String>,
    states: Vec<InitialState>,
    dims: Dims,
    plans: Mutex<Plans>,
}

/// A recurrent state before the first call.
#[derive(Debug)]
struct InitialState {
    input: String,
    output: String,
    /// `None`: zeros in the shape of the input.
    value: Option<Tensor>,
}

impl Network {
    /// Loads `model` (named `name` in errors): parses, refuses what would be
    /// wrong, resolves external data inside the project.
    pub fn load(name: &str, model: &Model, files: &dyn FileSource) -> Result<Self, RunError> {
        let mut file = OnnxFile::read(name, &model.onnx, files)?;
        let located = external::locate(&file, files)?;
        external::inline(&mut file, &located, files)?;
        let mut report = examine::report(&file, &external::External::new(), files)?;
        report.external_data = located.into_keys().collect();
        fit::check_dims(&model.dims, &report.inputs)?;
        let constants = constants(model, &report)?;
        let states = states(model, &report, files)?;
        let fixed: Vec<String> = constants.iter().map(|(name, _)| name.clone()).collect();
        // Some refusals are about values that a constant makes known.
        rewrite::bake(&mut file, constants);
        report.refusals = refusals(&file);
        refuse(&file, &report)?;
        let inputs: Vec<OnnxTensor> =
            report.inputs.iter().filter(|input| !fixed.contains(&input.name)).cloned().collect();
        let dtypes = inputs.iter().filter_map(|input| input.dtype).collect();
        let in_float32 = rewrite::has_halves(&file);
        rewrite::prepare(&mut file);
        let engine = engine::load(&file.model, dtypes, in_float32)
            .map_err(|EngineError(message)| RunError::engine(name, message))?;
        Ok(Self {
            name: name.to_owned(),
            report,
            engine,
            inputs,
            constants: fixed,
            states,
            dims: model.dims.clone(),
            plans: Mutex::default(),
        })
    }

    /// Runs on named inputs; all graph outputs by name.
    ///
    /// An input is cast to the type of the graph where that loses nothing:
    /// integers that fit, floats rounded to nearest. Constants and initial
    /// states are filled in; a state that is given is used as it is given, so
    /// feeding `output` back as `input` continues a sequence.
    pub fn run(&self, inputs: &NamedTensors) -> Result<NamedTensors, RunError> {
        self.check_names(inputs)?;
        let mut bound = Bound::default();
        let mut fed = BTreeMap::new();
        for input in &self.inputs {
            if let Some(tensor) = inputs.get(&input.name) {
                fed.insert(&*input.name, self.take(input, tensor.clone(), &mut bound)?);
            }
        }
        for input in &self.inputs {
            if !fed.contains_key(&*input.name) {
                let state = self.initial(input, &bound)?;
                fed.insert(&*input.name, self.take(input, state, &mut bound)?);
            }
        }
        let fed: Vec<Tensor> =
            self.inputs.iter().filter_map(|input| fed.remove(&*input.name)).collect();
        let shapes = fed.iter().map(|tensor| tensor.shape().to_vec()).collect();
        let outputs = self.plan(shapes)?.run(fed).map_err(|error| self.failed(error))?;
        let declared = self.report.outputs.iter().zip(outputs);
        Ok(declared.map(|(output, value)| (output.name.clone(), narrowed(output, value))).collect())
    }

    /// Makes a plan for the smallest declared shapes, to find out whether the
    /// engine can. `Ok(false)`: some length is declared by nobody.
    pub(crate) fn plan_declared(&self) -> Result<bool, RunError> {
        let shape = |input| fit::smallest_shape(input, &self.dims);
        let Some(shapes) = self.inputs.iter().map(shape).collect::<Option<Vec<_>>>() else {
            return Ok(false);
        };
        self.plan(shapes)?;
        Ok(true)
    }

    /// What the ONNX file says.
    pub fn report(&self) -> &OnnxReport {
        &self.report
    }

    /// The ONNX inputs that `run` fills in by itself: constants and states.
    pub fn filled_in(&self) -> impl Iterator<Item = &str> {
        let states = self.states.iter().map(|state| &*state.input);
        self.constants.iter().map(String::as_str).chain(states)
    }

    /// The inputs of the next call that continues the sequence: each state
    /// with its value among the `outputs` of this call.
    pub fn next_states(&self, outputs: &NamedTensors) -> NamedTensors {
        let next = |state: &InitialState| {
            outputs.get(&state.output).map(|value| (state.input.clone(), value.clone()))
        };
        self.states.iter().filter_map(next).collect()
    }

    fn check_names(&self, inputs: &NamedTensors) -> Result<(), RunError> {
        let known = || self.inputs.iter().map(|input| &*input.name);
        for name in inputs.keys() {
            let subject = format!("input `{name}`");
            if self.constants.contains(name) {
                return Err(RunError::mismatch(subject, "is a constant of the model"));
            }
            if !known().any(|input| input == name) {
                let message = "the network has no such input";
                return Err(RunError::mismatch(subject, message).with_hint(nearest(name, known())));
            }
        }
        Ok(())
    }

    /// The tensor in the type of the graph, if it fits.
    fn take(
        &self,
        input: &OnnxTensor,
        tensor: Tensor,
        bound: &mut Bound,
    ) -> Result<Tensor, RunError> {
        bound.take(input, tensor.shape(), &self.dims)?;
        let wrong = |what: String| RunError::mismatch(format!("input `{}`", input.name), what);
        // The engine turns NaN into a number in `Relu`, `Sigmoid`, `Clip` and
        // others, where ONNX lets it through: an answer that looks like one.
        if !self.expects_nan() && has_nan(tensor.data()) {
            let hint = "fill in missing values in the input's steps";
            return Err(wrong("holds NaN".to_owned()).with_hint(hint));
        }
        // `refuse` let no other type pass.
        let Some(dtype) = input.dtype else { return Ok(tensor) };
        cast(tensor, dtype).map_err(|error| wrong(error.to_string()))
    }

    /// Networks that look for missing values get them.
    fn expects_nan(&self) -> bool {
        let operators = &self.report.operators;
        ["IsNaN", "ai.onnx.ml.TreeEnsembleClassifier"].iter().any(|op| operators.contains_key(*op))
    }

    /// The first value of a state.
    fn initial(&self, input: &OnnxTensor, bound: &Bound) -> Result<Tensor, RunError> {
        let wrong = |message: &str| RunError::mismatch(format!("input `{}`", input.name), message);
        let state = self.states.iter().find(|state| state.input == input.name);
        let state = state.ok_or_else(|| wrong("is not given"))?;
        if let Some(value) = &state.value {
            return Ok(value.clone());
        }
        let shape = bound.shape_of_zeros(input, &self.dims);
        let tensor = shape.zip(input.dtype).and_then(|(shape, dtype)| zeros(shape, dtype));
        tensor.ok_or_else(|| wrong("has no shape, so no zeros to begin with"))
    }

    fn plan(&self, shapes: Vec<Vec<usize>>) -> Result<Arc<dyn Plan>, RunError> {
        if let Some(plan) = self.plans().by_shapes.get(&shapes) {
            return Ok(Arc::clone(plan));
        }
        // Made outside the lock: another shape need not wait, and two threads
        // that make the same plan make equal ones.
        let plan = self.engine.plan(&shapes).map_err(|error| self.failed(error))?;
        let limit = if self.report.parameters > LARGE { MAX_PLANS_OF_LARGE } else { MAX_PLANS };
        self.plans().keep(shapes, Arc::clone(&plan), limit);
        Ok(plan)
    }

    fn plans(&self) -> std::sync::MutexGuard<'_, Plans> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, EngineError(message): EngineError) -> RunError {
        RunError::engine(&self.name, message)
    }
}

/// Halves are computed in float32; an output that the graph declares float16
/// is one again, infinite beyond its range.
fn narrowed(output: &OnnxTensor, value: Tensor) -> Tensor {
    match (output.dtype, value.data()) {
        (Some(Dtype::Float16), TensorData::Float32(wide)) => {
            let halves = wide.iter().map(|wide| half::from_f64((*wide).into())).collect();
            Tensor::new(value.shape().to_vec(), TensorData::Float16(halves)).unwrap_or(value)
        }
        _ => value,
    }
}

/// Plans by the shapes of all inputs; the oldest goes first.
#[derive(Debug, Default)]
struct Plans {
    by_shapes: BTreeMap<Vec<Vec<usize>>, Arc<dyn Plan>>,
    order: VecDeque<Vec<Vec<usize>>>,
}

impl Plans {
    fn keep(&mut self, shapes: Vec<Vec<usize>>, plan: Arc<dyn Plan>, limit: usize) {
        if self.by_shapes.insert(shapes.clone(), plan).is_none() {
            self.order.push_back(shapes);
        }
        while self.order.len() > limit {
            if let Some(oldest) = self.order.pop_front() {
                self.by_shapes.remove(&oldest);
            }
        }
    }
}

/// The first refusal, as an error that says how many more there are.
fn refuse(file: &OnnxFile, report: &OnnxReport) -> Result<(), RunError> {
    let Some(first) = report.refusals.first() else { return Ok(()) };
    let (domain, name) = first.operator.rsplit_once('.').unwrap_or(("", &first.operator));
    let is_node = !matches!(
        name,
        "input" | "output" | "initializer" | "sparse initializer" | "opset" | "IR version"
    );
    let opset = file.opset(domain).filter(|_| is_node);
    let error = RunError::from(RunErrorKind::Refused {
        model: file.name.clone(),
        node: first.node.clone(),
        operator: opset
            .map_or_else(|| first.operator.clone(), |v| format!("{}-{v}", first.operator)),
        message: first.reason.clone(),
    });
    match report.refusals.len() - 1 {
        0 => Err(error),
        more => Err(error.with_hint(format!("{more} more would be refused too"))),
    }
}

fn input_named<'a>(
    report: &'a OnnxReport,
    what: &str,
    name: &str,
) -> Result<&'a OnnxTensor, RunError> {
    let names = || report.inputs.iter().map(|input| &*input.name);
    report.inputs.iter().find(|input| input.name == name).ok_or_else(|| {
        RunError::mismatch(format!("{what} `{name}`"), "the network has no such input")
            .with_hint(nearest(name, names()))
    })
}

fn constants(model: &Model, report: &OnnxReport) -> Result<Vec<(String, Tensor)>, RunError> {
    let constant = |(name, constant): (&String, _)| {
        let input = input_named(report, "constant", name)?;
        let subject = || format!("constant `{name}`");
        let dtype =
            input.dtype.ok_or_else(|| RunError::mismatch(subject(), "has no element type"))?;
        let tensor = of_constant(constant, dtype)
            .map_err(|error| RunError::mismatch(subject(), error.to_string()))?;
        Bound::default().take(input, tensor.shape(), &model.dims).map_err(|error| {
            match error.kind {
                RunErrorKind::Mismatch { message, .. } => RunError::mismatch(subject(), message),
                kind => kind.into(),
            }
        })?;
        Ok((name.clone(), tensor))
    };
    model.constants.iter().map(constant).collect()
}

fn states(
    model: &Model,
    report: &OnnxReport,
    files: &dyn FileSource,
) -> Result<Vec<InitialState>, RunError> {
    let outputs = || report.outputs.iter().map(|output| &*output.name);
    let state = |state: &bundle_manifest::State| {
        input_named(report, "state", &state.input)?;
        if !outputs().any(|output| output == state.output) {
            let subject = format!("state `{}`", state.output);
            return Err(RunError::mismatch(subject, "the network has no such output")
                .with_hint(nearest(&state.output, outputs())));
        }
        let value = match &state.init {
            StateInit::Zeros => None,
            StateInit::File(path) => {
                let bytes = read_file(files, path, MAX_STATE_BYTES)?;
                Some(
                    read_npy(&bytes, bytes.len())
                        .map_err(|error| RunError::file(path, error.to_string()))?,
                )
            }
        };
        Ok(InitialState { input: state.input.clone(), output: state.output.clone(), value })
    };
    model.states.iter().map(state).collect()
}
