//! Speed and memory beside the programs people use today.

use anyhow::Result;

use crate::{
    run::{cargo, program, step, target},
    tools,
};

/// What the script and the Python peer run with.
const PINS: &[&str] = &["numpy==2.4.6", "onnxruntime==1.32.0", "pillow==12.2.0"];

/// Times the release binary and its peers in turn. The smoke case takes the
/// debug binary and a small file: it shows that the bench works, not a figure.
pub(crate) fn bench(smoke: bool) -> Result<()> {
    tools::debian(&[("tar", "tar"), ("zstd", "zstd"), ("sha256sum", "coreutils")])?;
    let python = tools::python("bench", PINS)?;
    let profile = if smoke { "debug" } else { "release" };
    if smoke {
        crate::quickstart::build()?;
    } else {
        step(
            "build for speed",
            &mut cargo(&["build", "--release", "--package", "bundle-cli", "--bin", "bundle"]),
        )?;
    }
    let bundle = target().join(profile).join("bundle").to_string_lossy().into_owned();
    let mut arguments = vec!["xtask/proofs/bench.py", "--bundle", &bundle];
    if smoke {
        arguments.push("--smoke");
    }
    step("speed and memory beside peers", &mut program(python, &arguments))?;
    Ok(())
}
