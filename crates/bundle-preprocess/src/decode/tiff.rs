//! TIFF files: the first image, of gray or colour, 1 to 16 bits, uncompressed,
//! LZW, Deflate, `PackBits` or fax, in strips or tiles.
//!
//! Refused by name: JPEG inside TIFF, whose pixels would not be libtiff's; palettes; floats; any
//! orientation but upright, which Pillow turns whatever is asked for.

use std::io::Cursor;

use bundle_manifest::BitDepth16;
use tiff::{
    ColorType, TiffError,
    decoder::{Decoder, DecodingResult, Limits as TiffLimits},
    tags::Tag,
};

use super::{check_size, png::rule16};
use crate::{Channels, Image, Limits, Samples, Storage, error::Fault};

/// Whether a file starts as TIFF files do.
pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    [&b"II*\0"[..], b"MM\0*"].iter().any(|magic| bytes.starts_with(magic))
}

/// Decodes the first image of a TIFF file.
pub(super) fn decode(
    bytes: &[u8],
    depth16: Option<BitDepth16>,
    limits: &Limits,
) -> Result<Image, Fault> {
    let mut caps = TiffLimits::default();
    let most = usize::try_from(limits.image_bytes).unwrap_or(usize::MAX);
    caps.decoding_buffer_size = most;
    caps.intermediate_buffer_size = most;
    caps.ifd_value_size = most.min(1 << 20);
    let decoder = Decoder::new(Cursor::new(bytes)).map_err(unreadable)?;
    let mut decoder = decoder.with_limits(caps);
    let (width, height) = decoder.dimensions().map_err(unreadable)?;
    let (width, height) = (width as usize, height as usize);
    check_size((height, width), 8, limits)?;
    let orientation = decoder.find_tag(Tag::Orientation).map_err(unreadable)?;
    if orientation.is_some_and(|value| value.into_u16().is_ok_and(|value| value > 1)) {
        let fault = Fault::new("a TIFF file that is stored turned cannot be decoded");
        return Err(fault.hint("save it upright, as PNG or TIFF"));
    }
    let color = decoder.colortype().map_err(unreadable)?;
    let (channels, storage) = match color {
        ColorType::Gray(8 | 16) => (Channels::L, Storage::Direct),
        ColorType::Gray(1) => (Channels::L, Storage::Bilevel),
        ColorType::RGB(8 | 16) => (Channels::Rgb, Storage::Direct),
        ColorType::RGBA(8) => (Channels::Rgba, Storage::Direct),
        ColorType::CMYK(8) => (Channels::Cmyk, Storage::Direct),
        other => {
            let fault = Fault::new(format!("a TIFF file of {other:?} cannot be decoded"));
            return Err(fault.hint("save it as 8-bit or 16-bit gray or RGB"));
        }
    };
    let pixels = height * width;
    let samples = match (decoder.read_image().map_err(unreadable)?, color) {
        (DecodingResult::U8(bits), ColorType::Gray(1)) => {
            Samples::Uint8(unpacked(&bits, (height, width))?)
        }
        (DecodingResult::U8(samples), _) => Samples::Uint8(samples),
        (DecodingResult::U16(samples), _) => {
            deep(samples, rule16(depth16, channels == Channels::L)?)
        }
        _ => return Err(Fault::new("a TIFF file of such samples cannot be decoded")),
    };
    if samples.count() != pixels * channels.count() {
        return Err(Fault::new("the TIFF file does not hold the image that its header promises"));
    }
    Ok(Image { height, width, channels, storage, samples })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
fn unreadable(error: TiffError) -> Fault {
    Fault::new(format!("the TIFF file cannot be decoded: {error}"))
}

/// Bits as 0 and 255; each row starts at a byte. The decoder has black as 0 already.
fn unpacked(bits: &[u8], (height, width): (usize, usize)) -> Result<Vec<u8>, Fault> {
    let stride = width.div_ceil(8);
    if bits.len() != height * stride {
        return Err(Fault::new("the TIFF file does not hold the image that its header promises"));
    }
    let mut samples = Vec::with_capacity(height * width);
    for row in bits.chunks_exact(stride.max(1)) {
        samples
            .extend((0..width).map(|x| if row[x / 8] >> (7 - x % 8) & 1 == 1 { 255 } else { 0 }));
    }
    Ok(samples)
}

fn deep(samples: Vec<u16>, rule: BitDepth16) -> Samples {
    let high = |sample: u16| sample.to_be_bytes()[0];
    match rule {
        BitDepth16::Keep => Samples::Uint16(samples),
        BitDepth16::Shift8 => Samples::Uint8(samples.into_iter().map(high).collect()),
        BitDepth16::Saturate => {
            let low = |sample: u16| u8::try_from(sample).unwrap_or(u8::MAX);
            Samples::Uint8(samples.into_iter().map(low).collect())
        }
    }
}
