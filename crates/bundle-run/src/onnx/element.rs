//! Element types of ONNX (`TensorProto.DataType`), by their number in the file.

use bundle_manifest::Dtype;

/// ONNX's number of float16.
pub(crate) const FLOAT16: i32 = 10;
/// ONNX's number of bfloat16.
pub(crate) const BFLOAT16: i32 = 16;

/// ONNX's word and the width in bits, by number. Numbers this table lacks are
/// newer than ONNX 1.23. The width of a text is 0.
const TYPES: &[(&str, u64, Option<Dtype>)] = &[
    ("undefined", 0, None),
    ("float32", 32, Some(Dtype::Float32)),
    ("uint8", 8, Some(Dtype::Uint8)),
    ("int8", 8, Some(Dtype::Int8)),
    ("uint16", 16, Some(Dtype::Uint16)),
    ("int16", 16, Some(Dtype::Int16)),
    ("int32", 32, Some(Dtype::Int32)),
    ("int64", 64, Some(Dtype::Int64)),
    ("string", 0, None),
    ("bool", 8, Some(Dtype::Bool)),
    ("float16", 16, Some(Dtype::Float16)),
    ("float64", 64, Some(Dtype::Float64)),
    ("uint32", 32, Some(Dtype::Uint32)),
    ("uint64", 64, Some(Dtype::Uint64)),
    ("complex64", 64, None),
    ("complex128", 128, None),
    ("bfloat16", 16, None),
    ("float8e4m3fn", 8, None),
    ("float8e4m3fnuz", 8, None),
    ("float8e5m2", 8, None),
    ("float8e5m2fnuz", 8, None),
    ("uint4", 4, None),
    ("int4", 4, None),
    ("float4e2m1", 4, None),
    ("float8e8m0", 8, None),
    ("uint2", 2, None),
    ("int2", 2, None),
];

fn entry(code: i32) -> Option<&'static (&'static str, u64, Option<Dtype>)> {
    TYPES.get(usize::try_from(code).ok()?)
}

/// ONNX's word, or the number of a type this version does not know.
pub(crate) fn word(code: i32) -> String {
    entry(code).map_or_else(|| format!("element type {code}"), |(word, ..)| (*word).to_owned())
}

/// Ours, where we have it.
pub(crate) fn dtype(code: i32) -> Option<Dtype> {
    entry(code)?.2
}

/// ONNX's number of one of ours.
pub(crate) fn code(dtype: Dtype) -> i32 {
    let index = TYPES.iter().position(|(_, _, ours)| *ours == Some(dtype));
    index.and_then(|index| i32::try_from(index).ok()).unwrap_or(0)
}

/// The bytes that `elements` of this type take, or `None` where that is not
/// fixed (texts, unknown types) or too many to count.
pub(crate) fn bytes(code: i32, elements: u64) -> Option<u64> {
    let bits = entry(code).map(|(_, bits, _)| *bits).filter(|bits| *bits > 0)?;
    elements.checked_mul(bits).map(|bits| bits.div_ceil(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_onnx() {
        assert_eq!((code(Dtype::Float32), code(Dtype::Uint64), code(Dtype::Bool)), (1, 13, 9));
        assert_eq!((dtype(FLOAT16), dtype(BFLOAT16)), (Some(Dtype::Float16), None));
        assert_eq!((word(BFLOAT16), word(99)), ("bfloat16".into(), "element type 99".into()));
        assert_eq!((bytes(21, 3), bytes(7, u64::MAX), bytes(8, 1)), (Some(2), None, None));
    }
}
