//! Packing one frame: bytes that depend on the content and the level only.
//!
//! A fresh context for every frame and no threads within one, so neither what
//! was packed before nor how many threads there are can change a byte.

use std::io;

use zstd::{
    bulk::Compressor,
    zstd_safe::{
        CCtx, CParameter, InBuffer, OutBuffer, compress_bound, zstd_sys::ZSTD_EndDirective,
    },
};

/// What level 0 means, and what content that does not shrink gets: matches are
/// still looked for, but nothing else is tried.
const FASTEST: i32 = -7;
/// The level that tells whether content shrinks: it has an entropy stage, so it
/// knows text of few letters from weights.
const TRIAL: i32 = 1;
/// Pieces of a frame that are tried, evenly spaced from its beginning, and their size.
const PIECES: usize = 4;
const PIECE: usize = 32 << 10;
/// A trial that saves less than one byte in eight has not shrunk.
const WORTH: usize = 8;
/// No frame unpacks to more than this many times its size.
const RATIO: usize = 1000;
/// Bytes of content in a block where blocks are forced to keep the ratio: at
/// least four bytes for 2 KiB is at most 512 to one.
const FORCED_BLOCK: usize = 2 << 10;

/// Replaces the content of `out` by a zstd frame that holds `content`.
pub(crate) fn encode(content: &[u8], level: i32, out: &mut Vec<u8>) -> io::Result<()> {
    out.clear();
    out.reserve(compress_bound(content.len()));
    let level = if level <= 0 || !shrinks(content)? { FASTEST } else { level };
    compressor(level)?.compress_to_buffer(content, out)?;
    if out.len().saturating_mul(RATIO) < content.len() {
        encode_in_blocks(content, level, out)?;
    }
    Ok(())
}

fn compressor(level: i32) -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(level)?;
    compressor.include_checksum(true)?;
    compressor.include_contentsize(true)?;
    Ok(compressor)
}

/// Whether the pieces together lose an eighth at the trial level. A frame of
/// up to two trials is not worth one.
fn shrinks(content: &[u8]) -> io::Result<bool> {
    let trial = PIECES.saturating_mul(PIECE);
    if content.len() < trial.saturating_mul(2) {
        return Ok(true);
    }
    let stride = content.len().checked_div(PIECES).unwrap_or_default().max(1);
    let pieces = content.chunks(stride).take(PIECES);
    let sample: Vec<u8> = pieces.flat_map(|part| part.iter().take(PIECE)).copied().collect();
    let packed = Compressor::new(TRIAL)?.compress(&sample)?.len();
    let saved = sample.len().saturating_sub(packed);
    Ok(saved.saturating_mul(WORTH) >= sample.len())
}

/// The same content with a block boundary every [`FORCED_BLOCK`] bytes, so that
/// even zeros keep the ratio that readers demand.
fn encode_in_blocks(content: &[u8], level: i32, out: &mut Vec<u8>) -> io::Result<()> {
    let mut compressor = CCtx::create();
    for parameter in [
        CParameter::CompressionLevel(level),
        CParameter::ChecksumFlag(true),
        CParameter::ContentSizeFlag(true),
    ] {
        compressor.set_parameter(parameter).map_err(zstd_error)?;
    }
    let size = u64::try_from(content.len()).map_err(io::Error::other)?;
    compressor.set_pledged_src_size(Some(size)).map_err(zstd_error)?;
    out.clear();
    out.reserve(compress_bound(content.len()));
    let mut output = OutBuffer::around(out);
    let mut blocks = content.chunks(FORCED_BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let end = if blocks.peek().is_some() {
            ZSTD_EndDirective::ZSTD_e_flush
        } else {
            ZSTD_EndDirective::ZSTD_e_end
        };
        let mut input = InBuffer::around(block);
        while compressor.compress_stream2(&mut output, &mut input, end).map_err(zstd_error)? > 0 {}
    }
    Ok(())
}

fn zstd_error(code: usize) -> io::Error {
    io::Error::other(zstd::zstd_safe::get_error_name(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{decode::Decoder, frame, seek::Frame};

    /// Bytes without a pattern, the same every time (xorshift).
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..length).map(|_| next()).collect()
    }

    fn packed(content: &[u8], level: i32) -> Vec<u8> {
        let mut out = Vec::new();
        encode(content, level, &mut out).expect("packs");
        let size = u32::try_from(content.len()).expect("small");
        assert_eq!(frame::check(&out, size.into()), Ok(()));
        let mut back = Vec::new();
        let row = Frame { offset: 0, packed: 0, unpacked: size };
        Decoder::new().expect("a decoder").decode(&out, row, &mut back).expect("unpacks");
        assert_eq!(back, content);
        out
    }

    #[test]
    fn every_level_gives_one_frame_that_a_reader_accepts() {
        let text = "all happy families are alike; ".repeat(40_000);
        for level in 0..=19 {
            let out = packed(text.get(..1 << 20).expect("long").as_bytes(), level);
            assert!(out.len() < 60_000, "level {level}: {}", out.len());
        }
    }

    #[test]
    fn zeros_keep_the_ratio() {
        for (length, most) in [(1024, 64), (1 << 20, 4096), (8 << 20, 40_000)] {
            let out = packed(&vec![0; length], 3);
            assert!(out.len() * RATIO >= length, "{length}: {}", out.len());
            assert!(out.len() < most, "{length}: {}", out.len());
        }
    }

    #[test]
    fn only_content_that_shrinks_is_squeezed() {
        let noise = noise(1 << 20);
        assert!(!shrinks(&noise).expect("a trial"));
        assert!(shrinks(&noise[..100_000]).expect("no trial"), "too short to try");
        let letters: Vec<u8> = noise.iter().map(|byte| b"ACGT"[usize::from(byte & 3)]).collect();
        assert!(shrinks(&letters).expect("a trial"));
        assert_eq!(packed(&noise, 3), packed(&noise, 0));
        assert!(packed(&letters, 3).len() < letters.len() / 3);
    }
}
