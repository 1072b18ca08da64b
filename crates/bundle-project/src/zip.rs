//! A source tree in a zip file, as forges offer it and submission forms ask for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    io::{self, BufReader, Read as _, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use bundle_archive::Limits;
use bundle_manifest::{ArtifactPath, FileMode};
use zip::ZipArchive;

use crate::{ProjectError, disk::RawName, tree::SourceFile};

/// Bytes of an entry that are unpacked in memory.
const MAX_ENTRY: u64 = 1 << 30;
/// Bytes of all entries together, which are unpacked once when the file is opened.
const MAX_UNPACKED: u64 = 4 << 30;
/// The bit of a Unix mode that lets the owner run a file.
const EXECUTABLE: u32 = 0o100;
/// What to do about a zip file that is not read.
const UNPACK: &str = "unpack the zip file and name the directory instead";
/// What macOS adds beside every file.
const RESOURCE_FORKS: &str = "__MACOSX/";

/// An open zip file and the place of each of its files.
pub(crate) struct Zip {
    archive: Mutex<ZipArchive<BufReader<fs_err::File>>>,
    entries: BTreeMap<ArtifactPath, usize>,
}

impl fmt::Debug for Zip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zip").field("files", &self.entries.len()).finish_non_exhaustive()
    }
}

/// What a zip file lists.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) links: Vec<ArtifactPath>,
    pub(crate) forbidden: BTreeSet<(RawName, &'static str)>,
}

impl Zip {
    /// Reads the directory of a zip file. One directory around everything, as forges put it
    /// there, is no part of the paths.
    pub(crate) fn open(path: &Path) -> Result<(Self, Listing), ProjectError> {
        let name = path.display();
        let file =
            fs_err::File::open(path).map_err(|error| ProjectError::unreadable(&name, error))?;
        let bad = |error: zip::result::ZipError| {
            ProjectError::caused(format!("`{name}` is not a zip file that can be read"), error)
        };
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(bad)?;
        let most = Limits::default().members;
        if archive.len() > most {
            let message = format!("`{name}` has {} entries, the limit is {most}", archive.len());
            return Err(ProjectError::new(message));
        }
        if archive.has_duplicate_names() {
            return Err(ProjectError::new(format!("`{name}` names an entry twice")));
        }
        let around = around(archive.file_names_raw());
        let (mut listing, mut entries) = (Listing::default(), BTreeMap::new());
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(bad)?;
            if entry.encrypted() {
                let inside = String::from_utf8_lossy(entry.name_raw()).escape_debug().to_string();
                let message = format!("`{inside}` in `{name}` needs a password");
                return Err(ProjectError::new(message).with_hint(UNPACK));
            }
            let whole = entry.name_raw();
            if entry.is_dir() || whole.starts_with(RESOURCE_FORKS.as_bytes()) {
                continue;
            }
            let inside = whole.get(around..).unwrap_or_default();
            let raw = RawName::of_bytes(inside);
            match raw.parse() {
                Err(reason) => drop(listing.forbidden.insert((raw, reason))),
                Ok(path) if entry.is_symlink() => listing.links.push(path),
                Ok(path) => {
                    let executable = entry.unix_mode().is_some_and(|mode| mode & EXECUTABLE != 0);
                    let mode = if executable { FileMode::Executable } else { FileMode::Regular };
                    let size = entry.size();
                    entries.insert(path.clone(), index);
                    listing.files.push(SourceFile { path, size, mode, tracked: true });
                }
            }
        }
        let unpacked = listing.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        if unpacked > MAX_UNPACKED {
            let message =
                format!("`{name}` unpacks to {unpacked} bytes, the limit is {MAX_UNPACKED}");
            return Err(ProjectError::new(message).with_hint(UNPACK));
        }
        let zip = Self { archive: Mutex::new(archive), entries };
        // A file that cannot be unpacked would be judged as if it were not there.
        for path in zip.entries.keys() {
            zip.copy(path, &mut io::sink()).map_err(|error| {
                ProjectError::caused(format!("`{path}` in `{name}` cannot be unpacked"), error)
                    .with_hint("the zip file is damaged: ask for it again")
            })?;
        }
        Ok((zip, listing))
    }

    /// The content of a file, of which the directory states at most `MAX_ENTRY` bytes.
    pub(crate) fn read(&self, path: &ArtifactPath) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.copy(path, &mut content)?;
        Ok(content)
    }

    fn copy(&self, path: &ArtifactPath, to: &mut impl Write) -> io::Result<()> {
        let index = self.entries.get(path).ok_or(io::ErrorKind::NotFound)?;
        // Who panicked while it read leaves a file that can still be read.
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = archive.by_index(*index).map_err(io::Error::other)?;
        let size = entry.size();
        if size > MAX_ENTRY {
            let message = format!("`{path}` has {size} bytes; {UNPACK}");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let copied = io::copy(&mut entry.take(size.saturating_add(1)), to)?;
        if copied != size {
            let message = format!("`{path}` does not unpack to the {size} bytes that are stated");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(())
    }
}

/// The length of the one directory's name, with its slash, in which everything is; else 0.
fn around<'n>(names: impl Iterator<Item = &'n [u8]>) -> usize {
    let forks = RESOURCE_FORKS.as_bytes();
    let mut names = names.filter(|name| !name.starts_with(forks));
    let Some(first) = names.next() else { return 0 };
    let Some(slash) = first.iter().position(|byte| *byte == b'/') else { return 0 };
    let top = first.get(..=slash).unwrap_or_default();
    if names.all(|name| name.starts_with(top)) { top.len() } else { 0 }
}
