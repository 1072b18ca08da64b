//! The programs that people have open our files.

use std::process::Command;

use bundle_archive::WriteOptions;
use bundle_testkit::Sandbox;

use crate::{
    project::{Outcome, pack},
    roundtrip::varied,
};

/// Runs a program that must be installed and must succeed.
fn run(program: &str, arguments: &[&str]) -> Outcome<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {talk}");
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn tar_and_zstd_accept_a_bundle() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let target = sandbox.path().join("x.bundle.tar.zst");
    let files = varied();
    pack(&target, &files, Some(b"{}"), &WriteOptions::default()).expect("packs");
    let (file, directory) = (target.display().to_string(), sandbox.path().display().to_string());
    run("zstd", &["-q", "-t", &file]).expect("zstd");
    let listing = run("tar", &["--zstd", "--quoting-style=literal", "-tf", &file]).expect("tar");
    let mut expected: Vec<_> = files
        .iter()
        .filter(|file| !file.withheld && !file.is_manifest())
        .map(|file| format!("tiny-1.0.0/project/{}", file.path))
        .collect();
    expected.sort();
    let first = ["bundle.lock", "bundle.sig", "project/bundle.toml"];
    expected.splice(0..0, first.map(|path| format!("tiny-1.0.0/{path}")));
    assert_eq!(listing.lines().collect::<Vec<_>>(), expected);
    run("tar", &["--zstd", "-C", &directory, "-xf", &file]).expect("tar");
    for file in files.iter().filter(|file| !file.withheld) {
        let path = sandbox.path().join("tiny-1.0.0/project").join(&file.path);
        assert_eq!(fs_err::read(path).expect("extracted"), file.content, "{}", file.path);
    }
}
