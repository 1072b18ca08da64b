//! Every file is read once: hashed for the lock, named for the code's identity,
//! and compressed into the spool. Members held back are hashed only.

use std::io::{self, Read};

use bundle_archive::{ArchiveErrorKind, Spool};
use bundle_manifest::{ArtifactPath, CodeIdentity, Digest, FileMode, GitObjectId, LockedMember};
use bundle_project::{
    BlobNames, BlobReader, Globs, Selected, SourceFile, SourceTree, code_identity,
};
use bundle_signature::holds_private_key;
use sha2::{Digest as _, Sha256};

use crate::{PackError, Progress};

/// Bytes of a file in which a private key is looked for.
const KEY_SIZE: u64 = 64 << 10;

/// The members of a bundle in the making.
pub(crate) struct Measuring<'a> {
    pub(crate) tree: &'a SourceTree,
    pub(crate) manifest_text: &'a str,
    pub(crate) withhold: &'a Globs,
    pub(crate) with_private_keys: bool,
    pub(crate) progress: &'a dyn Fn(Progress),
    pub(crate) cancelled: &'a dyn Fn() -> bool,
}

/// What the files are, by measure.
pub(crate) struct Measured {
    pub(crate) members: Vec<LockedMember>,
    pub(crate) code: CodeIdentity,
}

impl Measuring<'_> {
    /// Reads the selection in the order of the archive.
    pub(crate) fn run(
        &self,
        selected: &Selected,
        spool: &mut Spool,
    ) -> Result<Measured, PackError> {
        let mut members = Vec::new();
        let mut blobs = Vec::new();
        for file in &selected.files {
            if (self.cancelled)() {
                return Err(PackError::cancelled());
            }
            let (member, names) = self.member(file, spool)?;
            members.push(member);
            if let Some(names) = names {
                blobs.push((file.path.clone(), file.mode, names.sha1, names.sha256));
            }
        }
        for member in &selected.withheld {
            members.push(LockedMember { path: in_bundle(&member.path)?, ..member.clone() });
        }
        members.sort_by(|a, b| a.path.cmp(&b.path));
        let code = self.code(&blobs, &members, selected)?;
        Ok(Measured { members, code })
    }

    fn member(
        &self,
        file: &SourceFile,
        spool: &mut Spool,
    ) -> Result<(LockedMember, Option<BlobNames>), PackError> {
        let path = in_bundle(&file.path)?;
        let withheld = self.withhold.first_match(file.path.as_str()).is_some();
        let is_manifest = file.path.as_str() == "bundle.toml";
        let content: Box<dyn Read + Send + '_> = if is_manifest {
            Box::new(self.manifest_text.as_bytes()) // the very bytes that were parsed
        } else {
            let opened = self.tree.open(&file.path);
            let opened = opened.map_err(|error| unreadable(&file.path, error))?;
            let looked_at = !withheld && !self.with_private_keys && file.size <= KEY_SIZE;
            if looked_at { without_private_key(&file.path, opened)? } else { opened }
        };
        let size = if is_manifest { self.manifest_text.len() as u64 } else { file.size };
        let watched = Watched { inner: content, cancelled: self.cancelled };
        let seal = |content: &mut dyn Read, spool: &mut Spool| {
            if is_manifest || withheld {
                return self.hash(&file.path, size, content);
            }
            self.spool(&path, file, content, spool)
        };
        let (sha256, names) = if file.tracked {
            let mut reader = BlobReader::new(watched, size);
            let sha256 = seal(&mut reader, spool)?;
            (sha256, Some(reader.finish()))
        } else {
            let mut reader = watched;
            (seal(&mut reader, spool)?, None)
        };
        let tracked = file.tracked;
        Ok((LockedMember { path, size, sha256, mode: file.mode, tracked, withheld }, names))
    }

    fn spool(
        &self,
        path: &ArtifactPath,
        file: &SourceFile,
        content: &mut dyn Read,
        spool: &mut Spool,
    ) -> Result<Digest, PackError> {
        let sealed = spool.append(path, file.mode, file.size, content, &|bytes| {
            (self.progress)(Progress::Bytes(bytes));
        });
        match sealed {
            Ok(sealed) => Ok(sealed.sha256),
            Err(_) if (self.cancelled)() => Err(PackError::cancelled()),
            Err(error) if matches!(error.kind, ArchiveErrorKind::Changed) => {
                Err(changed(path.as_str()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The digest of a content that goes into no spool.
    fn hash(
        &self,
        path: &ArtifactPath,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<Digest, PackError> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut total = 0_u64;
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(_) if (self.cancelled)() => return Err(PackError::cancelled()),
                Err(error) => return Err(unreadable(path, error)),
            };
            hash.update(buffer.get(..count).unwrap_or_default());
            total = total.saturating_add(count as u64);
            (self.progress)(Progress::Bytes(count as u64));
        }
        if total == size {
            Ok(Digest::from_bytes(hash.finalize().into()))
        } else {
            Err(changed(path.as_str()))
        }
    }

    /// The identity of the code. Where an earlier packer held code back, its name
    /// is known only as long as all of the code is what it was.
    fn code(
        &self,
        blobs: &[(ArtifactPath, FileMode, GitObjectId, Digest)],
        members: &[LockedMember],
        selected: &Selected,
    ) -> Result<CodeIdentity, PackError> {
        let Some(held_back) = selected.withheld.iter().find(|member| member.tracked) else {
            return Ok(code_identity(blobs));
        };
        let code = |members: &[LockedMember]| -> Vec<_> {
            let tracked = members.iter().filter(|member| member.tracked);
            tracked.map(|member| (member.path.clone(), member.mode, member.sha256)).collect()
        };
        match self.tree.lock() {
            Some(lock) if code(&lock.members) == code(members) => Ok(lock.code.clone()),
            _ => {
                let message = format!(
                    "the code was changed, and `{}` is withheld: it has no name",
                    held_back.path
                );
                Err(PackError::not_judged(message)
                    .with_hint("pack from the project that has all files"))
            }
        }
    }
}

/// The content of a small file, read and found to hold no private key: whoever has the
/// bundle would have the key, and could sign as its owner.
fn without_private_key<'f>(
    path: &ArtifactPath,
    mut content: Box<dyn Read + Send + 'f>,
) -> Result<Box<dyn Read + Send + 'f>, PackError> {
    let mut beginning = Vec::new();
    let read = content.by_ref().take(KEY_SIZE).read_to_end(&mut beginning);
    read.map_err(|error| unreadable(path, error))?;
    if holds_private_key(&beginning) {
        let message = format!("`{path}` holds a private key, and everybody would have it");
        return Err(PackError::not_judged(message).with_hint(format!(
            "leave it out with `[files] exclude = [\"{path}\"]`; `--with-private-keys` packs keys that are meant for everybody"
        )));
    }
    Ok(Box::new(io::Cursor::new(beginning).chain(content)))
}

/// The error for a file that was written while it was read.
pub(crate) fn changed(path: &str) -> PackError {
    let path = path.strip_prefix("project/").unwrap_or(path);
    PackError::not_judged(format!("`{path}` changed while it was packed"))
        .with_hint("pack again when nothing writes to it")
}

fn unreadable(path: &ArtifactPath, error: io::Error) -> PackError {
    PackError::not_judged(format!("`{path}` cannot be read")).caused_by(error)
}

fn in_bundle(path: &ArtifactPath) -> Result<ArtifactPath, PackError> {
    let joined = format!("project/{path}").parse();
    joined.map_err(|error| {
        PackError::not_judged(format!("`{path}` has no place in a bundle")).caused_by(error)
    })
}

/// A reader that fails once the user has had enough.
struct Watched<'a, R> {
    inner: R,
    cancelled: &'a dyn Fn() -> bool,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.cancelled)() {
            return Err(io::Error::other("cancelled"));
        }
        self.inner.read(buffer)
    }
}
