//! A source tree as members: which files a project packs, what its code is called
//! (SWHID), what git says of it, and the lock of it all.
//!
//! The same questions are asked of a directory, an extracted bundle, a git
//! revision and a packed bundle; [`SourceTree`] answers them in one way. This is
//! the only crate that names gix, and no git program runs.
//!
//! ```
//! use bundle_manifest::Manifest;
//! use bundle_project::SourceTree;
//!
//! # let sandbox = bundle_testkit::Sandbox::new()?;
//! # let directory = sandbox.path();
//! # let text = "format = 1\n[bundle]\nname = \"x\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n[models]\nwhy = \"none\"\n";
//! # sandbox.write("bundle.toml", text)?;
//! # sandbox.write("train.py", "print()\n")?;
//! # sandbox.write(".gitignore", "*.pt\n")?;
//! # sandbox.write("scratch.pt", "")?;
//! let tree = SourceTree::from_directory(directory)?;
//! let selected = tree.select(&Manifest::from_toml(text)?, &[])?;
//! let paths: Vec<_> = selected.files.iter().map(|file| file.path.as_str()).collect();
//! assert_eq!(paths, [".gitignore", "bundle.toml", "train.py"]);
//!
//! let code = tree.measure_code(&selected.files)?;
//! assert_eq!(tree.git_facts(&selected, &code)?, None); // git tracks nothing here
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod disk;
mod environment;
mod error;
mod facts;
mod filter;
mod git;
mod globs;
mod identity;
mod lock;
mod made;
mod notebook;
mod readme;
mod references;
mod select;
mod swhid;
mod tree;
mod zip;
pub use disk::Stamp;
pub use environment::{
    Environment, EnvironmentFormat, Requirement, VersionClaim, installed_packages,
};
pub use error::ProjectError;
pub use globs::Globs;
pub use identity::{
    Leak, LeakKind, MAX_SEARCHED, People, Redacted, Secret, leaks, redacted, secrets,
};
pub use lock::lock_of;
pub use notebook::{Cell, notebook_cells};
pub use readme::{Block, BlockKind, Code, Heading, Link, Markup, Prose, Readme, Table};
pub use references::{Reference, references};
pub use select::{Absent, Selected};
pub use swhid::{BlobNames, BlobReader, code_identity};
pub use tree::{Origin, SourceFile, SourceTree};
