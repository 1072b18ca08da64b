//! The page around a bundle: whoever writes pages judges it, and says so here.

use std::io::{self, Read};

use bundle_archive::Archive;
use bundle_manifest::Manifest;
use bundle_run::Predictor;

/// What the page around a bundle is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageProvenance {
    /// Byte for byte what this version writes of the bundle.
    Ours,
    /// It says that it is of this version, and is not.
    Changed,
    /// It says that it is of another version.
    OfVersion(String),
    /// Nothing here can say.
    NotKnown(String),
}

/// Holds a page, from its first byte, against the one that would be written of its bundle.
pub type PageJudge =
    fn(&mut dyn Read, &Archive, &Manifest, &Predictor) -> io::Result<PageProvenance>;
