//! What an author declares (`bundle.toml`), what a packer measured
//! (`bundle.lock`), and the words both are written in.
//!
//! This crate is the floor of the workspace: it parses, it never reads a file,
//! a clock or the environment, and the only way into one of its types is a
//! parser that refuses what the format forbids.
//!
//! ```
//! use bundle_manifest::Manifest;
//!
//! let manifest = Manifest::from_toml(r#"
//!     format = 1
//!     [bundle]
//!     name = "theory"
//!     version = "1.0.0"
//!     title = "A paper without weights"
//!     license = "CC-BY-4.0"
//!     [models]
//!     why = "the result is a proof"
//! "#)?;
//! assert_eq!(manifest.bundle.name.as_str(), "theory");
//!
//! let error = Manifest::from_toml(r#"
//! format = 1
//! [bundle]
//! nmae = "theory"
//! version = "1.0.0"
//! title = "A paper without weights"
//! license = "CC-BY-4.0"
//! [models]
//! why = "the result is a proof"
//! "#).unwrap_err();
//! let problem = &error.problems()[0];
//! assert_eq!(problem.to_string(), "unknown key `nmae` in `bundle`");
//! assert_eq!(problem.hint.as_deref(), Some("did you mean `name`?"));
//! assert_eq!((problem.line, problem.column), (4, 1));
//! # Ok::<(), bundle_manifest::ManifestError>(())
//! ```

mod checking;
mod claim;
mod consistency;
mod digest;
mod dtype;
mod error;
mod example;
mod id;
mod input;
mod locate;
mod lock;
mod manifest;
mod model;
mod name;
mod output;
mod path;
mod policy;
mod reference;
mod schema;
mod source;
mod step;
mod tolerance;
pub mod toml_text;
mod tree;

pub use checking::{
    AddedWord, AddedWords, Checking, MoreWords, OverrideAnswer, Reason, RuleId, RuleOverride,
};
pub use claim::{Claim, ClaimData, Code, DataSplit, Files};
pub use digest::{Digest, GitObjectId, InvalidDigest};
pub use dtype::Dtype;
pub use error::{ManifestError, Problem};
pub use example::{Example, ExampleInput, Expectation, Origin};
pub use id::BundleId;
pub use input::{
    Input, InputKind, Join, JoinMethod, Tail, TensorRoles, Tile, TileJoin, Window, WindowJoin,
};
pub use locate::line_of_step;
pub use lock::{
    CodeIdentity, EqualsGit, FileMode, GitDifference, GitFacts, Lock, LockError, LockedMember,
};
pub use manifest::{BundleInfo, FormatVersion, Link, Manifest, Use};
pub use model::{Constant, Dim, DimRange, DimRole, Model, Models, State, StateInit};
pub use name::{BundleName, EntryName, InvalidName, Version};
pub use output::{Labels, Output, OutputKind};
pub use path::{ArtifactPath, InvalidPath, PathCollision};
pub use policy::{
    PolicyContext, PolicyFormat, PolicyLimits, PolicyOverrides, PolicyProfile, PolicySeverity,
    PolicySignature, RequiredEntry, VenuePolicy,
};
pub use reference::manifest_reference;
pub use schema::{manifest_schema, policy_schema};
pub use source::{FileSource, NoFiles};
pub use step::*;
pub use tolerance::{Compare, Tolerance};
