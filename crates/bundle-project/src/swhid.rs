//! The identity of the code: the SWHID of a directory (ISO/IEC 18670), which is
//! the name that git gives to the same tree, under SHA-1 and again under SHA-256.
//!
//! # Specification
//!
//! `H` is SHA-1 (20 bytes) for `code.swhid` and SHA-256 (32 bytes) for `code.sha256`.
//!
//! - **blob**: `H("blob " + size + NUL + content)`, the size in decimal ASCII.
//! - **tree**: `H("tree " + size + NUL + entries)`; an entry is
//!   `mode + " " + name + NUL + H(child)` with the raw bytes of the child's hash.
//! - **mode** is `100644` (a file), `100755` (an executable file) or `40000` (a directory).
//! - **order**: by the bytes of the name, where the name of a directory counts as
//!   if it ended in `/`. So `a.b` comes before the directory `a`, and `a0` after it.
//! - A directory is listed only when a file is below it: git has no empty directories,
//!   except the whole, which may be empty (`4b825dc6…` under SHA-1).
//!
//! The files are the *tracked* members as packed, by their path below the project.
//! Symbolic links and submodules are not packed and hence not part of the tree; that
//! is one of the reasons why the name may differ from git's (`code.equals_git`).
//! Not hashed: owner, times, attributes, and untracked members such as weights,
//! whose digests the lock lists.
//!
//! ```
//! use bundle_manifest::FileMode;
//! use bundle_project::{BlobReader, code_identity};
//!
//! // printf 'hello\n' > greeting.txt; git add greeting.txt; git write-tree
//! let mut reader = BlobReader::new(&b"hello\n"[..], 6);
//! std::io::copy(&mut reader, &mut std::io::sink())?;
//! let names = reader.finish();
//! assert_eq!(names.sha1.to_string(), "ce013625030ba8dba906f756967f9e9ca394464a");
//!
//! let path = "greeting.txt".parse()?;
//! let code = code_identity(&[(path, FileMode::Regular, names.sha1, names.sha256)]);
//! assert_eq!(code.swhid.to_string(), "57e9529754dc514a3ec10db2ff882018fbe1fcbf");
//! assert_eq!(code.sha256.to_string(), "8521c87f7b261c9a15e060819920f8374c90bfbc43e41714a197661b0f110861");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use bundle_manifest::{ArtifactPath, CodeIdentity, Digest, FileMode, GitObjectId};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The names that git gives to a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobNames {
    /// In a SHA-1 repository.
    pub sha1: GitObjectId,
    /// In a SHA-256 repository.
    pub sha256: Digest,
}

/// Names a blob while another consumer reads it, so that a file is read once.
///
/// The size comes first in what git hashes; a reader that gives more or fewer
/// bytes than announced yields names of nothing, and its consumer must notice.
#[derive(Clone, Debug)]
pub struct BlobReader<R> {
    inner: R,
    sha1: Sha1,
    sha256: Sha256,
}

impl<R: Read> BlobReader<R> {
    /// Wraps a reader of exactly `size` bytes.
    pub fn new(inner: R, size: u64) -> Self {
        let prefix = format!("blob {size}\0");
        Self {
            inner,
            sha1: Sha1::new_with_prefix(&prefix),
            sha256: Sha256::new_with_prefix(&prefix),
        }
    }

    /// The names of what was read.
    pub fn finish(self) -> BlobNames {
        BlobNames {
            sha1: GitObjectId::from_bytes(self.sha1.finalize().into()),
            sha256: Digest::from_bytes(self.sha256.finalize().into()),
        }
    }
}

impl<R: Read> Read for BlobReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let read = buffer.get(..count).ok_or(io::ErrorKind::InvalidData)?;
        self.sha1.update(read);
        self.sha256.update(read);
        Ok(count)
    }
}

/// The names of a blob that is in memory.
pub(crate) fn blob_names(content: &[u8]) -> BlobNames {
    let mut reader = BlobReader::new(io::empty(), content.len() as u64);
    reader.sha1.update(content);
    reader.sha256.update(content);
    reader.finish()
}

/// A directory on its way to becoming a tree object.
#[derive(Default)]
struct Directory<'p> {
    files: BTreeMap<&'p str, (FileMode, GitObjectId, Digest)>,
    directories: BTreeMap<&'p str, Self>,
}

/// The tree hash of these files: path below the project, mode, and the blob's name under both hashes.
///
/// The order of the files does not matter. Of two files at one path the last counts.
pub fn code_identity(files: &[(ArtifactPath, FileMode, GitObjectId, Digest)]) -> CodeIdentity {
    let mut root = Directory::default();
    for (path, mode, sha1, sha256) in files {
        let mut at = &mut root;
        let mut parts = path.parts().peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_some() {
                at = at.directories.entry(part).or_default();
            } else {
                at.files.insert(part, (*mode, *sha1, *sha256));
            }
        }
    }
    root.identity()
}

impl Directory<'_> {
    fn identity(&self) -> CodeIdentity {
        let mut entries: Vec<(Vec<u8>, &str, &str, GitObjectId, Digest)> = Vec::new();
        for (name, (mode, sha1, sha256)) in &self.files {
            let mode = match mode {
                FileMode::Regular => "100644",
                FileMode::Executable => "100755",
            };
            entries.push((name.as_bytes().to_vec(), mode, name, *sha1, *sha256));
        }
        for (name, directory) in &self.directories {
            let code = directory.identity();
            entries.push((format!("{name}/").into_bytes(), "40000", name, code.swhid, code.sha256));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (_, mode, name, sha1, sha256) in entries {
            let head = format!("{mode} {name}\0");
            short.extend_from_slice(head.as_bytes());
            short.extend_from_slice(sha1.as_bytes());
            long.extend_from_slice(head.as_bytes());
            long.extend_from_slice(sha256.as_bytes());
        }
        let prefix = |body: &[u8]| format!("tree {}\0", body.len());
        let sha1 = Sha1::new_with_prefix(prefix(&short)).chain_update(&short).finalize();
        let sha256 = Sha256::new_with_prefix(prefix(&long)).chain_update(&long).finalize();
        CodeIdentity {
            swhid: GitObjectId::from_bytes(sha1.into()),
            sha256: Digest::from_bytes(sha256.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_the_empty_tree() {
        let code = code_identity(&[]);
        assert_eq!(code.swhid.to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        assert_eq!(
            code.sha256.to_string(),
            "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
        );
    }

    #[test]
    fn the_reader_passes_every_byte_on() -> io::Result<()> {
        let content = vec![7; 100_000];
        let mut reader = BlobReader::new(&content[..], 100_000);
        let mut read = Vec::new();
        reader.read_to_end(&mut read)?;
        assert_eq!(read, content);
        assert_eq!(reader.finish(), blob_names(&content));
        Ok(())
    }

    proptest! {
        #[test]
        fn the_order_of_the_files_does_not_matter(mut names in prop::collection::btree_set("[a-c]{1,2}(\\.|0|-)?[a-c]", 1..12)) {
            let file = |name: &String| {
                let names = blob_names(name.as_bytes());
                (name.parse::<ArtifactPath>().expect("a path"), FileMode::Regular, names.sha1, names.sha256)
            };
            let forward: Vec<_> = names.iter().map(file).collect();
            let backward: Vec<_> = forward.iter().rev().cloned().collect();
            prop_assert_eq!(code_identity(&forward), code_identity(&backward));
            names.pop_first();
            let fewer: Vec<_> = names.iter().map(file).collect();
            prop_assert_ne!(code_identity(&forward), code_identity(&fewer));
        }
    }
}
