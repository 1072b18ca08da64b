//! `cargo xtask ci`: all that continuous integration runs, in the order in
//! which a mistake is cheapest to find.

use anyhow::Result;

use crate::{
    prove, quickstart,
    run::{cargo, exists, say, step, target},
    test, tidy, wasm,
};

/// Format, lints, tidy, rustdoc, licences, tests, the quickstart, one smoke case of each proof.
pub(crate) fn ci() -> Result<()> {
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    tidy::tidy()?;
    let lints = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    step("lints", &mut cargo(&lints))?;
    let documents = ["doc", "--workspace", "--no-deps", "--quiet"];
    step("rustdoc", cargo(&documents).env("RUSTDOCFLAGS", "-D warnings"))?;
    if !exists("cargo-deny") {
        // Compiled in half the time, and it runs for seconds.
        let install =
            ["install", "cargo-deny", "--locked", "--version", "0.20.2", "--quiet", "--debug"];
        step("install cargo-deny", &mut cargo(&install))?;
    }
    let deny = ["deny", "--log-level", "error", "check", "licenses", "bans", "sources"];
    step("licences, bans, sources", &mut cargo(&deny))?;
    // Before what embeds it is built.
    wasm::wasm()?;
    test::test()?;
    // The tests have built the binary; building it alone resolves other features
    // of the dependencies and would compile the engine a second time.
    let bundle = target().join("debug/bundle");
    quickstart::walk(&bundle, false)?;
    for proof in prove::Proof::ALL {
        prove::smoke(*proof, &bundle)?;
    }
    say("\nci: all green");
    Ok(())
}
