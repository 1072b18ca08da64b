//! What a reader accepts before it believes a number in a file.

use bundle_manifest::Lock;

use crate::ArchiveError;

/// What a reader accepts. Every number has a safe default. A writer keeps to
/// the defaults, so that every bundle it makes can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Members.
    pub members: usize,
    /// Bytes of one member.
    pub member_size: u64,
    /// Bytes of all members.
    pub total_size: u64,
    /// Unpacked bytes per packed byte of a frame. A writer stays below 1,000.
    pub ratio: u64,
    /// Bytes of `bundle.lock`.
    pub lock_size: u64,
    /// Bytes of `bundle.sig`.
    pub signature_size: u64,
    /// Bytes of `bundle.toml`.
    pub manifest_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: 65_536,
            member_size: 1 << 40,
            total_size: 1 << 42,
            ratio: 2000,
            lock_size: 64 << 20,
            signature_size: 64 << 20,
            manifest_size: 4 << 20,
        }
    }
}

impl Limits {
    /// Whether a lock's own numbers are within the limits.
    pub(crate) fn admit(&self, lock: &Lock) -> Result<(), ArchiveError> {
        if lock.members.len() > self.members {
            return Err(too_many(lock.members.len(), self.members));
        }
        let mut total: u64 = 0;
        for member in &lock.members {
            if member.size > self.member_size {
                return Err(too_large(
                    member_subject(member.path.as_str()),
                    member.size,
                    self.member_size,
                ));
            }
            total = total.saturating_add(member.size);
        }
        if total > self.total_size {
            return Err(too_large("members together", total, self.total_size));
        }
        Ok(())
    }
}

pub(crate) fn too_many(members: usize, limit: usize) -> ArchiveError {
    ArchiveError::limit("`bundle.lock`", format!("lists {members} members, the limit is {limit}"))
}

pub(crate) fn too_large(subject: impl Into<String>, size: u64, limit: u64) -> ArchiveError {
    ArchiveError::limit(subject, format!("has {size} bytes, the limit is {limit}"))
}

/// How an error names a member.
pub(crate) fn member_subject(path: &str) -> String {
    format!("`{}`", path.escape_debug())
}
