//! Container and signature together: what may be believed of a whole bundle.

use std::path::PathBuf;

use bundle_archive::{Archive, ArchiveError};
use bundle_project::SourceTree;
use bundle_signature::{Flaw, SignedDirectory, Trust, Verification, verify_bundle};

use crate::{CheckError, subject::is_unreadable};

/// What may be believed of a bundle, after every byte of it was read: that it is canonical,
/// that every member is what the lock says, and what the signature of the lock is
/// worth. A signed bundle of which one of these does not hold is bad. `progress`
/// hears the bytes read since its last call.
pub fn verify_archive(
    archive: &Archive,
    trust: &Trust,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Verification, ArchiveError> {
    match archive.verify(progress) {
        Ok(_) => Ok(verify_bundle(archive.signature(), archive.lock(), trust)),
        Err(error) if is_unreadable(&error) => Err(error),
        Err(error) => Ok(Verification::Bad(flaw(&error))),
    }
}

/// What may be believed of an extracted bundle, after every file of it was read: the policy
/// of bundles, and that the files in it are those of its lock, with their content and modes,
/// and no others. `ignore` and `ignore_unsigned` make exceptions that the user asked for.
pub fn verify_extracted(
    tree: &SourceTree,
    exceptions: (&[PathBuf], bool),
    trust: &Trust,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Verification, CheckError> {
    let (Some(lock), Some(project)) = (tree.lock(), tree.directory()) else {
        return Ok(Verification::Unsigned);
    };
    let found = verify_bundle(tree.signature()?.as_deref(), lock, trust);
    if matches!(found, Verification::Bad(_) | Verification::Unsigned) {
        return Ok(found);
    }
    let root = project.parent().unwrap_or(project);
    let directory = SignedDirectory {
        path: root.to_owned(),
        signature: root.join("bundle.sig"),
        ignore: exceptions.0.to_vec(),
        ignore_unsigned: exceptions.1,
    };
    if let Err(flaw) = directory.hold_against(lock, progress)? {
        return Ok(Verification::Bad(flaw));
    }
    Ok(match tree.of_other_mode().first() {
        Some(path) => {
            Verification::Bad(Flaw::new(format!("`{path}`"), "has another mode than the lock says"))
        }
        None => found,
    })
}

/// What is wrong with a container, said of the signature that is of another one.
pub(crate) fn flaw(error: &ArchiveError) -> Flaw {
    Flaw::new(&error.subject, format!("is not what was signed: {}", error.kind))
}
