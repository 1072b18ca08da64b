//! The recipe of docs/signature.md: `tar`, `zstd` and `openssl` verify a bundle.

use std::{path::Path, process::Command};

use bundle_testkit::{Sandbox, repository};

use crate::harness::{Said, bundle, said, sandbox_with};

/// The shell commands of the page.
fn recipe() -> String {
    let page = fs_err::read_to_string(repository().join("docs/signature.md")).expect("the page");
    let (_, rest) = page.split_once("```sh recipe\n").expect("a recipe");
    rest.split_once("```").expect("its end").0.to_owned()
}

fn follow(sandbox: &Sandbox, name: &str, file: &Path, key: &Path, hash: &str) -> Said {
    let directory = sandbox.path().join(name);
    fs_err::create_dir(&directory).expect("a directory");
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", &recipe()]).current_dir(&directory).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("BUNDLE", file).env("KEY", key).env("HASH", hash);
    said(&command.output().expect("sh starts"))
}

/// Packs the theory paper with a key of this curve: the bundle, the public key, the id.
fn packed(sandbox: &Sandbox, curve: &str) -> (std::path::PathBuf, std::path::PathBuf, String) {
    let made = bundle(sandbox.path(), &["key", "new", curve, "--curve", curve]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let file = format!("{curve}.bundle.tar.zst");
    let packed = bundle(sandbox.path(), &["pack", "theory", "--key", curve, "-o", &file]);
    assert_eq!(packed.code, 0, "{}", packed.stderr);
    let id = packed.stdout.split_whitespace().find(|word| word.starts_with("sha256:"));
    let public = bundle(sandbox.path(), &["key", "show", curve]);
    let public = sandbox.write(&format!("{curve}.pub"), public.stdout).expect("a file");
    (sandbox.path().join(file), public, id.expect("an id").to_owned())
}

#[test]
fn plain_programs_verify_a_bundle() {
    let sandbox = sandbox_with("theory");
    for (curve, hash) in [("P-256", "sha256"), ("P-384", "sha384"), ("P-521", "sha512")] {
        let (file, public, id) = packed(&sandbox, curve);
        let said = follow(&sandbox, &format!("with {hash}"), &file, &public, hash);
        assert_eq!(said.code, 0, "{curve}: {}{}", said.stdout, said.stderr);
        assert_eq!(said.stdout, format!("Verified OK\nevery file is as signed: {id}\n"), "{curve}");
    }
}

#[test]
fn plain_programs_refuse_what_is_not_as_it_was() {
    let sandbox = sandbox_with("theory");
    let (file, public, _) = packed(&sandbox, "P-256");
    let (_, other, _) = packed(&sandbox, "P-384");
    let wrong = follow(&sandbox, "another key", &file, &other, "sha256");
    assert_ne!(wrong.code, 0, "{}", wrong.stdout);
    let unpack = bundle(sandbox.path(), &["extract", "P-256.bundle.tar.zst"]);
    assert_eq!(unpack.code, 0, "{}", unpack.stderr);
    let inside = sandbox.path().join("theory-1.0.0");
    let readme = fs_err::read(inside.join("project/README.md")).expect("a file");
    let tar = |name: &str| {
        let arguments = ["--zstd", "-cf", name, "theory-1.0.0"];
        let done = Command::new("tar").args(arguments).current_dir(sandbox.path()).status();
        assert!(done.expect("tar starts").success());
        sandbox.path().join(name)
    };
    let same = follow(&sandbox, "same", &tar("same.tar.zst"), &public, "sha256");
    assert_eq!(same.code, 0, "{}{}", same.stdout, same.stderr);
    fs_err::write(inside.join("project/README.md"), b"# Another\n").expect("a change");
    let changed = follow(&sandbox, "changed", &tar("changed.tar.zst"), &public, "sha256");
    assert!(
        changed.code != 0 && changed.stdout.contains("README.md: FAILED"),
        "{}",
        changed.stdout
    );
    fs_err::write(inside.join("project/README.md"), readme).expect("as it was");
    fs_err::write(inside.join("project/more.py"), b"").expect("an addition");
    let added = follow(&sandbox, "added", &tar("added.tar.zst"), &public, "sha256");
    assert_ne!(added.code, 0, "{}", added.stdout);
}
