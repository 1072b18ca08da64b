//! Which bytes are in which frame: a pure function of the lock, its size and the
//! size of the signature.
//!
//! The writer cuts with [`Cutter`], and the reader predicts every frame with
//! [`Layout`], which cuts with it too. A seek table that disagrees is a lie.
//!
//! 1. The first frame holds the entries of `bundle.lock`, `bundle.sig` (when
//!    there is one) and `project/bundle.toml`.
//! 2. The other entries follow in the order of their paths. An entry is the
//!    header, the content and its padding. A member of 1 MiB or more starts a
//!    frame and is cut every 8 MiB of its entry. A smaller one joins the frame
//!    before it if that holds small members only and stays within 1 MiB with
//!    it; otherwise it starts a frame.
//! 3. The last frame holds the two zero blocks that end a tar.

use bundle_manifest::{ArtifactPath, FileMode, Lock, LockedMember};

use crate::{ArchiveError, entry, limits::member_subject};

/// A member of this size has frames of its own; a shared frame stays within it.
pub(crate) const SMALL: u64 = 1 << 20;
/// The longest frame of a large member.
pub(crate) const LARGE: u64 = 8 << 20;
/// The two zero blocks that end a tar.
pub(crate) const CLOSING: u64 = 2 * entry::BLOCK;

/// The members whose place is not given by their path.
pub(crate) const LOCK: &str = "bundle.lock";
pub(crate) const SIGNATURE: &str = "bundle.sig";
pub(crate) const MANIFEST: &str = "project/bundle.toml";
/// Every member of the lock is below this directory.
pub(crate) const PROJECT: &str = "project";

/// Decides where frames begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cutter {
    /// Bytes in the shared frame that is open.
    shared: Option<u64>,
}

impl Cutter {
    /// Whether the next entry joins the open frame; otherwise it starts one.
    pub(crate) fn joins(&mut self, size: u64, entry: u64) -> bool {
        if size >= SMALL {
            self.shared = None;
            return false;
        }
        let together = self.shared.map(|shared| shared.saturating_add(entry));
        let joins = together.is_some_and(|bytes| bytes <= SMALL);
        self.shared = if joins { together } else { Some(entry) };
        joins
    }
}

/// A member in the archive.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its place in the lock's list.
    pub(crate) index: usize,
    /// The first frame that holds bytes of it.
    pub(crate) frame: usize,
    /// Where it begins in that frame.
    pub(crate) offset: u64,
}

/// The frames of a bundle and the entries after the first frame.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Unpacked bytes of each frame.
    pub(crate) frames: Vec<u64>,
    /// The members after the first frame, in order.
    pub(crate) entries: Vec<Entry>,
}

impl Layout {
    /// The layout of a bundle with this lock.
    pub(crate) fn of(
        lock: &Lock,
        lock_size: u64,
        signature: Option<u64>,
    ) -> Result<Self, ArchiveError> {
        let stem = lock.stem();
        let manifest = manifest_member(lock)?;
        let mut first = entry_length(&stem, LOCK, lock_size, FileMode::Regular)?;
        if let Some(size) = signature {
            first =
                sum(SIGNATURE, first, entry_length(&stem, SIGNATURE, size, FileMode::Regular)?)?;
        }
        first = sum(MANIFEST, first, entry_length(&stem, MANIFEST, manifest.size, manifest.mode)?)?;
        let mut layout = Self { frames: vec![first], entries: Vec::new() };
        let mut cutter = Cutter::default();
        for (index, member) in
            lock.members.iter().enumerate().filter(|(_, member)| is_behind(member))
        {
            let path = member.path.as_str();
            let length = entry_length(&stem, path, member.size, member.mode)?;
            layout.place(index, member.size, length, &mut cutter);
        }
        layout.frames.push(CLOSING);
        Ok(layout)
    }

    fn place(&mut self, index: usize, size: u64, length: u64, cutter: &mut Cutter) {
        if cutter.joins(size, length)
            && let Some(shared) = self.frames.last_mut()
        {
            let offset = *shared;
            *shared = shared.saturating_add(length);
            self.entries.push(Entry { index, frame: self.frames.len().saturating_sub(1), offset });
            return;
        }
        self.entries.push(Entry { index, frame: self.frames.len(), offset: 0 });
        let mut rest = length;
        // A small entry may exceed 1 MiB by its header; it still has one frame.
        while rest > 0 {
            let frame = rest.min(LARGE);
            self.frames.push(frame);
            rest = rest.saturating_sub(frame);
        }
    }

    /// The entry of a member, by its place in the lock's list.
    pub(crate) fn entry(&self, index: usize) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&index, |entry| entry.index).ok()?;
        self.entries.get(at)
    }
}

/// Whether a member comes after the first frame.
pub(crate) fn is_behind(member: &LockedMember) -> bool {
    !member.withheld && member.path.as_str() != MANIFEST
}

/// The lock's entry for `project/bundle.toml`, which every bundle holds.
pub(crate) fn manifest_member(lock: &Lock) -> Result<&LockedMember, ArchiveError> {
    let member = MANIFEST.parse::<ArtifactPath>().ok().and_then(|path| lock.member(&path));
    let Some(member) = member else {
        return Err(ArchiveError::malformed(
            "`bundle.lock`",
            format!("does not list `{MANIFEST}`"),
        ));
    };
    if member.withheld {
        return Err(ArchiveError::malformed("`bundle.lock`", format!("withholds `{MANIFEST}`")));
    }
    Ok(member)
}

/// Bytes of a header, the content and its padding.
fn entry_length(stem: &str, path: &str, size: u64, mode: FileMode) -> Result<u64, ArchiveError> {
    let header = entry::header(stem, path, size, mode).len();
    let header = u64::try_from(header).unwrap_or(u64::MAX);
    sum(path, header, sum(path, size, entry::padding(size))?)
}

fn sum(path: &str, left: u64, right: u64) -> Result<u64, ArchiveError> {
    left.checked_add(right)
        .ok_or_else(|| ArchiveError::limit(member_subject(path), "is larger than any file can be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames after the first, each as its bytes, for members of these sizes.
    fn frames(sizes: &[u64]) -> Vec<u64> {
        let mut layout = Layout { frames: vec![0], entries: Vec::new() };
        let mut cutter = Cutter::default();
        for (index, size) in sizes.iter().enumerate() {
            let length = entry_length("x-1", "project/a", *size, FileMode::Regular).expect("small");
            layout.place(index, *size, length, &mut cutter);
        }
        layout.frames.split_off(1)
    }

    #[test]
    fn small_members_share_and_large_ones_do_not() {
        let kib = 1 << 10;
        let cases: [(&[u64], &[u64]); 8] = [
            (&[], &[]),
            (&[0], &[512]),
            (&[1, 512, 513], &[1024 + 1024 + 1536]),
            (&[511 * kib, 511 * kib, 1], &[2 * (511 * kib + 512) + 1024]),
            (&[512 * kib, 512 * kib], &[512 * kib + 512, 512 * kib + 512]),
            (&[SMALL - 1, 1], &[SMALL + 512, 1024]),
            (&[1, SMALL, 1], &[1024, SMALL + 512, 1024]),
            (&[LARGE - 512, 2 * LARGE], &[LARGE, LARGE, LARGE, 512]),
        ];
        for (sizes, expected) in cases {
            assert_eq!(frames(sizes), expected, "{sizes:?}");
        }
    }

    #[test]
    fn sizes_that_no_file_has_are_refused() {
        let error = entry_length("x-1", "project/a", u64::MAX - 3, FileMode::Regular)
            .expect_err("too large");
        assert_eq!(error.to_string(), "`project/a`: is larger than any file can be");
    }
}
