//! torchvision's resize of tensors, as PyTorch computes it on the CPU.
//!
//! Written from the published algorithm (`upsample_bilinear2d`, `upsample_bicubic2d` and their
//! antialiased forms) and checked against the library:
//! - with `antialias` the filter widens when shrinking and the cubic has a = -0.5; without, it
//!   does not and the cubic has a = -0.75;
//! - uint8: weights in float64, then 16-bit integers with as many bits as the largest allows,
//!   also the largest on the way, where several taps fall on the border;
//!   the horizontal pass first, rounded to 8 bits between;
//! - float32: weights and sums in float32, nothing rounded or clamped between;
//! - the position and the polynomials of the cubic are fused multiplications and additions;
//! - `nearest`: `floor(index * scale)`, in float32.

use bundle_manifest::Interpolation;

use super::kernel::{self, Kernel};

/// The samples that make one, along an axis.
struct Window<T> {
    start: usize,
    weights: Vec<T>,
    /// The largest weight that there was while they were added up.
    largest: T,
}

/// The filter along one axis.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) interpolation: Interpolation,
    pub(super) antialias: bool,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Axis {
    const fn is_cubic(self) -> bool {
        matches!(self.interpolation, Interpolation::Bicubic)
    }

    /// Taps of the filter when enlarging.
    const fn taps(self) -> usize {
        if self.is_cubic() { 4 } else { 2 }
    }
}

/// The 16-bit weights of a pass over uint8 samples.
pub(super) fn kernel(axis: Axis) -> Kernel {
    let windows = double::windows(axis);
    let largest = windows.iter().fold(0.0_f64, |most, window| most.max(window.largest));
    let bits = precision(largest);
    let scale = f64::from(1_u32 << bits);
    let fixed = |weight: &f64| truncated((weight * scale) + if *weight < 0.0 { -0.5 } else { 0.5 });
    let fixed = windows
        .into_iter()
        .map(|window| (window.start, window.weights.iter().map(fixed).collect()));
    Kernel::of_weights(fixed.collect(), bits)
}

/// The most bits after the binary point with which the largest weight is below 2^15.
fn precision(largest: f64) -> u32 {
    let too_large =
        |bits: u32| truncated(0.5 + largest * f64::from(1_u32 << (bits + 1))) >= 1 << 15;
    (0..22).find(|bits| too_large(*bits)).unwrap_or(22)
}

#[expect(clippy::cast_possible_truncation, reason = "a weight of a few bits more than 16")]
fn truncated(value: f64) -> i32 {
    value as i32
}

macro_rules! windows {
    ($name:ident, $float:ty, $fma:path) => {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            clippy::cast_possible_wrap,
            reason = "positions along an axis, truncated as the library does"
        )]
        mod $name {
            use super::{Axis, Window};

            /// The weights of every output sample.
            pub(super) fn windows(axis: Axis) -> Vec<Window<$float>> {
                let scale = axis.from as $float / axis.to as $float;
                let window = if axis.antialias { antialiased } else { plain };
                (0..axis.to).map(|index| window(axis, scale, index)).collect()
            }

            /// A filter that widens when shrinking, without what lies outside.
            fn antialiased(axis: Axis, scale: $float, index: usize) -> Window<$float> {
                let half_taps = axis.taps() as $float * 0.5;
                let support = if scale >= 1.0 { half_taps * scale } else { half_taps };
                let inverse = if scale >= 1.0 { 1.0 / scale } else { 1.0 };
                let center = scale * (index as $float + 0.5);
                let start = ((center - support + 0.5) as i64).max(0) as usize;
                let end = ((center + support + 0.5) as i64).clamp(0, axis.from as i64) as usize;
                let mut weights: Vec<$float> = (start..end)
                    .map(|x| filter(axis, ((x as $float) - center + 0.5) * inverse))
                    .collect();
                let total = weights.iter().fold(0.0, |sum: $float, weight| sum + weight);
                if total != 0.0 {
                    for weight in &mut weights {
                        *weight /= total;
                    }
                }
                let largest = weights.iter().fold(0.0, |most: $float, weight| most.max(*weight));
                Window { start, weights, largest }
            }

            /// A filter that does not widen: what lies outside counts for the border.
            fn plain(axis: Axis, scale: $float, index: usize) -> Window<$float> {
                let center = index as $float + 0.5;
                let position = if axis.is_cubic() {
                    $fma(scale, center, -0.5)
                } else {
                    (scale * center - 0.5).max(0.0)
                };
                let (taps, last) = (axis.taps() as i64, axis.from as i64 - 1);
                let floor = (position.floor() as i64).min(last);
                let part = (position - floor as $float).clamp(0.0, 1.0);
                let first = floor - taps / 2 + 1;
                let start = first.clamp(0, last);
                let end = (first + taps).clamp(start + 1, last + 1);
                let (mut weights, mut largest) = (vec![0.0; (end - start) as usize], 0.0);
                for tap in 0..taps {
                    let x = tap + 1 - taps / 2;
                    let at = ((first + tap).clamp(0, last) - start).clamp(0, end - start - 1);
                    let weight: &mut $float = &mut weights[at as usize];
                    *weight += filter(axis, x as $float - part);
                    largest = weight.max(largest);
                }
                Window { start: start as usize, weights, largest }
            }

            fn filter(axis: Axis, x: $float) -> $float {
                let x = x.abs();
                if axis.is_cubic() {
                    return cubic(x, if axis.antialias { -0.5 } else { -0.75 });
                }
                if x < 1.0 { 1.0 - x } else { 0.0 }
            }

            fn cubic(x: $float, a: $float) -> $float {
                if x < 1.0 {
                    return $fma($fma(a + 2.0, x, -(a + 3.0)) * x, x, 1.0);
                }
                if x < 2.0 {
                    return $fma($fma($fma(a, x, -5.0 * a), x, 8.0 * a), x, -4.0 * a);
                }
                0.0
            }
        }
    };
}

windows!(double, f64, libm::fma);
windows!(single, f32, libm::fmaf);

/// Both passes over float32 samples, the horizontal one first.
pub(super) fn resize_f32(
    samples: &[f32],
    from: (usize, usize),
    count: usize,
    (rows, columns): (Axis, Axis),
) -> Vec<f32> {
    let (across, down) = (single::windows(columns), single::windows(rows));
    let mut between = Vec::with_capacity(from.0 * columns.to * count);
    for row in samples.chunks_exact(from.1 * count) {
        for Window { start, weights, .. } in &across {
            for channel in 0..count {
                let taps = row[start * count + channel..].iter().step_by(count);
                between.push(sum(taps.zip(weights)));
            }
        }
    }
    let stride = columns.to * count;
    let mut result = Vec::with_capacity(rows.to * stride);
    for Window { start, weights, .. } in &down {
        for column in 0..stride {
            let taps = between[start * stride + column..].iter().step_by(stride);
            result.push(sum(taps.zip(weights)));
        }
    }
    result
}

/// A sum of products, each added with one rounding.
#[expect(clippy::cast_possible_truncation, reason = "rounded to float32 at each addition")]
fn sum<'a>(products: impl Iterator<Item = (&'a f32, &'a f32)>) -> f32 {
    let fused = |sum: f32, (sample, weight): (&f32, &f32)| {
        // A product of two float32 is exact in float64.
        (f64::from(*sample) * f64::from(*weight) + f64::from(sum)) as f32
    };
    products.fold(0.0, fused)
}

/// `nearest`: the source index of each output index, `floor(index * scale)` in float32.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "indices along an axis"
)]
pub(super) fn nearest_indices(from: usize, to: usize) -> Vec<usize> {
    let scale = kernel::single(from) / kernel::single(to);
    (0..to).map(|index| ((kernel::single(index) * scale).floor() as usize).min(from - 1)).collect()
}
