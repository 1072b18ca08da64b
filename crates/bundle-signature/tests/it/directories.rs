//! Directories in general, as OpenSSF Model Signing says.

use bundle_signature::{
    Curve, PrivateKey, SignedDirectory, SigningIdentity, Trust, UnixTime, Verification,
};
use bundle_testkit::{Sandbox, symlink};

use crate::Outcome;

struct Signed {
    sandbox: Sandbox,
    directory: SignedDirectory,
    trust: Trust,
}

/// A signed directory with what makes trouble: order, names, an empty file, what is never signed.
fn signed() -> Result<Signed, Box<dyn std::error::Error>> {
    let sandbox = Sandbox::new()?;
    for (name, content) in [
        ("m/a/b", "1"),
        ("m/a-b", "2"),
        ("m/empty", ""),
        ("m/模型.bin", "3"),
        ("m/sub/.git/config", "4"),
        ("m/.git/HEAD", "never"),
        ("m/.gitignore", "never"),
        ("m/cache/x", "ignored"),
    ] {
        sandbox.write(name, content)?;
    }
    let directory = SignedDirectory {
        path: sandbox.path().join("m"),
        signature: sandbox.path().join("m/model.sig"),
        ignore: vec!["cache".into()],
        ignore_unsigned: false,
    };
    let identity = SigningIdentity::of_key(PrivateKey::generate(Curve::P384)?);
    let text = directory.sign(&identity, &|_| ())?;
    assert_eq!(text, directory.sign(&identity, &|_| ())?, "the same every time");
    fs_err::write(&directory.signature, text)?;
    let mut trust = Trust::nobody(UnixTime(0));
    trust.add_key("author", identity.key().public().clone());
    Ok(Signed { sandbox, directory: SignedDirectory { ignore: vec![], ..directory }, trust })
}

impl Signed {
    fn found(&self) -> Result<Verification, Box<dyn std::error::Error>> {
        Ok(self.directory.verify(&self.trust, &|_| ())?)
    }
}

#[test]
fn names_are_those_of_the_specification_in_its_order() -> Outcome {
    let signed = signed()?;
    assert_eq!(signed.found()?.as_str(), "good");
    let text = fs_err::read_to_string(&signed.directory.signature)?;
    let envelope: serde_json::Value = serde_json::from_str(&text)?;
    let payload = envelope["dsseEnvelope"]["payload"].as_str().unwrap_or_default();
    let statement: serde_json::Value =
        serde_json::from_slice(&data_encoding::BASE64.decode(payload.as_bytes())?)?;
    let names: Vec<_> = statement["predicate"]["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|resource| resource["name"].as_str())
        .collect();
    assert_eq!(names, ["a-b", "a/b", "empty", "sub/.git/config", "模型.bin"]);
    assert_eq!(statement["subject"][0]["name"], "m");
    assert_eq!(
        statement["predicate"]["serialization"],
        serde_json::json!({ "allow_symlinks": false, "hash_type": "sha256", "ignore_paths": ["cache", "model.sig"], "method": "files" })
    );
    Ok(())
}

#[test]
fn every_change_is_named() -> Outcome {
    type Change = fn(&Sandbox) -> std::io::Result<()>;
    let cases: [(Change, &str); 5] = [
        (
            |s| s.write("m/a/b", "x").map(drop),
            "file `a/b`: sha256 is 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, the signature says 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
        ),
        (|s| s.write("m/new", "x").map(drop), "file `new`: is not signed"),
        (
            |s| fs_err::remove_file(s.path().join("m/empty")),
            "file `empty`: was signed and is missing",
        ),
        (
            |s| fs_err::rename(s.path().join("m/a-b"), s.path().join("m/a-c")),
            "file `a-c`: is not signed",
        ),
        (|s| symlink("a/b".as_ref(), &s.path().join("m/link")), "file `link`: is a symbolic link"),
    ];
    for (change, message) in cases {
        let signed = signed()?;
        change(&signed.sandbox)?;
        assert_eq!(signed.found()?.to_string(), format!("bad signature: {message}"));
    }
    let mut signed = signed()?;
    signed.sandbox.write("m/new", "x")?;
    signed.directory.ignore_unsigned = true;
    assert_eq!(signed.found()?.as_str(), "good");
    Ok(())
}

#[test]
fn what_cannot_be_signed_is_refused() -> Outcome {
    let identity = SigningIdentity::of_key(PrivateKey::generate(Curve::P256)?);
    let sandbox = Sandbox::new()?;
    sandbox.write("m/.gitignore", "only this")?;
    let directory = SignedDirectory {
        path: sandbox.path().join("m"),
        signature: sandbox.path().join("m.sig"),
        ignore: vec![],
        ignore_unsigned: false,
    };
    let said = |directory: &SignedDirectory| {
        directory.sign(&identity, &|_| ()).expect_err("refused").to_string()
    };
    assert!(said(&directory).ends_with("holds no file to sign"), "{}", said(&directory));
    sandbox.write("m/a", "")?;
    symlink(".".as_ref(), &sandbox.path().join("m/loop"))?;
    assert_eq!(said(&directory), "file `loop`: is a symbolic link");
    Ok(())
}

#[test]
fn a_single_file_is_a_model_too() -> Outcome {
    let identity = SigningIdentity::of_key(PrivateKey::generate(Curve::P521)?);
    let sandbox = Sandbox::new()?;
    let path = sandbox.write("net.onnx", "weights")?;
    let signature = sandbox.path().join("net.sig");
    let directory = SignedDirectory { path, signature, ignore: vec![], ignore_unsigned: false };
    sandbox.write("net.sig", directory.sign(&identity, &|_| ())?)?;
    let mut trust = Trust::nobody(UnixTime(0));
    trust.add_key("author", identity.key().public().clone());
    assert_eq!(directory.verify(&trust, &|_| ())?.as_str(), "good");
    sandbox.write("net.onnx", "Weights")?;
    assert_eq!(directory.verify(&trust, &|_| ())?.as_str(), "bad");
    Ok(())
}
