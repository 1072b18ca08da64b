//! `decode_audio`: a WAV or FLAC file to samples.
//!
//! Integers are divided by 2^(bits − 1), as soundfile and torchaudio do; the mean of channels
//! is taken in float64 and rounded once. Guarantee: `exact` of soundfile for one channel.

use std::io::Cursor;

use bundle_manifest::{DecodeAudio, Mono};

use super::check_elements;
use crate::{Audio, Limits, error::Fault, kind::Kind};

/// Files that people also drop on a sound input.
const OTHER_FORMATS: &[(&[u8], &str)] = &[
    (b"ID3", "an MP3 file"),
    (b"\xff\xfb", "an MP3 file"),
    (b"OggS", "an Ogg file"),
    (b"FORM", "an AIFF file"),
    (b"\x1aE\xdf\xa3", "a WebM file"),
];

/// Channels of a file.
const MAX_CHANNELS: u32 = 64;

/// Takes a file; gives a sound.
pub(crate) fn check(params: &DecodeAudio, before: &Kind) -> Result<Kind, Fault> {
    before.source()?;
    if params.sampling_rate == Some(0) {
        return Err(Fault::new("`sampling_rate` is 0"));
    }
    Ok(Kind::Audio { sampling_rate: params.sampling_rate })
}

/// Decodes a file.
pub(crate) fn decode(params: &DecodeAudio, bytes: &[u8], limits: &Limits) -> Result<Audio, Fault> {
    let (channels, sampling_rate, samples) = if bytes.starts_with(b"RIFF") {
        wav(bytes, limits)?
    } else if bytes.starts_with(b"fLaC") {
        flac(bytes, limits)?
    } else {
        return Err(not_a_sound(bytes));
    };
    if let Some(wanted) = params.sampling_rate.filter(|wanted| *wanted != sampling_rate) {
        let fault =
            Fault::new(format!("takes a sound at {wanted} Hz, got one at {sampling_rate} Hz"));
        return Err(fault.hint("leave `sampling_rate` out and put `resample` behind this step"));
    }
    let samples = match (channels, params.mono) {
        (1, _) => samples,
        (count, None) => {
            let fault = Fault::new(format!(
                "the sound has {count} channels, and `mono` does not say how they become one"
            ));
            return Err(fault.hint("add `mono = \"mean\"` or `mono = \"first\"`"));
        }
        (count, Some(mono)) => samples.chunks_exact(count).map(|frame| one(frame, mono)).collect(),
    };
    Ok(Audio { sampling_rate, samples })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a mean of a few channels, rounded once"
)]
fn one(frame: &[f32], mono: Mono) -> f32 {
    match mono {
        Mono::First => frame.first().copied().unwrap_or_default(),
        Mono::Mean => {
            let sum: f64 = frame.iter().copied().map(f64::from).sum();
            (sum / frame.len() as f64) as f32
        }
    }
}

fn not_a_sound(bytes: &[u8]) -> Fault {
    let known = OTHER_FORMATS.iter().find(|(magic, _)| bytes.starts_with(magic));
    let what = match (bytes, known) {
        ([], _) => "an empty file",
        (_, Some((_, name))) => name,
        _ => "a file of another format",
    };
    let fault = Fault::new(format!("takes a WAV or FLAC file, got {what}"));
    fault.hint("save it as WAV or FLAC at the model's rate: lossy formats shift samples")
}

/// Channels, rate, interleaved samples.
type Decoded = (usize, u32, Vec<f32>);

fn wav(bytes: &[u8], limits: &Limits) -> Result<Decoded, Fault> {
    let unreadable =
        |error: hound::Error| Fault::new(format!("the WAV file cannot be decoded: {error}"));
    let mut reader = hound::WavReader::new(Cursor::new(bytes)).map_err(unreadable)?;
    let spec = reader.spec();
    check_format("WAV", u32::from(spec.channels), spec.sample_rate)?;
    check_elements(usize::try_from(reader.len()).ok(), "samples", limits)?;
    let samples = match (spec.sample_format, spec.bits_per_sample) {
        (hound::SampleFormat::Float, 32) => {
            reader.samples::<f32>().collect::<Result<Vec<f32>, _>>().map_err(unreadable)?
        }
        (hound::SampleFormat::Int, bits @ (8 | 16 | 24 | 32)) => {
            let scale = scale(bits.into());
            let samples = reader.samples::<i32>().map(|sample| sample.map(&scale));
            samples.collect::<Result<_, _>>().map_err(unreadable)?
        }
        (format, bits) => {
            return Err(Fault::new(format!(
                "a WAV file of {bits}-bit {format:?} samples cannot be decoded"
            ))
            .hint("save it as 16-bit integers or 32-bit floats"));
        }
    };
    finite(&samples)?;
    Ok((spec.channels.into(), spec.sample_rate, samples))
}

fn flac(bytes: &[u8], limits: &Limits) -> Result<Decoded, Fault> {
    let unreadable =
        |error: claxon::Error| Fault::new(format!("the FLAC file cannot be decoded: {error}"));
    let options = claxon::FlacReaderOptions { metadata_only: false, read_vorbis_comment: false };
    let reader = claxon::FlacReader::new_ext(Cursor::new(bytes), options);
    let mut reader = reader.map_err(unreadable)?;
    let info = reader.streaminfo();
    check_format("FLAC", info.channels, info.sample_rate)?;
    if !(4..=32).contains(&info.bits_per_sample) {
        return Err(Fault::new(format!(
            "a FLAC file of {} bits cannot be decoded",
            info.bits_per_sample
        )));
    }
    let scale = scale(info.bits_per_sample);
    let mut samples = Vec::new();
    for sample in reader.samples() {
        samples.push(scale(sample.map_err(unreadable)?));
        if samples.len() > limits.samples {
            check_elements(None, "samples", limits)?;
        }
    }
    let channels = info.channels as usize;
    if samples.len() % channels != 0 {
        return Err(Fault::new("the FLAC file breaks off within a frame"));
    }
    if let Some(promised) = info.samples
        && promised != (samples.len() / channels) as u64
    {
        return Err(Fault::new(format!(
            "the FLAC file holds {} samples, its header promises {promised}",
            samples.len() / channels
        )));
    }
    Ok((channels, info.sample_rate, samples))
}

fn check_format(name: &str, channels: u32, sampling_rate: u32) -> Result<(), Fault> {
    if channels == 0 || channels > MAX_CHANNELS || sampling_rate == 0 {
        return Err(Fault::new(format!(
            "a {name} file of {channels} channels at {sampling_rate} Hz is not a sound"
        )));
    }
    Ok(())
}

/// `sample / 2^(bits - 1)`, rounded once.
#[expect(clippy::cast_possible_truncation, reason = "rounded to float32 once")]
fn scale(bits: u32) -> impl Fn(i32) -> f32 {
    let unit = f64::from(1_u32 << (bits - 1));
    move |sample| (f64::from(sample) / unit) as f32
}

fn finite(samples: &[f32]) -> Result<(), Fault> {
    match samples.iter().position(|sample| !sample.is_finite()) {
        Some(index) => Err(Fault::new(format!("sample {index} of the WAV file is no number"))),
        None => Ok(()),
    }
}
