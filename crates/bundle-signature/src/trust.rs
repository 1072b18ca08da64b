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
    now: UnixTime,
}

impl Trust {
    /// Trust in nobody, at this time.
    pub const fn nobody(now: UnixTime) -> Self {
        Self { keys: Vec::new(), roots: Vec::new(), now }
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

    pub(crate) fn roots(&self) -> Vec<Certificate> {
        self.roots.iter().map(|(_, root)| root.clone()).collect()
    }

    pub(crate) const fn now(&self) -> UnixTime {
        self.now
    }
}
