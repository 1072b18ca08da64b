//! `cargo xtask fixtures`: retrain the fixtures by their own scripts.

use anyhow::Result;

use crate::run::{program, step};

/// Retrains all fixtures or the named ones, replacing or comparing.
pub(crate) fn fixtures(check: bool, names: &[String]) -> Result<()> {
    let mut arguments = vec!["fixtures/remake.py"];
    if check {
        arguments.push("--check");
    }
    arguments.extend(names.iter().map(String::as_str));
    step("retrain the fixtures", &mut program("python3", &arguments))?;
    Ok(())
}
