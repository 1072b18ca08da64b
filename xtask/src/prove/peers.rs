//! Signatures beside the reference of OpenSSF Model Signing, in both directions.

use std::path::Path;

use anyhow::Result;

use crate::{
    run::{program, step},
    tools,
};

/// What the script runs with. The reference imports `pyOpenSSL` without saying so.
const PINS: &[&str] = &["model-signing==1.1.1", "pyOpenSSL==26.4.0"];

/// Signs with one program and verifies with the other, for each curve and for
/// certificates. The smoke case takes one curve and no certificate.
pub(crate) fn peers(bundle: &Path, smoke: bool) -> Result<()> {
    tools::debian(&[("openssl", "openssl")])?;
    let python = tools::python("peers", PINS)?;
    let bundle = bundle.to_string_lossy().into_owned();
    let mut arguments = vec!["xtask/proofs/peers.py", "--bundle", &bundle];
    if smoke {
        arguments.push("--smoke");
    }
    step("signatures beside model_signing", &mut program(python, &arguments))?;
    Ok(())
}
