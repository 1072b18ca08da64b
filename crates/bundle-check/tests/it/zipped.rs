//! A project in a zip file.

use std::io::Write as _;

use bundle_check::{Answer, check, render_text};
use bundle_testkit::{Sandbox, fixture};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{report, request, rules_that, said};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A zip file of these entries, and of symbolic links.
fn zip_of(entries: &[(&str, Vec<u8>)], links: &[(&str, &str)]) -> Outcome<Vec<u8>> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        writer.start_file(*name, options)?;
        writer.write_all(content)?;
    }
    for (name, target) in links {
        writer.add_symlink(*name, *target, options)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The files that `fixtures/digits` has as a project, below `top`.
fn digits(top: &str) -> Outcome<Vec<(String, Vec<u8>)>> {
    let directory = fixture("digits");
    let tree = bundle_project::SourceTree::from_directory(&directory)?;
    let file = |file: &bundle_project::SourceFile| {
        Ok((format!("{top}{}", file.path), fs_err::read(directory.join(file.path.as_str()))?))
    };
    tree.files().iter().map(file).collect()
}

#[test]
fn a_zip_of_a_project_is_judged_as_its_directory_is() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = report(&fixture("digits"));
    for top in ["", "digits-main/"] {
        let mut entries = digits(top)?;
        entries.push(("__MACOSX/._README.md".to_owned(), b"fork".to_vec()));
        let entries: Vec<_> =
            entries.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        let zip = report(&sandbox.write("digits.zip", zip_of(&entries, &[])?)?);
        assert_eq!((zip.complete, zip.examples), (directory.complete, directory.examples));
        assert_eq!((zip.files, zip.bytes), (directory.files, directory.bytes), "{top}");
        assert_eq!(rules_that(&zip, Answer::Fail), rules_that(&directory, Answer::Fail));
    }
    Ok(())
}

#[test]
fn names_that_leave_the_project_are_not_read() -> Outcome {
    let sandbox = Sandbox::new()?;
    let entries = [
        ("paper/README.md", b"# A paper\n".to_vec()),
        ("paper/../../requirements.txt", b"torch==1.0\n".to_vec()),
    ];
    let bytes = zip_of(&entries, &[("paper/environment.yml", "/etc/passwd")])?;
    let judged = report(&sandbox.write("paper.zip", bytes)?);
    assert_eq!(judged.complete, (0, 5));
    assert!(said(&judged, "MLCC-1").starts_with("fail"), "{}", said(&judged, "MLCC-1"));
    assert!(!render_text(&judged, false).contains("passwd"));
    Ok(())
}

#[test]
fn a_zip_file_with_an_entry_that_cannot_be_read_is_not_judged() -> Outcome {
    let sandbox = Sandbox::new()?;
    let mut bytes = zip_of(&[("README.md", vec![b'a'; 1000])], &[])?;
    // The size that the central directory states, of which a reader may make room.
    let central = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").ok_or("a directory")?;
    bytes[central + 24..central + 28].copy_from_slice(&10_u32.to_le_bytes());
    let path = sandbox.write("paper.zip", bytes)?;
    let error = check(&path, &request(false), &|_| ()).expect_err("more than is stated");
    assert!(error.to_string().contains("cannot be unpacked"), "{error}");
    // A flipped bit of the content, which the checksum tells.
    let mut bytes = zip_of(&[("README.md", vec![b'a'; 1000]), ("b.txt", vec![b'b'; 9])], &[])?;
    let content = bytes.windows(9).position(|bytes| bytes == b"README.md").ok_or("a name")? + 9;
    bytes[content] ^= 4;
    let path = sandbox.write("flipped.zip", bytes)?;
    let error = check(&path, &request(false), &|_| ()).expect_err("damaged");
    assert!(error.to_string().contains("`README.md` in"), "{error}");
    Ok(())
}
