//! OpenSSF Model Signing of any directory or file, as its specification says
//! (version 1.0, sections 6 and 8), whatever tool signed it.
//!
//! Read: whole files and shards with SHA-256; links refused; resources in any
//! order; version 0.2 with its broken encoding. Written: whole files, SHA-256,
//! code-point order, no links.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::{Component, Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use bundle_manifest::Lock;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::{
    Flaw, SignatureError, SignatureErrorKind, SigningIdentity, Trust, Verification,
    dsse::pae_of_v0_2,
    envelope::{Envelope, Material, open, seal, shown},
    statement::Statement,
    verification::{authenticate, by_chain},
};

/// Never part of a model, at the top of it.
const DEFAULT_IGNORED: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];
/// Bytes of a signature file.
const MOST_SIGNATURE: u64 = 64 << 20;
/// Files in a directory, and directories above one another.
const MOST_FILES: usize = 1 << 20;
const DEPTH: usize = 100;
/// Bytes read at a time.
const CHUNK: usize = 1 << 20;
/// Chunks that are read before they are hashed.
const AHEAD: usize = 2;
/// Threads that hash.
const MOST_THREADS: usize = 8;

/// A directory, or a single file, and its signature file.
#[derive(Clone, Debug)]
pub struct SignedDirectory {
    /// The directory or file.
    pub path: PathBuf,
    /// The signature file; where it lies inside, it is not part of what is signed.
    pub signature: PathBuf,
    /// Paths below the directory (or absolute ones inside it) to leave out.
    pub ignore: Vec<PathBuf>,
    /// When verifying: files that were not signed are no flaw.
    pub ignore_unsigned: bool,
}

/// A file that belongs to the model: its name in it and its place.
struct Found {
    name: String,
    place: PathBuf,
}

impl SignedDirectory {
    /// Signs all files; the text of the signature file, which is not written here.
    pub fn sign(
        &self,
        identity: &SigningIdentity,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<String, SignatureError> {
        let mut ignored = self.ignored()?;
        if let Some(path) = self.ignore.iter().find(|path| !self.path.join(path).exists()) {
            return Err(self.refused(&format!("has no `{}` to leave out", path.display())));
        }
        let files = self.files(&ignored)?;
        if files.is_empty() {
            return Err(self.refused("holds no file to sign"));
        }
        let digests = hash_all(&files, progress)?;
        ignored.retain(|path| !DEFAULT_IGNORED.contains(&path.as_str()));
        let names = files.into_iter().map(|file| file.name).zip(digests);
        let ignored = ignored.into_iter().collect();
        let statement = Statement::of_files(&self.name(), names, ignored);
        Ok(seal(statement.to_json().as_bytes(), identity))
    }

    /// What is there and not covered by the signature, because it (or whoever verifies) says so:
    /// a `good` directory may hold anything in these places.
    pub fn not_covered(&self) -> Result<Vec<String>, SignatureError> {
        let mut ignored = self.ignored()?;
        if let Ok(envelope) = open(&self.signature_bytes()?)
            && let Ok(statement) = Statement::from_json(&envelope.payload)
        {
            ignored.extend(statement.serialization.ignore_paths.into_iter().flatten());
        }
        let own = self.ignored_signature()?;
        let usual =
            |path: &String| DEFAULT_IGNORED.contains(&path.as_str()) || Some(path) == own.as_ref();
        ignored.retain(|path| !usual(path) && self.path.join(path).exists());
        Ok(ignored.into_iter().collect())
    }

    /// Whether the files are those that were signed, and by whom.
    pub fn verify(
        &self,
        trust: &Trust,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Verification, SignatureError> {
        let bytes = self.signature_bytes()?;
        let envelope = match open(&bytes) {
            Ok(envelope) => envelope,
            Err(flaw) => return Ok(Verification::Bad(flaw)),
        };
        let (authentic, statement) = match read_statement(&envelope, trust) {
            Ok(read) => read,
            Err(flaw) => return Ok(Verification::Bad(flaw)),
        };
        if matches!(authentic, Verification::Bad(_)) {
            return Ok(authentic);
        }
        let content = self.compare(&statement, progress)?;
        Ok(authentic.unless(content))
    }

    /// Whether the signature's file holds one already, so that another may take its place.
    pub fn is_signed(&self) -> bool {
        self.signature_bytes().is_ok_and(|bytes| open(&bytes).is_ok())
    }

    fn signature_bytes(&self) -> Result<Vec<u8>, SignatureError> {
        let shown = self.signature.display().to_string();
        let at = |error| SignatureError::io(&shown, error);
        // Asked first: to open a pipe is to wait for its other end.
        if !fs_err::metadata(&self.signature).map_err(at)?.is_file() {
            return Err(SignatureError::malformed(&shown, "is not a regular file"));
        }
        let mut bytes = Vec::new();
        let read = fs_err::File::open(&self.signature)
            .and_then(|file| file.take(MOST_SIGNATURE.saturating_add(1)).read_to_end(&mut bytes));
        read.map_err(at)?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MOST_SIGNATURE {
            return Err(SignatureError::malformed(shown, "is too large for a signature"));
        }
        Ok(bytes)
    }

    /// Holds an extracted bundle against its lock: every file of it, with its content, and no
    /// other file in any place but `bundle.sig`. Modes are not looked at.
    pub fn hold_against(
        &self,
        lock: &Lock,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Result<(), Flaw>, SignatureError> {
        let mut ignored = BTreeSet::from(["bundle.sig".to_owned()]);
        ignored.extend(self.ignored_by_user()?);
        let contents: Vec<_> =
            lock.contents().into_iter().map(|(name, sha256)| (name, sha256.to_string())).collect();
        let signed = contents
            .iter()
            .map(|(name, sha256)| (name.as_str(), vec![(0_u64, u64::MAX, sha256.as_str())]));
        self.compare_with(&signed.collect(), None, &ignored, progress)
    }

    /// Holds the files against what was signed.
    fn compare(
        &self,
        statement: &Statement,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Result<(), Flaw>, SignatureError> {
        let shard = match shard_size(statement) {
            Ok(shard) => shard,
            Err(flaw) => return Ok(Err(flaw)),
        };
        let mut ignored = self.ignored()?;
        ignored.extend(statement.serialization.ignore_paths.iter().flatten().cloned());
        // A model of one file is called `.` by the reference, by its name in the specification.
        let single = self.path.is_file().then(|| self.name());
        match signed_files(statement, shard, single.as_deref()) {
            Ok(signed) => self.compare_with(&signed, shard, &ignored, progress),
            Err(flaw) => Ok(Err(flaw)),
        }
    }

    fn compare_with(
        &self,
        signed: &Signed<'_>,
        shard: Option<u64>,
        ignored: &BTreeSet<String>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Result<(), Flaw>, SignatureError> {
        let files = match self.files(ignored) {
            Ok(files) => files,
            // What must not be signed must not be there either.
            Err(error) => match error.kind {
                SignatureErrorKind::Refused(what) => {
                    return Ok(Err(Flaw::new(error.subject, what)));
                }
                _ => return Err(error),
            },
        };
        let (files, unsigned): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| signed.contains_key(file.name.as_str()));
        // A file of no bytes has no shard.
        let counts = |file: &&Found| !(shard.is_some() && is_empty(&file.place));
        if let (Some(file), false) = (unsigned.iter().find(counts), self.ignore_unsigned) {
            return Ok(Err(Flaw::new(format!("file `{}`", file.name), "is not signed")));
        }
        let there: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        if let Some(name) = signed.keys().find(|name| there.binary_search(*name).is_err()) {
            let left_out = ignored.iter().any(|path| is_at_or_below(name, path));
            let what =
                if left_out { "was signed, and is left out" } else { "was signed and is missing" };
            return Ok(Err(Flaw::new(format!("file `{name}`"), what)));
        }
        match shard {
            None => compare_files(&files, signed, progress),
            Some(size) => compare_shards(&files, signed, size, progress),
        }
    }

    /// The paths that are left out, relative and with `/`.
    fn ignored(&self) -> Result<BTreeSet<String>, SignatureError> {
        let mut ignored: BTreeSet<String> =
            DEFAULT_IGNORED.iter().map(|&path| path.to_owned()).collect();
        ignored.extend(self.ignored_signature()?);
        ignored.extend(self.ignored_by_user()?);
        Ok(ignored)
    }

    fn ignored_by_user(&self) -> Result<BTreeSet<String>, SignatureError> {
        let (mut ignored, root) = (BTreeSet::new(), self.root()?);
        for path in &self.ignore {
            let inside = if path.is_absolute() {
                let there = absolute(path)?;
                match there.strip_prefix(&root) {
                    Ok(inside) => inside.to_owned(),
                    Err(_) => continue, // what is outside is left out anyway
                }
            } else {
                path.clone()
            };
            ignored.insert(self.portable(&inside)?);
        }
        Ok(ignored)
    }

    /// The directory itself, behind links.
    fn root(&self) -> Result<PathBuf, SignatureError> {
        let at = |error| SignatureError::io(self.path.display().to_string(), error);
        fs_err::canonicalize(&self.path).map_err(at)
    }

    /// The signature file as a path below the directory, where it lies inside.
    fn ignored_signature(&self) -> Result<Option<String>, SignatureError> {
        match absolute(&self.signature)?.strip_prefix(self.root()?) {
            Ok(inside) if !inside.as_os_str().is_empty() => self.portable(inside).map(Some),
            _ => Ok(None),
        }
    }

    /// Every file that counts, in code-point order of the names.
    fn files(&self, ignored: &BTreeSet<String>) -> Result<Vec<Found>, SignatureError> {
        let at = |error| SignatureError::io(self.path.display().to_string(), error);
        let metadata = fs_err::symlink_metadata(&self.path).map_err(at)?;
        if metadata.is_file() {
            return Ok(vec![Found { name: self.name(), place: self.path.clone() }]);
        }
        let mut files = Vec::new();
        let mut open = vec![(self.path.clone(), PathBuf::new(), 0_usize)];
        while let Some((directory, inside, depth)) = open.pop() {
            if depth > DEPTH || files.len() > MOST_FILES {
                return Err(self.refused("holds too many files or directories in directories"));
            }
            for entry in fs_err::read_dir(&directory).map_err(at)? {
                let entry = entry.map_err(at)?;
                let inside = inside.join(entry.file_name());
                let name = self.portable(&inside)?;
                if ignored.contains(&name) {
                    continue;
                }
                let kind = entry.file_type().map_err(at)?;
                if kind.is_dir() {
                    open.push((entry.path(), inside, depth.saturating_add(1)));
                } else if kind.is_file() {
                    files.push(Found { name, place: entry.path() });
                } else {
                    let what =
                        if kind.is_symlink() { "is a symbolic link" } else { "is no regular file" };
                    let subject = format!("file `{name}`");
                    return Err(SignatureError::new(
                        subject,
                        SignatureErrorKind::Refused(what.into()),
                    ));
                }
            }
        }
        files.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(files)
    }

    /// A relative path with `/`, which must be UTF-8.
    fn portable(&self, inside: &Path) -> Result<String, SignatureError> {
        let plain = inside.components().filter(|part| *part != Component::CurDir);
        let parts: Option<Vec<_>> = plain.map(|part| part.as_os_str().to_str()).collect();
        parts.map(|parts| parts.join("/")).ok_or_else(|| {
            self.refused(&format!("holds the name `{}`, which is not UTF-8", inside.display()))
        })
    }

    /// The name of the directory, for people.
    fn name(&self) -> String {
        let absolute = std::path::absolute(&self.path).unwrap_or_default();
        let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned());
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| "model".to_owned())
    }

    fn refused(&self, what: &str) -> SignatureError {
        SignatureError::new(self.name(), SignatureErrorKind::Refused(what.to_owned()))
    }
}

/// A path without links on the way to its directory, so that two can be compared.
fn absolute(path: &Path) -> Result<PathBuf, SignatureError> {
    let at = |error| SignatureError::io(path.display().to_string(), error);
    let absolute = std::path::absolute(path).map_err(at)?;
    let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Ok(absolute);
    };
    Ok(fs_err::canonicalize(parent).map_or_else(|_| absolute.clone(), |parent| parent.join(name)))
}

/// Whether a name is left out by this path.
fn is_at_or_below(name: &str, path: &str) -> bool {
    name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_empty(place: &Path) -> bool {
    fs_err::metadata(place).is_ok_and(|metadata| metadata.len() == 0)
}

/// Verifies an envelope and reads what it says, in the way of its version.
fn read_statement(envelope: &Envelope, trust: &Trust) -> Result<(Verification, Statement), Flaw> {
    if let Some(statement) = Statement::from_v0_2(&envelope.payload)? {
        return Ok((authenticate_v0_2(envelope, trust), statement));
    }
    let authentic = authenticate(envelope, trust);
    if let Verification::Bad(flaw) = authentic {
        return Err(flaw);
    }
    Statement::from_json(&envelope.payload).map(|statement| (authentic, statement))
}

/// Version 0.2 signed another encoding, with SHA-256 on every curve where a
/// certificate was used.
fn authenticate_v0_2(envelope: &Envelope, trust: &Trust) -> Verification {
    let signed = pae_of_v0_2(&envelope.payload);
    let hash = Sha256::digest(&signed);
    let flaw = || Flaw::new("sig", "was not made over this payload");
    match &envelope.material {
        Material::Chain(chain) => {
            by_chain(chain, trust, |key| key.verifies_hash(&hash, &envelope.signature))
        }
        Material::Key { .. } => {
            let made = trust.keys().find(|(_, key)| key.verifies(&signed, &envelope.signature));
            made.map_or_else(
                || Verification::Bad(flaw()),
                |(name, key)| Verification::Good(crate::Signer::named(name, key)),
            )
        }
        Material::Keyless => authenticate(envelope, trust),
    }
}

/// The size of shards, or none for whole files; other forms are refused by name.
fn shard_size(statement: &Statement) -> Result<Option<u64>, Flaw> {
    let found = &statement.serialization;
    let unsupported = |field: &str, is: &str| {
        Flaw::new(
            format!("serialization.{field}"),
            format!("`{}` is not supported here", shown(is)),
        )
    };
    if found.hash_type != "sha256" {
        return Err(unsupported("hash_type", &found.hash_type));
    }
    if found.allow_symlinks {
        return Err(unsupported("allow_symlinks", "true"));
    }
    let plain = |path: &String| {
        !path.is_empty()
            && !path.contains(['*', '?', '['])
            && !path.starts_with('/')
            && path.split('/').all(|part| part != "..")
    };
    if let Some(path) = found.ignore_paths.iter().flatten().find(|path| !plain(path)) {
        let what = format!("`{}` is not a plain path below the model", shown(path));
        return Err(Flaw::new("serialization.ignore_paths", what));
    }
    match (found.method.as_str(), found.shard_size) {
        ("files", None) => Ok(None),
        ("shards", Some(size)) if size > 0 => Ok(Some(size)),
        ("files" | "shards", _) => {
            Err(Flaw::new("serialization.shard_size", "does not go with the method"))
        }
        (other, _) => Err(unsupported("method", other)),
    }
}

/// The signed digests by file: one, or one for each shard by its two ends.
type Signed<'s> = BTreeMap<&'s str, Vec<(u64, u64, &'s str)>>;

fn signed_files<'s>(
    statement: &'s Statement,
    shard: Option<u64>,
    single: Option<&'s str>,
) -> Result<Signed<'s>, Flaw> {
    let mut signed = Signed::new();
    for resource in &statement.resources {
        let of = || format!("resource `{}`", shown(&resource.name));
        let (name, from, to) = match shard {
            None => (resource.name.as_str(), 0, u64::MAX),
            Some(_) => shard_name(&resource.name)
                .ok_or_else(|| Flaw::new(of(), "is not `PATH:START:END`"))?,
        };
        let name = single.filter(|_| name == ".").unwrap_or(name);
        // Python names the digest of a shard after its size too.
        let sharded = shard.map(|size| format!("sha256-sharded-{size}"));
        if resource.algorithm != "sha256" && sharded.as_ref() != Some(&resource.algorithm) {
            return Err(Flaw::new(of(), format!("algorithm is `{}`", shown(&resource.algorithm))));
        }
        signed.entry(name).or_default().push((from, to, &resource.digest));
    }
    Ok(signed)
}

fn shard_name(name: &str) -> Option<(&str, u64, u64)> {
    let (rest, to) = name.rsplit_once(':')?;
    let (path, from) = rest.rsplit_once(':')?;
    Some((path, from.parse().ok()?, to.parse().ok()?))
}

fn compare_files(
    files: &[Found],
    signed: &Signed<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Result<(), Flaw>, SignatureError> {
    let digests = hash_all(files, progress)?;
    for (file, digest) in files.iter().zip(digests) {
        let expected = signed.get(file.name.as_str()).and_then(|shards| shards.first());
        let Some((_, _, expected)) = expected else { continue };
        if *expected != digest {
            let what = format!("sha256 is {digest}, the signature says {expected}");
            return Ok(Err(Flaw::new(format!("file `{}`", file.name), what)));
        }
    }
    Ok(Ok(()))
}

fn compare_shards(
    files: &[Found],
    signed: &Signed<'_>,
    size: u64,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Result<(), Flaw>, SignatureError> {
    for file in files {
        let mut expected = signed.get(file.name.as_str()).cloned().unwrap_or_default();
        expected.sort_unstable();
        let at = |error| SignatureError::io(file.place.display().to_string(), error);
        let mut content = fs_err::File::open(&file.place).map_err(at)?;
        let length = content.metadata().map_err(at)?.len();
        let (mut from, mut found) = (0_u64, Vec::new());
        while from < length {
            let to = from.saturating_add(size).min(length);
            let digest =
                hash(&mut (&mut content).take(to.saturating_sub(from)), progress).map_err(at)?;
            found.push((from, to, digest));
            from = to;
        }
        let same = expected.iter().copied().eq(found.iter().map(|(a, b, d)| (*a, *b, d.as_str())));
        if !same {
            let subject = format!("file `{}`", file.name);
            return Ok(Err(Flaw::new(subject, "has shards other than those that were signed")));
        }
    }
    Ok(Ok(()))
}

/// Digests of whole files, in their order. Threads take the next file each.
fn hash_all(
    files: &[Found],
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<String>, SignatureError> {
    let digests: Mutex<BTreeMap<usize, Result<String, SignatureError>>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else { break };
            let digest =
                fs_err::File::open(&file.place).and_then(|mut file| hash(&mut file, progress));
            let digest =
                digest.map_err(|error| SignatureError::io(file.place.display().to_string(), error));
            digests.lock().unwrap_or_else(PoisonError::into_inner).insert(index, digest);
        }
    };
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 1..cores.min(MOST_THREADS).min(files.len()) {
            scope.spawn(work);
        }
        work();
    });
    let digests = digests.into_inner().unwrap_or_else(PoisonError::into_inner);
    digests.into_values().collect()
}

/// Hashes while another thread reads ahead: reading costs a third of what hashing does.
fn hash(
    content: &mut (dyn Read + Send),
    progress: &(dyn Fn(u64) + Sync),
) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let (full, filled) = mpsc::sync_channel::<std::io::Result<Vec<u8>>>(AHEAD);
    let (used, empty) = mpsc::sync_channel::<Vec<u8>>(AHEAD);
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let mut buffer = empty.try_recv().unwrap_or_default();
                buffer.clear();
                let limit = u64::try_from(CHUNK).unwrap_or(u64::MAX);
                let read = (&mut *content).take(limit).read_to_end(&mut buffer);
                let last = read.as_ref().map_or(true, |count| *count == 0);
                if full.send(read.map(|_| buffer)).is_err() || last {
                    break;
                }
            }
        });
        for buffer in filled {
            let buffer = buffer?;
            hash.update(&buffer);
            progress(u64::try_from(buffer.len()).unwrap_or_default());
            // The reader has gone where it does not want the buffer back.
            used.try_send(buffer).unwrap_or_default();
        }
        Ok(HEXLOWER.encode(&hash.finalize()))
    })
}

#[cfg(all(test, feature = "store"))]
mod tests;
