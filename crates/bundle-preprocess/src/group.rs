//! Groups: the results of several inputs as one tensor, which then takes steps of its own.
//!
//! Elements move and none changes, as in `numpy.concatenate` and `numpy.stack` of arrays of
//! one type; other types and shapes are refused, never converted. Guarantee: `exact`; proven
//! by the tests of this module and of `tests/it/groups.rs`, whose numbers are NumPy's.

use bundle_manifest::{Join, JoinMethod};

use crate::{Limits, Tensor, error::Fault, layout::axis_index};

/// Joins the members, in order; each comes with its name.
pub(crate) fn join(
    params: &Join,
    members: &[(&str, &Tensor)],
    limits: &Limits,
) -> Result<Tensor, Fault> {
    let Some((first, _)) = members.split_first() else {
        return Err(Fault::new("a group of nothing"));
    };
    let (name, tensor) = *first;
    let rank = tensor.shape().len();
    let axis = match params.how {
        JoinMethod::Concat => axis_index(params.axis, rank)?,
        JoinMethod::Stack => axis_index(params.axis, rank + 1)?,
    };
    for (other, member) in members {
        if member.dtype() != tensor.dtype() {
            let (first, second) = (tensor.dtype(), member.dtype());
            let fault = Fault::new(format!("`{name}` is {first}, and `{other}` is {second}"));
            return Err(fault.hint("put `ensure_dtype` last in one of them"));
        }
        if !fits(params.how, axis, tensor.shape(), member.shape()) {
            let (first, second) = (tensor.shape(), member.shape());
            let fault = Fault::new(format!(
                "`{name}` has the shape {first:?}, and `{other}` has {second:?}"
            ));
            return Err(match params.how {
                JoinMethod::Concat => fault.hint(format!("all axes but axis {axis} must be equal")),
                JoinMethod::Stack => fault.hint("all axes must be equal"),
            });
        }
    }
    let shape = joined_shape(params.how, axis, members, limits)?;
    let inner: usize = tensor.shape().get(axis..).unwrap_or_default().iter().skip(1).product();
    let run = |member: &Tensor| match params.how {
        JoinMethod::Concat => member.shape()[axis] * inner,
        JoinMethod::Stack => member.shape()[axis..].iter().product(),
    };
    let runs = members.iter().map(|(_, member)| (member.data(), run(member)));
    let outer = shape[..axis].iter().product();
    let data = tensor.data().interleaved(&runs.collect::<Vec<_>>(), outer);
    let data = data.ok_or_else(|| Fault::new("the inputs are of several types"))?;
    Ok(Tensor::reshaped(shape, data))
}

/// Whether two shapes can join along `axis`.
fn fits(how: JoinMethod, axis: usize, first: &[usize], other: &[usize]) -> bool {
    let mut axes = first.iter().zip(other).enumerate();
    first.len() == other.len()
        && axes.all(|(index, (one, two))| one == two || how == JoinMethod::Concat && index == axis)
}

fn joined_shape(
    how: JoinMethod,
    axis: usize,
    members: &[(&str, &Tensor)],
    limits: &Limits,
) -> Result<Vec<usize>, Fault> {
    let mut shape = members[0].1.shape().to_vec();
    match how {
        JoinMethod::Concat => {
            let lengths = members.iter().map(|(_, member)| member.shape()[axis]);
            shape[axis] = lengths.fold(0, usize::saturating_add);
        }
        JoinMethod::Stack => shape.insert(axis, members.len()),
    }
    let elements = shape.iter().fold(1_usize, |size, axis| size.saturating_mul(*axis));
    if elements > limits.elements {
        return Err(Fault::new(format!(
            "a tensor of the shape {shape:?} has more than {} elements",
            limits.elements
        )));
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TensorData;

    fn tensor(shape: &[usize], first: i64) -> Tensor {
        let count = shape.iter().product();
        Tensor::reshaped(shape.to_vec(), TensorData::Int64((first..).take(count).collect()))
    }

    fn joined(how: JoinMethod, axis: i64, other: &Tensor) -> Result<Tensor, Fault> {
        let limits = Limits { elements: 12, ..Limits::default() };
        join(&Join { how, axis }, &[("left", &tensor(&[2, 3], 0)), ("right", other)], &limits)
    }

    #[test]
    fn elements_lie_where_numpy_puts_them() {
        let cases: [(_, _, &[usize], &[usize], &[i64]); 5] = [
            (JoinMethod::Concat, 0, &[1, 3], &[3, 3], &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
            (JoinMethod::Concat, -1, &[2, 1], &[2, 4], &[0, 1, 2, 6, 3, 4, 5, 7]),
            (JoinMethod::Concat, 1, &[2, 0], &[2, 3], &[0, 1, 2, 3, 4, 5]),
            (JoinMethod::Stack, 0, &[2, 3], &[2, 2, 3], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
            (JoinMethod::Stack, 2, &[2, 3], &[2, 3, 2], &[0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]),
        ];
        for (how, axis, other, shape, elements) in cases {
            let result = joined(how, axis, &tensor(other, 6)).expect("they fit");
            let expected = Tensor::reshaped(shape.to_vec(), TensorData::Int64(elements.to_vec()));
            assert_eq!(result, expected, "{how} {axis}");
        }
    }

    #[test]
    fn scalars_are_stacked() {
        let (one, two) = (tensor(&[], 1), tensor(&[], 2));
        let params = Join { how: JoinMethod::Stack, axis: -1 };
        let result = join(&params, &[("a", &one), ("b", &two)], &Limits::default());
        assert_eq!(result, Ok(tensor(&[2], 1)));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let floats = Tensor::reshaped(vec![2, 3], TensorData::Float32(vec![0.0; 6]));
        let cases = [
            (JoinMethod::Concat, 0, floats, "`left` is int64, and `right` is float32"),
            (
                JoinMethod::Concat,
                0,
                tensor(&[2, 4], 0),
                "`left` has the shape [2, 3], and `right` has [2, 4]",
            ),
            (
                JoinMethod::Stack,
                0,
                tensor(&[1, 3], 0),
                "`left` has the shape [2, 3], and `right` has [1, 3]",
            ),
            (
                JoinMethod::Concat,
                0,
                tensor(&[3], 0),
                "`left` has the shape [2, 3], and `right` has [3]",
            ),
            (JoinMethod::Concat, 2, tensor(&[2, 3], 0), "`axis = 2` is outside an array of 2 axes"),
            (
                JoinMethod::Concat,
                0,
                tensor(&[3, 3], 0),
                "a tensor of the shape [5, 3] has more than 12 elements",
            ),
        ];
        for (how, axis, other, message) in cases {
            assert_eq!(joined(how, axis, &other).expect_err(message).message, message);
        }
    }
}
