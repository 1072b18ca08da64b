//! Reading everything once: headers, order, padding, digests.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
    thread,
};

use bundle_manifest::{ArtifactPath, BundleId, Digest, LockedMember};
use sha2::{Digest as _, Sha256};

use crate::{
    Archive, ArchiveError, ArchiveErrorKind, entry,
    feed::Feed,
    head::expect_header,
    layout::{CLOSING, PROJECT, is_behind, manifest_member},
    limits::member_subject,
    read::subject,
};

/// Every member was read and is what the lock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The identity.
    pub id: BundleId,
    /// Bytes of all members of the project that the archive holds.
    pub bytes: u64,
    /// How many members of the project the archive holds.
    pub members: usize,
}

/// Takes the members behind the first frame as they are read, before their digests are known.
pub(crate) trait Sink {
    /// A member begins.
    fn begin(&mut self, member: &LockedMember) -> Result<(), ArchiveError>;
    /// More of its content.
    fn content(&mut self, bytes: &[u8]) -> Result<(), ArchiveError>;
    /// It is complete, and what the lock says.
    fn end(&mut self) -> Result<(), ArchiveError>;
}

/// Keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self, _member: &LockedMember) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn content(&mut self, _bytes: &[u8]) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), ArchiveError> {
        Ok(())
    }
}

/// Keeps members that are read next.
struct Keep<'a> {
    archive: &'a Archive,
    /// Their paths, as the lock has them.
    wanted: BTreeSet<String>,
    /// The one that is being read.
    current: Option<(String, Vec<u8>)>,
}

impl Sink for Keep<'_> {
    fn begin(&mut self, member: &LockedMember) -> Result<(), ArchiveError> {
        let path = member.path.as_str();
        let mut content = Vec::new();
        let size = usize::try_from(member.size).unwrap_or(usize::MAX);
        // What there is no memory for is read again later, and the error is told there.
        let keep = self.wanted.contains(path) && content.try_reserve_exact(size).is_ok();
        self.current = keep.then(|| (path.to_owned(), content));
        Ok(())
    }

    fn content(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        if let Some((_, content)) = &mut self.current {
            content.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), ArchiveError> {
        if let Some((path, content)) = self.current.take() {
            self.archive.kept().insert(path, content);
        }
        Ok(())
    }
}

impl Archive {
    /// Reads everything once, in order, in flat memory: canonical headers, frames,
    /// digests. `progress` hears the bytes of content read since the last call.
    pub fn verify(&self, progress: &(dyn Fn(u64) + Sync)) -> Result<Verified, ArchiveError> {
        self.walk(&mut Nowhere, progress)
    }

    /// The same, and keeps some files of the project: the next
    /// [`read`](bundle_manifest::FileSource::read) of each hands it out, without unpacking and
    /// hashing it once more.
    pub fn verify_keeping<'p>(
        &self,
        paths: impl IntoIterator<Item = &'p ArtifactPath>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Verified, ArchiveError> {
        let wanted = paths.into_iter().map(|path| format!("{PROJECT}/{path}")).collect();
        self.walk(&mut Keep { archive: self, wanted, current: None }, progress)
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        // A panic elsewhere cannot leave half a member here: it is put in whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was kept of a member, which then is no longer.
    pub(crate) fn take_kept(&self, member: &LockedMember) -> Option<Vec<u8>> {
        self.kept().remove(member.path.as_str())
    }

    /// Reads every frame behind the first (which opening has checked) into `sink`.
    pub(crate) fn walk(
        &self,
        sink: &mut dyn Sink,
        progress: &dyn Fn(u64),
    ) -> Result<Verified, ArchiveError> {
        let manifest = manifest_member(self.lock())?;
        let mut verified = Verified { id: self.id(), bytes: manifest.size, members: 1 };
        progress(manifest.size);
        thread::scope(|scope| {
            let mut feed = Feed::ahead(scope, self, 1)?;
            for member in self.lock().members.iter().filter(|member| is_behind(member)) {
                self.walk_member(member, &mut feed, sink, progress)?;
                verified.bytes = verified.bytes.saturating_add(member.size);
                verified.members = verified.members.saturating_add(1);
            }
            let last = subject(self.frames.len().saturating_sub(1));
            expect_zeros(
                &mut feed,
                CLOSING,
                &last,
                "does not hold the two zero blocks that end a tar",
            )
        })?;
        Ok(verified)
    }

    fn walk_member(
        &self,
        member: &LockedMember,
        feed: &mut Feed<'_>,
        sink: &mut dyn Sink,
        progress: &dyn Fn(u64),
    ) -> Result<(), ArchiveError> {
        read_header(&self.lock().stem(), member, feed)?;
        sink.begin(member)?;
        let mut hasher = Sha256::new();
        let mut rest = member.size;
        while rest > 0 {
            self.check_cancelled()?;
            let bytes = feed.take(rest)?;
            hasher.update(bytes);
            sink.content(bytes)?;
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            progress(length);
            rest = rest.saturating_sub(length);
        }
        check_digest(member, hasher)?;
        sink.end()?;
        let subject = member_subject(member.path.as_str());
        expect_zeros(
            feed,
            entry::padding(member.size),
            &subject,
            "is followed by padding that is not zero",
        )
    }
}

/// Takes a member's header and demands the canonical one.
pub(crate) fn read_header(
    stem: &str,
    member: &LockedMember,
    feed: &mut Feed<'_>,
) -> Result<(), ArchiveError> {
    let path = member.path.as_str();
    let expected = entry::header(stem, path, member.size, member.mode);
    let actual = feed.take_all(expected.len())?;
    expect_header(path, &actual, &expected)
}

/// Demands the digest of the lock.
pub(crate) fn check_digest(member: &LockedMember, hasher: Sha256) -> Result<(), ArchiveError> {
    let actual = Digest::from_bytes(hasher.finalize().into());
    if actual == member.sha256 {
        return Ok(());
    }
    let kind = ArchiveErrorKind::Digest { actual, expected: member.sha256 };
    Err(ArchiveError::new(member_subject(member.path.as_str()), kind))
}

fn expect_zeros(
    feed: &mut Feed<'_>,
    count: u64,
    subject: &str,
    otherwise: &str,
) -> Result<(), ArchiveError> {
    let mut rest = count;
    while rest > 0 {
        let bytes = feed.take(rest)?;
        if bytes.iter().any(|byte| *byte != 0) {
            return Err(ArchiveError::malformed(subject, otherwise));
        }
        rest = rest.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}
