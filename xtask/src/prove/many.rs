//! A thousand bundles in one call: time with one job and two, and memory.

use std::path::Path;

use anyhow::Result;

use crate::{
    run::{program, step},
    tools,
};

/// Packs the bundles, checks them and writes the page.
pub(crate) fn many(bundle: &Path, smoke: bool) -> Result<()> {
    let python = tools::python("many", &[])?;
    let bundle = bundle.to_string_lossy().into_owned();
    let mut arguments = vec!["xtask/proofs/many.py", "--bundle", &bundle];
    if smoke {
        arguments.push("--smoke");
    }
    step("many bundles in one call", &mut program(python, &arguments))?;
    Ok(())
}
