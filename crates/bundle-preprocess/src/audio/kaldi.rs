//! `kaldi_fbank`: Kaldi's log mel filter bank.
//!
//! As torchaudio `compliance.kaldi.fbank` with `dither = 0` and `use_energy = False`: frames
//! without their mean, pre-emphasised, windowed, padded to a power of two, transformed; mel
//! triangles over the power; the logarithm of at least the epsilon of float32.

use bundle_manifest::{KaldiFbank, Mel, MelNorm, MelScale};

use super::{
    check_elements,
    fourier::{Buffers, Fourier},
    mel::filters,
    window,
};
use crate::{Audio, Limits, Tensor, TensorData, error::Fault, kind::Kind};

/// Takes a sound; gives a tensor of frames × mels.
pub(crate) fn check(params: &KaldiFbank, before: &Kind) -> Result<Kind, Fault> {
    if before.audio()?.is_none() {
        let fault = Fault::new("nothing says the sampling rate of the sound");
        return Err(
            fault.hint("add `sampling_rate` to `decode_audio`, or put `resample` behind it")
        );
    }
    if params.frame_length < 2 || params.frame_shift == 0 || params.n_mels == 0 {
        return Err(Fault::new("`frame_length`, `frame_shift` or `n_mels` is too small"));
    }
    if params.frame_length > 1 << 16 || params.n_mels > 4096 {
        return Err(Fault::new("`frame_length` or `n_mels` is too large"));
    }
    Ok(super::stft::SPECTRUM)
}

/// Computes the filter bank.
pub(crate) fn kaldi_fbank(
    params: &KaldiFbank,
    audio: &Audio,
    limits: &Limits,
) -> Result<Tensor, Fault> {
    let length = params.frame_length as usize;
    let n_fft = length.next_power_of_two();
    let nyquist = f64::from(audio.sampling_rate) / 2.0;
    let f_max = if params.f_max <= 0.0 { nyquist + params.f_max } else { params.f_max };
    if params.f_min < 0.0 || f_max <= params.f_min || f_max > nyquist {
        return Err(Fault::new(format!(
            "frequencies rise from 0 to {nyquist}, and these are {} and {f_max}",
            params.f_min
        )));
    }
    let starts = starts(params, audio.samples.len());
    let count = params.n_mels as usize;
    check_elements(starts.len().checked_mul(count.max(n_fft / 2)), "spectral values", limits)?;
    let bank = Mel {
        n_mels: params.n_mels,
        f_min: params.f_min,
        f_max,
        scale: MelScale::Kaldi,
        norm: MelNorm::None,
    };
    // The last frequency, Nyquist's, is left out.
    let filters = filters(&bank, audio.sampling_rate, n_fft / 2 + 1);
    let window = window(params.window, length, false);
    let fourier = Fourier::new(n_fft).ok_or_else(|| Fault::new("`frame_length` is too large"))?;
    let mut buffers = Buffers::default();
    let mut result = Vec::with_capacity(starts.len() * count);
    let mut frame = vec![0.0; n_fft];
    for start in starts {
        read_frame(&audio.samples, start, &mut frame[..length]);
        prepare(params, &window, &mut frame[..length]);
        fourier.real(&frame, &mut buffers);
        let power: Vec<f64> = buffers.output.iter().map(|(re, im)| re * re + im * im).collect();
        result.extend(filters.iter().map(|(start, weights)| {
            let bins = power[..n_fft / 2].iter().skip(*start);
            let sum: f64 = bins.zip(weights).map(|(power, weight)| power * weight).sum();
            libm::log(sum.max(f64::from(f32::EPSILON)))
        }));
    }
    let frames = result.len() / count;
    Ok(Tensor::reshaped(vec![frames, count], TensorData::Float64(result)))
}

/// Where each frame starts; without `snip_edges`, also before the first sample.
#[expect(clippy::cast_possible_wrap, reason = "lengths of sounds are far below 2^63")]
fn starts(params: &KaldiFbank, samples: usize) -> Vec<isize> {
    let (length, shift) = (params.frame_length as usize, params.frame_shift as usize);
    if params.snip_edges {
        let count = samples.checked_sub(length).map_or(0, |past| past / shift + 1);
        return (0..count).map(|index| (index * shift) as isize).collect();
    }
    let count = (samples + shift / 2) / shift;
    let first = shift as isize / 2 - length as isize / 2;
    (0..count).map(|index| first + (index * shift) as isize).collect()
}

/// The samples of a frame; beyond the ends the signal is mirrored, with its end samples.
#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "indices are brought into the signal"
)]
fn read_frame(samples: &[f32], start: isize, frame: &mut [f64]) {
    let count = samples.len() as isize;
    for (offset, value) in frame.iter_mut().enumerate() {
        let mut index = start + offset as isize;
        while index < 0 || index >= count {
            index = if index < 0 { -index - 1 } else { 2 * count - 1 - index };
        }
        *value = f64::from(samples[index as usize]);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a frame has few samples")]
fn prepare(params: &KaldiFbank, window: &[f64], frame: &mut [f64]) {
    if params.remove_dc_offset {
        let mean = frame.iter().sum::<f64>() / frame.len() as f64;
        for sample in frame.iter_mut() {
            *sample -= mean;
        }
    }
    let mut before = frame[0];
    for sample in frame.iter_mut() {
        let own = *sample;
        *sample = own - params.preemphasis * before;
        before = own;
    }
    for (sample, weight) in frame.iter_mut().zip(window) {
        *sample *= weight;
    }
}
