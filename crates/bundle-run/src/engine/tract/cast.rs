//! `Cast` to int64 without a detour.
//!
//! tract casts to its type of lengths instead, and to that by way of int32:
//! 2³¹ becomes -2³¹, and 1e10 the largest int32. Types of at most 32 bits lose
//! nothing and keep the detour, which shapes profit from.

use tract_onnx::{
    model::ParsingContext,
    pb::NodeProto,
    tract_core::ops::cast::cast,
    tract_hir::internal::{
        DatumType, Expansion, InferenceOp, InferenceResult, OutletId, Solver, SpecialOps as _,
        StaticName, TVec, TensorProxy, TractResult, TypedModel, check_input_arity,
        check_output_arity, expand,
    },
};

/// The name under which the operator is registered; no exporter writes it.
pub(crate) const CAST_TO_INT64: &str = "bundle.CastToInt64";

/// Builds the operator from a node.
#[expect(clippy::unnecessary_wraps, reason = "the signature is the registry's")]
pub(super) fn cast_to_int64(
    _: &ParsingContext<'_>,
    _: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(CastToInt64), Vec::new()))
}

#[derive(Clone, Debug)]
struct CastToInt64;

/// What `from` is cast to.
fn target(from: DatumType) -> DatumType {
    let narrow = [DatumType::I8, DatumType::I16, DatumType::I32, DatumType::U8, DatumType::U16];
    let keeps = narrow.contains(&from) || matches!(from, DatumType::Bool | DatumType::TDim);
    if keeps { DatumType::TDim } else { DatumType::I64 }
}

impl Expansion for CastToInt64 {
    fn name(&self) -> StaticName {
        "Cast".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].shape, &inputs[0].shape)?;
        solver.given(&inputs[0].datum_type, move |solver, from| {
            solver.equals(&outputs[0].datum_type, target(from))
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let from = model.outlet_fact(inputs[0])?.datum_type;
        model.wire_node(prefix, cast(target(from)), inputs)
    }
}
