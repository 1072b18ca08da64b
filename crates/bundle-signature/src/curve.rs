//! The curves of OpenSSF Model Signing and the hash that goes with each.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// An elliptic curve of FIPS 186-5. ECDSA uses the SHA-2 of its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Curve {
    /// NIST P-256 (secp256r1) with SHA-256.
    #[default]
    P256,
    /// NIST P-384 (secp384r1) with SHA-384.
    P384,
    /// NIST P-521 (secp521r1) with SHA-512.
    P521,
}

impl Curve {
    /// Every curve.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// Its name in FIPS 186-5.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The hash of a message that is signed with this curve.
    pub(crate) fn hash(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256 => Sha256::digest(message).to_vec(),
            Self::P384 => Sha384::digest(message).to_vec(),
            Self::P521 => Sha512::digest(message).to_vec(),
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a word is no curve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not one of P-256, P-384, P-521", .0.escape_debug())]
pub struct InvalidCurve(String);

impl FromStr for Curve {
    type Err = InvalidCurve;

    /// `P-256`, in any case and without its hyphen too.
    fn from_str(text: &str) -> Result<Self, InvalidCurve> {
        let plain = text.replace('-', "").to_lowercase();
        let named = |curve: &Self| curve.as_str().replace('-', "").to_lowercase() == plain;
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| InvalidCurve(text.chars().take(40).collect()))
    }
}
