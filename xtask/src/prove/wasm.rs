//! The vectors of preprocessing in wasm32, beside the same natively.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;

use super::parity;
use crate::{
    run::{output, program, root, say, scratch, step},
    tools,
};

const TARGET: &str = "wasm32-unknown-unknown";
const VECTORS: &str = "fixtures/vectors/preprocess";
const PACKAGE: &str = "xtask/proofs/wasm";

/// Runs every vector in node and natively; writes the page.
pub(crate) fn wasm() -> Result<()> {
    let rows = compare()?;
    let node = output(&mut program("node", &["--version"]))?;
    let mut page = format!(
        "# Preprocessing in wasm32\n\n\
         `cargo xtask prove wasm`: the committed vectors (`{VECTORS}`), run by node in {TARGET} with\n\
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
    let module = build()?.to_string_lossy().into_owned();
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

/// Builds the module: with the target of rustup where it is installed, else with the
/// compiler that Debian has for the browser, which brings the standard library as source.
fn build() -> Result<PathBuf> {
    let target = scratch("wasm")?;
    let arguments = ["build", "--release", "--locked", "--quiet", "--target", TARGET];
    let installed = || {
        let list = ["target", "list", "--installed"];
        output(&mut program("rustup", &list)).is_ok_and(|list| list.lines().any(|t| t == TARGET))
    };
    let mut command = if crate::run::exists("rustup") && installed() {
        program("cargo", &arguments)
    } else {
        let mut command = debian()?;
        command.args(arguments);
        command.args(["-Zbuild-std=std,panic_abort", "--ignore-rust-version"]);
        command
    };
    let flags = "-Ctarget-feature=+simd128 --cfg getrandom_backend=\"custom\"";
    command.current_dir(root().join(PACKAGE));
    command.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", flags);
    step("the vectors as wasm32", &mut command)?;
    Ok(target.join(TARGET).join("release/vectors_wasm.wasm"))
}

/// Debian's cargo for the browser, with the linker of rustup's compiler, else LLVM's.
fn debian() -> Result<Command> {
    const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
    let programs = [("/usr/bin/cargo", "cargo-web"), ("/usr/bin/rustc", "rustc-web")];
    tools::debian(&programs)?;
    if !std::path::Path::new(SOURCE).exists() {
        tools::debian(&[("rust-web-src", "rust-web-src")])?;
    }
    let sysroot = output(&mut program("rustc", &["--print", "sysroot"]))?;
    let own =
        PathBuf::from(sysroot.trim()).join("lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld");
    let linker = if own.exists() {
        own
    } else {
        tools::debian(&[("wasm-ld", "lld")])?;
        PathBuf::from("wasm-ld")
    };
    let path = std::env::var_os("PATH").context("PATH is not set")?;
    let mut first = std::ffi::OsString::from("/usr/bin:");
    first.push(path);
    let mut command = program("/usr/bin/cargo", &[]);
    // What runs us belongs to another compiler.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "RUSTUP_HOME"] {
        command.env_remove(name);
    }
    command
        .env("PATH", first)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC_WRAPPER", root().join(PACKAGE).join("rustc"))
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    Ok(command)
}
