//! Sums of products of samples and weights, sixteen at a time.
//!
//! A weight of Pillow has 23 bits and one of torchvision 16. Vectors multiply 16 bits and add
//! neighbours at once, so a wider weight is two of 16 bits whose sums are put together at
//! the end. Whole numbers are exact in any order, and what overflows on the way comes back.

use fearless_simd::{Simd, i16x16, i32x8, prelude::*, u8x16};

/// Samples that are multiplied at a time.
pub(super) const LANES: usize = 16;

/// Weights in units of 2^-bits, `low + 2^16 high`, each in 16 bits with its sign.
pub(super) struct Weights {
    pub(super) low: Vec<[i16; LANES]>,
    pub(super) high: Vec<[i16; LANES]>,
    /// Whether any is more than 16 bits.
    pub(super) wide: bool,
    pub(super) bits: u32,
}

impl Weights {
    pub(super) const fn new(bits: u32) -> Self {
        Self { low: Vec::new(), high: Vec::new(), wide: false, bits }
    }

    pub(super) fn push(&mut self, weights: &[i32; LANES]) {
        let parts = weights.map(halves);
        self.low.push(parts.map(|(low, _)| low));
        self.high.push(parts.map(|(_, high)| high));
        self.wide |= parts.iter().any(|(_, high)| *high != 0);
    }
}

/// `low + 2^16 high`. A weight has no more than 24 bits.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn halves(weight: i32) -> (i16, i16) {
    let low = weight as i16;
    (low, (weight.wrapping_sub(low as i32) >> 16) as i16)
}

/// Samples as 16-bit lanes.
#[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
#[inline(always)]
pub(super) fn widened<S: Simd>(samples: u8x16<S>) -> i16x16<S> {
    let (low, high) = samples.widen();
    low.combine(high).bitcast()
}

/// Eight sums of products of samples and weights, by the halves of the weights.
#[derive(Clone, Copy)]
pub(super) struct Sums<S: Simd> {
    low: i32x8<S>,
    high: i32x8<S>,
}

impl<S: Simd> Sums<S> {
    #[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
    #[inline(always)]
    pub(super) fn zero(simd: S) -> Self {
        Self { low: i32x8::splat(simd, 0), high: i32x8::splat(simd, 0) }
    }

    /// Adds the products of neighbours.
    #[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
    #[inline(always)]
    pub(super) fn add<const WIDE: bool>(
        &mut self,
        simd: S,
        samples: i16x16<S>,
        (low, high): (&[i16; LANES], &[i16; LANES]),
    ) {
        // Whole sums fit, and what overflows on the way comes back.
        self.low += samples.pairwise_dot_product(i16x16::from_slice(simd, low));
        if WIDE {
            self.high += samples.pairwise_dot_product(i16x16::from_slice(simd, high));
        }
    }

    #[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
    #[inline(always)]
    pub(super) fn total<const WIDE: bool>(self) -> i32x8<S> {
        if WIDE { self.low + (self.high << 16) } else { self.low }
    }
}

/// A sum in fixed point as a sample.
#[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
#[inline(always)]
pub(super) fn clip8(sum: i32, bits: u32) -> u8 {
    u8::try_from((sum >> bits).clamp(0, 255)).unwrap_or(u8::MAX)
}
