//! Whether git's own filters explain why a file differs from its blob.
//!
//! Built-in conversions (end of line, `ident`, encodings) are computed. Programs
//! that a repository names (`filter.*.clean`) are never run: for Git LFS the
//! pointer says what the content must be; of any other program only its presence
//! is known.

use std::io::Read as _;

use bundle_manifest::{ArtifactPath, GitObjectId};
use gix::{
    ObjectId, Repository,
    attrs::{StateRef, search::Outcome},
    filter::plumbing::{
        self,
        pipeline::{CrlfRoundTripCheck, convert::ToGitOutcome},
    },
    worktree::{IndexPersistedOrInMemory, Stack},
};
use sha2::{Digest as _, Sha256};

use crate::{ProjectError, disk::Disk, git::Place, swhid::blob_names};

/// Bytes of a file whose conversion is tried. Text is smaller; a conversion needs it in memory.
const MAX_CONVERTED: u64 = 256 << 20;
/// Bytes of a Git LFS pointer: its specification says less than 1024.
const MAX_POINTER: u64 = 1024;
const POINTER_VERSION: &str = "version https://git-lfs.github.com/spec/v1\n";

/// The conversions of a repository from worktree to blob.
pub(crate) struct Filters<'r> {
    repository: &'r Repository,
    place: &'r Place,
    disk: &'r Disk,
    pipeline: plumbing::Pipeline,
    attributes: Stack,
    index: IndexPersistedOrInMemory,
}

impl<'r> Filters<'r> {
    pub(crate) fn new(
        repository: &'r Repository,
        place: &'r Place,
        disk: &'r Disk,
    ) -> Result<Self, ProjectError> {
        let broken = |error| place.broken("attributes", error);
        let (whole, index) = repository.filter_pipeline(None).map_err(broken)?;
        let (mut pipeline, attributes) = whole.into_parts();
        let options = pipeline.options_mut();
        options.drivers.clear(); // a program of the repository never runs
        options.crlf_roundtrip_check = CrlfRoundTripCheck::Skip;
        Ok(Self { repository, place, disk, pipeline, attributes, index })
    }

    /// Whether `path` on disk is `blob` after the filters of the repository.
    pub(crate) fn explain(
        &mut self,
        path: &ArtifactPath,
        blob: GitObjectId,
    ) -> Result<bool, ProjectError> {
        if let Some(pointer) = self.pointer(blob)? {
            return self.is_content_of(path, &pointer);
        }
        let broken = |error| ProjectError::unreadable(path, error);
        let relative = self.place.in_worktree(path.as_str())?;
        let at = self
            .attributes
            .at_path(relative.as_path(), None, &self.repository.objects)
            .map_err(broken)?;
        let mut outcome = Outcome::default();
        outcome.initialize_with_selection(
            &gix::attrs::search::MetadataCollection::default(),
            ["filter"],
        );
        at.matching_attributes(&mut outcome);
        if outcome.iter_selected().any(|hit| matches!(hit.assignment.state, StateRef::Value(_))) {
            return Ok(true);
        }
        let mut content = Vec::new();
        self.disk
            .open(path)
            .and_then(|file| file.take(MAX_CONVERTED).read_to_end(&mut content))
            .map_err(broken)?;
        self.converted(path, &content).map(|name| name == Some(blob))
    }

    /// The name of the blob that git's built-in filters make of a content; `None` where they leave it alone.
    fn converted(
        &mut self,
        path: &ArtifactPath,
        content: &[u8],
    ) -> Result<Option<GitObjectId>, ProjectError> {
        let relative = self.place.in_worktree(path.as_str())?;
        let broken = |error| self.place.broken(path.as_str(), error);
        let objects = &self.repository.objects;
        let at = self.attributes.at_path(relative.as_path(), None, objects);
        let at = at.map_err(|error| ProjectError::unreadable(path, error))?;
        let index = &self.index;
        let converted = self.pipeline.convert_to_git(
            content,
            &relative,
            &mut |_, outcome| {
                at.matching_attributes(outcome);
            },
            &mut |buffer| {
                use gix::objs::Find as _;
                let name =
                    gix::path::to_unix_separators_on_windows(gix::path::into_bstr(&relative)?);
                let Some(entry) = index.entry_by_path(name.as_ref()) else { return Ok(None) };
                Ok(objects.try_find(&entry.id, buffer)?.map(|_| ()))
            },
        );
        match converted.map_err(broken)? {
            ToGitOutcome::Buffer(bytes) => Ok(Some(blob_names(bytes).sha1)),
            ToGitOutcome::Unchanged(_) | ToGitOutcome::Process(_) => Ok(None),
        }
    }

    /// The Git LFS pointer in a blob.
    fn pointer(&self, blob: GitObjectId) -> Result<Option<Pointer>, ProjectError> {
        let id = ObjectId::from(*blob.as_bytes());
        let size = self.repository.find_header(id).map(|header| header.size());
        if size.map_err(|error| self.place.broken(&blob.to_string(), error))? >= MAX_POINTER {
            return Ok(None);
        }
        let content = self.place.objects()?.blob(blob)?;
        Ok(std::str::from_utf8(&content).ok().and_then(Pointer::parse))
    }

    fn is_content_of(&self, path: &ArtifactPath, pointer: &Pointer) -> Result<bool, ProjectError> {
        let broken = |error| ProjectError::unreadable(path, error);
        let mut file = self.disk.open(path).map_err(broken)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut size = 0_u64;
        loop {
            let count = file.read(&mut buffer).map_err(broken)?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            size = size.saturating_add(count as u64);
        }
        let digest = bundle_manifest::Digest::from_bytes(hash.finalize().into());
        Ok(size == pointer.size && digest.to_string() == pointer.sha256)
    }
}

/// What Git LFS keeps in the repository instead of the content.
#[derive(Debug, PartialEq, Eq)]
struct Pointer {
    sha256: String,
    size: u64,
}

impl Pointer {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(POINTER_VERSION)?;
        let value = |key: &str| rest.lines().find_map(|line| line.strip_prefix(key));
        let sha256 = value("oid sha256:")?.to_owned();
        Some(Self { sha256, size: value("size ")?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_what_git_lfs_specifies() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let text = format!("{POINTER_VERSION}oid sha256:{oid}\nsize 12345\n");
        assert_eq!(Pointer::parse(&text), Some(Pointer { sha256: oid.to_owned(), size: 12345 }));
        for other in ["", "hello\n", &text[1..], &format!("{POINTER_VERSION}size 3\n")] {
            assert_eq!(Pointer::parse(other), None, "{other:?}");
        }
    }
}
