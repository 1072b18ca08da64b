//! `cargo xtask prove NAME`: claims held against the real thing.

mod anonymity;
mod bench;
mod bench_demo;
mod calibrate;
mod conformance;
mod demo;
mod fuzz;
mod many;
mod models;
mod parity;
mod peers;
mod report;
mod speed;
mod wasm;

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::quickstart;

/// A proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Proof {
    /// Real models from `PyPI`: packed, run, compared with onnxruntime
    Models,
    /// Preprocessing beside Pillow, torchvision, transformers, OpenCV and others (needs 9 GB)
    Parity,
    /// The vectors of preprocessing in wasm32, with node, bit for bit as natively
    Wasm,
    /// Pages of `bundle demo`, opened from the disk by Chromium and Firefox
    Demo,
    /// The public conformance suite of OpenSSF Model Signing
    Conformance,
    /// The checklist beside what people said, on git mirrors below a directory
    Calibrate,
    /// Places that say who wrote a project beside a person's labels, on git mirrors below a directory
    Anonymity,
    /// Reports: SARIF beside its schema, pages beside axe-core in Chromium
    Report,
    /// Signatures made here and verified by `model_signing`, and the other way round
    Peers,
    /// Speed of preprocessing beside Pillow and torchvision (needs 9 GB)
    Speed,
    /// Speed and memory beside tar, zstd, sha256sum and Python; `bench demo`: pages beside onnxruntime-web
    Bench,
    /// A thousand bundles in one call: with one job and two, in flat memory
    Many,
    /// Fuzz targets, ten minutes each
    Fuzz,
}

impl Proof {
    /// Every proof, in the order of CI.
    pub(crate) const ALL: &[Self] = &[
        Self::Models,
        Self::Parity,
        Self::Wasm,
        Self::Demo,
        Self::Speed,
        Self::Calibrate,
        Self::Anonymity,
        Self::Report,
        Self::Conformance,
        Self::Peers,
        Self::Bench,
        Self::Many,
        Self::Fuzz,
    ];
}

/// Runs a proof and writes its page.
pub(crate) fn prove(proof: Proof, only: &[String]) -> Result<()> {
    match proof {
        Proof::Models => models::models(&quickstart::build()?, false),
        Proof::Parity => parity::parity(),
        Proof::Wasm => wasm::wasm(),
        Proof::Demo => {
            crate::wasm::wasm()?;
            demo::demo(&quickstart::build()?, false)
        }
        Proof::Speed => speed::speed(),
        Proof::Calibrate => calibrate::calibrate(only),
        Proof::Anonymity => anonymity::anonymity(only),
        Proof::Report => report::report(&quickstart::build()?, false),
        Proof::Conformance => conformance::conformance(&quickstart::build()?),
        Proof::Peers => peers::peers(&quickstart::build()?, false),
        Proof::Bench if only == ["demo"] => {
            crate::wasm::wasm()?;
            bench_demo::bench_demo(&quickstart::build()?, false)
        }
        Proof::Bench => bench::bench(&quickstart::build_for_speed()?, false),
        Proof::Many => many::many(&quickstart::build_for_speed()?, false),
        Proof::Fuzz => fuzz::fuzz(only),
    }
}

/// Runs one quick case of a proof with a binary that is there; writes nothing, and
/// needs nothing from outside but the package registries.
pub(crate) fn smoke(proof: Proof, bundle: &Path) -> Result<()> {
    match proof {
        Proof::Models => models::models(bundle, true),
        Proof::Parity => parity::smoke(),
        Proof::Wasm => wasm::smoke(),
        Proof::Demo => demo::demo(bundle, true),
        Proof::Speed => speed::smoke(),
        Proof::Calibrate => calibrate::smoke(),
        Proof::Anonymity => anonymity::smoke(bundle),
        Proof::Report => report::report(bundle, true),
        Proof::Conformance => {
            conformance::smoke();
            Ok(())
        }
        Proof::Peers => peers::peers(bundle, true),
        Proof::Bench => {
            bench::bench(bundle, true)?;
            bench_demo::bench_demo(bundle, true)
        }
        Proof::Many => many::many(bundle, true),
        Proof::Fuzz => fuzz::compile(),
    }
}
