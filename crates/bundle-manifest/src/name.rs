//! Names and versions that end up in file names and tables of contents.

use std::{borrow::Borrow, fmt, str::FromStr};

/// Why a text is not a name of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a {what}: {rule}", text.escape_debug())]
pub struct InvalidName {
    /// The text as it was given, shortened to 100 characters.
    pub text: String,
    /// The kind of name.
    pub what: &'static str,
    /// What the format asks of it.
    pub rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $accepts:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// What the format asks of such a name, in words.
            pub const RULE: &str = $rule;

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// So that a map with such keys can be asked with a text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if $accepts(text) {
                    return Ok(Self(text.to_owned()));
                }
                let text = text.chars().take(100).collect();
                Err(InvalidName { text, what: $what, rule: $rule })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    };
}

pub(crate) use name;

name!(
    /// The name of a bundle: part of its file name.
    BundleName,
    "bundle name",
    "1 to 64 of a-z, 0-9 and single hyphens between them",
    is_bundle_name
);
name!(
    /// The version of a bundle: part of its file name.
    Version,
    "version",
    "1 to 64 of a-z, A-Z, 0-9, `.`, `+` and `-`, starting and ending with a letter or digit",
    is_version
);
name!(
    /// What the author calls a model, an input, an output, an example or a data
    /// split; part of array keys and of page anchors.
    EntryName,
    "name",
    "1 to 64 of a-z, A-Z, 0-9, `_`, `-` and `.`, starting with a letter or digit, not ending with `.`",
    is_entry_name
);

fn is_bundle_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

fn is_version(text: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+-".contains(&b))
        && edge(text.bytes().next())
        && edge(text.bytes().next_back())
}

fn is_entry_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        && text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && !text.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_rules() {
        for good in ["retina-grade", "a", "7b"] {
            assert!(good.parse::<BundleName>().is_ok(), "{good}");
        }
        for bad in ["", "Retina", "a--b", "-a", "a_b", "é"] {
            assert!(bad.parse::<BundleName>().is_err(), "{bad}");
        }
        for good in ["1.0.0", "2026-11", "1.0.0-rc.1+cpu"] {
            assert!(good.parse::<Version>().is_ok(), "{good}");
        }
        for bad in ["", "1.0.", ".1", "1/2", "v 1"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
        for good in ["moderate-01", "a.b_", "7"] {
            assert!(good.parse::<EntryName>().is_ok(), "{good}");
        }
        for bad in ["", "a.", "-a", "a b", "é"] {
            assert!(bad.parse::<EntryName>().is_err(), "{bad}");
        }
        let error = "../x".parse::<EntryName>().expect_err("a path is no name");
        assert_eq!(
            error.to_string(),
            "`../x` is not a name: 1 to 64 of a-z, A-Z, 0-9, `_`, `-` and `.`, starting with a letter or digit, not ending with `.`"
        );
    }
}
