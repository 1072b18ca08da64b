//! Fuzz targets, for as long as the claim says.

use anyhow::{Context as _, Result};

use crate::run::{cargo, exists, output, program, root, say, step};

/// Seconds per target.
const SECONDS: u32 = 600;

/// Only whether the targets compile: what continuous integration asks.
pub(crate) fn compile() -> Result<()> {
    let arguments = [
        "check",
        "--quiet",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--target-dir",
        "target/fuzz-check",
    ];
    step("fuzz targets compile", &mut cargo(&arguments))?;
    Ok(())
}

/// Runs every fuzz target for ten minutes.
pub(crate) fn fuzz() -> Result<()> {
    if !exists("cargo-fuzz") {
        step("install cargo-fuzz", &mut cargo(&["install", "cargo-fuzz", "--locked"]))?;
    }
    for target in targets()? {
        let time = format!("-max_total_time={SECONDS}");
        let arguments = [
            "+nightly",
            "fuzz",
            "run",
            &target,
            "--",
            &time,
            "-rss_limit_mb=2048",
            "-timeout=20",
            "-print_final_stats=1",
        ];
        step(
            &format!("fuzz {target} for {SECONDS} s"),
            program("cargo", &arguments).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN"),
        )?;
    }
    let version = output(&mut program("rustc", &["+nightly", "--version"]))?;
    say(&format!("no finding; {version}"));
    Ok(())
}

fn targets() -> Result<Vec<String>> {
    let directory = root().join("fuzz/fuzz_targets");
    let entries = fs_err::read_dir(&directory).with_context(|| directory.display().to_string())?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.ok()?.path().file_stem().map(|stem| stem.to_string_lossy().into_owned())
        })
        .collect();
    names.sort();
    Ok(names)
}
