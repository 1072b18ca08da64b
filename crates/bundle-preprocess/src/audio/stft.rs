//! `stft`: the short-time Fourier transform.
//!
//! As librosa `stft` and transformers `spectrogram`: frames of `n_fft` samples every
//! `hop_length`, times the window in their middle, transformed, as magnitudes to a power.

use bundle_manifest::{Dtype, EdgePadding, Stft};

use super::{
    check_elements,
    fourier::{Buffers, Fourier},
    window,
};
use crate::{Audio, Limits, Tensor, TensorData, error::Fault, kind::Kind};

/// Samples of a transform.
const MAX_N_FFT: u32 = 1 << 17;

/// Takes a sound; gives a tensor of frequencies × frames.
pub(crate) fn check(params: &Stft, before: &Kind) -> Result<Kind, Fault> {
    let sampling_rate = before.audio()?;
    let Stft { n_fft, win_length, hop_length, power, .. } = params;
    if *n_fft == 0 || *win_length == 0 || *hop_length == 0 {
        return Err(Fault::new("`n_fft`, `win_length` or `hop_length` is 0"));
    }
    if *n_fft > MAX_N_FFT || win_length > n_fft {
        return Err(Fault::new(format!(
            "`win_length` is at most `n_fft`, which is at most {MAX_N_FFT}; they are {win_length} and {n_fft}"
        )));
    }
    if *power <= 0.0 {
        return Err(Fault::new("`power` must be positive"));
    }
    if params.center && params.pad_mode.is_none() {
        let fault = Fault::new("`center` needs a `pad_mode`");
        return Err(fault.hint("`\"reflect\"` is what torch and Whisper do, `\"zeros\"` librosa"));
    }
    if Fourier::new(*n_fft as usize).is_none() {
        return Err(Fault::new(format!("`n_fft = {n_fft}` has too large a prime factor")));
    }
    Ok(Kind::Spectrum { sampling_rate, n_fft: Some(*n_fft) })
}

/// Transforms a sound.
pub(crate) fn stft(params: &Stft, audio: &Audio, limits: &Limits) -> Result<Tensor, Fault> {
    let (n_fft, hop) = (params.n_fft as usize, params.hop_length as usize);
    let signal = padded(params, &audio.samples, limits)?;
    let Some(past) = signal.len().checked_sub(n_fft) else {
        return Err(Fault::new(format!(
            "a sound of {} samples has no frame of {n_fft}",
            audio.samples.len()
        )));
    };
    let (frames, bins) = (past / hop + 1, n_fft / 2 + 1);
    check_elements(frames.checked_mul(bins), "spectral values", limits)?;
    let window = centred(params);
    let fourier = Fourier::new(n_fft).ok_or_else(|| Fault::new("`n_fft` is not supported"))?;
    let mut buffers = Buffers::default();
    let mut result = vec![0.0; bins * frames];
    let mut frame = vec![0.0; n_fft];
    for index in 0..frames {
        let samples = &signal[index * hop..index * hop + n_fft];
        for (value, (sample, weight)) in frame.iter_mut().zip(samples.iter().zip(&window)) {
            *value = sample * weight;
        }
        fourier.real(&frame, &mut buffers);
        for (bin, (real, imaginary)) in buffers.output.iter().enumerate() {
            let square = real * real + imaginary * imaginary;
            result[bin * frames + index] = powered(square, params.power);
        }
    }
    Ok(Tensor::reshaped(vec![bins, frames], TensorData::Float64(result)))
}

/// `sqrt(square)` to a power.
pub(super) fn powered(square: f64, power: f64) -> f64 {
    match power {
        power if (power - 2.0).abs() < f64::EPSILON => square,
        power if (power - 1.0).abs() < f64::EPSILON => libm::sqrt(square),
        power => libm::pow(square, power / 2.0),
    }
}

/// The signal with what lies beyond its ends.
fn padded(params: &Stft, samples: &[f32], limits: &Limits) -> Result<Vec<f64>, Fault> {
    let half = params.n_fft as usize / 2;
    let wide = || samples.iter().copied().map(f64::from);
    let (true, Some(mode)) = (params.center, params.pad_mode) else {
        return Ok(wide().collect());
    };
    check_elements(samples.len().checked_add(2 * half), "samples", limits)?;
    let mut signal = Vec::with_capacity(samples.len() + 2 * half);
    match mode {
        EdgePadding::Zeros => {
            signal.resize(half, 0.0);
            signal.extend(wide());
            signal.resize(samples.len() + 2 * half, 0.0);
        }
        EdgePadding::Reflect if samples.len() <= half => {
            let fault = Fault::new(format!(
                "a sound of {} samples cannot be mirrored by {half}",
                samples.len()
            ));
            return Err(fault.hint("put `pad_or_trim` before it"));
        }
        EdgePadding::Reflect => {
            signal.extend(samples[1..=half].iter().rev().copied().map(f64::from));
            signal.extend(wide());
            let tail = &samples[samples.len() - half - 1..samples.len() - 1];
            signal.extend(tail.iter().rev().copied().map(f64::from));
        }
    }
    Ok(signal)
}

/// The window in the middle of `n_fft` zeros.
fn centred(params: &Stft) -> Vec<f64> {
    let (n_fft, length) = (params.n_fft as usize, params.win_length as usize);
    let mut result = vec![0.0; n_fft];
    let start = (n_fft - length) / 2;
    let values = window(params.window, length, params.periodic);
    result[start..start + length].copy_from_slice(&values);
    result
}

/// A spectrum as the tensor that any other step takes.
pub(crate) const SPECTRUM: Kind = Kind::Tensor { dtype: Some(Dtype::Float64), layout: None };
