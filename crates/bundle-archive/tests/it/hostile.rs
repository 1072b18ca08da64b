//! Malformed containers: each is refused by the name of the member or frame at
//! fault, and leaves nothing behind.

use std::fmt::Write as _;

use bundle_archive::{Archive, ArchiveErrorKind, Limits, WriteOptions};
use bundle_manifest::{ArtifactPath, FileMode, FileSource as _, Lock};
use bundle_testkit::Sandbox;
use tar::EntryType;

use crate::{
    forge::{Forgery, entry, header, seal, squeeze, table, unseal},
    project::{File, Outcome, packed, sha256, small},
};

/// What is wrong with these bytes: by opening, verifying and extracting, which
/// must agree; extracting must leave its directory empty.
fn refusal(bytes: Vec<u8>, limits: &Limits) -> String {
    let archive = match Archive::from_bytes(bytes, limits) {
        Ok(archive) => archive,
        Err(error) => return error.to_string(),
    };
    let sandbox = Sandbox::new().expect("a sandbox");
    let verified = archive.verify(&|_| ()).expect_err("verifies").to_string();
    let extracted = archive.extract(sandbox.path(), &|_| ()).expect_err("extracts").to_string();
    assert_eq!(verified, extracted);
    let left = fs_err::read_dir(sandbox.path()).expect("the sandbox").count();
    assert_eq!(left, 0, "after: {verified}");
    verified
}

fn check(cases: &[(&str, Outcome<Vec<u8>>, &str)]) {
    let mut wrong = String::new();
    for (name, bytes, message) in cases {
        let bytes = bytes.as_ref().expect(name).clone();
        let actual = refusal(bytes, &Limits::default());
        if actual != *message {
            writeln!(wrong, "{name}:\n  is       {actual}\n  expected {message}")
                .expect("a string");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn good() -> Outcome<Vec<u8>> {
    packed(&small(), None, &WriteOptions::default())
}

#[test]
fn a_faithful_forgery_holds() {
    let bytes = Forgery::of(&small()).and_then(|forgery| forgery.to_bytes()).expect("a bundle");
    let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
    archive.verify(&|_| ()).expect("the cases below break what holds before");
}

/// The parts of a good file, changed and put together.
fn with_parts(change: impl FnOnce(&mut Vec<Vec<u8>>, &mut Vec<(u32, u32)>)) -> Outcome<Vec<u8>> {
    let (mut frames, mut rows) = unseal(&good()?)?;
    change(&mut frames, &mut rows);
    Ok([frames.concat(), table(&rows)?].concat())
}

/// A good file whose second frame is packed by `pack`.
fn with_second(pack: impl FnOnce(&[u8]) -> Outcome<Vec<u8>>) -> Outcome<Vec<u8>> {
    let content = Forgery::of(&small())?.frames()?;
    let second = pack(content.get(1).ok_or("no second frame")?)?;
    with_parts(|frames, rows| {
        rows[1].0 = u32::try_from(second.len()).unwrap_or(0);
        frames[1] = second;
    })
}

fn with_parameters(content: &[u8], parameters: &[zstd::zstd_safe::CParameter]) -> Outcome<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(3)?;
    compressor.include_checksum(true)?;
    for parameter in parameters {
        compressor.set_parameter(*parameter)?;
    }
    Ok(compressor.compress(content)?)
}

#[test]
fn files_that_are_no_bundle_say_so() {
    let no_table = "bundle: does not end with a seek table: not a bundle, or cut short";
    check(&[
        ("empty", Ok(Vec::new()), no_table),
        ("short", Ok(vec![0; 8]), no_table),
        ("text", Ok(b"all happy families are alike".to_vec()), no_table),
        ("a plain tar.zst", squeeze(&[0; 10240]), no_table),
        ("a zip", Ok([b"PK\x05\x06".as_slice(), &[0; 18]].concat()), no_table),
        ("a byte behind", good().map(|bytes| [bytes, vec![0]].concat()), no_table),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn seek_tables_that_lie_are_refused() {
    let (frames, _) = good().and_then(|bytes| unseal(&bytes)).expect("a table");
    let length: usize = frames.iter().map(Vec::len).sum();
    let beyond = |bytes: usize| {
        format!(
            "seek table: lists frames of {length} bytes together, the file has {}",
            length + bytes
        )
    };
    let second = frames[1].len() + 4096;
    check(&[
        (
            "no frames",
            with_parts(|frames, rows| {
                frames.clear();
                rows.clear();
            }),
            "seek table: lists no frame",
        ),
        (
            "more frames than the file has room for",
            good().map(|mut bytes| {
                let at = bytes.len() - 9;
                bytes[at..at + 4].copy_from_slice(&60_000_u32.to_le_bytes());
                bytes
            }),
            "seek table: lists 60000 frames, more than the file has room for",
        ),
        (
            "a number of frames beyond all limits",
            good().map(|mut bytes| {
                let at = bytes.len() - 9;
                bytes[at..at + 4].fill(0xFF);
                bytes
            }),
            "seek table: lists 4294967295 frames, the limit is 655362",
        ),
        (
            "a number of frames that hits no table",
            good().map(|mut bytes| {
                let at = bytes.len() - 9;
                bytes[at] = 2;
                bytes
            }),
            "seek table: does not begin where its number of frames says",
        ),
        (
            "another magic",
            good().map(|mut bytes| {
                let at = bytes.len() - 9 - 24 - 8;
                bytes[at] ^= 1;
                bytes
            }),
            "seek table: does not begin where its number of frames says",
        ),
        (
            "checksums",
            good().map(|mut bytes| {
                let at = bytes.len() - 5;
                bytes[at] = 0x80;
                bytes
            }),
            "seek table: has the descriptor 0x80, not 0x00",
        ),
        (
            "an unpacked size",
            with_parts(|_, rows| rows[1].1 += 512),
            "frame 2: holds 2560 bytes, the members of the lock make 2048",
        ),
        (
            "an unpacked size of the first frame",
            with_parts(|_, rows| rows[0].1 -= 512),
            "frame 1: states 2560 bytes of content, not 2048",
        ),
        (
            "a border between frames",
            with_parts(|_, rows| {
                rows[1].0 += 1;
                rows[2].0 -= 1;
            }),
            "frame 2: is followed by bytes of no frame",
        ),
        ("bytes of no frame", with_parts(|frames, _| frames[1].push(0)), &beyond(1)),
        (
            "a frame too many",
            with_parts(|frames, rows| {
                frames.push(squeeze(&[0; 512]).unwrap_or_default());
                rows.push((u32::try_from(frames[3].len()).unwrap_or(0), 512));
            }),
            "seek table: lists 4 frames, the members of the lock make 3",
        ),
        (
            "a frame too few",
            with_parts(|frames, rows| {
                frames.pop();
                rows.pop();
            }),
            "seek table: lists 2 frames, the members of the lock make 3",
        ),
        (
            "another skippable frame before it",
            with_parts(|frames, _| frames.push(table(&[]).unwrap_or_default())),
            &beyond(17),
        ),
        (
            "another skippable frame in it",
            with_parts(|frames, rows| {
                frames.push(table(&[(0, 0); 8]).unwrap_or_default());
                rows.push((u32::try_from(frames[3].len()).unwrap_or(0), 1024));
            }),
            "seek table: lists 4 frames, the members of the lock make 3",
        ),
        (
            "a second table",
            good().and_then(|bytes| Ok([bytes, table(&[(10, 10)])?].concat())),
            &format!("seek table: lists frames of 10 bytes together, the file has {}", length + 41),
        ),
        (
            "an empty frame",
            with_parts(|frames, rows| {
                frames.push(squeeze(&[]).unwrap_or_default());
                rows.push((u32::try_from(frames[3].len()).unwrap_or(0), 0));
            }),
            "seek table: lists 4 frames, the members of the lock make 3",
        ),
        (
            "a frame that takes more than its content",
            with_parts(|frames, rows| {
                frames[1].extend_from_slice(&[0; 4096]);
                rows[1].0 += 4096;
            }),
            &format!("frame 2: takes {second} bytes to pack 2048"),
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn frames_that_break_the_rules_are_refused() {
    use zstd::zstd_safe::CParameter::{ChecksumFlag, ContentSizeFlag};
    check(&[
        (
            "no checksum",
            with_second(|content| with_parameters(content, &[ChecksumFlag(false)])),
            "frame 2: has no checksum",
        ),
        (
            "no content size",
            with_second(|content| with_parameters(content, &[ContentSizeFlag(false)])),
            "frame 2: does not state the size of its content",
        ),
        (
            "a window of 16 MiB",
            with_second(|content| {
                let mut frame = squeeze(content)?;
                let size = u32::try_from(content.len())?.to_le_bytes();
                frame.splice(4..7, [&[0b1000_0100, 14 << 3], size.as_slice()].concat());
                Ok(frame)
            }),
            "frame 2: needs a window of more than 8 MiB",
        ),
        (
            "a dictionary",
            with_second(|content| {
                let mut compressor = zstd::bulk::Compressor::with_dictionary(3, content)?;
                compressor.include_checksum(true)?;
                Ok(compressor.compress(content)?)
            }),
            "frame 2: cannot be unpacked: data corruption detected",
        ),
        (
            "other content",
            with_second(|content| {
                squeeze(&content.iter().map(|byte| byte ^ 1).collect::<Vec<_>>())
            }),
            "`project/a.txt`: is not a plain file: its tar header is of a hard link",
        ),
        (
            "less content",
            with_second(|content| squeeze(content.get(..1024).ok_or("short")?)),
            "frame 2: states 1024 bytes of content, not 2048",
        ),
        (
            "two frames in one",
            with_second(|content| {
                let (left, right) = content.split_at(1024);
                Ok([squeeze(left)?, squeeze(right)?].concat())
            }),
            "frame 2: states 1024 bytes of content, not 2048",
        ),
        (
            "no end of the tar",
            Forgery::of(&small()).and_then(|forgery| {
                let mut frames = forgery.frames()?;
                frames[2][1000] = 1;
                seal(&frames)
            }),
            "frame 3: does not hold the two zero blocks that end a tar",
        ),
    ]);
}

#[test]
fn content_that_unpacks_ten_thousand_times_is_refused() {
    let files =
        [File::new("bundle.toml", "format = 1\n"), File::new("bomb", vec![0; (8 << 20) - 512])];
    let forgery = Forgery::of(&files).expect("a forgery");
    let bytes = forgery.to_bytes().expect("bytes");
    let (_, rows) = unseal(&bytes).expect("a table");
    let (small, large) = rows[1];
    assert!(large / small > 10_000, "{small} {large}");
    let expected = format!("frame 2: unpacks {small} bytes to {large}, more than 2000 to one");
    assert_eq!(refusal(bytes, &Limits::default()), expected);
}

/// A faithful bundle with its first entry behind the first frame changed.
fn with_entry(change: impl FnOnce(&mut tar::Header, &mut Vec<u8>)) -> Outcome<Vec<u8>> {
    let mut forgery = Forgery::of(&small())?;
    let (header, content) = forgery.entries.first_mut().ok_or("no entry")?;
    change(header, content);
    forgery.to_bytes()
}

fn of_type(kind: EntryType, link: &str) -> Outcome<Vec<u8>> {
    with_entry(|header, _| {
        header.set_entry_type(kind);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    })
}

fn named(name: &[u8]) -> Outcome<Vec<u8>> {
    with_entry(|header, _| {
        header.as_old_mut().name.fill(0);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn tar_headers_that_are_not_canonical_are_refused() {
    let link = "`project/a.txt`: is not a plain file: its tar header is of a symbolic link";
    let device = "`project/a.txt`: is not a plain file: its tar header is of a device";
    let at = |byte: usize| {
        format!(
            "`project/a.txt`: tar header is not the canonical one (first difference at byte {byte})"
        )
    };
    let misnamed = |name: &str| {
        format!("`project/a.txt`: tar header has the name `{name}`, not `tiny-1.0.0/project/a.txt`")
    };
    check(&[
        ("symbolic link", of_type(EntryType::Symlink, "/etc/passwd"), link),
        (
            "hard link",
            of_type(EntryType::Link, "bundle.lock"),
            "`project/a.txt`: is not a plain file: its tar header is of a hard link",
        ),
        ("character device", of_type(EntryType::Char, ""), device),
        ("block device", of_type(EntryType::Block, ""), device),
        (
            "directory",
            of_type(EntryType::Directory, ""),
            "`project/a.txt`: is not a plain file: its tar header is of a directory",
        ),
        (
            "fifo",
            of_type(EntryType::Fifo, ""),
            "`project/a.txt`: is not a plain file: its tar header is of a fifo",
        ),
        (
            "sparse file",
            of_type(EntryType::GNUSparse, ""),
            "`project/a.txt`: is not a plain file: its tar header is of an unknown type",
        ),
        (
            "pax header",
            of_type(EntryType::XHeader, ""),
            "`project/a.txt`: is not a plain file: its tar header is of an extension that is not needed",
        ),
        (
            "global pax header",
            of_type(EntryType::XGlobalHeader, ""),
            "`project/a.txt`: is not a plain file: its tar header is of an extension that is not needed",
        ),
        (
            "old file type",
            with_entry(|header, _| header.as_old_mut().linkflag = [0]),
            "`project/a.txt`: is not a plain file: its tar header is of an unknown type",
        ),
        ("parent", named(b"../../etc/passwd"), &misnamed("../../etc/passwd")),
        (
            "parent inside",
            named(b"tiny-1.0.0/project/../../x"),
            &misnamed("tiny-1.0.0/project/../../x"),
        ),
        ("absolute", named(b"/etc/passwd"), &misnamed("/etc/passwd")),
        ("not UTF-8", named(b"tiny-1.0.0/project/\xFF"), &misnamed("tiny-1.0.0/project/\\xff")),
        ("dot", named(b"./tiny-1.0.0/project/a.txt"), &misnamed("./tiny-1.0.0/project/a.txt")),
        ("duplicate", named(b"tiny-1.0.0/project/run.sh"), &misnamed("tiny-1.0.0/project/run.sh")),
        ("no name", named(b""), &misnamed("")),
        (
            "size",
            with_entry(|header, _| header.set_size(30)),
            "`project/a.txt`: tar header has the size `00000000036`, not `00000000035`",
        ),
        (
            "binary size",
            with_entry(|header, _| {
                header.as_old_mut().size = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 29];
            }),
            "`project/a.txt`: tar header has the size `\\x80`, not `00000000035`",
        ),
        (
            "mode",
            with_entry(|header, _| header.set_mode(0o777)),
            "`project/a.txt`: tar header has the mode `0000777`, not `0000644`",
        ),
        (
            "set-user-id",
            with_entry(|header, _| header.set_mode(0o4644)),
            "`project/a.txt`: tar header has the mode `0004644`, not `0000644`",
        ),
        ("user", with_entry(|header, _| header.set_uid(1000)), &at(111)),
        ("group", with_entry(|header, _| header.set_gid(1)), &at(122)),
        ("time", with_entry(|header, _| header.set_mtime(1)), &at(146)),
        (
            "GNU magic",
            with_entry(|header, _| header.as_ustar_mut().expect("ustar").magic = *b"ustar "),
            &at(262),
        ),
        (
            "user name",
            with_entry(|header, _| header.as_ustar_mut().expect("ustar").uname[0] = b'r'),
            &at(265),
        ),
        (
            "empty device number",
            with_entry(|header, _| header.as_ustar_mut().expect("ustar").dev_major = [0; 8]),
            &at(329),
        ),
        (
            "content",
            with_entry(|_, content| content[0] = b'A'),
            &format!(
                "`project/a.txt`: sha256 is {}, the lock says {}",
                sha256(b"All happy families are alike\n"),
                sha256(b"all happy families are alike\n")
            ),
        ),
    ]);
}

/// Bytes of the entry of the lock of [`small`].
const LOCK_ENTRY: usize = 512 + 1024;

/// A faithful bundle with its unpacked frames changed.
fn with_frames(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Outcome<Vec<u8>> {
    let mut frames = Forgery::of(&small())?.frames()?;
    change(&mut frames);
    seal(&frames)
}

/// A faithful bundle whose forgery is changed before it is put together.
fn forged(change: impl FnOnce(&mut Forgery)) -> Outcome<Vec<u8>> {
    let mut forgery = Forgery::of(&small())?;
    change(&mut forgery);
    forgery.to_bytes()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn archives_that_do_not_hold_what_the_lock_lists_are_refused() {
    check(&[
        (
            "unlisted",
            forged(|forgery| forgery.entries.push(forgery.entries[0].clone())),
            "frame 2: holds 3072 bytes, the members of the lock make 2048",
        ),
        (
            "missing",
            forged(|forgery| drop(forgery.entries.pop())),
            "frame 2: holds 1024 bytes, the members of the lock make 2048",
        ),
        (
            "all missing",
            forged(|forgery| forgery.entries.clear()),
            "frame 2: holds 1024 bytes, the members of the lock make 2048",
        ),
        (
            "another order",
            forged(|forgery| forgery.entries.reverse()),
            "`project/a.txt`: tar header has the name `tiny-1.0.0/project/run.sh`, not `tiny-1.0.0/project/a.txt`",
        ),
        (
            "zeros in place of a member",
            with_frames(|frames| frames[1].fill(0)),
            "`project/a.txt`: is missing: the archive ends before it",
        ),
        (
            "something in the padding",
            with_frames(|frames| frames[1][1023] = 1),
            "`project/a.txt`: is followed by padding that is not zero",
        ),
        (
            "something in the padding of the lock",
            with_frames(|frames| frames[0][LOCK_ENTRY - 1] = 1),
            "`bundle.lock`: is followed by padding that is not zero",
        ),
        (
            "another top directory",
            forged(|forgery| "tiny-2.0.0".clone_into(&mut forgery.top)),
            "frame 1: has the top directory `tiny-2.0.0`, the lock is of `tiny-1.0.0`",
        ),
        (
            "the lock is not first",
            with_frames(|frames| drop(frames[0].drain(..LOCK_ENTRY))),
            "frame 1: begins with `tiny-1.0.0/project/bundle.toml`, not with `NAME-VERSION/bundle.lock`",
        ),
        (
            "no bundle.toml",
            with_frames(|frames| frames[0].truncate(LOCK_ENTRY)),
            "frame 1: ends before or within `project/bundle.toml`",
        ),
        (
            "a member in the first frame",
            with_frames(|frames| {
                let content = frames[1].clone();
                frames[0].extend_from_slice(&content);
            }),
            "frame 1: holds 2048 bytes after `project/bundle.toml`",
        ),
        (
            "a signature behind bundle.toml",
            with_frames(|frames| {
                let header = header(b"tiny-1.0.0/bundle.sig", 2, 0o644).expect("a header");
                frames[0].extend_from_slice(&entry(&header, b"{}"));
            }),
            "frame 1: holds 1024 bytes after `project/bundle.toml`",
        ),
        (
            "a signature that anyone may run",
            with_frames(|frames| {
                let header = header(b"tiny-1.0.0/bundle.sig", 2, 0o755).expect("a header");
                frames[0].splice(LOCK_ENTRY..LOCK_ENTRY, entry(&header, b"{}"));
            }),
            "`bundle.sig`: tar header has the mode `0000755`, not `0000644`",
        ),
        (
            "another bundle.toml",
            forged(|forgery| forgery.manifest = b"format = 2\n".to_vec()),
            &format!(
                "`project/bundle.toml`: sha256 is {}, the lock says {}",
                sha256(b"format = 2\n"),
                sha256(b"format = 1\n")
            ),
        ),
        (
            "a longer bundle.toml",
            forged(|forgery| forgery.manifest.push(b'\n')),
            "`project/bundle.toml`: tar header has the size `00000000014`, not `00000000013`",
        ),
        (
            "a bundle.toml that is not UTF-8",
            Forgery::of(&[File::new("bundle.toml", b"\xFF")])
                .and_then(|forgery| forgery.to_bytes()),
            "`project/bundle.toml`: is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0",
        ),
        (
            "a lock whose header states more than there is",
            with_frames(|frames| frames[0][134] = b'7'),
            "`bundle.lock`: tar header has a wrong checksum",
        ),
        (
            "a lock whose header states all there can be",
            with_frames(|frames| frames[0][124..135].fill(b'7')),
            "`bundle.lock`: has 8589934591 bytes, the limit is 67108864",
        ),
        (
            "a lock whose header states no number",
            with_frames(|frames| frames[0][124] = b'-'),
            "`bundle.lock`: tar header states no canonical size",
        ),
    ]);
}

/// A bundle whose lock is changed, and written canonically as far as it can be.
fn locked(change: impl FnOnce(&mut Lock)) -> Forgery {
    let mut forgery = Forgery::of(&small()).expect("a forgery");
    change(&mut forgery.lock);
    forgery.relock()
}

/// A bundle with its lock's text changed.
fn rewritten(from: &str, to: &str) -> Forgery {
    let mut forgery = Forgery::of(&small()).expect("a forgery");
    let text = String::from_utf8(forgery.text.clone()).expect("a text");
    let changed = text.replace(from, to);
    assert_ne!(text, changed, "{from}");
    forgery.text = changed.into_bytes();
    forgery
}

#[test]
fn locks_that_break_the_format_are_refused_in_its_words() {
    let path = |text: &str| text.parse::<ArtifactPath>().expect("a path");
    let forgeries = [
        rewritten("project/a.txt", "project/../x"),
        rewritten("project/a.txt", "/etc/passwd"),
        rewritten("project/a.txt", "bundle.sig"),
        locked(|lock| lock.members[0].path = path("project/BUNDLE.TOML")),
        locked(|lock| lock.members[2].path = path("project/bundle.toml/x")),
        locked(|lock| lock.members[0].path = path("project/bundle.toml")),
        locked(|lock| lock.members.reverse()),
        locked(|lock| lock.members[1].withheld = true),
        locked(|lock| drop(lock.members.remove(1))),
        rewritten("requires = []", "requires = [\"shards\"]"),
        rewritten("format = 1", "format = 2"),
        rewritten("format = 1", "format = 1 # one"),
        rewritten("size = 29", "size = 9223372036854775807"),
        rewritten("size = 29", &format!("size = {}", "[".repeat(10_000))),
    ];
    for forgery in forgeries {
        let text = String::from_utf8(forgery.text.clone()).expect("a text");
        let error = Lock::from_toml(&text).expect_err(&text);
        let bytes = forgery.to_bytes().expect("bytes");
        assert_eq!(refusal(bytes, &Limits::default()), format!("`bundle.lock`: {error}"));
    }
    let hint = |forgery: Forgery| {
        let bytes = forgery.to_bytes().expect("bytes");
        let error = Archive::from_bytes(bytes, &Limits::default()).expect_err("refused");
        (matches!(error.kind, ArchiveErrorKind::Newer(_)), error.hint().map(ToOwned::to_owned))
    };
    let newer = Some("install a newer version of bundle".to_owned());
    assert_eq!(hint(rewritten("format = 1", "format = 2")), (true, newer.clone()));
    assert_eq!(hint(rewritten("requires = []", "requires = [\"x\"]")), (true, newer));
    assert_eq!(hint(rewritten("format = 1", "format = 0")), (false, None));
}

#[test]
fn locks_that_tell_of_another_archive_are_refused() {
    check(&[
        (
            "not UTF-8",
            forged(|forgery| forgery.text[3] = 0xFF),
            "`bundle.lock`: is not UTF-8: invalid utf-8 sequence of 1 bytes from index 3",
        ),
        (
            "withheld but there",
            locked(|lock| lock.members[0].withheld = true).to_bytes(),
            "frame 2: holds 2048 bytes, the members of the lock make 1024",
        ),
        (
            "another mode",
            locked(|lock| lock.members[0].mode = FileMode::Executable).to_bytes(),
            "`project/a.txt`: tar header has the mode `0000644`, not `0000755`",
        ),
        (
            "another size",
            locked(|lock| lock.members[0].size = 30).to_bytes(),
            "`project/a.txt`: tar header has the size `00000000035`, not `00000000036`",
        ),
        (
            "a size of more blocks",
            locked(|lock| lock.members[0].size = 600).to_bytes(),
            "frame 2: holds 2048 bytes, the members of the lock make 2560",
        ),
        (
            "a size of more frames",
            locked(|lock| lock.members[0].size = 100 << 20).to_bytes(),
            "frame 2: holds 2048 bytes, the members of the lock make 8388608",
        ),
        (
            "a pebibyte",
            locked(|lock| lock.members[0].size = 1 << 50).to_bytes(),
            "`project/a.txt`: has 1125899906842624 bytes, the limit is 1099511627776",
        ),
    ]);
}

#[test]
fn a_million_members_are_refused_before_they_are_read() {
    let one = "\n[[members]]\npath = \"project/a\"\n";
    let forgery = forged(|forgery| forgery.text = one.repeat(1_000_000).into_bytes());
    let bytes = forgery.expect("bytes");
    assert_eq!(
        refusal(bytes, &Limits { ratio: u64::MAX, ..Limits::default() }),
        "`bundle.lock`: lists 1000000 members, the limit is 65536"
    );
}

#[test]
fn limits_are_arguments() {
    let bytes = packed(&small(), Some(b"{}"), &WriteOptions::default()).expect("packs");
    let (_, rows) = unseal(&bytes).expect("a table");
    let first = rows[0].0;
    let cases = [
        (
            Limits { members: 2, ..Limits::default() },
            "`bundle.lock`: lists 3 members, the limit is 2",
        ),
        (
            Limits { member_size: 28, ..Limits::default() },
            "`project/a.txt`: has 29 bytes, the limit is 28",
        ),
        (
            Limits { total_size: 49, ..Limits::default() },
            "members together: has 50 bytes, the limit is 49",
        ),
        (
            Limits { ratio: 0, ..Limits::default() },
            &format!("frame 1: unpacks {first} bytes to 3584, more than 0 to one"),
        ),
        (
            Limits { lock_size: 100, ..Limits::default() },
            "`bundle.lock`: has 747 bytes, the limit is 100",
        ),
        (
            Limits { signature_size: 1, ..Limits::default() },
            "`bundle.sig`: has 2 bytes, the limit is 1",
        ),
        (
            Limits { manifest_size: 10, ..Limits::default() },
            "`project/bundle.toml`: has 11 bytes, the limit is 10",
        ),
        (
            Limits { lock_size: 100, signature_size: 1, manifest_size: 1, ..Limits::default() },
            "frame 1: unpacks to 3584 bytes, the limit is 3174",
        ),
    ];
    let wrong: Vec<_> = cases
        .into_iter()
        .map(|(limits, message)| (refusal(bytes.clone(), &limits), message))
        .filter(|(actual, message)| actual != message)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn truncation_anywhere_is_noticed() {
    let bytes =
        packed(&crate::roundtrip::varied(), Some(b"{}"), &WriteOptions::default()).expect("packs");
    let (frames, rows) = unseal(&bytes).expect("a table");
    let mut border = 0;
    let mut kept = Vec::new();
    for frame in &frames {
        for length in [border, border + 1, border + frame.len() - 1] {
            assert!(
                Archive::from_bytes(bytes[..length].to_vec(), &Limits::default()).is_err(),
                "{length}"
            );
        }
        // Even with a table that tells of the shorter file.
        let shorter = [kept.concat(), table(&rows[..kept.len()]).expect("a table")].concat();
        assert!(Archive::from_bytes(shorter, &Limits::default()).is_err(), "{} frames", kept.len());
        border += frame.len();
        kept.push(frame.clone());
    }
    let small = good().expect("packs");
    for length in 0..small.len() {
        assert!(
            Archive::from_bytes(small[..length].to_vec(), &Limits::default()).is_err(),
            "{length}"
        );
    }
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let bytes =
        packed(&small(), Some(b"{\"signed\":true}"), &WriteOptions::default()).expect("packs");
    let same = everything(&Archive::from_bytes(bytes.clone(), &Limits::default()).expect("opens"));
    assert!(same.is_some());
    for at in 0..bytes.len() {
        for flip in [0x01, 0x10, 0x80, 0xFF] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            let Ok(archive) = Archive::from_bytes(changed, &Limits::default()) else { continue };
            let read = everything(&archive);
            assert!(read.is_none() || read == same, "byte {at} ^ {flip:#x} changes what is read");
        }
    }
}

/// All that a reader can get from an archive that holds.
fn everything(archive: &Archive) -> Option<Vec<Vec<u8>>> {
    let verified = archive.verify(&|_| ()).ok()?;
    let paths = ["a.txt", "run.sh"].map(|path| path.parse::<ArtifactPath>().expect("a path"));
    let mut all = paths.map(|path| archive.read(&path, 1000).expect("verified")).to_vec();
    all.push(archive.signature().unwrap_or_default().to_vec());
    all.push(archive.manifest_text().as_bytes().to_vec());
    all.push(verified.id.to_string().into_bytes());
    Some(all)
}

#[test]
fn reading_one_member_checks_it_too() {
    let path: ArtifactPath = "a.txt".parse().expect("a path");
    let bytes = with_entry(|_, content| content[0] = b'A').expect("bytes");
    let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
    let error = archive.read(&path, 100).expect_err("another content").to_string();
    assert!(error.starts_with("`project/a.txt`: sha256 is "), "{error}");
    let bytes = of_type(EntryType::Symlink, "/etc/passwd").expect("bytes");
    let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
    let error = archive.read(&path, 100).expect_err("a link").to_string();
    assert_eq!(error, "`project/a.txt`: is not a plain file: its tar header is of a symbolic link");
}
