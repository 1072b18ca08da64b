//! OpenCV's resize of uint8 images: `INTER_NEAREST`, `INTER_LINEAR` and `INTER_AREA`.
//!
//! Written from the published algorithm (`resize.cpp`) and checked against OpenCV 5.0:
//! - the scale is `1 / (to / from)`; no filter widens but that of `area`;
//! - `bilinear`: float32 positions, weights of 11 bits, rows of sums combined with
//!   `(((b0 * (s0 >> 4)) >> 16) + ((b1 * (s1 >> 4)) >> 16) + 2) >> 2`; exactly half the size
//!   is the mean of 2 × 2;
//! - `area`: shrinking by whole numbers sums integers; else float32 sums in the order of the
//!   samples; enlarging is linear between the edges of samples.

use bundle_manifest::Interpolation;

use super::pass::picked;

/// Unit of the weights of `bilinear`.
const UNIT: f32 = 2048.0;

/// From one size to another.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) from: (usize, usize),
    pub(super) to: (usize, usize),
    pub(super) channels: usize,
}

/// Resamples; `interpolation` is one of the three.
pub(super) fn resize(samples: &[u8], sizes: Sizes, interpolation: Interpolation) -> Vec<u8> {
    let Sizes { from, to, .. } = sizes;
    let (down, across) = (Scale::new(from.0, to.0), Scale::new(from.1, to.1));
    let shrinks = down.factor >= 1.0 && across.factor >= 1.0;
    let whole = down.whole().zip(across.whole()).filter(|_| shrinks);
    match (interpolation, whole) {
        (Interpolation::Nearest, _) => nearest(samples, sizes),
        (Interpolation::Area, Some(factors)) => blocks(samples, sizes, factors),
        (Interpolation::Bilinear, Some((2, 2))) => blocks(samples, sizes, (2, 2)),
        (Interpolation::Area, None) if shrinks => area(samples, sizes),
        (Interpolation::Area, None) => linear(samples, sizes, Scale::between_edges),
        _ => linear(samples, sizes, Scale::between_centers),
    }
}

/// The scale of an axis.
#[derive(Clone, Copy)]
struct Scale {
    from: usize,
    to: usize,
    factor: f64,
    inverse: f64,
}

/// A sample, the share of the next one, and nothing else.
type Tap = (i64, f32);

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "positions along an axis, in the precision of the library"
)]
impl Scale {
    fn new(from: usize, to: usize) -> Self {
        let inverse = to as f64 / from as f64;
        Self { from, to, factor: 1.0 / inverse, inverse }
    }

    /// The factor, where it is a whole number.
    fn whole(self) -> Option<usize> {
        let rounded = self.factor.round_ties_even();
        #[expect(clippy::cast_sign_loss, reason = "a scale is positive")]
        let whole = rounded as usize;
        ((self.factor - rounded).abs() < f64::EPSILON).then_some(whole)
    }

    fn between_centers(self, index: usize) -> Tap {
        let position = ((index as f64 + 0.5) * self.factor - 0.5) as f32;
        let floor = position.floor();
        (floor as i64, position - floor)
    }

    fn between_edges(self, index: usize) -> Tap {
        let floor = (index as f64 * self.factor).floor();
        let part = ((index as f64 + 1.0) - (floor + 1.0) * self.inverse) as f32;
        (floor as i64, if part <= 0.0 { 0.0 } else { part - part.floor() })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "positions along an axis"
)]
fn nearest(samples: &[u8], Sizes { from, to, channels }: Sizes) -> Vec<u8> {
    let indices = |from: usize, to: usize| -> Vec<usize> {
        let step = 1.0 / Scale::new(from, to).inverse;
        (0..to).map(|index| ((index as f64 * step).floor() as usize).min(from - 1)).collect()
    };
    picked(samples, (from.1, channels), &indices(from.0, to.0), &indices(from.1, to.1))
}

/// The two weights of a tap.
#[expect(clippy::cast_possible_truncation, reason = "at most 2048")]
fn weights(part: f32) -> [i32; 2] {
    [(1.0 - part) * UNIT, part * UNIT].map(|weight| weight.round_ties_even() as i32)
}

#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "indices along an axis"
)]
fn linear(samples: &[u8], sizes: Sizes, tap: fn(Scale, usize) -> Tap) -> Vec<u8> {
    let Sizes { from, to, channels } = sizes;
    let (down, across) = (Scale::new(from.0, to.0), Scale::new(from.1, to.1));
    let columns: Vec<(usize, usize, [i32; 2])> = (0..across.to)
        .map(|x| {
            let (sample, part) = tap(across, x);
            let last = from.1 as i64 - 1;
            // At the border the weight moves to the sample that is there.
            match sample {
                sample if sample < 0 => (0, 0, weights(0.0)),
                sample if sample >= last => (last as usize, last as usize, weights(0.0)),
                sample => (sample as usize, sample as usize + 1, weights(part)),
            }
        })
        .collect();
    let stride = to.1 * channels;
    let row_of = |y: i64| -> Vec<i32> {
        let y = y.clamp(0, from.0 as i64 - 1) as usize;
        let row = &samples[y * from.1 * channels..(y + 1) * from.1 * channels];
        let mut sums = Vec::with_capacity(stride);
        for (left, right, [first, second]) in &columns {
            for channel in 0..channels {
                let [left, right] = [left, right].map(|x| i32::from(row[x * channels + channel]));
                sums.push(left * first + right * second);
            }
        }
        sums
    };
    let mut result = Vec::with_capacity(to.0 * stride);
    let mut kept: Vec<(i64, Vec<i32>)> = Vec::new();
    for y in 0..down.to {
        let (sample, part) = tap(down, y);
        let [above, below] = weights(part);
        kept.retain(|(row, _)| *row >= sample);
        for wanted in [sample, sample + 1] {
            if !kept.iter().any(|(row, _)| *row == wanted) {
                kept.push((wanted, row_of(wanted)));
            }
        }
        let find = |wanted: i64| kept.iter().find(|(row, _)| *row == wanted).map(|(_, sums)| sums);
        let (Some(upper), Some(lower)) = (find(sample), find(sample + 1)) else { continue };
        result.extend(upper.iter().zip(lower).map(|(upper, lower)| {
            let sum = ((above * (upper >> 4)) >> 16) + ((below * (lower >> 4)) >> 16);
            ((sum + 2) >> 2).clamp(0, 255) as u8
        }));
    }
    result
}

/// The mean of blocks of whole samples.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a mean of bytes"
)]
fn blocks(samples: &[u8], sizes: Sizes, (down, across): (usize, usize)) -> Vec<u8> {
    let Sizes { from, to, channels } = sizes;
    let share = 1.0 / (down * across) as f32;
    let mut result = Vec::with_capacity(to.0 * to.1 * channels);
    for y in 0..to.0 {
        for x in 0..to.1 {
            for channel in 0..channels {
                let mut sum = 0_u32;
                for row in (y * down..(y + 1) * down).map(|row| row.min(from.0 - 1)) {
                    for column in (x * across..(x + 1) * across).map(|x| x.min(from.1 - 1)) {
                        sum += u32::from(samples[(row * from.1 + column) * channels + channel]);
                    }
                }
                result.push(match (down, across) {
                    (2, 2) => ((sum + 2) >> 2) as u8,
                    _ => (sum as f32 * share).round_ties_even() as u8,
                });
            }
        }
    }
    result
}

/// Which samples make an output sample of `area`, and their shares.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "positions along an axis, in the precision of the library"
)]
fn shares(scale: Scale) -> Vec<Vec<(usize, f32)>> {
    const NEGLIGIBLE: f64 = 1e-3;
    let last = scale.from - 1;
    let window = |index: usize| {
        let start = index as f64 * scale.factor;
        let end = start + scale.factor;
        let width = scale.factor.min(scale.from as f64 - start);
        let right = (end.floor() as usize).min(last);
        let left = (start.ceil() as usize).min(right);
        let mut shares = Vec::new();
        if left as f64 - start > NEGLIGIBLE {
            shares.push((left - 1, ((left as f64 - start) / width) as f32));
        }
        shares.extend((left..right).map(|x| (x, (1.0 / width) as f32)));
        if end - right as f64 > NEGLIGIBLE {
            let part = (end - right as f64).min(1.0).min(width);
            shares.push((right, (part / width) as f32));
        }
        shares
    };
    (0..scale.to).map(window).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a weighted mean of bytes"
)]
fn area(samples: &[u8], Sizes { from, to, channels }: Sizes) -> Vec<u8> {
    let (rows, columns) = (shares(Scale::new(from.0, to.0)), shares(Scale::new(from.1, to.1)));
    let stride = to.1 * channels;
    let mut result = Vec::with_capacity(to.0 * stride);
    for rows in &rows {
        let mut sums = vec![0.0_f32; stride];
        for (y, share) in rows {
            let row = &samples[y * from.1 * channels..(y + 1) * from.1 * channels];
            let outputs = sums.chunks_exact_mut(channels).zip(&columns);
            for (sums, columns) in outputs {
                for (channel, sum) in sums.iter_mut().enumerate() {
                    let across = columns.iter().fold(0.0_f32, |across, (x, share)| {
                        across + f32::from(row[x * channels + channel]) * share
                    });
                    *sum += share * across;
                }
            }
        }
        result.extend(sums.iter().map(|sum| sum.round_ties_even() as u8));
    }
    result
}
