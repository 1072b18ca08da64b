//! Sums, means, variances and percentiles over some axes, to the last bit as NumPy's.
//!
//! NumPy adds in an order of its own, which decides the last bits. Neighbouring axes that
//! are both summed over, or both not, count as one. Where the innermost axis is summed over,
//! each of its rows is added up pairwise ([`pairwise`]) and rows are added to what is there;
//! where it is not, elements are added to what is there one by one.

use std::ops::{Add, Div, Mul, Sub};

use crate::{error::Fault, layout::axis_index};

/// A float in which statistics are computed.
pub(super) trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    const ZERO: Self;

    /// The nearest to a float64.
    fn nearest(value: f64) -> Self;

    fn wide(self) -> f64;

    fn sqrt(self) -> Self;
}

impl Real for f64 {
    const ZERO: Self = 0.0;

    fn nearest(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }

    fn sqrt(self) -> Self {
        libm::sqrt(self)
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;

    #[expect(clippy::cast_possible_truncation, reason = "the documented rounding to float32")]
    fn nearest(value: f64) -> Self {
        value as Self
    }

    fn wide(self) -> f64 {
        self.into()
    }

    fn sqrt(self) -> Self {
        libm::sqrtf(self)
    }
}

/// Neighbouring axes that are all summed over, or all not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    along: bool,
    length: usize,
}

/// The lanes of an array over some of its axes: each holds the elements that share their
/// position along all other axes. There is at least one element.
pub(super) struct Lanes {
    /// The groups of axes around the innermost one, outermost first.
    outer: Vec<Group>,
    inner: Group,
    /// Elements of a lane.
    pub(super) length: usize,
    /// How many lanes there are.
    count: usize,
}

impl Lanes {
    /// Lanes over `axes`; over all where there are none.
    pub(super) fn new(shape: &[usize], axes: Option<&[i64]>) -> Result<Self, Fault> {
        let mut chosen = vec![axes.is_none(); shape.len()];
        for axis in axes.unwrap_or_default() {
            let index = axis_index(*axis, shape.len())?;
            if std::mem::replace(&mut chosen[index], true) {
                return Err(Fault::new(format!("`axes` names axis {index} twice")));
            }
        }
        if shape.contains(&0) {
            return Err(Fault::new(format!("an array of the shape {shape:?} has no elements")));
        }
        let mut outer: Vec<Group> = Vec::new();
        for (length, along) in shape.iter().zip(chosen).filter(|(length, _)| **length > 1) {
            match outer.last_mut() {
                Some(last) if last.along == along => last.length *= length,
                _ => outer.push(Group { along, length: *length }),
            }
        }
        let size = |along| {
            let of = outer.iter().filter(|group| group.along == along);
            of.map(|group| group.length).product()
        };
        let (length, count) = (size(true), size(false));
        let inner = outer.pop().unwrap_or(Group { along: true, length: 1 });
        Ok(Self { outer, inner, length, count })
    }

    /// The lane of the elements of a row along the innermost axis; of its first, where they
    /// are of a lane each.
    fn lane(&self, row: usize) -> usize {
        let (mut rest, mut lane) = (row, 0);
        let mut stride = if self.inner.along { 1 } else { self.inner.length };
        for group in self.outer.iter().rev() {
            if !group.along {
                lane += rest % group.length * stride;
                stride *= group.length;
            }
            rest /= group.length;
        }
        lane
    }

    /// The sum of `each` over each lane; it is told the lane of its element.
    fn sums<T: Real>(&self, values: &[T], each: impl Fn(usize, T) -> T) -> Vec<T> {
        let mut sums = vec![T::ZERO; self.count];
        for (row, elements) in values.chunks_exact(self.inner.length).enumerate() {
            let lane = self.lane(row);
            if self.inner.along {
                sums[lane] = sums[lane] + pairwise(elements, &|x| each(lane, x));
            } else {
                for (offset, x) in elements.iter().enumerate() {
                    sums[lane + offset] = sums[lane + offset] + each(lane + offset, *x);
                }
            }
        }
        sums
    }

    /// Mean and variance of each lane: `numpy.mean`, `numpy.var`. `None` where lanes have no
    /// more elements than `ddof`.
    #[expect(clippy::cast_precision_loss, reason = "a count of elements in memory")]
    pub(super) fn means_and_variances<T: Real>(
        &self,
        values: &[T],
        ddof: u8,
    ) -> Option<Vec<(T, T)>> {
        let degrees = self.length.checked_sub(ddof.into()).filter(|degrees| *degrees > 0)?;
        // NumPy divides by a count in float64.
        let divided = |sum: T, count: usize| T::nearest(sum.wide() / count as f64);
        let sums = self.sums(values, |_, x| x);
        let means: Vec<T> = sums.into_iter().map(|sum| divided(sum, self.length)).collect();
        let squares = self.sums(values, |lane, x| {
            let distance = x - means[lane];
            distance * distance
        });
        let variances = squares.into_iter().map(|sum| divided(sum, degrees));
        Some(means.iter().copied().zip(variances).collect())
    }

    /// Changes each element; `change` is told its lane.
    pub(super) fn each<T>(&self, values: &mut [T], change: impl Fn(usize, &mut T)) {
        for (row, elements) in values.chunks_exact_mut(self.inner.length).enumerate() {
            let lane = self.lane(row);
            for (offset, x) in elements.iter_mut().enumerate() {
                change(if self.inner.along { lane } else { lane + offset }, x);
            }
        }
    }

    /// The elements of each lane.
    pub(super) fn gathered(&self, values: &[f64]) -> Vec<Vec<f64>> {
        if self.count == 1 {
            return vec![values.to_vec()];
        }
        let mut lanes = vec![Vec::with_capacity(self.length); self.count];
        for (row, elements) in values.chunks_exact(self.inner.length).enumerate() {
            let lane = self.lane(row);
            if self.inner.along {
                lanes[lane].extend_from_slice(elements);
            } else {
                for (lane, x) in lanes[lane..].iter_mut().zip(elements) {
                    lane.push(*x);
                }
            }
        }
        lanes
    }
}

/// The sum in the order of NumPy: blocks of up to 128 in eight partial sums, halves added.
fn pairwise<T: Real>(values: &[T], each: &impl Fn(T) -> T) -> T {
    const BLOCK: usize = 128;
    let count = values.len();
    if count > BLOCK {
        let half = count / 2 / 8 * 8;
        let (left, right) = values.split_at(half);
        return pairwise(left, each) + pairwise(right, each);
    }
    let (eights, rest) = values.as_chunks::<8>();
    let Some((first, others)) = eights.split_first() else {
        return values.iter().fold(T::ZERO, |sum, x| sum + each(*x));
    };
    let mut sums = first.map(each);
    for eight in others {
        for (sum, x) in sums.iter_mut().zip(eight) {
            *sum = *sum + each(*x);
        }
    }
    let pair = |at: usize| sums[at] + sums[at + 1];
    let sum = (pair(0) + pair(2)) + (pair(4) + pair(6));
    rest.iter().fold(sum, |sum, x| sum + each(*x))
}

/// `numpy.percentile` with `method = "linear"`; `None` of no values. They are reordered.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index between 0 and the last"
)]
pub(super) fn percentile(values: &mut [f64], percent: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let position = percent / 100.0 * last as f64;
    let index = (position.floor() as usize).min(last);
    let (_, low, above) = values.select_nth_unstable_by(index, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    let part = position - index as f64;
    let difference = high - low;
    Some(if part >= 0.5 { high - difference * (1.0 - part) } else { low + difference * part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_their_neighbours() {
        for (percent, expected) in [(0.0, 1.0), (50.0, 3.0), (100.0, 8.0), (25.0, 1.75)] {
            assert_eq!(percentile(&mut [4.0, 1.0, 8.0, 2.0], percent), Some(expected), "{percent}");
        }
        assert_eq!(percentile(&mut [], 50.0), None);
    }

    #[test]
    fn a_lane_over_some_axes_has_their_elements() -> Result<(), Fault> {
        let mut values: Vec<f64> = (0..12_u8).map(f64::from).collect();
        let lanes = Lanes::new(&[2, 2, 1, 3], Some(&[0, -1]))?;
        let expected = [[0.0, 1.0, 2.0, 6.0, 7.0, 8.0], [3.0, 4.0, 5.0, 9.0, 10.0, 11.0]];
        assert_eq!(lanes.gathered(&values), expected);
        let lanes = Lanes::new(&[2, 2, 3], Some(&[1]))?;
        let expected = [[0., 3.], [1., 4.], [2., 5.], [6., 9.], [7., 10.], [8., 11.]];
        assert_eq!(lanes.gathered(&values), expected);
        assert_eq!(lanes.sums(&values, |_, x| x), [3.0, 5.0, 7.0, 15.0, 17.0, 19.0]);
        lanes.each(&mut values, |lane, x| *x -= expected[lane][0]);
        assert_eq!(values, [0.0, 0.0, 0.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0, 3.0, 3.0, 3.0]);
        Ok(())
    }

    #[test]
    fn what_has_no_lanes_is_refused() {
        let cases = [
            (vec![2, 0], None, "an array of the shape [2, 0] has no elements"),
            (vec![2, 3], Some(vec![1, -1]), "`axes` names axis 1 twice"),
            (vec![2, 3], Some(vec![2]), "`axis = 2` is outside an array of 2 axes"),
        ];
        for (shape, axes, message) in cases {
            let refused = Lanes::new(&shape, axes.as_deref()).err().map(|fault| fault.message);
            assert_eq!(refused.as_deref(), Some(message));
        }
    }
}
