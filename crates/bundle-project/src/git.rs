//! What git knows of a directory, read with gix: no git program runs, no filter
//! program of the repository runs, and nothing outside the repository (user and
//! system configuration, environment) is read.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bundle_manifest::{FileMode, GitObjectId};
use gix::{ObjectId, Repository, bstr::ByteSlice as _, index::entry::Mode, objs::tree::EntryKind};

use crate::{People, ProjectError, disk::RawName};

/// Bytes of a repository's configuration that are read at all.
const MAX_CONFIG: u64 = 1 << 20;

/// What git tracks at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracked {
    /// A file with content.
    File(FileMode),
    /// A symbolic link.
    Link,
    /// A submodule.
    Submodule,
}

/// Why a git repository was not consulted, in words for a note.
pub(crate) type NotConsulted = String;

/// A directory inside the worktree of a repository.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The directory that has `.git` in it.
    root: PathBuf,
    /// The directory below the worktree: empty, or parts that each end in `/`.
    prefix: Vec<u8>,
}

/// The files of a directory in a commit.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) id: GitObjectId,
    /// The directory's tree; git's empty tree where the commit has no such directory.
    pub(crate) tree: GitObjectId,
    pub(crate) entries: BTreeMap<RawName, (Tracked, GitObjectId)>,
}

impl Place {
    /// The innermost repository whose worktree holds this directory (without links in its path).
    pub(crate) fn around(directory: &Path) -> Result<Option<Self>, NotConsulted> {
        for root in directory.ancestors() {
            let git = root.join(".git");
            if fs_err::symlink_metadata(&git).is_err() {
                continue;
            }
            readable(&git)?;
            if let Err(error) = gix::discover::is_git(&git) {
                // As git does: what is no repository further up is nobody's.
                if root != directory {
                    continue;
                }
                return Err(format!("`{}` is no git repository: {error}", git.display()));
            }
            let repository = open(root)?;
            let Some(worktree) = repository.workdir() else { return Ok(None) };
            let worktree = fs_err::canonicalize(worktree).map_err(|error| error.to_string())?;
            let Ok(below) = directory.strip_prefix(&worktree) else { return Ok(None) };
            let mut prefix = Vec::new();
            for part in below.components() {
                prefix.extend_from_slice(part.as_os_str().as_encoded_bytes());
                prefix.push(b'/');
            }
            return Ok(Some(Self { root: root.to_owned(), prefix }));
        }
        Ok(None)
    }

    pub(crate) fn open(&self) -> Result<Repository, ProjectError> {
        open(&self.root).map_err(ProjectError::new)
    }

    /// The path of a file of the directory, from the top of the worktree.
    pub(crate) fn in_worktree(&self, name: &str) -> Result<PathBuf, ProjectError> {
        let bytes = [&self.prefix[..], name.as_bytes()].concat();
        gix::path::from_bstring(bytes).map_err(|error| self.broken(name, error))
    }

    /// The repository without a worktree that this directory itself is.
    pub(crate) fn bare(directory: &Path) -> Result<Option<Self>, NotConsulted> {
        if gix::discover::is_git(directory).is_err() {
            return Ok(None);
        }
        readable(directory)?;
        Ok(Some(Self { root: directory.to_owned(), prefix: Vec::new() }))
    }

    /// What the index tracks below the directory, by name.
    pub(crate) fn tracked(&self) -> Result<BTreeMap<RawName, Tracked>, ProjectError> {
        let repository = self.open()?;
        let index = repository.index_or_empty().map_err(|error| self.broken("index", error))?;
        let mut tracked = BTreeMap::new();
        for entry in index.entries() {
            let Some(name) = entry.path(&index).strip_prefix(&self.prefix[..]) else { continue };
            let kind = match entry.mode {
                Mode::FILE => Tracked::File(FileMode::Regular),
                Mode::FILE_EXECUTABLE => Tracked::File(FileMode::Executable),
                Mode::SYMLINK => Tracked::Link,
                Mode::COMMIT => Tracked::Submodule,
                _ => continue, // a directory of a sparse index: nothing of it is on disk
            };
            tracked.insert(RawName::of_bytes(name), kind);
        }
        Ok(tracked)
    }

    /// The directory at `HEAD`; `None` before the first commit.
    pub(crate) fn head(&self) -> Result<Option<Commit>, ProjectError> {
        let repository = self.open()?;
        let head = repository.head().map_err(|error| self.broken("HEAD", error))?;
        if head.is_unborn() {
            return Ok(None);
        }
        self.commit("HEAD").map(Some)
    }

    /// The directory at a revision, in any of git's ways to name one.
    pub(crate) fn commit(&self, revision: &str) -> Result<Commit, ProjectError> {
        let repository = self.open()?;
        let broken = |error| self.broken(revision, error);
        let id = repository.rev_parse_single(revision).map_err(broken)?;
        let commit = id.object().and_then(gix::Object::peel_to_commit).map_err(broken)?;
        let mut tree = commit.tree().map_err(broken)?;
        if !self.prefix.is_empty() {
            let parts = self.prefix.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
            tree = match tree.lookup_entry(parts).map_err(broken)? {
                Some(entry) if entry.mode().is_tree() => {
                    entry.object().map_err(broken)?.into_tree()
                }
                _ => repository.empty_tree(),
            };
        }
        let mut entries = BTreeMap::new();
        for record in tree.traverse().breadthfirst.files().map_err(broken)? {
            let kind = match record.mode.kind() {
                EntryKind::Tree => continue,
                EntryKind::Blob => Tracked::File(FileMode::Regular),
                EntryKind::BlobExecutable => Tracked::File(FileMode::Executable),
                EntryKind::Link => Tracked::Link,
                EntryKind::Commit => Tracked::Submodule,
            };
            entries.insert(RawName::of_bytes(&record.filepath), (kind, object_id(record.oid)?));
        }
        Ok(Commit { id: object_id(commit.id)?, tree: object_id(tree.id)?, entries })
    }

    /// The repository's objects, opened once for many reads.
    pub(crate) fn objects(&self) -> Result<Objects, ProjectError> {
        Ok(Objects { place: self.clone(), repository: self.open()?.into_sync() })
    }

    /// Who wrote the last commits and whose the remotes are. What cannot be read names nobody.
    pub(crate) fn people(&self) -> People {
        const COMMITS: usize = 200;
        let mut people = People::nobody();
        let Ok(repository) = self.open() else { return people };
        let config = repository.config_snapshot();
        for key in ["user.name", "user.email"] {
            if let Some(value) = config.string(key) {
                people.add(&value.to_str_lossy());
            }
        }
        for remote in repository.remote_names() {
            let key = format!("remote.{}.url", remote.to_str_lossy());
            if let Some(url) = config.string(key.as_str()) {
                people.add_repository(&url.to_str_lossy());
            }
        }
        let mut next = repository.head_commit().ok();
        for _ in 0..COMMITS {
            let Some(commit) = next else { break };
            for person in [commit.author(), commit.committer()].into_iter().flatten() {
                people.add(&person.name.to_str_lossy());
                people.add(&person.email.to_str_lossy());
            }
            let parent = commit.parent_ids().next();
            next = parent.and_then(|id| id.object().ok()?.try_into_commit().ok());
        }
        people
    }

    /// The URL of the remote `origin` as it may be shown.
    pub(crate) fn remote(&self) -> Result<Option<String>, ProjectError> {
        let url = self.open()?.config_snapshot().string("remote.origin.url");
        Ok(url.and_then(|url| public_url(&url)))
    }

    pub(crate) fn broken(&self, what: &str, error: gix::Error) -> ProjectError {
        let message = format!("git repository `{}`: `{what}` cannot be read", self.root.display());
        ProjectError::caused(message, error)
    }
}

/// The content that a repository has.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    pub(crate) place: Place,
    repository: gix::ThreadSafeRepository,
}

impl Objects {
    /// The content of a blob.
    pub(crate) fn blob(&self, id: GitObjectId) -> Result<Vec<u8>, ProjectError> {
        let repository = self.repository.to_thread_local();
        let blob = repository.find_blob(ObjectId::from(*id.as_bytes()));
        Ok(blob.map_err(|error| self.place.broken(&id.to_string(), error))?.take_data())
    }

    /// The sizes of blobs, in their order; `None` of one that a partial copy lacks.
    pub(crate) fn blob_sizes(&self, ids: &[GitObjectId]) -> Result<Vec<Option<u64>>, ProjectError> {
        let repository = self.repository.to_thread_local();
        let size = |id: &GitObjectId| {
            let header = repository.try_find_header(ObjectId::from(*id.as_bytes()));
            header
                .map(|header| header.map(|header| header.size()))
                .map_err(|error| self.place.broken(&id.to_string(), error))
        };
        ids.iter().map(size).collect()
    }
}

/// Opens a repository, whoever owns it. That is safe because gix runs nothing
/// here: filter drivers are removed before any filter is applied (`filter.rs`).
/// Refuses what would keep a reader waiting or fill its memory before it parsed a byte.
fn readable(git: &Path) -> Result<(), NotConsulted> {
    for name in ["HEAD", "config", "index", "packed-refs"] {
        let path = git.join(name);
        let Ok(there) = fs_err::metadata(&path) else { continue };
        if !there.is_file() {
            return Err(format!("`{}` is not a regular file", path.display()));
        }
        if name == "config" && there.len() > MAX_CONFIG {
            return Err(format!("`{}` has more than {MAX_CONFIG} bytes", path.display()));
        }
    }
    Ok(())
}

fn open(root: &Path) -> Result<Repository, NotConsulted> {
    let options =
        gix::open::Options::isolated().with(gix::sec::Trust::Full).filter_config_section(|_| true);
    let opened = gix::ThreadSafeRepository::open_opts(root, options);
    let repository = opened.map_err(|error| {
        format!("the git repository `{}` cannot be opened: {error}", root.display())
    })?;
    let repository = repository.to_thread_local();
    if repository.object_hash() != gix::hash::Kind::Sha1 {
        return Err(format!("the git repository `{}` does not use SHA-1", root.display()));
    }
    Ok(repository)
}

fn object_id(id: ObjectId) -> Result<GitObjectId, ProjectError> {
    let bytes = id.as_bytes().try_into();
    bytes
        .map(GitObjectId::from_bytes)
        .map_err(|_| ProjectError::new(format!("`{id}` is not a SHA-1 name")))
}

/// The URL without what only its owner should know: password, token, query and
/// fragment. A path on the author's machine is no URL and says who they are: none.
fn public_url(url: &[u8]) -> Option<String> {
    use gix::url::Scheme;
    let mut url = gix::url::parse(url.as_bstr()).ok()?;
    url.set_password(None);
    match url.scheme {
        Scheme::Ssh => {} // the user is part of the address: git@…
        Scheme::Http | Scheme::Https | Scheme::Git => drop(url.set_user(None)),
        _ => return None,
    }
    let text = String::from_utf8(url.to_bstring().into()).ok()?;
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let shown = text.get(..end)?;
    (!shown.chars().any(char::is_control)).then(|| shown.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_what_is_private() {
        let cases = [
            ("https://github.com/a/b.git", Some("https://github.com/a/b.git")),
            ("https://me:ghp_token@github.com/a/b", Some("https://github.com/a/b")),
            ("https://ghp_token@github.com/a/b", Some("https://github.com/a/b")),
            ("https://host.org/a/b?private_token=x#y", Some("https://host.org/a/b")),
            ("git@github.com:a/b.git", Some("git@github.com:a/b.git")),
            ("ssh://git:secret@host.org:2222/a/b", Some("ssh://git@host.org:2222/a/b")),
            ("/home/alice/work/paper", None),
            ("file:///home/alice/paper", None),
            ("../paper", None),
        ];
        for (url, expected) in cases {
            assert_eq!(public_url(url.as_bytes()).as_deref(), expected, "{url}");
        }
    }
}
