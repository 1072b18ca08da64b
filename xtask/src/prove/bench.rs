//! Speed and memory beside the programs people use today.

use std::path::Path;

use anyhow::Result;

use crate::{
    run::{program, step},
    tools,
};

/// What the script and the Python peers run with. `model-signing` imports `pyOpenSSL`
/// without saying so.
const PINS: &[&str] = &[
    "model-signing==1.1.1",
    "numpy==2.4.6",
    "onnxruntime==1.32.0",
    "pillow==12.2.0",
    "pyOpenSSL==26.4.0",
];

/// Times the binary and its peers in turn. The smoke case takes a small file:
/// it shows that the bench works, not a figure.
pub(crate) fn bench(bundle: &Path, smoke: bool) -> Result<()> {
    tools::debian(&[("tar", "tar"), ("zstd", "zstd"), ("sha256sum", "coreutils")])?;
    let python = tools::python("bench", PINS)?;
    let bundle = bundle.to_string_lossy().into_owned();
    let mut arguments = vec!["xtask/proofs/bench.py", "--bundle", &bundle];
    if smoke {
        arguments.push("--smoke");
    }
    step("speed and memory beside peers", &mut program(python, &arguments))?;
    Ok(())
}
