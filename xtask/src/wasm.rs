//! `cargo xtask wasm`: what runs in a browser, where the page finds it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    run::{exists, output, program, root, say, scratch, step},
    tools,
};

const TARGET: &str = "wasm32-unknown-unknown";
/// The workspace of what runs in a browser.
const PACKAGE: &str = "crates/bundle-browser/wasm";
/// Where bundle-demo looks for it when it is built.
const RUNTIME: &str = "crates/bundle-demo/runtime/bundle.runtime";

/// The window of the frame: larger ones save one percent, and cost a browser their memory.
const WINDOW_LOG: u32 = 23;

/// Builds the module and puts it where `bundle demo` takes it from, at the next build: behind
/// what unpacks it (see `bundle_demo::runtime`). wasm-opt was tried: its
/// `-O1` leaves a tenth less to unpack, and the first answer came no sooner; higher levels take
/// minutes and pack worse.
pub(crate) fn wasm() -> Result<()> {
    let modules = build()?;
    let module = fs_err::read(modules.join("bundle.wasm"))?;
    tools::debian(&[("gzip", "gzip")])?;
    // Neither a name nor a time: the same module gives the same bytes.
    let unpacker = modules.join("bundle_unpack.wasm");
    let unpacker = program("gzip", &["-9", "-n", "-c"]).arg(unpacker).output().context("gzip")?;
    let frame = packed(&module)?;
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map(u32::to_le_bytes);
    let lengths = [length(&unpacker.stdout)?, length(&module)?].concat();
    let content = [lengths.as_slice(), &unpacker.stdout, &frame].concat();
    let runtime = root().join(RUNTIME);
    // Only what is new is written: a build that is current stays current.
    if fs_err::read(&runtime).ok().as_deref() != Some(&content) {
        fs_err::write(&runtime, &content)?;
    }
    say(&format!(
        "    {RUNTIME}: {} bytes, of them {} what unpacks the other {}",
        content.len(),
        unpacker.stdout.len(),
        module.len()
    ));
    Ok(())
}

fn packed(module: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 22)?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.include_checksum(true)?;
    std::io::Write::write_all(&mut encoder, module)?;
    Ok(encoder.finish()?)
}

/// Builds what runs in a browser: with the target of rustup where it is installed, else with
/// the compiler that Debian has for the browser, which brings the standard library as source.
/// Returns the directory of the modules.
pub(crate) fn build() -> Result<PathBuf> {
    let target = scratch("browser")?;
    let arguments =
        ["build", "--release", "--locked", "--quiet", "--workspace", "--target", TARGET];
    let installed = || {
        let list = ["target", "list", "--installed"];
        output(&mut program("rustup", &list)).is_ok_and(|list| list.lines().any(|t| t == TARGET))
    };
    let mut command = if exists("rustup") && installed() {
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
    command.env("RUSTC_WRAPPER", root().join("xtask/wasm-rustc"));
    step("what runs in a browser, as wasm32", &mut command)?;
    Ok(target.join(TARGET).join("release"))
}

/// Debian's cargo for the browser, with the linker of rustup's compiler, else LLVM's.
fn debian() -> Result<Command> {
    const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
    let programs = [("/usr/bin/cargo", "cargo-web"), ("/usr/bin/rustc", "rustc-web")];
    tools::debian(&programs)?;
    if !Path::new(SOURCE).exists() {
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
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    Ok(command)
}
