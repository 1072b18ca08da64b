//! Whom this reader trusts, and when it is.

use crate::{Certificate, Fingerprint, PublicKey};

/// Seconds since 1970-01-01T00:00:00Z. An argument, because no library here looks
/// at a clock; it decides only whether a certificate has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub u64);

/// The keys and roots that a reader trusts, each with the name the reader gave it.
#[derive(Clone, Debug)]
pub struct Trust {
    keys: Vec<(String, PublicKey)>,
    roots: Vec<(String, Certificate)>,
    /// Keys of which only the fingerprint is known, as a paper prints it.
    fingerprints: Vec<Fingerprint>,
    /// Whether the question is if *these* signed it, not who did.
    named: bool,
    now: UnixTime,
}

impl Trust {
    /// Trust in nobody, at this time.
    pub const fn nobody(now: UnixTime) -> Self {
        Self { keys: Vec::new(), roots: Vec::new(), fingerprints: Vec::new(), named: false, now }
    }

    /// Trust in those that are added now and in nobody else, because the reader named them.
    pub fn only_named(now: UnixTime) -> Self {
        Self { named: true, ..Self::nobody(now) }
    }

    /// Trusts the key with this fingerprint.
    pub fn add_fingerprint(&mut self, fingerprint: Fingerprint) {
        self.fingerprints.push(fingerprint);
    }

    /// Trusts a key.
    pub fn add_key(&mut self, name: impl Into<String>, key: PublicKey) {
        self.keys.push((name.into(), key));
    }

    /// Trusts whomever this certificate, or one that it vouches for, belongs to.
    pub fn add_root(&mut self, name: impl Into<String>, root: Certificate) {
        self.roots.push((name.into(), root));
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &PublicKey)> {
        self.keys.iter().map(|(name, key)| (name.as_str(), key))
    }

    /// The name of a trusted key.
    pub fn name_of(&self, fingerprint: Fingerprint) -> Option<&str> {
        let mut keys = self.keys();
        keys.find(|(_, key)| key.fingerprint() == fingerprint).map(|(name, _)| name)
    }

    pub(crate) fn knows(&self, fingerprint: Fingerprint) -> bool {
        self.fingerprints.contains(&fingerprint)
    }

    pub(crate) const fn is_named(&self) -> bool {
        self.named
    }

    /// The roots, each with the name the reader gave it.
    pub fn roots(&self) -> &[(String, Certificate)] {
        &self.roots
    }

    pub(crate) const fn now(&self) -> UnixTime {
        self.now
    }
}
