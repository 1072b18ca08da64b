//! TIFF files, first page: gray, RGB, palette and CMYK, in strips or tiles.
//!
//! Bits are interpreted as Pillow does: `WhiteIsZero` is inverted, two and four bits are
//! scaled to 0…255, an unspecified fourth sample of RGB is dropped (Pillow 9.5 kept it),
//! premultiplied alpha is divided out, the high byte of a palette counts. The orientation tag is always applied,
//! as Pillow does when it loads a TIFF file, whatever `exif_orientation` says.
//!
//! Refused by name: `BigTIFF`, floats and signed samples, 12 and 32 bits, YCbCr and Lab,
//! JPEG inside TIFF, Group 3 fax and other codecs, the predictor of floats, bits filled
//! from the right, and 16 bits that are `WhiteIsZero` or premultiplied.

mod chunks;
mod directory;

use bundle_manifest::BitDepth16;

pub(super) use self::chunks::unpacked as unpacked_bits;
use self::{
    chunks::{Grid, pixels},
    directory::{Directory, tag},
};
use super::{check_size, orientation, rule16, samples16};
use crate::{Channels, Image, Limits, Samples, Storage, error::Fault};

/// What the numbers of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Gray, perhaps inverted.
    Gray {
        white_is_zero: bool,
    },
    GrayAlpha,
    Rgb,
    /// A fourth sample that means nothing.
    RgbAndOther,
    Rgba,
    Premultiplied,
    Palette,
    Cmyk,
}

/// Decodes a TIFF file, upright.
pub(super) fn decode(
    bytes: &[u8],
    depth16: Option<BitDepth16>,
    limits: &Limits,
) -> Result<Image, Fault> {
    let directory = Directory::read(bytes)?;
    let grid = Grid::read(&directory)?;
    let meaning = meaning(&directory, &grid)?;
    let rule = match grid.bits {
        16 => Some(rule16(depth16, matches!(meaning, Meaning::Gray { .. }))?),
        _ => None,
    };
    // The file's samples, and what is made of them.
    let working = 2 * grid.samples.max(3) * grid.bits.div_ceil(8);
    check_size((grid.height, grid.width), working, limits)?;
    check_size(grid.chunk, working, limits)?;
    let raw = pixels(&directory, &grid)?;
    let image = interpreted(raw, meaning, &grid, &directory)?;
    let image = match rule {
        Some(rule) => in_16_bits(image, rule, directory.is_big_endian()),
        None => image,
    };
    Ok(match directory.number(tag::ORIENTATION)?.unwrap_or(1) {
        value @ 2..=8 => orientation::oriented(image, value),
        _ => image,
    })
}

fn meaning(directory: &Directory<'_>, grid: &Grid) -> Result<Meaning, Fault> {
    let formats = directory.numbers(tag::SAMPLE_FORMAT)?.unwrap_or_default();
    if formats.iter().any(|format| *format != 1) {
        return Err(cannot("of floats or signed samples"));
    }
    let photometric = directory.number(tag::PHOTOMETRIC)?.unwrap_or(0);
    let extra = directory.numbers(tag::EXTRA_SAMPLES)?.unwrap_or_default();
    let white_is_zero = photometric == 0;
    match (photometric, grid.bits, grid.samples, extra.as_slice()) {
        (0 | 1, 1 | 2 | 4 | 8, 1, []) | (1, 16, 1, []) => Ok(Meaning::Gray { white_is_zero }),
        (1, 8, 2, [2]) => Ok(Meaning::GrayAlpha),
        (2, 8 | 16, 3, []) => Ok(Meaning::Rgb),
        (2, 8 | 16, 4, [] | [2]) => Ok(Meaning::Rgba),
        (2, 8 | 16, 4, [0]) if !grid.planar => Ok(Meaning::RgbAndOther),
        (2, 8, 4, [1]) if !grid.planar => Ok(Meaning::Premultiplied),
        (3, 1 | 2 | 4 | 8, 1, []) => Ok(Meaning::Palette),
        (5, 8, 4, []) => Ok(Meaning::Cmyk),
        (6, ..) => Err(cannot("in YCbCr")),
        (8 | 9, ..) => Err(cannot("in Lab")),
        (photometric, bits, samples, extra) => Err(cannot(&format!(
            "with {samples} samples of {bits} bits, photometric {photometric}, extra samples {extra:?}"
        ))),
    }
}

/// What a file has that is not decoded.
fn cannot(what: &str) -> Fault {
    let fault = Fault::new(format!("a TIFF file {what} cannot be decoded in this version"));
    fault.hint("save it as 8-bit RGB, uncompressed or with LZW, with the program that made it")
}

fn damaged(what: &str) -> Fault {
    Fault::new(format!("the TIFF file is damaged: {what}"))
}

/// The image of whole bytes; 16-bit samples are still pairs of them.
fn interpreted(
    raw: Vec<u8>,
    meaning: Meaning,
    grid: &Grid,
    directory: &Directory<'_>,
) -> Result<Image, Fault> {
    let bytes = grid.bits.div_ceil(8);
    let (channels, storage, samples) = match meaning {
        Meaning::Gray { white_is_zero } => {
            let storage = if grid.bits == 1 { Storage::Bilevel } else { Storage::Direct };
            let samples = if grid.bits < 8 { scaled(&raw, grid) } else { raw };
            (Channels::L, storage, if white_is_zero { inverted(samples) } else { samples })
        }
        Meaning::GrayAlpha => (Channels::La, Storage::Direct, raw),
        Meaning::Rgb => (Channels::Rgb, Storage::Direct, raw),
        Meaning::RgbAndOther => {
            let kept = raw.chunks_exact(4 * bytes).flat_map(|pixel| &pixel[..3 * bytes]);
            (Channels::Rgb, Storage::Direct, kept.copied().collect())
        }
        Meaning::Rgba => (Channels::Rgba, Storage::Direct, raw),
        Meaning::Premultiplied => (Channels::Rgba, Storage::Direct, divided(raw)),
        Meaning::Cmyk => (Channels::Cmyk, Storage::Direct, raw),
        Meaning::Palette => (Channels::Rgb, Storage::Palette, coloured(&raw, grid, directory)?),
    };
    let (height, width) = (grid.height, grid.width);
    Ok(Image { height, width, channels, storage, samples: Samples::Uint8(samples) })
}

fn in_16_bits(image: Image, rule: BitDepth16, big_endian: bool) -> Image {
    let Samples::Uint8(bytes) = &image.samples else { return image };
    let (pairs, _) = bytes.as_chunks::<2>();
    let number = |pair: &[u8; 2]| {
        if big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
    };
    let samples = samples16(pairs.iter().map(number), rule);
    Image { samples, ..image }
}

/// Samples below 8 bits as numbers, a byte each; rows begin at bytes.
fn unpacked<'a>(raw: &'a [u8], grid: &'a Grid) -> impl Iterator<Item = u8> + 'a {
    let (bits, width) = (grid.bits, grid.width);
    let mask = u8::MAX >> (8 - bits);
    raw.chunks_exact(grid.row_bytes()).flat_map(move |row| {
        (0..width).map(move |x| (row[x * bits / 8] >> (8 - bits - x * bits % 8)) & mask)
    })
}

fn scaled(raw: &[u8], grid: &Grid) -> Vec<u8> {
    let factor = u8::MAX / (u8::MAX >> (8 - grid.bits));
    unpacked(raw, grid).map(|sample| sample * factor).collect()
}

fn inverted(mut samples: Vec<u8>) -> Vec<u8> {
    for sample in &mut samples {
        *sample = u8::MAX - *sample;
    }
    samples
}

/// Colour that was multiplied with alpha, without it.
fn divided(mut samples: Vec<u8>) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks_mut::<4>();
    for [red, green, blue, alpha] in pixels {
        for sample in [red, green, blue] {
            let whole = (u32::from(*sample) * 255).checked_div(u32::from(*alpha)).unwrap_or(0);
            *sample = u8::try_from(whole).unwrap_or(u8::MAX);
        }
    }
    samples
}

fn coloured(raw: &[u8], grid: &Grid, directory: &Directory<'_>) -> Result<Vec<u8>, Fault> {
    let map = directory.numbers(tag::COLOR_MAP)?.unwrap_or_default();
    let colors = 1 << grid.bits;
    if map.len() != 3 * colors {
        return Err(damaged("its palette has another size than its samples need"));
    }
    let level = |number: u32| u8::try_from((number >> 8) & 0xff).unwrap_or(u8::MAX);
    let color = |index: u8| {
        let index = usize::from(index);
        [map[index], map[colors + index], map[2 * colors + index]].map(level)
    };
    let palette: Vec<[u8; 3]> = (0..=u8::MAX).take(colors).map(color).collect();
    // An index has as many bits as the palette has colours for.
    let find = |index: u8| palette.get(usize::from(index)).copied().unwrap_or_default();
    if grid.bits == 8 {
        return Ok(raw.iter().flat_map(|index| find(*index)).collect());
    }
    Ok(unpacked(raw, grid).flat_map(find).collect())
}
