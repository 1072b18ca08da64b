//! Unpacking one zstd frame: the only module of the reader that names a decoder.
//!
//! A target without a C compiler puts another decoder here; nothing else
//! changes.

use std::io;

use crate::{frame, seek::Frame};

/// A decoder that is reused from frame to frame.
pub(crate) struct Decoder(zstd::bulk::Decompressor<'static>);

impl Decoder {
    pub(crate) fn new() -> io::Result<Self> {
        zstd::bulk::Decompressor::new().map(Self)
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
        let decoded = self.0.decompress_to_buffer(packed, out);
        decoded
            .map_err(|error| format!("cannot be unpacked: {}", error.to_string().to_lowercase()))?;
        if out.len() != unpacked {
            return Err(format!("unpacks to {} bytes, not {unpacked}", out.len()));
        }
        Ok(())
    }
}
