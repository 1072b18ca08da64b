//! The identity of a bundle.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::{Digest, Lock};

/// `sha256:` and the OMS root digest: SHA-256 over the concatenated raw digests of
/// every member but `bundle.sig`, in code-point order of their path below the top directory.
///
/// `bundle.lock` sorts before `project/…`, and the lock keeps its members
/// sorted, so the order needs no sorting here. Names are not hashed a second
/// time: the lock, whose digest comes first, holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(pub Digest);

impl BundleId {
    /// The id of the bundle with this lock (withheld members are not part of it).
    pub fn of(lock: &Lock) -> Self {
        Self::of_text(lock, lock.to_toml().as_bytes())
    }

    /// The same, where the canonical text of the lock is at hand.
    pub fn of_text(lock: &Lock, text: &[u8]) -> Self {
        let mut root = Sha256::new();
        root.update(Sha256::digest(text));
        for member in lock.members.iter().filter(|member| !member.withheld) {
            root.update(member.sha256.as_bytes());
        }
        Self(Digest::from_bytes(root.finalize().into()))
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl Lock {
    /// What a bundle with this lock holds, which is what is signed: `bundle.lock`
    /// and every member that is not withheld, in code-point order of their paths.
    pub fn contents(&self) -> Vec<(String, Digest)> {
        let lock = Digest::from_bytes(Sha256::digest(self.to_toml()).into());
        let members = self.members.iter().filter(|member| !member.withheld);
        let members = members.map(|member| (member.path.as_str().to_owned(), member.sha256));
        std::iter::once(("bundle.lock".to_owned(), lock)).chain(members).collect()
    }
}
