//! Elements of tensors: as bytes, as numbers, in another type.

use std::fmt;

use bundle_manifest::{Constant, Dtype};
use bundle_preprocess::{Tensor, TensorData};

use crate::engine::half;

/// What a number is; a value never changes its kind on the way into a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Integer,
    Bool,
}

/// The kind of an element type.
pub(crate) const fn kind(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::Float16 | Dtype::Float32 | Dtype::Float64 => Kind::Float,
        Dtype::Bool => Kind::Bool,
        _ => Kind::Integer,
    }
}

/// The elements, as one of three kinds.
pub(crate) enum Numbers {
    Floats(Vec<f64>),
    Integers(Vec<i128>),
    Bools(Vec<bool>),
}

/// All elements, widened without loss.
pub(crate) fn numbers(data: &TensorData) -> Numbers {
    fn floats<T: Copy + Into<f64>>(values: &[T]) -> Numbers {
        Numbers::Floats(values.iter().map(|value| (*value).into()).collect())
    }
    fn integers<T: Copy + Into<i128>>(values: &[T]) -> Numbers {
        Numbers::Integers(values.iter().map(|value| (*value).into()).collect())
    }
    match data {
        TensorData::Float16(v) => {
            Numbers::Floats(v.iter().map(|bits| half::to_f32(*bits).into()).collect())
        }
        TensorData::Float32(v) => floats(v),
        TensorData::Float64(v) => floats(v),
        TensorData::Int8(v) => integers(v),
        TensorData::Int16(v) => integers(v),
        TensorData::Int32(v) => integers(v),
        TensorData::Int64(v) => integers(v),
        TensorData::Uint8(v) => integers(v),
        TensorData::Uint16(v) => integers(v),
        TensorData::Uint32(v) => integers(v),
        TensorData::Uint64(v) => integers(v),
        TensorData::Bool(v) => Numbers::Bools(v.clone()),
    }
}

/// The elements in little-endian order, as ONNX and NumPy store them.
pub(crate) fn to_bytes(data: &TensorData) -> Vec<u8> {
    macro_rules! bytes {
        ($values:expr) => {
            $values.iter().flat_map(|value| value.to_le_bytes()).collect()
        };
    }
    match data {
        TensorData::Float16(v) | TensorData::Uint16(v) => bytes!(v),
        TensorData::Float32(v) => bytes!(v),
        TensorData::Float64(v) => bytes!(v),
        TensorData::Int8(v) => bytes!(v),
        TensorData::Int16(v) => bytes!(v),
        TensorData::Int32(v) => bytes!(v),
        TensorData::Int64(v) => bytes!(v),
        TensorData::Uint8(v) => v.clone(),
        TensorData::Uint32(v) => bytes!(v),
        TensorData::Uint64(v) => bytes!(v),
        TensorData::Bool(v) => v.iter().map(|value| u8::from(*value)).collect(),
    }
}

/// Whether any element is NaN.
pub(crate) fn has_nan(data: &TensorData) -> bool {
    match data {
        TensorData::Float16(v) => v.iter().any(|bits| half::to_f32(*bits).is_nan()),
        TensorData::Float32(v) => v.iter().any(|value| value.is_nan()),
        TensorData::Float64(v) => v.iter().any(|value| value.is_nan()),
        _ => false,
    }
}

/// A value that its new type cannot hold.
#[derive(Debug, PartialEq)]
pub(crate) struct CastError(String);

impl fmt::Display for CastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `tensor` as `to`, of the same kind: integers exactly or not at all, floats
/// rounded to nearest even (a finite value never becomes infinite).
pub(crate) fn cast(tensor: Tensor, to: Dtype) -> Result<Tensor, CastError> {
    let from = tensor.dtype();
    if from == to {
        return Ok(tensor);
    }
    let shape = tensor.shape().to_vec();
    let data = match (numbers(tensor.data()), kind(to)) {
        (Numbers::Floats(values), Kind::Float) => float_data(&values, to)?,
        (Numbers::Integers(values), Kind::Integer) => integer_data(&values, to)?,
        // As a person types them, `61` for `61.0`; a pipeline has other integers
        // and says `ensure_dtype` or `rescale`.
        (Numbers::Integers(values), Kind::Float) if from == Dtype::Int64 => {
            float_data(&exact_floats(&values, to)?, to)?
        }
        _ => {
            let message = format!(
                "has elements of type {}, the network takes {}",
                from.as_str(),
                to.as_str()
            );
            return Err(CastError(message));
        }
    };
    Tensor::new(shape, data).map_err(|error| CastError(error.to_string()))
}

fn does_not_fit(value: impl fmt::Display, to: Dtype) -> CastError {
    CastError(format!("holds {value}, which does not fit {}", to.as_str()))
}

/// Integers as floats that `to` has exactly.
#[expect(clippy::cast_precision_loss, reason = "what would lose precision is refused first")]
fn exact_floats(values: &[i128], to: Dtype) -> Result<Vec<f64>, CastError> {
    let digits = match to {
        Dtype::Float64 => f64::MANTISSA_DIGITS,
        Dtype::Float16 => 11,
        _ => f32::MANTISSA_DIGITS,
    };
    let exact = |value: &i128| {
        let fits = value.unsigned_abs() <= 1 << digits;
        fits.then_some(*value as f64).ok_or_else(|| does_not_fit(value, to))
    };
    values.iter().map(exact).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to the narrower type is the purpose")]
fn float_data(values: &[f64], to: Dtype) -> Result<TensorData, CastError> {
    let checked = |value: f64, narrow: f64| {
        (narrow.is_finite() || !value.is_finite())
            .then_some(())
            .ok_or_else(|| does_not_fit(value, to))
    };
    match to {
        Dtype::Float64 => Ok(TensorData::Float64(values.to_vec())),
        Dtype::Float16 => {
            let narrow = |value: &f64| {
                let bits = half::from_f64(*value);
                checked(*value, half::to_f32(bits).into()).map(|()| bits)
            };
            values.iter().map(narrow).collect::<Result<_, _>>().map(TensorData::Float16)
        }
        _ => {
            let narrow =
                |value: &f64| checked(*value, (*value as f32).into()).map(|()| *value as f32);
            values.iter().map(narrow).collect::<Result<_, _>>().map(TensorData::Float32)
        }
    }
}

fn integer_data(values: &[i128], to: Dtype) -> Result<TensorData, CastError> {
    macro_rules! narrow {
        ($variant:ident) => {
            values
                .iter()
                .map(|value| (*value).try_into().map_err(|_| does_not_fit(value, to)))
                .collect::<Result<_, _>>()
                .map(TensorData::$variant)
        };
    }
    match to {
        Dtype::Int8 => narrow!(Int8),
        Dtype::Int16 => narrow!(Int16),
        Dtype::Int32 => narrow!(Int32),
        Dtype::Uint8 => narrow!(Uint8),
        Dtype::Uint16 => narrow!(Uint16),
        Dtype::Uint32 => narrow!(Uint32),
        Dtype::Uint64 => narrow!(Uint64),
        _ => narrow!(Int64),
    }
}

/// A constant of `bundle.toml` in the type of its ONNX input. TOML writes a
/// whole number without a point, so integers may become floats.
pub(crate) fn of_constant(constant: &Constant, to: Dtype) -> Result<Tensor, CastError> {
    let (mut shape, mut first) = (Vec::new(), constant);
    while let Constant::Array(elements) = first {
        shape.push(elements.len());
        match elements.first() {
            Some(element) => first = element,
            None => break,
        }
    }
    let mut leaves = Vec::new();
    collect(constant, &mut leaves);
    let data = leaf_data(&leaves, to)?;
    Tensor::new(shape, data).map_err(|error| CastError(error.to_string()))
}

fn collect<'a>(constant: &'a Constant, leaves: &mut Vec<&'a Constant>) {
    match constant {
        Constant::Array(elements) => elements.iter().for_each(|element| collect(element, leaves)),
        leaf => leaves.push(leaf),
    }
}

fn leaf_data(leaves: &[&Constant], to: Dtype) -> Result<TensorData, CastError> {
    let wrong = |what: &str| CastError(format!("holds {what}, the network takes {}", to.as_str()));
    match kind(to) {
        Kind::Bool => {
            let read = |leaf: &&Constant| match leaf {
                Constant::Bool(value) => Ok(*value),
                _ => Err(wrong("a number")),
            };
            leaves.iter().map(read).collect::<Result<_, _>>().map(TensorData::Bool)
        }
        Kind::Integer => {
            let read = |leaf: &&Constant| match leaf {
                Constant::Integer(value) => Ok((*value).into()),
                _ => Err(wrong("a value that is no whole number")),
            };
            integer_data(&leaves.iter().map(read).collect::<Result<Vec<i128>, _>>()?, to)
        }
        Kind::Float => {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a float constant written without a point"
            )]
            let read = |leaf: &&Constant| match leaf {
                Constant::Integer(value) => Ok(*value as f64),
                Constant::Number(value) => Ok(*value),
                _ => Err(wrong("a boolean")),
            };
            float_data(&leaves.iter().map(read).collect::<Result<Vec<f64>, _>>()?, to)
        }
    }
}

/// Zeros.
pub(crate) fn zeros(shape: Vec<usize>, dtype: Dtype) -> Option<Tensor> {
    let size = shape.iter().try_fold(1_usize, |size, axis| size.checked_mul(*axis))?;
    let data = match dtype {
        Dtype::Bool => TensorData::Bool(vec![false; size]),
        _ => match kind(dtype) {
            Kind::Float => float_data(&vec![0.0; size], dtype).ok()?,
            _ => integer_data(&vec![0; size], dtype).ok()?,
        },
    };
    Tensor::new(shape, data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast_one(data: TensorData, to: Dtype) -> Result<TensorData, String> {
        let tensor = Tensor::new(vec![data.len()], data).expect("one axis");
        cast(tensor, to).map(Tensor::into_data).map_err(|error| error.to_string())
    }

    #[test]
    fn a_cast_is_lossless_or_refused() {
        use TensorData as D;
        let cases = [
            (D::Int64(vec![-1, 7]), Dtype::Int32, Ok(D::Int32(vec![-1, 7]))),
            (D::Uint8(vec![255]), Dtype::Int64, Ok(D::Int64(vec![255]))),
            (D::Float64(vec![0.1]), Dtype::Float32, Ok(D::Float32(vec![0.1]))),
            (D::Float32(vec![1.5]), Dtype::Float16, Ok(D::Float16(vec![0x3e00]))),
            (D::Float16(vec![0x3e00]), Dtype::Float64, Ok(D::Float64(vec![1.5]))),
            (
                D::Int64(vec![1 << 40]),
                Dtype::Int32,
                Err("holds 1099511627776, which does not fit int32"),
            ),
            (D::Int8(vec![-1]), Dtype::Uint64, Err("holds -1, which does not fit uint64")),
            (D::Float32(vec![7e4]), Dtype::Float16, Err("holds 70000, which does not fit float16")),
            (D::Int64(vec![-3, 1 << 24]), Dtype::Float32, Ok(D::Float32(vec![-3.0, 16_777_216.0]))),
            (
                D::Int64(vec![(1 << 24) + 1]),
                Dtype::Float32,
                Err("holds 16777217, which does not fit float32"),
            ),
            (
                D::Int32(vec![1]),
                Dtype::Float32,
                Err("has elements of type int32, the network takes float32"),
            ),
            (
                D::Bool(vec![true]),
                Dtype::Int64,
                Err("has elements of type bool, the network takes int64"),
            ),
        ];
        for (data, to, expected) in cases {
            assert_eq!(
                cast_one(data.clone(), to),
                expected.map_err(str::to_owned),
                "{data:?} {to:?}"
            );
        }
    }

    #[test]
    fn constants_take_the_type_of_the_input() {
        let rows = Constant::Array(vec![
            Constant::Array(vec![Constant::Integer(1), Constant::Integer(2)]),
            Constant::Array(vec![Constant::Integer(3), Constant::Integer(4)]),
        ]);
        let tensor = of_constant(&rows, Dtype::Float32).expect("numbers");
        assert_eq!(
            (tensor.shape(), tensor.data()),
            (&[2, 2][..], &TensorData::Float32(vec![1., 2., 3., 4.]))
        );
        let scalar = of_constant(&Constant::Integer(16000), Dtype::Int64).expect("a number");
        assert_eq!((scalar.shape(), scalar.data()), (&[][..], &TensorData::Int64(vec![16000])));
        let error = of_constant(&Constant::Number(0.5), Dtype::Int64).expect_err("no whole number");
        assert_eq!(
            error.to_string(),
            "holds a value that is no whole number, the network takes int64"
        );
    }
}
