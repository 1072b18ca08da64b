//! Public keys: reading, naming, verifying, and finding the one that made a signature.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use der::asn1::ObjectIdentifier;
use ecdsa::{
    EcdsaCurve, RecoveryId, Signature, VerifyingKey,
    elliptic_curve::{
        AffinePoint, CurveArithmetic, FieldBytesSize,
        ops::MulByGeneratorVartime,
        point::DecompressPoint,
        sec1::{FromSec1Point, ModulusSize, ToSec1Point},
    },
    signature::hazmat::PrehashVerifier as _,
};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use sha2::{Digest as _, Sha256};

use crate::{Curve, SignatureError, pem};

/// The label of a public key in PEM.
const LABEL: &str = "PUBLIC KEY";

/// SHA-256 of a public key (the DER of its `SubjectPublicKeyInfo`), written
/// `SHA256:` and base64 without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", BASE64_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not `SHA256:` and 43 base64 characters", .0.escape_debug())]
pub struct InvalidFingerprint(String);

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let parse = || {
            let bytes = BASE64_NOPAD.decode(text.strip_prefix("SHA256:")?.as_bytes()).ok()?;
            Some(Self(bytes.try_into().ok()?))
        };
        parse().ok_or_else(|| InvalidFingerprint(text.chars().take(100).collect()))
    }
}

/// An ECDSA public key on one of the three curves.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: Key,
    spki: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    P256(VerifyingKey<NistP256>),
    P384(VerifyingKey<NistP384>),
    P521(VerifyingKey<NistP521>),
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.curve(), self.fingerprint())
    }
}

impl PublicKey {
    /// Reads the first public key of a PEM text (`-----BEGIN PUBLIC KEY-----`).
    pub fn from_pem(text: &str) -> Result<Self, SignatureError> {
        let blocks = pem::blocks(text)?;
        if let Some(block) = blocks.iter().find(|block| block.label == LABEL) {
            return Self::from_spki(&block.der);
        }
        let label = blocks.first().map_or("", |block| block.label.as_str());
        let error =
            SignatureError::malformed("public key", format!("is a `{label}`, not a `{LABEL}`"));
        if label.ends_with("PRIVATE KEY") {
            return Err(error.with_hint("`openssl pkey -in KEY -pubout` writes the public key"));
        }
        Err(error)
    }

    /// Reads the DER of a `SubjectPublicKeyInfo`.
    pub fn from_spki(spki: &[u8]) -> Result<Self, SignatureError> {
        let malformed = |what: String| SignatureError::malformed("public key", what);
        let info = pkcs8::SubjectPublicKeyInfoRef::try_from(spki)
            .map_err(|error| malformed(format!("is not a SubjectPublicKeyInfo: {error}")))?;
        let curve = curve_of(info.algorithm.oid, info.algorithm.parameters_oid().ok())
            .map_err(|what| SignatureError::unsupported("public key", what))?;
        let off = || malformed(format!("is not a point of {curve}"));
        let key = match curve {
            Curve::P256 => VerifyingKey::from_public_key_der(spki).map(Key::P256).ok(),
            Curve::P384 => VerifyingKey::from_public_key_der(spki).map(Key::P384).ok(),
            Curve::P521 => VerifyingKey::from_public_key_der(spki).map(Key::P521).ok(),
        };
        Self::of(key.ok_or_else(off)?).ok_or_else(off)
    }

    /// The key with its one encoding: named curve, uncompressed point.
    fn of(key: Key) -> Option<Self> {
        let spki = match &key {
            Key::P256(key) => key.to_public_key_der(),
            Key::P384(key) => key.to_public_key_der(),
            Key::P521(key) => key.to_public_key_der(),
        };
        Some(Self { key, spki: spki.ok()?.into_vec() })
    }

    pub(crate) fn p256(key: VerifyingKey<NistP256>) -> Option<Self> {
        Self::of(Key::P256(key))
    }

    pub(crate) fn p384(key: VerifyingKey<NistP384>) -> Option<Self> {
        Self::of(Key::P384(key))
    }

    pub(crate) fn p521(key: VerifyingKey<NistP521>) -> Option<Self> {
        Self::of(Key::P521(key))
    }

    /// The DER of its `SubjectPublicKeyInfo`.
    pub fn to_spki(&self) -> &[u8] {
        &self.spki
    }

    /// Its PEM, as `openssl pkey -pubout` writes it.
    pub fn to_pem(&self) -> String {
        pem::encode(LABEL, &self.spki).to_string()
    }

    /// Its curve.
    pub const fn curve(&self) -> Curve {
        match &self.key {
            Key::P256(_) => Curve::P256,
            Key::P384(_) => Curve::P384,
            Key::P521(_) => Curve::P521,
        }
    }

    /// Its name among people.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(&self.spki).into())
    }

    /// Its name in a signature file: SHA-256 of its PEM, in hexadecimal digits.
    pub fn hint(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.to_pem()))
    }

    /// Whether this key made `signature` (DER) over `message`, with the hash of its curve.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_hash(&self.curve().hash(message), signature)
    }

    /// The same of a message that was hashed already.
    pub(crate) fn verifies_hash(&self, hash: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.key {
            Key::P256(key) => Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(hash, &signature)),
            Key::P384(key) => Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(hash, &signature)),
            Key::P521(key) => Signature::from_der(signature)
                .and_then(|signature| key.verify_prehash(hash, &signature)),
        };
        verified.is_ok()
    }

    /// The key with this hint that made `signature` over `message`, if there is one.
    ///
    /// A signature file names its key by a hash only, so a reader who was never
    /// given the key could not even say that a signature is valid. But an ECDSA
    /// signature and its message leave at most four public keys on a curve
    /// (SEC 1, version 2, section 4.1.6), and the hash says which.
    pub(crate) fn recover(message: &[u8], signature: &[u8], hint: &str) -> Option<Self> {
        let curve = curve_of_signature(signature)?;
        let hash = curve.hash(message);
        let candidates = match curve {
            Curve::P256 => of_curve(&hash, signature, Self::p256),
            Curve::P384 => of_curve(&hash, signature, Self::p384),
            Curve::P521 => of_curve(&hash, signature, Self::p521),
        };
        let found = candidates.into_iter().find(|key| key.hint() == hint)?;
        found.verifies(message, signature).then_some(found)
    }
}

/// The curve of a signature: the smallest on which both its numbers are scalars. (That both
/// of a larger one are so small happens once in 2^250 signatures.)
fn curve_of_signature(signature: &[u8]) -> Option<Curve> {
    if Signature::<NistP256>::from_der(signature).is_ok() {
        return Some(Curve::P256);
    }
    if Signature::<NistP384>::from_der(signature).is_ok() {
        return Some(Curve::P384);
    }
    Signature::<NistP521>::from_der(signature).is_ok().then_some(Curve::P521)
}

/// The keys on one curve that may have made a signature.
fn of_curve<C>(
    hash: &[u8],
    signature: &[u8],
    key: fn(VerifyingKey<C>) -> Option<PublicKey>,
) -> Vec<PublicKey>
where
    C: EcdsaCurve + CurveArithmetic,
    AffinePoint<C>: DecompressPoint<C> + FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
    <FieldBytesSize<C> as std::ops::Add>::Output:
        std::ops::Add<ecdsa::der::MaxOverhead> + ecdsa::elliptic_curve::array::ArraySize,
    ecdsa::der::MaxSize<C>: ecdsa::elliptic_curve::array::ArraySize,
    C::ProjectivePoint: MulByGeneratorVartime,
{
    let Ok(signature) = Signature::<C>::from_der(signature) else { return Vec::new() };
    let ids = (0..=RecoveryId::MAX).filter_map(RecoveryId::from_byte);
    ids.filter_map(|id| VerifyingKey::recover_from_prehash(hash, &signature, id).ok())
        .filter_map(key)
        .collect()
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The curve that an algorithm identifier names, or what it is instead.
pub(crate) fn curve_of(
    algorithm: ObjectIdentifier,
    parameters: Option<ObjectIdentifier>,
) -> Result<Curve, String> {
    if algorithm != EC_PUBLIC_KEY {
        return Err(format!(
            "is not an elliptic curve key (algorithm {algorithm}); the curves are P-256, P-384, P-521"
        ));
    }
    match parameters {
        Some(SECP256R1) => Ok(Curve::P256),
        Some(SECP384R1) => Ok(Curve::P384),
        Some(SECP521R1) => Ok(Curve::P521),
        Some(other) => Err(format!("is on the curve {other}; the curves are P-256, P-384, P-521")),
        None => Err("does not name its curve; the curves are P-256, P-384, P-521".to_owned()),
    }
}
