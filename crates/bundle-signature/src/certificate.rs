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
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use crate::{PublicKey, SignatureError, UnixTime, pem, verification::Doubt};

/// Bytes of one certificate.
const LIMIT: usize = 64 << 10;
/// Certificates between a signer and a root.
const DEPTH: usize = 8;
/// Signatures of certificates that are looked at for one signer.
const SIGNATURES: usize = 40;
/// Bits of an RSA key.
const RSA_BITS: u32 = 2048;

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
        let tbs = parsed.tbs_certificate();
        let mut seen: Vec<_> =
            tbs.extensions().into_iter().flatten().map(|extension| extension.extn_id).collect();
        seen.sort();
        if seen.windows(2).any(|pair| matches!(pair, [one, two] if one == two)) {
            return Err(malformed("has an extension twice".to_owned()));
        }
        if !seen.is_empty() && tbs.version() != Version::V3 {
            return Err(malformed("has extensions, and is not of version 3".to_owned()));
        }
        if tbs.signature() != parsed.signature_algorithm() {
            return Err(malformed("names two signature algorithms".to_owned()));
        }
        let usage = usage(parsed.tbs_certificate()).map_err(broken)?;
        let signed = signed_part(der).map_err(broken)?;
        Ok(Self { der: der.to_vec(), signed, parsed, usage })
    }

    /// Its PEM.
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der).to_string()
    }

    /// Its DER.
    pub fn to_der(&self) -> &[u8] {
        &self.der
    }

    /// Whose it is, as RFC 4514 writes names.
    pub fn subject(&self) -> String {
        let name: String = self.parsed.tbs_certificate().subject().to_string();
        let shown = |c: char| if c.is_control() { c.escape_default().collect() } else { vec![c] };
        name.chars().take(200).flat_map(shown).collect()
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
        if extended.as_ref().is_some_and(|usage| !is_for_code(usage)) {
            return Some("has an extended key usage without codeSigning");
        }
        if key.is_none() && extended.is_none() {
            return Some("says nothing of what its key is for");
        }
        None
    }

    /// Whether it is an authority that may stand above `below` other authorities.
    fn may_issue(&self, below: usize) -> bool {
        let Usage { key, extended, constraints, foreign } = &self.usage;
        let authority = constraints.as_ref().is_some_and(|constraints| {
            let most = constraints.path_len_constraint.map_or(usize::MAX, usize::from);
            constraints.ca && below <= most
        });
        let signs = key.as_ref().is_none_or(KeyUsage::key_cert_sign);
        // An authority for web servers vouches for no signer of code.
        let code = extended.as_ref().is_none_or(is_for_code);
        authority && signs && code && foreign.is_none()
    }

    /// Whether `other` names this certificate's holder as its issuer.
    fn is_named_by(&self, other: &Self) -> bool {
        other.parsed.tbs_certificate().issuer() == self.parsed.tbs_certificate().subject()
    }

    /// Whether this certificate's key signed `other`.
    fn signed(&self, other: &Self) -> bool {
        let Some(signature) = other.parsed.signature().as_bytes() else { return false };
        verifies(self, other.parsed.signature_algorithm().oid, &other.signed, signature)
    }

    /// Why it does not count at this time, if it does not.
    pub fn out_of_time(&self, now: UnixTime) -> Option<Doubt> {
        let validity = self.parsed.tbs_certificate().validity();
        let (from, to) = (validity.not_before, validity.not_after);
        if now.0 < from.to_unix_duration().as_secs() {
            return Some(Doubt::NotYetValid { of: self.subject(), from: from.to_string() });
        }
        (now.0 > to.to_unix_duration().as_secs())
            .then(|| Doubt::Expired { of: self.subject(), at: to.to_string() })
    }
}

/// A chain from the first of `chain` to one of `roots`, whose name is given back; all of it
/// must be valid now.
pub(crate) fn check_chain(
    chain: &[Certificate],
    roots: &[(String, Certificate)],
    now: UnixTime,
) -> Result<String, Doubt> {
    let Some((leaf, others)) = chain.split_first() else { return Err(Doubt::UntrustedRoot) };
    let in_time = |certificate: &Certificate| certificate.out_of_time(now).is_none();
    // An expired certificate may lie beside the one that took its place.
    let path = Search::new(roots, &in_time).path(leaf, others);
    let path = path.or_else(|| Search::new(roots, &|_| true).path(leaf, others));
    let path = path.ok_or(Doubt::UntrustedRoot)?;
    if let Some(doubt) = path.iter().find_map(|certificate| certificate.out_of_time(now)) {
        return Err(doubt);
    }
    let last = path.last();
    let root = roots.iter().find(|(_, root)| last.is_some_and(|last| *last == root));
    Ok(root.map(|(name, _)| name.clone()).unwrap_or_default())
}

/// A search for a path to a root, breadth first.
struct Search<'c, 'p> {
    roots: &'c [(String, Certificate)],
    /// Which certificates count.
    counts: &'p dyn Fn(&Certificate) -> bool,
    /// Signatures that may still be looked at: a chain of namesakes must not take minutes.
    budget: usize,
}

impl<'c, 'p> Search<'c, 'p> {
    fn new(roots: &'c [(String, Certificate)], counts: &'p dyn Fn(&Certificate) -> bool) -> Self {
        Self { roots, counts, budget: SIGNATURES }
    }

    fn path(
        &mut self,
        leaf: &'c Certificate,
        others: &'c [Certificate],
    ) -> Option<Vec<&'c Certificate>> {
        let (mut paths, mut visited) = (vec![vec![leaf]], vec![leaf]);
        while let Some(path) = (!paths.is_empty()).then(|| paths.remove(0)) {
            let last = *path.last()?;
            if !(self.counts)(last) {
                continue;
            }
            if self.roots.iter().any(|(_, root)| root == last) {
                return Some(path);
            }
            let authorities = path.len().saturating_sub(1);
            let roots = self.roots;
            if let Some(root) = roots.iter().find(|(_, root)| self.above(root, last, authorities)) {
                return Some(path.into_iter().chain([&root.1]).collect());
            }
            for next in others.iter().filter(|_| path.len() < DEPTH) {
                if !visited.contains(&next) && self.above(next, last, authorities) {
                    visited.push(next);
                    paths.push(path.iter().copied().chain([next]).collect());
                }
            }
        }
        None
    }

    /// Whether `issuer` vouches for `below`, which has this many authorities below it.
    fn above(&mut self, issuer: &Certificate, below: &Certificate, authorities: usize) -> bool {
        if !(self.counts)(issuer) || !issuer.may_issue(authorities) || !issuer.is_named_by(below) {
            return false;
        }
        self.budget = self.budget.saturating_sub(1);
        self.budget > 0 && issuer.signed(below)
    }
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
    if key.n().bit_width() < RSA_BITS {
        return false;
    }
    let signature = pkcs1v15::Signature::try_from(signature);
    signature.is_ok_and(|signature| {
        pkcs1v15::VerifyingKey::<D>::new(key).verify(message, &signature).is_ok()
    })
}

fn is_for_code(usage: &ExtendedKeyUsage) -> bool {
    usage.0.iter().any(|purpose| matches!(*purpose, CODE_SIGNING | ANY_PURPOSE))
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
