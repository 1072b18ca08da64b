//! IEEE 754 half precision, by the engine's own type.

use tract_onnx::prelude::f16;

/// The value of these bits, exactly.
pub(crate) fn to_f32(bits: u16) -> f32 {
    f16::from_bits(bits).to_f32()
}

/// The bits of the nearest half, ties to even.
pub(crate) fn from_f64(value: f64) -> u16 {
    f16::from_f64(value).to_bits()
}
