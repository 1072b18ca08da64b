//! One tree, many origins: a directory (tracked by git, or not), an extracted
//! bundle, a git revision, a zip file, a packed bundle.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use bundle_archive::Archive;
use bundle_manifest::{
    ArtifactPath, Digest, FileMode, FileSource, GitObjectId, Lock, LockedMember,
};

use sha2::{Digest as _, Sha256};

use crate::{
    People, ProjectError,
    disk::{Disk, Entry, Ignored, RawName, Stamp},
    git::{Commit, Objects, Place, Tracked},
    made::Made,
    zip::{Listing, Zip},
};

/// The directory of a bundle that holds the project.
const PROJECT: &str = "project";
/// The signature, beside the directory of the project.
const SIGNATURE: &str = "bundle.sig";
/// Bytes of a `bundle.lock` or `bundle.sig` that are read at all.
const MAX_LOCK: u64 = 64 << 20;
/// How a packed bundle's file name ends.
const BUNDLE_SUFFIX: &str = ".bundle.tar.zst";

/// Where the files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A directory that git tracks.
    GitDirectory,
    /// A directory that git does not track.
    Directory,
    /// An extracted bundle: the lock says which files.
    Extracted,
    /// A git revision.
    Revision,
    /// A zip file of a project.
    Zip,
    /// A packed bundle.
    Archive,
}

/// A file of the tree. The path is relative to `bundle.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where.
    pub path: ArtifactPath,
    /// Bytes.
    pub size: u64,
    /// Mode.
    pub mode: FileMode,
    /// Part of the code.
    pub tracked: bool,
}

/// The project as a tree of files.
#[derive(Debug)]
pub struct SourceTree {
    pub(crate) content: Content,
    origin: Origin,
    /// By path.
    pub(crate) files: Vec<SourceFile>,
    /// Symbolic links and submodules, by path.
    pub(crate) links: Vec<ArtifactPath>,
    /// Names that the format has no path for, each with the rule it breaks.
    pub(crate) forbidden: BTreeSet<(RawName, &'static str)>,
    /// Members whose content the lock's packer held back, by path below the project.
    pub(crate) withheld: Vec<LockedMember>,
    /// Files of a revision whose content this copy of the repository lacks.
    elsewhere: BTreeSet<ArtifactPath>,
    /// Never selected, whatever the manifest says.
    pub(crate) left_out: BTreeSet<ArtifactPath>,
    additions: Vec<ArtifactPath>,
    notes: Vec<String>,
}

/// Where bytes come from.
#[derive(Debug)]
pub(crate) enum Content {
    Disk {
        disk: Disk,
        place: Option<Place>,
        lock: Option<Box<Lock>>,
    },
    Revision {
        objects: Box<Objects>,
        commit: Commit,
        blobs: BTreeMap<ArtifactPath, GitObjectId>,
        revision: String,
    },
    Zip(Box<Zip>),
    Archive(Arc<Archive>),
}

impl SourceTree {
    fn new(origin: Origin, content: Content) -> Self {
        Self {
            content,
            origin,
            files: Vec::new(),
            links: Vec::new(),
            forbidden: BTreeSet::new(),
            withheld: Vec::new(),
            elsewhere: BTreeSet::new(),
            left_out: BTreeSet::new(),
            additions: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Names that no bundle can hold, and why: their files are not among [`files`](Self::files).
    pub fn unnameable(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.forbidden.iter().map(|(name, reason)| (name.text(), *reason))
    }

    /// The files of a directory: what git tracks there, else what `.gitignore` leaves; for an extracted
    /// bundle (a directory with `bundle.lock` and `project/`, or that `project/` itself) what its lock lists.
    pub fn from_directory(directory: &Path) -> Result<Self, ProjectError> {
        let disk = Disk::new(directory)?;
        if let Some((disk, lock)) = extracted(&disk)? {
            return Self::from_extracted(disk, lock);
        }
        // A repository that cannot be asked which files are private is no reason to pack them all.
        let place = Place::around(disk.root()).map_err(|reason| {
            ProjectError::new(reason).with_hint(
                "repair the repository, or remove `.git` to pack what `.gitignore` leaves",
            )
        })?;
        if let Some(place) = place {
            let tracked = place.tracked()?;
            if !tracked.is_empty() {
                return Ok(Self::from_tracked(&disk, place, tracked));
            }
            if place.head()?.is_some_and(|commit| !commit.entries.is_empty()) {
                let message = "git's index tracks nothing here, and `HEAD` has files";
                return Err(ProjectError::new(message).with_hint("run `git reset`"));
            }
        }
        Self::from_walk(disk)
    }

    fn from_tracked(disk: &Disk, place: Place, tracked: BTreeMap<RawName, Tracked>) -> Self {
        let content = Content::Disk { disk: disk.clone(), place: Some(place), lock: None };
        let mut tree = Self::new(Origin::GitDirectory, content);
        let mut absent = Vec::new();
        for (name, kind) in tracked {
            let path = match name.parse() {
                Ok(path) => path,
                Err(reason) => {
                    tree.forbidden.insert((name, reason));
                    continue;
                }
            };
            match (kind, disk.entry(&path)) {
                (Tracked::File(mode), Some(Entry::File { size, .. })) => {
                    tree.files.push(SourceFile { path, size, mode, tracked: true });
                }
                (Tracked::Link | Tracked::Submodule, _) | (_, Some(Entry::Link)) => {
                    tree.links.push(path);
                }
                (Tracked::File(_), _) => absent.push(path),
            }
        }
        tree.sort();
        tree.note_paths("tracked by git, but not there", &absent);
        tree
    }

    fn from_walk(disk: Disk) -> Result<Self, ProjectError> {
        let found = disk.walk(Ignored::Here)?;
        let mut tree =
            Self::new(Origin::Directory, Content::Disk { disk, place: None, lock: None });
        let mut special = Vec::new();
        let made = Made::among(found.iter().map(|(name, _)| name.text()));
        for (name, entry) in found {
            if is_packers_own(name.text()) || made.holds(name.text()) {
                continue;
            }
            match (name.parse(), entry) {
                (Err(reason), _) => drop(tree.forbidden.insert((name, reason))),
                (Ok(path), Entry::File { size, mode }) => {
                    tree.files.push(SourceFile { path, size, mode, tracked: true });
                }
                (Ok(path), Entry::Link) => tree.links.push(path),
                (Ok(path), Entry::Special) => special.push(path),
            }
        }
        tree.sort();
        tree.note_paths("neither a file nor a link", &special);
        tree.note_names("made by tools or private, hence not packed", made.names());
        Ok(tree)
    }

    fn from_extracted(disk: Disk, lock: Lock) -> Result<Self, ProjectError> {
        let locked = below_project(&lock);
        let found = disk.walk(Ignored::Nothing)?;
        let links = lock.not_packed.iter().map(project_relative).collect();
        let entry = |path: &ArtifactPath| disk.entry(path);
        let (mut files, mut withheld, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        for member in &locked {
            match entry(&member.path) {
                _ if member.withheld => withheld.push(member.clone()),
                Some(Entry::File { size, .. }) => files.push(SourceFile {
                    path: member.path.clone(),
                    size,
                    mode: member.mode,
                    tracked: member.tracked,
                }),
                _ => absent.push(member.path.clone()),
            }
        }
        let known: BTreeSet<_> = locked.iter().map(|member| &member.path).collect();
        let paths = found.iter().filter_map(|(name, _)| name.parse().ok());
        let additions = paths.filter(|path| !known.contains(path)).collect();
        let content = Content::Disk { disk, place: None, lock: Some(Box::new(lock)) };
        let whole = Self::new(Origin::Extracted, content);
        let mut tree = Self { files, links, withheld, additions, ..whole };
        tree.sort();
        tree.note_paths("in `bundle.lock`, but not there", &absent);
        Ok(tree)
    }

    /// The tree of `revision` in the repository around `directory`, at that directory; or in
    /// the repository without a worktree that `directory` is. Content that a partial copy of
    /// the repository lacks is listed ([`SourceTree::is_elsewhere`]) and cannot be opened.
    pub fn from_revision(directory: &Path, revision: &str) -> Result<Self, ProjectError> {
        let disk = Disk::new(directory)?;
        let bare = Place::bare(disk.root()).map_err(ProjectError::new)?;
        let place = match bare {
            Some(bare) => Some(bare),
            None => Place::around(disk.root()).map_err(ProjectError::new)?,
        };
        let place = place.ok_or_else(|| {
            ProjectError::new(format!("`{}` is not in a git repository", directory.display()))
        })?;
        let commit = place.commit(revision)?;
        let mut blobs = BTreeMap::new();
        let (mut files, mut links, mut forbidden) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (name, (kind, id)) in &commit.entries {
            match (name.parse(), kind) {
                (Err(reason), _) => drop(forbidden.insert((name.clone(), reason))),
                (Ok(path), Tracked::File(mode)) => {
                    files.push(SourceFile {
                        path: path.clone(),
                        size: 0,
                        mode: *mode,
                        tracked: true,
                    });
                    blobs.insert(path, *id);
                }
                (Ok(path), Tracked::Link | Tracked::Submodule) => links.push(path),
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path)); // the order of `blobs`
        let ids: Vec<_> = blobs.values().copied().collect();
        let objects = Box::new(place.objects()?);
        let mut elsewhere = BTreeSet::new();
        for (file, size) in files.iter_mut().zip(objects.blob_sizes(&ids)?) {
            file.size = size.unwrap_or(0);
            if size.is_none() {
                elsewhere.insert(file.path.clone());
            }
        }
        let content = Content::Revision { objects, commit, blobs, revision: revision.to_owned() };
        let mut tree =
            Self { files, links, forbidden, elsewhere, ..Self::new(Origin::Revision, content) };
        tree.sort();
        Ok(tree)
    }

    /// The files of a zip file without a bundle, for one that a forge offers to download.
    pub fn from_zip(path: &Path) -> Result<Self, ProjectError> {
        let (zip, Listing { files, links, forbidden }) = Zip::open(path)?;
        let content = Content::Zip(Box::new(zip));
        let mut tree = Self { files, links, forbidden, ..Self::new(Origin::Zip, content) };
        tree.sort();
        Ok(tree)
    }

    /// The project inside a bundle.
    pub fn from_archive(archive: Arc<Archive>) -> Self {
        let members = below_project(archive.lock());
        let links = archive.lock().not_packed.iter().map(project_relative).collect();
        let mut tree = Self::new(Origin::Archive, Content::Archive(archive));
        tree.links = links;
        for member in members {
            if member.withheld {
                tree.withheld.push(member);
                continue;
            }
            let LockedMember { path, size, mode, tracked, .. } = member;
            tree.files.push(SourceFile { path, size, mode, tracked });
        }
        tree.sort();
        tree
    }

    fn sort(&mut self) {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.links.sort();
        self.links.dedup();
        self.withheld.sort_by(|a, b| a.path.cmp(&b.path));
    }

    fn note_paths(&mut self, what: &str, paths: &[ArtifactPath]) {
        self.note_names(what, paths.iter().map(ArtifactPath::as_str));
    }

    fn note_names<'n>(&mut self, what: &str, names: impl ExactSizeIterator<Item = &'n str>) {
        const SHOWN: usize = 5;
        let more = names.len().saturating_sub(SHOWN);
        let mut shown: Vec<_> =
            names.take(SHOWN).map(|name| format!("`{}`", name.escape_debug())).collect();
        if shown.is_empty() {
            return;
        }
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        self.notes.push(format!("{what}: {}", shown.join(", ")));
    }

    /// Where the files are.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// The directory on disk that holds `bundle.toml`, without symbolic links in its path.
    pub fn directory(&self) -> Option<&Path> {
        match &self.content {
            Content::Disk { disk, .. } => Some(disk.root()),
            Content::Revision { .. } | Content::Zip(_) | Content::Archive(_) => None,
        }
    }

    /// The lock of the bundle that this tree is (archive) or was (extracted).
    pub fn lock(&self) -> Option<&Lock> {
        match &self.content {
            Content::Disk { lock, .. } => lock.as_deref(),
            Content::Archive(archive) => Some(archive.lock()),
            Content::Revision { .. } | Content::Zip(_) => None,
        }
    }

    /// The content of `bundle.sig`, where this tree is a bundle (archive) or was one (extracted)
    /// and is signed.
    pub fn signature(&self) -> io::Result<Option<Vec<u8>>> {
        let disk = match &self.content {
            Content::Archive(archive) => return Ok(archive.signature().map(<[u8]>::to_vec)),
            Content::Disk { disk, lock: Some(_), .. } => disk,
            _ => return Ok(None),
        };
        let path = disk.root().with_file_name(SIGNATURE);
        match fs_err::symlink_metadata(&path) {
            Err(_) => return Ok(None),
            Ok(found) if found.is_file() => {}
            Ok(_) => {
                let what = format!("`{SIGNATURE}` is not a regular file");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
        }
        let mut content = Vec::new();
        fs_err::File::open(&path)?.take(MAX_LOCK).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// The files of the code and (archive, extracted) everything packed; sorted by path.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Whom git knows: the authors of the last commits, and the owners of the remotes.
    pub fn people(&self) -> People {
        match &self.content {
            Content::Disk { place: Some(place), .. } => place.people(),
            Content::Revision { objects, .. } => objects.place.people(),
            Content::Disk { .. } | Content::Zip(_) | Content::Archive(_) => People::nobody(),
        }
    }

    /// Whether this is a file of a revision whose content a partial copy of the repository lacks.
    /// Its size is 0 here.
    pub fn is_elsewhere(&self, path: &ArtifactPath) -> bool {
        self.elsewhere.contains(path)
    }

    /// Members whose content the lock's packer held back; paths relative to `bundle.toml`.
    pub fn withheld(&self) -> &[LockedMember] {
        &self.withheld
    }

    /// Members of an extracted bundle that are not what its lock says: changed,
    /// of another mode, or gone. Reads every file.
    pub fn changed(&self) -> Result<Vec<ArtifactPath>, ProjectError> {
        let (Some(lock), Origin::Extracted) = (self.lock(), self.origin) else {
            return Ok(Vec::new());
        };
        let mut changed = Vec::new();
        for member in below_project(lock).into_iter().filter(|member| !member.withheld) {
            let same = match self.entry(&member.path) {
                Some(Entry::File { size, mode }) if size == member.size && mode == member.mode => {
                    self.sha256(&member.path)? == member.sha256
                }
                _ => false,
            };
            if !same {
                changed.push(member.path);
            }
        }
        Ok(changed)
    }

    /// Members of an extracted bundle whose mode is not the one its lock says. Reads no file.
    pub fn of_other_mode(&self) -> Vec<ArtifactPath> {
        let (Some(lock), Origin::Extracted) = (self.lock(), self.origin) else { return Vec::new() };
        let other = |member: &LockedMember| match self.entry(&member.path) {
            Some(Entry::File { mode, .. }) => mode != member.mode,
            _ => false,
        };
        let members = below_project(lock).into_iter().filter(|member| !member.withheld);
        members.filter(other).map(|member| member.path).collect()
    }

    /// The digest of a file, read in pieces.
    pub fn sha256(&self, path: &ArtifactPath) -> Result<Digest, ProjectError> {
        let broken = |error| ProjectError::unreadable(path, error);
        let mut content = self.open(path).map_err(broken)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match content.read(&mut buffer).map_err(broken)? {
                0 => return Ok(Digest::from_bytes(hasher.finalize().into())),
                read => hasher.update(&buffer[..read]),
            }
        }
    }

    /// Files in an extracted bundle that its lock does not list.
    pub fn additions(&self) -> &[ArtifactPath] {
        &self.additions
    }

    /// Files of a directory that git tracks which git neither tracks nor ignores.
    /// For remarks: what a user's own git configuration ignores is not among them.
    pub fn untracked(&self) -> Result<Vec<ArtifactPath>, ProjectError> {
        let (Content::Disk { disk, .. }, Origin::GitDirectory) = (&self.content, self.origin)
        else {
            return Ok(Vec::new());
        };
        let found = disk.walk(Ignored::AsGit)?;
        let made = Made::among(found.iter().map(|(name, _)| name.text()));
        let files = found.iter().filter(|(name, entry)| {
            matches!(entry, Entry::File { .. })
                && !is_packers_own(name.text())
                && !made.holds(name.text())
        });
        let paths = files.filter_map(|(name, _)| name.parse().ok());
        Ok(paths.filter(|path| self.file(path).is_none()).collect())
    }

    /// Remarks for the author: tracked files that are missing, a repository that could not be read.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Leaves a file out of every selection: the bundle that is being written, for one.
    pub fn leave_out(&mut self, path: ArtifactPath) {
        self.left_out.insert(path);
    }

    /// Whether a file was left out of every selection.
    pub fn is_left_out(&self, path: &ArtifactPath) -> bool {
        self.left_out.contains(path)
    }

    /// What says that a file on disk was not written between two calls; `None` elsewhere.
    pub fn stamp(&self, path: &ArtifactPath) -> Option<Stamp> {
        match &self.content {
            Content::Disk { disk, .. } => disk.stamp(path),
            Content::Revision { .. } | Content::Zip(_) | Content::Archive(_) => None,
        }
    }

    /// Opens a file for streaming.
    pub fn open(&self, path: &ArtifactPath) -> io::Result<Box<dyn Read + Send + '_>> {
        match &self.content {
            Content::Disk { disk, .. } => Ok(Box::new(disk.open(path)?)),
            Content::Revision { objects, blobs, .. } => {
                let id = blobs.get(path).ok_or_else(|| not_found(path))?;
                let content = objects.blob(*id).map_err(io::Error::other)?;
                Ok(Box::new(io::Cursor::new(content)))
            }
            Content::Zip(zip) => Ok(Box::new(io::Cursor::new(zip.read(path)?))),
            Content::Archive(archive) => Ok(Box::new(archive.open_member(path)?)),
        }
    }

    /// What is at a path, whether it is part of the code or not.
    pub(crate) fn entry(&self, path: &ArtifactPath) -> Option<Entry> {
        if let Content::Disk { disk, .. } = &self.content {
            return disk.entry(path);
        }
        if self.links.binary_search(path).is_ok() {
            return Some(Entry::Link);
        }
        self.file(path).map(|file| Entry::File { size: file.size, mode: file.mode })
    }

    pub(crate) fn file(&self, path: &ArtifactPath) -> Option<&SourceFile> {
        let index = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        self.files.get(index)
    }

    /// Every path there is, ignored files included; names that the format has no path for are not.
    pub fn paths(&self) -> Result<Vec<ArtifactPath>, ProjectError> {
        let files =
            self.everything()?.into_iter().filter(|(_, entry)| matches!(entry, Entry::File { .. }));
        Ok(files.filter_map(|(name, _)| name.parse().ok()).collect())
    }

    /// Every name there is, ignored ones included.
    pub(crate) fn everything(&self) -> Result<Vec<(RawName, Entry)>, ProjectError> {
        if let Content::Disk { disk, .. } = &self.content {
            return disk.walk(Ignored::Nothing);
        }
        let raw = |path: &ArtifactPath| RawName::of_bytes(path.as_str().as_bytes());
        let files = self
            .files
            .iter()
            .map(|file| (raw(&file.path), Entry::File { size: file.size, mode: file.mode }));
        Ok(files.chain(self.links.iter().map(|path| (raw(path), Entry::Link))).collect())
    }
}

impl FileSource for SourceTree {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        match self.entry(path)? {
            Entry::File { size, .. } => Some(size),
            Entry::Link | Entry::Special => None,
        }
    }

    fn read(&self, path: &ArtifactPath, limit: u64) -> io::Result<Vec<u8>> {
        let too_large = || {
            let message = format!("`{path}` has more than {limit} bytes");
            io::Error::new(io::ErrorKind::FileTooLarge, message)
        };
        if self.size(path).ok_or_else(|| not_found(path))? > limit {
            return Err(too_large());
        }
        let mut content = Vec::new();
        self.open(path)?.take(limit.saturating_add(1)).read_to_end(&mut content)?;
        if content.len() as u64 > limit { Err(too_large()) } else { Ok(content) }
    }
}

/// What an earlier `pack` wrote, or did not finish writing, at the top of the project.
fn is_packers_own(name: &str) -> bool {
    let unfinished = name.starts_with(".bundle-") && name.strip_suffix(".part").is_some();
    !name.contains('/') && (name.ends_with(BUNDLE_SUFFIX) || unfinished)
}

fn not_found(path: &ArtifactPath) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("there is no file `{path}`"))
}

/// The project directory and the lock, if `disk` is an extracted bundle or the project in one.
fn extracted(disk: &Disk) -> Result<Option<(Disk, Lock)>, ProjectError> {
    let is_file = |path: &Path| fs_err::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let project = disk.root().join(PROJECT);
    let lock = disk.root().join("bundle.lock");
    // Behind a link is another directory, which nobody named.
    let is_directory = fs_err::symlink_metadata(&project).is_ok_and(|found| found.is_dir());
    if is_directory && is_file(&lock) && is_file(&project.join("bundle.toml")) {
        return Ok(Some((Disk::new(&project)?, read_lock(&lock)?)));
    }
    let named_project = disk.root().file_name().is_some_and(|name| name == PROJECT);
    let Some(parent) = disk.root().parent() else { return Ok(None) };
    let lock = parent.join("bundle.lock");
    if named_project && is_file(&lock) && is_file(&disk.root().join("bundle.toml")) {
        // Any directory may be called `project`; only a lock that parses makes it a bundle's.
        return Ok(read_lock(&lock).ok().map(|lock| (disk.clone(), lock)));
    }
    Ok(None)
}

fn read_lock(path: &Path) -> Result<Lock, ProjectError> {
    let broken = |error| ProjectError::unreadable(path.display(), error);
    let mut text = String::new();
    fs_err::File::open(path)
        .and_then(|file| file.take(MAX_LOCK).read_to_string(&mut text))
        .map_err(broken)?;
    Lock::from_toml(&text).map_err(|error| {
        ProjectError::caused(format!("`{}` is not a lock", path.display()), error)
            .with_hint("extract the bundle again")
    })
}

/// The members of a lock by their path relative to `bundle.toml`.
fn below_project(lock: &Lock) -> Vec<LockedMember> {
    let relative = |member: &LockedMember| LockedMember {
        path: project_relative(&member.path),
        ..member.clone()
    };
    lock.members.iter().map(relative).collect()
}

/// A path of a lock relative to `bundle.toml`.
fn project_relative(path: &ArtifactPath) -> ArtifactPath {
    let relative = path.as_str().strip_prefix(PROJECT).and_then(|rest| rest.strip_prefix('/'));
    relative.and_then(|relative| relative.parse().ok()).unwrap_or_else(|| path.clone())
}
