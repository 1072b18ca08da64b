//! One frame of the pixels, decompressed, pixel by pixel.

use std::borrow::Cow;

use libjpeg_turbo_rs::{
    DecodeLimits, Decoder,
    precision::{decompress_16bit_with_limits, decompress_lossless_arbitrary},
};

use super::{
    Color, Format, Stored, cannot, damaged,
    elements::{Elements, Syntax},
};
use crate::{Limits, Samples, decode::jpeg, error::Fault};

/// Bytes of the header of an RLE frame.
const RLE_HEADER: usize = 64;

/// The frame at `index`.
pub(super) fn stored(
    elements: &Elements<'_>,
    format: &Format,
    index: u64,
    limits: &Limits,
) -> Result<Stored, Fault> {
    let frames = elements.frames()?;
    if index >= frames {
        return Err(Fault::new(format!("the file has {frames} frames, and none of index {index}")));
    }
    match elements.syntax {
        Syntax::Native => native(elements, format, index),
        Syntax::Rle => {
            let bytes = unpacked(&encapsulated(elements, index, frames)?, format)?;
            finished(bytes, format, false)
        }
        Syntax::Jpeg => from_jpeg(&encapsulated(elements, index, frames)?, format, limits),
        Syntax::JpegLossless => lossless(&encapsulated(elements, index, frames)?, format, limits),
    }
}

fn native(elements: &Elements<'_>, format: &Format, index: u64) -> Result<Stored, Fault> {
    let samples = if format.color == Color::YbrFull422 { 2 } else { format.samples };
    let size = format.pixels() * samples * format.width_of_sample();
    let start = usize::try_from(index).ok().and_then(|index| index.checked_mul(size));
    let pixels = elements.pixels.first().copied().unwrap_or_default();
    let frame = start.and_then(|start| pixels.get(start..)).and_then(|rest| rest.get(..size));
    let frame = frame.ok_or_else(|| damaged("its pixels break off"))?;
    let swapped: Vec<u8>;
    let frame = if format.width_of_sample() == 1 && elements.swaps_bytes() {
        let start = start.unwrap_or(0);
        let byte = |at: usize| pixels.get(at ^ 1).copied().unwrap_or(0);
        swapped = (start..start + size).map(byte).collect();
        &swapped
    } else {
        frame
    };
    if format.color == Color::YbrFull422 {
        let (groups, _) = frame.as_chunks::<4>();
        let pixels = groups.iter().flat_map(|&[first, second, blue, red]| {
            [rgb([first, blue, red]), rgb([second, blue, red])].into_iter().flatten()
        });
        return sized(Stored::Bytes(pixels.collect()), format);
    }
    let bytes = if format.planar { interleaved(frame, format.samples) } else { frame.to_vec() };
    finished(bytes, format, elements.is_big_endian())
}

/// From the samples of a plane after those of another to pixel by pixel.
fn interleaved(frame: &[u8], samples: usize) -> Vec<u8> {
    let pixels = frame.len() / samples;
    (0..pixels).flat_map(|at| (0..samples).map(move |plane| frame[plane * pixels + at])).collect()
}

/// Samples of one or two bytes, and colours as RGB.
fn finished(mut bytes: Vec<u8>, format: &Format, big_endian: bool) -> Result<Stored, Fault> {
    if format.allocated == 16 {
        let (pairs, _) = bytes.as_chunks::<2>();
        let word = |pair: &[u8; 2]| {
            if big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
        };
        return sized(Stored::Words(pairs.iter().map(word).collect()), format);
    }
    if matches!(format.color, Color::YbrFull | Color::YbrFull422) {
        let (pixels, _) = bytes.as_chunks_mut::<3>();
        for pixel in pixels {
            *pixel = rgb(*pixel);
        }
    }
    sized(Stored::Bytes(bytes), format)
}

/// Holds the frame against its size.
fn sized(stored: Stored, format: &Format) -> Result<Stored, Fault> {
    let has = match &stored {
        Stored::Bytes(bytes) => bytes.len(),
        Stored::Words(words) => words.len(),
    };
    if has == format.pixels() * format.samples {
        return Ok(stored);
    }
    Err(damaged("a frame has another size than it says"))
}

/// RGB of `YBR_FULL`, in the `float32` arithmetic of pydicom.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the clamp keeps it within 0 to 255"
)]
fn rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    const GREEN_OF_BLUE: f32 = (-0.114_f64 * 1.772 / 0.587) as f32;
    const GREEN_OF_RED: f32 = (-0.299_f64 * 1.402 / 0.587) as f32;
    let (luma, blue, red) = (f32::from(luma), f32::from(blue) - 128.0, f32::from(red) - 128.0);
    // Products are added unrounded, as the matrix product of NumPy does on common processors:
    // rounded ones give 42 of all 16,777,216 colours otherwise.
    let green = libm::fmaf(red, GREEN_OF_RED, libm::fmaf(blue, GREEN_OF_BLUE, luma));
    [luma + red * 1.402, green, luma + blue * 1.772]
        .map(|sample| libm::floorf(sample + 0.5).clamp(0.0, 255.0) as u8)
}

/// The bytes of an encapsulated frame.
fn encapsulated<'a>(
    elements: &Elements<'a>,
    index: u64,
    frames: u64,
) -> Result<Cow<'a, [u8]>, Fault> {
    let missing = || damaged("a frame is missing");
    let (table, fragments) = elements.pixels.split_first().ok_or_else(missing)?;
    let index = usize::try_from(index).map_err(|_| missing())?;
    if frames == 1 {
        return Ok(joined(fragments));
    }
    if fragments.len() as u64 == frames {
        return fragments.get(index).copied().map(Cow::Borrowed).ok_or_else(missing);
    }
    let (offsets, _) = table.as_chunks::<4>();
    if offsets.len() as u64 != frames {
        return Err(cannot("whose frames are in several fragments and have no table of offsets"));
    }
    let offset =
        |index: usize| offsets.get(index).map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
    let (start, end) = (offset(index).ok_or_else(missing)?, offset(index + 1));
    let mut at = 0_u64;
    let mut parts = Vec::new();
    for fragment in fragments {
        if at >= start && end.is_none_or(|end| at < end) {
            parts.push(*fragment);
        }
        at += 8 + fragment.len() as u64;
    }
    Ok(joined(&parts))
}

fn joined<'a>(parts: &[&'a [u8]]) -> Cow<'a, [u8]> {
    match *parts {
        [only] => Cow::Borrowed(only),
        _ => Cow::Owned(parts.concat()),
    }
}

/// RLE (PS3.5 annex G): a segment for each byte of each sample, the highest first.
fn unpacked(frame: &[u8], format: &Format) -> Result<Vec<u8>, Fault> {
    let broken = || damaged("an RLE frame cannot be decompressed");
    let number =
        |at: usize| Some(u32::from_le_bytes(*frame.get(at * 4..)?.first_chunk()?) as usize);
    let width = format.width_of_sample();
    let count = number(0).ok_or_else(broken)?;
    if count != format.samples * width || frame.len() < RLE_HEADER {
        return Err(broken());
    }
    let (pixels, step) = (format.pixels(), format.samples * width);
    let stored = frame.len().saturating_mul(64);
    if pixels * step > stored {
        return Err(damaged("an RLE frame cannot hold as many pixels as it says"));
    }
    let mut bytes = vec![0; pixels * step];
    for segment in 0..count {
        let start = number(segment + 1).ok_or_else(broken)?;
        let data = frame.get(start..).ok_or_else(broken)?;
        // Little endian: the first segment of a sample is its last byte.
        let to = segment / width * width + (width - 1 - segment % width);
        let plane = super::super::tiff::unpacked_bits(data, pixels).ok_or_else(broken)?;
        for (pixel, byte) in bytes.chunks_exact_mut(step).zip(plane) {
            pixel[to] = byte;
        }
    }
    Ok(bytes)
}

/// JPEG of 8 bits: what Pillow's decoder gives to pydicom.
fn from_jpeg(frame: &[u8], format: &Format, limits: &Limits) -> Result<Stored, Fault> {
    if format.allocated != 8 {
        return Err(cannot("with a JPEG frame of more than 8 bits"));
    }
    let wants_colours = format.color != Color::Gray;
    let image = jpeg::decode_unconverted(frame, wants_colours, limits)?;
    let same = (image.height, image.width) == (format.height, format.width);
    let Samples::Uint8(samples) = image.samples else { return Err(cannot("of such JPEG frames")) };
    if !same {
        return Err(damaged("a frame has another size than it says"));
    }
    finished(samples, format, false)
}

fn lossless(frame: &[u8], format: &Format, limits: &Limits) -> Result<Stored, Fault> {
    jpeg::check_markers(frame)?;
    let caps = DecodeLimits {
        max_pixels: format.pixels() as u64,
        max_scans: limits.scans,
        max_memory: Some(limits.image_bytes.saturating_mul(4)),
        ..DecodeLimits::default()
    };
    let unreadable = |error| damaged(&format!("a JPEG frame cannot be decoded: {error}"));
    // Judged from its header, before anything is allocated.
    let decoder = Decoder::new_with_limits(frame, caps).map_err(unreadable)?;
    let header = decoder.header();
    if !header.is_lossless || header.components.len() != format.samples {
        return Err(damaged("a frame is encoded otherwise than it says"));
    }
    if (header.height(), header.width()) != (format.height, format.width) {
        return Err(damaged("a frame has another size than it says"));
    }
    let image = if header.precision == 16 {
        decompress_16bit_with_limits(frame, decoder.limits())
    } else {
        decompress_lossless_arbitrary(frame)
    };
    let image = image.map_err(unreadable)?;
    let same = (image.height, image.width) == (format.height, format.width);
    if !same || image.num_components != format.samples {
        return Err(damaged("a frame has another size than it says"));
    }
    if u32::from(image.precision) > format.allocated {
        return Err(damaged("a frame has more bits than it says"));
    }
    if format.allocated == 16 {
        return sized(Stored::Words(image.data), format);
    }
    let bytes = image.data.iter().map(|word| u8::try_from(*word).unwrap_or(u8::MAX)).collect();
    finished(bytes, format, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_of_pydicom() {
        // From `_convert_YBR_FULL_to_RGB`; the first three are the ones that show how
        // products are added.
        let cases = [
            ([0, 178, 78], [0, 19, 89]),
            ([1, 178, 78], [0, 20, 90]),
            ([2, 178, 78], [0, 21, 91]),
            ([100, 90, 200], [201, 62, 33]),
            ([255, 0, 255], [255, 208, 28]),
        ];
        for (stored, expected) in cases {
            assert_eq!(rgb(stored), expected, "{stored:?}");
        }
    }
}
