//! The public face of the crate.

mod bytes;
mod import;
mod init;
mod onnx;
mod refuse;
mod withhold;

use std::path::{Path, PathBuf};

use bundle_archive::{Archive, Limits, WriteOptions};
use bundle_manifest::Lock;
use bundle_pack::{PackError, PackRequest, Packed, pack};
use bundle_signature::SignatureError;
use bundle_testkit::Sandbox;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The manifest of [`project`], and `more`.
fn manifest_text(more: &str) -> String {
    format!(
        r#"format = 1
[bundle]
name = "negate"
version = "1.0.0"
title = "The negative of three numbers"
license = "MIT"
[models.net]
onnx = "export/net.onnx"
[[inputs]]
name = "x"
kind = "tensor"
tensors = {{ x = "value" }}
[[outputs]]
name = "y"
kind = "tensor"
tensors = {{ value = "y" }}
[[examples]]
name = "one"
inputs = {{ x = {{ file = "examples/x.npy" }} }}
expect = {{ y = {{ file = "examples/y.npy" }} }}
{more}"#
    )
}

/// The files of a small project whose one example holds.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("bundle.toml", manifest_text("").into_bytes()),
        (".gitignore", b"export/\n".to_vec()),
        ("README.md", b"# Negate\n".to_vec()),
        ("src/train.py", b"print('train')\n".to_vec()),
        ("src-more/a.py", b"\n".to_vec()),
        (
            "export/net.onnx",
            onnx::model("Neg", "", &[("x", onnx::FLOAT, &[1, 3])], &[("y", onnx::FLOAT, &[1, 3])]),
        ),
        ("examples/x.npy", onnx::npy(&[1.0, -2.0, 0.5])),
        ("examples/y.npy", onnx::npy(&[-1.0, 2.0, -0.5])),
        (
            "data/large.bin",
            (0..3_000_000_u32)
                .map(|i| u8::try_from(i.wrapping_mul(i) % 251).unwrap_or_default())
                .collect(),
        ),
    ]
}

/// Writes [`files`] below a directory of the sandbox.
fn project(sandbox: &Sandbox, directory: &str) -> Outcome<PathBuf> {
    for (name, content) in files() {
        sandbox.write(&format!("{directory}/{name}"), content)?;
    }
    Ok(sandbox.path().join(directory))
}

fn request(directory: &Path, output: &Path) -> PackRequest {
    PackRequest {
        directory: directory.to_owned(),
        output: output.to_owned(),
        write: WriteOptions { level: 1, threads: 2 },
        must_run: false,
        skip_replay: false,
        withhold: Vec::new(),
        anonymous: None,
        with_private_keys: false,
    }
}

/// Signs nothing.
#[expect(clippy::unnecessary_wraps, reason = "the shape of every `Seal`")]
fn unsigned(_: &Lock) -> Result<Option<Vec<u8>>, SignatureError> {
    Ok(None)
}

fn packed(request: &PackRequest) -> Result<Packed, PackError> {
    pack(request, &unsigned, &|_| (), &|| false)
}

fn open(path: &Path) -> Outcome<Archive> {
    Ok(Archive::open(path, &Limits::default())?)
}

/// Every name below a directory, sorted.
fn listing(directory: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs_err::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
