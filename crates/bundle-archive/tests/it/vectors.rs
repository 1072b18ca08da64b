//! The test vectors under `fixtures/vectors`, which any other reader can be
//! tested with: a file, and what reading it gives. They were written by
//! `fixtures/vectors/write_vectors.py`, which shares no line with this crate, and
//! `read_bundle.py` there prints the same report.
//!
//! Compressed bytes are no identity: they may change with the version of zstd.
//! So the tests read the committed file, and compare what is written today with
//! it unpacked, frame by frame.

use std::fmt::Write as _;

use bundle_archive::{Archive, Limits, WriteOptions};
use bundle_manifest::FileMode;
use bundle_testkit::fixture;

use crate::{
    forge::unseal,
    project::{File, Outcome, packed},
};

const SIGNATURE: &[u8] = b"{\"not\": \"a signature\"}";

/// Name, files and signature.
type Vector = (&'static str, Vec<File>, Option<&'static [u8]>);

fn vectors() -> [Vector; 2] {
    let manifest = File::new("bundle.toml", "format = 1\n");
    let far = format!("far/{}/x", vec!["y".repeat(200); 4].join("/"));
    let split = format!("deep/{}/{}", "d".repeat(80), "e".repeat(80));
    let counting = (0..1 << 17).flat_map(|n| format!("{:07}\n", n % 1000).into_bytes());
    let everything = vec![
        File::new(".gitignore", "*.bin\n"),
        File::new("README.md", "# Tiny\n"),
        manifest.clone(),
        File::new("data", "as a file it sorts before data-1, as a directory behind it\n"),
        File::new("data-1/a", "1\n"),
        File::new(&split, "the path is split between two fields\n"),
        File::new("données/été.csv", "a,b\n1,2\n").untracked(),
        File::new("empty", ""),
        File::new("export/last", "behind a large member\n").untracked(),
        File::new("export/counting.txt", counting.collect::<Vec<_>>()).untracked(),
        File::new("export/zeros.bin", vec![0; (9 << 20) + 5]).untracked(),
        File::new(&far, "the path needs a pax header\n"),
        File::new("held/back.csv", "secret\n").withheld(),
        File::new("run.sh", "#!/bin/sh\necho hello\n").executable(),
    ];
    [("minimal", vec![manifest], None), ("everything", everything, Some(SIGNATURE))]
}

/// What a reader must find, in the words of `read_bundle.py`.
fn expected(archive: &Archive) -> Outcome<String> {
    let lock = archive.lock();
    let mut text = format!(
        "{{\n \"id\": \"{}\",\n \"swhid\": \"swh:1:dir:{}\",\n",
        archive.id(),
        lock.code.swhid
    );
    let members = lock.members.iter().filter(|member| !member.withheld).map(|member| {
        let (path, size, sha256, mode) = (&member.path, member.size, member.sha256, member.mode);
        format!("  {{\n   \"path\": \"{path}\",\n   \"size\": {size},\n   \"sha256\": \"{sha256}\",\n   \"mode\": \"{mode}\"\n  }}")
    });
    writeln!(text, " \"members\": [\n{}\n ]\n}}", members.collect::<Vec<_>>().join(",\n"))?;
    Ok(text)
}

fn unpacked(bytes: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let (frames, _) = unseal(bytes)?;
    Ok(frames
        .iter()
        .map(|frame| zstd::stream::decode_all(frame.as_slice()))
        .collect::<Result<_, _>>()?)
}

#[test]
fn the_vectors_are_read_and_are_what_is_written() {
    for (name, files, signature) in vectors() {
        let committed =
            fs_err::read(fixture(&format!("vectors/{name}.tar.zst"))).expect("a vector");
        let report =
            fs_err::read_to_string(fixture(&format!("vectors/{name}.json"))).expect("its report");
        let archive = Archive::from_bytes(committed.clone(), &Limits::default()).expect(name);
        archive.verify(&|_| ()).expect(name);
        assert_eq!(expected(&archive).expect("a report"), report, "{name}");
        assert_eq!(archive.signature(), signature, "{name}");
        let written = packed(&files, signature, &WriteOptions::default()).expect("packs");
        assert!(
            unpacked(&written).expect("frames") == unpacked(&committed).expect("frames"),
            "{name}"
        );
        let modes: Vec<_> = archive.lock().members.iter().map(|member| member.mode).collect();
        assert_eq!(modes.contains(&FileMode::Executable), name == "everything");
    }
}
