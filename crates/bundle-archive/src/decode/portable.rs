//! A decoder in Rust.

use std::io;

use ruzstd::decoding::FrameDecoder;

pub(crate) struct Unpacker(FrameDecoder);

impl Unpacker {
    /// `Result` because the other decoder needs memory that may not be there.
    #[expect(clippy::unnecessary_wraps, reason = "the same function as the other decoder's")]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(FrameDecoder::new()))
    }

    /// Unpacks a frame into `out`, which has room for `unpacked` bytes.
    pub(crate) fn unpack(
        &mut self,
        packed: &[u8],
        unpacked: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        out.resize(unpacked, 0);
        let decoded = self.0.decode_all(packed, out);
        let written = decoded
            .map_err(|error| format!("cannot be unpacked: {}", error.to_string().to_lowercase()))?;
        out.truncate(written);
        // The decoder computes the checksum and leaves it to its caller to compare.
        if self.0.get_checksum_from_data() != self.0.get_calculated_checksum() {
            return Err("cannot be unpacked: the checksum differs".to_owned());
        }
        Ok(())
    }
}
