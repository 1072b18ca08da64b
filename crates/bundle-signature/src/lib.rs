//! Keys, signatures and trust.
//!
//! Two layers. The lower one is OpenSSF Model Signing v1: a Sigstore bundle
//! (JSON) around a DSSE envelope around an in-toto statement that lists files and
//! their digests; ECDSA on P-256, P-384 or P-521, with a key or a certificate.
//! With the feature `directory`, `SignedDirectory` signs and verifies any
//! directory so. The upper one, [`sign_bundle`] and [`verify_bundle`], is what a
//! bundle needs: stricter, so that a bundle that is `good` holds exactly what was
//! signed. `docs/signature.md` is the specification.
//!
//! A signature is `good`, `unknown` or `bad`, never just valid or not: an
//! author's key that nobody gave to the reader makes a valid signature, and
//! says nothing about who the author is.
//!
//! ```
//! # #[cfg(feature = "store")] {
//! use bundle_manifest::{CodeIdentity, Digest, FileMode, GitObjectId, Lock, LockedMember};
//! use bundle_signature::{
//!     Curve, PrivateKey, SigningIdentity, Trust, UnixTime, Verification, sign_bundle, verify_bundle,
//! };
//! # let lock = || -> Result<Lock, Box<dyn std::error::Error>> {
//! #     let code = CodeIdentity { swhid: GitObjectId::from_bytes([0; 20]), sha256: Digest::from_bytes([0; 32]) };
//! #     let member = LockedMember { path: "project/bundle.toml".parse()?, size: 1, sha256: Digest::from_bytes([1; 32]), mode: FileMode::Regular, tracked: true, withheld: false };
//! #     Ok(Lock { name: "tiny".parse()?, version: "1.0.0".parse()?, requires: vec![], code, git: None, not_packed: vec![], members: vec![member] })
//! # };
//! # let lock = lock()?;
//!
//! // The author signs what the lock lists.
//! let author = SigningIdentity::of_key(PrivateKey::generate(Curve::P256)?);
//! let signature = sign_bundle(&lock, &author);
//!
//! // A reader who never saw the key learns its fingerprint, and that all is as it was signed.
//! let mut trust = Trust::nobody(UnixTime(1_800_000_000));
//! let found = verify_bundle(Some(&signature), &lock, &trust);
//! assert_eq!(found.as_str(), "unknown");
//! assert_eq!(found.signer().map(|signer| signer.fingerprint), Some(author.key().public().fingerprint()));
//!
//! // One who was given the key knows who vouches for it.
//! trust.add_key("the authors", author.key().public().clone());
//! assert!(matches!(verify_bundle(Some(&signature), &lock, &trust), Verification::Good(_)));
//!
//! // And of anything else the signature is bad.
//! let mut other = lock.clone();
//! other.members[0].sha256 = Digest::from_bytes([2; 32]);
//! assert_eq!(verify_bundle(Some(&signature), &other, &trust).as_str(), "bad");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod attest;
mod bundle;
mod certificate;
mod curve;
#[cfg(feature = "directory")]
mod directory;
mod dsse;
mod envelope;
mod error;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
mod identity;
mod pem;
mod private;
mod public;
mod statement;
#[cfg(feature = "store")]
mod store;
mod trust;
mod verification;

pub use attest::{
    Attestation, AttestedClaim, MAX_ATTESTATIONS_SIZE, Outcome, TestResult, attest,
    attestations_beside, read_attestations, reveal, revealed,
};
pub use bundle::{sign_bundle, verify_bundle};
pub use certificate::Certificate;
pub use curve::{Curve, InvalidCurve};
#[cfg(feature = "directory")]
pub use directory::SignedDirectory;
pub use error::{SignatureError, SignatureErrorKind};
pub use identity::SigningIdentity;
pub use pem::holds_private_key;
pub use private::PrivateKey;
pub use public::{Fingerprint, InvalidFingerprint, PublicKey};
#[cfg(feature = "store")]
pub use store::{
    DEFAULT_KEY, KeyStore, Listing, StoredKey, StoredKind, is_encrypted, read_private_key,
    read_text,
};
pub use trust::{Trust, UnixTime};
pub use verification::{Doubt, Flaw, Signer, Verification};

#[doc = include_str!("../../../SECURITY.md")]
pub mod security {}
