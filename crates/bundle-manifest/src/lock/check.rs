//! What a lock promises beyond its syntax.

use std::fmt;

use crate::{EqualsGit, GitDifference, GitFacts, Lock, LockError, PathCollision, tree::quote};

/// Features that this program knows. None exist yet.
const FEATURES: [&str; 0] = [];

impl Lock {
    /// Checks what a lock promises beyond its syntax. A writer calls this too:
    /// what it refuses, [`Lock::from_toml`] would refuse in the bundle.
    ///
    /// Features are known; paths lie below `project/`, sorted by code point and
    /// distinct on every system; `project/bundle.toml` is there; sizes add up to
    /// at most 2^63 - 1 bytes; the reasons of [`EqualsGit::No`] are sorted.
    pub fn check(&self) -> Result<(), LockError> {
        check_features(&self.requires)?;
        if let Some(git) = &self.git {
            git.check()?;
        }
        check_order("not_packed", &self.not_packed.iter().collect::<Vec<_>>())?;
        check_order(
            "members",
            &self.members.iter().map(|member| &member.path).collect::<Vec<_>>(),
        )?;
        let all = || self.members.iter().map(|member| &member.path).chain(&self.not_packed);
        if let Some(outside) = all().find(|path| !path.as_str().starts_with("project/")) {
            return Err(LockError::new(format!("`{outside}` is not below `project/`")));
        }
        if let Some(collision) = PathCollision::find(all()) {
            return Err(LockError::new(collision.to_string()));
        }
        self.check_sizes()?;
        match self.members.iter().find(|member| member.path.as_str() == "project/bundle.toml") {
            None => Err(LockError::new("`members` has no `project/bundle.toml`")),
            Some(manifest) if manifest.withheld => {
                Err(LockError::new("`project/bundle.toml` is withheld; a reader needs it"))
            }
            Some(_) => Ok(()),
        }
    }

    fn check_sizes(&self) -> Result<(), LockError> {
        let mut total: i64 = 0;
        for member in &self.members {
            let sum = i64::try_from(member.size).ok().and_then(|size| total.checked_add(size));
            total = sum.ok_or_else(|| {
                LockError::new(format!("the sizes up to `{}` exceed 2^63 - 1 bytes", member.path))
            })?;
        }
        Ok(())
    }
}

impl GitFacts {
    fn check(&self) -> Result<(), LockError> {
        let EqualsGit::No(reasons) = &self.equals_git else { return Ok(()) };
        if reasons.is_empty() {
            return Err(LockError::new("`equals_git` is false, but `differs_by` has no reason"));
        }
        if reasons.contains(&GitDifference::Dirty) && !self.dirty {
            return Err(LockError::new("`differs_by` says `dirty`, but `dirty` is false"));
        }
        check_order("differs_by", reasons)
    }
}

pub(super) fn check_features(requires: &[String]) -> Result<(), LockError> {
    match requires.iter().find(|feature| !FEATURES.contains(&feature.as_str())) {
        None => Ok(()),
        Some(feature) => Err(LockError {
            message: format!(
                "the bundle requires the feature {}, which this program does not know",
                quote(feature)
            ),
            hint: Some("install a newer version of bundle".to_owned()),
        }),
    }
}

/// Demands a strictly rising order, which also excludes repeats.
fn check_order<T: Ord + fmt::Display>(key: &str, items: &[T]) -> Result<(), LockError> {
    let Some(pair) = items.windows(2).find(|pair| pair[0] >= pair[1]) else { return Ok(()) };
    Err(LockError::new(if pair[0] == pair[1] {
        format!("`{key}` lists `{}` twice", pair[0])
    } else {
        format!("`{key}` is not sorted: `{}` stands before `{}`", pair[0], pair[1])
    }))
}
