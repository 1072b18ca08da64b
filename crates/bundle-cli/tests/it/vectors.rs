//! An independent reader in Python agrees on every digest, the id and the SWHID.

use bundle_testkit::{fixture, repository};
use std::process::Command;

use crate::harness::{bundle, packed, said};

/// The interpreter that `cargo xtask test` set up with the `zstandard` package.
fn python() -> std::ffi::OsString {
    std::env::var_os("BUNDLE_TEST_PYTHON")
        .or_else(|| {
            Some(repository().join("target/venv/reader/bin/python").into_os_string())
                .filter(|path| std::path::Path::new(path).exists())
        })
        .expect("run `cargo xtask test`: it sets up the Python reader's environment")
}

#[test]
fn a_python_reader_agrees_on_digests_id_and_swhid() {
    for name in ["digits", "wine", "theory"] {
        let (sandbox, file) = packed(name);
        let mut reader = Command::new(python());
        reader.arg(fixture("vectors/read_bundle.py")).arg(&file).current_dir(sandbox.path());
        let theirs = said(&reader.output().expect("python starts"));
        assert_eq!(theirs.code, 0, "{}", theirs.stderr);
        let theirs: serde_json::Value =
            serde_json::from_str(&theirs.stdout).expect("the reader prints JSON");
        let ours = bundle(sandbox.path(), &["inspect", &file, "--format", "json"]);
        let ours: serde_json::Value =
            serde_json::from_str(&ours.stdout).expect("inspect prints JSON");
        assert_eq!(ours["id"], theirs["id"], "{name}");
        assert_eq!(ours["code"]["swhid"], theirs["swhid"], "{name}");
        let members = |view: &serde_json::Value| {
            let members = view["members"].as_array().expect("members").clone();
            let row = |member: &serde_json::Value| {
                ["path", "size", "sha256", "mode"].map(|key| member[key].clone())
            };
            members.iter().map(row).collect::<Vec<_>>()
        };
        assert_eq!(members(&ours), members(&theirs), "{name}");
    }
}
