//! A bundle inside a zip file.

use std::io::Write as _;

use bundle_archive::{Archive, Limits, WriteOptions};
use bundle_testkit::Sandbox;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::project::{Outcome, packed, small};

/// A zip file of these entries.
fn zip_of(entries: &[(&str, &[u8])], method: CompressionMethod) -> Outcome<Vec<u8>> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method))?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

#[test]
fn the_one_bundle_in_a_zip_is_opened_and_nothing_is_left() {
    let bytes = packed(&small(), None, &WriteOptions::default()).expect("packs");
    let id = Archive::from_bytes(bytes.clone(), &Limits::default()).expect("opens").id();
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let sandbox = Sandbox::new().expect("a sandbox");
        let entries: [(&str, &[u8]); 2] =
            [("paper.pdf", b"%PDF"), ("sub/tiny.bundle.tar.zst", &bytes)];
        let path = sandbox
            .write("submission.zip", zip_of(&entries, method).expect("a zip"))
            .expect("a file");
        let archive = Archive::open_zip(&path, sandbox.path(), &Limits::default()).expect("opens");
        assert_eq!(archive.packed_size(), u64::try_from(bytes.len()).expect("small"));
        assert_eq!(archive.verify(&|_| ()).expect("holds").id, id);
        assert_eq!(fs_err::read_dir(sandbox.path()).expect("the sandbox").count(), 1);
    }
}

#[test]
fn other_zips_say_what_is_wrong() {
    let bytes = packed(&small(), None, &WriteOptions::default()).expect("packs");
    let sandbox = Sandbox::new().expect("a sandbox");
    let stored =
        |entries: &[(&str, &[u8])]| zip_of(entries, CompressionMethod::Stored).expect("a zip");
    let (a, b) = ("a.bundle.tar.zst", "b.bundle.tar.zst");
    let cases = [
        (stored(&[]), ": is a zip file without a `.bundle.tar.zst` in it"),
        (stored(&[("paper.pdf", b"%PDF")]), ": is a zip file without a `.bundle.tar.zst` in it"),
        (
            stored(&[(a, &bytes), (b, &bytes)]),
            ": is a zip file with several bundles in it: `a.bundle.tar.zst`, `b.bundle.tar.zst`",
        ),
        (
            stored(&[(a, b"not a bundle")]),
            ": `a.bundle.tar.zst`: does not end with a seek table: not a bundle, or cut short",
        ),
        (b"not a zip".to_vec(), ""),
        (stored(&[(a, &bytes)])[..bytes.len()].to_vec(), ""),
    ];
    for (content, message) in cases {
        let path = sandbox.write("x.zip", content).expect("a file");
        let error = Archive::open_zip(&path, sandbox.path(), &Limits::default())
            .expect_err(message)
            .to_string();
        assert!(error.starts_with(&path.display().to_string()), "{error}");
        assert!(error.ends_with(message), "{error}");
    }
    let small = Limits { total_size: 100, ..Limits::default() };
    let path = sandbox
        .write("x.zip", zip_of(&[(a, &bytes)], CompressionMethod::Deflated).expect("a zip"))
        .expect("a file");
    let error =
        Archive::open_zip(&path, sandbox.path(), &small).expect_err("too large").to_string();
    assert!(error.ends_with("the limit is 100"), "{error}");
}
