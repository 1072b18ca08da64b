//! Speed of preprocessing beside the libraries that it names.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    run::{cargo, program, step, target},
    tools,
};

/// Compares the tensors, times the programs in turn and writes the page.
pub(crate) fn speed() -> Result<()> {
    let python = tools::python("parity", super::parity::LIBRARIES)?;
    let example = compile()?.to_string_lossy().into_owned();
    let arguments = ["xtask/proofs/preprocess_bench.py", "--speed", &example];
    step("preprocessing beside Pillow and torchvision", &mut program(python, &arguments))?;
    Ok(())
}

/// The program that is timed.
pub(crate) fn compile() -> Result<PathBuf> {
    let mut build = cargo(&["build", "--release", "--quiet", "--package", "bundle-preprocess"]);
    step("the program that is timed", build.args(["--example", "speed"]))?;
    Ok(target().join("release/examples/speed"))
}
