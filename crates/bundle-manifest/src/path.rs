//! Paths inside a bundle: the one door between host paths and archive paths.
//!
//! A path is relative, UTF-8 in normalisation form C, separated by `/`, and
//! means the same file on every system that can unpack it. Rules that only one
//! system has (reserved names, trailing dots, case folding) bind on all.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::tree::escape;

/// Bytes in one part of a path.
const MAX_PART: usize = 255;
/// Bytes in a whole path.
const MAX_PATH: usize = 1024;
/// Device names that Windows reserves, with any extension.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A relative path of a member, valid on every system. Ordered by code point.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactPath(String);

/// Why a text is not an [`ArtifactPath`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("path {} {reason}", shown(text, reason))]
pub struct InvalidPath {
    /// The text as it was given, shortened to 200 characters.
    pub text: String,
    /// What the format forbids about it; reads after the path.
    pub reason: &'static str,
}

impl InvalidPath {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self.reason {
            ABSOLUTE => Some("a path is relative to the directory of `bundle.toml`"),
            DOTS => Some("everything that is packed lies below the directory of `bundle.toml`"),
            SEPARATOR => Some("write `/` between the parts"),
            NOT_NFC => Some("rename the file so that each accented letter is one character"),
            RESERVED_NAME => Some("rename the file, so that it can be unpacked on Windows"),
            _ => None,
        }
    }
}

const ABSOLUTE: &str = "is absolute";
const DOTS: &str = "has a `.` or `..` part";
const SEPARATOR: &str = "has a backslash or a colon";
const NOT_NFC: &str = "is not in Unicode normalisation form C";
const RESERVED_NAME: &str = "has a name that Windows reserves";

/// The text in backticks; with its combining marks visible where they are the reason.
fn shown(text: &str, reason: &str) -> String {
    if reason == NOT_NFC {
        let visible: String = text.chars().flat_map(char::escape_debug).collect();
        return format!("`{visible}`");
    }
    format!("`{}`", escape(text))
}

impl ArtifactPath {
    /// The path as text, with `/` between parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts between the slashes, first to last.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.parts().next_back().unwrap_or(&self.0)
    }

    /// Everything before the last part, or `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// `self/relative`, refused when the whole breaks a rule (only length can).
    pub fn join(&self, relative: &Self) -> Result<Self, InvalidPath> {
        format!("{self}/{relative}").parse()
    }

    /// The rest of the path below `directory`, or `None` when it is not below it.
    pub fn strip_prefix(&self, directory: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(directory.as_str())?.strip_prefix('/')?;
        Some(Self(rest.to_owned()))
    }

    /// The form under which two paths are the same file on a system that folds
    /// case: NFC of the lower case of the upper case, which also joins `ß` and
    /// `SS`, final and medial sigma.
    pub fn folded(&self) -> String {
        self.0.to_uppercase().to_lowercase().nfc().collect()
    }
}

/// Two paths that cannot both be unpacked everywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathCollision {
    /// The same path.
    #[error("`{0}` is there twice")]
    Twice(ArtifactPath),
    /// The same file, or the same directory, where case does not count.
    #[error("`{0}` and `{1}` are the same where case does not count")]
    Case(ArtifactPath, ArtifactPath),
    /// A file where the other needs a directory.
    #[error("`{0}` is a file, and a directory of `{1}`")]
    Directory(ArtifactPath, ArtifactPath),
}

impl PathCollision {
    /// The first collision among `paths`.
    pub fn find<'p>(paths: impl IntoIterator<Item = &'p ArtifactPath>) -> Option<Self> {
        // Every path and every directory above one, by folded form; a directory
        // remembers a path below it.
        let mut seen: BTreeMap<String, (ArtifactPath, Option<&'p ArtifactPath>)> = BTreeMap::new();
        for path in paths {
            let mut entry = Some((path.clone(), None));
            while let Some((place, below)) = entry {
                match seen.get(&place.folded()) {
                    Some((other, _)) if *other != place => {
                        return Some(Self::Case(other.clone(), place));
                    }
                    Some((_, None)) if below.is_none() => return Some(Self::Twice(place)),
                    Some((other, None)) => {
                        return Some(Self::Directory(other.clone(), path.clone()));
                    }
                    Some((_, Some(inside))) if below.is_none() => {
                        return Some(Self::Directory(place, (*inside).clone()));
                    }
                    // A known directory: so are those above it.
                    Some(_) => break,
                    None => {}
                }
                entry = place.parent().map(|parent| (parent, Some(path)));
                seen.insert(place.folded(), (place, below));
            }
        }
        None
    }
}

impl FromStr for ArtifactPath {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        match objection(text) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(InvalidPath { text: text.chars().take(200).collect(), reason }),
        }
    }
}

/// The first rule that `text` breaks.
fn objection(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty");
    }
    if text.len() > MAX_PATH {
        return Some("is longer than 1024 bytes");
    }
    if text.starts_with('/') {
        return Some(ABSOLUTE);
    }
    if !is_nfc(text) {
        return Some(NOT_NFC);
    }
    text.split('/').find_map(part_objection)
}

fn part_objection(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return Some("has an empty part");
    }
    if part == "." || part == ".." {
        return Some(DOTS);
    }
    if part.len() > MAX_PART {
        return Some("has a part longer than 255 bytes");
    }
    if part.contains(['\\', ':']) {
        return Some(SEPARATOR);
    }
    if part.chars().any(char::is_control) {
        return Some("has a control character");
    }
    if part.ends_with(['.', ' ']) {
        return Some("has a part that ends with a dot or a space");
    }
    if part.eq_ignore_ascii_case(".git") {
        return Some("has a part `.git`");
    }
    let stem: Cow<'_, str> =
        part.split('.').next().unwrap_or(part).trim_end().to_ascii_lowercase().into();
    RESERVED.contains(&stem.as_ref()).then_some(RESERVED_NAME)
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_paths_say_what_is_wrong() {
        let long_part = "x".repeat(256);
        let long_path = "abcdefg/".repeat(128) + "x";
        let cases = [
            ("", "is empty"),
            ("/etc/passwd", "is absolute"),
            ("../up", "has a `.` or `..` part"),
            ("a/./b", "has a `.` or `..` part"),
            ("a//b", "has an empty part"),
            ("a/", "has an empty part"),
            ("a\\b", "has a backslash or a colon"),
            ("C:/x", "has a backslash or a colon"),
            ("a\nb", "has a control character"),
            ("a.", "has a part that ends with a dot or a space"),
            ("a /b", "has a part that ends with a dot or a space"),
            ("sub/.git/config", "has a part `.git`"),
            (".GIT", "has a part `.git`"),
            ("aux", "has a name that Windows reserves"),
            ("x/Con.txt", "has a name that Windows reserves"),
            ("nul .txt", "has a name that Windows reserves"),
            ("e\u{301}", "is not in Unicode normalisation form C"),
            (&long_part, "has a part longer than 255 bytes"),
            (&long_path, "is longer than 1024 bytes"),
        ];
        for (text, reason) in cases {
            let error = text.parse::<ArtifactPath>().expect_err(text);
            assert_eq!(error.reason, reason, "{text:?}");
        }
    }

    #[test]
    fn good_paths_are_kept_as_they_are() {
        for text in
            ["a", "a/b-c/d.onnx", ".gitignore", "données/été.csv", "console", "com0", "日本"]
        {
            assert_eq!(text.parse::<ArtifactPath>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn collisions_are_found_in_directories_too() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["a", "b/c", "b/d", "b/e/f", "bb"], None),
            (&["a", "b", "a"], Some("`a` is there twice")),
            (&["a/X", "a/x"], Some("`a/X` and `a/x` are the same where case does not count")),
            (&["A/x", "a/y"], Some("`A` and `a` are the same where case does not count")),
            (&["a/B/x", "a/b"], Some("`a/B` and `a/b` are the same where case does not count")),
            (&["a", "a/b/c"], Some("`a` is a file, and a directory of `a/b/c`")),
            (&["a/b/c", "a"], Some("`a` is a file, and a directory of `a/b/c`")),
        ];
        for (paths, collision) in cases {
            let paths: Vec<ArtifactPath> =
                paths.iter().map(|path| path.parse().expect(path)).collect();
            let found = PathCollision::find(&paths).map(|found| found.to_string());
            assert_eq!(found.as_deref(), *collision, "{paths:?}");
        }
    }

    #[test]
    fn folding_joins_what_some_file_system_joins() {
        let folded = |text: &str| text.parse::<ArtifactPath>().expect(text).folded();
        assert_eq!(folded("README.md"), folded("readme.MD"));
        assert_eq!(folded("STRASSE"), folded("straße"));
        assert_ne!(folded("a"), folded("b"));
    }

    proptest! {
        #[test]
        fn parse_then_display_is_identity(text in "\\PC{0,40}") {
            if let Ok(path) = text.parse::<ArtifactPath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
