//! `cargo xtask test`: every test that needs no network once it is set up.

use anyhow::Result;

use crate::{
    run::{cargo, exists, program, root, say, step},
    tools,
};

/// Packages that the tests' Python reader of the format needs.
pub(crate) const READER_PINS: &[&str] = &["zstandard==0.25.0"];

/// Sets up what is missing, then runs unit, integration and documentation tests.
pub(crate) fn test() -> Result<()> {
    tools::debian(&[
        ("git", "git"),
        ("openssl", "openssl"),
        ("tar", "tar"),
        ("zstd", "zstd"),
        ("python3", "python3-venv"),
        ("node", "nodejs"),
    ])?;
    let python = tools::python("reader", READER_PINS)?;
    let nextest = exists("cargo-nextest");
    let arguments: &[&str] = if nextest {
        &["nextest", "run", "--workspace", "--no-fail-fast"]
    } else {
        &["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]
    };
    step("unit and integration tests", cargo(arguments).env("BUNDLE_TEST_PYTHON", &python))?;
    step("documentation tests", &mut cargo(&["test", "--workspace", "--doc", "--quiet"]))?;
    // Where it is run, node finds every test; what it takes as an argument differs by version.
    let page = root().join("crates/bundle-demo/page/tests");
    step("tests of the page", program("node", &["--test"]).current_dir(page))?;
    if !nextest {
        say("(cargo-nextest is not installed; `cargo test` ran instead)");
    }
    Ok(())
}
