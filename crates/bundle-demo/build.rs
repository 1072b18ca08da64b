//! Embeds what runs in a browser, where `cargo xtask wasm` has put it.
#![expect(clippy::disallowed_methods, reason = "the paths and the environment are cargo's")]

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let runtime = Path::new("runtime/bundle.wasm.gz");
    println!("cargo::rerun-if-changed=runtime");
    // Without it everything works but `bundle demo`, which says so.
    let content = if runtime.exists() { fs::read(runtime)? } else { Vec::new() };
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("runtime.wasm.gz"), content)
}
