//! `bundle.lock`: what the packer measured, in one canonical form.
//!
//! Only what a specification defines is stored, so that no later version
//! computes it differently. The text is a function of the value: parsing accepts
//! exactly what [`Lock::to_toml`] writes.

mod check;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use crate::{
    ArtifactPath, BundleName, Digest, GitObjectId, ManifestError, Version,
    tree::{table, words},
};

/// The permission bits of a member: two values, as git has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileMode {
    /// `0644`
    Regular,
    /// `0755`
    Executable,
}

impl FileMode {
    /// The bits, as in a tar header.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Regular => 0o644,
            Self::Executable => 0o755,
        }
    }

    /// The mode with these bits, if there is one.
    pub const fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            0o644 => Some(Self::Regular),
            0o755 => Some(Self::Executable),
            _ => None,
        }
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.bits())
    }
}

table! {
    /// A file of the project, as the lock lists it.
    #[derive(Eq)]
    pub struct LockedMember {
        /// Its path in the bundle, below `project/`.
        path: ArtifactPath,
        /// Its size in bytes, at most 2^63 - 1.
        size: u64,
        /// SHA-256 of its content.
        sha256: Digest,
        /// Its mode.
        mode: FileMode,
        /// Whether it is part of the code (tracked by git, or not ignored where git was not asked).
        tracked: bool,
        /// Whether its content was held back: listed here, absent from the archive.
        withheld: bool = false,
    }
}

/// The hash of the code: of the tracked members as packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeIdentity {
    /// `swh:1:dir:…`: the SWHID (ISO/IEC 18670) of the directory, a git tree name under SHA-1.
    pub swhid: GitObjectId,
    /// The git tree name of the same directory under SHA-256.
    pub sha256: Digest,
}

words! {
    /// Why the packed code is not the git tree at `HEAD`.
    pub enum GitDifference ("reason") {
        /// A tracked symbolic link, which is not packed.
        Link = "link",
        /// A submodule, which is not packed.
        Submodule = "submodule",
        /// A filter (end of line, LFS, ident) makes the file differ from the blob.
        Filter = "filter",
        /// A tracked file was changed, added or deleted since `HEAD`.
        Dirty = "dirty",
        /// A tracked file is excluded by `[files] exclude`.
        Excluded = "excluded",
    }
}

/// Whether the packed code is the git tree at `HEAD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EqualsGit {
    /// The SWHID is the name of git's tree.
    Yes,
    /// It is not, for these reasons: sorted, without repeats, at least one.
    No(Vec<GitDifference>),
}

/// What git said at packing. Checkable only against the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitFacts {
    /// The commit at `HEAD`.
    pub commit: GitObjectId,
    /// The tree of the packed directory at `HEAD`.
    pub tree: GitObjectId,
    /// The URL of the remote `origin`, without credentials.
    pub remote: Option<String>,
    /// Whether a tracked file differed from `HEAD`.
    pub dirty: bool,
    /// Whether the packed code is `tree`.
    pub equals_git: EqualsGit,
}

/// A `bundle.lock`, format 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The name of the bundle.
    pub name: BundleName,
    /// The version of the bundle.
    pub version: Version,
    /// Features that a reader must know. None exist yet.
    pub requires: Vec<String>,
    /// The hash of the code.
    pub code: CodeIdentity,
    /// What git said, where git was asked.
    pub git: Option<GitFacts>,
    /// Symbolic links and submodules of the project, below `project/`: listed,
    /// not packed. Sorted.
    pub not_packed: Vec<ArtifactPath>,
    /// The files of the project, by path.
    pub members: Vec<LockedMember>,
}

/// Why a text is not a canonical `bundle.lock`, or a value cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct LockError {
    /// What is wrong, naming the line or the member.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

impl LockError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }
}

impl From<ManifestError> for LockError {
    /// The first problem, with its line.
    fn from(error: ManifestError) -> Self {
        match error.problems().first() {
            Some(first) => {
                let message = format!("line {}: {first}", first.line);
                Self { message, hint: first.hint.clone() }
            }
            None => Self::new(error.to_string()),
        }
    }
}

impl Lock {
    /// `NAME-VERSION`
    pub fn stem(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// The member at `path` (which begins with `project/`).
    pub fn member(&self, path: &ArtifactPath) -> Option<&LockedMember> {
        let index = self.members.binary_search_by(|member| member.path.cmp(path)).ok()?;
        self.members.get(index)
    }
}
