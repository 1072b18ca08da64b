//! The outside of a zstd frame: what RFC 8878 lets a reader check before it
//! unpacks a byte.

/// The largest window a reader must keep.
const WINDOW: u64 = 8 << 20;
const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// The descriptor: content size flag (2 bits), single segment, unused,
/// reserved, checksum, dictionary (2 bits).
const SINGLE_SEGMENT: u8 = 0b0010_0000;
const UNUSED_AND_RESERVED: u8 = 0b0001_1000;
const CHECKSUM: u8 = 0b0000_0100;
const DICTIONARY: u8 = 0b0000_0011;

/// Checks that `bytes` are exactly one zstd frame that states `unpacked` bytes
/// of content and a checksum, needs no dictionary and a window of at most 8 MiB.
pub(crate) fn check(bytes: &[u8], unpacked: u64) -> Result<(), String> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or("is not a zstd frame")?;
    let (descriptor, rest) = rest.split_first().ok_or("is cut short")?;
    if descriptor & UNUSED_AND_RESERVED != 0 {
        return Err("has a reserved bit set in its header".to_owned());
    }
    if descriptor & CHECKSUM == 0 {
        return Err("has no checksum".to_owned());
    }
    if descriptor & DICTIONARY != 0 {
        return Err("needs a dictionary".to_owned());
    }
    let single = descriptor & SINGLE_SEGMENT != 0;
    let (window, rest) = if single { (None, rest) } else { window(rest)? };
    let (content, blocks) = content_size(descriptor >> 6, single, rest)?;
    if content != unpacked {
        return Err(format!("states {content} bytes of content, not {unpacked}"));
    }
    if window.unwrap_or(content) > WINDOW {
        return Err("needs a window of more than 8 MiB".to_owned());
    }
    check_blocks(blocks)
}

fn window(bytes: &[u8]) -> Result<(Option<u64>, &[u8]), String> {
    let (byte, rest) = bytes.split_first().ok_or("is cut short")?;
    let base = 1_u64 << 10_u32.saturating_add(u32::from(byte >> 3));
    let eighths = u64::from(byte & 7);
    Ok((Some(base.saturating_add((base >> 3).saturating_mul(eighths))), rest))
}

fn content_size(flag: u8, single: bool, bytes: &[u8]) -> Result<(u64, &[u8]), String> {
    let (width, plus) = match flag {
        0 if single => (1, 0),
        0 => return Err("does not state the size of its content".to_owned()),
        1 => (2, 256),
        2 => (4, 0),
        _ => (8, 0),
    };
    let (field, rest) = bytes.split_at_checked(width).ok_or("is cut short")?;
    let size = field.iter().rev().fold(0_u64, |size, byte| size << 8 | u64::from(*byte));
    Ok((size.saturating_add(plus), rest))
}

/// Walks the block headers to the checksum, which must be the end.
fn check_blocks(mut bytes: &[u8]) -> Result<(), String> {
    loop {
        let ([low, middle, high], rest) = bytes.split_first_chunk().ok_or("is cut short")?;
        let header = u32::from_le_bytes([*low, *middle, *high, 0]);
        let length = match header >> 1 & 3 {
            1 => 1, // one byte, repeated
            3 => return Err("has a block of a reserved type".to_owned()),
            _ => usize::try_from(header >> 3).unwrap_or(usize::MAX),
        };
        bytes = rest.split_at_checked(length).ok_or("is cut short")?.1;
        if header & 1 == 1 {
            break;
        }
    }
    match bytes.len() {
        4 => Ok(()),
        0..4 => Err("is cut short".to_owned()),
        _ => Err("is followed by bytes of no frame".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(content: &[u8]) -> Vec<u8> {
        let mut compressor = zstd::bulk::Compressor::new(3).expect("a compressor");
        compressor.include_checksum(true).expect("a parameter");
        compressor.compress(content).expect("a frame")
    }

    #[test]
    fn frames_of_every_header_form_pass() {
        for size in [1, 255, 256, 65_791, 65_792, 300_000, 9 << 20] {
            let bytes = frame(&vec![7; size]);
            let size = u64::try_from(size).expect("small");
            assert_eq!(check(&bytes, size), Ok(()), "{size}");
        }
    }

    #[test]
    fn other_frames_say_what_is_wrong() {
        let good = frame(b"content");
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let mut windowed = good.clone();
        windowed.splice(4..6, [0b1000_0100, 14 << 3, 7, 0, 0, 0]);
        let cases = [
            (Vec::new(), "is not a zstd frame"),
            (with(0, 0x27), "is not a zstd frame"),
            (with(4, good[4] | 8), "has a reserved bit set in its header"),
            (with(4, good[4] & !4), "has no checksum"),
            (with(4, good[4] | 1), "needs a dictionary"),
            (with(4, 4), "does not state the size of its content"),
            (with(5, 8), "states 8 bytes of content, not 7"),
            (with(6, good[6] | 6), "has a block of a reserved type"),
            (windowed, "needs a window of more than 8 MiB"),
            (good[..good.len() - 1].to_vec(), "is cut short"),
            ([good.clone(), vec![0]].concat(), "is followed by bytes of no frame"),
            ([good.clone(), good.clone()].concat(), "is followed by bytes of no frame"),
        ];
        for (bytes, message) in cases {
            assert_eq!(check(&bytes, 7), Err(message.to_owned()), "{bytes:02x?}");
        }
        for length in 4..good.len() {
            assert!(check(&good[..length], 7).is_err(), "{length}");
        }
    }
}
