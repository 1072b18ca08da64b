//! `ArrayFeatureExtractor`: columns by number.
//!
//! tract's keeps the shape of the indices; ONNX's are one axis, and a vector
//! gets a first axis of length 1.

use tract_onnx::{
    model::ParsingContext,
    pb::NodeProto,
    tract_core::ops::{array::Gather, cast::cast, change_axes::AxisOp},
    tract_hir::internal::{
        DatumType, Expansion, InferenceOp, InferenceResult, OutletId, Solver, SpecialOps as _,
        StaticName, TDim, TVec, TensorProxy, TractResult, TypedModel, check_input_arity,
        check_output_arity, expand,
    },
};

/// Builds the operator from a node.
#[expect(clippy::unnecessary_wraps, reason = "the signature is the registry's")]
pub(super) fn array_feature_extractor(
    _: &ParsingContext<'_>,
    _: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Columns), Vec::new()))
}

#[derive(Clone, Debug)]
struct Columns;

impl Expansion for Columns {
    fn name(&self) -> StaticName {
        "ArrayFeatureExtractor".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 2)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, &inputs[0].datum_type)?;
        solver.given_2(&inputs[0].shape, &inputs[1].shape, move |solver, values, indices| {
            let mut shape = values;
            if shape.len() == 1 {
                shape.insert(0, 1.into());
            }
            if let Some(last) = shape.last_mut() {
                *last = indices.iter().product();
            }
            solver.equals(&outputs[0].shape, shape)
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let from = model.outlet_fact(inputs[1])?.shape.to_tvec();
        let to: TVec<TDim> = [from.iter().product()].into_iter().collect();
        let name = |suffix: &str| format!("{prefix}.{suffix}");
        let whole = model.wire_node(name("int64"), cast(DatumType::I64), &inputs[1..])?;
        let flat = model.wire_node(name("flat"), AxisOp::Reshape(0, from, to), &whole)?;
        let mut values = inputs[0];
        if model.outlet_fact(values)?.rank() == 1 {
            values = model.wire_node(name("row"), AxisOp::Add(0), &[values])?[0];
        }
        let last = model.outlet_fact(values)?.rank().saturating_sub(1);
        model.wire_node(prefix, Gather::new(last), &[values, flat[0]])
    }
}
