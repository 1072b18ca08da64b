//! Whatever is done to the entries of a signed bundle, it is not `good`: every order
//! of them, every one of them gone, said twice, renamed or of another mode.

use crate::tamper::{judge, signed};

/// A tar entry: header, content, padding.
type Entry = Vec<u8>;

/// The entries of a bundle; the two closing blocks are left out.
fn entries(bundle: &[u8]) -> Vec<Entry> {
    let tar = zstd::stream::decode_all(bundle).expect("zstd");
    let mut entries = Vec::new();
    let mut rest = tar.as_slice();
    while rest.first().is_some_and(|byte| *byte != 0) {
        let size = std::str::from_utf8(&rest[124..135]).expect("digits");
        let size = usize::from_str_radix(size, 8).expect("a size");
        let (entry, after) = rest.split_at(512 + size.next_multiple_of(512));
        entries.push(entry.to_vec());
        rest = after;
    }
    entries
}

/// A bundle of these entries, cut where the format cuts: behind `bundle.toml`, which is
/// the third, and before the closing blocks; with a true seek table.
fn forge(entries: &[Entry]) -> Vec<u8> {
    let (head, tail) = entries.split_at(entries.len().min(3));
    let (mut file, mut rows) = (Vec::new(), Vec::new());
    for frame in [head.concat(), tail.concat(), vec![0; 1024]] {
        let mut compressor = zstd::bulk::Compressor::new(3).expect("a compressor");
        compressor.include_checksum(true).expect("a parameter");
        let packed = compressor.compress(&frame).expect("packs");
        rows.extend([packed.len(), frame.len()].map(|size| u32::try_from(size).expect("small")));
        file.extend(packed);
    }
    let count = u32::try_from(rows.len() / 2).expect("small");
    file.extend([0x184D_2A5E, 8 * count + 9].into_iter().flat_map(u32::to_le_bytes));
    file.extend(rows.into_iter().chain([count]).flat_map(u32::to_le_bytes));
    file.push(0);
    file.extend(0x8F92_EAB1_u32.to_le_bytes());
    file
}

/// Every order of `count` things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for order in orders(count - 1) {
        for at in 0..count {
            let mut longer = order.clone();
            longer.insert(at, count - 1);
            all.push(longer);
        }
    }
    all
}

/// A change of a header, with the checksum that goes with it.
fn with_header(entry: &Entry, change: impl FnOnce(&mut [u8])) -> Entry {
    let mut entry = entry.clone();
    change(&mut entry[..512]);
    entry[148..156].fill(b' ');
    let sum: u32 = entry[..512].iter().map(|byte| u32::from(*byte)).sum();
    entry[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    entry
}

#[test]
fn only_the_one_order_of_the_members_is_good() {
    let (_sandbox, bytes, _, trust) = signed();
    let entries = entries(&bytes);
    assert_eq!(entries.len(), 5);
    assert!(judge(forge(&entries), &trust).1.is_some(), "the forger knows the format");
    let (mut orders, mut good) = (orders(entries.len()), 0);
    orders.sort();
    for order in orders {
        let moved: Vec<Entry> = order.iter().map(|at| entries[*at].clone()).collect();
        let (said, inside) = judge(forge(&moved), &trust);
        assert!(inside.is_none() || order.is_sorted(), "{order:?}: {said}");
        good += usize::from(inside.is_some());
    }
    assert_eq!(good, 1);
}

#[test]
fn no_member_can_be_dropped_or_said_twice() {
    let (_sandbox, bytes, _, trust) = signed();
    let entries = entries(&bytes);
    for at in 0..entries.len() {
        let mut fewer = entries.clone();
        fewer.remove(at);
        let (said, inside) = judge(forge(&fewer), &trust);
        // Without `bundle.sig` it is a good container of an unsigned bundle.
        assert!(inside.is_none() && (said != "unsigned" || at == 1), "{at}: {said}");
        for to in 0..=entries.len() {
            let mut twice = entries.clone();
            twice.insert(to, entries[at].clone());
            let (said, inside) = judge(forge(&twice), &trust);
            assert!(inside.is_none(), "{at} again at {to}: {said}");
        }
    }
}

#[test]
fn no_header_can_say_anything_else() {
    type Change = fn(&mut [u8]);
    let (_sandbox, bytes, _, trust) = signed();
    let entries = entries(&bytes);
    for at in 0..entries.len() {
        let changes: [(&str, Change); 5] = [
            ("name", |header| header[4] ^= 1),
            ("mode", |header| header[100..107].copy_from_slice(b"0000755")),
            ("setuid", |header| header[100..107].copy_from_slice(b"0004644")),
            ("owner", |header| header[108..115].copy_from_slice(b"0001000")),
            ("time", |header| header[136..147].copy_from_slice(b"14000000000")),
        ];
        for (what, change) in changes {
            let changed = with_header(&entries[at], change);
            let same = changed == entries[at];
            let mut all = entries.clone();
            all[at] = changed;
            let (said, inside) = judge(forge(&all), &trust);
            assert!(inside.is_none() || same, "{what} of {at}: {said}");
        }
        let link = with_header(&entries[at], |header| header[156] = b'2');
        let mut all = entries.clone();
        all[at] = link;
        assert!(judge(forge(&all), &trust).1.is_none(), "a link in the place of {at}");
    }
}
