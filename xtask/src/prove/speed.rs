//! Speed of preprocessing beside the libraries that it names.

use anyhow::Result;

use crate::{
    run::{cargo, program, step, target},
    tools,
};

/// Compares the tensors, times the programs in turn and writes the page.
pub(crate) fn speed() -> Result<()> {
    let python = tools::python("parity", super::parity::LIBRARIES)?;
    let mut build = cargo(&["build", "--release", "--quiet", "--package", "bundle-preprocess"]);
    step("the program that is timed", build.args(["--example", "speed"]))?;
    let example = target().join("release/examples/speed").to_string_lossy().into_owned();
    let arguments = ["xtask/proofs/preprocess_bench.py", "--speed", &example];
    step("preprocessing beside Pillow and torchvision", &mut program(python, &arguments))?;
    Ok(())
}

/// Whether the program that is timed compiles: torch is too large for what is quick.
pub(crate) fn smoke() -> Result<()> {
    let arguments = ["build", "--workspace", "--quiet", "--example", "speed"];
    step("the program that is timed compiles", &mut cargo(&arguments)).map(drop)
}
