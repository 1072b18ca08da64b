//! The same bundle and key give the same signature, from any build: RFC 6979, compact
//! JSON, sorted keys. The key is that of RFC 6979, appendix A.2.5: the whole world has it.

use bundle_archive::{Archive, Limits};
use bundle_check::verify_archive;
use bundle_signature::{
    Outcome, PrivateKey, PublicKey, SigningIdentity, TestResult, Trust, UnixTime, attest,
    sign_bundle,
};
use bundle_testkit::fixture;

fn author() -> SigningIdentity {
    let pem = fs_err::read_to_string(fixture("vectors/signature/key.pem")).expect("the key");
    SigningIdentity::of_key(PrivateKey::from_pem(&pem, None).expect("a key"))
}

fn vector(name: &str) -> Archive {
    Archive::open(&fixture(&format!("vectors/{name}.tar.zst")), &Limits::default()).expect("opens")
}

/// Compares a generated file with what is committed, or writes it.
fn expect_file(name: &str, content: &[u8]) {
    let path = fixture(&format!("vectors/signature/{name}"));
    if std::env::var_os("BUNDLE_CODEGEN").is_some_and(|mode| mode == "write") {
        fs_err::write(&path, content).expect("the vector is written");
    }
    let committed = fs_err::read(&path).unwrap_or_default();
    assert!(committed == content, "{name} is not what it was: a signature may never change");
}

#[test]
fn generated_files_the_signatures_of_the_vectors_are_what_they_were() {
    for name in ["minimal", "everything"] {
        let signature = sign_bundle(vector(name).lock(), &author());
        expect_file(&format!("{name}.sig"), &signature);
        let envelope: serde_json::Value = serde_json::from_slice(&signature).expect("JSON");
        let payload = envelope["dsseEnvelope"]["payload"].as_str().expect("text");
        let payload = data_encoding::BASE64.decode(payload.as_bytes()).expect("base64");
        expect_file(&format!("{name}.statement.json"), &payload);
    }
}

#[test]
fn generated_files_the_statement_about_a_vector_is_what_it_was() {
    let result = TestResult {
        outcome: Outcome::Passed,
        tool: "bundle 0.1.0, ruleset 2, strict".to_owned(),
        passed: vec!["FILE-1".to_owned()],
        warned: vec![],
        failed: vec![],
    };
    let line = attest(vector("minimal").id(), "minimal-1.0.0", &result, &author());
    expect_file("minimal.attest.jsonl", format!("{line}\n").as_bytes());
}

#[test]
fn a_vector_with_its_signature_is_good() {
    let mut trust = Trust::nobody(UnixTime(0));
    let pem = fs_err::read_to_string(fixture("vectors/signature/key.pub")).expect("the key");
    trust.add_key("the world", PublicKey::from_pem(&pem).expect("a key"));
    let directory = bundle_testkit::Sandbox::new().expect("a sandbox");
    for name in ["minimal", "everything"] {
        let signature = fs_err::read(fixture(&format!("vectors/signature/{name}.sig")));
        let signed = directory.path().join(name);
        let archive = vector(name);
        let id = archive.id();
        let written = archive.write_signed(signature.ok().as_deref(), &signed, &|_| ());
        assert_eq!(written.expect("written").id, id, "{name}");
        let archive = Archive::open(&signed, &Limits::default()).expect("opens");
        let found = verify_archive(&archive, &trust, &|_| ()).expect("readable");
        assert_eq!(found.as_str(), "good", "{name}: {found}");
    }
}
