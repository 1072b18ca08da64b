//! Pages of `bundle demo` beside onnxruntime-web, inlined the same way.

use std::path::Path;

use anyhow::Result;
use serde_json::Value as Json;

use super::models;
use crate::{
    run::{program, root, scratch, step},
    tools,
};

const MODULES: [&str; 2] = ["onnxruntime-web@1.30.0", "puppeteer-core@24.43.1"];

/// Times both pages of each network, and writes docs/proof/bench-demo.md.
pub(crate) fn bench_demo(bundle: &Path, smoke: bool) -> Result<()> {
    let work = scratch("bench-demo")?;
    tools::debian(&[("chromium", "chromium")])?;
    let modules = tools::npm("onnxruntime-web and a driver", &work, &MODULES)?;
    let python = tools::python("models", models::PINS)?;
    let mut make = program(python, &["xtask/proofs/bench_demo.py", "--bundle"]);
    make.arg(bundle).arg("--work").arg(&work).arg("--modules").arg(&modules);
    let found = work.join("found.json");
    let mut time = program("node", &["xtask/proofs/demo/bench.mjs"]);
    time.arg(&modules).arg(work.join("cases.json")).arg(&found);
    if smoke {
        make.arg("--smoke");
        time.arg("--smoke");
    }
    step("two pages of each network", &mut make)?;
    step("both pages in turn", &mut time)?;
    if !smoke {
        write_page(&found)?;
    }
    Ok(())
}

fn write_page(found: &Path) -> Result<()> {
    let found: Json = serde_json::from_str(&fs_err::read_to_string(found)?)?;
    let mut page = String::from(
        "# Pages beside onnxruntime-web\n\n\
         `cargo xtask prove bench demo`: each network in two pages opened from the disk in Chromium, in\n\
         turn, five times; medians. Ours is what `bundle demo` writes; the other inlines onnxruntime-web\n\
         1.30.0 (one thread, the wasm and the network compressed with gzip in base64), which checks no\n\
         byte and has no interface. *Ready* is from opening to the network loaded (ours: every byte\n\
         checked, too), *first answer* from opening to the first one, *run* the median of 20 more (ours\n\
         with reading the array and writing the answer as text), *memory* the most that the page's\n\
         process held. Times are milliseconds on a machine that does other things too: read the ratios.\n\n\
         | network | MB | page, MB | | ready | | first answer | | run | | memory, MB | |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
         | | | ours | theirs | ours | theirs | ours | theirs | ours | theirs | ours | theirs |\n",
    );
    for row in found["rows"].as_array().into_iter().flatten() {
        let of = |whose: &str, key: &str| row[whose][key].as_f64().unwrap_or(f64::NAN);
        let pair = |key: &str, scale: f64, digits: usize| {
            format!("{:.digits$} | {:.digits$}", of("ours", key) / scale, of("theirs", key) / scale)
        };
        page += &format!(
            "| {} | {:.1} | {} | {} | {} | {} | {} |\n",
            row["name"].as_str().unwrap_or_default(),
            row["model"].as_f64().unwrap_or(f64::NAN) / 1e6,
            pair("bytes", 1e6, 1),
            pair("ready", 1.0, 0),
            pair("total", 1.0, 0),
            pair("run", 1.0, 2),
            pair("memory", 1.0, 0)
        );
    }
    page += "\nOurs divided by theirs, geometric mean: ";
    let ratio = |key: &str| found["ratios"][key].as_f64().unwrap_or(f64::NAN);
    page += &format!(
        "page {:.2}, ready {:.2}, first answer {:.2}, run {:.2}, memory {:.2}.\n",
        ratio("bytes"),
        ratio("ready"),
        ratio("total"),
        ratio("run"),
        ratio("memory")
    );
    fs_err::write(root().join("docs/proof/bench-demo.md"), page)?;
    Ok(())
}
