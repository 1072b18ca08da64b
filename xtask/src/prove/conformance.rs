//! The public conformance suite of OpenSSF Model Signing.

use std::path::Path;

use anyhow::Result;

use crate::{
    run::{program, say, scratch, step},
    tools,
};

/// What the suite runs with, and the reference client, which is scored beside ours.
/// It imports `pyOpenSSL` without saying so.
const PINS: &[&str] = &[
    "jsonschema==4.26.0",
    "model-signing==1.1.1",
    "pyOpenSSL==26.4.0",
    "pytest==9.2.0",
    "pytest-json-report==1.5.0",
    "referencing==0.37.0",
];

/// Fetches the suite with git and runs it against the binary.
pub(crate) fn conformance(bundle: &Path) -> Result<()> {
    tools::debian(&[("git", "git")])?;
    let python = tools::python("conformance", PINS)?;
    let bundle = bundle.to_string_lossy().into_owned();
    let work = scratch("conformance")?.to_string_lossy().into_owned();
    let arguments = ["xtask/proofs/conformance.py", "--bundle", &bundle, "--work", &work];
    step("conformance with OpenSSF Model Signing", &mut program(python, &arguments))?;
    Ok(())
}

/// Nothing but why: the suite is in no package registry, and continuous integration
/// has nothing else. The smoke case of `peers` stands in for it.
pub(crate) fn smoke() {
    say("\nconformance: needs the suite, which comes from git; its smoke case is that of `peers`");
}
