//! Private keys: reading, making, writing, signing.
//!
//! The scalar is wiped when a key is dropped, and so is every buffer that held
//! it or its encoding on the way.

use std::fmt;

use ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner as _};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
#[cfg(feature = "store")]
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::{DecodePrivateKey as _, PrivateKeyInfoRef};

use crate::{Curve, PublicKey, SignatureError, pem, public::curve_of};

/// An ECDSA private key. Signatures are those of RFC 6979: no randomness, so the
/// same key and message give the same signature.
pub struct PrivateKey {
    key: Key,
    public: PublicKey,
}

enum Key {
    P256(SigningKey<NistP256>),
    P384(SigningKey<NistP384>),
    P521(SigningKey<NistP521>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} {})", self.public.curve(), self.public.fingerprint())
    }
}

impl PrivateKey {
    /// Reads the first private key of a PEM text: PKCS#8, plain or encrypted, or SEC1.
    pub fn from_pem(text: &str, passphrase: Option<&str>) -> Result<Self, SignatureError> {
        let blocks = pem::blocks(text)?;
        let is_key = |block: &&pem::Block| block.label.ends_with("PRIVATE KEY");
        let Some(block) = blocks.iter().find(is_key) else {
            let label = blocks.first().map_or("", |block| block.label.as_str());
            return Err(malformed(format!("is a `{label}`, not a `PRIVATE KEY`")));
        };
        match block.label.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8(&block.der),
            "EC PRIVATE KEY" => Self::from_sec1(&block.der),
            "ENCRYPTED PRIVATE KEY" => Self::from_encrypted(&block.der, passphrase),
            label => Err(unsupported(format!(
                "is a `{label}`; keys on the curves P-256, P-384, P-521 are used"
            ))),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, SignatureError> {
        let info =
            PrivateKeyInfoRef::try_from(der).map_err(|_| malformed("is not PKCS#8".to_owned()))?;
        let curve = curve_of(info.algorithm.oid, info.algorithm.parameters_oid().ok())
            .map_err(unsupported)?;
        let off = || malformed(format!("is not a private key on {curve}"));
        let key = match curve {
            Curve::P256 => SigningKey::from_pkcs8_der(der).map(Key::P256).ok(),
            Curve::P384 => SigningKey::from_pkcs8_der(der).map(Key::P384).ok(),
            Curve::P521 => SigningKey::from_pkcs8_der(der).map(Key::P521).ok(),
        };
        key.and_then(Self::of).ok_or_else(off)
    }

    fn from_sec1(der: &[u8]) -> Result<Self, SignatureError> {
        // The curve is in the key; each of the three refuses another's.
        let key = p256::SecretKey::from_sec1_der(der)
            .map(|key| Key::P256(key.into()))
            .or_else(|_| p384::SecretKey::from_sec1_der(der).map(|key| Key::P384(key.into())))
            .or_else(|_| p521::SecretKey::from_sec1_der(der).map(|key| Key::P521(key.into())));
        let other = || unsupported("is not a SEC1 key on P-256, P-384 or P-521".to_owned());
        key.ok().and_then(Self::of).ok_or_else(other)
    }

    #[cfg(not(feature = "store"))]
    fn from_encrypted(_: &[u8], _: Option<&str>) -> Result<Self, SignatureError> {
        Err(unsupported("is encrypted, and this build opens no encrypted keys".to_owned()))
    }

    #[cfg(feature = "store")]
    fn from_encrypted(der: &[u8], passphrase: Option<&str>) -> Result<Self, SignatureError> {
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| {
            unsupported("is not PKCS#8 encrypted with PBES2 (AES, PBKDF2 or scrypt)".to_owned())
                .with_hint("convert it: `openssl pkcs8 -topk8 -in KEY -out NEW`")
        })?;
        encryption::refuse_costly(&encrypted.encryption_algorithm)?;
        let Some(passphrase) = passphrase else {
            return Err(SignatureError::new(SUBJECT, crate::SignatureErrorKind::Locked));
        };
        let wrong = || SignatureError::new(SUBJECT, crate::SignatureErrorKind::WrongPassphrase);
        let opened = encrypted.decrypt(passphrase).map_err(|_| wrong())?;
        Self::from_pkcs8(opened.as_bytes())
    }

    fn of(key: Key) -> Option<Self> {
        let public = match &key {
            Key::P256(key) => PublicKey::p256(*key.verifying_key()),
            Key::P384(key) => PublicKey::p384(*key.verifying_key()),
            Key::P521(key) => PublicKey::p521(*key.verifying_key()),
        };
        Some(Self { key, public: public? })
    }

    /// Its public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature (DER) of `message`, hashed with the hash of the curve.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let hash = self.public.curve().hash(message);
        // A hash of the curve's own size is always signed; an empty signature verifies nowhere.
        let signed = match &self.key {
            Key::P256(key) => {
                key.sign_prehash(&hash).map(|s: Signature<_>| s.to_der().as_bytes().to_vec())
            }
            Key::P384(key) => {
                key.sign_prehash(&hash).map(|s: Signature<_>| s.to_der().as_bytes().to_vec())
            }
            Key::P521(key) => {
                key.sign_prehash(&hash).map(|s: Signature<_>| s.to_der().as_bytes().to_vec())
            }
        };
        signed.unwrap_or_default()
    }
}

const SUBJECT: &str = "private key";

fn malformed(what: String) -> SignatureError {
    SignatureError::malformed(SUBJECT, what)
}

fn unsupported(what: String) -> SignatureError {
    SignatureError::unsupported(SUBJECT, what)
}

#[cfg(feature = "store")]
mod encryption {
    //! Making keys and putting them under a passphrase.

    use pkcs8::{
        EncodePrivateKey as _, PrivateKeyInfoRef,
        pkcs5::{
            EncryptionScheme,
            pbes2::{self, Pbkdf2Prf},
        },
    };
    use zeroize::Zeroizing;

    use super::{Key, PrivateKey, SUBJECT, SigningKey, malformed, unsupported};
    use crate::{Curve, SignatureError, pem};

    /// Rounds of PBKDF2-HMAC-SHA256: the number OWASP recommends since 2023.
    /// (scrypt at its recommended cost needs more memory than OpenSSL allows it.)
    const ROUNDS: u32 = 600_000;
    /// What a key file may ask for before its passphrase is known to be right.
    const MOST_ROUNDS: u32 = 10_000_000;
    const MOST_SCRYPT_BYTES: u64 = 512 << 20;

    impl PrivateKey {
        /// A new key, from the random numbers of the operating system.
        pub fn generate(curve: Curve) -> Result<Self, SignatureError> {
            let refused =
                |_| malformed("cannot be made: the system gives no random numbers".into());
            // A draw is a scalar unless it is zero or above the order, which on P-521
            // half of all draws are: its top bits are cut.
            for _ in 0..256 {
                let (length, mask) = match curve {
                    Curve::P256 => (32, 0xff),
                    Curve::P384 => (48, 0xff),
                    Curve::P521 => (66, 0x01),
                };
                let mut bytes = Zeroizing::new(vec![0_u8; length]);
                getrandom::fill(&mut bytes).map_err(refused)?;
                if let Some(first) = bytes.first_mut() {
                    *first &= mask;
                }
                let key = match curve {
                    Curve::P256 => SigningKey::from_slice(&bytes).map(Key::P256).ok(),
                    Curve::P384 => SigningKey::from_slice(&bytes).map(Key::P384).ok(),
                    Curve::P521 => SigningKey::from_slice(&bytes).map(Key::P521).ok(),
                };
                if let Some(key) = key.and_then(Self::of) {
                    return Ok(key);
                }
            }
            Err(malformed("cannot be made: the random numbers are not random".to_owned()))
        }

        /// Its PEM: PKCS#8, encrypted under `passphrase` if there is one.
        pub fn to_pem(
            &self,
            passphrase: Option<&str>,
        ) -> Result<Zeroizing<String>, SignatureError> {
            let failed = || malformed("cannot be encoded".to_owned());
            let der = match &self.key {
                Key::P256(key) => key.to_pkcs8_der(),
                Key::P384(key) => key.to_pkcs8_der(),
                Key::P521(key) => key.to_pkcs8_der(),
            };
            let der = der.map_err(|_| failed())?;
            let Some(passphrase) = passphrase else {
                return Ok(pem::encode("PRIVATE KEY", der.as_bytes()));
            };
            let (mut salt, mut iv) = ([0; 16], [0; 16]);
            getrandom::fill(&mut salt)
                .and_then(|()| getrandom::fill(&mut iv))
                .map_err(|_| failed())?;
            let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv);
            let info = PrivateKeyInfoRef::try_from(der.as_bytes()).map_err(|_| failed())?;
            let encrypted = info
                .encrypt_with_params(parameters.map_err(|_| failed())?, passphrase)
                .map_err(|_| failed())?;
            Ok(pem::encode("ENCRYPTED PRIVATE KEY", encrypted.as_bytes()))
        }
    }

    /// Refuses to spend minutes or gigabytes because a file says so.
    pub(super) fn refuse_costly(scheme: &EncryptionScheme) -> Result<(), SignatureError> {
        let EncryptionScheme::Pbes2(parameters) = scheme else {
            return Err(unsupported("is not encrypted with PBES2".to_owned()));
        };
        let rounds = parameters.kdf.pbkdf2().map_or(0, |kdf| kdf.iteration_count);
        let (mut memory, mut whole) = (0, true);
        if let Some(kdf) = parameters.kdf.scrypt() {
            let (size, lanes) = (u64::from(kdf.block_size), u64::from(kdf.parallelization));
            memory =
                kdf.cost_parameter.saturating_mul(size.saturating_mul(128)).saturating_mul(lanes);
            // The library computes the logarithm of the cost unasked.
            whole = kdf.cost_parameter.is_power_of_two() && size > 0 && lanes > 0;
        }
        let sha1 = parameters.kdf.pbkdf2().is_some_and(|kdf| kdf.prf == Pbkdf2Prf::HmacWithSha1);
        if sha1 {
            let what = "is encrypted with PBKDF2 over SHA-1, which is not used here".to_owned();
            return Err(
                unsupported(what).with_hint("convert it: `openssl pkcs8 -topk8 -in KEY -out NEW`")
            );
        }
        if rounds > MOST_ROUNDS || memory > MOST_SCRYPT_BYTES || !whole {
            let what = "asks for more work to open it than any tool sets".to_owned();
            return Err(SignatureError::malformed(SUBJECT, what));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXUPPER_PERMISSIVE as HEX;

    use super::*;

    /// RFC 6979, appendices A.2.5 to A.2.7: the private key, and `r` and `s` of the
    /// message `sample` under the hash of the curve.
    const VECTORS: [(Curve, &str, &str, &str); 3] = [
        (
            Curve::P256,
            "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            Curve::P384,
            "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
            "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
            "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
        ),
        (
            Curve::P521,
            "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
            "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
            "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
        ),
    ];

    fn key(curve: Curve, scalar: &[u8]) -> PrivateKey {
        let key = match curve {
            Curve::P256 => Key::P256(SigningKey::from_slice(scalar).expect("a scalar")),
            Curve::P384 => Key::P384(SigningKey::from_slice(scalar).expect("a scalar")),
            Curve::P521 => Key::P521(SigningKey::from_slice(scalar).expect("a scalar")),
        };
        PrivateKey::of(key).expect("a key")
    }

    #[test]
    fn signatures_are_those_of_rfc_6979() {
        for (curve, scalar, r, s) in VECTORS {
            let hex = |text: &str| HEX.decode(text.as_bytes()).expect("hexadecimal digits");
            let key = key(curve, &hex(scalar));
            let signature = key.sign(b"sample");
            let both = match curve {
                Curve::P256 => Signature::<NistP256>::from_der(&signature).map(|s| s.to_vec()),
                Curve::P384 => Signature::<NistP384>::from_der(&signature).map(|s| s.to_vec()),
                Curve::P521 => Signature::<NistP521>::from_der(&signature).map(|s| s.to_vec()),
            };
            assert_eq!(both.expect("DER"), [hex(r), hex(s)].concat(), "{curve}");
            assert!(key.public().verifies(b"sample", &signature));
            assert!(!key.public().verifies(b"Sample", &signature));
            let hint = key.public().hint();
            let found = PublicKey::recover(b"sample", &signature, &hint);
            assert_eq!(found.as_ref(), Some(key.public()), "{curve}");
            assert_eq!(PublicKey::recover(b"Sample", &signature, &hint), None, "{curve}");
        }
    }
}
