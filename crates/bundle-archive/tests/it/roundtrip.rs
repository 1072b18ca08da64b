//! What is written is read back, by every way of reading, and nothing else is made.

use std::{
    io::{self, Read as _},
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use bundle_archive::{Archive, Limits, Spool, WriteOptions};
use bundle_manifest::{ArtifactPath, BundleId, FileMode, FileSource as _};
use bundle_testkit::Sandbox;
use sha2::{Digest as _, Sha256};

use crate::{
    forge::{Forgery, unseal},
    project::{File, Outcome, lock_of, noise, pack, packed, sha256, small},
};

const MIB: usize = 1 << 20;

/// Every kind of member: empty, executable, shared frames, own frames, long
/// names, withheld, untracked.
pub(crate) fn varied() -> Vec<File> {
    let far = format!("{}/x", vec!["y".repeat(200); 4].join("/"));
    let mut files = small();
    files.extend([
        File::new("empty", ""),
        File::new("données/été.csv", "a,b\n1,2\n").untracked(),
        File::new(&far, "far away"),
        File::new(&format!("deep/{}/{}", "d".repeat(80), "e".repeat(80)), "split"),
        File::new("export/model.onnx", noise(9 * MIB + 77)).untracked(),
        File::new("export/zeros.bin", vec![0; 17 * MIB]).untracked(),
        File::new("export/zz", "after the large ones"),
        File::new("held/back.bin", "secret").untracked().withheld(),
        File::new("many/a", noise(600 << 10)),
        File::new("many/b", noise(600 << 10)),
        File::new("many/c", noise(100 << 10)),
    ]);
    files
}

fn below(path: &str) -> ArtifactPath {
    path.parse().expect("a path of the test")
}

#[test]
fn what_is_kept_while_verifying_is_what_reading_gives() {
    let files = varied();
    let sandbox = Sandbox::new().expect("a sandbox");
    let target = sandbox.path().join("x.bundle.tar.zst");
    pack(&target, &files, None, &WriteOptions::default()).expect("packs");
    let archive = Archive::open(&target, &Limits::default()).expect("opens");
    let kept = ["export/model.onnx", "many/a", "empty", "held/back.bin", "not/there"].map(below);
    let plain = archive.verify(&|_| ()).expect("holds");
    assert_eq!(archive.verify_keeping(&kept, &|_| ()).expect("holds"), plain);
    for file in files.iter().filter(|file| !file.withheld) {
        let path = below(&file.path);
        for _ in 0..2 {
            assert_eq!(archive.read(&path, u64::MAX).expect("reads"), file.content, "{path}");
        }
    }
    let error = archive.read(&kept[3], 100).expect_err("withheld");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn every_way_of_reading_gives_what_was_written() {
    let files = varied();
    let sandbox = Sandbox::new().expect("a sandbox");
    let target = sandbox.path().join("x.bundle.tar.zst");
    let written = pack(&target, &files, Some(b"{}"), &WriteOptions::default()).expect("packs");
    let archive = Archive::open(&target, &Limits::default()).expect("opens");
    assert_eq!(archive.lock(), &lock_of(&files).expect("a lock"));
    assert_eq!(archive.signature(), Some(&b"{}"[..]));
    assert_eq!(archive.manifest_text(), "format = 1\n");
    assert_eq!(archive.packed_size(), written.size);
    let verified = archive.verify(&|_| ()).expect("holds");
    assert_eq!((verified.id, verified.members), (written.id, written.members));
    for file in &files {
        let path = below(&file.path);
        if file.withheld {
            assert_eq!(archive.size(&path), None);
            let error = archive.read(&path, 100).expect_err("withheld");
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            assert_eq!(error.to_string(), "`held/back.bin` is withheld from this edition");
            continue;
        }
        assert_eq!(archive.read(&path, u64::MAX).expect("reads"), file.content, "{path}");
        let mut streamed = Vec::new();
        archive.open_member(&path).expect("opens").read_to_end(&mut streamed).expect("streams");
        assert_eq!(streamed, file.content, "{path}");
    }
}

#[test]
fn extracting_gives_the_files_with_their_modes_and_nothing_else() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let target = sandbox.path().join("x.bundle.tar.zst");
    let files = varied();
    pack(&target, &files, Some(b"{}"), &WriteOptions::default()).expect("packs");
    let archive = Archive::open(&target, &Limits::default()).expect("opens");
    let out = archive.extract(sandbox.path(), &|_| ()).expect("extracts");
    assert_eq!(out, sandbox.path().join("tiny-1.0.0"));
    for file in files.iter().filter(|file| !file.withheld) {
        let path = out.join("project").join(&file.path);
        assert_eq!(fs_err::read(&path).expect("exists"), file.content, "{}", file.path);
        assert_eq!(mode_of(&path), file.mode, "{}", file.path);
    }
    assert_eq!(
        fs_err::read_to_string(out.join("bundle.lock")).expect("exists"),
        archive.lock().to_toml()
    );
    assert_eq!(fs_err::read(out.join("bundle.sig")).expect("exists"), b"{}");
    assert_eq!(names(sandbox.path()), ["tiny-1.0.0", "x.bundle.tar.zst"]);
    assert_eq!(names(&out), ["bundle.lock", "bundle.sig", "project"]);

    let again = archive.extract(sandbox.path(), &|_| ()).expect_err("exists");
    let directory = out.display();
    assert!(again.to_string().starts_with(&format!("{directory}: ")), "{again}");
    assert!(again.to_string().contains("exists"), "{again}");
    assert_eq!(names(sandbox.path()), ["tiny-1.0.0", "x.bundle.tar.zst"]);
}

#[cfg(unix)]
fn mode_of(path: &Path) -> FileMode {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs_err::metadata(path).expect("metadata").permissions().mode();
    FileMode::from_bits(mode & 0o777).expect("one of the two modes")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(directory).expect("a directory");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let files = varied();
    let of = |threads| packed(&files, None, &WriteOptions { level: 3, threads }).expect("packs");
    let one = of(1);
    for threads in [0, 2, 3, 7] {
        assert_eq!(of(threads), one, "{threads} threads");
    }
}

#[test]
fn any_level_gives_the_same_identity_and_frames() {
    let files = small();
    let ids: Vec<_> = [0, 1, 3, 9, 19]
        .into_iter()
        .map(|level| {
            let bytes = packed(&files, None, &WriteOptions { level, threads: 1 }).expect("packs");
            let (_, rows) = unseal(&bytes).expect("a table");
            assert_eq!(rows.iter().map(|row| row.1).collect::<Vec<_>>(), [2560, 2048, 1024]);
            Archive::from_bytes(bytes, &Limits::default()).expect("opens").id()
        })
        .collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
    let error = Spool::create(Path::new("x"), "x-1", &WriteOptions { level: 20, threads: 1 });
    assert_eq!(error.expect_err("too high").to_string(), "level: is 20, not between 0 and 19");
}

#[test]
fn headers_are_those_of_another_implementation() {
    let bytes = packed(&small(), None, &WriteOptions::default()).expect("packs");
    let (frames, _) = unseal(&bytes).expect("a table");
    let unpacked: Vec<_> = frames
        .iter()
        .map(|frame| zstd::stream::decode_all(frame.as_slice()).expect("a frame"))
        .collect();
    assert_eq!(unpacked, Forgery::of(&small()).expect("a forgery").frames().expect("frames"));
}

#[test]
fn the_identity_is_the_digest_of_digests_in_order() {
    let files = varied();
    let lock = lock_of(&files).expect("a lock");
    let mut root = Sha256::new();
    root.update(sha256(lock.to_toml().as_bytes()).as_bytes());
    for member in
        lock.members.iter().filter(|member| member.path.as_str() != "project/held/back.bin")
    {
        root.update(member.sha256.as_bytes());
    }
    let expected: [u8; 32] = root.finalize().into();
    assert_eq!(BundleId::of(&lock).0.as_bytes(), &expected);
    assert!(BundleId::of(&lock).to_string().starts_with("sha256:"));
}

#[test]
fn opening_reads_the_end_and_the_first_frame_only() {
    let mut bytes = packed(&varied(), None, &WriteOptions::default()).expect("packs");
    let (frames, _) = unseal(&bytes).expect("a table");
    let behind: usize = frames[1..].iter().map(Vec::len).sum();
    bytes[frames[0].len()..frames[0].len() + behind].fill(0xAA);
    let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens all the same");
    assert_eq!(
        archive.verify(&|_| ()).expect_err("broken").to_string(),
        "frame 2: is not a zstd frame"
    );
}

#[test]
fn reading_keeps_to_the_limit_and_names_what_is_missing() {
    let bytes = packed(&small(), None, &WriteOptions::default()).expect("packs");
    let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
    let error = archive.read(&below("a.txt"), 28).expect_err("too large");
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(error.to_string(), "`a.txt` has 29 bytes, the limit is 28");
    assert!(archive.read(&below("a.txt"), 29).is_ok());
    let error = archive.read(&below("b.txt"), 28).expect_err("missing");
    assert_eq!((error.kind(), archive.size(&below("b.txt"))), (io::ErrorKind::NotFound, None));
    assert_eq!(error.to_string(), "`b.txt` is not in the bundle");
}

#[test]
fn progress_adds_up_to_the_content() {
    let files = varied();
    let bytes = packed(&files, None, &WriteOptions::default()).expect("packs");
    let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
    let heard = std::sync::atomic::AtomicU64::new(0);
    let hear = |bytes| {
        heard.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    };
    let verified = archive.verify(&hear).expect("holds");
    assert_eq!(heard.into_inner(), verified.bytes);
    let content = files.iter().filter(|file| !file.withheld).map(|file| file.content.len());
    assert_eq!(verified.bytes, u64::try_from(content.sum::<usize>()).expect("small"));
}

#[test]
fn a_file_that_changed_is_an_error_and_leaves_nothing() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let target = sandbox.path().join("x.bundle.tar.zst");
    let cases: [(&[u8], u64); 3] = [(b"12345", 4), (b"123", 4), (b"1", 0)];
    for (content, size) in cases {
        let mut content = content;
        let mut spool =
            Spool::create(&target, "tiny-1.0.0", &WriteOptions::default()).expect("a spool");
        let path = below("project/grows");
        let error = spool
            .append(&path, FileMode::Regular, size, &mut content, &|_| ())
            .expect_err("changed");
        assert_eq!(error.to_string(), "`project/grows`: changed while it was packed");
        let lock = lock_of(&small()).expect("a lock");
        assert!(spool.finish(&lock, b"format = 1\n", None).is_err());
        assert_eq!(names(sandbox.path()), [""; 0]);
    }
}

#[test]
fn a_cancelled_writer_or_reader_leaves_nothing() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let target = sandbox.path().join("x.bundle.tar.zst");
    let flag = Arc::new(AtomicBool::new(false));
    let mut spool =
        Spool::create(&target, "tiny-1.0.0", &WriteOptions::default()).expect("a spool");
    spool.cancel_when(Arc::clone(&flag));
    let content = noise(3 * MIB);
    let stop = |_| flag.store(true, std::sync::atomic::Ordering::Relaxed);
    let error = spool.append(
        &below("project/w"),
        FileMode::Regular,
        3 << 20,
        &mut content.as_slice(),
        &stop,
    );
    assert_eq!(error.expect_err("cancelled").to_string(), "`project/w`: cancelled");
    drop(spool);
    assert_eq!(names(sandbox.path()), [""; 0]);

    let bytes = packed(&varied(), None, &WriteOptions::default()).expect("packs");
    let mut archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
    archive.cancel_when(flag);
    let error = archive.extract(sandbox.path(), &|_| ()).expect_err("cancelled");
    assert_eq!(error.to_string(), "bundle: cancelled");
    assert_eq!(names(sandbox.path()), [""; 0]);
}

#[test]
fn a_lock_that_does_not_tell_of_the_spool_is_refused() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let target = sandbox.path().join("x.bundle.tar.zst");
    let spool = |files: &[File]| -> Outcome<Spool> {
        let mut spool = Spool::create(&target, "tiny-1.0.0", &WriteOptions::default())?;
        for file in files.iter().filter(|file| !file.is_manifest()) {
            let size = u64::try_from(file.content.len())?;
            let path = format!("project/{}", file.path).parse()?;
            spool.append(&path, file.mode, size, &mut file.content.as_slice(), &|_| ())?;
        }
        Ok(spool)
    };
    let changed = |change: &dyn Fn(&mut bundle_manifest::Lock)| {
        let mut lock = lock_of(&small()).expect("a lock");
        change(&mut lock);
        let spool = spool(&small()).expect("a spool");
        spool.finish(&lock, b"format = 1\n", None).expect_err("a lie").to_string()
    };
    let is = sha256(b"#!/bin/sh\n");
    let other = sha256(b"");
    assert_eq!(
        changed(&|lock| lock.members[2].sha256 = other),
        format!("`project/run.sh`: sha256 is {is}, the lock says {other}")
    );
    assert_eq!(
        changed(&|lock| lock.members[0].size = 9),
        "`project/a.txt`: has 29 bytes, the lock says 9"
    );
    assert_eq!(
        changed(&|lock| lock.members[0].mode = FileMode::Executable),
        "`project/a.txt`: is in the lock but was not packed so"
    );
    assert_eq!(
        changed(&|lock| lock.members[0].withheld = true),
        "`project/run.sh`: is in the lock but was not packed so"
    );
    assert_eq!(
        changed(&|lock| {
            lock.members.pop();
        }),
        "`project/run.sh`: is not in the lock"
    );
    assert_eq!(
        changed(&|lock| lock.version = "2".parse().expect("a version")),
        "`bundle.lock`: is of `tiny-2`, the spool is of `tiny-1.0.0`"
    );
    assert_eq!(
        changed(&|lock| lock.members[1].size = 1),
        "`project/bundle.toml`: has 11 bytes, the lock says 1"
    );
    assert_eq!(names(sandbox.path()), [""; 0]);
}

#[test]
fn members_come_in_order_and_below_project() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let target = sandbox.path().join("x.bundle.tar.zst");
    let cases = [
        ("train.py", "`train.py`: is not below `project/`"),
        ("project", "`project`: is not below `project/`"),
        ("project/bundle.toml", "`project/bundle.toml`: belongs into the first frame"),
        ("project/b", "`project/b`: is not behind the member before it"),
        ("project/a", "`project/a`: is not behind the member before it"),
    ];
    let mut spool =
        Spool::create(&target, "tiny-1.0.0", &WriteOptions::default()).expect("a spool");
    let mut append =
        |path: &str| spool.append(&below(path), FileMode::Regular, 0, &mut io::empty(), &|_| ());
    append("project/b").expect("the first");
    for (path, message) in cases {
        assert_eq!(append(path).expect_err(path).to_string(), message);
    }
    append("project/c").expect("a refusal does no harm");
}
