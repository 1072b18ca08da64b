//! The page as a file.

use crate::harness::{bundle, packed, sandbox_with};

/// Whether this `bundle` was built with what runs in a browser; where not, it says so.
fn writes_pages(said: &crate::harness::Said) -> bool {
    let without = said.stderr.contains("built without what runs in a browser");
    assert!(!without || said.code == 2 && said.stderr.contains("cargo xtask wasm"), "{said:?}");
    !without
}

#[test]
fn a_page_is_written_once_and_is_known_again() {
    let (sandbox, file) = packed("digits");
    let said = bundle(sandbox.path(), &["demo", &file]);
    if !writes_pages(&said) {
        return;
    }
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("same answers 7/7 natively"), "{said:?}");
    let page = sandbox.path().join("digits-1.0.0.html");
    let first = fs_err::read(&page).expect("a page");
    let again = bundle(sandbox.path(), &["demo", &file]);
    assert!(again.code == 2 && again.stderr.contains("is there already"), "{again:?}");
    assert_eq!(bundle(sandbox.path(), &["demo", &file, "--force"]).code, 0);
    assert_eq!(fs_err::read(&page).expect("a page"), first);

    let checked = bundle(sandbox.path(), &["check", "digits-1.0.0.html"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(
        checked.stdout.contains("✓ page       byte for byte what this version writes"),
        "{checked:?}"
    );
    let verified = bundle(sandbox.path(), &["verify", "digits-1.0.0.html"]);
    assert!(verified.code == 0 && verified.stdout.contains("good"), "{verified:?}");
    // The page of the bundle in a page is the same page.
    let other = bundle(sandbox.path(), &["demo", "digits-1.0.0.html", "-o", "other.html"]);
    assert_eq!(other.code, 0, "{other:?}");
    assert_eq!(fs_err::read(sandbox.path().join("other.html")).expect("a page"), first);

    // A good bundle with other words around it.
    let text = String::from_utf8(first).expect("text");
    let changed = text.replacen("Handwritten digits", "Medical digits", 1);
    fs_err::write(&page, &changed).expect("written");
    let found = bundle(sandbox.path(), &["check", "digits-1.0.0.html"]);
    assert!(found.code == 1 && found.stdout.contains("FILE-4"), "{found:?}");
    let version = format!("content=\"bundle {}\"", env!("CARGO_PKG_VERSION"));
    fs_err::write(&page, changed.replacen(&version, "content=\"bundle 99.0.0\"", 1))
        .expect("written");
    let newer = bundle(sandbox.path(), &["check", "digits-1.0.0.html"]);
    assert!(newer.stdout.contains("bundle 99.0.0 wrote it"), "{newer:?}");
    let signed = bundle(sandbox.path(), &["sign", "digits-1.0.0.html"]);
    assert!(signed.code == 2 && signed.stderr.contains("is a page"), "{signed:?}");
}

#[test]
fn what_cannot_be_a_page_says_why() {
    let sandbox = sandbox_with("digits");
    let directory = bundle(sandbox.path(), &["demo", "digits"]);
    assert!(
        directory.code == 2 && directory.stderr.contains("bundle pack digits"),
        "{directory:?}"
    );
    let gone = bundle(sandbox.path(), &["demo", "gone.bundle.tar.zst"]);
    assert!(
        gone.code == 2 && gone.stderr.contains("there is no `gone.bundle.tar.zst`"),
        "{gone:?}"
    );
    sandbox.write("plain.html", "<!doctype html><p>hello").expect("written");
    let plain = bundle(sandbox.path(), &["check", "plain.html"]);
    assert!(plain.code == 1 && plain.stdout.contains("without a bundle in it"), "{plain:?}");
}
