//! One member at a time, by its path: through the layout and the seek table,
//! with its header and its digest checked.

use std::{
    io::{self, Cursor, Read},
    sync::{Arc, PoisonError},
};

use bundle_manifest::{ArtifactPath, FileSource, LockedMember};
use sha2::{Digest as _, Sha256};

use crate::{
    Archive, ArchiveError, entry,
    feed::Feed,
    head::expect_header,
    layout::{Entry, MANIFEST, PROJECT, SMALL},
    limits::member_subject,
    read::subject,
    verify::{check_digest, read_header},
};

/// The content of one member. The last byte is handed out only when the digest
/// of the whole is what the lock says; memory is one frame.
pub struct MemberReader<'a>(Content<'a>);

enum Content<'a> {
    Small(Cursor<Vec<u8>>),
    Large { feed: Box<Feed<'a>>, member: &'a LockedMember, hasher: Sha256, rest: u64 },
}

impl std::fmt::Debug for MemberReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemberReader").finish_non_exhaustive()
    }
}

impl Archive {
    /// Opens a file of the project for streaming. The path is relative to
    /// `bundle.toml`. An error of kind `NotFound` when the archive does not hold it.
    pub fn open_member(&self, path: &ArtifactPath) -> io::Result<MemberReader<'_>> {
        let (index, member) = self.find(path).ok_or_else(|| not_found(self, path))?;
        self.open_at(index, member).map_err(ArchiveError::into_io)
    }

    /// The lock's entry for a file that the archive holds.
    fn find(&self, path: &ArtifactPath) -> Option<(usize, &LockedMember)> {
        let members = &self.lock().members;
        let whole = format!("{PROJECT}/{path}");
        let index = members.binary_search_by(|member| member.path.as_str().cmp(&whole)).ok()?;
        members.get(index).filter(|member| !member.withheld).map(|member| (index, member))
    }

    fn open_at<'a>(
        &'a self,
        index: usize,
        member: &'a LockedMember,
    ) -> Result<MemberReader<'a>, ArchiveError> {
        if member.path.as_str() == MANIFEST {
            let text = self.manifest_text().as_bytes().to_vec();
            return Ok(MemberReader(Content::Small(Cursor::new(text))));
        }
        let place = self.layout.entry(index);
        let place = place.ok_or_else(|| {
            ArchiveError::malformed(member_subject(member.path.as_str()), "is nowhere")
        })?;
        if member.size < SMALL {
            return self
                .read_small(place, member)
                .map(|bytes| MemberReader(Content::Small(Cursor::new(bytes))));
        }
        let mut feed = Box::new(Feed::inline(self, place.frame)?);
        read_header(&self.lock().stem(), member, &mut feed)?;
        Ok(MemberReader(Content::Large { feed, member, hasher: Sha256::new(), rest: member.size }))
    }

    fn read_small(&self, place: &Entry, member: &LockedMember) -> Result<Vec<u8>, ArchiveError> {
        let frame = self.shared_frame(place.frame)?;
        let path = member.path.as_str();
        let expected = entry::header(&self.lock().stem(), path, member.size, member.mode);
        let cut = || ArchiveError::malformed(subject(place.frame), format!("ends within `{path}`"));
        let at = usize::try_from(place.offset).map_err(|_| cut())?;
        let bytes = frame.get(at..).ok_or_else(cut)?;
        let (header, rest) = bytes.split_at_checked(expected.len()).ok_or_else(cut)?;
        expect_header(path, header, &expected)?;
        let size = usize::try_from(member.size).map_err(|_| cut())?;
        let content = rest.get(..size).ok_or_else(cut)?;
        check_digest(member, Sha256::new_with_prefix(content))?;
        Ok(content.to_vec())
    }

    /// A frame of small members, from the cache of one.
    fn shared_frame(&self, index: usize) -> Result<Arc<Vec<u8>>, ArchiveError> {
        // A panic elsewhere cannot leave half a frame here: it is replaced whole.
        let mut cached = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, frame)) = cached.as_ref()
            && *number == index
        {
            return Ok(Arc::clone(frame));
        }
        let mut feed = Feed::inline(self, index)?;
        let frame = Arc::new(feed.take(u64::MAX)?.to_vec());
        *cached = Some((index, Arc::clone(&frame)));
        Ok(frame)
    }
}

impl Read for MemberReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Content::Small(content) => content.read(buffer),
            Content::Large { rest: 0, .. } => Ok(0),
            Content::Large { .. } if buffer.is_empty() => Ok(0),
            Content::Large { feed, member, hasher, rest } => {
                let most = u64::try_from(buffer.len()).unwrap_or(u64::MAX);
                let bytes = feed.take(most.min(*rest)).map_err(ArchiveError::into_io)?;
                hasher.update(bytes);
                *rest = rest.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                if *rest == 0 {
                    check_digest(member, std::mem::take(hasher)).map_err(ArchiveError::into_io)?;
                }
                let length = bytes.len();
                buffer.get_mut(..length).unwrap_or_default().copy_from_slice(bytes);
                Ok(length)
            }
        }
    }
}

impl FileSource for Archive {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        self.find(path).map(|(_, member)| member.size)
    }

    fn read(&self, path: &ArtifactPath, limit: u64) -> io::Result<Vec<u8>> {
        let (index, member) = self.find(path).ok_or_else(|| not_found(self, path))?;
        if member.size > limit {
            let what = format!("`{path}` has {} bytes, the limit is {limit}", member.size);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
        }
        if let Some(kept) = self.take_kept(member) {
            return Ok(kept);
        }
        let mut reader = self.open_at(index, member).map_err(ArchiveError::into_io)?;
        if let MemberReader(Content::Small(content)) = reader {
            return Ok(content.into_inner());
        }
        let mut bytes = Vec::new();
        let size = usize::try_from(member.size).map_err(|_| io::ErrorKind::OutOfMemory)?;
        bytes.try_reserve_exact(size)?;
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn not_found(archive: &Archive, path: &ArtifactPath) -> io::Error {
    let whole = format!("{PROJECT}/{path}");
    let withheld = archive.lock().members.iter().any(|member| member.path.as_str() == whole);
    let what = if withheld { "is withheld from this edition" } else { "is not in the bundle" };
    io::Error::new(io::ErrorKind::NotFound, format!("`{path}` {what}"))
}
