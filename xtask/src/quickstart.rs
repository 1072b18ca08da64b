//! `cargo xtask quickstart`: the main job, from a fresh clone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::run::{cargo, program, root, say, scratch, step, target};

/// Builds the binary and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    step(
        "build the bundle binary (some minutes the first time)",
        // With the features of the workspace, as the tests have it: built alone it would
        // compile the engine a second time.
        &mut cargo(&["build", "--workspace", "--bin", "bundle"]),
    )?;
    Ok(target().join("debug/bundle"))
}

/// Builds the binary as it is installed.
pub(crate) fn build_for_speed() -> Result<PathBuf> {
    step(
        "build for speed",
        &mut cargo(&["build", "--release", "--package", "bundle-cli", "--bin", "bundle"]),
    )?;
    Ok(target().join("release/bundle"))
}

/// Pack, check, run and serve `fixtures/digits`.
pub(crate) fn quickstart(serve: bool) -> Result<()> {
    walk(&build()?, serve)
}

/// The same with a binary that is there.
pub(crate) fn walk(bundle: &Path, serve: bool) -> Result<()> {
    let work = scratch("quickstart")?;
    let work_text = work.to_string_lossy().into_owned();
    let file = work.join("digits-1.0.0.bundle.tar.zst").to_string_lossy().into_owned();
    step(
        "pack the paper in fixtures/digits",
        program(bundle, &["pack", "fixtures/digits", "-o", &work_text])
            .env("BUNDLE_CONFIG_DIR", work.join("keys")),
    )?;
    step(
        "check the bundle",
        program(bundle, &["check", &file]).env("BUNDLE_CONFIG_DIR", work.join("keys")),
    )?;
    step("classify a held-out digit", &mut program(bundle, &["run", &file, &held_out_digit()?]))?;
    if serve {
        say("\n==> serve the page: open the address below, Ctrl-C stops");
        step("serve", &mut program(bundle, &["serve", &file]))?;
    } else {
        say(&format!("\nserve the page with: {} serve {file}", bundle.display()));
    }
    Ok(())
}

/// The first digit that the seeded draw took from the held-out split.
fn held_out_digit() -> Result<String> {
    let examples = root().join("fixtures/digits/examples");
    let mut images: Vec<PathBuf> = fs_err::read_dir(&examples)
        .with_context(|| examples.display().to_string())?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
        .collect();
    images.sort();
    let drawn = images.iter().find(|path| path.to_string_lossy().contains("drawn"));
    let image = drawn.or(images.first()).context("fixtures/digits/examples has no PNG")?;
    Ok(image.to_string_lossy().into_owned())
}
