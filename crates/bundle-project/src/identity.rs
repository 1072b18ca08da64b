//! Who wrote a project, as its files say it: what a blind reviewer must not see.
//!
//! [`leaks`] reads one file, [`redacted`] gives the same file without what can be
//! taken out of it. Both are pure functions of the bytes and of the [`People`] one
//! looks for. Text is searched line by line with expressions that take linear time;
//! of other formats the places are read in which programs put a person's name.

mod binary;
mod picture;
mod redact;
mod secrets;
mod text;

use std::{collections::BTreeSet, fmt};

use bundle_manifest::ArtifactPath;

pub use redact::{Redacted, redacted};
pub use secrets::{Secret, secrets};

/// Bytes of one file that are searched.
pub const MAX_SEARCHED: u64 = 64 << 20;
/// Bytes of a line that are searched at once.
const MAX_PIECE: usize = 20_000;
/// Leaks of one file that are kept.
const MAX_LEAKS: usize = 1_000;

/// A kind of leak. Its number is that of the rule `ANON-n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeakKind {
    /// An e-mail address.
    Address,
    /// A home directory, which has its owner's name in it.
    Home,
    /// A name that was looked for.
    Name,
    /// A field or line that says who the author is.
    Author,
    /// The address of the project's own repository, or of a person's pages.
    Repository,
    /// Thanks, funding and affiliations.
    Acknowledgement,
    /// What a program wrote into a file about who made it, where and when.
    Metadata,
}

impl LeakKind {
    /// Every kind, in the order of the rules.
    pub const ALL: [Self; 7] = [
        Self::Address,
        Self::Home,
        Self::Name,
        Self::Author,
        Self::Repository,
        Self::Acknowledgement,
        Self::Metadata,
    ];

    /// The number of its rule.
    pub const fn number(self) -> usize {
        self as usize + 1
    }

    /// What it is, in words for a count: `3 e-mail addresses`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Address => "e-mail addresses",
            Self::Home => "home directories",
            Self::Name => "names",
            Self::Author => "author fields",
            Self::Repository => "addresses of repositories and pages",
            Self::Acknowledgement => "acknowledgements and affiliations",
            Self::Metadata => "metadata of files",
        }
    }
}

impl fmt::Display for LeakKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ANON-{}", self.number())
    }
}

/// Something in a file that says who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// The line, from 1, in a text; `None` in another file.
    pub line: Option<usize>,
    /// Its kind.
    pub kind: LeakKind,
    /// What it says, with the field that says it: untrusted text.
    pub text: String,
    /// Its bytes in the file, where it may be replaced there.
    pub(crate) span: Option<(usize, usize)>,
}

/// Whom one looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// Names and logins, as they were given.
    names: BTreeSet<String>,
    /// `owner/name` of the repositories that are the project's own, lower case.
    repositories: BTreeSet<String>,
}

/// Characters below which a name in Latin letters is found in every text.
const SHORTEST_NAME: usize = 4;

impl People {
    /// Nobody in particular.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Also somebody of this name, login or e-mail address. A name that is too short to be
    /// told from other words, or that many have, is left out: then it returns `false`.
    pub fn add(&mut self, name: &str) -> bool {
        let name = name.trim().trim_matches(['<', '>']);
        let common = [
            "root",
            "user",
            "ubuntu",
            "admin",
            "home",
            "runner",
            "jovyan",
            "noreply",
            "github",
            "gitlab",
            "noreply@github.com",
            "test",
            "anonymous",
        ];
        let known = common.contains(&name.to_lowercase().as_str());
        // Two characters of Chinese or Japanese are a name; two letters are a part of words.
        let shortest = if name.is_ascii() { SHORTEST_NAME } else { 2 };
        let told = name.chars().count() >= shortest && !known;
        if told {
            self.names.insert(name.to_owned());
        }
        told
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Also all of these.
    pub fn extend(&mut self, other: Self) {
        self.names.extend(other.names);
        self.repositories.extend(other.repositories);
    }

    /// Also whoever has this repository: `https://github.com/owner/name.git`.
    pub fn add_repository(&mut self, url: &str) {
        self.repositories.extend(text::repository_of(url));
    }

    /// Also the repositories that the text of `path` calls its own: by links to files of `paths`.
    pub fn learn(&mut self, text: &str, is_own: &dyn Fn(&str) -> bool) {
        self.repositories.extend(text::own_repositories(text, is_own));
    }
}

/// What a file says of who wrote it: its path, then what is in it, in that order.
pub fn leaks(path: &ArtifactPath, content: &[u8], people: &People) -> Vec<Leak> {
    let inside = match text_of(path, content) {
        Some(text) => text::leaks(path, text, people),
        None => binary::leaks(path, content, people),
    };
    in_path(path, people).into_iter().chain(inside).take(MAX_LEAKS).collect()
}

/// A name that the path says: `results_jdoe/a.csv`. To rename a file is its author's to do.
fn in_path(path: &ArtifactPath, people: &People) -> Option<Leak> {
    let named = people.names().find(|name| !text::occurrences(path.as_str(), name).is_empty())?;
    let text = format!("`{named}` in the path");
    Some(Leak { line: None, kind: LeakKind::Name, text, span: None })
}

/// Whether a file is a network by its name: a small one may be UTF-8 by chance.
fn is_network(path: &ArtifactPath) -> bool {
    path.file_name().to_lowercase().ends_with(".onnx")
}

/// The content as text, unless it is something else.
fn text_of<'c>(path: &ArtifactPath, content: &'c [u8]) -> Option<&'c str> {
    let text = std::str::from_utf8(content).ok().filter(|_| !is_network(path))?;
    (!text.contains('\0') && !text.starts_with("%PDF-")).then_some(text)
}

/// A line in pieces that are short enough to be searched, each with its place in the line: a
/// long one (data, a minified notebook) is cut where a string or a word ends.
fn pieces(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = line.get(at..).filter(|rest| !rest.is_empty() || at == 0 && line.is_empty())?;
        let most = rest.get(..rest.floor_char_boundary(MAX_PIECE)).unwrap_or(rest);
        let end = if most.len() == rest.len() {
            rest.len()
        } else {
            let behind = |find: &[char]| most.rfind(find).map(|end| end + 1);
            let near = |end: &usize| *end > MAX_PIECE / 2;
            behind(&['"', ',', ';', '\\'])
                .filter(near)
                .or_else(|| behind(&[' ', '\t']).filter(near))
                .unwrap_or(most.len())
        };
        let piece = (at, rest.get(..end).unwrap_or(rest));
        at += end.max(1);
        Some(piece)
    })
}

#[cfg(test)]
mod tests;
