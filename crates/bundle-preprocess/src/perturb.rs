//! Inputs changed a little, as the world changes them: to see how far an answer holds.
//!
//! A file is decoded by the pipeline's own first step, changed, and written again as a PNG or WAV
//! file that the pipeline takes like any other. Nothing is random but by a seed.
//!
//! | kind | of | strength | what |
//! |---|---|---|---|
//! | `rotate` | image | degrees, clockwise | about the middle, bilinear, edges repeated |
//! | `shift` | image | % of the width, to the right | edges repeated |
//! | `crop` | image | % cut off each side | scaled to the size before, bilinear |
//! | `blur` | image | standard deviation in pixels | Gaussian, to three deviations |
//! | `noise` | image | standard deviation of 0…255 | Gaussian, independent for each sample |
//! | `brightness` | image | factor | of every sample |
//! | `contrast` | image | factor | about the picture's mean |
//! | `jpeg` | image | quality, 100 to 1 | baseline JPEG, 4:2:0 |
//! | `gain` | audio | decibels | cut at full scale |
//! | `hiss` | audio | signal to noise in decibels | white Gaussian noise |
//! | `word_deletion` | text | % of the words | chosen at random |

mod picture;
mod random;

use bundle_manifest::{InputKind, Step};
use random::Random;

use crate::{InputPipeline, InputSource, StepError, Value, error::Fault};

/// A way in which an input is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Perturbation {
    /// Turned about its middle.
    Rotate,
    /// Moved sideways.
    Shift,
    /// Cut on all sides.
    Crop,
    /// Out of focus.
    Blur,
    /// With noise in every sample.
    Noise,
    /// Lighter or darker.
    Brightness,
    /// With more or less contrast.
    Contrast,
    /// Compressed.
    Jpeg,
    /// Louder or softer.
    Gain,
    /// With white noise.
    Hiss,
    /// With words left out.
    WordDeletion,
}

impl Perturbation {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Rotate,
        Self::Shift,
        Self::Crop,
        Self::Blur,
        Self::Noise,
        Self::Brightness,
        Self::Contrast,
        Self::Jpeg,
        Self::Gain,
        Self::Hiss,
        Self::WordDeletion,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rotate => "rotate",
            Self::Shift => "shift",
            Self::Crop => "crop",
            Self::Blur => "blur",
            Self::Noise => "noise",
            Self::Brightness => "brightness",
            Self::Contrast => "contrast",
            Self::Jpeg => "jpeg",
            Self::Gain => "gain",
            Self::Hiss => "hiss",
            Self::WordDeletion => "word_deletion",
        }
    }

    /// The kind of input that it changes.
    pub const fn applies_to(self) -> InputKind {
        match self {
            Self::Gain | Self::Hiss => InputKind::Audio,
            Self::WordDeletion => InputKind::Text,
            _ => InputKind::Image,
        }
    }

    /// Strengths that are worth trying, from the weakest to the strongest.
    pub const fn levels(self) -> &'static [f64] {
        match self {
            Self::Rotate => &[2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0],
            Self::Shift | Self::Crop => &[2.0, 5.0, 10.0, 15.0, 20.0, 30.0],
            Self::Blur => &[0.5, 1.0, 2.0, 3.0, 4.0, 6.0],
            Self::Noise => &[4.0, 8.0, 16.0, 32.0, 64.0],
            Self::Brightness => &[0.9, 0.75, 0.6, 0.45, 0.3],
            Self::Contrast => &[0.9, 0.7, 0.5, 0.3, 0.15],
            Self::Jpeg => &[90.0, 70.0, 50.0, 30.0, 15.0, 5.0],
            Self::Gain => &[-3.0, -6.0, -12.0, -20.0, -30.0],
            Self::Hiss => &[40.0, 30.0, 20.0, 10.0, 0.0],
            Self::WordDeletion => &[5.0, 10.0, 20.0, 30.0, 50.0],
        }
    }
}

impl InputPipeline {
    /// What can be done to what this input takes: of pictures and sounds where a step decodes
    /// them, and of text.
    pub fn perturbations(&self) -> Vec<Perturbation> {
        let kind = match self.steps().next() {
            Some(Step::DecodeImage(_)) => InputKind::Image,
            Some(Step::DecodeAudio(_)) => InputKind::Audio,
            _ if self.kind() == InputKind::Text => InputKind::Text,
            _ => return Vec::new(),
        };
        Perturbation::ALL.into_iter().filter(|one| one.applies_to() == kind).collect()
    }

    /// The picture with one square of a grid of `grid` × `grid` in its mean colour, for each
    /// square, row by row: which part of it does an answer rest on (Zeiler and Fergus 2014)?
    pub fn occlusions(
        &self,
        source: &InputSource,
        grid: usize,
    ) -> Result<impl Iterator<Item = Result<InputSource, StepError>>, StepError> {
        let Value::Image(image) = self.decoded(source)? else {
            return Err(Fault::new("is no picture").of(self.entry()));
        };
        Ok((0..grid * grid).map(move |cell| {
            let covered = picture::covered(&image, (cell / grid, cell % grid), grid);
            covered.map(InputSource::File).map_err(|fault| fault.of(self.entry()))
        }))
    }

    /// Changes what is given. The same source, strength and seed give the same bytes.
    pub fn perturb(
        &self,
        source: &InputSource,
        perturbation: Perturbation,
        strength: f64,
        seed: u64,
    ) -> Result<InputSource, StepError> {
        if !self.perturbations().contains(&perturbation) {
            let what = format!("`{}` does not apply to it", perturbation.as_str());
            return Err(Fault::new(what).of(self.entry()));
        }
        let changed = change(self.decoded(source)?, perturbation, strength, Random::new(seed));
        changed.map_err(|fault| fault.of(self.entry()))
    }
}

fn change(
    value: Value,
    perturbation: Perturbation,
    strength: f64,
    random: Random,
) -> Result<InputSource, Fault> {
    if !strength.is_finite() {
        return Err(Fault::new("the strength is not a number"));
    }
    match value {
        Value::Image(image) => {
            picture::change(&image, perturbation, strength, random).map(InputSource::File)
        }
        Value::Audio(audio) => {
            let samples = match perturbation {
                Perturbation::Hiss => hiss(&audio.samples, strength, random),
                _ => gain(&audio.samples, strength),
            };
            wav(&samples, audio.sampling_rate).map(InputSource::File)
        }
        Value::Text(text) => {
            Ok(InputSource::Json(serde_json::Value::String(fewer_words(&text, strength, random))))
        }
        _ => Err(Fault::new("is nothing that can be changed")),
    }
}

fn gain(samples: &[f32], decibels: f64) -> Vec<f32> {
    let factor = libm::pow(10.0, decibels / 20.0);
    samples.iter().map(|sample| full_scale(f64::from(*sample) * factor)).collect()
}

/// White noise as loud as the signal, less the ratio.
#[expect(clippy::cast_precision_loss, reason = "a mean")]
fn hiss(samples: &[f32], ratio: f64, mut random: Random) -> Vec<f32> {
    let power = samples.iter().map(|sample| f64::from(*sample) * f64::from(*sample)).sum::<f64>()
        / samples.len().max(1) as f64;
    let deviation = libm::sqrt(power / libm::pow(10.0, ratio / 10.0));
    let noisy = |sample: &f32| full_scale(f64::from(*sample) + deviation * random.normal());
    samples.iter().map(noisy).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "rounded once, within full scale")]
fn full_scale(sample: f64) -> f32 {
    sample.clamp(-1.0, 1.0) as f32
}

/// A WAV file of 32-bit floats, which holds the samples as they are.
fn wav(samples: &[f32], sampling_rate: u32) -> Result<Vec<u8>, Fault> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: sampling_rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let failed = |error: hound::Error| Fault::new(format!("cannot be written: {error}"));
    let mut file = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).map_err(failed)?;
    for sample in samples {
        writer.write_sample(*sample).map_err(failed)?;
    }
    writer.finalize().map_err(failed)?;
    Ok(file.into_inner())
}

/// The text without so many of its words; what is between them stays.
fn fewer_words(text: &str, percent: f64, mut random: Random) -> String {
    let share = (percent / 100.0).clamp(0.0, 1.0);
    let mut kept = String::with_capacity(text.len());
    for piece in text.split_inclusive(char::is_whitespace) {
        let is_word = !piece.trim().is_empty();
        if !is_word || random.uniform() >= share {
            kept.push_str(piece);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
