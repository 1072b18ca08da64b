//! The decoder of zstd's authors.

use std::io;

pub(crate) struct Unpacker(zstd::bulk::Decompressor<'static>);

impl Unpacker {
    pub(crate) fn new() -> io::Result<Self> {
        zstd::bulk::Decompressor::new().map(Self)
    }

    /// Unpacks a frame into `out`, which has room for `unpacked` bytes.
    pub(crate) fn unpack(
        &mut self,
        packed: &[u8],
        _unpacked: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let decoded = self.0.decompress_to_buffer(packed, out);
        decoded
            .map(|_| ())
            .map_err(|error| format!("cannot be unpacked: {}", error.to_string().to_lowercase()))
    }
}
