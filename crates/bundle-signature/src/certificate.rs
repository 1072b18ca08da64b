//! X.509 certificates: reading them, and a chain from a signer to a root that
//! the reader trusts (the part of RFC 5280, section 6, that signing needs).
//!
//! Deliberately absent: revocation, policies, name constraints (a certificate
//! that marks what is not understood as critical is refused), and trust in the
//! authorities of the web.

use std::fmt;

use der::{Decode as _, Encode as _, Reader as _, SliceReader, asn1::ObjectIdentifier};
use rsa::pkcs1v15;
use rsa::signature::Verifier as _;
use rsa::traits::PublicKeyParts as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use crate::{PublicKey, SignatureError, UnixTime, pem, verification::Doubt};

/// Bytes of one certificate.
const LIMIT: usize = 64 << 10;
/// Certificates between a signer and a root.
const DEPTH: usize = 8;

/// A certificate.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    /// The part that is signed, as it was written.
    signed: Vec<u8>,
    parsed: x509_cert::Certificate,
    usage: Usage,
}

/// What the extensions say of the key.
#[derive(Clone, Debug, Default)]
struct Usage {
    key: Option<KeyUsage>,
    extended: Option<ExtendedKeyUsage>,
    constraints: Option<BasicConstraints>,
    /// A critical extension that is not understood.
    foreign: Option<ObjectIdentifier>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.subject())
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Certificate {
    /// Reads every certificate of a PEM text.
    pub fn from_pem(text: &str) -> Result<Vec<Self>, SignatureError> {
        let blocks = pem::blocks(text)?;
        let certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE");
        let found: Vec<_> =
            certificates.map(|block| Self::from_der(&block.der)).collect::<Result<_, _>>()?;
        if found.is_empty() {
            let label = blocks.first().map_or("", |block| block.label.as_str());
            return Err(malformed(format!("is a `{label}`, not a `CERTIFICATE`")));
        }
        Ok(found)
    }

    /// Reads a certificate in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, SignatureError> {
        if der.len() > LIMIT {
            return Err(malformed(format!("has {} bytes, the limit is {LIMIT}", der.len())));
        }
        let broken = |error: der::Error| malformed(format!("is not an X.509 certificate: {error}"));
        let parsed = x509_cert::Certificate::from_der(der).map_err(broken)?;
        if parsed.tbs_certificate().signature() != parsed.signature_algorithm() {
            return Err(malformed("names two signature algorithms".to_owned()));
        }
        let usage = usage(parsed.tbs_certificate()).map_err(broken)?;
        let signed = signed_part(der).map_err(broken)?;
        Ok(Self { der: der.to_vec(), signed, parsed, usage })
    }

    /// Its DER.
    pub fn to_der(&self) -> &[u8] {
        &self.der
    }

    /// Whose it is, as RFC 4514 writes names.
    pub fn subject(&self) -> String {
        let name: String = self.parsed.tbs_certificate().subject().to_string();
        name.chars().take(200).flat_map(char::escape_debug).collect()
    }

    /// Its public key, which must be on one of the three curves.
    pub fn public_key(&self) -> Result<PublicKey, SignatureError> {
        let info = self.parsed.tbs_certificate().subject_public_key_info();
        PublicKey::from_spki(&info.to_der().unwrap_or_default())
            .map_err(|error| error.of("key of the certificate"))
    }

    /// Why its key may not sign models, if it may not.
    ///
    /// A key usage must allow digital signatures, an extended key usage code
    /// signing, and one of the two must be there: a certificate for a web
    /// server was not given to its holder for this.
    pub(crate) fn forbids_signing(&self) -> Option<&'static str> {
        let Usage { key, extended, foreign, .. } = &self.usage;
        if foreign.is_some() {
            return Some("has a critical extension that is not understood");
        }
        let signs = |usage: &KeyUsage| usage.digital_signature();
        if key.as_ref().is_some_and(|usage| !signs(usage)) {
            return Some("has a key usage without digitalSignature");
        }
        let code = |usage: &ExtendedKeyUsage| {
            usage.0.iter().any(|purpose| matches!(*purpose, CODE_SIGNING | ANY_PURPOSE))
        };
        if extended.as_ref().is_some_and(|usage| !code(usage)) {
            return Some("has an extended key usage without codeSigning");
        }
        if key.is_none() && extended.is_none() {
            return Some("says nothing of what its key is for");
        }
        None
    }

    /// Whether it is an authority that may stand above `below` other authorities.
    fn may_issue(&self, below: usize) -> bool {
        let Usage { key, constraints, foreign, .. } = &self.usage;
        let authority = constraints.as_ref().is_some_and(|constraints| {
            let most = constraints.path_len_constraint.map_or(usize::MAX, usize::from);
            constraints.ca && below <= most
        });
        let signs = key.as_ref().is_none_or(KeyUsage::key_cert_sign);
        authority && signs && foreign.is_none()
    }

    /// Whether this certificate's key signed `other`.
    fn signed(&self, other: &Self) -> bool {
        let (issuer, holder) =
            (other.parsed.tbs_certificate().issuer(), self.parsed.tbs_certificate().subject());
        let Some(signature) = other.parsed.signature().as_bytes() else { return false };
        issuer == holder
            && verifies(self, other.parsed.signature_algorithm().oid, &other.signed, signature)
    }

    /// Why it does not count at this time, if it does not.
    fn out_of_time(&self, now: UnixTime) -> Option<Doubt> {
        let validity = self.parsed.tbs_certificate().validity();
        let (from, to) = (validity.not_before, validity.not_after);
        if now.0 < from.to_unix_duration().as_secs() {
            return Some(Doubt::NotYetValid { from: from.to_string() });
        }
        (now.0 > to.to_unix_duration().as_secs()).then(|| Doubt::Expired { at: to.to_string() })
    }
}

/// A chain from the first of `chain` to one of `roots`; all of it must be valid now.
pub(crate) fn check_chain(
    chain: &[Certificate],
    roots: &[Certificate],
    now: UnixTime,
) -> Result<(), Doubt> {
    let Some((leaf, others)) = chain.split_first() else { return Err(Doubt::UntrustedRoot) };
    let path = path_to_root(leaf, others, roots).ok_or(Doubt::UntrustedRoot)?;
    path.iter().find_map(|certificate| certificate.out_of_time(now)).map_or(Ok(()), Err)
}

/// Looks for a path breadth first. Each certificate is visited once, so the work is
/// bounded by the square of their number.
fn path_to_root<'c>(
    leaf: &'c Certificate,
    others: &'c [Certificate],
    roots: &'c [Certificate],
) -> Option<Vec<&'c Certificate>> {
    let mut paths = vec![vec![leaf]];
    let mut visited = vec![leaf];
    while let Some(path) = (!paths.is_empty()).then(|| paths.remove(0)) {
        let last = *path.last()?;
        if roots.contains(last) {
            return Some(path);
        }
        let authorities = path.len().saturating_sub(1);
        let above =
            |candidate: &&Certificate| candidate.may_issue(authorities) && candidate.signed(last);
        if let Some(root) = roots.iter().find(above) {
            return Some(path.into_iter().chain([root]).collect());
        }
        if path.len() >= DEPTH {
            continue;
        }
        for next in others.iter().filter(above) {
            if !visited.contains(&next) {
                visited.push(next);
                paths.push(path.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}

fn verifies(issuer: &Certificate, oid: ObjectIdentifier, message: &[u8], signature: &[u8]) -> bool {
    match oid {
        ECDSA_SHA256 => ecdsa(issuer, &Sha256::digest(message), signature),
        ECDSA_SHA384 => ecdsa(issuer, &Sha384::digest(message), signature),
        ECDSA_SHA512 => ecdsa(issuer, &Sha512::digest(message), signature),
        RSA_SHA256 => rsa::<Sha256>(issuer, message, signature),
        RSA_SHA384 => rsa::<Sha384>(issuer, message, signature),
        RSA_SHA512 => rsa::<Sha512>(issuer, message, signature),
        _ => false,
    }
}

fn ecdsa(issuer: &Certificate, hash: &[u8], signature: &[u8]) -> bool {
    issuer.public_key().is_ok_and(|key| key.verifies_hash(hash, signature))
}

fn rsa<D>(issuer: &Certificate, message: &[u8], signature: &[u8]) -> bool
where
    D: sha2::digest::Digest + pkcs8::AssociatedOid,
{
    let info = issuer.parsed.tbs_certificate().subject_public_key_info();
    let key = info.to_der().ok().and_then(|der| {
        let info = pkcs8::SubjectPublicKeyInfoRef::try_from(der.as_slice()).ok()?;
        rsa::PublicKey::try_from(info).ok()
    });
    let Some(key) = key else { return false };
    // Shorter keys were given up by every authority in 2013.
    if key.size() < 256 {
        return false;
    }
    let signature = pkcs1v15::Signature::try_from(signature);
    signature.is_ok_and(|signature| {
        pkcs1v15::VerifyingKey::<D>::new(key).verify(message, &signature).is_ok()
    })
}

fn usage(certificate: &x509_cert::TbsCertificate) -> der::Result<Usage> {
    let mut usage = Usage::default();
    for extension in certificate.extensions().into_iter().flatten() {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            KEY_USAGE => usage.key = Some(KeyUsage::from_der(value)?),
            EXTENDED_KEY_USAGE => usage.extended = Some(ExtendedKeyUsage::from_der(value)?),
            BASIC_CONSTRAINTS => usage.constraints = Some(BasicConstraints::from_der(value)?),
            other if extension.critical => usage.foreign = Some(other),
            _ => {}
        }
    }
    Ok(usage)
}

/// The first field of the certificate, byte for byte: that is what its issuer signed.
fn signed_part(der: &[u8]) -> der::Result<Vec<u8>> {
    let mut reader = SliceReader::new(der)?;
    reader.sequence(|inner| {
        let signed = inner.tlv_bytes()?.to_vec();
        inner.tlv_bytes()?;
        inner.tlv_bytes()?;
        Ok(signed)
    })
}

fn malformed(what: String) -> SignatureError {
    SignatureError::malformed("certificate", what)
}

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");
const RSA_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
const CODE_SIGNING: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.3");
const ANY_PURPOSE: ObjectIdentifier = oid("2.5.29.37.0");
