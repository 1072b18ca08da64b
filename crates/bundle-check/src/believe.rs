//! Container and signature together: what may be believed of a whole bundle.

use bundle_archive::{Archive, ArchiveError};
use bundle_signature::{Flaw, Trust, Verification, verify_bundle};

use crate::subject::is_unreadable;

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

/// What is wrong with a container, said of the signature that is of another one.
pub(crate) fn flaw(error: &ArchiveError) -> Flaw {
    let what = format!("is not what was signed: {}", error.kind);
    Flaw { subject: error.subject.clone(), what }
}
