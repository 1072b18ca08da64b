//! Forms that other signers write.

use bundle_testkit::Sandbox;
use serde_json::json;

use super::*;
use crate::{Curve, PrivateKey, UnixTime};

/// A directory whose one file of five bytes was signed in shards of three.
fn sharded() -> (Sandbox, SignedDirectory, Trust) {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("m/w.bin", "12345").expect("a file");
    let digest = |bytes: &[u8]| HEXLOWER.encode(&Sha256::digest(bytes));
    let resource = |name: &str, bytes: &[u8]| json!({ "name": name, "algorithm": "sha256-sharded-3", "digest": digest(bytes) });
    let root = [Sha256::digest(b"123"), Sha256::digest(b"45")].concat();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "m", "digest": { "sha256": digest(&root) } }],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "resources": [resource("w.bin:0:3", b"123"), resource("w.bin:3:5", b"45")],
            "serialization": { "method": "shards", "shard_size": 3, "hash_type": "sha256", "allow_symlinks": false },
        },
    });
    let identity = SigningIdentity::of_key(PrivateKey::generate(Curve::P256).expect("a key"));
    let text = seal(statement.to_string().as_bytes(), &identity);
    let signature = sandbox.write("m.sig", text).expect("a file");
    let mut trust = Trust::nobody(UnixTime(0));
    trust.add_key("author", identity.key().public().clone());
    let path = sandbox.path().join("m");
    let directory = SignedDirectory { path, signature, ignore: vec![], ignore_unsigned: false };
    (sandbox, directory, trust)
}

#[test]
fn shards_are_verified_piece_by_piece() {
    let (sandbox, directory, trust) = sharded();
    let found = || directory.verify(&trust, &|_| ()).expect("readable").to_string();
    assert!(found().starts_with("valid signature by author"), "{}", found());
    for content in ["12344", "1234", "123456", ""] {
        sandbox.write("m/w.bin", content).expect("a change");
        assert!(found().starts_with("bad signature: file `w.bin`: "), "{content}: {}", found());
    }
}

#[test]
fn an_empty_file_has_no_shard_and_hides_no_other() {
    let (sandbox, directory, trust) = sharded();
    let found = || directory.verify(&trust, &|_| ()).expect("readable").to_string();
    sandbox.write("m/A", "").expect("a file");
    assert!(found().starts_with("valid signature by author"), "{}", found());
    sandbox.write("m/setup.py", "evil").expect("a file");
    assert_eq!(found(), "bad signature: file `setup.py`: is not signed");
}

#[test]
fn names_are_compared_whole() {
    for (name, path, is) in
        [("a", "a", true), ("a/b", "a", true), ("ab", "a", false), ("a", "a/b", false)]
    {
        assert_eq!(is_at_or_below(name, path), is, "{name} {path}");
    }
}
