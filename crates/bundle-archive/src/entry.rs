//! The tar entry of a member, as format 1 has it: the one header that a path, a
//! size and a mode can have.
//!
//! A reader never interprets a header. It builds the one the lock implies and
//! compares bytes, so a device, a link, a `..` or a size that disagrees cannot
//! be expressed; [`difference`] looks into a header only to explain a refusal.

use std::ops::Range;

use bundle_manifest::FileMode;

/// Bytes of a tar block.
pub(crate) const BLOCK: u64 = 512;
/// The longest name that fits without a prefix.
const NAME: usize = 100;
/// The longest prefix.
const PREFIX: usize = 155;
/// The largest size that eleven octal digits can say.
const OCTAL_SIZE: u64 = 0o777_7777_7777;
/// The name of every pax extended header, below the top directory.
const PAX_NAME: &str = "@PaxHeader";
/// Where a reader finds the size in a header.
const SIZE_FIELD: Range<usize> = 124..136;
/// The field that any other difference changes too.
const CHECKSUM_FIELD: Range<usize> = 148..156;

/// The header of the member at `path` (below the top directory `stem`): one
/// block, or three and more where the path or the size needs a pax header.
pub(crate) fn header(stem: &str, path: &str, size: u64, mode: FileMode) -> Vec<u8> {
    let whole = format!("{stem}/{path}");
    let name = split(&whole);
    let mut records = String::new();
    if name.is_none() {
        records.push_str(&record("path", &whole));
    }
    if size > OCTAL_SIZE {
        records.push_str(&record("size", &size.to_string()));
    }
    let mut header = Vec::new();
    let stand_in = (stem, PAX_NAME);
    if !records.is_empty() {
        let length = u64::try_from(records.len()).unwrap_or(u64::MAX); // a few kilobytes
        block(&mut header, stand_in, length, FileMode::Regular, b'x');
        header.extend_from_slice(records.as_bytes());
        header.resize(header.len().next_multiple_of(512), 0);
    }
    let said = if size > OCTAL_SIZE { 0 } else { size };
    block(&mut header, name.unwrap_or(stand_in), said, mode, b'0');
    header
}

/// Zero bytes between the content of a member and the next header.
pub(crate) const fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK
}

/// `(prefix, name)`: the whole path in the name where it fits, else split at the
/// first slash that leaves a name that fits.
fn split(path: &str) -> Option<(&str, &str)> {
    if path.len() <= NAME {
        return Some(("", path));
    }
    let parts = path.match_indices('/').filter_map(|(at, _)| path.split_at_checked(at));
    let mut parts = parts.map(|(prefix, rest)| (prefix, rest.trim_start_matches('/')));
    parts.find(|(_, name)| name.len() <= NAME).filter(|(prefix, _)| prefix.len() <= PREFIX)
}

/// A pax record `LENGTH KEY=VALUE\n`, whose length counts its own digits.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    loop {
        let text = format!("{length}{rest}");
        if text.len() == length {
            return text;
        }
        length = text.len();
    }
}

/// Appends one ustar block with every field set.
fn block(out: &mut Vec<u8>, (prefix, name): (&str, &str), size: u64, mode: FileMode, kind: u8) {
    let mut head = Vec::with_capacity(148);
    field(&mut head, name.as_bytes(), NAME);
    field(&mut head, format!("{:07o}", mode.bits()).as_bytes(), 8);
    field(&mut head, b"0000000", 8); // uid
    field(&mut head, b"0000000", 8); // gid
    field(&mut head, format!("{size:011o}").as_bytes(), 12);
    field(&mut head, b"00000000000", 12); // mtime
    let mut tail = Vec::with_capacity(356);
    tail.push(kind);
    field(&mut tail, b"", 100); // link name
    tail.extend_from_slice(b"ustar\x0000");
    field(&mut tail, b"", 32); // user name
    field(&mut tail, b"", 32); // group name
    field(&mut tail, b"0000000", 8); // device major
    field(&mut tail, b"0000000", 8); // device minor
    field(&mut tail, prefix.as_bytes(), PREFIX);
    field(&mut tail, b"", 12);
    // The checksum is taken with its own field filled with spaces.
    let spaces: u32 = 8 * 32;
    let sum: u32 =
        head.iter().chain(&tail).map(|byte| u32::from(*byte)).sum::<u32>().saturating_add(spaces);
    out.extend_from_slice(&head);
    out.extend_from_slice(format!("{sum:06o}\0 ").as_bytes());
    out.extend_from_slice(&tail);
}

/// Appends `bytes` and zeros up to `width`; callers never pass more.
fn field(out: &mut Vec<u8>, bytes: &[u8], width: usize) {
    let end = out.len().saturating_add(width);
    out.extend_from_slice(bytes);
    out.resize(end, 0);
}

/// The size that a plain header states, for the two members whose size is in no
/// lock: eleven octal digits and a NUL.
pub(crate) fn stated_size(header: &[u8]) -> Option<u64> {
    let digits = header.get(SIZE_FIELD)?.strip_suffix(&[0])?;
    if !digits.iter().all(|digit| matches!(digit, b'0'..=b'7')) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

/// What distinguishes a header from the one it should be, in words.
pub(crate) fn difference(actual: &[u8], expected: &[u8]) -> String {
    if actual.iter().all(|byte| *byte == 0) {
        return "is missing: the archive ends before it".to_owned();
    }
    let kind = |header: &[u8]| header.get(156).copied();
    if kind(actual) != kind(expected) {
        return format!("is not a plain file: its tar header is of {}", kind_word(kind(actual)));
    }
    for (what, field) in
        [("name", name_of as fn(&[u8]) -> String), ("size", size_of), ("mode", mode_of)]
    {
        let (is, should) = (field(actual), field(expected));
        if is != should {
            return format!("tar header has the {what} `{is}`, not `{should}`");
        }
    }
    let differs = |at: &usize| actual.get(*at) != expected.get(*at);
    let outside = (0..expected.len()).filter(|at| !CHECKSUM_FIELD.contains(at)).find(differs);
    match outside {
        Some(at) => format!("tar header is not the canonical one (first difference at byte {at})"),
        None => "tar header has a wrong checksum".to_owned(),
    }
}

fn kind_word(kind: Option<u8>) -> &'static str {
    match kind {
        Some(b'0') => "a plain file where a pax header belongs",
        Some(b'1') => "a hard link",
        Some(b'2') => "a symbolic link",
        Some(b'3' | b'4') => "a device",
        Some(b'5') => "a directory",
        Some(b'6') => "a fifo",
        Some(b'x' | b'g' | b'L' | b'K') => "an extension that is not needed",
        _ => "an unknown type",
    }
}

fn text(header: &[u8], field: Range<usize>) -> String {
    let bytes = header.get(field).unwrap_or_default();
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    text.escape_ascii().to_string()
}

/// The name in a header, escaped, for comparison and for messages.
pub(crate) fn name_of(header: &[u8]) -> String {
    let (prefix, name) = (text(header, 345..500), text(header, 0..100));
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

fn size_of(header: &[u8]) -> String {
    text(header, SIZE_FIELD)
}

fn mode_of(header: &[u8]) -> String {
    text(header, 100..108)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(bytes: &[u8]) -> (Vec<u8>, u64, u32) {
        let mut archive = tar::Archive::new(bytes);
        let entry = archive.entries().expect("entries").next().expect("one").expect("readable");
        let path = entry.path_bytes().into_owned();
        (path, entry.size(), entry.header().mode().expect("mode"))
    }

    #[test]
    fn another_tar_implementation_reads_what_we_mean() {
        let deep = ["d".repeat(60), "e".repeat(60), "f".repeat(60)].join("/");
        let long = format!("project/{}", "é".repeat(120));
        let far = format!("project/{}/x", vec!["y".repeat(250); 3].join("/"));
        let cases = [
            ("project/a", 0, FileMode::Regular, 512),
            ("project/run.sh", 7, FileMode::Executable, 512),
            ("project/données/été.csv", OCTAL_SIZE, FileMode::Regular, 512),
            (&format!("project/{deep}"), 1, FileMode::Regular, 512),
            (&long, 3, FileMode::Regular, 1536),
            (&far, 3, FileMode::Regular, 2048),
            ("project/huge", OCTAL_SIZE + 1, FileMode::Regular, 1536),
        ];
        for (path, size, mode, length) in cases {
            let header = header("x-1", path, size, mode);
            assert_eq!(header.len(), length, "{path}");
            assert_eq!(read_back(&header), (format!("x-1/{path}").into_bytes(), size, mode.bits()));
        }
    }

    #[test]
    fn a_path_splits_at_the_first_slash_that_serves() {
        let (a, b, c) = ("a".repeat(60), "b".repeat(60), "c".repeat(60));
        assert_eq!(split("x/y"), Some(("", "x/y")));
        assert_eq!(split(&format!("{a}/{b}")), Some((a.as_str(), b.as_str())));
        assert_eq!(split(&format!("{a}/{b}/{c}")), Some((format!("{a}/{b}").as_str(), c.as_str())));
        assert_eq!(split(&"z".repeat(101)), None);
        assert_eq!(split(&format!("{}/{}", "p".repeat(156), "q")), None);
    }

    #[test]
    fn pax_records_count_their_own_length() {
        assert_eq!(record("a", "b"), "6 a=b\n");
        assert_eq!(record("path", &"x".repeat(1000)).len(), 1011);
        for length in 85..110 {
            let text = record("path", &"x".repeat(length));
            assert_eq!(text.split(' ').next(), Some(text.len().to_string().as_str()));
        }
    }

    #[test]
    fn differences_are_said_in_words() {
        let good = header("x-1", "project/a", 5, FileMode::Regular);
        let changed = |at: usize, with: u8| {
            let mut bytes = good.clone();
            bytes[at] = with;
            difference(&bytes, &good)
        };
        assert_eq!(changed(156, b'2'), "is not a plain file: its tar header is of a symbolic link");
        assert_eq!(
            changed(0, b'y'),
            "tar header has the name `y-1/project/a`, not `x-1/project/a`"
        );
        assert_eq!(changed(134, b'6'), "tar header has the size `00000000006`, not `00000000005`");
        assert_eq!(changed(106, b'7'), "tar header has the mode `0000647`, not `0000644`");
        assert_eq!(
            changed(265, b'r'),
            "tar header is not the canonical one (first difference at byte 265)"
        );
        assert_eq!(changed(148, b'7'), "tar header has a wrong checksum");
        assert_eq!(difference(&[0; 512], &good), "is missing: the archive ends before it");
    }

    #[test]
    fn only_canonical_digits_state_a_size() {
        let mut bytes = header("x-1", "bundle.lock", 0o17, FileMode::Regular);
        assert_eq!(stated_size(&bytes), Some(15));
        bytes[124] = b' ';
        assert_eq!(stated_size(&bytes), None);
        assert_eq!(stated_size(&bytes[..100]), None);
    }
}
