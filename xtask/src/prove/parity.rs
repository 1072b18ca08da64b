//! Preprocessing beside the libraries that it names.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{
    run::{cargo, program, step, target},
    tools,
};

/// The libraries; their test data are photographs and tables to compare on.
pub(super) const LIBRARIES: &[&str] = &[
    "numpy==2.4.6",
    "pillow==13.0.0",
    "torch==2.15.0",
    "torchvision==0.29.2",
    "torchaudio==2.11.0",
    "transformers==5.23.0",
    "timm==1.0.31",
    "opencv-python-headless==5.0.0.93",
    "librosa==0.11.0",
    "soundfile==0.14.0",
    "tokenizers==0.23.3",
    "sentencepiece==0.2.3",
    "scikit-learn==1.9.1",
    "scikit-image==0.26.0",
    "scipy==1.17.1",
    "pydicom==3.0.2",
    "pylibjpeg==2.1.0",
    "pylibjpeg-libjpeg==2.5.0",
    "tifffile==2026.3.3",
    "imagecodecs==2026.3.6",
];

/// The other versions of Pillow.
const PILLOW_12: &[&str] = &["pillow==12.2.0", "numpy==2.4.6"];
const PILLOW_9: &[&str] = &["pillow==9.5.0", "numpy==2.4.6"];

/// Compares with every library and writes the page.
pub(crate) fn parity() -> Result<()> {
    tools::debian(&[("cjpeg", "libjpeg-turbo-progs")])?;
    let python = tools::python("parity", LIBRARIES)?;
    let others = [tools::python("pillow9", PILLOW_9)?, tools::python("pillow12", PILLOW_12)?];
    let others = others.map(|other| other.to_string_lossy().into_owned());
    let mut arguments: Vec<&str> = others.iter().flat_map(|other| ["--pillow", other]).collect();
    let replay = replay("3")?;
    let bundle = target().join("debug/bundle").to_string_lossy().into_owned();
    arguments.extend(["--bundle", &bundle]);
    compare(&python, &replay, &arguments)
}

/// Compares with one Pillow, on a few files.
pub(crate) fn smoke() -> Result<()> {
    compare(&tools::python("pillow12", PILLOW_12)?, &replay("1")?, &["--smoke"])
}

fn compare(python: &Path, replay: &Path, more: &[&str]) -> Result<()> {
    let replay = replay.to_string_lossy().into_owned();
    let mut arguments = vec!["xtask/proofs/parity.py", "--replay", &replay];
    arguments.extend(more);
    step("preprocessing beside the libraries", &mut program(python, &arguments))?;
    Ok(())
}

/// The program that runs cases, beside `bundle`, built as the tests are: another selection of packages
/// would compile their dependencies again.
pub(super) fn replay(optimised: &str) -> Result<PathBuf> {
    let mut build =
        cargo(&["build", "--workspace", "--quiet", "--example", "parity", "--bin", "bundle"]);
    step("the program that runs cases", build.env("CARGO_PROFILE_DEV_OPT_LEVEL", optimised))?;
    Ok(target().join("debug/examples/parity"))
}
