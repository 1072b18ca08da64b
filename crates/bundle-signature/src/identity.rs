//! Who signs: a key, with or without a certificate.

use crate::{Certificate, PrivateKey, SignatureError};

/// A private key, and the certificates that say whose it is, if there are any.
#[derive(Debug)]
pub struct SigningIdentity {
    key: PrivateKey,
    chain: Vec<Certificate>,
}

impl SigningIdentity {
    /// A key alone; readers know it by its fingerprint.
    pub const fn of_key(key: PrivateKey) -> Self {
        Self { key, chain: Vec::new() }
    }

    /// A key with its certificate and the certificates between that and a root.
    pub fn of_certificate(
        key: PrivateKey,
        leaf: Certificate,
        others: Vec<Certificate>,
    ) -> Result<Self, SignatureError> {
        if leaf.public_key()? != *key.public() {
            return Err(SignatureError::malformed("certificate", "is of another key"));
        }
        if let Some(why) = leaf.forbids_signing() {
            return Err(SignatureError::unsupported("certificate", why));
        }
        let mut chain = vec![leaf];
        for other in others {
            if !chain.contains(&other) {
                chain.push(other);
            }
        }
        Ok(Self { key, chain })
    }

    /// The same key with its certificate.
    pub fn certified(
        self,
        leaf: Certificate,
        others: Vec<Certificate>,
    ) -> Result<Self, SignatureError> {
        Self::of_certificate(self.key, leaf, others)
    }

    /// The key.
    pub const fn key(&self) -> &PrivateKey {
        &self.key
    }

    pub(crate) fn chain(&self) -> &[Certificate] {
        &self.chain
    }
}
