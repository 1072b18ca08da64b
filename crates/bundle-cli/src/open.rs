//! A path that a user named: a bundle, a zip or a page that holds one, or a project directory.

mod address;

use std::{fs::Metadata, io::ErrorKind, path::Path, sync::Arc};

use bundle_archive::{Archive, Limits};
use bundle_manifest::{ArtifactPath, BundleId, FileSource, Manifest};
use bundle_project::SourceTree;
use bundle_signature::{Verification, verify_bundle};

use crate::{failure::Failure, keys, terminal::Terminal};

/// Bytes of a `bundle.toml` that are read.
const MANIFEST_LIMIT: u64 = 4 << 20;

/// A project, wherever it is.
pub(crate) struct Opened {
    pub(crate) manifest: Manifest,
    pub(crate) files: Arc<dyn FileSource>,
    pub(crate) packed: Option<Arc<Archive>>,
}

impl Opened {
    /// Opens `path`. Of a bundle only the lock and `bundle.toml` are read; each
    /// other member is checked against its digest when it is read.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            let tree = SourceTree::from_directory(path)?;
            let name: ArtifactPath = "bundle.toml"
                .parse()
                .map_err(anyhow::Error::from)
                .map_err(|error| Failure::usage(error.to_string()))?;
            let bytes = tree.read(&name, MANIFEST_LIMIT).map_err(|error| {
                let there = path.join("bundle.toml");
                if fs_err::symlink_metadata(&there).is_ok() {
                    return Failure::from(error).of(there.display());
                }
                Failure::usage(format!("there is no `{}`", there.display()))
                    .hint(format!("run `bundle init {}` to propose one", path.display()))
            })?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Failure::does_not_hold("bundle.toml is not UTF-8"))?;
            let manifest = parse(&text)?;
            return Ok(Self { manifest, files: Arc::new(tree), packed: None });
        }
        let archive = Arc::new(open_archive(path)?);
        let manifest = parse(archive.manifest_text())?;
        let files: Arc<dyn FileSource> = Arc::<Archive>::clone(&archive);
        Ok(Self { manifest, files, packed: Some(archive) })
    }

    /// The id, for a packed bundle.
    pub(crate) fn id(&self) -> Option<BundleId> {
        self.packed.as_ref().map(|archive| archive.id())
    }
}

/// What may be believed of a bundle's signature. A bad one is a reason not to use the bundle.
pub(crate) fn believable(
    archive: &Archive,
    path: &Path,
    terminal: &mut Terminal,
) -> Result<Verification, Failure> {
    match verify_bundle(archive.signature(), archive.lock(), &keys::trust(terminal)) {
        Verification::Bad(flaw) => {
            let message = format!("{}: bad signature: {flaw}", path.display());
            Err(Failure::does_not_hold(message)
                .hint("do not use this file; `bundle check` says more, `tar --zstd -xf` opens it all the same"))
        }
        found => Ok(found),
    }
}

/// Opens a bundle file, or the one that a zip file or a page holds.
pub(crate) fn open_archive(path: &Path) -> Result<Archive, Failure> {
    there(path)?;
    let opened = Archive::open_wrapped(path, &std::env::temp_dir(), &Limits::default());
    opened.map_err(|error| Failure::from(error).of(path.display()))
}

/// What is at a path that a user typed.
pub(crate) fn there(path: &Path) -> Result<Metadata, Failure> {
    fs_err::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => match address::hint(&path.to_string_lossy()) {
            Some(hint) => {
                let message = format!("`{}` is an address, and nothing is fetched", path.display());
                Failure::usage(message).hint(hint)
            }
            None => Failure::usage(format!("there is no `{}`", path.display())),
        },
        _ => error.into(),
    })
}

fn parse(text: &str) -> Result<Manifest, Failure> {
    Manifest::from_toml(text).map_err(|error| Failure::from(error).of("bundle.toml"))
}
