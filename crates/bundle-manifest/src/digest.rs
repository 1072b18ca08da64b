//! Content digests: SHA-256 of a file, and git object names.

use std::{fmt, str::FromStr};

/// A SHA-256 digest. Written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A git object name in a SHA-1 repository: 40 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GitObjectId([u8; 20]);

/// Why a text is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not {expected} lower-case hexadecimal digits", text.escape_debug())]
pub struct InvalidDigest {
    /// The text as it was given, shortened to 100 characters.
    pub text: String,
    /// How many digits there should be.
    pub expected: usize,
}

macro_rules! hex_newtype {
    ($name:ident, $bytes:literal) => {
        impl $name {
            /// The digest of these raw bytes.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidDigest;

            fn from_str(text: &str) -> Result<Self, InvalidDigest> {
                let mut bytes = [0; $bytes];
                decode_hex(text, &mut bytes).map(|()| Self(bytes)).ok_or_else(|| InvalidDigest {
                    text: text.chars().take(100).collect(),
                    expected: $bytes * 2,
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

hex_newtype!(Digest, 32);
hex_newtype!(GitObjectId, 20);

fn decode_hex(text: &str, bytes: &mut [u8]) -> Option<()> {
    let digits = text.as_bytes();
    if digits.len() != bytes.len() * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = match pair {
            [high, low] => nibble(*high)? << 4 | nibble(*low)?,
            _ => return None,
        };
    }
    Some(())
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_lower_case_hex_of_the_right_length_parses() {
        let good = "0123456789abcdef".repeat(4);
        assert!(good.parse::<Digest>().is_ok());
        for bad in
            [good.to_uppercase(), good[1..].to_owned(), format!("{}g", &good[1..]), String::new()]
        {
            let error = bad.parse::<Digest>().expect_err(&bad);
            assert_eq!(
                error.to_string(),
                format!("`{bad}` is not 64 lower-case hexadecimal digits")
            );
        }
    }

    proptest! {
        #[test]
        fn display_then_parse_is_identity(bytes: [u8; 32]) {
            let digest = Digest::from_bytes(bytes);
            prop_assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
        }
    }
}
