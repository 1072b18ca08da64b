//! The first directory of a TIFF file: tags and their numbers.

use super::{cannot, damaged};
use crate::error::Fault;

/// The tags that pixels need.
pub(super) mod tag {
    pub(crate) const WIDTH: u16 = 256;
    pub(crate) const HEIGHT: u16 = 257;
    pub(crate) const BITS: u16 = 258;
    pub(crate) const COMPRESSION: u16 = 259;
    pub(crate) const PHOTOMETRIC: u16 = 262;
    pub(crate) const FILL_ORDER: u16 = 266;
    pub(crate) const STRIP_OFFSETS: u16 = 273;
    pub(crate) const ORIENTATION: u16 = 274;
    pub(crate) const SAMPLES: u16 = 277;
    pub(crate) const ROWS_PER_STRIP: u16 = 278;
    pub(crate) const STRIP_BYTES: u16 = 279;
    pub(crate) const PLANAR: u16 = 284;
    pub(crate) const PREDICTOR: u16 = 317;
    pub(crate) const COLOR_MAP: u16 = 320;
    pub(crate) const TILE_WIDTH: u16 = 322;
    pub(crate) const TILE_HEIGHT: u16 = 323;
    pub(crate) const TILE_OFFSETS: u16 = 324;
    pub(crate) const TILE_BYTES: u16 = 325;
    pub(crate) const EXTRA_SAMPLES: u16 = 338;
    pub(crate) const SAMPLE_FORMAT: u16 = 339;
}

/// Bytes of an entry: tag, type, count, and the value or where it is.
const ENTRY: usize = 12;

/// The first directory, and the file around it.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    entries: &'a [[u8; ENTRY]],
    big_endian: bool,
}

impl<'a> Directory<'a> {
    /// Finds the directory.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let big_endian = bytes.starts_with(b"MM");
        let file = Self { bytes, entries: &[], big_endian };
        if file.short(2) == Some(43) {
            return Err(cannot("of the form BigTIFF"));
        }
        let broken = || damaged("its directory breaks off");
        let at = file.long(4).ok_or_else(broken)?;
        let count = usize::from(file.short(at).ok_or_else(broken)?);
        let entries = bytes.get(at + 2..).unwrap_or_default();
        let (entries, _) = entries.get(..count * ENTRY).ok_or_else(broken)?.as_chunks();
        Ok(Self { entries, ..file })
    }

    pub(super) const fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    /// Part of the file.
    pub(super) fn part(&self, offset: u32, length: u32) -> Option<&'a [u8]> {
        self.bytes.get(offset as usize..)?.get(..length as usize)
    }

    /// All numbers of a tag; `None` where it is absent. Not more memory than the file.
    pub(super) fn numbers(&self, tag: u16) -> Result<Option<Vec<u32>>, Fault> {
        let number = |entry: &[u8; ENTRY]| self.two([entry[0], entry[1]]);
        let Some(at) = self.entries.iter().position(|entry| number(entry) == tag) else {
            return Ok(None);
        };
        let [_, _, type_a, type_b, count @ .., _, _, _, _] = self.entries[at];
        let size = match self.two([type_a, type_b]) {
            1 => 1,
            3 => 2,
            4 => 4,
            _ => return Err(damaged(&format!("its tag {tag} is not of whole numbers"))),
        };
        let length = (self.four(count) as usize).checked_mul(size);
        let value = &self.entries[at][8..];
        let value = match length {
            Some(length @ ..=4) => value.get(..length),
            Some(length) => {
                let offset = self.four([value[0], value[1], value[2], value[3]]) as usize;
                self.bytes.get(offset..).and_then(|rest| rest.get(..length))
            }
            None => None,
        };
        let value = value.ok_or_else(|| damaged(&format!("its tag {tag} breaks off")))?;
        let number = |bytes: &[u8]| match *bytes {
            [a] => a.into(),
            [a, b] => self.two([a, b]).into(),
            [a, b, c, d] => self.four([a, b, c, d]),
            _ => 0,
        };
        Ok(Some(value.chunks_exact(size).map(number).collect()))
    }

    /// The first number of a tag; `None` where it is absent or empty.
    pub(super) fn number(&self, tag: u16) -> Result<Option<u32>, Fault> {
        Ok(self.numbers(tag)?.and_then(|numbers| numbers.first().copied()))
    }

    fn short(&self, at: usize) -> Option<u16> {
        Some(self.two(*self.bytes.get(at..)?.first_chunk()?))
    }

    fn long(&self, at: usize) -> Option<usize> {
        Some(self.four(*self.bytes.get(at..)?.first_chunk()?) as usize)
    }

    pub(super) const fn two(&self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    const fn four(&self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}
