//! `decode_dicom`: one frame of a DICOM file to pixels.
//!
//! The file is walked element by element, and of the header only the numbers are read
//! that pixels need (groups 0028 and 7FE0, the transfer syntax). Names, dates and all
//! else are skipped unread: they are stored nowhere, and stand in no error message.
//!
//! - Samples are the ones of pydicom's `pixel_array`: uint8 or uint16; signed ones become
//!   float32, which holds them exactly. YBR becomes RGB by pydicom's `float32` arithmetic.
//! - `rescale`: `x * slope + intercept` in float64 (PS3.3 C.11.1.1, pydicom
//!   `apply_modality_lut`), rounded once to float32. A file without the two is left as is.
//! - `window`: LINEAR (PS3.3 C.11.2.1.2.1) in float64, from 0 to 1, rounded once:
//!   `(x - (center - 0.5)) / (width - 1) + 0.5`; pydicom's `apply_windowing` scales the
//!   same to the range of the samples.
//! - `photometric = "apply"`: `MONOCHROME1` is inverted: `1 - y` behind a window, else
//!   `min + max - x` of the stored samples, as many bits as they have.
//!
//! Transfer syntaxes: implicit and explicit VR, little and big endian, deflated, RLE,
//! JPEG baseline and extended of 8 bits (equal to pydicom with Pillow), JPEG lossless.
//! Refused by name: JPEG 2000, JPEG-LS and others, `PALETTE COLOR`, 1 and 32 bits, floats,
//! a table as modality LUT, a rescale that is stated for each frame.

mod elements;
mod frame;

use bundle_manifest::{DecodeDicom, DicomWindow, Photometric};

use self::elements::{Elements, tag};
use super::check_size;
use crate::{
    Channels, Image, Limits, Samples, Storage,
    error::Fault,
    kind::{Kind, SampleType},
};

/// Takes a file; gives an image whose channels the file decides.
pub(crate) fn check(params: &DecodeDicom, before: &Kind) -> Result<Kind, Fault> {
    before.source()?;
    if let Some(DicomWindow { center, width }) = &params.window
        && !(center.is_finite() && width.is_finite() && *width >= 1.0)
    {
        return Err(Fault::new("`window` needs a finite `center`, and a `width` of at least 1"));
    }
    let computed = params.rescale || params.window.is_some();
    Ok(Kind::Image { samples: computed.then_some(SampleType::Float32), channels: None })
}

/// Decodes a frame.
pub(crate) fn apply(params: &DecodeDicom, bytes: &[u8], limits: &Limits) -> Result<Image, Fault> {
    let file = elements::data_set(bytes, limits)?;
    let elements = Elements::read(&file)?;
    let format = Format::read(&elements)?;
    let (height, width) = (format.height, format.width);
    // The stored frame, and what is made of it.
    check_size((height, width), format.samples * 8, limits)?;
    if format.color != Color::Gray && (params.rescale || params.window.is_some()) {
        return Err(Fault::new("`rescale` and `window` take gray values, and the file has colour"));
    }
    let stored = frame::stored(&elements, &format, params.frame, limits)?.within(&format);
    let channels = if format.color == Color::Gray { Channels::L } else { Channels::Rgb };
    let samples = if params.rescale || params.window.is_some() {
        let line = if params.rescale { elements.rescale()? } else { (1.0, 0.0) };
        computed(&stored, &format, params, line)
    } else {
        plain(stored, &format, params.photometric)
    };
    Ok(Image { height, width, channels, storage: Storage::Direct, samples })
}

/// What the samples of a file are.
#[derive(Debug)]
struct Format {
    height: usize,
    width: usize,
    samples: usize,
    /// 8 or 16.
    allocated: u32,
    stored: u32,
    signed: bool,
    /// Each channel is stored for itself.
    planar: bool,
    color: Color,
    /// 0 is white.
    inverted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Color {
    Gray,
    Rgb,
    YbrFull,
    /// Two pixels share their colour differences.
    YbrFull422,
}

impl Format {
    fn read(elements: &Elements<'_>) -> Result<Self, Fault> {
        let needed = |tag: u32| {
            elements.number(tag).ok_or_else(|| Fault::new("the DICOM file holds no image"))
        };
        let (height, width) = (needed(tag::ROWS)?, needed(tag::COLUMNS)?);
        let samples = elements.number(tag::SAMPLES).unwrap_or(1);
        let allocated = needed(tag::ALLOCATED)?;
        let stored = elements.number(tag::STORED).unwrap_or(allocated);
        let high = elements.number(tag::HIGH_BIT).unwrap_or(stored.wrapping_sub(1));
        if !matches!(allocated, 8 | 16) {
            return Err(cannot(&format!("with samples of {allocated} bits")));
        }
        if !(1..=allocated).contains(&stored) || high.checked_add(1) != Some(stored) {
            return Err(Fault::new("the DICOM file contradicts itself about the bits of a sample"));
        }
        let (color, inverted) = match (elements.text(tag::PHOTOMETRIC).as_deref(), samples) {
            (Some("MONOCHROME1"), 1) => (Color::Gray, true),
            (Some("MONOCHROME2"), 1) => (Color::Gray, false),
            (Some("RGB"), 3) => (Color::Rgb, false),
            (Some("YBR_FULL"), 3) => (Color::YbrFull, false),
            (Some("YBR_FULL_422"), 3) => (Color::YbrFull422, false),
            (Some("PALETTE COLOR"), _) => return Err(cannot("of `PALETTE COLOR`")),
            _ => return Err(cannot("of another photometric interpretation")),
        };
        let signed = elements.number(tag::SIGNED) == Some(1);
        if color != Color::Gray && (allocated != 8 || signed) {
            return Err(cannot("of colours that are not of 8 bits"));
        }
        Ok(Self {
            height: height.into(),
            width: width.into(),
            samples: samples.into(),
            allocated: allocated.into(),
            stored: stored.into(),
            signed,
            planar: samples > 1 && elements.number(tag::PLANAR) == Some(1),
            color,
            inverted,
        })
    }

    /// Bytes of a sample.
    const fn width_of_sample(&self) -> usize {
        if self.allocated == 8 { 1 } else { 2 }
    }

    const fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// The smallest and largest sample of as many bits as are stored.
    fn range(&self) -> (i32, i32) {
        let count = 1_i32 << self.stored;
        if self.signed { (-count / 2, count / 2 - 1) } else { (0, count - 1) }
    }
}

/// What a file has that is not decoded.
fn cannot(what: &str) -> Fault {
    let fault = Fault::new(format!("a DICOM file {what} cannot be decoded in this version"));
    fault.hint("convert it to explicit VR little endian with a DICOM program")
}

fn damaged(what: &str) -> Fault {
    Fault::new(format!("the DICOM file is damaged: {what}"))
}

/// A frame as it is stored, pixel by pixel.
enum Stored {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

impl Stored {
    /// Without the bits above the stored ones, which mean nothing (PS3.5, 8.1.1).
    fn within(mut self, format: &Format) -> Self {
        let unused = format.allocated - format.stored;
        match &mut self {
            _ if unused == 0 => {}
            Self::Bytes(bytes) if format.signed => {
                for byte in bytes {
                    *byte = ((*byte << unused).cast_signed() >> unused).cast_unsigned();
                }
            }
            Self::Bytes(bytes) => {
                for byte in bytes {
                    *byte = *byte << unused >> unused;
                }
            }
            Self::Words(words) if format.signed => {
                for word in words {
                    *word = ((*word << unused).cast_signed() >> unused).cast_unsigned();
                }
            }
            Self::Words(words) => {
                for word in words {
                    *word = *word << unused >> unused;
                }
            }
        }
        self
    }

    /// Each sample as the number it means.
    fn numbers(&self, signed: bool) -> Box<dyn Iterator<Item = i32> + '_> {
        match (self, signed) {
            (Self::Bytes(bytes), false) => Box::new(bytes.iter().map(|byte| i32::from(*byte))),
            (Self::Bytes(bytes), true) => {
                Box::new(bytes.iter().map(|byte| i32::from(byte.cast_signed())))
            }
            (Self::Words(words), false) => Box::new(words.iter().map(|word| i32::from(*word))),
            (Self::Words(words), true) => {
                Box::new(words.iter().map(|word| i32::from(word.cast_signed())))
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "17 bits are exact in float32")]
fn plain(stored: Stored, format: &Format, photometric: Photometric) -> Samples {
    let invert = format.inverted && photometric == Photometric::Apply;
    let (least, most) = format.range();
    if format.signed {
        let number = |x: i32| if invert { least + most - x } else { x };
        return Samples::Float32(stored.numbers(true).map(|x| number(x) as f32).collect());
    }
    match stored {
        Stored::Bytes(mut bytes) => {
            let most = u8::try_from(most).unwrap_or(u8::MAX);
            for byte in bytes.iter_mut().filter(|_| invert) {
                *byte = most.saturating_sub(*byte);
            }
            Samples::Uint8(bytes)
        }
        Stored::Words(mut words) => {
            let most = u16::try_from(most).unwrap_or(u16::MAX);
            for word in words.iter_mut().filter(|_| invert) {
                *word = most.saturating_sub(*word);
            }
            Samples::Uint16(words)
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the one rounding")]
fn computed(
    stored: &Stored,
    format: &Format,
    params: &DecodeDicom,
    (slope, intercept): (f64, f64),
) -> Samples {
    let invert = format.inverted && params.photometric == Photometric::Apply;
    let (least, most) = format.range();
    let value = |x: i32| {
        let x = if invert && params.window.is_none() { least + most - x } else { x };
        let x = f64::from(x) * slope + intercept;
        let Some(window) = &params.window else { return x as f32 };
        let y = windowed(x, window);
        (if invert { 1.0 - y } else { y }) as f32
    };
    Samples::Float32(stored.numbers(format.signed).map(value).collect())
}

/// The function LINEAR.
fn windowed(x: f64, window: &DicomWindow) -> f64 {
    let (center, width) = (window.center - 0.5, window.width - 1.0);
    if x <= center - width / 2.0 {
        0.0
    } else if x > center + width / 2.0 {
        1.0
    } else {
        (x - center) / width + 0.5
    }
}
