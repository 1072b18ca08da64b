//! The first frame: `bundle.lock`, `bundle.sig` and `project/bundle.toml`.

use bundle_manifest::{BundleId, Digest, FileMode, Lock};
use sha2::{Digest as _, Sha256};

use crate::{
    ArchiveError, ArchiveErrorKind, Limits, entry,
    layout::{LOCK, MANIFEST, SIGNATURE, manifest_member},
    limits::{member_subject, too_large, too_many},
};

/// What the first frame says.
pub(crate) struct Head {
    pub(crate) lock: Lock,
    pub(crate) lock_size: u64,
    pub(crate) signature: Option<Vec<u8>>,
    pub(crate) manifest: String,
    pub(crate) id: BundleId,
}

/// The most bytes a first frame may unpack to.
pub(crate) fn most_bytes(limits: &Limits) -> u64 {
    let members = [limits.lock_size, limits.signature_size, limits.manifest_size];
    members.iter().fold(6 * entry::BLOCK, |sum, size| sum.saturating_add(*size))
}

/// Reads the first frame: three entries, each with the one header it can have.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Head, ArchiveError> {
    let mut rest = Entries(bytes);
    let (top, text) = rest.lock(limits)?;
    let lock_size = length(text);
    let (lock, id) = parse_lock(text, limits)?;
    let stem = lock.stem();
    if top != stem {
        let what = format!("has the top directory `{top}`, the lock is of `{stem}`");
        return Err(ArchiveError::malformed("frame 1", what));
    }
    let signature = rest.signature(&stem, limits)?;
    let manifest = rest.manifest(&stem, &lock, limits)?;
    if !rest.0.is_empty() {
        let what = format!("holds {} bytes after `{MANIFEST}`", rest.0.len());
        return Err(ArchiveError::malformed("frame 1", what));
    }
    Ok(Head { lock, lock_size, signature, manifest, id })
}

fn parse_lock(text: &[u8], limits: &Limits) -> Result<(Lock, BundleId), ArchiveError> {
    let malformed = |what: String| ArchiveError::malformed(member_subject(LOCK), what);
    let text =
        std::str::from_utf8(text).map_err(|error| malformed(format!("is not UTF-8: {error}")))?;
    // Counted before anything is built of them.
    let members = text.lines().filter(|line| *line == "[[members]]").count();
    if members > limits.members {
        return Err(too_many(members, limits.members));
    }
    let lock = Lock::from_toml(text).map_err(|error| {
        if is_newer(text) {
            return ArchiveError::new(member_subject(LOCK), ArchiveErrorKind::Newer(error));
        }
        malformed(error.to_string())
    })?;
    limits.admit(&lock)?;
    let id = BundleId::of_text(&lock, text.as_bytes());
    Ok((lock, id))
}

/// Whether a lock that was refused announces what this version need not know: a
/// higher format or a required feature. Whether it is sound is then an open question.
fn is_newer(text: &str) -> bool {
    let newer = |line: &str| match line.split_once(" = ") {
        Some(("format", number)) => number.parse::<u32>().is_ok_and(|number| number > 1),
        Some(("requires", features)) => features.starts_with("[\""),
        _ => false,
    };
    // Both are in the head of the document, above the first table.
    text.lines().take_while(|line| !line.starts_with('[')).any(newer)
}

/// What is left of the first frame.
struct Entries<'b>(&'b [u8]);

impl<'b> Entries<'b> {
    /// The top directory and the content of the first entry. The header is
    /// the canonical one for the name and the size in it.
    fn lock(&mut self, limits: &Limits) -> Result<(String, &'b [u8]), ArchiveError> {
        let header = self.peek().ok_or_else(|| cut_short(LOCK))?;
        let name = entry::name_of(header);
        let Some((top, LOCK)) = name.split_once('/') else {
            let what = format!("begins with `{name}`, not with `NAME-VERSION/{LOCK}`");
            return Err(ArchiveError::malformed("frame 1", what));
        };
        let content = self.take(LOCK, limits.lock_size)?;
        expect_header(LOCK, header, &entry::header(top, LOCK, length(content), FileMode::Regular))?;
        Ok((top.to_owned(), content))
    }

    fn signature(&mut self, stem: &str, limits: &Limits) -> Result<Option<Vec<u8>>, ArchiveError> {
        let header = self.peek().ok_or_else(|| cut_short(MANIFEST))?;
        if entry::name_of(header) != format!("{stem}/{SIGNATURE}") {
            return Ok(None);
        }
        let content = self.take(SIGNATURE, limits.signature_size)?;
        expect_header(
            SIGNATURE,
            header,
            &entry::header(stem, SIGNATURE, length(content), FileMode::Regular),
        )?;
        Ok(Some(content.to_vec()))
    }

    fn manifest(
        &mut self,
        stem: &str,
        lock: &Lock,
        limits: &Limits,
    ) -> Result<String, ArchiveError> {
        let member = manifest_member(lock)?;
        let header = self.peek().ok_or_else(|| cut_short(MANIFEST))?;
        expect_header(MANIFEST, header, &entry::header(stem, MANIFEST, member.size, member.mode))?;
        let content = self.take(MANIFEST, limits.manifest_size)?;
        let actual = Digest::from_bytes(Sha256::digest(content).into());
        if actual != member.sha256 {
            let kind = ArchiveErrorKind::Digest { actual, expected: member.sha256 };
            return Err(ArchiveError::new(member_subject(MANIFEST), kind));
        }
        String::from_utf8(content.to_vec()).map_err(|error| {
            ArchiveError::malformed(member_subject(MANIFEST), format!("is not UTF-8: {error}"))
        })
    }

    fn peek(&self) -> Option<&'b [u8]> {
        self.0.get(..512)
    }

    /// The content of the next entry, behind its header and before its padding.
    fn take(&mut self, path: &str, limit: u64) -> Result<&'b [u8], ArchiveError> {
        let stated = |what| ArchiveError::malformed(member_subject(path), what);
        let (header, rest) = self.0.split_at_checked(512).ok_or_else(|| cut_short(path))?;
        let size = entry::stated_size(header)
            .ok_or_else(|| stated("tar header states no canonical size"))?;
        if size > limit {
            return Err(too_large(member_subject(path), size, limit));
        }
        let (content, rest) = split(rest, size).ok_or_else(|| cut_short(path))?;
        let (padding, rest) = split(rest, entry::padding(size)).ok_or_else(|| cut_short(path))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(stated("is followed by padding that is not zero"));
        }
        self.0 = rest;
        Ok(content)
    }
}

fn split(bytes: &[u8], at: u64) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(usize::try_from(at).ok()?)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Demands the canonical header.
pub(crate) fn expect_header(
    path: &str,
    actual: &[u8],
    expected: &[u8],
) -> Result<(), ArchiveError> {
    if actual == expected {
        return Ok(());
    }
    Err(ArchiveError::malformed(member_subject(path), entry::difference(actual, expected)))
}

fn cut_short(path: &str) -> ArchiveError {
    ArchiveError::malformed("frame 1", format!("ends before or within `{path}`"))
}
