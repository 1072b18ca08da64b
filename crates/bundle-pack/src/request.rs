//! What is asked of `pack`, and what it did.

use std::path::PathBuf;

use bundle_archive::{WriteOptions, Written};
use bundle_manifest::Lock;
use bundle_run::ExampleReplay;
use bundle_signature::SignatureError;

use crate::Blind;

/// What was asked of `pack`.
#[derive(Clone, Debug)]
pub struct PackRequest {
    /// The project.
    pub directory: PathBuf,
    /// The file to write, or an existing directory for `NAME-VERSION.bundle.tar.zst`.
    pub output: PathBuf,
    /// Level and threads.
    pub write: WriteOptions,
    /// Refuse a bundle whose network cannot run here.
    pub must_run: bool,
    /// Pack without replaying the examples.
    pub skip_replay: bool,
    /// Globs of members held back.
    pub withhold: Vec<String>,
    /// For blind review: keep what git says of the author (commit, remote) out of the lock, and
    /// refuse files that say who wrote them.
    pub anonymous: Option<Blind>,
    /// Pack files that hold private keys.
    pub with_private_keys: bool,
}

/// Makes `bundle.sig` of a lock, or nothing for an unsigned bundle. Asked once, when
/// everything else is done, so that no key is made for a bundle that is not packed.
pub type Seal<'a> = dyn Fn(&Lock) -> Result<Option<Vec<u8>>, SignatureError> + 'a;

/// What `pack` did.
#[derive(Debug)]
pub struct Packed {
    /// The file.
    pub path: PathBuf,
    /// Id, size, members.
    pub written: Written,
    /// The replays.
    pub replays: Vec<ExampleReplay>,
    /// Examples that ran, and have no recorded output to be held against.
    pub unrecorded: usize,
    /// Why the network could not run, where it could not.
    pub not_run: Option<String>,
    /// Remarks for the author (links not packed, additions in an extracted bundle …).
    pub notes: Vec<String>,
}

/// What `pack` is doing, for a progress bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Replaying example i of n.
    Replay {
        /// Name.
        name: String,
        /// From 1.
        index: usize,
        /// All.
        count: usize,
    },
    /// Total bytes to pack, once.
    Total(u64),
    /// More bytes packed.
    Bytes(u64),
}
