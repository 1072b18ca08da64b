//! A project into a bundle: [`init`] proposes a `bundle.toml`, [`pack`] writes and signs the file.
//!
//! `pack` refuses only statements that are false: a file that `bundle.toml`
//! refers to and that is not there, an example whose replay is not what was
//! recorded. A network that cannot run here packs, and says so.
//!
//! ```no_run
//! use bundle_archive::WriteOptions;
//! use bundle_pack::{PackRequest, pack};
//!
//! let request = PackRequest {
//!     directory: "paper".into(),
//!     output: ".".into(),
//!     write: WriteOptions { level: 3, threads: 2 },
//!     must_run: false,
//!     skip_replay: false,
//!     withhold: vec![],
//!     anonymous: None,
//!     with_private_keys: false,
//! };
//! let packed = pack(&request, &|_lock| Ok(None), &|_| {}, &|| false)?;
//! println!("{} {}", packed.path.display(), packed.written.id);
//! # Ok::<(), bundle_pack::PackError>(())
//! ```

mod anonymity;
mod error;
mod init;
mod measure;
mod pack;
mod rehearse;
mod request;

/// The recorder: a Python file that runs the steps of a `bundle.toml`, and the author's code, with
/// the author's libraries, and writes an example.
pub const RECORDER: &str = include_str!("../recorder/bundle_record.py");

pub use anonymity::{Allowance, Anonymized, Blind, anonymize};
pub use error::PackError;
pub use init::{FoundSteps, Proposal, init};
pub use pack::pack;
pub use request::{PackRequest, Packed, Progress, Seal};
