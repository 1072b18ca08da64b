//! Writing: members go into a spool as they are read, the first frame goes in
//! front of them once the lock is known.

use std::{
    fs::File,
    io::{self, Read, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bundle_manifest::{ArtifactPath, BundleId, Digest, FileMode, Lock, LockedMember};
use sha2::{Digest as _, Sha256};

use crate::{
    ArchiveError, ArchiveErrorKind, Limits,
    encode::encode,
    entry,
    layout::{
        CLOSING, Cutter, LARGE, LOCK, Layout, MANIFEST, PROJECT, SIGNATURE, SMALL, is_behind,
        manifest_member,
    },
    limits::{member_subject, too_large, too_many},
    pool::{Job, Pool},
    seek,
};

/// Bytes read, hashed and reported at a time.
const CHUNK: u64 = 1 << 20;

/// How to write.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// zstd level, 0 (fastest) to 19.
    pub level: i32,
    /// Compression threads; does not change a byte. At least one and at most four are used.
    pub threads: usize,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { level: 3, threads: 2 }
    }
}

/// A member in the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Bytes.
    pub size: u64,
    /// Of the content.
    pub sha256: Digest,
}

/// A finished bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its identity.
    pub id: BundleId,
    /// Bytes of the file.
    pub size: u64,
    /// Members of the project that the file holds.
    pub members: usize,
}

/// Members compressed into a temporary file beside the target, while the lock is not known yet.
/// Nothing is left of it when it is dropped.
#[derive(Debug)]
pub struct Spool {
    target: PathBuf,
    stem: String,
    level: i32,
    file: File,
    pool: Pool,
    cutter: Cutter,
    /// Content of the frame that is being filled.
    pending: Vec<u8>,
    /// Packed and unpacked size of each frame in `file`.
    frames: Vec<(u32, u32)>,
    members: Vec<(ArtifactPath, FileMode, Sealed)>,
    cancel: Arc<AtomicBool>,
    /// A member was cut short: its frames lie in the way.
    broken: bool,
}

impl Spool {
    /// A spool beside `target`, for members below `stem/`.
    pub fn create(target: &Path, stem: &str, options: &WriteOptions) -> Result<Self, ArchiveError> {
        let at = |source| ArchiveError::io(target.display().to_string(), source);
        if !(0..=19).contains(&options.level) {
            let what = format!("is {}, not between 0 and 19", options.level);
            return Err(ArchiveError::limit("level", what));
        }
        Ok(Self {
            target: target.to_owned(),
            stem: stem.to_owned(),
            level: options.level,
            file: tempfile::tempfile_in(directory_of(target)).map_err(at)?,
            pool: Pool::new(options.threads, options.level).map_err(at)?,
            cutter: Cutter::default(),
            pending: Vec::new(),
            frames: Vec::new(),
            members: Vec::new(),
            cancel: Arc::default(),
            broken: false,
        })
    }

    /// Makes [`append`](Self::append) and [`finish`](Self::finish) stop, with the error
    /// `Cancelled`, soon after `flag` becomes true.
    pub fn cancel_when(&mut self, flag: Arc<AtomicBool>) {
        self.cancel = flag;
    }

    /// Reads `content` once: hashes and compresses it. `path` begins with `project/`; paths come in
    /// code-point order, without `project/bundle.toml`. `size` is what the directory said; more or
    /// fewer bytes are `Changed`. `progress` hears the bytes read since the last call. After an
    /// error the spool can only be dropped.
    #[expect(
        clippy::too_many_arguments,
        reason = "a file is a path, a mode, a size and its content"
    )]
    pub fn append(
        &mut self,
        path: &ArtifactPath,
        mode: FileMode,
        size: u64,
        content: &mut dyn Read,
        progress: &dyn Fn(u64),
    ) -> Result<Sealed, ArchiveError> {
        self.check_usable()?;
        self.check_place(path, size)?;
        self.broken = true;
        let header = entry::header(&self.stem, path.as_str(), size, mode);
        let length = entry_length(&header, size);
        if !self.cutter.joins(size, length) {
            self.flush()?;
        }
        self.pending.extend_from_slice(&header);
        let sha256 = self.copy(path, size, content, progress)?;
        self.pending.resize(self.pending.len().next_multiple_of(512), 0);
        if size >= SMALL {
            self.flush()?;
        }
        let sealed = Sealed { size, sha256 };
        self.members.push((path.clone(), mode, sealed));
        self.broken = false;
        Ok(sealed)
    }

    /// Writes frame 1 and the seek table around the spool and renames the result to the target,
    /// which may exist and is then replaced.
    pub fn finish(
        mut self,
        lock: &Lock,
        manifest: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<Written, ArchiveError> {
        self.check_usable()?;
        let text = lock.to_toml();
        self.check_lock(lock, &text, manifest, signature)?;
        self.flush()?;
        drain(&mut self.pool, &mut self.file, &mut self.frames)
            .map_err(|source| self.io(source))?;
        let first = first_frame(lock, &text, manifest, signature)?;
        let layout = Layout::of(lock, length(text.as_bytes()), signature.map(length))?;
        let size = self.write_around(&first, &layout)?;
        let id = BundleId::of_text(lock, text.as_bytes());
        Ok(Written { id, size, members: self.members.len().saturating_add(1) })
    }

    fn check_usable(&self) -> Result<(), ArchiveError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(ArchiveError::cancelled(self.target.display().to_string()));
        }
        if self.broken {
            let what = io::Error::other("a member was not packed completely");
            return Err(self.io(what));
        }
        Ok(())
    }

    fn check_place(&self, path: &ArtifactPath, size: u64) -> Result<(), ArchiveError> {
        let wrong = |what: &str| Err(ArchiveError::malformed(member_subject(path.as_str()), what));
        if path.parts().next() != Some(PROJECT) || path.parts().nth(1).is_none() {
            return wrong("is not below `project/`");
        }
        if path.as_str() == MANIFEST {
            return wrong("belongs into the first frame");
        }
        if self.members.last().is_some_and(|(last, ..)| last >= path) {
            return wrong("is not behind the member before it");
        }
        let limits = Limits::default();
        if size > limits.member_size {
            return Err(too_large(member_subject(path.as_str()), size, limits.member_size));
        }
        if self.members.len().saturating_add(1) >= limits.members {
            return Err(too_many(limits.members.saturating_add(1), limits.members));
        }
        Ok(())
    }

    /// Copies exactly `size` bytes into the pending frame, cutting it every 8 MiB.
    fn copy(
        &mut self,
        path: &ArtifactPath,
        size: u64,
        content: &mut dyn Read,
        progress: &dyn Fn(u64),
    ) -> Result<Digest, ArchiveError> {
        let at = |source| ArchiveError::io(member_subject(path.as_str()), source);
        let changed =
            || ArchiveError::new(member_subject(path.as_str()), ArchiveErrorKind::Changed);
        let mut hasher = Sha256::new();
        let mut rest = size;
        while rest > 0 {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ArchiveError::cancelled(member_subject(path.as_str())));
            }
            let before = self.pending.len();
            let want = rest.min(CHUNK).min(LARGE.saturating_sub(length(&self.pending)));
            self.pending.reserve(usize::try_from(want).unwrap_or_default());
            content.take(want).read_to_end(&mut self.pending).map_err(at)?;
            let read = self.pending.get(before..).unwrap_or_default();
            if length(read) != want {
                return Err(changed());
            }
            hasher.update(read);
            progress(want);
            rest = rest.saturating_sub(want);
            if length(&self.pending) >= LARGE {
                self.flush()?;
            }
        }
        let mut beyond = Vec::new();
        match content.take(1).read_to_end(&mut beyond).map_err(at)? {
            0 => Ok(Digest::from_bytes(hasher.finalize().into())),
            _ => Err(changed()),
        }
    }

    /// Sends the pending frame, if there is one, to be packed.
    fn flush(&mut self) -> Result<(), ArchiveError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let next = self.pool.buffer();
        let content = std::mem::replace(&mut self.pending, next);
        let (file, frames) = (&mut self.file, &mut self.frames);
        let sent = self.pool.send(content, &mut |job| write_frame(file, frames, job));
        sent.map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> ArchiveError {
        ArchiveError::io(self.target.display().to_string(), source)
    }

    /// Demands that the lock tells of exactly what is in the spool, within the
    /// limits of a reader.
    fn check_lock(
        &self,
        lock: &Lock,
        text: &str,
        manifest: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<(), ArchiveError> {
        lock.check()
            .map_err(|error| ArchiveError::malformed(member_subject(LOCK), error.to_string()))?;
        let limits = Limits::default();
        limits.admit(lock)?;
        for (path, size, limit) in [
            (LOCK, length(text.as_bytes()), limits.lock_size),
            (SIGNATURE, signature.map_or(0, length), limits.signature_size),
            (MANIFEST, length(manifest), limits.manifest_size),
        ] {
            if size > limit {
                return Err(too_large(member_subject(path), size, limit));
            }
        }
        if lock.stem() != self.stem {
            let what = format!("is of `{}`, the spool is of `{}`", lock.stem(), self.stem);
            return Err(ArchiveError::malformed(member_subject(LOCK), what));
        }
        let sealed = seal(manifest);
        compare(manifest_member(lock)?, Some(sealed))?;
        let mut spooled = self.members.iter();
        for member in lock.members.iter().filter(|member| is_behind(member)) {
            let found = spooled
                .next()
                .filter(|(path, mode, _)| *path == member.path && *mode == member.mode);
            compare(member, found.map(|(.., sealed)| *sealed))?;
        }
        match spooled.next() {
            None => Ok(()),
            Some((path, ..)) => {
                Err(ArchiveError::malformed(member_subject(path.as_str()), "is not in the lock"))
            }
        }
    }

    /// Writes the whole file under a temporary name and renames it; returns its size.
    fn write_around(&mut self, first: &[u8], layout: &Layout) -> Result<u64, ArchiveError> {
        let mut frames = Vec::with_capacity(layout.frames.len());
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        let closing = vec![0; usize::try_from(CLOSING).unwrap_or_default()];
        encode(first, self.level, &mut head).map_err(|source| self.io(source))?;
        encode(&closing, self.level, &mut tail).map_err(|source| self.io(source))?;
        frames.push(row(&head, first).map_err(|source| self.io(source))?);
        frames.append(&mut self.frames);
        frames.push(row(&tail, &closing).map_err(|source| self.io(source))?);
        if !frames
            .iter()
            .map(|(_, unpacked)| u64::from(*unpacked))
            .eq(layout.frames.iter().copied())
        {
            return Err(self.io(io::Error::other("the spool does not have the layout of the lock")));
        }
        let table = seek::to_bytes(&frames);
        let table =
            table.ok_or_else(|| ArchiveError::limit("seek table", "has too many frames"))?;
        tail.extend_from_slice(&table);
        self.write_file(&head, &tail).map_err(|source| self.io(source))
    }

    fn write_file(&mut self, head: &[u8], tail: &[u8]) -> io::Result<u64> {
        let mut out = new_file(directory_of(&self.target))?;
        out.write_all(head)?;
        self.file.rewind()?;
        // Between two files of one file system this is a copy within the kernel.
        let copied = io::copy(&mut self.file, out.as_file_mut())?;
        out.as_file_mut().seek(io::SeekFrom::End(0))?;
        out.write_all(tail)?;
        out.flush()?;
        out.persist(&self.target)?;
        Ok(copied.saturating_add(length(head)).saturating_add(length(tail)))
    }
}

/// The entries of the first frame.
pub(crate) fn first_frame(
    lock: &Lock,
    text: &str,
    manifest: &[u8],
    signature: Option<&[u8]>,
) -> Result<Vec<u8>, ArchiveError> {
    let stem = lock.stem();
    let mut frame = Vec::new();
    let mut put = |path: &str, mode, content: &[u8]| {
        frame.extend_from_slice(&entry::header(&stem, path, length(content), mode));
        frame.extend_from_slice(content);
        frame.resize(frame.len().next_multiple_of(512), 0);
    };
    put(LOCK, FileMode::Regular, text.as_bytes());
    if let Some(signature) = signature {
        put(SIGNATURE, FileMode::Regular, signature);
    }
    put(MANIFEST, manifest_member(lock)?.mode, manifest);
    Ok(frame)
}

fn compare(member: &LockedMember, found: Option<Sealed>) -> Result<(), ArchiveError> {
    let subject = member_subject(member.path.as_str());
    match found {
        None => Err(ArchiveError::malformed(subject, "is in the lock but was not packed so")),
        Some(found) if found.size != member.size => {
            let what = format!("has {} bytes, the lock says {}", found.size, member.size);
            Err(ArchiveError::malformed(subject, what))
        }
        Some(found) if found.sha256 != member.sha256 => {
            let kind = ArchiveErrorKind::Digest { actual: found.sha256, expected: member.sha256 };
            Err(ArchiveError::new(subject, kind))
        }
        Some(_) => Ok(()),
    }
}

fn seal(content: &[u8]) -> Sealed {
    Sealed { size: length(content), sha256: Digest::from_bytes(Sha256::digest(content).into()) }
}

fn drain(pool: &mut Pool, file: &mut File, frames: &mut Vec<(u32, u32)>) -> io::Result<()> {
    pool.drain(&mut |job| write_frame(file, frames, job))
}

fn write_frame(file: &mut File, frames: &mut Vec<(u32, u32)>, job: &Job) -> io::Result<()> {
    frames.push(row(&job.packed, &job.content)?);
    file.write_all(&job.packed)
}

/// A row of the seek table.
pub(crate) fn row(packed: &[u8], unpacked: &[u8]) -> io::Result<(u32, u32)> {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
    Ok((size(packed)?, size(unpacked)?))
}

pub(crate) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn entry_length(header: &[u8], size: u64) -> u64 {
    length(header).saturating_add(size).saturating_add(entry::padding(size))
}

pub(crate) fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// A file under a temporary name, with the permissions that any new file gets.
pub(crate) fn new_file(directory: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bundle-").suffix(".part");
    #[cfg(unix)]
    {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}
