//! Elements of one type as another.

use bundle_manifest::Dtype;

use crate::{
    Tensor, TensorData,
    half::{f16_to_f64, f64_to_f16},
};

/// An element that the new type cannot hold.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("element {index} is {value}, which `{dtype}` cannot hold")]
pub struct CastError {
    /// Index in C order, from 0.
    pub index: usize,
    /// The element.
    pub value: String,
    /// The new type.
    pub dtype: Dtype,
}

/// An element of any type, exactly.
#[derive(Clone, Copy, Debug)]
enum Number {
    Whole(i128),
    Real(f64),
}

/// A number or a parameter, rounded to float32 once.
#[expect(clippy::cast_possible_truncation, reason = "the documented rounding to float32")]
pub(crate) const fn single(value: f64) -> f32 {
    value as f32
}

impl Tensor {
    /// The same elements as `dtype`.
    ///
    /// To an integer type, an element must be whole and in range; to `bool`, 0 or 1.
    /// To a float type, it is rounded to the nearest, ties to even, as NumPy's
    /// `astype` does, and a finite number that would become infinite is an error.
    pub fn cast(&self, dtype: Dtype) -> Result<Self, CastError> {
        if self.dtype() == dtype {
            return Ok(self.clone());
        }
        let data = cast_data(self.data(), dtype)?;
        Ok(Self::reshaped(self.shape().to_vec(), data))
    }

    /// The elements as float64; 64-bit integers are rounded to the nearest.
    pub fn to_f64s(&self) -> Vec<f64> {
        numbers(self.data()).map(Number::to_f64).collect()
    }

    /// The elements as float32, each rounded once to the nearest, as NumPy's `astype` does;
    /// what is too large becomes infinite.
    pub(crate) fn to_f32s(&self) -> Vec<f32> {
        numbers(self.data()).map(Number::nearest_f32).collect()
    }
}

fn cast_data(data: &TensorData, dtype: Dtype) -> Result<TensorData, CastError> {
    macro_rules! whole {
        ($variant:ident) => {
            TensorData::$variant(collect(data, dtype, |number| number.to_whole()?.try_into().ok())?)
        };
    }
    Ok(match dtype {
        Dtype::Float16 => TensorData::Float16(collect(data, dtype, Number::to_f16)?),
        Dtype::Float32 => TensorData::Float32(collect(data, dtype, Number::to_f32)?),
        Dtype::Float64 => {
            TensorData::Float64(collect(data, dtype, |number| Some(number.to_f64()))?)
        }
        Dtype::Int8 => whole!(Int8),
        Dtype::Int16 => whole!(Int16),
        Dtype::Int32 => whole!(Int32),
        Dtype::Int64 => whole!(Int64),
        Dtype::Uint8 => whole!(Uint8),
        Dtype::Uint16 => whole!(Uint16),
        Dtype::Uint32 => whole!(Uint32),
        Dtype::Uint64 => whole!(Uint64),
        Dtype::Bool => TensorData::Bool(collect(data, dtype, Number::to_bool)?),
    })
}

fn collect<T>(
    data: &TensorData,
    dtype: Dtype,
    convert: impl Fn(Number) -> Option<T>,
) -> Result<Vec<T>, CastError> {
    let converted = numbers(data).enumerate().map(|(index, number)| {
        convert(number).ok_or_else(|| CastError { index, value: number.to_string(), dtype })
    });
    converted.collect()
}

fn numbers(data: &TensorData) -> Box<dyn Iterator<Item = Number> + '_> {
    macro_rules! each {
        ($values:ident, $number:expr) => {
            Box::new($values.iter().map(|value| $number(*value)))
        };
    }
    match data {
        TensorData::Float16(values) => each!(values, |bits| Number::Real(f16_to_f64(bits))),
        TensorData::Float32(values) => each!(values, |value| Number::Real(f64::from(value))),
        TensorData::Float64(values) => each!(values, Number::Real),
        TensorData::Int8(values) => each!(values, Number::whole),
        TensorData::Int16(values) => each!(values, Number::whole),
        TensorData::Int32(values) => each!(values, Number::whole),
        TensorData::Int64(values) => each!(values, Number::whole),
        TensorData::Uint8(values) => each!(values, Number::whole),
        TensorData::Uint16(values) => each!(values, Number::whole),
        TensorData::Uint32(values) => each!(values, Number::whole),
        TensorData::Uint64(values) => each!(values, Number::whole),
        TensorData::Bool(values) => each!(values, Number::whole),
    }
}

impl Number {
    fn whole(value: impl Into<i128>) -> Self {
        Self::Whole(value.into())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole float64 of this size is exact as an i128"
    )]
    fn to_whole(self) -> Option<i128> {
        match self {
            Self::Whole(value) => Some(value),
            Self::Real(value) if value.fract() == 0.0 && value.abs() < 1e30 => Some(value as i128),
            Self::Real(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the documented rounding")]
    fn to_f64(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Real(value) => value,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the documented rounding"
    )]
    fn nearest_f32(self) -> f32 {
        match self {
            Self::Whole(value) => value as f32,
            Self::Real(value) => value as f32,
        }
    }

    fn to_f32(self) -> Option<f32> {
        let rounded = self.nearest_f32();
        (rounded.is_finite() || !self.to_f64().is_finite()).then_some(rounded)
    }

    fn to_f16(self) -> Option<u16> {
        let rounded = f64_to_f16(self.to_f64());
        (f16_to_f64(rounded).is_finite() || !self.to_f64().is_finite()).then_some(rounded)
    }

    fn to_bool(self) -> Option<bool> {
        match self.to_whole()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(value) => write!(f, "{value}"),
            Self::Real(value) => write!(f, "{value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(data: TensorData) -> Tensor {
        Tensor::new(vec![data.len()], data).expect("one axis holds all elements")
    }

    #[test]
    fn what_a_type_cannot_hold_is_an_error() {
        let cases = [
            (
                TensorData::Float32(vec![0.0, 1.5]),
                Dtype::Int64,
                "element 1 is 1.5, which `int64` cannot hold",
            ),
            (
                TensorData::Int32(vec![1, 256]),
                Dtype::Uint8,
                "element 1 is 256, which `uint8` cannot hold",
            ),
            (
                TensorData::Int8(vec![-1]),
                Dtype::Uint64,
                "element 0 is -1, which `uint64` cannot hold",
            ),
            (
                TensorData::Float64(vec![f64::NAN]),
                Dtype::Int8,
                "element 0 is NaN, which `int8` cannot hold",
            ),
            (TensorData::Float64(vec![3.5e38]), Dtype::Float32, "which `float32` cannot hold"),
            (
                TensorData::Float32(vec![65_520.0]),
                Dtype::Float16,
                "element 0 is 65520, which `float16` cannot hold",
            ),
            (TensorData::Int64(vec![2]), Dtype::Bool, "element 0 is 2, which `bool` cannot hold"),
            (TensorData::Float64(vec![9.3e18]), Dtype::Int64, "which `int64` cannot hold"),
        ];
        for (data, dtype, message) in cases {
            let error = tensor(data).cast(dtype).expect_err(message).to_string();
            assert!(error.ends_with(message), "{error} / {message}");
        }
    }

    #[test]
    fn floats_round_to_the_nearest_even() {
        let cast = tensor(TensorData::Float64(vec![0.1, f64::INFINITY])).cast(Dtype::Float32);
        assert_eq!(cast, Ok(tensor(TensorData::Float32(vec![0.1, f32::INFINITY]))));
        let cast = tensor(TensorData::Int64(vec![16_777_217])).cast(Dtype::Float32);
        assert_eq!(cast, Ok(tensor(TensorData::Float32(vec![16_777_216.0]))));
        let cast = tensor(TensorData::Float32(vec![1.0, -0.0])).cast(Dtype::Float16);
        assert_eq!(cast, Ok(tensor(TensorData::Float16(vec![0x3c00, 0x8000]))));
    }

    #[test]
    fn integers_survive_exactly() {
        let limits = tensor(TensorData::Uint64(vec![u64::MAX]));
        assert_eq!(limits.cast(Dtype::Uint64), Ok(limits.clone()));
        assert!(limits.cast(Dtype::Int64).is_err());
        let truth = tensor(TensorData::Bool(vec![true, false])).cast(Dtype::Uint8);
        assert_eq!(truth, Ok(tensor(TensorData::Uint8(vec![1, 0]))));
    }
}
