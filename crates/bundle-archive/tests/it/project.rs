//! Small projects for the tests, and the lock that tells of them.

use std::{collections::BTreeMap, error::Error, path::Path};

use bundle_archive::{Spool, WriteOptions, Written};
use bundle_manifest::{CodeIdentity, Digest, FileMode, GitObjectId, Lock, LockedMember};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A file of a project. The path is below `project/`.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
    pub(crate) mode: FileMode,
    pub(crate) tracked: bool,
    pub(crate) withheld: bool,
}

impl File {
    pub(crate) fn new(path: &str, content: impl Into<Vec<u8>>) -> Self {
        let (path, content) = (path.to_owned(), content.into());
        Self { path, content, mode: FileMode::Regular, tracked: true, withheld: false }
    }

    pub(crate) fn executable(self) -> Self {
        Self { mode: FileMode::Executable, ..self }
    }

    pub(crate) fn untracked(self) -> Self {
        Self { tracked: false, ..self }
    }

    pub(crate) fn withheld(self) -> Self {
        Self { withheld: true, ..self }
    }

    pub(crate) fn is_manifest(&self) -> bool {
        self.path == "bundle.toml"
    }
}

/// A manifest and two files.
pub(crate) fn small() -> Vec<File> {
    vec![
        File::new("a.txt", "all happy families are alike\n"),
        File::new("bundle.toml", "format = 1\n"),
        File::new("run.sh", "#!/bin/sh\n").executable(),
    ]
}

/// Bytes without a pattern, the same every time (xorshift).
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let words = length.div_ceil(8);
    let mut bytes: Vec<u8> = (0..words).flat_map(|_| next().to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}

pub(crate) fn sha256(content: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(content).into())
}

/// The lock of these files, named `tiny` 1.0.0, in the order of their paths.
pub(crate) fn lock_of(files: &[File]) -> Outcome<Lock> {
    let mut members = Vec::new();
    for file in files {
        members.push(LockedMember {
            path: format!("project/{}", file.path).parse()?,
            size: u64::try_from(file.content.len())?,
            sha256: sha256(&file.content),
            mode: file.mode,
            tracked: file.tracked,
            withheld: file.withheld,
        });
    }
    members.sort_by(|a, b| a.path.cmp(&b.path));
    let (name, version) = ("tiny".parse()?, "1.0.0".parse()?);
    let code = code_of(files);
    Ok(Lock {
        name,
        version,
        requires: Vec::new(),
        code,
        git: None,
        not_packed: Vec::new(),
        members,
    })
}

/// Packs the files at `target`.
pub(crate) fn pack(
    target: &Path,
    files: &[File],
    signature: Option<&[u8]>,
    options: &WriteOptions,
) -> Outcome<Written> {
    let lock = lock_of(files)?;
    let mut spool = Spool::create(target, &lock.stem(), options)?;
    let content: BTreeMap<_, _> =
        files.iter().map(|file| (format!("project/{}", file.path), file)).collect();
    let mut manifest = Vec::new();
    for member in lock.members.iter().filter(|member| !member.withheld) {
        let file = content.get(member.path.as_str()).ok_or("a member without a file")?;
        if file.is_manifest() {
            manifest.clone_from(&file.content);
            continue;
        }
        let sealed = spool.append(
            &member.path,
            member.mode,
            member.size,
            &mut file.content.as_slice(),
            &|_| (),
        )?;
        assert_eq!((sealed.size, sealed.sha256), (member.size, member.sha256));
    }
    Ok(spool.finish(&lock, &manifest, signature)?)
}

/// Packs the files and returns the bytes.
pub(crate) fn packed(
    files: &[File],
    signature: Option<&[u8]>,
    options: &WriteOptions,
) -> Outcome<Vec<u8>> {
    let sandbox = bundle_testkit::Sandbox::new()?;
    let target = sandbox.path().join("bundle.tar.zst");
    pack(&target, files, signature, options)?;
    Ok(fs_err::read(target)?)
}

/// The tree hash of the tracked files that are packed, under SHA-1 and SHA-256.
fn code_of(files: &[File]) -> CodeIdentity {
    let kept: Vec<_> = files.iter().filter(|file| file.tracked && !file.withheld).collect();
    let files: Vec<_> = kept.iter().map(|file| (file.path.as_str(), *file)).collect();
    let swhid = tree(&files, &|bytes| Sha1::digest(bytes).to_vec());
    let sha256 = tree(&files, &|bytes| Sha256::digest(bytes).to_vec());
    let swhid = <[u8; 20]>::try_from(swhid).unwrap_or_default();
    let sha256 = <[u8; 32]>::try_from(sha256).unwrap_or_default();
    CodeIdentity { swhid: GitObjectId::from_bytes(swhid), sha256: Digest::from_bytes(sha256) }
}

/// A git tree object's name: entries sort as if a directory's name ended in `/`.
fn tree(files: &[(&str, &File)], hash: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut rows: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut directories: BTreeMap<&str, Vec<(&str, &File)>> = BTreeMap::new();
    for (path, file) in files {
        if let Some((directory, rest)) = path.split_once('/') {
            directories.entry(directory).or_default().push((rest, file));
            continue;
        }
        let mode = if file.mode == FileMode::Executable { "100755" } else { "100644" };
        let blob = object("blob", &file.content, hash);
        rows.insert((*path).to_owned(), [format!("{mode} {path}\0").as_bytes(), &blob].concat());
    }
    for (name, files) in &directories {
        let row = [format!("40000 {name}\0").as_bytes(), &tree(files, hash)].concat();
        rows.insert(format!("{name}/"), row);
    }
    object("tree", &rows.into_values().collect::<Vec<_>>().concat(), hash)
}

fn object(kind: &str, content: &[u8], hash: &dyn Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    hash(&[format!("{kind} {}\0", content.len()).as_bytes(), content].concat())
}
