//! Bad input: exit 1 or 2, one clear error, nothing written.

use bundle_testkit::Sandbox;

use crate::harness::{bundle, packed, sandbox_with};

/// The files of a sandbox, to show that a failed command wrote none.
fn files(sandbox: &Sandbox) -> Vec<String> {
    let mut open = vec![sandbox.path().to_owned()];
    let mut found = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in fs_err::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { open.push(path) } else { found.push(path.display().to_string()) }
        }
    }
    found.sort();
    found
}

#[test]
fn a_damaged_bundle_is_never_extracted_and_never_holds() {
    let (sandbox, file) = packed("digits");
    let good = fs_err::read(sandbox.path().join(&file)).expect("the bundle");
    let middle = good.len() / 2;
    let mut flipped = good.clone();
    flipped[middle] ^= 1;
    let mut longer = good.clone();
    longer.extend_from_slice(b"trailing");
    let cases = [
        ("truncated", good[..middle].to_vec()),
        ("flipped", flipped),
        ("trailing", longer),
        ("empty", Vec::new()),
        ("noise", vec![7; 5000]),
    ];
    for (name, bytes) in cases {
        sandbox.write("bad.bundle.tar.zst", bytes).expect("a file");
        let before = files(&sandbox);
        let extracted = bundle(sandbox.path(), &["extract", "bad.bundle.tar.zst"]);
        assert!([1, 2].contains(&extracted.code), "{name}: {}", extracted.redacted(&sandbox));
        assert!(
            extracted.stderr.starts_with("error: bad.bundle.tar.zst: "),
            "{name}: {}",
            extracted.stderr
        );
        assert_eq!(extracted.stderr.matches("error:").count(), 1, "{name}");
        let checked = bundle(sandbox.path(), &["check", "bad.bundle.tar.zst"]);
        assert!([1, 2].contains(&checked.code), "{name}: {}", checked.redacted(&sandbox));
        let served = bundle(sandbox.path(), &["serve", "bad.bundle.tar.zst", "--port", "0"]);
        assert!([1, 2].contains(&served.code), "{name}: {}", served.redacted(&sandbox));
        assert_eq!(files(&sandbox), before, "{name} wrote something");
    }
}

#[test]
fn a_hostile_project_is_refused_by_name() {
    let digits =
        fs_err::read_to_string(bundle_testkit::fixture("digits/bundle.toml")).expect("bundle.toml");
    let deep = format!("x = {}{}\n{digits}", "[".repeat(5000), "]".repeat(5000));
    let huge = format!("# {}\n{digits}", "x".repeat(5 << 20));
    let cases = [
        ("zero-byte model", "export/digits.onnx", Vec::new(), "digits.onnx"),
        ("garbage model", "export/digits.onnx", b"not a protobuf".to_vec(), "digits"),
        ("label count off by one", "labels.txt", b"0\n1\n2\n3\n4\n5\n6\n7\n8\n".to_vec(), "label"),
        ("deep TOML", "bundle.toml", deep.into_bytes(), "bundle.toml"),
        ("huge TOML", "bundle.toml", huge.into_bytes(), "bundle.toml"),
        ("non-UTF-8 TOML", "bundle.toml", b"format = 1 # \xff".to_vec(), "bundle.toml"),
    ];
    for (name, path, bytes, named) in cases {
        let sandbox = sandbox_with("digits");
        fs_err::write(sandbox.path().join("digits").join(path), bytes).expect("a file");
        let ran = bundle(sandbox.path(), &["run", "digits", "digits/examples/drawn-1.png"]);
        assert!([1, 2].contains(&ran.code), "{name}: {}", ran.redacted(&sandbox));
        assert_eq!(ran.stderr.matches("error:").count(), 1, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(named), "{name}: {}", ran.stderr);
        let checked = bundle(sandbox.path(), &["check", "digits"]);
        assert_eq!(checked.code, 1, "{name}: {}", checked.redacted(&sandbox));
    }
}

/// A PNG header that promises 30,000 × 30,000 pixels.
fn enormous_png() -> Vec<u8> {
    let mut header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    header.extend_from_slice(&30_000_u32.to_be_bytes());
    header.extend_from_slice(&30_000_u32.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let crc = header[12..].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    });
    header.extend_from_slice(&(!crc).to_be_bytes());
    header
}

#[test]
fn hostile_inputs_are_refused_with_the_step() {
    let (sandbox, file) = packed("digits");
    sandbox.write("enormous.png", enormous_png()).expect("a file");
    sandbox.write("text.png", "not an image").expect("a file");
    for image in ["enormous.png", "text.png"] {
        let said = bundle(sandbox.path(), &["run", &file, image]);
        assert!([1, 2].contains(&said.code), "{}", said.redacted(&sandbox));
        assert!(said.stderr.contains("decode_image"), "{}", said.stderr);
    }
}

#[test]
fn many_small_values_are_refused_before_they_fill_the_memory() {
    let sandbox = sandbox_with("theory");
    let manifest = sandbox.path().join("theory/bundle.toml");
    let text = fs_err::read_to_string(&manifest).expect("bundle.toml");
    let bomb = format!("{text}\n[x]\na = [{}]\n", "[],".repeat(1 << 20));
    fs_err::write(&manifest, bomb).expect("writes");
    let said = bundle(sandbox.path(), &["inspect", "theory"]);
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(said.stderr.contains("more than 1048576 values"), "{}", said.stderr);
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let (sandbox, file) = packed("digits");
    let pipe = sandbox.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    for arguments in [
        &["check", "pipe"][..],
        &["inspect", "pipe"],
        &["extract", "pipe"],
        &["run", "pipe", "x.png"],
        &["run", &file, "pipe"],
        &["run", &file, "/dev/zero"],
        &["diff", "pipe", &file],
    ] {
        let said = bundle(sandbox.path(), arguments);
        assert!([1, 2].contains(&said.code), "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains("not a regular file"), "{arguments:?}: {}", said.stderr);
    }
}

#[test]
fn a_label_file_that_cannot_be_read_does_not_hold() {
    let sandbox = sandbox_with("digits");
    sandbox.write("digits/labels.txt", [0xff, b'\n'].repeat(10)).expect("writes");
    let said = bundle(sandbox.path(), &["check", "digits", "--no-replay"]);
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.contains("labels.txt  is not UTF-8"), "{}", said.stdout);
}
