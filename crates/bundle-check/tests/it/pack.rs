//! Bundles for tests, packed step by step so that each step can be made to lie.

use std::path::Path;

use bundle_archive::{Spool, WriteOptions};
use bundle_manifest::{
    ArtifactPath, Digest, FileMode, FileSource as _, Lock, LockedMember, Manifest,
};
use bundle_project::{SourceTree, lock_of};
use sha2::Digest as _;

/// How a bundle is to be packed.
#[derive(Default)]
pub(crate) struct Packing<'p> {
    /// A member that is listed and left out.
    pub(crate) withhold: Option<&'p str>,
    /// The bytes of `bundle.sig`.
    pub(crate) signature: Option<&'p [u8]>,
    /// What to change in the lock before it is written.
    pub(crate) edit: Option<fn(&mut Lock)>,
}

/// Packs a directory into `target`.
pub(crate) fn pack(directory: &Path, target: &Path, packing: &Packing<'_>) {
    let tree = SourceTree::from_directory(directory).expect("a project");
    let toml: ArtifactPath = "bundle.toml".parse().expect("a path");
    let text = String::from_utf8(tree.read(&toml, 1 << 20).expect("a manifest")).expect("text");
    let manifest = Manifest::from_toml(&text).expect("a manifest");
    let selected = tree.select(&manifest, &[]).expect("files");
    let options = WriteOptions { level: 3, threads: 1 };
    let mut spool = Spool::create(target, &manifest.stem(), &options).expect("a spool");
    let mut members = Vec::new();
    for file in &selected.files {
        let path: ArtifactPath = format!("project/{}", file.path).parse().expect("a path");
        let content = tree.read(&file.path, 1 << 30).expect("content");
        let sha256 = Digest::from_bytes(sha2::Sha256::digest(&content).into());
        let withheld = packing.withhold == Some(file.path.as_str());
        if !withheld && file.path != toml {
            spool
                .append(&path, file.mode, file.size, &mut content.as_slice(), &|_| ())
                .expect("appended");
        }
        let (mode, tracked): (FileMode, bool) = (file.mode, file.tracked && !withheld);
        members.push(LockedMember { path, size: file.size, sha256, mode, tracked, withheld });
    }
    let mut files = selected.files.clone();
    files.retain(|file| packing.withhold != Some(file.path.as_str()));
    let code = tree.measure_code(&files).expect("a code hash");
    let mut lock = lock_of(&manifest, &selected, members, code, None);
    if let Some(edit) = packing.edit {
        edit(&mut lock);
    }
    spool.finish(&lock, text.as_bytes(), packing.signature).expect("packed");
}
