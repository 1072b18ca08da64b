//! The bundle container: a canonical tar in the zstd seekable format, written
//! and read with limits.
//!
//! `docs/format.md` is the specification; the modules say how and why.
//! A bundle is a list of independent zstd frames and, last in the file, a
//! skippable frame with the seek table. Unpacked and joined, the frames are a
//! POSIX tar of `NAME-VERSION/bundle.lock`, `bundle.sig`, `project/bundle.toml`
//! and the other files of the project in code-point order of their paths.
//!
//! The format leaves no choice: given the lock, there is one header for each
//! member, one order and one division into frames. So the reader does not
//! interpret an archive. It reads the lock, predicts the rest and compares.
//!
//! ```
//! use bundle_archive::{Archive, Limits, Spool, WriteOptions};
//! use bundle_manifest::{ArtifactPath, FileMode, FileSource as _, Lock};
//! # use bundle_manifest::{CodeIdentity, Digest, GitObjectId, LockedMember};
//! # fn lock_of(members: Vec<LockedMember>) -> Result<Lock, Box<dyn std::error::Error>> {
//! #     let code = CodeIdentity { swhid: GitObjectId::from_bytes([0; 20]), sha256: Digest::from_bytes([0; 32]) };
//! #     let (name, version) = ("tiny".parse()?, "1.0.0".parse()?);
//! #     Ok(Lock { name, version, requires: vec![], code, git: None, not_packed: vec![], members })
//! # }
//! # fn member(path: &str, size: u64, sha256: Digest) -> Result<LockedMember, Box<dyn std::error::Error>> {
//! #     Ok(LockedMember { path: path.parse()?, size, sha256, mode: FileMode::Regular, tracked: true, withheld: false })
//! # }
//!
//! let directory = tempfile::tempdir()?;
//! let target = directory.path().join("tiny-1.0.0.bundle.tar.zst");
//!
//! // Members are read once, before the lock that lists their digests exists.
//! let mut spool = Spool::create(&target, "tiny-1.0.0", &WriteOptions::default())?;
//! let path: ArtifactPath = "project/weights.bin".parse()?;
//! let sealed = spool.append(&path, FileMode::Regular, 4, &mut &b"\x00\x00\x80\x3f"[..], &|_bytes| ())?;
//! # let manifest_digest: [u8; 32] = { use sha2::Digest as _; sha2::Sha256::digest(b"format = 1\n").into() };
//! # let manifest = member("project/bundle.toml", 11, Digest::from_bytes(manifest_digest))?;
//! let lock = lock_of(vec![manifest, member("project/weights.bin", sealed.size, sealed.sha256)?])?;
//! let written = spool.finish(&lock, b"format = 1\n", None)?;
//!
//! // Opening reads the end and the first frame; `verify` reads the rest.
//! let archive = Archive::open(&target, &Limits::default())?;
//! assert_eq!(archive.manifest_text(), "format = 1\n");
//! assert_eq!(archive.read(&"weights.bin".parse()?, 1024)?, b"\x00\x00\x80\x3f");
//! assert_eq!(archive.verify(&|_bytes| ())?.id, written.id);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod decode;
#[cfg(feature = "write")]
mod encode;
mod entry;
mod error;
#[cfg(feature = "write")]
mod extract;
mod feed;
mod frame;
mod head;
mod layout;
mod limits;
mod member;
#[cfg(feature = "wrapped")]
mod page;
mod piece;
#[cfg(feature = "write")]
mod pool;
mod read;
#[cfg(feature = "write")]
mod resign;
mod seek;
mod storage;
mod verify;
#[cfg(feature = "wrapped")]
mod wrapper;
#[cfg(feature = "write")]
mod write;
#[cfg(feature = "wrapped")]
mod zip;

pub use error::{ArchiveError, ArchiveErrorKind};
pub use limits::Limits;
pub use member::MemberReader;
pub use piece::{PIECE_BEFORE, PIECE_BEHIND, PIECE_SIZE};
pub use read::Archive;
pub use verify::Verified;
#[cfg(feature = "wrapped")]
pub use wrapper::Wrapper;
#[cfg(feature = "write")]
pub use write::{Sealed, Spool, WriteOptions, Written};
