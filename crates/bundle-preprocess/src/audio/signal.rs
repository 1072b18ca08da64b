//! Steps on a signal: its rate, its length, its slope.

use bundle_manifest::{PadMode, PadOrTrim, Preemphasis, Resample, Side};

use super::check_elements;
use crate::{
    Audio, Limits, Tensor, TensorData, Value, error::Fault, kind::Kind, layout::axis_index,
};

/// Takes a sound; gives one at another rate.
pub(crate) fn check_resample(params: &Resample, before: &Kind) -> Result<Kind, Fault> {
    before.audio()?;
    if params.sampling_rate == 0 || params.lowpass_filter_width == 0 {
        return Err(Fault::new("`sampling_rate` or `lowpass_filter_width` is 0"));
    }
    if params.lowpass_filter_width > 1024 || !(params.rolloff > 0.0 && params.rolloff <= 1.0) {
        return Err(Fault::new("`lowpass_filter_width` is at most 1024, `rolloff` from 0 to 1"));
    }
    Ok(Kind::Audio { sampling_rate: Some(params.sampling_rate) })
}

/// A Hann-windowed sinc, as torchaudio `functional.resample` with `sinc_interp_hann`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "lengths of sounds are far below 2^53; samples are rounded to float32 once"
)]
pub(crate) fn resample(params: &Resample, audio: Audio, limits: &Limits) -> Result<Audio, Fault> {
    let (from, to) = (audio.sampling_rate, params.sampling_rate);
    if from == to {
        return Ok(audio);
    }
    let divisor = gcd(from, to);
    let (old, new) = ((from / divisor) as usize, (to / divisor) as usize);
    let base = old.min(new) as f64 * params.rolloff;
    let width = libm::ceil(f64::from(params.lowpass_filter_width) * old as f64 / base) as usize;
    let taps = 2 * width + old;
    check_elements(taps.checked_mul(new), "filter taps", limits)?;
    let length = audio.samples.len();
    let target = (new as u128 * length as u128).div_ceil(old as u128);
    check_elements(usize::try_from(target).ok(), "samples", limits)?;
    let target = target as usize;
    let kernels: Vec<Vec<f64>> =
        (0..new).map(|phase| kernel(params, (old, new), (width, base), phase)).collect();
    let sample = |index: usize| {
        let (block, kernel) = (index / new * old, &kernels[index % new]);
        // The signal starts `width` zeros in.
        let first = width.saturating_sub(block);
        let start = (block + first).saturating_sub(width);
        let samples = audio.samples.get(start..).unwrap_or_default();
        let sum: f64 =
            kernel[first..].iter().zip(samples).map(|(tap, x)| tap * f64::from(*x)).sum();
        sum as f32
    };
    let samples = (0..target).map(sample).collect();
    Ok(Audio { sampling_rate: to, samples })
}

/// The taps of one phase.
#[expect(clippy::cast_precision_loss, reason = "a few taps")]
fn kernel(
    params: &Resample,
    (old, new): (usize, usize),
    (width, base): (usize, f64),
    phase: usize,
) -> Vec<f64> {
    let zeros = f64::from(params.lowpass_filter_width);
    let scale = base / old as f64;
    let tap = |index: usize| {
        let place = (index as f64 - width as f64) / old as f64;
        let time = (place - phase as f64 / new as f64) * base;
        let time = time.clamp(-zeros, zeros);
        let cosine = libm::cos(time * std::f64::consts::PI / zeros / 2.0);
        let turn = time * std::f64::consts::PI;
        let sinc = if turn == 0.0 { 1.0 } else { libm::sin(turn) / turn };
        sinc * cosine * cosine * scale
    };
    (0..2 * width + old).map(tap).collect()
}

const fn gcd(left: u32, right: u32) -> u32 {
    if right == 0 { left } else { gcd(right, left % right) }
}

/// Takes a sound or a tensor; gives the same.
pub(crate) fn check_pad_or_trim(params: &PadOrTrim, before: &Kind) -> Result<Kind, Fault> {
    if params.length == 0 {
        return Err(Fault::new("`length` is 0"));
    }
    match before {
        Kind::Audio { .. } => Ok(before.clone()),
        Kind::Spectrum { .. } => Ok(super::stft::SPECTRUM),
        _ => before.tensor().map(|(dtype, _)| Kind::Tensor { dtype, layout: None }),
    }
}

/// Makes a signal a given length.
pub(crate) fn pad_or_trim(
    params: &PadOrTrim,
    value: Value,
    limits: &Limits,
) -> Result<Value, Fault> {
    match value {
        Value::Audio(audio) => {
            check_elements(Some(params.length as usize), "samples", limits)?;
            let plan = Plan::of(params, audio.samples.len());
            let data = plan.apply(TensorData::Float32(audio.samples), 1, 1, params.value)?;
            match data {
                TensorData::Float32(samples) => Ok(Value::Audio(Audio { samples, ..audio })),
                _ => Err(Fault::new("takes a sound")),
            }
        }
        Value::Tensor(tensor) => {
            let mut shape = tensor.shape().to_vec();
            let axis = axis_index(params.axis, shape.len())?;
            let plan = Plan::of(params, shape[axis]);
            let outer: usize = shape[..axis].iter().product();
            let inner: usize = shape[axis + 1..].iter().product();
            let count = outer.checked_mul(inner).and_then(|rest| rest.checked_mul(plan.length));
            check_elements(count, "elements", limits)?;
            shape[axis] = plan.length;
            let data = plan.apply(tensor.into_data(), outer, inner, params.value)?;
            Ok(Value::Tensor(Tensor::reshaped(shape, data)))
        }
        other => Err(other.refusal("a sound or a tensor")),
    }
}

/// Where each element along the axis comes from.
struct Plan {
    from: usize,
    length: usize,
    /// Elements that are the signal's, again and again; the rest is filled.
    covered: usize,
    side: Side,
}

impl Plan {
    fn of(params: &PadOrTrim, from: usize) -> Self {
        let wanted = params.length as usize;
        let length = if params.trim { wanted } else { wanted.max(from) };
        let covered = match params.mode {
            _ if from == 0 => 0,
            PadMode::Constant => from.min(length),
            PadMode::Repeat => length,
            PadMode::RepeatPad => (length / from).max(1).saturating_mul(from).min(length),
        };
        Self { from, length, covered, side: params.side }
    }

    fn source(&self, index: usize) -> Option<usize> {
        if self.from == 0 {
            return None;
        }
        match self.side {
            Side::Right => (index < self.covered).then(|| index % self.from),
            Side::Left => {
                let back = self.length - 1 - index;
                (back < self.covered).then(|| self.from - 1 - back % self.from)
            }
        }
    }

    fn apply(
        &self,
        data: TensorData,
        outer: usize,
        inner: usize,
        fill: f64,
    ) -> Result<TensorData, Fault> {
        let wanted = data.dtype();
        let filler = Tensor::reshaped(vec![1], TensorData::Float64(vec![fill]));
        let filler = filler.cast(wanted).map_err(|error| Fault::new(error.to_string()))?;
        let count = outer * self.length * inner;
        let data = data.gathered_or(&filler.into_data(), count, |index| {
            let (block, rest) = (index / (self.length * inner), index % (self.length * inner));
            let along = self.source(rest / inner)?;
            Some((block * self.from + along) * inner + rest % inner)
        });
        data.ok_or_else(|| Fault::new("cannot be filled"))
    }
}

/// Takes a sound; gives one.
pub(crate) fn check_preemphasis(before: &Kind) -> Result<Kind, Fault> {
    before.audio()?;
    Ok(before.clone())
}

/// `y[t] = x[t] - coefficient * x[t - 1]`, in float64, rounded once.
#[expect(clippy::cast_possible_truncation, reason = "rounded to float32 once")]
pub(crate) fn preemphasis(params: &Preemphasis, mut audio: Audio) -> Audio {
    let mut before = None;
    for sample in &mut audio.samples {
        let own = f64::from(*sample);
        if let Some(before) = before {
            *sample = (own - params.coefficient * before) as f32;
        }
        before = Some(own);
    }
    audio
}

/// Takes a tensor; gives one.
pub(crate) fn check_drop_last_frame(before: &Kind) -> Result<Kind, Fault> {
    match before {
        Kind::Spectrum { .. } => Ok(before.clone()),
        _ => before.tensor().map(|(dtype, _)| Kind::Tensor { dtype, layout: None }),
    }
}

/// Leaves out the last element of the last axis.
pub(crate) fn drop_last_frame(tensor: Tensor) -> Result<Tensor, Fault> {
    let mut shape = tensor.shape().to_vec();
    let Some(last) = shape.last_mut().filter(|last| **last > 0) else {
        return Err(Fault::new("there is no last frame"));
    };
    let before = *last;
    *last -= 1;
    let left = *last;
    let count = shape.iter().product();
    let data = tensor
        .into_data()
        .gathered(count, |index| Some(index / left.max(1) * before + index % left.max(1)));
    Ok(Tensor::reshaped(shape, data))
}
