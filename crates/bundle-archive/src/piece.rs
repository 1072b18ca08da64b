//! How a bundle lies in a page: base64, a piece a line.

use std::io::{self, Read};

use crate::Archive;

/// What stands before a piece of the bundle, at the beginning of a line of the page.
pub const PIECE_BEFORE: &str = "<script type=\"text/plain\" class=\"bundle-part\">";
/// What stands behind it.
pub const PIECE_BEHIND: &str = "</script>";
/// Bytes of a bundle in a piece; a multiple of three, so that base64 has no padding but in the last.
pub const PIECE_SIZE: usize = 6 << 20;

impl Archive {
    /// The bytes of the bundle as they are, from the first to the last.
    pub fn packed(&self) -> impl Read + '_ {
        Packed { archive: self, at: 0, buffer: Vec::new() }
    }
}

/// Reads a bundle as it is packed.
struct Packed<'a> {
    archive: &'a Archive,
    at: u64,
    buffer: Vec<u8>,
}

impl Read for Packed<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = self.archive.packed_size().saturating_sub(self.at);
        let length = rest.min(u64::try_from(out.len()).unwrap_or(u64::MAX));
        self.archive
            .storage
            .read_at(self.at, length, &mut self.buffer)
            .map_err(crate::ArchiveError::into_io)?;
        let read = self.buffer.len();
        if let Some(room) = out.get_mut(..read) {
            room.copy_from_slice(&self.buffer);
        }
        self.at = self.at.saturating_add(length);
        Ok(read)
    }
}
