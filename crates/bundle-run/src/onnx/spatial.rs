//! Pooling, resizing and sampling: where the engine leaves ONNX.

use super::{
    proto::{NodeProto, TensorProto, input, int, ints, text},
    rules::Constants,
};

/// Why `node` would be computed wrongly, if it would.
pub(super) fn objection(node: &NodeProto, opset: i64, known: &Constants<'_>) -> Option<String> {
    match node.op_type.as_str() {
        "MaxPool" | "AveragePool" => pool(node),
        "ConvTranspose" if !ints(node, "output_shape").is_empty() => {
            Some("`output_shape` would be computed wrongly".to_owned())
        }
        "ConvTranspose" => {
            let padded = ints(node, "output_padding").iter().any(|padding| *padding != 0);
            (is_same(node) && padded)
                .then(|| "`output_padding` with `auto_pad` is ignored by the engine".to_owned())
        }
        "GlobalLpPool" => Some("the engine averages where ONNX sums".to_owned()),
        "GridSample" => {
            let cubic = matches!(text(node, "mode", "linear"), "bicubic" | "cubic");
            (cubic && text(node, "padding_mode", "zeros") == "border")
                .then(|| "cubic sampling at the border would be computed wrongly".to_owned())
        }
        "Resize" if opset == 10 => resize_10(node, known),
        "Resize" => resize(node, known),
        _ => None,
    }
}

fn is_same(node: &NodeProto) -> bool {
    text(node, "auto_pad", "NOTSET").starts_with("SAME")
}

fn pool(node: &NodeProto) -> Option<String> {
    if is_same(node) && ints(node, "dilations").iter().any(|dilation| *dilation != 1) {
        return Some("`dilations` with `auto_pad` differ between engines".to_owned());
    }
    (text(node, "auto_pad", "NOTSET") == "VALID" && int(node, "ceil_mode", 0) != 0)
        .then(|| "`ceil_mode` with `auto_pad` = `VALID` is ignored by the engine".to_owned())
}

/// Two coordinate transformations depend on a length that ONNX does not define
/// where scales are not whole; a third is wrong for nearest neighbours.
fn resize(node: &NodeProto, known: &Constants<'_>) -> Option<String> {
    let mode = text(node, "coordinate_transformation_mode", "half_pixel");
    match mode {
        "pytorch_half_pixel" if text(node, "mode", "nearest") == "cubic" => {
            Some(format!("cubic interpolation with `{mode}` would be computed wrongly"))
        }
        "half_pixel_symmetric" if text(node, "mode", "nearest") == "nearest" => {
            Some(format!("nearest neighbours with `{mode}` would be computed wrongly"))
        }
        "align_corners" | "tf_crop_and_resize" => {
            let scales = input(node, 2)?;
            let whole = known(scales)
                .is_some_and(|tensor| values(tensor).iter().all(|scale| scale.fract() == 0.0));
            (!whole).then(|| {
                format!("`{mode}` with scales that are not whole numbers differs between engines")
            })
        }
        _ => None,
    }
}

/// Before ONNX 11, a nearest neighbour is found by the rounded scale; engines
/// round where its reciprocal is no whole number.
fn resize_10(node: &NodeProto, known: &Constants<'_>) -> Option<String> {
    let scales = input(node, 1).and_then(known);
    let whole = |scale: &f32| *scale >= 1.0 || (1.0 / scale).fract() == 0.0;
    let agreed = scales.is_some_and(|tensor| values(tensor).iter().all(whole));
    (text(node, "mode", "nearest") == "nearest" && !agreed)
        .then(|| "shrinking by a factor that is not whole differs between engines".to_owned())
}

fn values(tensor: &TensorProto) -> Vec<f32> {
    let raw = tensor.raw_data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    raw.chain(tensor.float_data.iter().copied()).collect()
}
