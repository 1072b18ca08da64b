//! Actual beside expected.

use std::fmt;

use bundle_manifest::{Compare, Dtype, Tolerance};
use bundle_preprocess::Tensor;

use crate::tensor::{Numbers, kind, numbers};

/// The outcome of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Within tolerance.
    pub holds: bool,
    /// Elements compared (`top1`: rows).
    pub elements: usize,
    /// Elements outside the tolerance (`top1`: rows with another class).
    pub outside: usize,
    /// Largest absolute difference of finite elements.
    pub max_abs: f64,
    /// Why not, where it does not hold.
    pub difference: Option<Difference>,
}

/// The first reason why two tensors differ.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Difference {
    /// Shapes.
    Shape {
        /// Ours.
        actual: Vec<usize>,
        /// Recorded.
        expected: Vec<usize>,
    },
    /// Kinds of element types: a float is not an integer, neither is a boolean.
    Dtype {
        /// Ours.
        actual: Dtype,
        /// Recorded.
        expected: Dtype,
    },
    /// One is NaN or infinite, or the recording holds NaN.
    NotFinite {
        /// Where.
        index: Vec<usize>,
        /// Ours.
        actual: f64,
        /// Recorded.
        expected: f64,
    },
    /// An element.
    Element {
        /// The worst one.
        index: Vec<usize>,
        /// Ours, as its own type writes it.
        actual: f64,
        /// Recorded.
        expected: f64,
    },
    /// The largest is another class (`top1`).
    Top1 {
        /// Row.
        row: usize,
        /// Ours.
        actual: usize,
        /// Recorded.
        expected: usize,
    },
    /// A comparison that the format reserves and this version cannot make.
    Unsupported(&'static str),
}

impl fmt::Display for Difference {
    /// A fragment of one line: `element [0, 7] is 0.1234, recorded 0.1243`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { actual, expected } => {
                write!(f, "the shape is {actual:?}, recorded {expected:?}")
            }
            Self::Dtype { actual, expected } => {
                write!(f, "the element type is {}, recorded {}", actual.as_str(), expected.as_str())
            }
            Self::NotFinite { index, actual, expected }
            | Self::Element { index, actual, expected } => {
                let (actual, expected) = (Shown(*actual), Shown(*expected));
                write!(f, "element {index:?} is {actual}, recorded {expected}")
            }
            Self::Top1 { row, actual, expected } => {
                write!(f, "the largest of row {row} is {actual}, recorded {expected}")
            }
            Self::Unsupported(word) => {
                write!(f, "the comparison `{word}` cannot be made in this version")
            }
        }
    }
}

/// A number without a wall of zeros.
struct Shown(f64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size.is_finite() && size != 0.0 && !(1e-5..1e16).contains(&size) {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}

/// Compares as `numpy.allclose` does, or as the tolerance says.
///
/// - `allclose`: every element, `|actual - expected| <= atol + rtol * |expected|`.
///   Equal infinities are equal; a NaN on either side never holds.
/// - `top1`: the index of the largest element along the last axis (the first
///   of equals).
///
/// Shapes must be equal. Element types must be of one kind (float, integer,
/// boolean); their widths may differ, since frameworks record float64 where
/// engines compute float32. Integers and booleans are subtracted exactly.
pub fn compare(actual: &Tensor, expected: &Tensor, tolerance: &Tolerance) -> Comparison {
    if actual.shape() != expected.shape() {
        return fails(Difference::Shape {
            actual: actual.shape().to_vec(),
            expected: expected.shape().to_vec(),
        });
    }
    if kind(actual.dtype()) != kind(expected.dtype()) {
        return fails(Difference::Dtype { actual: actual.dtype(), expected: expected.dtype() });
    }
    match tolerance.compare {
        Compare::Allclose => allclose(actual, expected, tolerance),
        Compare::Top1 => top1(actual, expected),
        Compare::Text | Compare::SetIou => {
            fails(Difference::Unsupported(tolerance.compare.as_str()))
        }
    }
}

fn fails(difference: Difference) -> Comparison {
    let difference = Some(difference);
    Comparison { holds: false, elements: 0, outside: 0, max_abs: 0.0, difference }
}

/// Two elements side by side.
struct Pair {
    actual: f64,
    expected: f64,
    /// `|actual - expected|`, exact for integers.
    distance: f64,
}

#[expect(clippy::cast_precision_loss, reason = "differences are exact before they are rounded")]
fn pairs(actual: &Tensor, expected: &Tensor) -> Vec<Pair> {
    let float = |(actual, expected): (f64, f64)| {
        // Equal infinities have no difference; everything else has.
        let same = actual.is_infinite() && actual.total_cmp(&expected).is_eq();
        let distance = if same { 0.0 } else { (actual - expected).abs() };
        Pair { actual, expected, distance }
    };
    match (numbers(actual.data()), numbers(expected.data())) {
        (Numbers::Floats(a), Numbers::Floats(e)) => a.into_iter().zip(e).map(float).collect(),
        (Numbers::Integers(a), Numbers::Integers(e)) => a
            .into_iter()
            .zip(e)
            .map(|(a, e)| Pair {
                actual: a as f64,
                expected: e as f64,
                distance: a.abs_diff(e) as f64,
            })
            .collect(),
        (Numbers::Bools(a), Numbers::Bools(e)) => {
            a.into_iter().zip(e).map(|(a, e)| float((a.into(), e.into()))).collect()
        }
        // Kinds were compared before.
        _ => Vec::new(),
    }
}

fn allclose(actual: &Tensor, expected: &Tensor, tolerance: &Tolerance) -> Comparison {
    let (pairs, shape) = (pairs(actual, expected), actual.shape());
    let (mut outside, mut max_abs) = (0, 0.0_f64);
    let (mut not_finite, mut worst) = (None, None::<(f64, usize)>);
    for (index, pair) in pairs.iter().enumerate() {
        if !pair.distance.is_finite() {
            outside += 1;
            not_finite = not_finite.or(Some(index));
            continue;
        }
        max_abs = max_abs.max(pair.distance);
        let beyond = if pair.expected.is_finite() {
            pair.distance - (tolerance.atol + tolerance.rtol * pair.expected.abs())
        } else {
            0.0
        };
        if beyond > 0.0 {
            outside += 1;
            if worst.is_none_or(|(most, _)| beyond > most) {
                worst = Some((beyond, index));
            }
        }
    }
    let place = |index: usize| {
        let [actual, expected] = [actual, expected].map(|tensor| decimal(tensor, index));
        (unravel(index, shape), actual, expected)
    };
    let difference = match (not_finite, worst) {
        (Some(index), _) => {
            let (index, actual, expected) = place(index);
            Some(Difference::NotFinite { index, actual, expected })
        }
        (None, Some((_, index))) => {
            let (index, actual, expected) = place(index);
            Some(Difference::Element { index, actual, expected })
        }
        (None, None) => None,
    };
    Comparison { holds: outside == 0, elements: pairs.len(), outside, max_abs, difference }
}

/// An element as its own type writes it: a float32 is `0.1`, not `0.10000000149`.
#[expect(clippy::cast_precision_loss, reason = "shown, not computed with")]
fn decimal(tensor: &Tensor, index: usize) -> f64 {
    match numbers(tensor.data()) {
        Numbers::Floats(values) => {
            let value = values.get(index).copied().unwrap_or(f64::NAN);
            match tensor.dtype() {
                Dtype::Float64 => value,
                #[expect(clippy::cast_possible_truncation, reason = "it was no wider before")]
                _ => (value as f32).to_string().parse().unwrap_or(value),
            }
        }
        Numbers::Integers(values) => values.get(index).map_or(f64::NAN, |value| *value as f64),
        Numbers::Bools(values) => values.get(index).map_or(f64::NAN, |value| f64::from(*value)),
    }
}

/// The place of the `index`-th element in C order.
fn unravel(mut index: usize, shape: &[usize]) -> Vec<usize> {
    let mut place = vec![0; shape.len()];
    for (axis, length) in place.iter_mut().zip(shape).rev() {
        *axis = index.checked_rem(*length).unwrap_or(0);
        index = index.checked_div(*length).unwrap_or(0);
    }
    place
}

fn top1(actual: &Tensor, expected: &Tensor) -> Comparison {
    let classes = actual.shape().last().copied().unwrap_or(1).max(1);
    let pairs = pairs(actual, expected);
    let (mut outside, mut max_abs, mut difference) = (0, 0.0_f64, None);
    let rows = pairs.chunks(classes);
    let elements = rows.len();
    for (row, values) in rows.enumerate() {
        for pair in values.iter().filter(|pair| pair.distance.is_finite()) {
            max_abs = max_abs.max(pair.distance);
        }
        let nan = values.iter().position(|pair| pair.actual.is_nan() || pair.expected.is_nan());
        let reason = if let Some(column) = nan {
            let index = row * classes + column;
            let [ours, recorded] = [actual, expected].map(|tensor| decimal(tensor, index));
            let index = unravel(index, actual.shape());
            Some(Difference::NotFinite { index, actual: ours, expected: recorded })
        } else {
            let actual = largest(values.iter().map(|pair| pair.actual));
            let expected = largest(values.iter().map(|pair| pair.expected));
            (actual != expected).then_some(Difference::Top1 { row, actual, expected })
        };
        outside += usize::from(reason.is_some());
        difference = difference.or(reason);
    }
    Comparison { holds: outside == 0, elements, outside, max_abs, difference }
}

/// The first of the largest.
fn largest(values: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, value) in values.enumerate() {
        if value > best.1 {
            best = (index, value);
        }
    }
    best.0
}

#[cfg(test)]
mod tests;
