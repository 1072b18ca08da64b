//! The seam to the inference engine: a network, a plan for concrete shapes, a
//! run. Nothing outside this module names the engine.

pub(crate) mod half;
mod message;
mod tract;

/// An operator of our own in place of `Cast` to int64, which the engine
/// computes by way of int32.
pub(crate) use tract::CAST_TO_INT64;

use std::{fmt, sync::Arc};

use bundle_manifest::Dtype;
use bundle_preprocess::Tensor;

use crate::onnx::proto::ModelProto;

/// A network that the engine has read.
pub(crate) trait Engine: fmt::Debug + Send + Sync {
    /// A plan for inputs of exactly these shapes, in the order of the graph.
    fn plan(&self, shapes: &[Vec<usize>]) -> Result<Arc<dyn Plan>, EngineError>;
}

/// A network ready to run on inputs of one set of shapes.
pub(crate) trait Plan: fmt::Debug + Send + Sync {
    /// All outputs, in the order of the graph.
    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, EngineError>;
}

/// What the engine said, on one line: node, operator, reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineError(pub(crate) String);

/// Gives `model` to the engine. `inputs` are the element types of the graph's
/// inputs in order. `in_float32` computes float16 as float32.
pub(crate) fn load(
    model: &ModelProto,
    inputs: Vec<Dtype>,
    in_float32: bool,
) -> Result<Box<dyn Engine>, EngineError> {
    tract::load(model, inputs, in_float32)
}

/// Whether the engine has an operator (`domain` is empty for ONNX's own).
pub(crate) fn has_operator(domain: &str, operator: &str) -> bool {
    tract::has_operator(domain, operator)
}
