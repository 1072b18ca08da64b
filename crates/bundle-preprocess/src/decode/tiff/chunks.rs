//! Strips and tiles: where they are, and what their compressed bytes hold.

use std::{borrow::Cow, io::Read as _};

use fax::{Color, decoder};
use flate2::read::ZlibDecoder;
use weezl::{BitOrder, LzwStatus, decode::Configuration};

use super::{
    cannot, damaged,
    directory::{Directory, tag},
};
use crate::error::Fault;

/// No codec but fax shrinks more: a code of LZW has 9 bits or more, and gives 4,096
/// bytes or less. A header that promises more lies.
const MAX_RATIO: usize = 4096;
/// Sides of tiles are multiples of this, says the specification.
const TILE: usize = 16;

/// How the bytes of a chunk are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    None,
    Fax4,
    Lzw,
    Deflate,
    PackBits,
}

/// The grid of chunks, each of them `chunk` large, that an image is cut into.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) bits: usize,
    pub(super) samples: usize,
    /// Every sample has chunks of its own.
    pub(super) planar: bool,
    codec: Codec,
    /// Samples are the differences to their left neighbours.
    differences: bool,
    tiled: bool,
    pub(super) chunk: (usize, usize),
}

impl Grid {
    pub(super) fn read(directory: &Directory<'_>) -> Result<Self, Fault> {
        let number = |tag: u16, default: Option<u32>| {
            let number = directory.number(tag)?.or(default);
            number
                .map(|number| number as usize)
                .ok_or_else(|| damaged(&format!("it has no tag {tag}")))
        };
        let (height, width) = (number(tag::HEIGHT, None)?, number(tag::WIDTH, None)?);
        let bits = directory.numbers(tag::BITS)?.unwrap_or_else(|| vec![1]);
        let samples = number(tag::SAMPLES, Some(1))?;
        let &[first, ref others @ ..] = bits.as_slice() else {
            return Err(damaged("it has no bits"));
        };
        let alike = others.iter().all(|bits| *bits == first);
        if !alike || (bits.len() != samples && bits.len() != 1) || samples > 8 {
            return Err(cannot("with samples that are not alike"));
        }
        if !matches!(first, 1 | 2 | 4 | 8 | 16) {
            return Err(cannot(&format!("of {first} bits")));
        }
        if number(tag::FILL_ORDER, Some(1))? != 1 {
            return Err(cannot("whose bits are filled from the right"));
        }
        let bits = first as usize;
        let codec = codec(number(tag::COMPRESSION, Some(1))?, bits * samples)?;
        let differences = differences(number(tag::PREDICTOR, Some(1))?, codec, bits)?;
        let planar = number(tag::PLANAR, Some(1))? == 2 && samples > 1;
        let tiled = directory.numbers(tag::TILE_OFFSETS)?.is_some();
        let chunk = if tiled {
            let tile = (number(tag::TILE_HEIGHT, None)?, number(tag::TILE_WIDTH, None)?);
            if tile.0 % TILE != 0 || tile.1 % TILE != 0 {
                return Err(damaged("its tiles have no valid size"));
            }
            tile
        } else {
            (number(tag::ROWS_PER_STRIP, Some(u32::MAX))?.min(height), width)
        };
        if chunk.0 == 0 || chunk.1 == 0 {
            return Err(damaged("it is cut into nothing"));
        }
        Ok(Self { height, width, bits, samples, planar, codec, differences, tiled, chunk })
    }

    /// Bytes of a row of the image.
    pub(super) const fn row_bytes(&self) -> usize {
        (self.width * self.samples * self.bits).div_ceil(8)
    }

    /// Samples of a pixel in a chunk.
    const fn together(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }
}

fn codec(number: usize, bits: usize) -> Result<Codec, Fault> {
    match number {
        1 => Ok(Codec::None),
        4 if bits == 1 => Ok(Codec::Fax4),
        5 => Ok(Codec::Lzw),
        8 | 32_946 => Ok(Codec::Deflate),
        32_773 => Ok(Codec::PackBits),
        2..=4 => Err(cannot("with Group 3 fax compression")),
        6 | 7 => Err(cannot("with a JPEG file inside")),
        other => Err(cannot(&format!("with compression {other}"))),
    }
}

/// Other codecs have no predictor, and the tag means nothing.
fn differences(predictor: usize, codec: Codec, bits: usize) -> Result<bool, Fault> {
    match (predictor, codec) {
        (1, _) | (_, Codec::None | Codec::Fax4 | Codec::PackBits) => Ok(false),
        (2, _) if bits >= 8 => Ok(true),
        (other, _) => Err(cannot(&format!("with predictor {other} and samples of {bits} bits"))),
    }
}

/// The samples of all chunks, pixel by pixel, in the order of bytes of the file.
pub(super) fn pixels(directory: &Directory<'_>, grid: &Grid) -> Result<Vec<u8>, Fault> {
    let tags = if grid.tiled {
        (tag::TILE_OFFSETS, tag::TILE_BYTES)
    } else {
        (tag::STRIP_OFFSETS, tag::STRIP_BYTES)
    };
    let offsets = directory.numbers(tags.0)?.unwrap_or_default();
    let lengths = directory.numbers(tags.1)?.unwrap_or_default();
    let across = grid.width.div_ceil(grid.chunk.1);
    let count = across * grid.height.div_ceil(grid.chunk.0);
    let planes = if grid.planar { grid.samples } else { 1 };
    if offsets.len() != count * planes || lengths.len() != offsets.len() {
        return Err(damaged("it has not as many strips or tiles as its size needs"));
    }
    let size = grid.row_bytes() * grid.height;
    let stored = lengths.iter().fold(0_usize, |sum, length| sum.saturating_add(*length as usize));
    if grid.codec != Codec::Fax4 && size / MAX_RATIO > stored {
        return Err(damaged(&format!("its {stored} bytes of pixels cannot hold {size} bytes")));
    }
    let mut pixels = vec![0; size];
    for (index, (offset, length)) in offsets.into_iter().zip(lengths).enumerate() {
        let (plane, index) = (index / count, index % count);
        let at = (index / across * grid.chunk.0, index % across * grid.chunk.1);
        let rows = if grid.tiled { grid.chunk.0 } else { grid.chunk.0.min(grid.height - at.0) };
        let stored =
            directory.part(offset, length).ok_or_else(|| damaged("its pixels break off"))?;
        let mut chunk = expanded(stored, grid, rows)?;
        if grid.differences {
            accumulate(chunk.to_mut(), grid, directory);
        }
        place(&chunk, (at, plane), grid, &mut pixels);
    }
    Ok(pixels)
}

/// What a chunk of `rows` rows holds.
fn expanded<'a>(stored: &'a [u8], grid: &Grid, rows: usize) -> Result<Cow<'a, [u8]>, Fault> {
    let row = (grid.chunk.1 * grid.together() * grid.bits).div_ceil(8);
    let size = row * rows;
    let whole = match grid.codec {
        Codec::None => stored.get(..size).map(Cow::Borrowed),
        Codec::Fax4 => faxed(stored, grid.chunk.1, rows).map(Cow::Owned),
        Codec::Lzw => unlzw(stored, size).map(Cow::Owned),
        Codec::Deflate => {
            let mut chunk = vec![0; size];
            ZlibDecoder::new(stored).read_exact(&mut chunk).ok().map(|()| Cow::Owned(chunk))
        }
        Codec::PackBits => unpacked(stored, size).map(Cow::Owned),
    };
    whole.ok_or_else(|| damaged("a strip or tile of it cannot be decompressed"))
}

fn unlzw(mut stored: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut decoder = Configuration::with_tiff_size_switch(BitOrder::Msb, 8).build();
    let mut chunk = vec![0; size];
    let mut filled = 0;
    while filled < size {
        let result = decoder.decode_bytes(stored, &mut chunk[filled..]);
        stored = stored.get(result.consumed_in..)?;
        filled += result.consumed_out;
        match result.status {
            Ok(LzwStatus::Ok) if result.consumed_in + result.consumed_out > 0 => {}
            _ => break,
        }
    }
    (filled == size).then_some(chunk)
}

/// `PackBits`: a count, then as many bytes, or one byte so often.
pub(in crate::decode) fn unpacked(mut stored: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut chunk = Vec::with_capacity(size);
    while chunk.len() < size {
        let (count, rest) = stored.split_first()?;
        stored = match *count {
            count @ 0..=127 => {
                let (literal, rest) = rest.split_at_checked(usize::from(count) + 1)?;
                chunk.extend_from_slice(literal);
                rest
            }
            128 => rest,
            count => {
                let (byte, rest) = rest.split_first()?;
                chunk.extend(std::iter::repeat_n(*byte, 257 - usize::from(count)));
                rest
            }
        };
    }
    chunk.truncate(size);
    Some(chunk)
}

/// Group 4: black is 1.
fn faxed(stored: &[u8], width: usize, rows: usize) -> Option<Vec<u8>> {
    let (width, height) = (u16::try_from(width).ok()?, u16::try_from(rows).ok()?);
    let row = usize::from(width).div_ceil(8);
    let mut chunk = Vec::new();
    let mut line = |changes: &[u16]| {
        // Changes behind the edge, or backwards, are damage; the decoder gives them as they are.
        let start = chunk.len();
        chunk.resize(start + row, 0_u8);
        for (x, color) in decoder::pels(changes, width).take(width.into()).enumerate() {
            if color == Color::Black {
                chunk[start + x / 8] |= 0x80 >> (x % 8);
            }
        }
    };
    decoder::decode_g4(stored.iter().copied(), width, Some(height), &mut line)?;
    (chunk.len() == row * rows).then_some(chunk)
}

/// Adds the left neighbour to each sample, row by row.
fn accumulate(chunk: &mut [u8], grid: &Grid, directory: &Directory<'_>) {
    let step = grid.together();
    for row in chunk.chunks_exact_mut(grid.chunk.1 * step * grid.bits / 8) {
        if grid.bits == 8 {
            for at in step..row.len() {
                row[at] = row[at].wrapping_add(row[at - step]);
            }
            continue;
        }
        let (pairs, _) = row.as_chunks_mut::<2>();
        for at in step..pairs.len() {
            let sum = directory.two(pairs[at]).wrapping_add(directory.two(pairs[at - step]));
            pairs[at] =
                if directory.is_big_endian() { sum.to_be_bytes() } else { sum.to_le_bytes() };
        }
    }
}

/// Copies the part of a chunk that is inside the image to where it belongs.
fn place(chunk: &[u8], (at, plane): ((usize, usize), usize), grid: &Grid, pixels: &mut [u8]) {
    let together = grid.together();
    let (from_row, to_row) = ((grid.chunk.1 * together * grid.bits).div_ceil(8), grid.row_bytes());
    let columns = grid.chunk.1.min(grid.width - at.1);
    let rows = chunk.chunks_exact(from_row);
    for (from, to) in rows.zip(pixels.chunks_exact_mut(to_row).skip(at.0)) {
        if !grid.planar {
            // Tiles begin at multiples of 16 pixels: at whole bytes.
            let start = at.1 * together * grid.bits / 8;
            let length = (columns * together * grid.bits).div_ceil(8);
            to[start..start + length].copy_from_slice(&from[..length]);
            continue;
        }
        let bytes = grid.bits / 8;
        let pixels = to[at.1 * grid.samples * bytes..].chunks_exact_mut(grid.samples * bytes);
        for (from, to) in from.chunks_exact(bytes).take(columns).zip(pixels) {
            to[plane * bytes..(plane + 1) * bytes].copy_from_slice(from);
        }
    }
}
