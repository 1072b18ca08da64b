//! The same input gives the same bytes, whatever the surroundings.

use std::path::Path;

use bundle_testkit::{Sandbox, copy_tree, fixture};
use sha2::{Digest as _, Sha256};

use crate::harness::{bundle, bundle_command, packed, said};

fn sha256(path: &Path) -> String {
    let digest = Sha256::digest(fs_err::read(path).expect("the file is readable"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Copies files in reverse name order, so that the directory lists them in another order.
fn copy_backwards(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).expect("a directory");
    let mut entries: Vec<_> = fs_err::read_dir(from)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"))
        .collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_backwards(&entry.path(), &target);
        } else {
            fs_err::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_surroundings() {
    let sandbox = Sandbox::new().expect("a sandbox");
    copy_tree(&fixture("digits"), &sandbox.path().join("one/digits")).expect("a copy");
    copy_backwards(&fixture("digits"), &sandbox.path().join("another parent/deep/paper"));
    let shell = |script: &str, directory: &str, threads: &str, environment: &[(&str, &str)]| {
        let mut command = std::process::Command::new("sh");
        let output = format!("{directory}.bundle.tar.zst");
        let binary = env!("CARGO_BIN_EXE_bundle");
        command.args([
            "-c",
            &format!("{script}; exec \"$0\" \"$@\""),
            binary,
            "pack",
            directory,
            "-o",
            &output,
            "--threads",
            threads,
        ]);
        command
            .current_dir(sandbox.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("BUNDLE_CONFIG_DIR", sandbox.path().join("keys of one author"))
            .envs(environment.iter().copied());
        let said = said(&command.output().expect("sh starts"));
        assert_eq!(said.code, 0, "{}", said.stderr);
        sha256(&sandbox.path().join(output))
    };
    let first = shell("umask 022", "one/digits", "1", &[("TZ", "UTC"), ("LC_ALL", "C")]);
    let touched = shell(
        "umask 077; touch one/digits/*",
        "one/digits",
        "2",
        &[("TZ", "Asia/Kolkata"), ("LC_ALL", "tr_TR.UTF-8")],
    );
    let elsewhere = shell(
        "umask 000",
        "another parent/deep/paper",
        "2",
        &[("TZ", "America/New_York"), ("LANG", "de_DE.UTF-8")],
    );
    assert_eq!(first, touched, "umask, TZ, locale, threads and touch");
    assert_eq!(first, elsewhere, "parent names and file creation order");
}

#[test]
fn an_extracted_bundle_packs_to_the_same_bytes() {
    let (sandbox, file) = packed("digits");
    let extracted = bundle(sandbox.path(), &["extract", &file, "-C", "out"]);
    assert_ne!(extracted.code, 0, "the directory must exist");
    fs_err::create_dir(sandbox.path().join("out")).expect("a directory");
    let extracted = bundle(sandbox.path(), &["extract", &file, "-C", "out"]);
    assert_eq!(extracted.code, 0, "{}", extracted.redacted(&sandbox));
    let again = bundle(sandbox.path(), &["pack", "out/digits-1.0.0", "-o", "again.bundle.tar.zst"]);
    assert_eq!(again.code, 0, "{}", again.redacted(&sandbox));
    assert_eq!(
        sha256(&sandbox.path().join(&file)),
        sha256(&sandbox.path().join("again.bundle.tar.zst"))
    );
}

#[test]
fn plain_tools_open_the_file() {
    let (sandbox, file) = packed("digits");
    for (program, arguments) in
        [("zstd", vec!["-t", "-q", &file]), ("tar", vec!["--zstd", "-tf", &file])]
    {
        let output = std::process::Command::new(program)
            .args(&arguments)
            .current_dir(sandbox.path())
            .output();
        let said = said(&output.expect("zstd and tar are installed (Debian: zstd tar)"));
        assert_eq!(said.code, 0, "{program}: {}", said.stderr);
        assert!(said.stderr.is_empty(), "{program}: {}", said.stderr);
        if program == "tar" {
            assert!(
                said.stdout
                    .starts_with("digits-1.0.0/bundle.lock\ndigits-1.0.0/bundle.sig\ndigits-1.0.0/project/bundle.toml\n"),
                "{}",
                said.stdout
            );
        }
    }
}

#[test]
fn interrupting_leaves_nothing() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let manifest = "format = 1\n[bundle]\nname = \"big\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n[models]\nwhy = \"w\"\n";
    sandbox.write("big/bundle.toml", manifest).expect("a file");
    let noise: Vec<u8> =
        (0_u32..1 << 26).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    for index in 0..8 {
        sandbox.write(&format!("big/{index}.bin"), &noise).expect("a file");
    }
    fs_err::create_dir(sandbox.path().join("out")).expect("a directory");
    let mut child = bundle_command(
        sandbox.path(),
        &["pack", "big", "-o", "out", "--threads", "1", "--level", "9"],
    )
    .stdout(std::process::Stdio::null())
    .stderr(std::process::Stdio::piped())
    .spawn()
    .expect("the binary starts");
    // Half a gigabyte at level 9 takes much longer than the program needs to start.
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(
        child.try_wait().expect("a status").is_none(),
        "packing ended before it was interrupted"
    );
    let interrupted =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("kill starts").success());
    let status = child.wait().expect("the binary ends");
    assert_eq!(status.code(), Some(2));
    let left: Vec<_> = fs_err::read_dir(sandbox.path().join("out")).expect("a directory").collect();
    assert!(left.is_empty(), "{left:?}");
}
