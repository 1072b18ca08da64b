//! Any bytes are a bundle or an error: never a panic, never much memory.
//!
//! An even first byte hands the rest over as it is. An odd one packs the rest
//! as frames behind a true seek table, since no mutation finds a checksum.

#![no_main]

use bundle_archive::{Archive, Limits};
use bundle_manifest::FileSource as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let file = if first % 2 == 0 { rest.to_vec() } else { seal(rest) };
    // Small limits keep an honest large bundle from looking like a leak.
    let limits = Limits {
        total_size: 64 << 20,
        lock_size: 1 << 20,
        signature_size: 1 << 20,
        ..Limits::default()
    };
    let Ok(archive) = Archive::from_bytes(file, &limits) else { return };
    if archive.verify(&|_| ()).is_err() {
        return;
    }
    // What was verified as a whole can be read one by one.
    let project = "project".parse().expect("a path");
    for member in archive.lock().members.iter().filter(|member| !member.withheld) {
        let path = member.path.strip_prefix(&project).expect("below the project");
        let content = archive.read(&path, u64::MAX).expect("was verified");
        assert_eq!(content.len() as u64, member.size);
    }
});

/// Packs `content` as up to three frames: the last 1,024 bytes, and what a
/// number at the beginning cuts off from the rest.
fn seal(content: &[u8]) -> Vec<u8> {
    let Some((cut, rest)) = content.split_first_chunk() else { return Vec::new() };
    let (body, closing) = rest.split_at(rest.len().saturating_sub(1024));
    let (head, members) = body.split_at(usize::from(u16::from_le_bytes(*cut)).min(body.len()));
    let (mut file, mut rows) = (Vec::new(), Vec::new());
    for frame in [head, members, closing].into_iter().filter(|frame| !frame.is_empty()) {
        let mut compressor = zstd::bulk::Compressor::new(1).expect("a compressor");
        compressor.include_checksum(true).expect("a parameter");
        let packed = compressor.compress(frame).expect("packs");
        rows.extend([packed.len() as u32, frame.len() as u32]);
        file.extend(packed);
    }
    let count = rows.len() as u32 / 2;
    file.extend([0x184D_2A5E, 8 * count + 9].into_iter().flat_map(u32::to_le_bytes));
    file.extend(rows.into_iter().chain([count]).flat_map(u32::to_le_bytes));
    file.push(0);
    file.extend(0x8F92_EAB1_u32.to_le_bytes());
    file
}
