//! From a canonical text to a lock.

use serde_json::{Value as Json, json};

use super::check::check_features;
use crate::{
    ArtifactPath, BundleName, CodeIdentity, Digest, EqualsGit, FileMode, FormatVersion,
    GitDifference, GitFacts, GitObjectId, Lock, LockError, LockedMember, Version,
    tree::{Definitions, Document, FromToml, Node, quote, table},
};

/// Bytes of a `bundle.lock` that are read at all.
pub(super) const MAX_TEXT: usize = 64 << 20;

impl Lock {
    /// Parses a canonical text: one that [`Lock::to_toml`] writes, byte for byte,
    /// of a value that [`Lock::check`] accepts.
    pub fn from_toml(text: &str) -> Result<Self, LockError> {
        let document = Document::parse(text, MAX_TEXT)?;
        let root = document.root();
        document.finish(FormatVersion::read_first(&root))?;
        if let Some(requires) = root.get("requires").and_then(|node| Vec::<String>::read(&node)) {
            check_features(&requires)?;
        }
        let lock = Self::from_keys(document.finish(LockKeys::read(&root))?)?;
        lock.check()?;
        match first_difference(text, &lock.to_toml()) {
            None => Ok(lock),
            Some(message) => Err(LockError::new(message)),
        }
    }

    fn from_keys(keys: LockKeys) -> Result<Self, LockError> {
        let git = keys.git.map(GitFacts::from_keys).transpose()?;
        Ok(Self {
            name: keys.name,
            version: keys.version,
            requires: keys.requires,
            code: CodeIdentity { swhid: keys.code.swhid.0, sha256: keys.code.sha256 },
            git,
            not_packed: keys.not_packed,
            members: keys.members,
        })
    }
}

impl GitFacts {
    fn from_keys(keys: GitKeys) -> Result<Self, LockError> {
        let equals_git = match (keys.equals_git, keys.differs_by) {
            (true, reasons) if reasons.is_empty() => EqualsGit::Yes,
            (true, _) => {
                return Err(LockError::new("`equals_git` is true, but `differs_by` has a reason"));
            }
            (false, reasons) => EqualsGit::No(reasons),
        };
        let GitKeys { commit, tree, remote, dirty, .. } = keys;
        Ok(Self { commit, tree, remote, dirty, equals_git })
    }
}

/// The first line in which `text` is not `canonical`.
fn first_difference(text: &str, canonical: &str) -> Option<String> {
    if text == canonical {
        return None;
    }
    let (mut lines, mut wanted) = (text.split('\n'), canonical.split('\n'));
    for number in 1.. {
        match (lines.next(), wanted.next()) {
            (Some(line), Some(wanted)) if line == wanted => {}
            (Some(line), Some(wanted)) => {
                let (line, wanted) = (from_difference(line, wanted), from_difference(wanted, line));
                return Some(format!("line {number} is {line}, canonically {wanted}"));
            }
            (Some(_), None) => {
                return Some(format!("line {number} stands after the canonical end"));
            }
            (None, _) => return Some(format!("the text ends before line {number}")),
        }
    }
    None
}

/// A line for a message: where it is long, from shortly before it leaves `other`.
fn from_difference(line: &str, other: &str) -> String {
    if line.is_empty() {
        return "empty".to_owned();
    }
    let same = line.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let skipped = if same > 40 { same - 20 } else { 0 };
    let rest: String = line.chars().skip(skipped).collect();
    if skipped > 0 { quote(&format!("…{rest}")) } else { quote(line) }
}

table! {
    /// The keys of a [`Lock`], before they are judged together.
    struct LockKeys {
        /// The version of the format.
        format: FormatVersion,
        /// The name of the bundle.
        name: BundleName,
        /// The version of the bundle.
        version: Version,
        /// Features that a reader must know.
        requires: Vec<String>,
        /// Symbolic links and submodules.
        not_packed: Vec<ArtifactPath>,
        /// The hash of the code.
        code: CodeKeys,
        /// What git said.
        git: Option<GitKeys>,
        /// The files.
        members: Vec<LockedMember> = Vec::new(),
    }
}

table! {
    /// The keys of a [`CodeIdentity`].
    struct CodeKeys {
        /// With its prefix.
        swhid: DirectorySwhid,
        /// Without one.
        sha256: Digest,
    }
}

table! {
    /// The keys of [`GitFacts`].
    struct GitKeys {
        /// The commit.
        commit: GitObjectId,
        /// The tree.
        tree: GitObjectId,
        /// The remote.
        remote: Option<String>,
        /// Whether a tracked file differed.
        dirty: bool,
        /// Whether there is no difference.
        equals_git: bool,
        /// The differences.
        differs_by: Vec<GitDifference>,
    }
}

/// `swh:1:dir:` and the name of a git tree.
#[derive(Clone, Debug, PartialEq)]
struct DirectorySwhid(GitObjectId);

impl FromToml for DirectorySwhid {
    fn read(node: &Node<'_>) -> Option<Self> {
        let id = node.string()?.strip_prefix("swh:1:dir:").and_then(|hex| hex.parse().ok());
        id.map(Self)
            .or_else(|| node.wrong_type("`swh:1:dir:` and 40 lower-case hexadecimal digits"))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^swh:1:dir:[0-9a-f]{40}$" })
    }
}

impl FromToml for GitObjectId {
    fn read(node: &Node<'_>) -> Option<Self> {
        node.parse()
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string", "pattern": "^[0-9a-f]{40}$" })
    }
}

impl FromToml for FileMode {
    fn read(node: &Node<'_>) -> Option<Self> {
        match node.string()? {
            "0644" => Some(Self::Regular),
            "0755" => Some(Self::Executable),
            _ => node.wrong_type("\"0644\" or \"0755\""),
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "enum": ["0644", "0755"] })
    }
}
