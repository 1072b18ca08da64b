//! `decode_dicom`: one frame of a DICOM file to gray values or colours.
//!
//! Stored values are uint8 or uint16 as they are, and float32 where they are signed. The
//! modality's slope and intercept (PS3.3 C.11.1.1) give float32; a window (C.11.2.1.2,
//! `LINEAR`) gives 0 to 1. Only the attributes that pixels need are read, and none of them
//! comes out: not in values, not in errors.
//!
//! Uncompressed, deflated, RLE and lossless JPEG files are decoded; others are refused by the
//! name of their transfer syntax. Guarantee: `exact` of pydicom `pixel_array`.

use std::{io::Cursor, panic::AssertUnwindSafe};

use bundle_manifest::{DecodeDicom, DicomWindow, Photometric};
use dicom_object::{DefaultDicomObject, OpenFileOptions};
use dicom_pixeldata::{DecodedPixelData, PixelDecoder as _};

use super::check_size;
use crate::{
    Channels, Image, Limits, Samples, Storage,
    error::Fault,
    kind::{Kind, SampleType},
};

/// Transfer syntaxes that decode to the stored values without loss.
const KNOWN: [&str; 7] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
];

/// The preamble, and the word behind it.
const MAGIC_AT: usize = 128;

/// Takes a file; gives an image.
pub(crate) fn check(params: &DecodeDicom, before: &Kind) -> Result<Kind, Fault> {
    if !matches!(before, Kind::Source) {
        return Err(before.refusal("a file"));
    }
    if params.window.as_ref().is_some_and(|window| window.width < 1.0) {
        return Err(Fault::new("the `width` of a window is at least 1"));
    }
    let floats = params.rescale || params.window.is_some();
    Ok(Kind::Image { samples: floats.then_some(SampleType::Float32), channels: None })
}

/// Decodes a frame.
pub(crate) fn apply(params: &DecodeDicom, bytes: &[u8], limits: &Limits) -> Result<Image, Fault> {
    if bytes.get(MAGIC_AT..MAGIC_AT + 4) != Some(b"DICM") {
        return Err(Fault::new("takes a DICOM file, got a file of another format"));
    }
    // The library's errors may quote the file, and so are not passed on.
    let unreadable = || Fault::new("the DICOM file cannot be read");
    let read = || OpenFileOptions::new().from_reader(Cursor::new(bytes));
    let object = guarded(read)?.map_err(|_| unreadable())?;
    let syntax = object.meta().transfer_syntax().trim_end_matches('\0').to_owned();
    if !KNOWN.contains(&syntax.as_str()) {
        let shown: String = syntax.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
        let fault = Fault::new(format!("the transfer syntax {shown} cannot be decoded"));
        return Err(fault.hint("`gdcmconv --raw` or `dcmdjpeg` writes the file uncompressed"));
    }
    let number = |name: &str| -> Option<usize> {
        let element = object.element_by_name(name).ok()?;
        usize::try_from(element.to_int::<u64>().ok()?).ok()
    };
    let (Some(height), Some(width)) = (number("Rows"), number("Columns")) else {
        return Err(Fault::new("the DICOM file holds no image"));
    };
    check_size((height, width), 4, limits)?;
    let frames = number("NumberOfFrames").unwrap_or(1);
    let frame = u32::try_from(params.frame).ok().filter(|frame| (*frame as usize) < frames);
    let Some(frame) = frame else {
        let fault = Fault::new(format!(
            "the file has {frames} frames, and none has index {}",
            params.frame
        ));
        return Err(fault.hint("frames count from 0"));
    };
    let decoded = guarded(|| object.decode_pixel_data_frame(frame))?;
    let decoded = decoded.map_err(|_| Fault::new("the pixels of the DICOM file cannot be read"))?;
    let stored = Stored::of(&decoded, (height, width))?;
    stored.image(params, &object)
}

/// What `call` gives; a panic of the library on a damaged file is an error of the step.
fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Fault> {
    std::panic::catch_unwind(AssertUnwindSafe(call))
        .map_err(|_| Fault::new("the DICOM file is damaged"))
}

/// The stored values of a frame.
struct Stored {
    height: usize,
    width: usize,
    channels: Channels,
    values: Vec<i32>,
    bits: u16,
    signed: bool,
    inverted: bool,
}

impl Stored {
    fn of(decoded: &DecodedPixelData<'_>, (height, width): (usize, usize)) -> Result<Self, Fault> {
        let photometric = decoded.photometric_interpretation().as_str().to_owned();
        let channels = match (decoded.samples_per_pixel(), photometric.as_str()) {
            (1, "MONOCHROME1" | "MONOCHROME2") => Channels::L,
            (3, "RGB") if u16::from(decoded.planar_configuration() as u8) == 0 => Channels::Rgb,
            _ => {
                let fault = Fault::new("a DICOM file of such colours cannot be decoded");
                return Err(fault.hint("gray and interleaved RGB can"));
            }
        };
        let (bits, high) = (decoded.bits_stored(), decoded.high_bit());
        let allocated = decoded.bits_allocated();
        if !(1..=16).contains(&bits)
            || high + 1 != bits
            || !matches!(allocated, 8 | 16)
            || bits > allocated
        {
            return Err(Fault::new(format!(
                "a DICOM file of {bits} bits in {allocated} cannot be decoded"
            )));
        }
        let signed = decoded.pixel_representation() as u16 == 1;
        let count = height * width * channels.count();
        let raw: Vec<u16> = if allocated == 8 {
            decoded.data().iter().map(|value| u16::from(*value)).collect()
        } else {
            let (pairs, _) = decoded.data().as_chunks::<2>();
            pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect()
        };
        // A frame of an odd number of bytes may have one more.
        let Some(raw) = raw.get(..count).filter(|_| raw.len() <= count + 1) else {
            return Err(Fault::new("the DICOM file does not hold the pixels that it promises"));
        };
        let shift = 32 - u32::from(bits);
        let value = |raw: &u16| {
            let high = u32::from(*raw) << shift;
            if signed { high.cast_signed() >> shift } else { (high >> shift).cast_signed() }
        };
        let inverted = photometric == "MONOCHROME1";
        let values = raw.iter().map(value).collect();
        Ok(Self { height, width, channels, values, bits, signed, inverted })
    }

    fn image(mut self, params: &DecodeDicom, object: &DefaultDicomObject) -> Result<Image, Fault> {
        let invert = self.inverted && params.photometric == Photometric::Apply;
        if invert && self.signed && params.window.is_none() {
            let fault = Fault::new("signed values that are stored inverted have no largest one");
            return Err(fault.hint("give a `window`, which is inverted behind it"));
        }
        if invert && params.window.is_none() {
            let most = (1_i32 << self.bits) - 1;
            for value in &mut self.values {
                *value = most - *value;
            }
        }
        let samples = if params.rescale || params.window.is_some() || self.signed {
            let (slope, intercept) = if params.rescale { modality(object)? } else { (1.0, 0.0) };
            let each = |value: &i32| {
                let value = f64::from(*value) * slope + intercept;
                let shown = params.window.as_ref().map_or(value, |window| shown(window, value));
                single(if invert && params.window.is_some() { 1.0 - shown } else { shown })
            };
            Samples::Float32(self.values.iter().map(each).collect())
        } else if self.bits <= 8 {
            let byte = |value: &i32| u8::try_from(*value).unwrap_or(u8::MAX);
            Samples::Uint8(self.values.iter().map(byte).collect())
        } else {
            let word = |value: &i32| u16::try_from(*value).unwrap_or(u16::MAX);
            Samples::Uint16(self.values.iter().map(word).collect())
        };
        let Self { height, width, channels, .. } = self;
        Ok(Image { height, width, channels, storage: Storage::Direct, samples })
    }
}

/// Slope and intercept, 1 and 0 where the file has none.
fn modality(object: &DefaultDicomObject) -> Result<(f64, f64), Fault> {
    let number =
        |name: &str| -> Option<f64> { object.element_by_name(name).ok()?.to_float64().ok() };
    let (slope, intercept) =
        (number("RescaleSlope").unwrap_or(1.0), number("RescaleIntercept").unwrap_or(0.0));
    if !slope.is_finite() || !intercept.is_finite() {
        return Err(Fault::new("slope or intercept of the DICOM file is no number"));
    }
    Ok((slope, intercept))
}

/// A value in a window, from 0 to 1.
fn shown(window: &DicomWindow, value: f64) -> f64 {
    let (center, width) = (window.center - 0.5, window.width - 1.0);
    if value <= center - width / 2.0 {
        0.0
    } else if value > center + width / 2.0 {
        1.0
    } else {
        (value - center) / width + 0.5
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounded to float32 once")]
fn single(value: f64) -> f32 {
    value as f32
}
