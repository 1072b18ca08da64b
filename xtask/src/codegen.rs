//! `cargo xtask codegen`: files that are made from the types and tables.
//!
//! The crates' own tests compare each file with its source; run with
//! `BUNDLE_CODEGEN=write` the same tests write it. So there is one comparison,
//! and it cannot be forgotten.

use anyhow::Result;

use crate::run::{cargo, step};

/// Writes the generated files, or says whether they are current.
pub(crate) fn codegen(check: bool) -> Result<()> {
    let mode = if check { "check" } else { "write" };
    let arguments = ["test", "--quiet", "--workspace", "--tests", "generated_files"];
    step(&format!("generated files: {mode}"), cargo(&arguments).env("BUNDLE_CODEGEN", mode))?;
    Ok(())
}
