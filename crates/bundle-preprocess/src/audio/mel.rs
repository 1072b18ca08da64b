//! `mel` and `log`: filter banks on the scale of hearing, and their logarithms.
//!
//! Formulas: librosa `filters.mel` (Slaney's Auditory Toolbox), HTK, Kaldi `MelBanks`;
//! librosa `power_to_db`, Whisper `log_mel_spectrogram`.

use bundle_manifest::{Log, LogBase, Mel, MelNorm, MelScale};

use crate::{Tensor, TensorData, Value, error::Fault, kind::Kind};

/// Takes what `stft` gives; gives a tensor of mels × frames.
pub(crate) fn check(params: &Mel, before: &Kind) -> Result<Kind, Fault> {
    let Kind::Spectrum { sampling_rate, n_fft: Some(_) } = before else {
        return Err(before
            .refusal("the frequencies of a sound")
            .hint("put `stft` straight before it"));
    };
    if sampling_rate.is_none() {
        let fault = Fault::new("nothing says the sampling rate of the sound");
        return Err(
            fault.hint("add `sampling_rate` to `decode_audio`, or put `resample` behind it")
        );
    }
    if params.n_mels == 0 || params.n_mels > 4096 {
        return Err(Fault::new(format!(
            "`n_mels` is {}, and must be from 1 to 4096",
            params.n_mels
        )));
    }
    if params.f_min < 0.0 || params.f_max <= params.f_min {
        return Err(Fault::new(format!(
            "frequencies rise from 0, and these are {} and {}",
            params.f_min, params.f_max
        )));
    }
    Ok(super::stft::SPECTRUM)
}

/// Sums the frequencies under each filter.
pub(crate) fn mel(params: &Mel, before: &Kind, spectrum: &Tensor) -> Result<Tensor, Fault> {
    let (&[bins, frames], TensorData::Float64(values)) = (spectrum.shape(), spectrum.data()) else {
        return Err(Fault::new("takes frequencies × frames in float64"));
    };
    let (sampling_rate, n_fft) = match before {
        Kind::Spectrum { sampling_rate: Some(rate), n_fft: Some(n_fft) } => (*rate, *n_fft),
        _ => return Err(Fault::new("nothing says the sampling rate of the sound")),
    };
    if bins != n_fft as usize / 2 + 1 {
        return Err(Fault::new(format!("takes {} frequencies, got {bins}", n_fft / 2 + 1)));
    }
    let mut result = Vec::with_capacity(params.n_mels as usize * frames);
    let mut row = vec![0.0; frames];
    for (start, weights) in filters(params, sampling_rate, bins) {
        row.fill(0.0);
        for (bin, weight) in (start..).zip(&weights) {
            let values = &values[bin * frames..(bin + 1) * frames];
            for (sum, value) in row.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
        result.extend_from_slice(&row);
    }
    let shape = vec![params.n_mels as usize, frames];
    Ok(Tensor::reshaped(shape, TensorData::Float64(result)))
}

/// Triangles: the first frequency of each, and its weights.
pub(super) fn filters(params: &Mel, sampling_rate: u32, bins: usize) -> Vec<(usize, Vec<f64>)> {
    let scale = params.scale;
    let count = params.n_mels as usize;
    let (low, high) = (to_mel(scale, params.f_min), to_mel(scale, params.f_max));
    let nyquist = f64::from(sampling_rate) / 2.0;
    let points: Vec<f64> =
        (0..count + 2).map(|index| spaced(low, high, index, count + 1)).collect();
    let hertz: Vec<f64> = points.iter().map(|mel| to_hertz(scale, *mel)).collect();
    let bin_hertz: Vec<f64> = (0..bins).map(|bin| spaced(0.0, nyquist, bin, bins - 1)).collect();
    // Kaldi's triangles are straight in mels, the others in hertz.
    let (corners, places): (&[f64], Vec<f64>) = match scale {
        MelScale::Kaldi => (&points, bin_hertz.iter().map(|hertz| to_mel(scale, *hertz)).collect()),
        MelScale::Slaney | MelScale::Htk => (&hertz, bin_hertz),
    };
    let filter = |index: usize| {
        let [left, middle, right] = [0, 1, 2].map(|next| corners[index + next]);
        let norm = match params.norm {
            MelNorm::Slaney => 2.0 / (hertz[index + 2] - hertz[index]),
            MelNorm::None => 1.0,
        };
        let weight = |place: f64| {
            let (up, down) = ((place - left) / (middle - left), (right - place) / (right - middle));
            up.min(down).max(0.0) * norm
        };
        let inside = |place: &f64| *place > left && *place < right;
        let start = places.iter().position(inside).unwrap_or(0);
        let weights = places[start..].iter().take_while(|place| inside(place)).map(|p| weight(*p));
        (start, weights.collect())
    };
    (0..count).map(filter).collect()
}

/// Point `index` of `last + 1` evenly spaced ones, as `numpy.linspace`.
#[expect(clippy::cast_precision_loss, reason = "a number of filters or frequencies")]
fn spaced(low: f64, high: f64, index: usize, last: usize) -> f64 {
    if index == last {
        return high;
    }
    index as f64 * ((high - low) / last.max(1) as f64) + low
}

/// Where Slaney's scale turns from linear to logarithmic.
const BREAK_HERTZ: f64 = 1000.0;
const BREAK_MEL: f64 = 15.0;
/// Mels a unit of the natural logarithm above the break.
const LOG_STEP: f64 = 27.0;

pub(super) fn to_mel(scale: MelScale, hertz: f64) -> f64 {
    match scale {
        MelScale::Slaney if hertz >= BREAK_HERTZ => {
            BREAK_MEL + libm::log(hertz / BREAK_HERTZ) * (LOG_STEP / libm::log(6.4))
        }
        MelScale::Slaney => 3.0 * hertz / 200.0,
        MelScale::Htk => 2595.0 * libm::log10(1.0 + hertz / 700.0),
        MelScale::Kaldi => 1127.0 * libm::log(1.0 + hertz / 700.0),
    }
}

fn to_hertz(scale: MelScale, mel: f64) -> f64 {
    match scale {
        MelScale::Slaney if mel >= BREAK_MEL => {
            BREAK_HERTZ * libm::exp((libm::log(6.4) / LOG_STEP) * (mel - BREAK_MEL))
        }
        MelScale::Slaney => 200.0 * mel / 3.0,
        MelScale::Htk => 700.0 * (libm::pow(10.0, mel / 2595.0) - 1.0),
        MelScale::Kaldi => 700.0 * (libm::exp(mel / 1127.0) - 1.0),
    }
}

/// Takes numbers; gives float64.
pub(crate) fn check_log(params: &Log, before: &Kind) -> Result<Kind, Fault> {
    if params.floor < 0.0 || params.dynamic_range.is_some_and(|range| range < 0.0) {
        return Err(Fault::new("`floor` or `dynamic_range` is negative"));
    }
    match before {
        Kind::Spectrum { .. } => Ok(before.clone()),
        _ => before.tensor().map(|_| super::stft::SPECTRUM),
    }
}

/// `log(max(x + offset, floor))`, then at most `dynamic_range` below the largest.
pub(crate) fn log(params: &Log, value: Value) -> Result<Tensor, Fault> {
    let tensor = value.into_tensor()?;
    let shape = tensor.shape().to_vec();
    let mut values = tensor.to_f64s();
    for (index, x) in values.iter_mut().enumerate() {
        let raised = (*x + params.offset).max(params.floor);
        *x = match params.base {
            LogBase::E => libm::log(raised),
            LogBase::Ten => libm::log10(raised),
            LogBase::Decibel => 10.0 * libm::log10(raised),
            LogBase::OnePlus => libm::log1p(raised),
        };
        if !x.is_finite() {
            let fault = Fault::new(format!("element {index} is {raised}, which has no logarithm"));
            return Err(fault.hint("give `floor` the value that the training used"));
        }
    }
    if let (Some(range), Some(largest)) =
        (params.dynamic_range, values.iter().copied().reduce(f64::max))
    {
        for x in &mut values {
            *x = x.max(largest - range);
        }
    }
    Ok(Tensor::reshaped(shape, TensorData::Float64(values)))
}
