//! Any bytes as `bundle.sig` and as a file of attestations: bad, or an envelope; never
//! good, for nobody has the key, and never a panic.
#![no_main]

use std::sync::LazyLock;

use bundle_manifest::{BundleId, CodeIdentity, Digest, FileMode, GitObjectId, Lock, LockedMember};
use bundle_signature::{Curve, PrivateKey, Trust, UnixTime, read_attestations, verify_bundle};
use libfuzzer_sys::fuzz_target;

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let mut trust = Trust::nobody(UnixTime(1_800_000_000));
    let key = PrivateKey::generate(Curve::P256).expect("random numbers");
    trust.add_key("nobody", key.public().clone());
    trust
});

static LOCK: LazyLock<Lock> = LazyLock::new(|| {
    let member = LockedMember {
        path: "project/bundle.toml".parse().expect("a path"),
        size: 1,
        sha256: Digest::from_bytes([1; 32]),
        mode: FileMode::Regular,
        tracked: true,
        withheld: false,
    };
    Lock {
        name: "tiny".parse().expect("a name"),
        version: "1.0.0".parse().expect("a version"),
        requires: vec![],
        code: CodeIdentity {
            swhid: GitObjectId::from_bytes([0; 20]),
            sha256: Digest::from_bytes([0; 32]),
        },
        git: None,
        not_packed: vec![],
        members: vec![member],
    }
});

fuzz_target!(|bytes: &[u8]| {
    let found = verify_bundle(Some(bytes), &LOCK, &TRUST);
    assert_ne!(found.as_str(), "good");
    if !bundle_signature::fuzz::envelope(bytes) {
        assert_eq!(found.as_str(), "bad");
    }
    for said in read_attestations(bytes, BundleId::of(&LOCK), &TRUST).unwrap_or_default() {
        assert_ne!(said.verification.as_str(), "good");
    }
});
