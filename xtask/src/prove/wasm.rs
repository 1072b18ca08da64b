//! The vectors of preprocessing in wasm32, beside the same natively.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value as Json;

use super::parity;
use crate::{
    run::{output, program, root, say},
    tools, wasm,
};

const VECTORS: &str = "fixtures/vectors/preprocess";
const PACKAGE: &str = "xtask/proofs/wasm";

/// Runs every vector in node and natively; writes the page.
pub(crate) fn wasm() -> Result<()> {
    let rows = compare()?;
    let node = output(&mut program("node", &["--version"]))?;
    let mut page = format!(
        "# Preprocessing in wasm32\n\n\
         `cargo xtask prove wasm`: the committed vectors (`{VECTORS}`), run by node in wasm32-unknown-unknown with\n\
         simd128. `as promised` counts cases that meet the library within the promise of their steps;\n\
         `as natively` those of which every bit is what the same code gives natively, also where the\n\
         promise is a distance.\n\n\
         node {}\n\n\
         | group | cases | elements | as promised | as natively |\n|---|---:|---:|---:|---:|\n",
        node.trim()
    );
    for (group, row) in rows {
        let Row { cases, elements, promised, native } = row;
        page += &format!("| {group} | {cases} | {elements} | {promised} | {native} |\n");
    }
    fs_err::write(root().join("docs/proof/wasm.md"), page)?;
    Ok(())
}

/// The same, without the page.
pub(crate) fn smoke() -> Result<()> {
    compare().map(drop)
}

/// What came of a group.
#[derive(Default)]
struct Row {
    cases: usize,
    elements: u64,
    promised: usize,
    native: usize,
}

fn compare() -> Result<BTreeMap<String, Row>> {
    tools::debian(&[("node", "nodejs")])?;
    let module = wasm::build()?.join("vectors_wasm.wasm").to_string_lossy().into_owned();
    let groups = groups()?;
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let host = format!("{PACKAGE}/run.mjs");
    let arguments = [&[host.as_str(), &module, VECTORS], groups.as_slice()].concat();
    let ours = output(&mut program("node", &arguments))?;
    let native = parity::replay("1")?;
    let native = output(&mut program(native, &[&[VECTORS], groups.as_slice()].concat()))?;
    let mut rows = BTreeMap::<String, Row>::new();
    for (ours, native) in ours.lines().zip(native.lines()) {
        let (ours, native): (Json, Json) =
            (serde_json::from_str(ours)?, serde_json::from_str(native)?);
        if [&ours["group"], &ours["case"]] != [&native["group"], &native["case"]] {
            bail!("the cases come in another order: {} and {}", ours["case"], native["case"]);
        }
        let row = rows.entry(ours["group"].as_str().unwrap_or_default().to_owned()).or_default();
        row.cases += 1;
        row.elements += ours["elements"].as_u64().unwrap_or(0);
        row.promised += usize::from(ours["failure"].is_null());
        row.native += usize::from(ours["digest"] == native["digest"]);
        if !ours["failure"].is_null() || ours["digest"] != native["digest"] {
            say(&format!("    {}: {}, {}", ours["group"], ours["case"], ours["failure"]));
        }
    }
    let (cases, right) = rows.values().fold((0, 0), |(cases, right), row| {
        (cases + row.cases, right + row.promised.min(row.native))
    });
    say(&format!("    wasm32: {right} of {cases} cases as promised, and bit for bit as natively"));
    if ours.lines().count() != native.lines().count() || cases == 0 || right != cases {
        bail!("wasm32 differs");
    }
    Ok(rows)
}

/// The groups of vectors: each is a file of cases.
fn groups() -> Result<Vec<String>> {
    let files = fs_err::read_dir(root().join(VECTORS))?;
    let names = files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<Result<_>>()?;
    names.sort();
    Ok(names.iter().filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect())
}
