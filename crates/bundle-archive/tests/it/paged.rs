//! A bundle inside a page.

use bundle_archive::{
    Archive, Limits, PIECE_BEFORE, PIECE_BEHIND, PIECE_SIZE, Wrapper, WriteOptions,
};
use bundle_testkit::Sandbox;
use data_encoding::BASE64;
use std::io::Read as _;

use crate::project::{Outcome, packed, small};

/// A page with these bytes in pieces of this size.
fn page_of(bytes: &[u8], size: usize) -> String {
    let pieces = bytes.chunks(size).map(|piece| {
        format!("{PIECE_BEFORE}{}{PIECE_BEHIND}<script>x()</script>\n", BASE64.encode(piece))
    });
    format!("<!DOCTYPE html>\n<p>words</p>\n{}</body>\n", pieces.collect::<String>())
}

#[test]
fn the_bundle_in_a_page_is_opened_and_nothing_is_left() -> Outcome<()> {
    let bytes = packed(&small(), None, &WriteOptions::default())?;
    let id = Archive::from_bytes(bytes.clone(), &Limits::default())?.id();
    for size in [3, 300, PIECE_SIZE] {
        let sandbox = Sandbox::new()?;
        let path = sandbox.write("page.html", page_of(&bytes, size))?;
        assert_eq!(Wrapper::of(&path)?, Wrapper::Page);
        let archive = Archive::open_wrapped(&path, sandbox.path(), &Limits::default())?;
        assert_eq!(archive.verify(&|_| ())?.id, id);
        let mut whole = Vec::new();
        archive.packed().read_to_end(&mut whole)?;
        assert_eq!(whole, bytes);
        assert_eq!(fs_err::read_dir(sandbox.path())?.count(), 1);
    }
    Ok(())
}

#[test]
fn other_pages_say_what_is_wrong() -> Outcome<()> {
    let sandbox = Sandbox::new()?;
    let bytes = packed(&small(), None, &WriteOptions::default())?;
    let page = page_of(&bytes, 3000);
    let cases = [
        ("<!doctype html><p>hello".to_owned(), "is a page without a bundle in it"),
        (
            page.replacen(PIECE_BEFORE, &format!("{PIECE_BEFORE}!"), 1),
            "holds a piece that is no base64",
        ),
        (format!("<!doctype html>\n{PIECE_BEFORE}aGVsbG8={PIECE_BEHIND}"), "the bundle in it"),
        (format!("<!doctype html>\n{PIECE_BEFORE}{}", "A".repeat(17 << 20)), "is no base64"),
    ];
    for (text, what) in cases {
        let path = sandbox.write("page.html", &text)?;
        let error = Archive::open_wrapped(&path, sandbox.path(), &Limits::default()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    let small = Limits { total_size: 100, ..Limits::default() };
    let path = sandbox.write("page.html", &page)?;
    let error = Archive::open_wrapped(&path, sandbox.path(), &small).unwrap_err();
    assert!(error.to_string().contains("limit"), "{error}");
    Ok(())
}
