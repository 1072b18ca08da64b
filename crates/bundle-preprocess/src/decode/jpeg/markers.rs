//! The markers of a JPEG file, judged before the decoder sees it.
//!
//! Two kinds of damage decode to made-up pixels without a word from the decoder.
//! Arithmetic-coded data that breaks off goes on with zeros, as the coding allows, so
//! such a file must be whole, to the marker that ends it. And an interval that is lost
//! or doubled shifts all pixels behind it, which the restart markers show (`restarts`).

use super::restarts::{Frame, Scan};
use crate::error::Fault;

/// End of image; what is behind it (other pictures of an MPO file) is not decoded.
const EOI: u8 = 0xd9;
/// Start of a sequential and of a progressive frame with arithmetic codes.
const SOF9: u8 = 0xc9;
const SOF10: u8 = 0xca;
/// Start of scan: entropy-coded data follow the segment.
const SOS: u8 = 0xda;
/// Bytes that are looked at together.
const BLOCK: usize = 32;
/// Define restart interval.
const DRI: u8 = 0xdd;

/// Refuses arithmetic coding that breaks off, and restart markers that are not where
/// they belong.
///
/// What is no JPEG file at all, or breaks off elsewhere, is left to the decoder.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut frame = None;
    let mut interval = 0;
    let mut arithmetic = false;
    let mut rest = bytes;
    while let Some((marker, after)) = next_marker(rest) {
        rest = after;
        match marker {
            EOI => return Ok(()),
            // TEM, restart markers and SOI have no segment.
            0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let Some((segment, after)) = segment(rest) else { break };
        rest = after;
        match marker {
            0xc0..=0xc2 | SOF9 | SOF10 => {
                arithmetic = marker >= SOF9;
                frame = Frame::read(segment);
            }
            DRI => interval = pair(segment, 0).unwrap_or(0),
            SOS => {
                let units = frame.as_ref().and_then(|frame| frame.units(segment));
                rest = Scan { units, interval }.check(rest)?;
            }
            _ => {}
        }
    }
    if arithmetic {
        return Err(Fault::new("the JPEG file is damaged: it breaks off"));
    }
    Ok(())
}

/// The next marker and what is behind it; other bytes between segments are skipped, as
/// libjpeg does.
pub(super) fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff);
    let mut from = 0;
    loop {
        // Most blocks of coded data have no such byte, which takes one comparison to see.
        let (blocks, _) = bytes[from..].as_chunks::<BLOCK>();
        let plain = |block: &&[u8; BLOCK]| {
            let largest = block.iter().fold(0, |largest, byte| largest.max(*byte));
            largest < 0xff
        };
        from += blocks.iter().take_while(plain).count() * BLOCK;
        let end = bytes.len().min(from + BLOCK + 1);
        if let Some(at) = bytes[from..end].windows(2).position(is_marker) {
            let at = from + at;
            return Some((bytes[at + 1], &bytes[at + 2..]));
        }
        if end == bytes.len() {
            return None;
        }
        from += BLOCK;
    }
}

/// The segment that starts with its length, and what is behind it.
fn segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = pair(bytes, 0)?;
    let (segment, rest) = bytes.split_at_checked(length)?;
    Some((segment.get(2..)?, rest))
}

/// Two bytes as a number.
pub(super) fn pair(bytes: &[u8], at: usize) -> Option<usize> {
    let pair = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*pair).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of these segments, each with its length, and bytes as they are.
    fn file(parts: &[(u8, &[u8], &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8];
        for (marker, segment, data) in parts {
            let length = u16::try_from(segment.len() + 2).expect("a short segment");
            bytes.extend([0xff, *marker]);
            bytes.extend(length.to_be_bytes());
            bytes.extend_from_slice(segment);
            bytes.extend_from_slice(data);
        }
        bytes.extend([0xff, EOI]);
        bytes
    }

    /// 8 × 48 pixels of one component: six units.
    const FRAME: (u8, &[u8], &[u8]) = (0xc0, &[8, 0, 8, 0, 48, 1, 1, 0x11, 0], &[]);
    const EVERY_TWO: (u8, &[u8], &[u8]) = (DRI, &[0, 2], &[]);
    const SCAN: &[u8] = &[1, 1, 0, 0, 63, 0];

    #[test]
    fn arithmetic_coding_must_be_whole() {
        for marker in [SOF9, SOF10] {
            let whole = file(&[(marker, FRAME.1, &[]), (SOS, SCAN, &[1, 2, 3])]);
            assert_eq!(check(&whole), Ok(()));
            for end in whole.len() - 5..whole.len() - 1 {
                let fault = check(&whole[..end]).expect_err("no end");
                assert_eq!(fault.message, "the JPEG file is damaged: it breaks off");
            }
        }
    }

    #[test]
    fn restart_markers_cycle_in_each_scan() {
        let good: &[&[u8]] = &[
            &[1, 0xff, 0xd0, 2, 0xff, 0x00, 0xff, 0xd1, 3],
            // Fill bytes, and a marker behind the last interval.
            &[1, 0xff, 0xff, 0xd0, 2, 0xff, 0xd1, 3, 0xff, 0xd2],
        ];
        for data in good {
            let bytes = file(&[FRAME, EVERY_TWO, (SOS, SCAN, data), (SOS, SCAN, data)]);
            assert_eq!(check(&bytes), Ok(()), "{data:?}");
        }
        let bad: &[(&[u8], &str)] = &[
            (&[1, 0xff, 0xd1, 3], "restart marker 1 where 0 belongs"),
            (&[1, 0xff, 0xd0, 2, 0xff, 0xd0, 3], "restart marker 0 where 1 belongs"),
            (&[1, 0xff, 0xd0, 2], "a scan of 3 restart intervals has 2"),
            (
                &[1, 0xff, 0xd0, 2, 0xff, 0xd1, 3, 0xff, 0xd2, 4, 0xff, 0xd3],
                "a scan of 3 restart intervals has 5",
            ),
        ];
        for (data, message) in bad {
            let bytes = file(&[FRAME, EVERY_TWO, (SOS, SCAN, good[0]), (SOS, SCAN, data)]);
            let fault = check(&bytes).expect_err(message);
            assert_eq!(fault.message, format!("the JPEG file is damaged: {message}"));
        }
        let fault = check(&file(&[FRAME, (SOS, SCAN, good[0])])).expect_err("no interval");
        assert_eq!(
            fault.message,
            "the JPEG file is damaged: a restart marker, and no restart interval"
        );
    }

    #[test]
    fn what_breaks_off_is_left_to_the_decoder() {
        let whole = file(&[FRAME, EVERY_TWO, (SOS, SCAN, &[1, 0xff, 0xd0, 2, 0xff, 0xd1, 3])]);
        for length in 0..whole.len() {
            assert_eq!(check(&whole[..length]), Ok(()), "{length}");
        }
        for lying in [[0xff, 0xe0, 0, 0], [0xff, 0xe0, 0, 1], [0xff, 0xda, 0xff, 0xff]] {
            assert_eq!(check(&lying), Ok(()));
        }
    }
}
