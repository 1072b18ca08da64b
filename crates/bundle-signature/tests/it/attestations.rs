//! Statements about a bundle.

use bundle_manifest::{BundleId, Digest};
use bundle_signature::{
    AttestedClaim, Curve, Outcome as Result3, PrivateKey, SigningIdentity, TestResult, Trust,
    UnixTime, attest, attestations_beside, read_attestations, reveal, revealed,
};

use crate::Outcome;

fn id(fill: u8) -> BundleId {
    BundleId(Digest::from_bytes([fill; 32]))
}

fn identity() -> SigningIdentity {
    SigningIdentity::of_key(PrivateKey::generate(Curve::P256).expect("a key"))
}

fn result() -> TestResult {
    TestResult {
        outcome: Result3::Warned,
        tool: "bundle 0.1.0, ruleset 2, strict".to_owned(),
        passed: vec!["FILE-1".to_owned(), "MLCC-1".to_owned()],
        warned: vec!["SIGN-1".to_owned()],
        failed: vec![],
    }
}

#[test]
fn a_statement_is_read_as_it_was_made() -> Outcome {
    let (reviewer, mut trust) = (identity(), Trust::nobody(UnixTime(0)));
    let line = attest(id(1), "tiny-1.0.0", &result(), &reviewer);
    assert_eq!(line, attest(id(1), "tiny-1.0.0", &result(), &reviewer), "the same every time");
    let text = format!("{line}\n\n{{}}\n{line}");
    let found = read_attestations(text.as_bytes(), id(1), &trust)?;
    assert_eq!(found.iter().map(|one| one.line).collect::<Vec<_>>(), [1, 3, 4]);
    let words: Vec<_> = found.iter().map(|one| one.verification.as_str()).collect();
    assert_eq!(words, ["unknown", "bad", "unknown"]);
    let Some(first) = found.first() else { return Err("nothing was read".into()) };
    assert_eq!(first.claim, Some(AttestedClaim::TestResult(result())));
    trust.add_key("reviewer 2", reviewer.key().public().clone());
    let found = read_attestations(line.as_bytes(), id(1), &trust)?;
    assert_eq!(found.first().map(|one| one.verification.as_str()), Some("good"));
    Ok(())
}

#[test]
fn statements_of_other_bundles_and_changed_ones_are_bad() -> Outcome {
    let trust = Trust::nobody(UnixTime(0));
    let line = attest(id(1), "tiny-1.0.0", &result(), &identity());
    let found = read_attestations(line.as_bytes(), id(2), &trust)?;
    let said = found.first().map(|one| one.verification.to_string()).unwrap_or_default();
    assert_eq!(said, format!("bad signature: subject: is another bundle, {}", id(1)));
    assert_eq!(found.first().and_then(|one| one.claim.clone()), None);
    for at in 0..line.len() {
        let mut changed = line.clone().into_bytes();
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1;
        }
        for one in read_attestations(&changed, id(1), &trust)? {
            assert_ne!(one.verification.as_str(), "good", "byte {at}");
            if one.verification.as_str() == "unknown" {
                assert_eq!(one.claim, Some(AttestedClaim::TestResult(result())), "byte {at}");
            }
        }
    }
    Ok(())
}

#[test]
fn an_author_is_revealed_by_both_keys_or_not_at_all() -> Outcome {
    let (anonymous, author, thief) = (identity(), identity(), identity());
    let print = |identity: &SigningIdentity| identity.key().public().fingerprint();
    let trust = Trust::nobody(UnixTime(0));
    let read = |lines: &[String]| read_attestations(lines.join("\n").as_bytes(), id(1), &trust);
    let lines = reveal(id(1), "tiny-1.0.0", &anonymous, &author);
    assert_eq!(revealed(&read(&lines)?, print(&anonymous)), Some(print(&author)));
    for line in &lines {
        assert_eq!(revealed(&read(std::slice::from_ref(line))?, print(&anonymous)), None);
    }
    // A thief says that the anonymous key is his, and cannot sign with it.
    let [_, by_thief] = reveal(id(1), "tiny-1.0.0", &thief, &thief);
    assert_eq!(revealed(&read(&[by_thief, lines[1].clone()])?, print(&anonymous)), None);
    Ok(())
}

#[test]
fn they_lie_beside_the_bundle() {
    for (bundle, beside) in [
        ("a/mine.bundle.tar.zst", "a/mine.attest.jsonl"),
        ("submission.zip", "digits-1.0.0.attest.jsonl"),
    ] {
        assert_eq!(
            attestations_beside(bundle.as_ref(), "digits-1.0.0"),
            std::path::PathBuf::from(beside)
        );
    }
}
