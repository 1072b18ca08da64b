//! The weights of a pass: which source samples make an output sample, and how much each.

use std::f64::consts::PI;

use bundle_manifest::Interpolation;

/// Bits after the binary point of a weight: 32, less 8 of the sample and 2 for overshoot.
pub(super) const PRECISION_BITS: u32 = 32 - 8 - 2;

/// The weights of every output sample along one axis.
#[derive(Debug)]
pub(super) struct Kernel {
    /// One for each output sample.
    pub(super) windows: Vec<Window>,
    /// The weights of all windows, one after the other, in units of 2^-bits.
    weights: Vec<i32>,
    /// Bits after the binary point of a weight.
    pub(super) bits: u32,
}

/// The source samples of one output sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// The first of them.
    pub(super) start: usize,
    /// Where its weights start.
    first_weight: usize,
    /// How many there are.
    count: usize,
}

impl Kernel {
    /// `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow, for a whole axis.
    pub(super) fn new(interpolation: Interpolation, from: usize, to: usize) -> Self {
        let (filter, radius) = filter(interpolation);
        // The box of a resize is handed over in float32.
        let scale = f64::from(single(from)) / double(to);
        let filter_scale = scale.max(1.0);
        let support = radius * filter_scale;
        let inverse = 1.0 / filter_scale;
        let windows = Vec::with_capacity(to);
        let mut kernel = Self { windows, weights: Vec::new(), bits: PRECISION_BITS };
        let mut values = Vec::new();
        for index in 0..to {
            let center = (double(index) + 0.5) * scale;
            let start = truncated(center - support + 0.5);
            let end = truncated(center + support + 0.5).min(from);
            values.clear();
            values.extend((start..end).map(|x| filter((double(x) - center + 0.5) * inverse)));
            let sum: f64 = values.iter().fold(0.0, |sum, value| sum + value);
            let (first_weight, count) = (kernel.weights.len(), values.len());
            kernel.weights.extend(values.iter().map(|value| fixed_point(normalised(*value, sum))));
            kernel.windows.push(Window { start, first_weight, count });
        }
        kernel
    }

    /// A kernel from the weights of each window, which `start` says where they begin.
    pub(super) fn of_weights(windows: Vec<(usize, Vec<i32>)>, bits: u32) -> Self {
        let mut kernel =
            Self { windows: Vec::with_capacity(windows.len()), weights: Vec::new(), bits };
        for (start, weights) in windows {
            let (first_weight, count) = (kernel.weights.len(), weights.len());
            kernel.weights.extend(weights);
            kernel.windows.push(Window { start, first_weight, count });
        }
        kernel
    }

    /// The weights of a window.
    pub(super) fn weights(&self, window: Window) -> &[i32] {
        &self.weights[window.first_weight..window.first_weight + window.count]
    }
}

fn normalised(value: f64, sum: f64) -> f64 {
    if sum == 0.0 { value } else { value / sum }
}

/// To 22 bits, half away from zero.
#[expect(clippy::cast_possible_truncation, reason = "a normalised weight is a small number")]
fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << PRECISION_BITS);
    if weight < 0.0 { (scaled - 0.5) as i32 } else { (scaled + 0.5) as i32 }
}

/// The whole part; below zero there are no samples.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position along an axis; the cast saturates at zero"
)]
fn truncated(position: f64) -> usize {
    position as usize
}

#[expect(clippy::cast_precision_loss, reason = "lengths of axes are far below 2^53")]
const fn double(length: usize) -> f64 {
    length as f64
}

#[expect(clippy::cast_precision_loss, reason = "Pillow hands lengths over in float32")]
pub(super) const fn single(length: usize) -> f32 {
    length as f32
}

/// A filter and its radius, in source samples when enlarging.
fn filter(interpolation: Interpolation) -> (fn(f64) -> f64, f64) {
    match interpolation {
        // Never asked for: `nearest` has no passes.
        Interpolation::Nearest | Interpolation::Area | Interpolation::Box => (box_filter, 0.5),
        Interpolation::Bilinear => (bilinear, 1.0),
        Interpolation::Hamming => (hamming, 1.0),
        Interpolation::Bicubic => (bicubic, 2.0),
        Interpolation::Lanczos => (lanczos, 3.0),
    }
}

fn box_filter(x: f64) -> f64 {
    if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 }
}

fn bilinear(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

/// The constants are C floats.
fn hamming(x: f64) -> f64 {
    let x = x.abs();
    if x == 0.0 {
        return 1.0;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let x = x * PI;
    libm::sin(x) / x * (f64::from(0.54_f32) + f64::from(0.46_f32) * libm::cos(x))
}

/// Keys' cubic convolution with a = -0.5.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        return ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    }
    if x < 2.0 {
        return (((x - 5.0) * x + 8.0) * x - 4.0) * A;
    }
    0.0
}

fn lanczos(x: f64) -> f64 {
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    libm::sin(x) / x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one() {
        for interpolation in Interpolation::ALL {
            for (from, to) in [(1, 9), (9, 1), (640, 224), (31, 32), (1000, 7)] {
                let kernel = Kernel::new(*interpolation, from, to);
                for window in &kernel.windows {
                    let sum: i64 =
                        kernel.weights(*window).iter().map(|weight| i64::from(*weight)).sum();
                    let error = (sum - (1 << PRECISION_BITS)).abs();
                    assert!(
                        error <= window.count.try_into().expect("a small window"),
                        "{interpolation} {from} {to}: {sum}"
                    );
                    assert!(window.start + window.count <= from);
                }
            }
        }
    }

    #[test]
    fn known_weights() {
        // Twice as large: Pillow's bilinear weighs 1/4 and 3/4.
        let kernel = Kernel::new(Interpolation::Bilinear, 2, 4);
        let weights: Vec<&[i32]> =
            kernel.windows.iter().map(|window| kernel.weights(*window)).collect();
        let quarter = 1 << 20;
        assert_eq!(
            weights,
            [&[4 * quarter][..], &[3 * quarter, quarter], &[quarter, 3 * quarter], &[4 * quarter]]
        );
    }
}
