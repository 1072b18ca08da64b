//! `cargo xtask prove NAME`: claims held against the real thing.

mod bench;
mod fuzz;
mod models;

use anyhow::Result;
use clap::ValueEnum;

/// A proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Proof {
    /// Real models from `PyPI`: packed, run, compared with onnxruntime
    Models,
    /// Speed and memory beside tar, zstd, sha256sum and Python
    Bench,
    /// Fuzz targets, ten minutes each
    Fuzz,
}

impl Proof {
    /// Every proof, in the order of CI.
    pub(crate) const ALL: &[Self] = &[Self::Models, Self::Bench, Self::Fuzz];
}

/// Runs a proof, or one quick case of it.
pub(crate) fn prove(proof: Proof, smoke: bool) -> Result<()> {
    match proof {
        Proof::Models => models::models(smoke),
        Proof::Bench => bench::bench(smoke),
        Proof::Fuzz => fuzz::fuzz(smoke),
    }
}
