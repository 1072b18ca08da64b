//! tract behind the seam.
//!
//! How it is driven was learned from 55 real networks: exporters' shape
//! annotations are ignored (they are often wrong or symbolic), every input gets
//! its concrete shape before the graph is typed, float16 is computed in
//! float32, and one plan is made per set of shapes.

mod cast;
mod corrected;
mod extract;
mod rewrite;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock},
};

use bundle_manifest::Dtype;
use bundle_preprocess::{Tensor, TensorData};
use tract_onnx::{
    prelude::{
        DatumType, InferenceFact, InferenceModel, InferenceModelExt as _, IntoRunnable as _,
        IntoTValue as _, TVec, Tensor as TractTensor, TractResult, TypedModel, TypedSimplePlan,
        f16,
    },
    tract_core::transform::get_transform,
};

use super::{Engine, EngineError, Plan, message};
use crate::onnx::proto::{self, ModelProto};
pub(crate) use cast::CAST_TO_INT64;

/// Operators that tract registers under a bare name and that belong to the
/// domain of classical machine learning.
const ML_OPERATORS: [&str; 6] = [
    "ArrayFeatureExtractor",
    "CategoryMapper",
    "LinearClassifier",
    "LinearRegressor",
    "Normalizer",
    "TreeEnsembleClassifier",
];

/// Operators of onnxruntime's own domain, those that were compared with it.
const MICROSOFT_OPERATORS: [&str; 7] = [
    "BiasGelu",
    "FastGelu",
    "Gelu",
    "QuickGelu",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];

/// Operators of onnxruntime's domain that tract also has and that were not
/// compared.
const UNPROVEN: [&str; 4] =
    ["GatherBlockQuantized", "GroupQueryAttention", "MatMulNBits", "MultiHeadAttention"];

/// Largest tensor inside a network.
const MAX_TENSOR_BYTES: u64 = 1 << 34;

/// tract looks an operator up by its name alone; here the domain counts.
pub(super) fn has_operator(domain: &str, operator: &str) -> bool {
    static REGISTERED: LazyLock<BTreeSet<String>> =
        LazyLock::new(|| tract_onnx::onnx().op_register.0.into_keys().collect());
    let of_onnx = || {
        let foreign = MICROSOFT_OPERATORS.iter().chain(&UNPROVEN).chain(&ML_OPERATORS);
        // Three names are both ONNX's and onnxruntime's; exporters write the
        // second of them without its domain.
        let shared = ["Gelu", "SimplifiedLayerNormalization", "RotaryEmbedding"];
        shared.contains(&operator) || !foreign.into_iter().any(|name| *name == operator)
    };
    let known = match domain {
        "" => of_onnx(),
        "ai.onnx.ml" => ML_OPERATORS.contains(&operator),
        "com.microsoft" => MICROSOFT_OPERATORS.contains(&operator),
        _ => false,
    };
    known && REGISTERED.contains(operator)
}

/// Parses `model`, whose external data is already inside.
pub(super) fn load(
    model: &ModelProto,
    inputs: Vec<Dtype>,
    in_float32: bool,
) -> Result<Box<dyn Engine>, EngineError> {
    let operators = Operators::of(model);
    let graph = guarded(&operators, || {
        let mut onnx = tract_onnx::onnx()
            .with_ignore_value_info(true)
            .with_ignore_output_shapes(true)
            .with_ignore_output_types(true);
        onnx.op_register.insert(CAST_TO_INT64, cast::cast_to_int64);
        onnx.op_register.insert("ArrayFeatureExtractor", extract::array_feature_extractor);
        let parsed = onnx.parse(model, None)?;
        match parsed.unresolved_inputs.first() {
            None => Ok(parsed.model),
            Some(name) => Err(tract_onnx::tract_core::internal::format_err!(
                "`{name}` is used and nothing produces it"
            )),
        }
    })?;
    if graph.inputs.len() != inputs.len() {
        let message = format!("has {} inputs, the file says {}", graph.inputs.len(), inputs.len());
        return Err(EngineError(message));
    }
    Ok(Box::new(Tract { graph, inputs, in_float32, operators: Arc::new(operators) }))
}

/// The operator of a node by its name, as the file writes both.
#[derive(Debug)]
struct Operators(BTreeMap<String, String>);

impl Operators {
    fn of(model: &ModelProto) -> Self {
        let nodes = model.graph.iter().flat_map(|graph| &graph.node);
        Self(nodes.map(|node| (proto::node_name(node).to_owned(), proto::operator(node))).collect())
    }

    /// tract names what it makes of a node `NODE.detail`.
    fn find(&self, name: &str) -> Option<&str> {
        let mut name = name;
        loop {
            match self.0.get(name) {
                Some(operator) => return Some(operator),
                None => name = name.rsplit_once('.')?.0,
            }
        }
    }
}

/// Runs `work`; an error or a panic of the engine becomes a line. The engine's
/// own values may be left half-changed by a panic; they are dropped.
fn guarded<T>(
    operators: &Operators,
    work: impl FnOnce() -> TractResult<T>,
) -> Result<T, EngineError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            let chain = error.chain().map(ToString::to_string);
            Err(EngineError(message::of_chain(chain, |name| operators.find(name))))
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("");
            let line = message::of_chain([text.to_owned()], |name| operators.find(name));
            Err(EngineError(format!("the engine broke off: {line}")))
        }
    }
}

#[derive(Debug)]
struct Tract {
    /// As parsed; weights are shared with every plan.
    graph: InferenceModel,
    inputs: Vec<Dtype>,
    in_float32: bool,
    operators: Arc<Operators>,
}

impl Engine for Tract {
    fn plan(&self, shapes: &[Vec<usize>]) -> Result<Arc<dyn Plan>, EngineError> {
        let plan = guarded(&self.operators, || {
            let mut graph = self.graph.clone();
            for (index, (shape, dtype)) in shapes.iter().zip(&self.inputs).enumerate() {
                let fact = InferenceFact::dt_shape(datum_type(*dtype), shape);
                graph.set_input_fact(index, fact)?;
            }
            let mut typed = graph.into_typed()?;
            bounded(&typed)?;
            corrected::correct(&mut typed)?;
            rewrite::declutter(&mut typed)?;
            if self.in_float32
                && let Some(transform) = get_transform("f16_to_f32")?
            {
                transform.transform(&mut typed)?;
                rewrite::declutter(&mut typed)?;
            }
            rewrite::optimize(&mut typed)?;
            typed.into_runnable()
        })?;
        Ok(Arc::new(TractPlan { plan, operators: Arc::clone(&self.operators) }))
    }
}

/// Refuses a graph in which some tensor alone would fill the memory.
fn bounded(model: &TypedModel) -> TractResult<()> {
    for node in model.nodes() {
        for output in &node.outputs {
            let shape = output.fact.shape.as_concrete().unwrap_or(&[]);
            let element = output.fact.datum_type.size_of();
            let size = shape.iter().try_fold(element, |size, axis| size.checked_mul(*axis));
            let size = size.and_then(|size| u64::try_from(size).ok());
            if size.is_none_or(|size| size > MAX_TENSOR_BYTES) {
                return Err(tract_onnx::tract_core::internal::format_err!(
                    "{node} would produce {shape:?}"
                ));
            }
        }
    }
    Ok(())
}

struct TractPlan {
    plan: Arc<TypedSimplePlan>,
    operators: Arc<Operators>,
}

impl std::fmt::Debug for TractPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TractPlan").finish_non_exhaustive()
    }
}

impl Plan for TractPlan {
    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, EngineError> {
        guarded(&self.operators, || {
            let model = self.plan.model();
            let mut values = TVec::new();
            for (index, tensor) in inputs.into_iter().enumerate() {
                // A float16 input is a float32 one where the network is
                // computed in float32.
                let wanted = model.input_fact(index)?.datum_type;
                let tensor = to_tract(&tensor)?;
                let tensor = if tensor.datum_type() == wanted {
                    tensor
                } else {
                    tensor.cast_to_dt(wanted)?.into_owned()
                };
                values.push(tensor.into_tvalue());
            }
            self.plan.run(values)?.iter().map(|value| of_tract(value)).collect()
        })
    }
}

const fn datum_type(dtype: Dtype) -> DatumType {
    match dtype {
        Dtype::Float16 => DatumType::F16,
        Dtype::Float32 => DatumType::F32,
        Dtype::Float64 => DatumType::F64,
        Dtype::Int8 => DatumType::I8,
        Dtype::Int16 => DatumType::I16,
        Dtype::Int32 => DatumType::I32,
        Dtype::Int64 => DatumType::I64,
        Dtype::Uint8 => DatumType::U8,
        Dtype::Uint16 => DatumType::U16,
        Dtype::Uint32 => DatumType::U32,
        Dtype::Uint64 => DatumType::U64,
        Dtype::Bool => DatumType::Bool,
    }
}

fn to_tract(tensor: &Tensor) -> TractResult<TractTensor> {
    let shape = tensor.shape();
    match tensor.data() {
        TensorData::Float16(v) => {
            let halves: Vec<f16> = v.iter().copied().map(f16::from_bits).collect();
            TractTensor::from_shape(shape, &halves)
        }
        TensorData::Float32(v) => TractTensor::from_shape(shape, v),
        TensorData::Float64(v) => TractTensor::from_shape(shape, v),
        TensorData::Int8(v) => TractTensor::from_shape(shape, v),
        TensorData::Int16(v) => TractTensor::from_shape(shape, v),
        TensorData::Int32(v) => TractTensor::from_shape(shape, v),
        TensorData::Int64(v) => TractTensor::from_shape(shape, v),
        TensorData::Uint8(v) => TractTensor::from_shape(shape, v),
        TensorData::Uint16(v) => TractTensor::from_shape(shape, v),
        TensorData::Uint32(v) => TractTensor::from_shape(shape, v),
        TensorData::Uint64(v) => TractTensor::from_shape(shape, v),
        TensorData::Bool(v) => TractTensor::from_shape(shape, v),
    }
}

fn of_tract(tensor: &TractTensor) -> TractResult<Tensor> {
    use tract_onnx::tract_core::internal::format_err;

    // Lengths of shapes are int64 in ONNX and a type of their own in tract.
    if tensor.datum_type() == DatumType::TDim {
        return of_tract(&*tensor.cast_to::<i64>()?);
    }
    let view = tensor.try_as_plain_ram()?;
    // A quantised output is, in ONNX, the integers themselves.
    let data = match tensor.datum_type().unquantized() {
        DatumType::F16 => {
            TensorData::Float16(view.as_slice::<f16>()?.iter().map(|half| half.to_bits()).collect())
        }
        DatumType::F32 => TensorData::Float32(view.as_slice::<f32>()?.to_vec()),
        DatumType::F64 => TensorData::Float64(view.as_slice::<f64>()?.to_vec()),
        DatumType::I8 => TensorData::Int8(view.as_slice::<i8>()?.to_vec()),
        DatumType::I16 => TensorData::Int16(view.as_slice::<i16>()?.to_vec()),
        DatumType::I32 => TensorData::Int32(view.as_slice::<i32>()?.to_vec()),
        DatumType::I64 => TensorData::Int64(view.as_slice::<i64>()?.to_vec()),
        DatumType::U8 => TensorData::Uint8(view.as_slice::<u8>()?.to_vec()),
        DatumType::U16 => TensorData::Uint16(view.as_slice::<u16>()?.to_vec()),
        DatumType::U32 => TensorData::Uint32(view.as_slice::<u32>()?.to_vec()),
        DatumType::U64 => TensorData::Uint64(view.as_slice::<u64>()?.to_vec()),
        DatumType::Bool => TensorData::Bool(view.as_slice::<bool>()?.to_vec()),
        other => return Err(format_err!("an output has the element type {other:?}")),
    };
    Tensor::new(tensor.shape().to_vec(), data).map_err(|error| format_err!("{error}"))
}
