//! Means, variances and percentiles over some axes, as NumPy computes them in float64.

use crate::{error::Fault, layout::axis_index};

/// The lanes of an array over some of its axes: each holds the elements that share their
/// position along all other axes.
pub(super) struct Lanes {
    /// Length and stride of each axis that lanes lie along.
    along: Vec<(usize, usize)>,
    /// Length and stride of each axis that tells lanes apart.
    apart: Vec<(usize, usize)>,
}

impl Lanes {
    /// Lanes over `axes`; over all where there are none.
    pub(super) fn new(shape: &[usize], axes: Option<&[i64]>) -> Result<Self, Fault> {
        let mut chosen = vec![axes.is_none(); shape.len()];
        for axis in axes.unwrap_or_default() {
            chosen[axis_index(*axis, shape.len())?] = true;
        }
        let mut lanes = Self { along: Vec::new(), apart: Vec::new() };
        for (axis, length) in shape.iter().enumerate() {
            let stride = shape[axis + 1..].iter().product();
            let side = if chosen[axis] { &mut lanes.along } else { &mut lanes.apart };
            side.push((*length, stride));
        }
        Ok(lanes)
    }

    /// Changes each lane; elements come in C order.
    pub(super) fn each(
        &self,
        values: &mut [f64],
        change: &mut impl FnMut(&mut [f64]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.apart.is_empty() {
            return change(values);
        }
        let offsets = offsets(&self.along);
        let mut lane = Vec::with_capacity(offsets.len());
        for start in offsets_of(&self.apart) {
            lane.clear();
            lane.extend(offsets.iter().map(|offset| values[start + offset]));
            change(&mut lane)?;
            for (offset, value) in offsets.iter().zip(&lane) {
                values[start + offset] = *value;
            }
        }
        Ok(())
    }
}

fn offsets(axes: &[(usize, usize)]) -> Vec<usize> {
    offsets_of(axes).collect()
}

/// The position of every element along `axes`, in C order.
fn offsets_of(axes: &[(usize, usize)]) -> impl Iterator<Item = usize> {
    let count = axes.iter().map(|(length, _)| length).product::<usize>();
    (0..count).map(move |index| {
        let mut rest = index;
        axes.iter().rev().fold(0, |offset, (length, stride)| {
            let position = rest % length;
            rest /= length;
            offset + position * stride
        })
    })
}

/// The mean and the variance; `None` where there are no more elements than `ddof`.
#[expect(clippy::cast_precision_loss, reason = "a count of elements in memory")]
pub(super) fn mean_and_variance(values: &[f64], ddof: u8) -> Option<(f64, f64)> {
    let degrees = values.len().checked_sub(ddof.into()).filter(|degrees| *degrees > 0)?;
    let mean = pairwise(values, &|x| x) / values.len() as f64;
    let squares = pairwise(values, &|x| (x - mean) * (x - mean));
    Some((mean, squares / degrees as f64))
}

/// The sum in the order of NumPy: blocks of up to 128 in eight partial sums, halves added.
fn pairwise(values: &[f64], each: &impl Fn(f64) -> f64) -> f64 {
    const BLOCK: usize = 128;
    let count = values.len();
    if count < 8 {
        return values.iter().fold(-0.0, |sum, x| sum + each(*x)) + 0.0;
    }
    if count > BLOCK {
        let half = count / 2 / 8 * 8;
        let (left, right) = values.split_at(half);
        return pairwise(left, each) + pairwise(right, each);
    }
    let (eights, rest) = values.as_chunks::<8>();
    let Some((first, others)) = eights.split_first() else { return 0.0 };
    let mut sums = first.map(each);
    for eight in others {
        for (sum, x) in sums.iter_mut().zip(eight) {
            *sum += each(*x);
        }
    }
    let pair = |at: usize| sums[at] + sums[at + 1];
    let sum = (pair(0) + pair(2)) + (pair(4) + pair(6));
    rest.iter().fold(sum, |sum, x| sum + each(*x))
}

/// `numpy.percentile` with `method = "linear"` of sorted values; `None` of none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index between 0 and the last"
)]
pub(super) fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = percent / 100.0 * last as f64;
    let index = (position.floor() as usize).min(last);
    let (low, high) = (sorted[index], sorted[(index + 1).min(last)]);
    let part = position - index as f64;
    let difference = high - low;
    Some(if part >= 0.5 { high - difference * (1.0 - part) } else { low + difference * part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_their_neighbours() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (percent, expected) in [(0.0, 1.0), (50.0, 3.0), (100.0, 8.0), (25.0, 1.75)] {
            assert_eq!(percentile(&sorted, percent), Some(expected), "{percent}");
        }
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn a_lane_over_some_axes_has_their_elements() -> Result<(), Fault> {
        let lanes = Lanes::new(&[2, 2, 3], Some(&[0, -1]))?;
        let mut values: Vec<f64> = (0..12_u8).map(f64::from).collect();
        let mut seen = Vec::new();
        lanes.each(&mut values, &mut |lane| {
            seen.push(lane.to_vec());
            lane.fill(0.0);
            Ok(())
        })?;
        assert_eq!(seen[0], [0.0, 1.0, 2.0, 6.0, 7.0, 8.0]);
        assert_eq!(seen[1], [3.0, 4.0, 5.0, 9.0, 10.0, 11.0]);
        assert_eq!(values, [0.0; 12]);
        Ok(())
    }
}
