//! PNG files: every colour type, 1 to 16 bits, interlaced or not.
//!
//! Samples below 8 bits are scaled to 0…255, palettes are replaced by their
//! colours, and the chunk tRNS becomes an alpha channel. A colour key is compared at
//! the depth of the file, as the PNG specification says.

use std::io::Cursor;

use bundle_manifest::BitDepth16;
use png::{BitDepth, ColorType, Decoder, DecodingError, Reader, Transformations};

use super::{check_size, rule16, samples16};
use crate::{Channels, Image, Limits, Samples, Storage, error::Fault};

/// DEFLATE never shrinks more than 1,032 times; a header that promises more lies.
const MAX_RATIO: u64 = 1032;

/// Decodes the (first) image of a PNG file; the second value is its EXIF data, when `with_exif`.
pub(super) fn decode(
    bytes: &[u8],
    depth16: Option<BitDepth16>,
    with_exif: bool,
    limits: &Limits,
) -> Result<(Image, Option<Vec<u8>>), Fault> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), caps(limits));
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder.read_header_info().map_err(unreadable)?;
    let (width, height) = (header.width as usize, header.height as usize);
    let (stored_type, stored_depth) = (header.color_type, header.bit_depth);
    // The largest pixel this can become: with alpha from tRNS, at its own depth.
    check_size((height, width), if stored_depth == BitDepth::Sixteen { 8 } else { 4 }, limits)?;
    check_ratio(header.raw_bytes() as u64, bytes.len() as u64)?;

    let mut reader = decoder.read_info().map_err(unreadable)?;
    let rule = if stored_depth == BitDepth::Sixteen {
        Some(rule16(depth16, stored_type == ColorType::Grayscale)?)
    } else {
        None
    };
    let size = reader.output_buffer_size().unwrap_or(usize::MAX);
    check_size((1, size), 1, &Limits { pixels: u64::MAX, ..*limits })?;
    let mut buffer = vec![0; size];
    let frame = reader.next_frame(&mut buffer).map_err(unreadable)?;
    if (frame.width as usize, frame.height as usize) != (width, height) {
        return Err(Fault::new("the first frame of the PNG file is smaller than the image"));
    }
    let channels = channels(frame.color_type);
    let samples = match rule {
        None => Samples::Uint8(buffer),
        Some(rule) => {
            let (pairs, _) = buffer.as_chunks::<2>();
            samples16(pairs.iter().map(|pair| u16::from_be_bytes(*pair)), rule)
        }
    };
    let storage = storage(stored_type, stored_depth, reader.info().trns.is_some());
    let exif = if with_exif { exif(&mut reader) } else { None };
    Ok((Image { height, width, channels, storage, samples }, exif))
}

fn caps(limits: &Limits) -> png::Limits {
    png::Limits { bytes: usize::try_from(limits.image_bytes).unwrap_or(usize::MAX) }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
fn unreadable(error: DecodingError) -> Fault {
    let message = error.to_string();
    // The library prints the fields of its chunk types; the name is the first.
    let chunk = message.split_once("type: ").and_then(|(_, rest)| rest.get(..4));
    let what = match chunk {
        Some(chunk) if message.contains("CRC error") => {
            format!("the checksum of its chunk `{chunk}` is wrong")
        }
        Some(chunk) => format!("its chunk `{chunk}` is out of place"),
        None => message.trim_end_matches('.').to_owned(),
    };
    Fault::new(format!("the PNG file cannot be decoded: {what}"))
}

fn check_ratio(raw: u64, file: u64) -> Result<(), Fault> {
    if raw <= file.saturating_mul(MAX_RATIO) {
        return Ok(());
    }
    Err(Fault::new(format!(
        "the PNG file has {file} bytes and cannot hold the {raw} bytes that its header promises"
    )))
}

/// The channels after `Transformations::EXPAND`, which leaves no palette.
const fn channels(expanded: ColorType) -> Channels {
    match expanded {
        ColorType::Grayscale => Channels::L,
        ColorType::GrayscaleAlpha => Channels::La,
        ColorType::Rgb | ColorType::Indexed => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
    }
}

const fn storage(stored: ColorType, depth: BitDepth, has_trns: bool) -> Storage {
    match (stored, depth, has_trns) {
        (ColorType::Indexed, _, _) => Storage::Palette,
        (_, _, true) => Storage::ColorKey,
        (ColorType::Grayscale, BitDepth::One, false) => Storage::Bilevel,
        _ => Storage::Direct,
    }
}

/// The chunk eXIf, which may also come after the pixels.
fn exif(reader: &mut Reader<Cursor<&[u8]>>) -> Option<Vec<u8>> {
    if reader.info().exif_metadata.is_none() {
        // Pixels are whole by now; damage behind them costs only the metadata.
        drop(reader.finish());
    }
    reader.info().exif_metadata.as_ref().map(|exif| exif.to_vec())
}
