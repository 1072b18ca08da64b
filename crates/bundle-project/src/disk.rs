//! A directory on disk as files by relative path. Symbolic links are seen, never
//! followed: not at the end of a path and not on the way to it, so that no name
//! can reach outside the directory.

use std::{
    fs::Metadata,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use bundle_manifest::{ArtifactPath, FileMode};
use ignore::WalkBuilder;

use crate::ProjectError;

/// What git keeps for itself is no part of a project, whatever a `.gitignore` says.
const GIT_DIRECTORY: &str = ".git";
/// Files that a walk lists at all. A project has at most 65,536; the rest may be ignored data.
const MAX_WALK: usize = 4_000_000;

/// What a name on disk stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A file with content.
    File { size: u64, mode: FileMode },
    /// A symbolic link.
    Link,
    /// A device, a socket or a pipe.
    Special,
}

/// Which files a walk leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ignored {
    /// None.
    Nothing,
    /// What the `.gitignore` files here and below name. No parent, no `.ignore`,
    /// no user or system file: the same directory gives the same list everywhere.
    Here,
    /// What git would ignore for this user. For remarks only.
    AsGit,
}

/// A file as it was: two equal stamps mean that it was not written in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

/// A directory whose own path has no symbolic links left in it.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    root: PathBuf,
}

impl Disk {
    pub(crate) fn new(directory: &Path) -> Result<Self, ProjectError> {
        let root = fs_err::canonicalize(directory)
            .map_err(|error| ProjectError::unreadable(directory.display(), error))?;
        if !root.is_dir() {
            let message = format!("`{}` is not a directory", directory.display());
            return Err(ProjectError::new(message));
        }
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The host path of a relative one.
    pub(crate) fn host(&self, path: &ArtifactPath) -> PathBuf {
        path.parts().fold(self.root.clone(), |host, part| host.join(part))
    }

    /// What is at a relative path, if all its parents are directories and no links.
    pub(crate) fn entry(&self, path: &ArtifactPath) -> Option<Entry> {
        self.metadata(path).map(|metadata| entry_of(&metadata))
    }

    pub(crate) fn stamp(&self, path: &ArtifactPath) -> Option<Stamp> {
        let metadata = self.metadata(path)?;
        Some(Stamp { size: metadata.len(), modified: metadata.modified().ok() })
    }

    fn metadata(&self, path: &ArtifactPath) -> Option<Metadata> {
        let mut host = self.root.clone();
        let mut parts = path.parts().peekable();
        while let Some(part) = parts.next() {
            host.push(part);
            let metadata = fs_err::symlink_metadata(&host).ok()?;
            match parts.peek() {
                None if !metadata.is_dir() => return Some(metadata),
                Some(_) if metadata.is_dir() => {}
                _ => return None,
            }
        }
        None
    }

    /// Opens a file. A link, here or on the way, is `NotFound`: it is no file of the project.
    pub(crate) fn open(&self, path: &ArtifactPath) -> io::Result<fs_err::File> {
        match self.entry(path) {
            Some(Entry::File { .. }) => fs_err::File::open(self.host(path)),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no file `{path}`"))),
        }
    }

    /// Every file and link below, as raw names in byte order, less what is ignored.
    pub(crate) fn walk(&self, ignored: Ignored) -> Result<Vec<(RawName, Entry)>, ProjectError> {
        let mut found = Vec::new();
        let mut builder = WalkBuilder::new(&self.root);
        builder.standard_filters(false).follow_links(false);
        builder.git_ignore(ignored != Ignored::Nothing).require_git(false);
        if ignored == Ignored::AsGit {
            builder.parents(true).git_exclude(true).git_global(true);
        }
        let pipes = Pipes::default();
        let rules_are_read = ignored != Ignored::Nothing;
        if rules_are_read && pipes.are_in(&self.root) {
            pipes.refuse()?;
        }
        let seen = pipes.clone();
        builder.filter_entry(move |entry| {
            let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
            let waits = rules_are_read && is_directory && seen.are_in(entry.path());
            !waits && !entry.file_name().eq_ignore_ascii_case(GIT_DIRECTORY)
        });
        for entry in builder.build() {
            let entry = entry.map_err(|error| {
                let message = format!("`{}` cannot be listed", self.root.display());
                ProjectError::caused(message, error)
            })?;
            let Ok(relative) = entry.path().strip_prefix(&self.root) else { continue };
            if relative.as_os_str().is_empty()
                || entry.file_type().is_some_and(|kind| kind.is_dir())
            {
                continue;
            }
            let metadata = fs_err::symlink_metadata(entry.path())
                .map_err(|error| ProjectError::unreadable(entry.path().display(), error))?;
            found.push((RawName::of_host(relative), entry_of(&metadata)));
            if found.len() > MAX_WALK {
                let message = format!("`{}` has more than {MAX_WALK} files", self.root.display());
                return Err(ProjectError::new(message));
            }
        }
        pipes.refuse()?;
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }
}

/// A `.gitignore` that a reader would wait for, such as a pipe: the walk opens it
/// when it enters the directory, so it must not.
#[derive(Clone, Debug, Default)]
struct Pipes(Arc<Mutex<Option<PathBuf>>>);

impl Pipes {
    /// Whether this directory has one; it is remembered.
    fn are_in(&self, directory: &Path) -> bool {
        let path = directory.join(".gitignore");
        let metadata = fs_err::metadata(&path);
        let waits = metadata.is_ok_and(|there| !there.is_file() && !there.is_dir());
        if waits {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
        }
        waits
    }

    /// An error that names the one that was remembered.
    fn refuse(&self) -> Result<(), ProjectError> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(path) => {
                Err(ProjectError::new(format!("`{}` is not a regular file", path.display())))
            }
            None => Ok(()),
        }
    }
}

fn entry_of(metadata: &Metadata) -> Entry {
    if metadata.is_symlink() {
        Entry::Link
    } else if metadata.is_file() {
        Entry::File { size: metadata.len(), mode: mode_of(metadata) }
    } else {
        Entry::Special
    }
}

/// Executable when anybody may execute it, as git decides.
#[cfg(unix)]
fn mode_of(metadata: &Metadata) -> FileMode {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o111 == 0 {
        FileMode::Regular
    } else {
        FileMode::Executable
    }
}

#[cfg(not(unix))]
fn mode_of(_: &Metadata) -> FileMode {
    FileMode::Regular
}

/// A file name as the host or git has it, before it is known to be an [`ArtifactPath`].
/// Bytes that are not UTF-8 are replaced by U+FFFD, which no [`ArtifactPath`]
/// rule forbids; hence the flag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RawName {
    text: String,
    whole: bool,
}

impl RawName {
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { text: text.to_owned(), whole: true },
            Err(_) => Self { text: String::from_utf8_lossy(bytes).into_owned(), whole: false },
        }
    }

    /// The parts of a relative host path, joined by `/`.
    fn of_host(relative: &Path) -> Self {
        let mut name = Self { text: String::new(), whole: true };
        for component in relative.components() {
            let part = component.as_os_str();
            name.whole &= part.to_str().is_some();
            if !name.text.is_empty() {
                name.text.push('/');
            }
            name.text.push_str(&part.to_string_lossy());
        }
        name
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The path, or why the format has no such path.
    pub(crate) fn parse(&self) -> Result<ArtifactPath, &'static str> {
        if !self.whole {
            return Err("is not UTF-8");
        }
        self.text.parse().map_err(|error: bundle_manifest::InvalidPath| error.reason)
    }

    /// A glob that matches this name and can be typed: what cannot be typed becomes a wildcard.
    pub(crate) fn as_glob(&self) -> String {
        let plain = |c: char| match c {
            '*' | '?' | '[' | ']' | '{' | '}' | '!' | '\\' | '"' => '?',
            c if c.is_ascii_control() => '?',
            c if c.is_control() || c == char::REPLACEMENT_CHARACTER => '*', // `?` is one byte
            c => c,
        };
        self.text.chars().map(plain).collect()
    }
}
