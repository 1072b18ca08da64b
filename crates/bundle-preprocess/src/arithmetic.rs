//! `rescale` and `normalize`: element by element, in stated arithmetic.
//!
//! Only IEEE 754 additions, multiplications, divisions and conversions, one after
//! the other and never fused, so NumPy and PyTorch give the same bits on any
//! machine. Guarantee: `exact`; proven by the groups `arrays` and `pillow12` of
//! `tests/it/vectors.rs`.
//!
//! Libraries write the same two steps in several arithmetics:
//!
//! | library | steps |
//! |---|---|
//! | torchvision `to_tensor`, `normalize`; transformers with Pillow | `rescale`, `normalize` |
//! | transformers with torchvision, which fuses both | `normalize` alone, with `mean` and `std` multiplied by `1 / scale` in float32 |
//! | transformers with torchvision, without `do_normalize` | `rescale` with `f32_mul` |
//! | transformers' EfficientNet with `rescale_offset` and Pillow | `rescale`, then `scale_linear` with 1 and -1: float32 lies between |
//! | the same with torchvision | `rescale` with `f32_mul` and `offset = -1` |

use bundle_manifest::{AxisLayout, Dtype, Normalize, Rescale, RescaleArithmetic};

use crate::{
    Audio, Image, Limits, Samples, Tensor, TensorData, Value,
    cast::single,
    decode::check_size,
    error::Fault,
    kind::{Kind, SampleType},
    layout::axis_index,
};

/// Takes an image, a sound or a tensor of numbers; gives the same in float32.
pub(crate) fn check_rescale(params: &Rescale, before: &Kind) -> Result<Kind, Fault> {
    if params.scale == 0.0 {
        return Err(Fault::new("`scale` is zero"));
    }
    as_float32(before)
}

/// Multiplies and adds.
pub(crate) fn rescale(params: &Rescale, value: Value, limits: &Limits) -> Result<Value, Fault> {
    let each = rescaled(params);
    match value {
        Value::Image(image) => {
            check_float_size(&image, limits)?;
            let samples = match &image.samples {
                Samples::Uint8(samples) => collect(samples, &each),
                Samples::Uint16(samples) => collect(samples, &each),
                Samples::Float32(samples) => collect(samples, &each),
            };
            Ok(Value::Image(Image { samples: Samples::Float32(samples), ..image }))
        }
        Value::Tensor(tensor) => {
            let elements = match params.arithmetic {
                RescaleArithmetic::F64Mul => tensor.to_f64s(),
                // An int64 is rounded once, to float32, which float64 holds.
                RescaleArithmetic::F32Mul | RescaleArithmetic::F32Div => {
                    tensor.to_f32s().into_iter().map(f64::from).collect()
                }
            };
            let elements = TensorData::Float32(elements.into_iter().map(each).collect());
            Ok(Value::Tensor(Tensor::reshaped(tensor.shape().to_vec(), elements)))
        }
        Value::Audio(audio) => {
            let samples = collect(&audio.samples, &each);
            Ok(Value::Audio(Audio { samples, ..audio }))
        }
        other => Err(other.refusal("an image, a sound or a tensor")),
    }
}

fn collect<T: Copy + Into<f64>>(samples: &[T], each: impl Fn(f64) -> f32) -> Vec<f32> {
    samples.iter().map(|sample| each((*sample).into())).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "the documented roundings to float32")]
fn rescaled(params: &Rescale) -> impl Fn(f64) -> f32 {
    let Rescale { scale, offset, arithmetic } = params.clone();
    let (scale32, offset32, divisor32) = (scale as f32, offset as f32, (1.0 / scale) as f32);
    move |x| match arithmetic {
        RescaleArithmetic::F64Mul => (x * scale + offset) as f32,
        RescaleArithmetic::F32Mul => x as f32 * scale32 + offset32,
        RescaleArithmetic::F32Div => x as f32 / divisor32 + offset32,
    }
}

/// Takes an image, a sound or a tensor of numbers; gives the same in float32.
pub(crate) fn check_normalize(params: &Normalize, before: &Kind) -> Result<Kind, Fault> {
    let Normalize { mean, std, axis } = params;
    if mean.is_empty() || std.is_empty() {
        return Err(Fault::new("`mean` and `std` must not be empty"));
    }
    if std.iter().any(|value| *value == 0.0 || single(*value) == 0.0) {
        return Err(Fault::new("`std` has a zero"));
    }
    if mean.len() != std.len() && mean.len() != 1 && std.len() != 1 {
        return Err(Fault::new(format!(
            "`mean` has {} values, `std` has {}",
            mean.len(),
            std.len()
        )));
    }
    let values = mean.len().max(std.len());
    match before {
        Kind::Image { .. } if axis.is_some() => {
            let fault = Fault::new("`axis` is for tensors; an image knows its channels");
            return Err(fault.hint("leave `axis` out"));
        }
        Kind::Image { channels: Some(channels), .. } => {
            check_count(values, channels.count(), "image")?;
        }
        Kind::Audio { .. } if values > 1 => check_count(values, 1, "sound")?,
        Kind::Tensor { layout: None, .. } if values > 1 && axis.is_none() => {
            let fault = Fault::new(
                "takes one `mean` and one `std`, as this tensor has no channel axis that is known",
            );
            return Err(fault.hint("say which it is: `axis = 1`"));
        }
        _ => {}
    }
    as_float32(before)
}

/// `(x - mean) / std`, all in float32.
pub(crate) fn normalize(
    params: &Normalize,
    before: &Kind,
    value: Value,
    limits: &Limits,
) -> Result<Value, Fault> {
    let values = params.mean.len().max(params.std.len());
    match value {
        Value::Image(image) => {
            check_float_size(&image, limits)?;
            let count = image.channels.count();
            if values > 1 {
                check_count(values, count, "image")?;
            }
            let mut samples = match &image.samples {
                Samples::Uint8(samples) => collect(samples, single),
                Samples::Uint16(samples) => collect(samples, single),
                Samples::Float32(samples) => samples.clone(),
            };
            subtract_and_divide(&mut samples, params, (1, count));
            Ok(Value::Image(Image { samples: Samples::Float32(samples), ..image }))
        }
        Value::Tensor(tensor) => {
            let shape = tensor.shape().to_vec();
            let (stride, count) = channel_axis(params, before, &shape)?;
            if values > 1 {
                let what = if params.axis.is_some() { "axis" } else { "image" };
                check_count(values, count, what)?;
            }
            let mut elements: Vec<f32> = match tensor.into_data() {
                TensorData::Float32(elements) => elements,
                data => Tensor::reshaped(shape.clone(), data).to_f32s(),
            };
            subtract_and_divide(&mut elements, params, (stride, count));
            Ok(Value::Tensor(Tensor::reshaped(shape, TensorData::Float32(elements))))
        }
        Value::Audio(mut audio) => {
            subtract_and_divide(&mut audio.samples, params, (1, 1));
            Ok(Value::Audio(audio))
        }
        other => Err(other.refusal("an image, a sound or a tensor")),
    }
}

/// The distance between neighbours along the channel axis, and its length; of a tensor
/// without one, as if each element were a channel of its own.
fn channel_axis(
    params: &Normalize,
    before: &Kind,
    shape: &[usize],
) -> Result<(usize, usize), Fault> {
    let layout = match before {
        Kind::Tensor { layout, .. } => *layout,
        _ => None,
    };
    let axis = match (params.axis, layout) {
        (Some(axis), _) => axis_index(axis, shape.len())?,
        (None, Some(AxisLayout::Nchw)) => 1,
        (None, Some(AxisLayout::Nhwc)) => 3,
        (None, Some(AxisLayout::Chw)) => 0,
        (None, Some(AxisLayout::Hwc)) => 2,
        (None, Some(AxisLayout::Nhw | AxisLayout::Hw) | None) => return Ok((1, 1)),
    };
    let Some((count, inner)) = shape.get(axis..).and_then(<[usize]>::split_first) else {
        return Ok((1, 1));
    };
    Ok((inner.iter().product(), *count))
}

/// `place` is (stride, length) of the channel axis.
fn subtract_and_divide(elements: &mut [f32], params: &Normalize, place: (usize, usize)) {
    let (stride, count) = place;
    let of = |values: &[f64], channel: usize| {
        single(values[if values.len() == 1 { 0 } else { channel }])
    };
    if params.mean.len() == 1 && params.std.len() == 1 {
        let (mean, std) = (of(&params.mean, 0), of(&params.std, 0));
        for element in elements {
            *element = (*element - mean) / std;
        }
        return;
    }
    let factors: Vec<(f32, f32)> =
        (0..count).map(|channel| (of(&params.mean, channel), of(&params.std, channel))).collect();
    for block in elements.chunks_mut(stride.max(1) * count.max(1)) {
        for (run, (mean, std)) in block.chunks_mut(stride.max(1)).zip(&factors) {
            for element in run {
                *element = (*element - mean) / std;
            }
        }
    }
}

fn check_count(values: usize, channels: usize, what: &str) -> Result<(), Fault> {
    if values == 1 || values == channels {
        return Ok(());
    }
    let fault = Fault::new(format!(
        "`mean` and `std` are for {values} channels, the {what} has {channels}"
    ));
    Err(fault.hint("put `convert_color` before it, so that every image has the same channels"))
}

fn as_float32(before: &Kind) -> Result<Kind, Fault> {
    match before {
        Kind::Image { channels, .. } => {
            Ok(Kind::Image { samples: Some(SampleType::Float32), channels: *channels })
        }
        Kind::Tensor { layout, .. } => {
            Ok(Kind::Tensor { dtype: Some(Dtype::Float32), layout: *layout })
        }
        Kind::Audio { .. } => Ok(before.clone()),
        other => Err(other.refusal("an image, a sound or a tensor")),
    }
}

/// Refuses an image that would be too large in float32.
fn check_float_size(image: &Image, limits: &Limits) -> Result<(), Fault> {
    check_size((image.height, image.width), image.channels.count() * 4, limits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Storage};

    const BEFORE: Kind =
        Kind::Image { samples: Some(SampleType::Uint8), channels: Some(Channels::Rgb) };

    #[test]
    fn the_three_arithmetics() {
        let scale = 1.0 / 255.0;
        // 255 levels in each arithmetic; NumPy gives the same for these three.
        let cases = [
            (RescaleArithmetic::F64Mul, 77.0, 0.301_960_8_f32),
            (RescaleArithmetic::F32Mul, 77.0, 77.0_f32 * (1.0_f32 / 255.0)),
            (RescaleArithmetic::F32Div, 77.0, 77.0_f32 / 255.0),
        ];
        for (arithmetic, x, expected) in cases {
            let params = Rescale { scale, offset: 0.0, arithmetic };
            assert_eq!(rescaled(&params)(x).to_bits(), expected.to_bits(), "{arithmetic}");
        }
    }

    #[test]
    fn integers_are_rounded_once() {
        // 2^60 + 2^36 + 1 is nearer to 2^60 + 2^37, as numpy.float32 says; rounded to
        // float64 first, it is half-way and goes to 2^60.
        const TRICKY: u64 = (1 << 60) + (1 << 36) + 1;
        let expected = TensorData::Float32(vec![1_152_921_642_045_800_448.0]);
        let limits = Limits::default();
        let normalized = Normalize { mean: vec![0.0], std: vec![1.0], axis: None };
        for data in
            [TensorData::Int64(vec![TRICKY.cast_signed()]), TensorData::Uint64(vec![TRICKY])]
        {
            let tensor = Value::Tensor(Tensor::reshaped(vec![1], data));
            let value = normalize(&normalized, &Kind::TENSOR, tensor.clone(), &limits);
            let result = value.and_then(Value::into_tensor).expect("a number");
            assert_eq!(result.data(), &expected);
            for arithmetic in [RescaleArithmetic::F32Mul, RescaleArithmetic::F32Div] {
                let params = Rescale { scale: 1.0, offset: 0.0, arithmetic };
                let value = rescale(&params, tensor.clone(), &limits);
                let result = value.and_then(Value::into_tensor).expect("a number");
                assert_eq!(result.data(), &expected, "{arithmetic}");
            }
        }
    }

    #[test]
    fn channels_wherever_they_are() {
        let params = Normalize { mean: vec![1.0, 2.0], std: vec![2.0, 4.0], axis: None };
        let elements = TensorData::Float32(vec![1.0, 3.0, 2.0, 10.0]);
        let tensor = Tensor::new(vec![2, 1, 2], elements).expect("four elements");
        let cases =
            [(AxisLayout::Chw, [0.0, 1.0, 0.0, 2.0]), (AxisLayout::Hwc, [0.0, 0.25, 0.5, 2.0])];
        for (layout, expected) in cases {
            let before = Kind::Tensor { dtype: None, layout: Some(layout) };
            let value =
                normalize(&params, &before, Value::Tensor(tensor.clone()), &Limits::default());
            let result = value.and_then(Value::into_tensor).expect("two channels");
            assert_eq!(result.data(), &TensorData::Float32(expected.to_vec()), "{layout}");
        }
    }

    #[test]
    fn counts_must_agree() {
        let of = |mean: usize, std: usize| Normalize {
            mean: vec![0.0; mean],
            std: vec![1.0; std],
            axis: None,
        };
        let cases = [
            (of(2, 3), "`mean` has 2 values, `std` has 3"),
            (of(1, 0), "`mean` and `std` must not be empty"),
            (of(4, 4), "`mean` and `std` are for 4 channels, the image has 3"),
            (Normalize { mean: vec![0.0], std: vec![0.0], axis: None }, "`std` has a zero"),
        ];
        for (params, message) in cases {
            assert_eq!(check_normalize(&params, &BEFORE).expect_err(message).message, message);
        }
        assert!(check_normalize(&of(3, 1), &BEFORE).is_ok());
        let image = Image {
            height: 1,
            width: 1,
            channels: Channels::L,
            storage: Storage::Direct,
            samples: Samples::Uint8(vec![9]),
        };
        let fault = normalize(&of(3, 3), &BEFORE, Value::Image(image), &Limits::default());
        assert_eq!(
            fault.expect_err("one channel").message,
            "`mean` and `std` are for 3 channels, the image has 1"
        );
    }
}
