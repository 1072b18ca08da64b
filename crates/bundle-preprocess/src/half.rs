//! IEEE 754 half precision, which Rust has no stable type for.

/// Bits of the fraction.
const FRACTION_BITS: u32 = 10;
/// The exponent of 1.0.
const BIAS: i32 = 15;
/// The bits of infinity, without a sign.
const INFINITY: u16 = 0x7c00;
/// The bits of a quiet NaN.
const NAN: u16 = 0x7e00;
/// The smallest magnitude that rounds to infinity: half a step above the largest number.
const OVERFLOW: f64 = 65_520.0;
/// The smallest magnitude with a full fraction.
const SMALLEST_NORMAL: f64 = 6.103_515_625e-5;

/// The number that these bits mean; every half-precision number is one.
pub(crate) fn f16_to_f64(bits: u16) -> f64 {
    let exponent = i32::from((bits & INFINITY) >> FRACTION_BITS);
    let fraction = f64::from(bits & 0x03ff);
    let magnitude = match exponent {
        0 => libm::scalbn(fraction, 1 - BIAS - 10),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => libm::scalbn(fraction + 1024.0, exponent - BIAS - 10),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// The nearest half-precision number, ties to even; overflow is infinite.
pub(crate) fn f64_to_f16(value: f64) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = value.abs();
    let bits = if magnitude.is_nan() {
        NAN
    } else if magnitude >= OVERFLOW {
        INFINITY
    } else if magnitude < SMALLEST_NORMAL {
        whole(libm::scalbn(magnitude, BIAS - 1 + 10))
    } else {
        let exponent = libm::ilogb(magnitude);
        let fraction = whole(libm::scalbn(magnitude, 10 - exponent));
        // A fraction that rounds up to 2048 carries into the exponent, as it should.
        exponent_bits(exponent) + (fraction - 1024)
    };
    sign | bits
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "callers pass 0 to 2048"
)]
fn whole(value: f64) -> u16 {
    value.round_ties_even() as u16
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the exponent of a number below 65,520 and not subnormal is -14 to 15"
)]
fn exponent_bits(exponent: i32) -> u16 {
    ((exponent + BIAS) as u16) << FRACTION_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_itself() {
        for bits in 0..=u16::MAX {
            let value = f16_to_f64(bits);
            if value.is_nan() {
                assert_eq!(f64_to_f16(value) & 0x7fff, NAN);
            } else {
                assert_eq!(f64_to_f16(value), bits, "{value}");
            }
        }
    }

    #[test]
    fn rounds_to_nearest_even() {
        // (value, bits), from numpy.float16
        let cases = [
            (1.0, 0x3c00),
            (-2.0, 0xc000),
            (65_504.0, 0x7bff),
            (65_519.999, 0x7bff),
            (65_520.0, 0x7c00),
            (1.0 + 1.0 / 2048.0, 0x3c00),
            (1.0 + 3.0 / 2048.0, 0x3c02),
            (2.0 - 1.0 / 4096.0, 0x4000),
            (5.960_464_477_539_063e-8, 0x0001),
            (2.980_232_238_769_531_3e-8, 0x0000),
            (8.940_696_716_308_594e-8, 0x0002),
            (6.103_3e-5, 0x0400),
            (0.0, 0x0000),
            (-0.0, 0x8000),
        ];
        for (value, bits) in cases {
            assert_eq!(f64_to_f16(value), bits, "{value}");
        }
    }
}
