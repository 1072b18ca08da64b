//! Steps on any array of numbers: an image as height × width × channels, a sound, a tensor.
//!
//! An image stays an image and a tensor a tensor. Float64 stays float64; everything else
//! becomes float32, but for `clip`, `reverse_channels` and `transpose`, which keep the type.
//!
//! | operation | formula from | guarantee |
//! |---|---|---|
//! | `zero_mean_unit_variance` | BioImage.IO, `Wav2Vec2FeatureExtractor` | exact: NumPy on float64, rounded once, or on float32 |
//! | `scale_range` | BioImage.IO; percentiles as `numpy.percentile`, `linear` | exact: NumPy on float64, rounded once |
//! | `scale_linear` | BioImage.IO | exact: NumPy in the type of the result |
//! | `clip`, `binarize` | NumPy | exact |
//! | `reverse_channels`, `transpose` | NumPy | exact |
//!
//! Proven by the group `arrays` of `tests/it/vectors.rs`.

mod statistics;

use bundle_manifest::{
    Binarize, Clip, EpsPosition, ReverseChannels, ScaleLinear, ScaleRange, StatisticsArithmetic,
    Transpose, ZeroMeanUnitVariance,
};

use crate::{
    Channels, Image, Limits, Samples, Tensor, TensorData, Value,
    cast::single,
    error::Fault,
    kind::{Kind, SampleType},
    layout::axis_index,
};
use statistics::{Lanes, Real, percentile};

/// Takes an image, a sound or a tensor; gives the same with float elements.
pub(crate) fn check_floats(before: &Kind) -> Result<Kind, Fault> {
    match before {
        Kind::Image { channels, .. } => {
            Ok(Kind::Image { samples: Some(SampleType::Float32), channels: *channels })
        }
        Kind::Audio { .. } => Ok(before.clone()),
        Kind::Tensor { layout, .. } => Ok(Kind::Tensor { dtype: None, layout: *layout }),
        Kind::Spectrum { .. } => Ok(Kind::TENSOR),
        _ => Err(before.refusal("an image, a sound or a tensor")),
    }
}

/// Takes an image, a sound or a tensor; gives the same.
pub(crate) fn check_any(before: &Kind) -> Result<Kind, Fault> {
    match before {
        Kind::Image { .. } | Kind::Audio { .. } | Kind::Tensor { .. } => Ok(before.clone()),
        Kind::Spectrum { .. } => Ok(Kind::TENSOR),
        _ => Err(before.refusal("an image, a sound or a tensor")),
    }
}

/// Checks `eps` before [`zero_mean_unit_variance`].
pub(crate) fn check_zero_mean(params: &ZeroMeanUnitVariance, before: &Kind) -> Result<Kind, Fault> {
    if params.eps < 0.0 {
        return Err(Fault::new("`eps` is negative"));
    }
    check_floats(before)
}

/// `(x - mean) / (std + eps)` or `(x - mean) / sqrt(var + eps)`.
pub(crate) fn zero_mean_unit_variance(
    params: &ZeroMeanUnitVariance,
    value: Value,
    limits: &Limits,
) -> Result<Value, Fault> {
    let lanes = lanes(&value, params.axes.as_deref(), limits)?;
    map_any(value, |data| match (params.arithmetic, data) {
        (StatisticsArithmetic::F64, TensorData::Float64(mut values)) => {
            standardize(params, &lanes, &mut values)?;
            Ok(TensorData::Float64(values))
        }
        (StatisticsArithmetic::F64, data) => {
            let mut values = flat(data).to_f64s();
            standardize(params, &lanes, &mut values)?;
            Ok(TensorData::Float32(values.into_iter().map(single).collect()))
        }
        (StatisticsArithmetic::F32, data) => {
            let mut values = to_f32s(data);
            standardize(params, &lanes, &mut values)?;
            Ok(TensorData::Float32(values))
        }
    })
}

fn standardize<T: Real>(
    params: &ZeroMeanUnitVariance,
    lanes: &Lanes,
    values: &mut [T],
) -> Result<(), Fault> {
    let Some(statistics) = lanes.means_and_variances(values, params.ddof) else {
        let fault = Fault::new(format!(
            "a mean over {} values has no variance with `ddof = {}`",
            lanes.length, params.ddof
        ));
        return Err(fault.hint("name axes with more elements, or `ddof = 0`"));
    };
    let eps = T::nearest(params.eps);
    let divisor = |(mean, variance): (T, T)| match params.eps_position {
        EpsPosition::Std => (mean, variance.sqrt() + eps),
        EpsPosition::Variance => (mean, (variance + eps).sqrt()),
    };
    let factors: Vec<(T, T)> = statistics.into_iter().map(divisor).collect();
    if factors.iter().any(|(_, divisor)| divisor.wide() == 0.0) {
        return Err(Fault::new("the input is constant, and `eps` is 0")
            .hint("give `eps` the value that the training used"));
    }
    lanes.each(values, |lane, x| {
        let (mean, divisor) = factors[lane];
        *x = (*x - mean) / divisor;
    });
    Ok(())
}

/// Checks the percentiles before [`scale_range`].
pub(crate) fn check_scale_range(params: &ScaleRange, before: &Kind) -> Result<Kind, Fault> {
    let (low, high) = (params.min_percentile, params.max_percentile);
    if !(0.0..=100.0).contains(&low) || !(0.0..=100.0).contains(&high) || low >= high {
        return Err(Fault::new(format!(
            "percentiles rise from 0 to 100, and these are {low} and {high}"
        )));
    }
    check_floats(before)
}

/// `(x - lower) / (upper - lower + eps)`.
pub(crate) fn scale_range(
    params: &ScaleRange,
    value: Value,
    limits: &Limits,
) -> Result<Value, Fault> {
    let lanes = lanes(&value, params.axes.as_deref(), limits)?;
    map_any(value, |data| {
        let wide = matches!(data, TensorData::Float64(_));
        let mut values = flat(data).to_f64s();
        if let Some(index) = values.iter().position(|x| x.is_nan()) {
            return Err(Fault::new(format!("element {index} is NaN, which has no percentile")));
        }
        let ends = lanes.gathered(&values).into_iter().map(|lane| ends(params, lane));
        let ends = ends.collect::<Result<Vec<_>, Fault>>()?;
        lanes.each(&mut values, |lane, x| {
            let (lower, divisor) = ends[lane];
            *x = (*x - lower) / divisor;
        });
        if wide {
            return Ok(TensorData::Float64(values));
        }
        Ok(TensorData::Float32(values.into_iter().map(single).collect()))
    })
}

/// What becomes 0, and the divisor.
fn ends(params: &ScaleRange, mut lane: Vec<f64>) -> Result<(f64, f64), Fault> {
    let lower = percentile(&mut lane, params.min_percentile);
    let Some((lower, upper)) = lower.zip(percentile(&mut lane, params.max_percentile)) else {
        return Err(Fault::new("an empty array has no percentiles"));
    };
    let divisor = upper - lower + params.eps;
    if divisor == 0.0 {
        return Err(Fault::new("the percentiles are equal, and `eps` is 0")
            .hint("give `eps` the value that the training used"));
    }
    Ok((lower, divisor))
}

/// Checks that one limit is there, before [`clip`].
pub(crate) fn check_clip(params: &Clip, before: &Kind) -> Result<Kind, Fault> {
    match (params.min, params.max) {
        (None, None) => Err(Fault::new("has neither `min` nor `max`")),
        (Some(min), Some(max)) if min > max => {
            Err(Fault::new(format!("`min` {min} is larger than `max` {max}")))
        }
        _ => check_any(before),
    }
}

/// Limits to a range, in the type of the elements. A NaN stays one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "floats become integers by `as`, which saturates, after rounding inwards"
)]
pub(crate) fn clip(params: &Clip, value: Value) -> Result<Value, Fault> {
    let low = params.min.unwrap_or(f64::NEG_INFINITY);
    let high = params.max.unwrap_or(f64::INFINITY);
    map_any(value, |data| {
        Ok(match data {
            TensorData::Float32(values) => {
                let (low, high) = (low as f32, high as f32);
                TensorData::Float32(values.into_iter().map(|x| limited(x, low, high)).collect())
            }
            TensorData::Float64(values) => {
                TensorData::Float64(values.into_iter().map(|x| limited(x, low, high)).collect())
            }
            TensorData::Uint8(values) => {
                let (low, high) = (low.ceil() as u8, high.floor() as u8);
                TensorData::Uint8(values.into_iter().map(|x| limited(x, low, high)).collect())
            }
            TensorData::Uint16(values) => {
                let (low, high) = (low.ceil() as u16, high.floor() as u16);
                TensorData::Uint16(values.into_iter().map(|x| limited(x, low, high)).collect())
            }
            TensorData::Int32(values) => {
                let (low, high) = (low.ceil() as i32, high.floor() as i32);
                TensorData::Int32(values.into_iter().map(|x| limited(x, low, high)).collect())
            }
            TensorData::Int64(values) => {
                let (low, high) = (low.ceil() as i64, high.floor() as i64);
                TensorData::Int64(values.into_iter().map(|x| limited(x, low, high)).collect())
            }
            other => {
                let fault = Fault::new(format!("cannot limit `{}`", other.dtype()));
                return Err(fault.hint("put `ensure_dtype` with `float32` before it"));
            }
        })
    })
}

/// As `numpy.clip`: the upper limit wins, a NaN stays. Of two zeros the value's own sign stays,
/// where NumPy keeps either.
fn limited<T: PartialOrd>(value: T, low: T, high: T) -> T {
    let raised = if value < low { low } else { value };
    if raised > high { high } else { raised }
}

/// Checks the lengths before [`scale_linear`].
pub(crate) fn check_scale_linear(params: &ScaleLinear, before: &Kind) -> Result<Kind, Fault> {
    let (gains, offsets) = (params.gain.len(), params.offset.len());
    if gains == 0 || gains != offsets {
        return Err(Fault::new(format!("`gain` has {gains} values, `offset` has {offsets}")));
    }
    if gains > 1 && params.axis.is_none() {
        return Err(Fault::new(format!("`gain` has {gains} values and no `axis` to lie along")));
    }
    check_floats(before)
}

/// `x * gain + offset`, each operation rounded to the type of the result.
pub(crate) fn scale_linear(params: &ScaleLinear, value: Value) -> Result<Value, Fault> {
    let ScaleLinear { gain, offset, axis } = params;
    let axis = axis.unwrap_or(-1);
    map_floats(value, |shape, data| {
        let (inner, count) = if gain.len() == 1 {
            (1, 1)
        } else {
            let axis = axis_index(axis, shape.len())?;
            if shape[axis] != gain.len() {
                return Err(Fault::new(format!(
                    "`gain` has {} values, axis {axis} has {}",
                    gain.len(),
                    shape[axis]
                )));
            }
            (shape[axis + 1..].iter().product::<usize>().max(1), gain.len())
        };
        let of = |index: usize| (gain[index / inner % count], offset[index / inner % count]);
        match data {
            Floats::Single(values) => {
                for (index, x) in values.iter_mut().enumerate() {
                    let (gain, offset) = of(index);
                    *x = *x * single(gain) + single(offset);
                }
            }
            Floats::Double(values) => {
                for (index, x) in values.iter_mut().enumerate() {
                    let (gain, offset) = of(index);
                    *x = *x * gain + offset;
                }
            }
        }
        Ok(())
    })
}

/// 1 where `x > threshold`, else 0.
pub(crate) fn binarize(params: &Binarize, value: Value) -> Result<Value, Fault> {
    map_floats(value, |_, data| {
        match data {
            Floats::Single(values) => {
                let threshold = single(params.threshold);
                for x in values {
                    *x = f32::from(u8::from(*x > threshold));
                }
            }
            Floats::Double(values) => {
                for x in values {
                    *x = f64::from(u8::from(*x > params.threshold));
                }
            }
        }
        Ok(())
    })
}

/// Reverses an axis, as `numpy.flip`. An image with its last axis reversed says so in its
/// channels, where there is a name for that.
pub(crate) fn reverse_channels(params: &ReverseChannels, value: Value) -> Result<Value, Fault> {
    match value {
        Value::Image(image) => {
            let tensor = image.to_tensor();
            let axis = axis_index(params.axis, tensor.shape().len())?;
            let channels = match (image.channels, axis) {
                (Channels::Rgb, 2) => Channels::Bgr,
                (Channels::Bgr, 2) => Channels::Rgb,
                (Channels::La | Channels::Rgba | Channels::Cmyk, 2) => {
                    return Err(Fault::new("reverses the colours of an image without alpha"));
                }
                (same, _) => same,
            };
            let samples = Samples::of_data(reversed(tensor, axis).into_data());
            let samples = samples.ok_or_else(|| Fault::new("takes an image"))?;
            Ok(Value::Image(Image { channels, samples, ..image }))
        }
        other => {
            let tensor = other.to_tensor().ok_or_else(|| Fault::new("takes a tensor"))?;
            let axis = axis_index(params.axis, tensor.shape().len())?;
            Ok(Value::Tensor(reversed(tensor, axis)))
        }
    }
}

fn reversed(tensor: Tensor, axis: usize) -> Tensor {
    let shape = tensor.shape().to_vec();
    let inner: usize = shape[axis + 1..].iter().product();
    let length = shape[axis];
    let order = move |index: usize| {
        let (outer, rest) = (index / (length * inner), index % (length * inner));
        outer * length * inner + (length - 1 - rest / inner) * inner + rest % inner
    };
    let data = tensor.into_data().permuted(order);
    Tensor::reshaped(shape, data)
}

/// Takes a tensor (or an image, as height × width × channels); gives a tensor.
pub(crate) fn check_transpose(params: &Transpose, before: &Kind) -> Result<Kind, Fault> {
    let mut axes = params.axes.clone();
    axes.sort_unstable();
    if axes.iter().enumerate().any(|(index, axis)| index as u64 != *axis) {
        return Err(Fault::new(format!(
            "`axes` names each axis once, from 0, and this is {:?}",
            params.axes
        )));
    }
    match check_any(before)? {
        Kind::Tensor { dtype, .. } => Ok(Kind::Tensor { dtype, layout: None }),
        _ => Ok(Kind::TENSOR),
    }
}

/// Reorders the axes, as `numpy.transpose`.
pub(crate) fn transpose(params: &Transpose, value: &Value) -> Result<Tensor, Fault> {
    let tensor = value.to_tensor().ok_or_else(|| value.refusal("a tensor"))?;
    let from = tensor.shape().to_vec();
    let axes: Vec<usize> =
        params.axes.iter().filter_map(|axis| usize::try_from(*axis).ok()).collect();
    if axes.len() != from.len() {
        return Err(Fault::new(format!(
            "`axes` names {} axes, the tensor has {}",
            axes.len(),
            from.len()
        )));
    }
    let strides: Vec<usize> =
        (0..from.len()).map(|axis| from[axis + 1..].iter().product()).collect();
    let shape: Vec<usize> = axes.iter().map(|axis| from[*axis]).collect();
    let moved: Vec<usize> = axes.iter().map(|axis| strides[*axis]).collect();
    let order = |index: usize| {
        let mut rest = index;
        let mut source = 0;
        for (length, stride) in shape.iter().zip(&moved).rev() {
            source += rest % length * stride;
            rest /= length;
        }
        source
    };
    let data = tensor.into_data().permuted(order);
    Ok(Tensor::reshaped(shape, data))
}

/// Elements that steps compute with.
enum Floats<'a> {
    Single(&'a mut Vec<f32>),
    Double(&'a mut Vec<f64>),
}

/// Changes the elements as they are.
fn map_any(
    value: Value,
    change: impl FnOnce(TensorData) -> Result<TensorData, Fault>,
) -> Result<Value, Fault> {
    match value {
        Value::Image(image) => {
            let samples = Samples::of_data(change(image.samples.into_data())?);
            let samples = samples.ok_or_else(|| Fault::new("takes an image"))?;
            Ok(Value::Image(Image { samples, ..image }))
        }
        Value::Audio(mut audio) => {
            if let TensorData::Float32(samples) = change(TensorData::Float32(audio.samples))? {
                audio.samples = samples;
                return Ok(Value::Audio(audio));
            }
            Err(Fault::new("takes a sound"))
        }
        Value::Tensor(tensor) => {
            let shape = tensor.shape().to_vec();
            Ok(Value::Tensor(Tensor::reshaped(shape, change(tensor.into_data())?)))
        }
        other => Err(other.refusal("an image, a sound or a tensor")),
    }
}

/// Changes the elements as float64, where they are, else as float32.
fn map_floats(
    value: Value,
    change: impl FnOnce(&[usize], Floats<'_>) -> Result<(), Fault>,
) -> Result<Value, Fault> {
    let shape = value.to_shape();
    map_any(value, |data| {
        if let TensorData::Float64(mut values) = data {
            change(&shape, Floats::Double(&mut values))?;
            return Ok(TensorData::Float64(values));
        }
        let mut values = to_f32s(data);
        change(&shape, Floats::Single(&mut values))?;
        Ok(TensorData::Float32(values))
    })
}

/// The lanes of a value over `axes`, where statistics of it fit into memory.
fn lanes(value: &Value, axes: Option<&[i64]>, limits: &Limits) -> Result<Lanes, Fault> {
    let shape = value.to_shape();
    let elements = shape.iter().product::<usize>();
    if elements as u64 > limits.image_bytes {
        return Err(Fault::new(format!("{elements} elements are more than can be scaled at once")));
    }
    Lanes::new(&shape, axes)
}

fn flat(data: TensorData) -> Tensor {
    Tensor::reshaped(vec![data.len()], data)
}

fn to_f32s(data: TensorData) -> Vec<f32> {
    match data {
        TensorData::Float32(values) => values,
        data => flat(data).to_f32s(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], data: TensorData) -> Value {
        Value::Tensor(Tensor::reshaped(shape.to_vec(), data))
    }

    #[test]
    fn axes_are_reordered_as_numpy_does() {
        let value = tensor(&[2, 3], TensorData::Int64(vec![0, 1, 2, 3, 4, 5]));
        let turned = transpose(&Transpose { axes: vec![1, 0] }, &value).expect("two axes");
        assert_eq!(turned, Tensor::reshaped(vec![3, 2], TensorData::Int64(vec![0, 3, 1, 4, 2, 5])));
        let flipped = reverse_channels(&ReverseChannels { axis: 0 }, value).expect("an axis");
        assert_eq!(flipped, tensor(&[2, 3], TensorData::Int64(vec![3, 4, 5, 0, 1, 2])));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let before = Kind::TENSOR;
        let error = |result: Result<Kind, Fault>| result.expect_err("refused").message;
        assert_eq!(
            error(check_transpose(&Transpose { axes: vec![0, 2] }, &before)),
            "`axes` names each axis once, from 0, and this is [0, 2]"
        );
        let clip = Clip { min: Some(2.0), max: Some(1.0) };
        assert_eq!(error(check_clip(&clip, &before)), "`min` 2 is larger than `max` 1");
        assert_eq!(
            error(check_clip(&Clip { min: None, max: None }, &before)),
            "has neither `min` nor `max`"
        );
        let linear = ScaleLinear { gain: vec![1.0, 2.0], offset: vec![0.0, 0.0], axis: None };
        assert_eq!(
            error(check_scale_linear(&linear, &before)),
            "`gain` has 2 values and no `axis` to lie along"
        );
        let params = ZeroMeanUnitVariance {
            axes: None,
            eps: 0.0,
            eps_position: EpsPosition::Std,
            ddof: 0,
            arithmetic: StatisticsArithmetic::F64,
        };
        let constant = tensor(&[2], TensorData::Float32(vec![1.0, 1.0]));
        let fault = zero_mean_unit_variance(&params, constant, &Limits::default());
        assert_eq!(fault.expect_err("constant").message, "the input is constant, and `eps` is 0");
    }
}
