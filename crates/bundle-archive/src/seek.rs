//! The seek table: the one skippable frame, last in the file, that says how
//! long every frame is.
//!
//! Layout (all integers little-endian): magic `0x184D2A5E`, `u32` bytes that
//! follow; for each frame `u32` packed size, `u32` unpacked size; then `u32`
//! number of frames, a descriptor byte that is zero (no checksums in the table:
//! every frame carries its own), and the magic `0x8F92EAB1`. This is the zstd
//! seekable format, version 0.1.0.

use crate::{ArchiveError, Limits, layout, storage::Storage};

const SKIPPABLE_MAGIC: u32 = 0x184D_2A5E;
const SEEKABLE_MAGIC: u32 = 0x8F92_EAB1;
const HEADER: u64 = 8;
const FOOTER: u64 = 9;
const ROW: u64 = 8;

/// Where a frame is and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Offset in the file.
    pub(crate) offset: u64,
    /// Bytes in the file.
    pub(crate) packed: u32,
    /// Bytes unpacked.
    pub(crate) unpacked: u32,
}

/// The skippable frame for frames of these packed and unpacked sizes.
#[cfg(feature = "write")]
pub(crate) fn to_bytes(frames: &[(u32, u32)]) -> Option<Vec<u8>> {
    let count = u32::try_from(frames.len()).ok()?;
    let follows = u64::from(count).checked_mul(ROW)?.checked_add(FOOTER)?;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&SKIPPABLE_MAGIC.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(follows).ok()?.to_le_bytes());
    for (packed, unpacked) in frames {
        bytes.extend_from_slice(&packed.to_le_bytes());
        bytes.extend_from_slice(&unpacked.to_le_bytes());
    }
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&SEEKABLE_MAGIC.to_le_bytes());
    Some(bytes)
}

/// Reads the table from the end of a file and checks every number in it that
/// can be checked without unpacking.
pub(crate) fn read(storage: &Storage, limits: &Limits) -> Result<Vec<Frame>, ArchiveError> {
    let count = read_footer(storage)?;
    let most = most_frames(limits);
    if u64::from(count) > most {
        return Err(ArchiveError::limit(
            "seek table",
            format!("lists {count} frames, the limit is {most}"),
        ));
    }
    let follows = u64::from(count).saturating_mul(ROW).saturating_add(FOOTER);
    let Some(start) = storage.len().checked_sub(follows.saturating_add(HEADER)) else {
        return Err(malformed(format!("lists {count} frames, more than the file has room for")));
    };
    let mut bytes = Vec::new();
    storage.read_at(start, follows.saturating_add(HEADER), &mut bytes)?;
    let (magic, rest) = u32_at(&bytes);
    let (length, mut rows) = u32_at(rest);
    if magic != Some(SKIPPABLE_MAGIC) || length.map(u64::from) != Some(follows) {
        return Err(malformed("does not begin where its number of frames says"));
    }
    let mut frames = Vec::new();
    let mut offset: u64 = 0;
    for number in 1..=count {
        let (packed, rest) = u32_at(rows);
        let (unpacked, rest) = u32_at(rest);
        rows = rest;
        let (Some(packed), Some(unpacked)) = (packed, unpacked) else {
            return Err(malformed("is cut short"));
        };
        let frame = Frame { offset, packed, unpacked };
        check_sizes(number, frame, limits)?;
        offset = offset.saturating_add(packed.into());
        frames.push(frame);
    }
    if offset != start {
        return Err(malformed(format!(
            "lists frames of {offset} bytes together, the file has {start}"
        )));
    }
    Ok(frames)
}

fn read_footer(storage: &Storage) -> Result<u32, ArchiveError> {
    let no_table = || {
        ArchiveError::malformed(
            storage.name(),
            "does not end with a seek table: not a bundle, or cut short",
        )
    };
    let start = storage.len().checked_sub(FOOTER).ok_or_else(no_table)?;
    let mut footer = Vec::new();
    storage.read_at(start, FOOTER, &mut footer)?;
    let (count, rest) = u32_at(&footer);
    let Some((descriptor, magic)) = rest.split_first() else { return Err(no_table()) };
    if u32_at(magic).0 != Some(SEEKABLE_MAGIC) {
        return Err(no_table());
    }
    if *descriptor != 0 {
        return Err(malformed(format!("has the descriptor {descriptor:#04x}, not 0x00")));
    }
    count.ok_or_else(no_table)
}

/// No bundle within the limits has more frames: one for each small member, one
/// for each 8 MiB, the first and the last.
fn most_frames(limits: &Limits) -> u64 {
    let members = u64::try_from(limits.members).unwrap_or(u64::MAX);
    let cuts = limits.total_size.checked_div(layout::LARGE).unwrap_or_default();
    // A large member has one frame more than its size in 8 MiB.
    members.saturating_mul(2).saturating_add(cuts).saturating_add(2)
}

/// Bounds what reading one frame can cost. zstd expands by 3 bytes per block of
/// up to 128 KiB, and by 3 per 2 KiB where the writer flushes to keep the ratio.
fn check_sizes(number: u32, frame: Frame, limits: &Limits) -> Result<(), ArchiveError> {
    let (packed, unpacked) = (u64::from(frame.packed), u64::from(frame.unpacked));
    if unpacked > packed.saturating_mul(limits.ratio) {
        let limit = limits.ratio;
        return Err(ArchiveError::limit(
            format!("frame {number}"),
            format!("unpacks {packed} bytes to {unpacked}, more than {limit} to one"),
        ));
    }
    if packed > unpacked.saturating_add(unpacked >> 7).saturating_add(64) {
        return Err(ArchiveError::malformed(
            format!("frame {number}"),
            format!("takes {packed} bytes to pack {unpacked}"),
        ));
    }
    Ok(())
}

fn malformed(what: impl Into<String>) -> ArchiveError {
    ArchiveError::malformed("seek table", what)
}

/// The first four bytes as a number, and the rest.
fn u32_at(bytes: &[u8]) -> (Option<u32>, &[u8]) {
    match bytes.split_first_chunk() {
        Some((first, rest)) => (Some(u32::from_le_bytes(*first)), rest),
        None => (None, &[]),
    }
}
