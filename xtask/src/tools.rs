//! What the tasks need from outside cargo, installed or named.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::run::{exists, program, say, scratch, step};

/// Debian packages that bring `programs`; installed when we may, else named.
pub(crate) fn debian(needs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> =
        needs.iter().filter(|(name, _)| !exists(name)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = crate::run::output(&mut program("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    if !is_root || !exists("apt-get") {
        bail!(
            "missing programs: install the packages {} (Debian names) and run this again",
            missing.join(", ")
        );
    }
    step(
        "package lists",
        program("apt-get", &["update", "-qq"]).env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(&missing);
    step(
        "install what is missing",
        program("apt-get", &arguments).env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    Ok(())
}

/// Node.js packages at pinned versions, below a directory of the target directory; returns where
/// they are to be required from.
pub(crate) fn npm(title: &str, work: &Path, pins: &[&str]) -> Result<PathBuf> {
    debian(&[("node", "nodejs"), ("npm", "npm")])?;
    let home = work.join("modules");
    fs_err::create_dir_all(&home)?;
    let mut install =
        program("npm", &["install", "--no-save", "--silent", "--no-audit", "--no-fund"]);
    step(title, install.arg("--prefix").arg(&home).args(pins))?;
    Ok(home.join("node_modules"))
}

/// A Python environment below the target directory with these pinned packages;
/// returns its interpreter. Made again only when the pins change.
pub(crate) fn python(name: &str, pins: &[&str]) -> Result<PathBuf> {
    let home = scratch("venv")?.join(name);
    let interpreter = home.join("bin/python");
    let stamp = home.join("pins.txt");
    let wanted = pins.join("\n");
    if interpreter.exists() && fs_err::read_to_string(&stamp).is_ok_and(|text| text == wanted) {
        return Ok(interpreter);
    }
    if !exists("python3") {
        bail!("python3 is missing: install it with its venv module (Debian: python3 python3-venv)");
    }
    let home_text = home.to_string_lossy().into_owned();
    step("a Python environment", &mut program("python3", &["-m", "venv", "--clear", &home_text]))?;
    if !pins.is_empty() {
        let mut arguments = vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        arguments.extend(pins);
        step("its pinned packages", &mut program(&interpreter, &arguments))?;
    }
    fs_err::write(&stamp, wanted)?;
    say(&format!("    environment `{name}`: {}", pins.join(" ")));
    Ok(interpreter)
}
