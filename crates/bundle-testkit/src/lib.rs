//! For tests only: sandboxes, fixture paths, corruption. Depends on none of our
//! crates, so a unit test never meets two versions of a type.

mod git;

use std::{
    io::{self, Cursor, Write as _},
    path::{Path, PathBuf},
};

pub use git::{commit_all, git};

/// A temporary directory that is removed when dropped.
#[derive(Debug)]
pub struct Sandbox(tempfile::TempDir);

impl Sandbox {
    /// A fresh, empty directory.
    pub fn new() -> io::Result<Self> {
        tempfile::Builder::new().prefix("bundle-test-").tempdir().map(Self)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, making its directories; returns its path.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        let path = self.path().join(relative);
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent)?;
        }
        fs_err::write(&path, content)?;
        Ok(path)
    }
}

/// A NumPy archive of NPY files, by key.
pub fn npz(arrays: impl IntoIterator<Item = (impl AsRef<str>, Vec<u8>)>) -> io::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (key, array) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(format!("{}.npy", key.as_ref()), options)?;
        archive.write_all(&array)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    crates.map(Path::to_owned).nth(2).unwrap_or_default()
}

/// A path below `fixtures/`.
pub fn fixture(relative: &str) -> PathBuf {
    repository().join("fixtures").join(relative)
}

/// Copies a directory tree, file by file, in name order.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs_err::create_dir_all(to)?;
    let mut entries = fs_err::read_dir(from)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs_err::DirEntry::file_name);
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs_err::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Sets the executable bits of a file, where files have them.
pub fn make_executable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs_err::set_permissions(path, PermissionsExt::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    drop(fs_err::metadata(path)?);
    Ok(())
}

/// Makes a symbolic link at `link` to `target`.
pub fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return fs_err::os::unix::fs::symlink(target, link);
    #[cfg(not(unix))]
    return fs_err::os::windows::fs::symlink_file(target, link);
}
