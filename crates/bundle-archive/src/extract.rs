//! Unpacking into a directory: everything or nothing.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bundle_manifest::{FileMode, LockedMember};

use crate::{
    Archive, ArchiveError,
    layout::{LOCK, SIGNATURE, manifest_member},
    limits::member_subject,
    verify::Sink,
};

impl Archive {
    /// Unpacks into `directory/NAME-VERSION/` (which must not exist) and returns that path. Everything
    /// is checked before the rename that makes it visible; after an error `directory`, which must
    /// exist, is as it was.
    pub fn extract(
        &self,
        directory: &Path,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<PathBuf, ArchiveError> {
        let stem = self.lock().stem();
        let target = directory.join(&stem);
        let at_target = |source| ArchiveError::io(target.display().to_string(), source);
        if target.symlink_metadata().is_ok() {
            return Err(at_target(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "it already exists",
            )));
        }
        let beside =
            tempfile::Builder::new().prefix(".bundle-").suffix(".part").tempdir_in(directory);
        let beside =
            beside.map_err(|source| ArchiveError::io(directory.display().to_string(), source))?;
        let mut files = Files { root: beside.path().join(&stem), file: None };
        fs_err::create_dir(&files.root).map_err(at_target)?;
        files.put(LOCK, FileMode::Regular, self.lock().to_toml().as_bytes())?;
        if let Some(signature) = self.signature() {
            files.put(SIGNATURE, FileMode::Regular, signature)?;
        }
        let manifest = manifest_member(self.lock())?;
        files.put(manifest.path.as_str(), manifest.mode, self.manifest_text().as_bytes())?;
        self.walk(&mut files, progress)?;
        fs_err::rename(&files.root, &target).map_err(at_target)?;
        Ok(target)
    }
}

/// Files below a directory that is ours alone.
struct Files {
    root: PathBuf,
    /// The file that is being written, and its mode.
    file: Option<(fs_err::File, String, FileMode)>,
}

impl Files {
    fn put(&mut self, path: &str, mode: FileMode, content: &[u8]) -> Result<(), ArchiveError> {
        self.create(path, mode)?;
        self.content(content)?;
        self.end()
    }

    /// Creates a file that must not exist. The path was parsed by
    /// `ArtifactPath`, and the directory held nothing that we did not make, so
    /// no part of it is a link.
    fn create(&mut self, path: &str, mode: FileMode) -> Result<(), ArchiveError> {
        let at = |source| ArchiveError::io(member_subject(path), source);
        let place = path.split('/').fold(self.root.clone(), |place, part| place.join(part));
        if let Some(parent) = place.parent() {
            fs_err::create_dir_all(parent).map_err(at)?;
        }
        let file =
            fs_err::OpenOptions::new().write(true).create_new(true).open(&place).map_err(at)?;
        self.file = Some((file, path.to_owned(), mode));
        Ok(())
    }
}

impl Sink for Files {
    fn begin(&mut self, member: &LockedMember) -> Result<(), ArchiveError> {
        self.create(member.path.as_str(), member.mode)
    }

    fn content(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        let Some((file, path, _)) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).map_err(|source| ArchiveError::io(member_subject(path), source))
    }

    fn end(&mut self) -> Result<(), ArchiveError> {
        let Some((file, path, mode)) = self.file.take() else { return Ok(()) };
        set_mode(&file, mode).map_err(|source| ArchiveError::io(member_subject(&path), source))
    }
}

/// The mode of the lock, whatever the umask; systems without modes keep theirs.
#[cfg(unix)]
fn set_mode(file: &fs_err::File, mode: FileMode) -> io::Result<()> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    file.set_permissions(Permissions::from_mode(mode.bits()))
}

#[cfg(not(unix))]
fn set_mode(_file: &fs_err::File, _mode: FileMode) -> io::Result<()> {
    Ok(())
}
