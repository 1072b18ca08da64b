//! Three values, never two: what a reader may believe of a signature.

use std::fmt;

use crate::{
    Certificate, Curve, Fingerprint, PublicKey, Trust,
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
                let joint = if doubt.is_of_the_key() { "" } else { ":" };
                write!(f, "valid signature; {signer}{joint} {doubt}")
            }
            Self::Unknown { signer: None, doubt } => write!(f, "signed: {doubt}"),
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
    /// The name this reader gave the root that vouches for the certificate.
    pub voucher: Option<String>,
}

impl Signer {
    fn of(key: &PublicKey) -> Self {
        let (fingerprint, curve) = (key.fingerprint(), key.curve());
        Self { fingerprint, curve, name: None, certificate: None, voucher: None }
    }

    /// The holder of a key that this reader trusts under this name.
    pub(crate) fn named(name: &str, key: &PublicKey) -> Self {
        Self { name: Some(name.to_owned()), ..Self::of(key) }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fingerprint, name, certificate, voucher, .. } = self;
        match (name, certificate, voucher) {
            (Some(name), _, _) => write!(f, "{name}, key {fingerprint}"),
            (None, None, _) => write!(f, "key {fingerprint}"),
            (None, Some(subject), Some(voucher)) => {
                write!(f, "{subject}, vouched for by {voucher}, key {fingerprint}")
            }
            // A name in a certificate that nobody vouches for is a claim.
            (None, Some(subject), None) => {
                write!(f, "key {fingerprint} (claims to be {subject})")
            }
        }
    }
}

/// Why a valid signature is not enough.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// Nobody told this reader to trust the key.
    UntrustedKey,
    /// The reader asked whether certain others signed it.
    NotTheNamed,
    /// No certificate leads to a root that this reader trusts.
    UntrustedRoot,
    /// A certificate on the way to the root has expired.
    Expired {
        /// Whose it is.
        of: String,
        /// When.
        at: String,
    },
    /// A certificate on the way to the root is not valid yet.
    NotYetValid {
        /// Whose it is.
        of: String,
        /// From when on.
        from: String,
    },
    /// A keyless signature of Sigstore, which needs its transparency log.
    Keyless,
}

impl Doubt {
    /// Whether it is said of the key, not of what vouches for it.
    pub(crate) const fn is_of_the_key(&self) -> bool {
        matches!(self, Self::UntrustedKey | Self::NotTheNamed)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntrustedKey => f.write_str("is not known to you"),
            Self::NotTheNamed => f.write_str("is none of those you named"),
            Self::UntrustedRoot => f.write_str("no root that you trust vouches for it"),
            Self::Expired { of, at } => {
                write!(f, "the certificate of {of} is expired (since {at})")
            }
            Self::NotYetValid { of, from } => {
                write!(f, "the certificate of {of} is not valid yet (from {from} on)")
            }
            Self::Keyless => f.write_str("keyless (Sigstore), which is not verified here"),
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

/// Characters of a subject, and of what is wrong with it.
const SHOWN: usize = 300;

impl Flaw {
    /// A flaw. Both texts may hold words of a hostile file: they are shortened, and what
    /// could begin a line or move a cursor is escaped.
    pub fn new(subject: impl AsRef<str>, what: impl AsRef<str>) -> Self {
        Self { subject: one_line(subject.as_ref()), what: one_line(what.as_ref()) }
    }
}

fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().collect() } else { vec![c] };
    let mut line: String = text.chars().take(SHOWN).flat_map(shown).collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

/// Whether an envelope is valid, and by whom. What its payload says is not looked at.
pub(crate) fn authenticate(envelope: &Envelope, trust: &Trust) -> Verification {
    let signed = pae(PAYLOAD_TYPE, &envelope.payload);
    match &envelope.material {
        Material::Key { hint, key } => {
            let hint = hint.clone().or_else(|| key.as_deref().map(PublicKey::hint));
            by_key(&signed, &envelope.signature, hint.as_deref(), trust)
        }
        Material::Chain(chain) => {
            by_chain(chain, trust, |key| key.verifies(&signed, &envelope.signature))
        }
        Material::Keyless => Verification::Unknown { signer: None, doubt: Doubt::Keyless },
    }
}

fn by_key(signed: &[u8], signature: &[u8], hint: Option<&str>, trust: &Trust) -> Verification {
    let Some(hint) = hint else {
        // Written by no signer of today. Which key it is by can only be tried.
        let made = trust.keys().find(|(_, key)| key.verifies(signed, signature));
        let none = || Flaw::new("publicKey", "names no key, and none that you trust signed this");
        return made.map_or_else(
            || Verification::Bad(none()),
            |(name, key)| Verification::Good(Signer::named(name, key)),
        );
    };
    if let Some((name, key)) = trust.keys().find(|(_, key)| key.hint() == hint) {
        if key.verifies(signed, signature) {
            return Verification::Good(Signer::named(name, key));
        }
        return Verification::Bad(not_made_by(&format!("the key {}", key.fingerprint())));
    }
    match PublicKey::recover(signed, signature, hint).map(|key| Signer::of(&key)) {
        Some(signer) if trust.knows(signer.fingerprint) => Verification::Good(signer),
        Some(signer) => {
            let doubt = if trust.is_named() { Doubt::NotTheNamed } else { Doubt::UntrustedKey };
            Verification::Unknown { signer: Some(signer), doubt }
        }
        None => Verification::Bad(not_made_by("the key that the signature file names")),
    }
}

/// What a signature by the first of these certificates is worth, if `verifies` says that
/// its key made it: that is asked before anything is looked at that takes time.
pub(crate) fn by_chain(
    chain: &[Certificate],
    trust: &Trust,
    verifies: impl FnOnce(&PublicKey) -> bool,
) -> Verification {
    let Some(leaf) = chain.first() else {
        return Verification::Bad(Flaw::new("x509CertificateChain", "is empty"));
    };
    let flaw = |what: String| {
        Verification::Bad(Flaw::new(format!("certificate of {}", leaf.subject()), what))
    };
    let key = match leaf.public_key() {
        Ok(key) => key,
        Err(error) => return flaw(error.to_string()),
    };
    if let Some(why) = leaf.forbids_signing() {
        return flaw(why.to_owned());
    }
    if !verifies(&key) {
        return Verification::Bad(not_made_by("the key of the certificate"));
    }
    let signer = Signer { certificate: Some(leaf.subject()), ..Signer::of(&key) };
    match check_chain(chain, trust.roots(), trust.now()) {
        Ok(voucher) => Verification::Good(Signer { voucher: Some(voucher), ..signer }),
        Err(Doubt::UntrustedRoot) => by_known_key(&key, signer, trust),
        Err(doubt) => Verification::Unknown { signer: Some(signer), doubt },
    }
}

/// Who trusts a key itself needs nobody to vouch for it. The certificate is not signed
/// with the content: anybody can put another one there, so nothing of it is shown.
fn by_known_key(key: &PublicKey, claimed: Signer, trust: &Trust) -> Verification {
    if let Some(name) = trust.name_of(key.fingerprint()) {
        return Verification::Good(Signer::named(name, key));
    }
    if trust.knows(key.fingerprint()) {
        return Verification::Good(Signer::of(key));
    }
    let doubt = if trust.is_named() { Doubt::NotTheNamed } else { Doubt::UntrustedRoot };
    Verification::Unknown { signer: Some(claimed), doubt }
}

fn not_made_by(whom: &str) -> Flaw {
    Flaw::new("sig", format!("was not made by {whom} over this payload"))
}
