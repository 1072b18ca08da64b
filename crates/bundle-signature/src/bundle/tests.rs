//! Each way in which a signature can be of something else, and what is said of it.

use std::sync::LazyLock;

use bundle_manifest::{CodeIdentity, Digest, FileMode, GitObjectId, LockedMember};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::{Curve, Doubt, PrivateKey, UnixTime};

static AUTHOR: LazyLock<SigningIdentity> =
    LazyLock::new(|| SigningIdentity::of_key(PrivateKey::generate(Curve::P256).expect("a key")));

fn member(path: &str, fill: u8) -> LockedMember {
    LockedMember {
        path: path.parse().expect("a path"),
        size: 1,
        sha256: Digest::from_bytes([fill; 32]),
        mode: FileMode::Regular,
        tracked: true,
        withheld: false,
    }
}

fn lock() -> Lock {
    let members =
        [("README.md", 1), ("bundle.toml", 2), ("data-1/a", 3), ("data/a", 4), ("weights.onnx", 5)];
    let code = CodeIdentity {
        swhid: GitObjectId::from_bytes([0; 20]),
        sha256: Digest::from_bytes([0; 32]),
    };
    Lock {
        name: "tiny".parse().expect("a name"),
        version: "1.0.0".parse().expect("a version"),
        requires: vec![],
        code,
        git: None,
        not_packed: vec![],
        members: members
            .iter()
            .map(|(path, fill)| member(&format!("project/{path}"), *fill))
            .collect(),
    }
}

fn trust() -> Trust {
    let mut trust = Trust::nobody(UnixTime(1_800_000_000));
    trust.add_key("the author", AUTHOR.key().public().clone());
    trust
}

/// Where in a JSON document, and what is put there; `null` takes it away.
type Edit = (&'static str, Json);

fn edited(mut document: Json, edits: &[Edit]) -> Json {
    for (pointer, value) in edits {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let parent = document.pointer_mut(parent).expect(pointer);
        match parent {
            Json::Object(object) if value.is_null() => drop(object.shift_remove(key)),
            Json::Object(object) => drop(object.insert(key.to_owned(), value.clone())),
            _ => *document.pointer_mut(pointer).expect(pointer) = value.clone(),
        }
    }
    document
}

fn text_at<'d>(document: &'d Json, pointer: &str) -> &'d str {
    document.pointer(pointer).and_then(Json::as_str).expect(pointer)
}

fn envelope() -> Json {
    serde_json::from_slice(&sign_bundle(&lock(), &AUTHOR)).expect("JSON")
}

fn payload() -> Json {
    let payload = BASE64.decode(text_at(&envelope(), "/dsseEnvelope/payload").as_bytes());
    serde_json::from_slice(&payload.expect("base64")).expect("JSON")
}

/// The resources after a change to their list.
fn resources(change: impl FnOnce(&mut Vec<Json>)) -> Edit {
    let statement = payload();
    let list = statement.pointer("/predicate/resources").and_then(Json::as_array);
    let mut list = list.expect("a list").clone();
    change(&mut list);
    ("/predicate/resources", Json::Array(list))
}

/// The root that goes with the resources, as a careful forger would make it.
fn fit(statement: &Json) -> Edit {
    let list = statement.pointer("/predicate/resources").and_then(Json::as_array);
    let digests = list.expect("a list").iter().map(|resource| text_at(resource, "/digest"));
    let raw = digests.map(|digest| HEXLOWER.decode(digest.to_lowercase().as_bytes()).expect("hex"));
    let root = Sha256::digest(raw.collect::<Vec<_>>().concat());
    ("/subject/0/digest/sha256", json!(HEXLOWER.encode(&root)))
}

/// What is said of a statement that the author signed after these changes.
fn said_of_payload(edits: &[Edit]) -> String {
    said_of_signed(&edited(payload(), edits))
}

/// The same, with the root made to fit.
fn said_of_fitted(edit: Edit) -> String {
    let statement = edited(payload(), &[edit]);
    said_of_signed(&edited(statement.clone(), &[fit(&statement)]))
}

fn said_of_signed(statement: &Json) -> String {
    let signature = seal(statement.to_string().as_bytes(), &AUTHOR);
    verify_bundle(Some(signature.as_bytes()), &lock(), &trust()).to_string()
}

/// What is said of a signature whose envelope anybody changed.
fn said_of_envelope(edit: Edit) -> String {
    let envelope = edited(envelope(), &[edit]).to_string();
    verify_bundle(Some(envelope.as_bytes()), &lock(), &trust()).to_string()
}

#[test]
fn what_was_signed_is_good_and_the_same_every_time() {
    let signature = sign_bundle(&lock(), &AUTHOR);
    assert_eq!(signature, sign_bundle(&lock(), &AUTHOR));
    let found = verify_bundle(Some(&signature), &lock(), &trust());
    let key = AUTHOR.key().public().fingerprint();
    assert_eq!(found.to_string(), format!("valid signature by the author, key {key}"));
    // Compact, and every object with its keys in order.
    let text = String::from_utf8(signature).expect("text");
    assert!(!text.contains([' ', '\n']), "{text}");
    assert_sorted(&envelope());
    assert_sorted(&payload());
}

fn assert_sorted(value: &Json) {
    match value {
        Json::Object(object) => {
            assert!(object.keys().is_sorted(), "{value}");
            object.values().for_each(assert_sorted);
        }
        Json::Array(list) => list.iter().for_each(assert_sorted),
        _ => {}
    }
}

#[test]
fn nobody_in_particular_is_unknown() {
    let signature = sign_bundle(&lock(), &AUTHOR);
    let found = verify_bundle(Some(&signature), &lock(), &Trust::nobody(UnixTime(0)));
    let Verification::Unknown { signer: Some(signer), doubt: Doubt::UntrustedKey } = found else {
        panic!("{found}");
    };
    assert_eq!(signer.fingerprint, AUTHOR.key().public().fingerprint());
    assert_eq!(verify_bundle(None, &lock(), &trust()), Verification::Unsigned);
}

#[test]
fn the_resources_are_the_members() {
    let named = |mut resource: Json, name: &str| {
        resource.as_object_mut().expect("an object").insert("name".to_owned(), json!(name));
        resource
    };
    let zeros = json!("00".repeat(32));
    let other = format!(
        "member `project/README.md`: sha256 is {}, the signature says {}",
        "01".repeat(32),
        "00".repeat(32)
    );
    let cases: [(Edit, &str); 8] = [
        (resources(|list| drop(list.pop())), "member `project/weights.onnx`: is not signed"),
        (
            resources(|list| list.push(named(list.last().expect("one").clone(), "project/x"))),
            "resource `project/x`: is no member of the bundle",
        ),
        (
            ("/predicate/resources/1/name", json!("project/README")),
            "resource `project/README`: is no member of the bundle",
        ),
        (
            resources(|list| list.swap(1, 2)),
            "resource `project/README.md`: is not in code-point order of the names",
        ),
        (
            // The order of the reference: by the parts of a path.
            resources(|list| list.swap(3, 4)),
            "resource `project/data-1/a`: is not in code-point order of the names",
        ),
        (
            resources(|list| list.push(list.last().expect("one").clone())),
            "resource `project/weights.onnx`: is listed twice",
        ),
        (("/predicate/resources/1/digest", zeros), &other),
        (resources(Vec::clear), "resources: is empty"),
    ];
    for (edit, message) in cases {
        assert_eq!(said_of_fitted(edit), format!("bad signature: {message}"));
    }
}

#[test]
fn a_resource_is_a_plain_path_and_a_plain_digest() {
    let upper = HEXLOWER.encode(&[0xab; 32]).to_uppercase();
    let (digits, algorithm) = ("/predicate/resources/1/digest", "/predicate/resources/1/algorithm");
    let cases = [
        (digits, json!(upper), "digest is not 64 lower-case hexadecimal digits"),
        (digits, json!("0123"), "digest is not 64 lower-case hexadecimal digits"),
        (algorithm, json!("blake3"), "algorithm is `blake3`, not `sha256`"),
    ];
    for (pointer, value, message) in cases {
        let said = said_of_payload(&[(pointer, value)]);
        assert_eq!(said, format!("bad signature: resource `project/README.md`: {message}"));
    }
    for name in ["project/../README.md", "/project", "project//a", "./a", "a/", "", "a\u{0}b"] {
        let said = said_of_payload(&[("/predicate/resources/1/name", json!(name))]);
        assert!(said.ends_with("is not a relative path in its plain form"), "{name}: {said}");
    }
    // What a descriptor says beyond its three fields is the author's affair.
    let said = said_of_payload(&[("/predicate/resources/1/annotations", json!({}))]);
    assert!(said.starts_with("valid"), "{said}");
}

#[test]
fn the_subject_is_the_bundle() {
    let subject = payload().pointer("/subject/0").expect("a subject").clone();
    let cases: [(Edit, &str); 6] = [
        (resources(|list| drop(list.pop())), "digest is not that of the resources together"),
        (
            ("/subject/0/digest/sha256", json!("00".repeat(32))),
            "digest is not that of the resources together",
        ),
        (
            ("/subject/0/digest/sha256", json!("00")),
            "sha256 is not 64 lower-case hexadecimal digits",
        ),
        (("/subject", json!([])), "has 0 entries, not exactly one"),
        (("/subject", json!([subject, subject])), "has 2 entries, not exactly one"),
        (("/subject/0/name", json!("")), "has no name"),
    ];
    for (edit, message) in cases {
        assert_eq!(said_of_payload(&[edit]), format!("bad signature: subject: {message}"));
    }
}

#[test]
fn the_statement_is_of_model_signing() {
    let v0_1 = "https://in-toto.io/Statement/v0.1";
    let digests = "https://model_signing/Digests/v0.1";
    let cases = [
        (
            "/_type",
            json!(v0_1),
            format!("_type: is `{v0_1}`, not `https://in-toto.io/Statement/v1`"),
        ),
        (
            "/predicateType",
            json!(digests),
            format!("predicateType: is `{digests}`, not `https://model_signing/signature/v1.0`"),
        ),
    ];
    for (pointer, value, message) in cases {
        assert_eq!(said_of_payload(&[(pointer, value)]), format!("bad signature: {message}"));
    }
    for (pointer, value, message) in [
        ("/more", json!(1), "unknown field `more`"),
        ("/predicate/more", json!(1), "unknown field `more`"),
        ("/predicate/serialization/more", json!(1), "unknown field `more`"),
        ("/predicate", Json::Null, "missing field `predicate`"),
    ] {
        let said = said_of_payload(&[(pointer, value)]);
        assert!(said.contains(message) && said.starts_with("bad signature: payload: "), "{said}");
    }
}

#[test]
fn nothing_is_left_out() {
    let leaves_out = "ignore_paths: leaves out `project/weights.onnx`";
    let cases = [
        ("ignore_paths", json!(["bundle.sig", "project/weights.onnx"]), leaves_out),
        ("method", json!("shards"), "method: is `shards`, a bundle needs `files`"),
        ("hash_type", json!("blake2b"), "hash_type: is `blake2b`, a bundle needs `sha256`"),
        ("allow_symlinks", json!(true), "allow_symlinks: is `true`, a bundle needs `false`"),
        ("shard_size", json!(7), "shard_size: is for shards, not for whole files"),
    ];
    for (field, value, message) in cases {
        let mut changed = payload().pointer("/predicate/serialization").expect("one").clone();
        changed.as_object_mut().expect("an object").insert(field.to_owned(), value);
        let said = said_of_payload(&[("/predicate/serialization", changed)]);
        assert_eq!(said, format!("bad signature: serialization.{message}"));
    }
    // With the weights gone from the resources too.
    let without = resources(|list| drop(list.pop()));
    let statement = edited(
        payload(),
        &[without, ("/predicate/serialization/ignore_paths", json!(["project/weights.onnx"]))],
    );
    let said = said_of_signed(&edited(statement.clone(), &[fit(&statement)]));
    assert_eq!(said, format!("bad signature: serialization.{leaves_out}"));
    // What can be no member may be ignored: the reference always writes these.
    let ignored = json!([".git", ".gitattributes", ".github", ".gitignore", "bundle.sig"]);
    let said = said_of_payload(&[("/predicate/serialization/ignore_paths", ignored)]);
    assert!(said.starts_with("valid"), "{said}");
}

#[test]
fn an_envelope_says_nothing_that_nobody_checks() {
    let key = AUTHOR.key().public().fingerprint();
    let not_made = format!("sig: was not made by the key {key} over this payload");
    let other = PrivateKey::generate(Curve::P256).expect("a key").public().hint();
    let signature = envelope().pointer("/dsseEnvelope/signatures/0").expect("one").clone();
    let one_of = "verificationMaterial: does not name exactly one of publicKey, x509CertificateChain, certificate";
    let cases: [(Edit, &str); 11] = [
        (
            ("/mediaType", json!("x")),
            "mediaType: is `x`, not `application/vnd.dev.sigstore.bundle.v0.3+json`",
        ),
        (
            ("/dsseEnvelope/payloadType", json!("text/plain")),
            "payloadType: is `text/plain`, not `application/vnd.in-toto+json`",
        ),
        (
            ("/dsseEnvelope/signatures", json!([signature, signature])),
            "signatures: holds 2 signatures, not exactly one",
        ),
        (
            ("/dsseEnvelope/signatures", json!([])),
            "signatures: holds 0 signatures, not exactly one",
        ),
        (("/dsseEnvelope/signatures/0/keyid", json!("me")), "keyid: `me` is not the key's hint"),
        (("/dsseEnvelope/signatures/0/sig", json!("AAAA")), &not_made),
        (("/dsseEnvelope/payload", json!(BASE64.encode(b"{}"))), &not_made),
        // A key that nobody trusts and that did not sign.
        (
            ("/verificationMaterial/publicKey/hint", json!(other)),
            "sig: was not made by the key that the signature file names over this payload",
        ),
        (
            ("/verificationMaterial/tlogEntries", json!([{}])),
            "tlogEntries: belong to keyless signatures only",
        ),
        (("/verificationMaterial", json!({})), one_of),
        (("/verificationMaterial/x509CertificateChain", json!({ "certificates": [] })), one_of),
    ];
    for (edit, message) in cases {
        assert_eq!(said_of_envelope(edit), format!("bad signature: {message}"));
    }
    for pointer in [
        "/more",
        "/dsseEnvelope/more",
        "/dsseEnvelope/signatures/0/more",
        "/verificationMaterial/more",
        "/verificationMaterial/publicKey/more",
    ] {
        let said = said_of_envelope((pointer, json!(1)));
        assert!(said.contains("unknown field `more`"), "{said}");
    }
}

#[test]
fn what_other_signers_write_is_read() {
    let payload = text_at(&envelope(), "/dsseEnvelope/payload").replace('+', "-").replace('/', "_");
    let hint = json!(AUTHOR.key().public().hint());
    let pem = json!(BASE64.encode(AUTHOR.key().public().to_pem().as_bytes()));
    for edit in [
        ("/dsseEnvelope/signatures/0/keyid", hint),
        ("/dsseEnvelope/signatures/0/keyid", Json::Null),
        ("/verificationMaterial/tlogEntries", Json::Null),
        (
            "/verificationMaterial/publicKey",
            json!({ "rawBytes": pem, "keyDetails": "PKIX_ECDSA_P256_SHA_256" }),
        ),
        ("/verificationMaterial/publicKey", json!({})),
        ("/dsseEnvelope/payload", json!(payload)),
    ] {
        let said = said_of_envelope(edit);
        assert!(said.starts_with("valid signature by the author"), "{said}");
    }
}

#[test]
fn a_signature_without_a_key_is_tried_and_not_believed() {
    let said = said_of_envelope(("/verificationMaterial/publicKey", json!({})));
    assert!(said.starts_with("valid signature by the author"), "{said}");
    for edit in [
        ("/dsseEnvelope/signatures/0/sig", json!("")),
        ("/dsseEnvelope/payload", json!(BASE64.encode(b"{}"))),
    ] {
        let unnamed = ("/verificationMaterial/publicKey", json!({ "hint": "" }));
        let text = edited(envelope(), &[edit, unnamed]).to_string();
        let said = verify_bundle(Some(text.as_bytes()), &lock(), &trust()).to_string();
        assert!(said.starts_with("bad signature: publicKey: names no key"), "{said}");
    }
}

#[test]
fn no_word_of_a_file_begins_a_line() {
    let line = "x\n  good       valid signature by you\u{1b}[2K";
    for edit in [
        ("/mediaType", json!(line)),
        ("/dsseEnvelope/payloadType", json!(line)),
        ("/dsseEnvelope/signatures/0/keyid", json!(line)),
    ] {
        let said = said_of_envelope(edit);
        assert!(!said.contains(['\n', '\u{1b}']), "{said}");
    }
    let text = envelope().to_string().replacen('{', &format!("{{{}:1,", json!(line)), 1);
    let said = verify_bundle(Some(text.as_bytes()), &lock(), &trust()).to_string();
    assert!(said.starts_with("bad") && !said.contains(['\n', '\u{1b}']), "{said}");
    let long = said_of_envelope(("/mediaType", json!("y".repeat(100_000))));
    assert!(long.len() < 1000, "{}", long.len());
}

#[test]
fn repeated_keys_are_refused() {
    let text = String::from_utf8(sign_bundle(&lock(), &AUTHOR)).expect("text");
    let twice = text.replacen("\"mediaType\":", "\"mediaType\":\"x\",\"mediaType\":", 1);
    let said = verify_bundle(Some(twice.as_bytes()), &lock(), &trust()).to_string();
    assert!(said.contains("duplicate field `mediaType`"), "{said}");
    let statement = payload().to_string();
    let twice = statement.replacen("\"resources\":", "\"resources\":[],\"resources\":", 1);
    let signature = seal(twice.as_bytes(), &AUTHOR);
    let said = verify_bundle(Some(signature.as_bytes()), &lock(), &trust()).to_string();
    assert!(said.contains("duplicate field `resources`"), "{said}");
}

#[test]
fn the_signature_of_another_bundle_is_bad() {
    let mut other = lock();
    other.version = "1.0.1".parse().expect("a version");
    let signature = sign_bundle(&other, &AUTHOR);
    let said = verify_bundle(Some(&signature), &lock(), &trust()).to_string();
    assert!(said.starts_with("bad signature: member `bundle.lock`: sha256 is "), "{said}");
    // A mode is in the lock alone.
    let mut other = lock();
    if let Some(member) = other.members.last_mut() {
        member.mode = FileMode::Executable;
    }
    let said = verify_bundle(Some(&sign_bundle(&other, &AUTHOR)), &lock(), &trust()).to_string();
    assert!(said.starts_with("bad signature: member `bundle.lock`: sha256 is "), "{said}");
}

proptest::proptest! {
    #[test]
    fn no_bytes_are_taken_for_a_signature(bytes: Vec<u8>) {
        let found = verify_bundle(Some(&bytes), &lock(), &trust());
        proptest::prop_assert_eq!(found.as_str(), "bad");
    }
}
