//! Three values, never two: what a reader may believe of a signature.

use std::fmt;

use crate::{
    Curve, Fingerprint, PublicKey, Trust,
    certificate::check_chain,
    dsse::{PAYLOAD_TYPE, pae},
    envelope::{Envelope, Material},
};

/// What a reader may believe of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Valid, for exactly this content, by a key that this reader trusts.
    Good(Signer),
    /// Valid for exactly this content, but nobody here can say whose it is.
    Unknown {
        /// Whose it claims to be, where that can be said at all.
        signer: Option<Signer>,
        /// Why that is not enough.
        doubt: Doubt,
    },
    /// Not valid, or not for this content.
    Bad(Flaw),
    /// There is no signature.
    Unsigned,
}

impl Verification {
    /// `good`, `unknown`, `bad` or `unsigned`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Good(_) => "good",
            Self::Unknown { .. } => "unknown",
            Self::Bad(_) => "bad",
            Self::Unsigned => "unsigned",
        }
    }

    /// Who signed, where the signature is valid.
    pub const fn signer(&self) -> Option<&Signer> {
        match self {
            Self::Good(signer) | Self::Unknown { signer: Some(signer), .. } => Some(signer),
            _ => None,
        }
    }

    /// The same, unless a later look finds a flaw.
    pub(crate) fn unless(self, flaw: Result<(), Flaw>) -> Self {
        match (self, flaw) {
            (Self::Bad(first), _) | (_, Err(first)) => Self::Bad(first),
            (other, Ok(())) => other,
        }
    }
}

/// One line, without the word itself: `valid, by …`.
impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(signer) => write!(f, "valid signature by {signer}"),
            Self::Unknown { signer: Some(signer), doubt } => {
                write!(f, "valid signature; {signer} {doubt}")
            }
            Self::Unknown { signer: None, doubt } => write!(f, "signed; the signer {doubt}"),
            Self::Bad(flaw) => write!(f, "bad signature: {flaw}"),
            Self::Unsigned => f.write_str("unsigned"),
        }
    }
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The fingerprint of the key.
    pub fingerprint: Fingerprint,
    /// Its curve.
    pub curve: Curve,
    /// The name this reader gave the key, where it trusts it.
    pub name: Option<String>,
    /// The subject of the certificate, where it has one.
    pub certificate: Option<String>,
}

impl Signer {
    fn of(key: &PublicKey) -> Self {
        let (fingerprint, curve) = (key.fingerprint(), key.curve());
        Self { fingerprint, curve, name: None, certificate: None }
    }

    /// The holder of a key that this reader trusts under this name.
    pub(crate) fn named(name: &str, key: &PublicKey) -> Self {
        Self { name: Some(name.to_owned()), ..Self::of(key) }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(subject) = &self.certificate {
            write!(f, "{subject}, ")?;
        }
        match &self.name {
            Some(name) => write!(f, "{name}, key {}", self.fingerprint),
            None => write!(f, "key {}", self.fingerprint),
        }
    }
}

/// Why a valid signature is not enough.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// Nobody told this reader to trust the key.
    UntrustedKey,
    /// The signature does not say which key made it, and no trusted key did.
    UnnamedKey,
    /// No certificate leads to a root that this reader trusts.
    UntrustedRoot,
    /// A certificate on the way to the root has expired.
    Expired {
        /// When.
        at: String,
    },
    /// A certificate on the way to the root is not valid yet.
    NotYetValid {
        /// From when on.
        from: String,
    },
    /// A keyless signature of Sigstore, which needs its transparency log.
    Keyless,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntrustedKey => f.write_str("is not known to you"),
            Self::UnnamedKey => f.write_str("is not named, and is none of the keys you trust"),
            Self::UntrustedRoot => f.write_str("has no certificate from a root that you trust"),
            Self::Expired { at } => write!(f, "has a certificate that is expired (since {at})"),
            Self::NotYetValid { from } => {
                write!(f, "has a certificate that is not valid yet (from {from} on)")
            }
            Self::Keyless => f.write_str("is keyless (Sigstore), which is not verified here"),
        }
    }
}

/// What is wrong with a signature: the field, file or member, and what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {what}")]
pub struct Flaw {
    /// The field, file or member.
    pub subject: String,
    /// What is wrong with it.
    pub what: String,
}

impl Flaw {
    pub(crate) fn new(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self { subject: subject.into(), what: what.into() }
    }
}

/// Whether an envelope is valid, and by whom. What its payload says is not looked at.
pub(crate) fn authenticate(envelope: &Envelope, trust: &Trust) -> Verification {
    let signed = pae(PAYLOAD_TYPE, &envelope.payload);
    match &envelope.material {
        Material::Key { hint, key } => {
            by_key(envelope, &signed, hint.as_deref(), key.as_deref(), trust)
        }
        Material::Chain(chain) => match by_chain(chain, trust) {
            Ok((key, _)) if !key.verifies(&signed, &envelope.signature) => {
                Verification::Bad(not_made_by("the key of the certificate"))
            }
            Ok((_, verification)) => verification,
            Err(flaw) => Verification::Bad(flaw),
        },
        Material::Keyless => Verification::Unknown { signer: None, doubt: Doubt::Keyless },
    }
}

fn by_key(
    envelope: &Envelope,
    signed: &[u8],
    hint: Option<&str>,
    key: Option<&PublicKey>,
    trust: &Trust,
) -> Verification {
    let signature = envelope.signature.as_slice();
    let hint = hint.map(str::to_owned).or_else(|| key.map(PublicKey::hint));
    let Some(hint) = hint else {
        let made = trust.keys().find(|(_, key)| key.verifies(signed, signature));
        return made.map_or(
            Verification::Unknown { signer: None, doubt: Doubt::UnnamedKey },
            |(name, key)| Verification::Good(Signer::named(name, key)),
        );
    };
    if let Some((name, key)) = trust.keys().find(|(_, key)| key.hint() == hint) {
        if key.verifies(signed, signature) {
            return Verification::Good(Signer::named(name, key));
        }
        return Verification::Bad(not_made_by(&format!("the key {}", key.fingerprint())));
    }
    match PublicKey::recover(signed, signature, &hint) {
        Some(key) => {
            Verification::Unknown { signer: Some(Signer::of(&key)), doubt: Doubt::UntrustedKey }
        }
        None => Verification::Bad(not_made_by("the key that the signature file names")),
    }
}

/// The key of a chain and what the chain is worth, before the signature is looked at.
pub(crate) fn by_chain(
    chain: &[crate::Certificate],
    trust: &Trust,
) -> Result<(PublicKey, Verification), Flaw> {
    let leaf = chain.first().ok_or_else(|| Flaw::new("x509CertificateChain", "is empty"))?;
    let flaw = |what: String| Flaw::new(format!("certificate of {}", leaf.subject()), what);
    let key = leaf.public_key().map_err(|error| flaw(error.to_string()))?;
    if let Some(why) = leaf.forbids_signing() {
        return Err(flaw(why.to_owned()));
    }
    let name = trust.name_of(key.fingerprint()).map(str::to_owned);
    let known = name.is_some();
    let signer = Signer { name, certificate: Some(leaf.subject()), ..Signer::of(&key) };
    let verification = match check_chain(chain, &trust.roots(), trust.now()) {
        Ok(()) => Verification::Good(signer),
        // Who trusts the key itself needs nobody to vouch for it.
        Err(Doubt::UntrustedRoot) if known => Verification::Good(signer),
        Err(doubt) => Verification::Unknown { signer: Some(signer), doubt },
    };
    Ok((key, verification))
}

fn not_made_by(whom: &str) -> Flaw {
    Flaw::new("sig", format!("was not made by {whom} over this payload"))
}
