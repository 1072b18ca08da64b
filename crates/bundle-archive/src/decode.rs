//! Unpacking one zstd frame: the only module of the reader that names a decoder.
//!
//! Two do the same: the one of zstd's authors, in C, and one in Rust for where there is no C
//! compiler. A test holds them against each other.

#[cfg(feature = "native")]
mod native;
#[cfg(any(not(feature = "native"), test))]
mod portable;

#[cfg(feature = "native")]
use self::native::Unpacker;
#[cfg(not(feature = "native"))]
use self::portable::Unpacker;

use std::io;

use crate::{frame, seek::Frame};

/// A decoder that is reused from frame to frame.
pub(crate) struct Decoder(Unpacker);

impl Decoder {
    pub(crate) fn new() -> io::Result<Self> {
        Unpacker::new().map(Self)
    }

    /// Replaces the content of `out` by the content of a frame. Memory is what
    /// the seek table states for it, whatever the bytes say.
    pub(crate) fn decode(
        &mut self,
        packed: &[u8],
        frame: Frame,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        frame::check(packed, frame.unpacked.into())?;
        let unpacked = usize::try_from(frame.unpacked).map_err(|_| "does not fit the memory")?;
        out.clear();
        out.try_reserve_exact(unpacked).map_err(|_| "does not fit the memory")?;
        self.0.unpack(packed, unpacked, out)?;
        if out.len() != unpacked {
            return Err(format!("unpacks to {} bytes, not {unpacked}", out.len()));
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "native"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both(packed: &[u8], length: usize) -> [Result<Vec<u8>, String>; 2] {
        let mut native = Vec::with_capacity(length);
        let first = Unpacker::new().expect("a decoder").unpack(packed, length, &mut native);
        let mut portable = Vec::with_capacity(length);
        let mut decoder = portable::Unpacker::new().expect("a decoder");
        let second = decoder.unpack(packed, length, &mut portable);
        [first.map(|()| native), second.map(|()| portable)]
    }

    fn packed(content: &[u8], level: i32) -> Vec<u8> {
        let mut compressor = zstd::bulk::Compressor::new(level).expect("a compressor");
        compressor.include_checksum(true).expect("a parameter");
        compressor.compress(content).expect("a frame")
    }

    proptest! {
        #[test]
        fn both_decoders_give_the_same(
            words in proptest::collection::vec("[a-d]{1,9}", 0..4000),
            level in 1..20_i32,
        ) {
            let content = words.concat().into_bytes();
            let frame = packed(&content, level);
            for found in both(&frame, content.len()) {
                prop_assert_eq!(found, Ok(content.clone()));
            }
        }

        #[test]
        fn both_decoders_refuse_a_flipped_bit(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let content: Vec<u8> = (0..5000_u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect();
            let mut frame = packed(&content, 3);
            let at = at.index(frame.len());
            frame[at] ^= 1 << bit;
            for found in both(&frame, content.len()) {
                prop_assert!(found.is_err() || found == Ok(content.clone()));
            }
        }
    }
}
