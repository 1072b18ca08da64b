//! The lock of a selection.

use bundle_manifest::{CodeIdentity, GitFacts, InvalidPath, Lock, LockedMember, Manifest};

use crate::Selected;

/// Puts together the lock of measured members, whose paths begin with `project/`.
/// Links and submodules are listed by their path in the bundle, too.
pub fn lock_of(
    manifest: &Manifest,
    selected: &Selected,
    mut members: Vec<LockedMember>,
    code: CodeIdentity,
    git: Option<GitFacts>,
) -> Lock {
    members.sort_by(|a, b| a.path.cmp(&b.path));
    let in_bundle = |path| -> Result<_, InvalidPath> { format!("project/{path}").parse() };
    Lock {
        name: manifest.bundle.name.clone(),
        version: manifest.bundle.version.clone(),
        requires: Vec::new(),
        code,
        git,
        // Only a path longer than a member's may be has no name in the bundle.
        not_packed: selected.not_packed.iter().filter_map(|path| in_bundle(path).ok()).collect(),
        members,
    }
}
