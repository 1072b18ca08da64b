//! Rules about integers that are known before running.

use super::{
    proto::{NodeProto, TensorProto, input},
    rules::Constants,
};

/// ONNX's number of int64.
const INT64: i32 = 7;

/// The elements of an int64 tensor; of another type, none.
pub(super) fn values(tensor: &TensorProto) -> Vec<i64> {
    if tensor.data_type != INT64 {
        return Vec::new();
    }
    let raw = tensor.raw_data.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
    raw.chain(tensor.int64_data.iter().copied()).collect()
}

/// Lengths of shapes have a type of their own in the engine, to which int64
/// comes by way of int32. What meets nothing but constants stays int64.
pub(super) fn cut(node: &NodeProto, known: &Constants<'_>) -> Option<String> {
    let constants: Vec<_> = node.input.iter().map(|name| known(name)).collect();
    if constants.iter().all(Option::is_some) {
        return None;
    }
    let mut all = constants.into_iter().flatten().flat_map(values);
    all.find(|value| i32::try_from(*value).is_err())
        .map(|value| format!("the constant {value} is beyond int32, where shapes are cut"))
}

/// The engine takes everything where a bound is not known and the step is not 1,
/// and cuts bounds that are far below 0.
pub(super) fn slice(node: &NodeProto, opset: i64, known: &Constants<'_>) -> Option<String> {
    if opset < 10 {
        return None;
    }
    let bound = |index| input(node, index).and_then(known);
    let step_is_1 = input(node, 4).is_none_or(|name| known(name).is_some_and(is_1));
    let (starts, ends) = (bound(1), bound(2));
    if !step_is_1 && (starts.is_none() || ends.is_none()) {
        return Some("bounds that are not constant with a step other than 1 cannot run".to_owned());
    }
    let far = |value: &i64| *value < i64::from(i32::MIN);
    let start = starts.into_iter().flat_map(values).find(far);
    let end = ends.into_iter().flat_map(values).find(|end| *end == i64::MIN);
    start.or(end).map(|bound| format!("the bound {bound} would be cut"))
}

fn is_1(step: &TensorProto) -> bool {
    let wide = values(step);
    let raw = step.raw_data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes));
    let narrow: Vec<i32> = raw.chain(step.int32_data.iter().copied()).collect();
    let is_wide = step.data_type == INT64;
    if is_wide { wide.iter().all(|step| *step == 1) } else { narrow.iter().all(|step| *step == 1) }
}

/// Without a bound on the boxes ONNX gives none, the engine all.
pub(super) fn suppression(node: &NodeProto, known: &Constants<'_>) -> Option<String> {
    let Some(most) = input(node, 2) else {
        return Some("without `max_output_boxes_per_class` would be computed wrongly".to_owned());
    };
    let zero = known(most).is_some_and(|most| values(most).contains(&0));
    zero.then(|| "`max_output_boxes_per_class` = 0 would be computed wrongly".to_owned())
}

/// The engine treats a vector as a matrix.
pub(super) fn product(node: &NodeProto, known: &Constants<'_>) -> Option<String> {
    let vector = |index| input(node, index).and_then(known).is_some_and(|w| w.dims.len() == 1);
    (vector(0) || vector(1)).then(|| "a product with a vector cannot run".to_owned())
}
