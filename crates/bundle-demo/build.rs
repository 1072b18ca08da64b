//! Embeds what runs in a browser, where `cargo xtask wasm` has put it.
#![expect(clippy::disallowed_methods, reason = "the paths and the environment are cargo's")]

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let runtime = Path::new("runtime/bundle.runtime");
    // What runs in a browser writes no pages, and must not be compiled anew because it was.
    let writes_pages = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch != "wasm32");
    println!("cargo::rerun-if-changed={}", if writes_pages { "runtime" } else { "build.rs" });
    // Without it everything works but `bundle demo`, which says so.
    let embedded = writes_pages && runtime.exists();
    let content = if embedded { fs::read(runtime)? } else { Vec::new() };
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("bundle.runtime"), content)
}
