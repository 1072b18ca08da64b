//! Sound: decoded, resampled, made of a length, and turned into spectra.
//!
//! Everything is computed in float64 and rounded once: `stft`, `mel`, `log` and `kaldi_fbank`
//! give float64, which a last `ensure_dtype` rounds. Sines, exponentials and logarithms come
//! from `libm`, and the transform is ours, so that every machine gives the same bits.
//!
//! | operation | formula from | guarantee |
//! |---|---|---|
//! | `decode_audio` | soundfile | exact |
//! | `pad_or_trim`, `drop_last_frame` | NumPy | exact |
//! | `resample` | torchaudio `sinc_interp_hann` | abs ≤ 1e-6 |
//! | `preemphasis` | librosa, transformers | ulp |
//! | `stft`, `mel`, `log` | librosa, transformers `audio_utils` | near: relative to the largest value |
//! | `kaldi_fbank` | torchaudio `compliance.kaldi.fbank` | near |
//!
//! Proven by the group `audio` of `tests/it/vectors.rs`.

mod decode;
mod fourier;
mod kaldi;
mod mel;
mod signal;
mod stft;

pub(crate) use decode::{check as check_decode, decode};
pub(crate) use kaldi::{check as check_kaldi_fbank, kaldi_fbank};
pub(crate) use mel::{check as check_mel, check_log, log, mel};
pub(crate) use signal::{
    check_drop_last_frame, check_pad_or_trim, check_preemphasis, check_resample, drop_last_frame,
    pad_or_trim, preemphasis, resample,
};
pub(crate) use stft::{check as check_stft, stft};

use bundle_manifest::WindowFunction;

use crate::{Limits, error::Fault};

/// The window of `length` samples; a periodic one is the start of one that is longer by one.
#[expect(clippy::cast_precision_loss, reason = "a window has few samples")]
fn window(function: WindowFunction, length: usize, periodic: bool) -> Vec<f64> {
    let turns = if periodic { length } else { length - length.min(1) };
    let cosine = |index: usize| {
        let turn = 2.0 * std::f64::consts::PI * index as f64 / turns.max(1) as f64;
        libm::cos(turn)
    };
    let value = |index: usize| match function {
        WindowFunction::Hann => 0.5 - 0.5 * cosine(index),
        WindowFunction::Hamming => 0.54 - 0.46 * cosine(index),
        WindowFunction::Povey => libm::pow(0.5 - 0.5 * cosine(index), 0.85),
        WindowFunction::Rectangular => 1.0,
    };
    (0..length).map(value).collect()
}

/// Refuses more samples or spectral values than the limits allow.
fn check_elements(count: Option<usize>, what: &str, limits: &Limits) -> Result<(), Fault> {
    match count {
        Some(count) if count <= limits.samples => Ok(()),
        _ => Err(Fault::new(format!("more {what} than the limit of {}", limits.samples))),
    }
}
