//! `softmax`, `sigmoid`, `argmax` and `top_k`: what comes out of a network, in
//! the shape that people read.
//!
//! Guarantee of `softmax` and `sigmoid`: `ulp` for float16 and float32, as they are
//! computed in float64 and rounded once (PyTorch computes in float32 and is a few ulp
//! off). Of float64 each operation is rounded: `softmax` may be some hundred ulp off
//! where `x - max` is large (up to 510 were seen), and `sigmoid` a few.
//! Of `argmax` and `top_k`: `exact`, NumPy's rule that the first of equals wins; integers
//! are compared as integers. NaN has no place in an order and is refused there.

use std::cmp::Reverse;

use bundle_manifest::{Argmax, Dtype, Softmax, TopK};

use crate::{
    Limits, Tensor, TensorData,
    error::Fault,
    half::{f16_to_f64, f64_to_f16},
    kind::Kind,
    layout::axis_index,
};

/// Takes a tensor of floats; gives one of the same shape and type.
pub(crate) fn check_floats(before: &Kind) -> Result<Kind, Fault> {
    let (dtype, _) = before.tensor()?;
    match dtype {
        None | Some(Dtype::Float16 | Dtype::Float32 | Dtype::Float64) => Ok(before.clone()),
        Some(other) => Err(Fault::new(format!("takes floats, got `{other}`"))),
    }
}

/// `exp(x - max) / sum` along an axis, in float64.
pub(crate) fn softmax(params: &Softmax, tensor: Tensor) -> Result<Tensor, Fault> {
    let lines = Lines::along(params.axis, tensor.shape())?;
    map_floats(tensor, |values| {
        for line in lines.starts().map(|start| lines.positions(start)) {
            let largest = line.clone().map(|at| values[at]).fold(f64::NEG_INFINITY, f64::max);
            let mut sum = 0.0;
            for at in line.clone() {
                values[at] = libm::exp(values[at] - largest);
                sum += values[at];
            }
            for at in line {
                values[at] /= sum;
            }
        }
    })
}

/// `1 / (1 + exp(-x))`, in float64.
pub(crate) fn sigmoid(tensor: Tensor) -> Result<Tensor, Fault> {
    map_floats(tensor, |values| {
        for value in values {
            *value = 1.0 / (1.0 + libm::exp(-*value));
        }
    })
}

/// Computes in float64, and rounds each element once to the type it had.
#[expect(clippy::cast_possible_truncation, reason = "the one rounding")]
fn map_floats(tensor: Tensor, compute: impl FnOnce(&mut [f64])) -> Result<Tensor, Fault> {
    let shape = tensor.shape().to_vec();
    let data = match tensor.into_data() {
        TensorData::Float16(bits) => {
            let mut values: Vec<f64> = bits.into_iter().map(f16_to_f64).collect();
            compute(&mut values);
            TensorData::Float16(values.into_iter().map(f64_to_f16).collect())
        }
        TensorData::Float32(elements) => {
            let mut values: Vec<f64> = elements.into_iter().map(f64::from).collect();
            compute(&mut values);
            TensorData::Float32(values.into_iter().map(|value| value as f32).collect())
        }
        TensorData::Float64(mut values) => {
            compute(&mut values);
            TensorData::Float64(values)
        }
        other => return Err(Fault::new(format!("takes floats, got `{}`", other.dtype()))),
    };
    Ok(Tensor::reshaped(shape, data))
}

/// Takes a tensor; gives int64 with an axis less.
pub(crate) fn check_argmax(before: &Kind) -> Result<Kind, Fault> {
    before.tensor()?;
    Ok(Kind::Tensor { dtype: Some(Dtype::Int64), layout: None })
}

/// The index of the first largest element along an axis, which is dropped.
pub(crate) fn argmax(params: &Argmax, tensor: &Tensor) -> Result<Tensor, Fault> {
    let lines = Lines::along(params.axis, tensor.shape())?;
    if lines.length == 0 {
        return Err(Fault::new(format!("`axis = {}` has no elements", params.axis)));
    }
    let ranks = ranks(tensor)?;
    let largest = |start| {
        let mut best = (0_i64, i64::MIN);
        for (index, at) in (0_i64..).zip(lines.positions(start)) {
            if ranks[at] > best.1 {
                best = (index, ranks[at]);
            }
        }
        best.0
    };
    let indices = lines.starts().map(largest).collect();
    let mut shape = tensor.shape().to_vec();
    shape.remove(lines.axis);
    Ok(Tensor::reshaped(shape, TensorData::Int64(indices)))
}

/// Takes a tensor; gives its largest elements, and publishes `values` and `indices`.
pub(crate) fn check_top_k(params: &TopK, before: &Kind) -> Result<Kind, Fault> {
    let (dtype, _) = before.tensor()?;
    if params.k == 0 {
        return Err(Fault::new("`k` is zero"));
    }
    Ok(Kind::Tensor { dtype, layout: None })
}

/// The largest `k` along the last axis, largest first, ties by index: (values, indices).
pub(crate) fn top_k(
    params: &TopK,
    tensor: &Tensor,
    limits: &Limits,
) -> Result<(Tensor, Tensor), Fault> {
    let lines = Lines::along(-1, tensor.shape())?;
    let k = params.k as usize;
    if k > lines.length {
        return Err(Fault::new(format!(
            "`k = {k}` is more than the {} elements of the last axis",
            lines.length
        )));
    }
    let ranks = ranks(tensor)?;
    if ranks.len() > limits.elements {
        return Err(Fault::new(format!("a tensor of more than {} elements", limits.elements)));
    }
    let mut picked = Vec::new();
    let mut indices: Vec<i64> = Vec::new();
    for start in lines.starts() {
        let mut order: Vec<usize> = lines.positions(start).collect();
        // A stable sort keeps equals in the order of their index.
        order.sort_by_key(|at| Reverse(ranks[*at]));
        picked.extend_from_slice(&order[..k]);
        indices.extend(order[..k].iter().map(|at| i64::try_from(at - start).unwrap_or(i64::MAX)));
    }
    let mut shape = tensor.shape().to_vec();
    shape.pop();
    shape.push(k);
    let indices = Tensor::reshaped(shape.clone(), TensorData::Int64(indices));
    Ok((Tensor::reshaped(shape, gather(tensor.data(), &picked)), indices))
}

fn gather(data: &TensorData, positions: &[usize]) -> TensorData {
    macro_rules! gathered {
        ($($variant:ident)*) => {
            match data {
                $(TensorData::$variant(elements) => {
                    TensorData::$variant(positions.iter().map(|at| elements[*at]).collect())
                })*
            }
        };
    }
    gathered!(Float16 Float32 Float64 Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Bool)
}

/// A number per element, in the order of the elements and equal where they are.
///
/// 64-bit integers stay whole, as float64 cannot tell all of them apart.
fn ranks(tensor: &Tensor) -> Result<Vec<i64>, Fault> {
    match tensor.data() {
        TensorData::Int64(elements) => Ok(elements.clone()),
        TensorData::Uint64(elements) => {
            Ok(elements.iter().map(|element| element.cast_signed() ^ i64::MIN).collect())
        }
        _ => tensor.to_f64s().into_iter().enumerate().map(rank_of_float).collect(),
    }
}

/// The bits of a float as an integer of the same order; -0.0 counts as 0.0.
fn rank_of_float((index, value): (usize, f64)) -> Result<i64, Fault> {
    if value.is_nan() {
        let fault = format!("element {index} is NaN, which has no place in an order");
        return Err(Fault::new(fault));
    }
    let bits = (value + 0.0).to_bits().cast_signed();
    // Below zero, larger bits mean a smaller number.
    Ok(if bits < 0 { bits ^ i64::MAX } else { bits })
}

/// The lines of an array along one axis.
#[derive(Clone, Copy, Debug)]
struct Lines {
    axis: usize,
    length: usize,
    stride: usize,
    elements: usize,
}

impl Lines {
    fn along(axis: i64, shape: &[usize]) -> Result<Self, Fault> {
        let axis = axis_index(axis, shape.len())?;
        let (length, stride) = (shape[axis], shape[axis + 1..].iter().product());
        Ok(Self { axis, length, stride, elements: shape.iter().product() })
    }

    /// The first position of each line, in C order.
    fn starts(self) -> impl Iterator<Item = usize> {
        let block = self.length * self.stride;
        let blocks = self.elements.checked_div(block).unwrap_or(0);
        (0..blocks)
            .flat_map(move |index| (0..self.stride).map(move |offset| index * block + offset))
    }

    /// The positions of the line that starts there.
    fn positions(self, start: usize) -> impl Iterator<Item = usize> + Clone {
        (0..self.length).map(move |index| start + index * self.stride)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], elements: &[f32]) -> Tensor {
        Tensor::reshaped(shape.to_vec(), TensorData::Float32(elements.to_vec()))
    }

    #[test]
    fn probabilities_add_up() {
        let logits = tensor(&[2, 3], &[1.0, 2.0, 3.0, 1000.0, 1000.0, -1000.0]);
        let result = softmax(&Softmax { axis: -1 }, logits.clone()).expect("floats").to_f64s();
        assert!((result[..3].iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert_eq!(result[3..], [0.5, 0.5, 0.0]);
        let columns = softmax(&Softmax { axis: 0 }, logits).expect("floats").to_f64s();
        assert_eq!((columns[0], columns[3]), (0.0, 1.0));
        let whole = Tensor::reshaped(vec![1], TensorData::Int64(vec![1]));
        assert_eq!(
            softmax(&Softmax { axis: 0 }, whole).expect_err("int").message,
            "takes floats, got `int64`"
        );
    }

    #[test]
    fn sigmoid_does_not_overflow() {
        let result = sigmoid(tensor(&[3], &[-1000.0, 0.0, 1000.0])).expect("floats");
        assert_eq!(result.data(), &TensorData::Float32(vec![0.0, 0.5, 1.0]));
        let half = Tensor::reshaped(vec![1], TensorData::Float16(vec![0]));
        assert_eq!(sigmoid(half).expect("floats").data(), &TensorData::Float16(vec![0x3800]));
    }

    #[test]
    fn the_first_of_equals_wins() {
        let scores = tensor(&[2, 3], &[1.0, 5.0, 5.0, -0.0, 0.0, -1.0]);
        let result = argmax(&Argmax { axis: -1 }, &scores).expect("no NaN");
        assert_eq!((result.shape(), result.data()), (&[2][..], &TensorData::Int64(vec![1, 0])));
        let result = argmax(&Argmax { axis: 0 }, &scores).expect("no NaN");
        assert_eq!(result.data(), &TensorData::Int64(vec![0, 0, 0]));
        let fault = argmax(&Argmax { axis: 0 }, &tensor(&[2], &[1.0, f32::NAN])).expect_err("NaN");
        assert_eq!(fault.message, "element 1 is NaN, which has no place in an order");
        let infinite = argmax(&Argmax { axis: 0 }, &tensor(&[2], &[f32::NEG_INFINITY; 2]));
        assert_eq!(infinite.expect("no NaN").data(), &TensorData::Int64(vec![0]));
    }

    #[test]
    fn integers_are_compared_as_integers() {
        const EXACT: i64 = 1 << 53;
        let limits = Limits::default();
        let cases = [
            TensorData::Int64(vec![EXACT, EXACT + 1]),
            TensorData::Int64(vec![-EXACT - 1, -EXACT]),
            TensorData::Int64(vec![i64::MIN, i64::MIN + 1]),
            TensorData::Uint64(vec![1 << 53, (1 << 53) + 1]),
            TensorData::Uint64(vec![u64::MAX - 1, u64::MAX]),
            TensorData::Uint64(vec![1, 1 << 63]),
            TensorData::Int8(vec![-2, -1]),
            TensorData::Float64(vec![-1.5, -1.25]),
            TensorData::Float64(vec![-f64::MIN_POSITIVE, 0.0]),
        ];
        for data in cases {
            let tensor = Tensor::reshaped(vec![2], data);
            let index = argmax(&Argmax { axis: 0 }, &tensor).expect("numbers");
            assert_eq!(index.data(), &TensorData::Int64(vec![1]), "{tensor:?}");
            let (_, indices) = top_k(&TopK { k: 2 }, &tensor, &limits).expect("two of two");
            assert_eq!(indices.data(), &TensorData::Int64(vec![1, 0]), "{tensor:?}");
        }
        let lowest = Tensor::reshaped(vec![2], TensorData::Int64(vec![i64::MIN; 2]));
        let index = argmax(&Argmax { axis: 0 }, &lowest).expect("numbers");
        assert_eq!(index.data(), &TensorData::Int64(vec![0]));
    }

    #[test]
    fn the_largest_come_first() {
        let scores = tensor(&[2, 3], &[1.0, 5.0, 5.0, 3.0, 2.0, 4.0]);
        let (values, indices) =
            top_k(&TopK { k: 2 }, &scores, &Limits::default()).expect("two of three");
        assert_eq!(values, tensor(&[2, 2], &[5.0, 5.0, 4.0, 3.0]));
        assert_eq!(indices.data(), &TensorData::Int64(vec![1, 2, 2, 0]));
        let fault = top_k(&TopK { k: 4 }, &scores, &Limits::default()).expect_err("four of three");
        assert_eq!(fault.message, "`k = 4` is more than the 3 elements of the last axis");
    }

    #[test]
    fn empty_and_scalar_tensors_do_not_panic() {
        let empty = tensor(&[0, 3], &[]);
        assert_eq!(argmax(&Argmax { axis: 1 }, &empty).expect("no rows").shape(), [0]);
        assert!(argmax(&Argmax { axis: 1 }, &tensor(&[3, 0], &[])).is_err());
        assert!(softmax(&Softmax { axis: 1 }, tensor(&[3, 0], &[])).is_ok());
        let scalar = tensor(&[], &[1.0]);
        assert_eq!(
            softmax(&Softmax { axis: -1 }, scalar).expect_err("no axis").message,
            "`axis = -1` is outside an array of 0 axes"
        );
    }
}
