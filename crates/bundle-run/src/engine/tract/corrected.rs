//! Operators of the typed graph that the engine computes wrongly, replaced by
//! ours or refused.
//!
//! - A division of floats becomes a product with a reciprocal: 41/41 is then
//!   0.99999994, and `Floor` of it 0.
//! - The operands of a remainder are swapped where the second is larger.
//! - Sums of integers go through int32.
//! - A product of matrices of wide integers breaks off without a node.

use tract_onnx::{
    prelude::{
        DatumType, DatumTypeExt as _, TValue, TVec, Tensor, TractResult, TypedFact, TypedModel,
        tvec,
    },
    tract_core::{
        internal::{
            EvalContext, EvalOp, IntoTensor as _, Op, StaticName, TypedOp, as_op, format_err,
            op_as_typed_op, op_out_of_plan,
        },
        ndarray::Axis,
        ops::{
            binary::{BinMiniOp, TypedBinOp},
            einsum::EinSum,
            math::{Div, Rem},
            nn::{Reduce, Reducer},
        },
    },
};

/// Replaces what is wrong in `model`; what cannot be replaced is an error that
/// names the node.
pub(super) fn correct(model: &mut TypedModel) -> TractResult<()> {
    for id in 0..model.nodes().len() {
        let node = model.node(id);
        let facts = model.node_input_facts(id)?;
        let Some(first) = facts.first().map(|fact| fact.datum_type) else { continue };
        if let Some(product) = node.op_as::<EinSum>() {
            let wide = [DatumType::I64, DatumType::U64, DatumType::U32];
            if facts.len() > 1 && wide.contains(&product.operating_dt) {
                return Err(format_err!("in node {node} a product of wide integers cannot run"));
            }
        }
        let replacement: Option<Box<dyn TypedOp>> = if let Some(op) = node.op_as::<TypedBinOp>() {
            if op.0.is::<Div>() && first.is_float() {
                Some(Box::new(TypedBinOp(Box::new(Exact::Quotient), op.1)))
            } else if op.0.is::<Rem>() {
                Some(Box::new(TypedBinOp(Box::new(Exact::Remainder), op.1)))
            } else {
                None
            }
        } else if let Some(reduce) = node.op_as::<Reduce>()
            && reduce.reducer == Reducer::Sum
            && [DatumType::I32, DatumType::I64].contains(&first)
        {
            let sum = WholeSum { axes: reduce.axes.clone() };
            // A sum of constants was taken already.
            if let (Some(values), Some(taken)) = (&facts[0].konst, &node.outputs[0].fact.konst)
                && sum.of(values)? != **taken
            {
                return Err(format_err!(
                    "in node {node} a sum of integers beyond int32 would be cut"
                ));
            }
            Some(Box::new(sum))
        } else {
            None
        };
        if let Some(op) = replacement {
            drop(facts);
            model.node_mut(id).op = op;
        }
    }
    Ok(())
}

/// tract's operator, without what makes it wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exact {
    Quotient,
    Remainder,
}

impl Exact {
    fn inner(&self) -> &dyn BinMiniOp {
        match self {
            Self::Quotient => &Div,
            Self::Remainder => &Rem,
        }
    }
}

impl BinMiniOp for Exact {
    fn name(&self) -> &'static str {
        self.inner().name()
    }

    fn operating_datum_type(&self, a: DatumType, b: DatumType) -> TractResult<DatumType> {
        self.inner().operating_datum_type(a, b)
    }

    fn result_datum_type(&self, a: DatumType, b: DatumType) -> TractResult<DatumType> {
        self.inner().result_datum_type(a, b)
    }

    fn eval_in_a(&self, a: &mut Tensor, b: &Tensor) -> TractResult<()> {
        self.inner().eval_in_a(a, b)
    }

    fn eval_out_of_place(&self, c: &mut Tensor, a: &Tensor, b: &Tensor) -> TractResult<()> {
        self.inner().eval_out_of_place(c, a, b)
    }

    fn eval(&self, a: TValue, b: TValue, c_dt: DatumType) -> TractResult<Tensor> {
        self.inner().eval(a, b, c_dt)
    }

    fn is_commutative(&self) -> bool {
        false
    }
}

/// A sum of integers in int64, wrapped to the type of its elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct WholeSum {
    axes: TVec<usize>,
}

impl WholeSum {
    fn of(&self, values: &Tensor) -> TractResult<Tensor> {
        let wide = values.cast_to::<i64>()?;
        let mut sums = wide.to_plain_array_view::<i64>()?.to_owned();
        for axis in &self.axes {
            let axis = Axis(*axis);
            let sum = sums.fold_axis(axis, 0_i64, |sum, value| sum.wrapping_add(*value));
            sums = sum.insert_axis(axis);
        }
        let sums = sums.into_tensor();
        if values.datum_type() == DatumType::I64 {
            return Ok(sums);
        }
        let narrow = sums.to_plain_array_view::<i64>()?.mapv(wrapped);
        Ok(narrow.into_tensor())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "int32 wraps, in onnxruntime too")]
const fn wrapped(sum: i64) -> i32 {
    sum as i32
}

impl Op for WholeSum {
    fn name(&self) -> StaticName {
        "WholeSum".into()
    }

    op_as_typed_op!();
}

impl EvalOp for WholeSum {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        Ok(tvec!(self.of(&inputs[0])?.into()))
    }
}

impl TypedOp for WholeSum {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape = inputs[0].shape.to_tvec();
        for axis in &self.axes {
            shape[*axis] = 1.into();
        }
        Ok(tvec!(inputs[0].datum_type.fact(shape)))
    }

    as_op!();
}
