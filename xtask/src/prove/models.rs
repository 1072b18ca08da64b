//! Real models that nobody here made.

use std::path::Path;

use anyhow::Result;

use crate::{
    run::{program, step},
    tools,
};

/// What the script runs with.
pub(crate) const PINS: &[&str] =
    &["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.32.0", "pillow==12.2.0"];

/// Fetches pinned packages, packs their models, and compares with onnxruntime.
pub(crate) fn models(bundle: &Path, smoke: bool) -> Result<()> {
    let python = tools::python("models", PINS)?;
    let bundle = bundle.to_string_lossy().into_owned();
    let mut arguments = vec!["xtask/proofs/models.py", "--bundle", &bundle];
    if smoke {
        arguments.push("--smoke");
    }
    step("real models beside onnxruntime", &mut program(python, &arguments))?;
    Ok(())
}
