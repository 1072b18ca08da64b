//! What is under check: opened once, each thing about it computed once, when
//! the first rule asks.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bundle_archive::{Archive, ArchiveError, ArchiveErrorKind, Limits, Verified, Wrapper};
use bundle_manifest::{
    ArtifactPath, BundleId, EntryName, FileSource as _, Lock, Manifest, ManifestError, line_of_step,
};
use bundle_project::{
    Leak, MAX_SEARCHED, ProjectError, Secret, Selected, SourceTree, leaks, secrets,
};
use bundle_run::{
    ExampleReplay, InputDiagnosis, OnnxReport, Predictor, RunError, diagnose, examine, replay,
};
use bundle_signature::{
    Attestation, Flaw, MAX_ATTESTATIONS_SIZE, Trust, Verification, attestations_beside,
    read_attestations, verify_bundle,
};

use crate::{
    CheckError, CheckRequest,
    believe::{flaw, verify_extracted},
    documents::{Claims, Document},
    overrides::with_words,
    scripts::Script,
    search::Searched,
    tree::{Tree, TreeFile},
};

/// Bytes of a `bundle.toml` that are read at all.
const MAX_MANIFEST: u64 = 4 << 20;

/// What is under check.
pub(crate) struct Subject {
    pub(crate) container: Container,
    pub(crate) tree: Tree,
    pub(crate) declared: Declared,
    pub(crate) request: CheckRequest,
    /// The page around the bundle, where it came in one.
    pub(crate) page: Option<PathBuf>,
    /// Bytes of the file, where it is one.
    pub(crate) file_size: Option<u64>,
    /// The tree as the project crate sees it; `None` where there is none.
    pub(crate) source: Option<Arc<SourceTree>>,
    /// The files that would be packed, or why they cannot be.
    pub(crate) selected: Option<Result<Selected, ProjectError>>,
    examined: BTreeMap<EntryName, Result<OnnxReport, RunError>>,
    verification: OnceCell<Option<Verification>>,
    attestations: Result<Vec<Attestation>, Flaw>,
    documents: OnceCell<Vec<Document>>,
    scripts: OnceCell<Vec<Script>>,
    predictor: OnceCell<Option<Result<Predictor, RunError>>>,
    replays: OnceCell<Option<Vec<Replay>>>,
    diagnoses: OnceCell<Option<Result<Vec<InputDiagnosis>, RunError>>>,
    leaks: OnceCell<Searched<Leak>>,
    secrets: OnceCell<Searched<Secret>>,
    claims: OnceCell<Claims>,
}

/// What the files are in.
pub(crate) enum Container {
    Directory,
    Bundle {
        archive: Arc<Archive>,
        verified: Result<Verified, ArchiveError>,
    },
    /// A file that is not a bundle.
    Broken(ArchiveError),
}

/// What `bundle.toml` says.
pub(crate) enum Declared {
    Manifest(Box<Manifest>),
    Invalid(ManifestError),
    Absent,
    /// Too large, not UTF-8, or unreadable.
    Unread(String),
}

/// An example, run again.
pub(crate) struct Replay {
    pub(crate) name: EntryName,
    pub(crate) outcome: Result<ExampleReplay, RunError>,
}

impl Subject {
    /// Opens a bundle, a zip that holds one or a project, or a directory. A file that is no
    /// bundle is a subject too; what cannot be read is an error.
    pub(crate) fn open(
        path: &Path,
        request: &CheckRequest,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, CheckError> {
        let metadata = fs_err::metadata(path)?;
        if let Some(revision) = &request.revision {
            let source = Arc::new(SourceTree::from_revision(path, revision)?);
            if source.files().is_empty() {
                let what = format!("`{}` has no files at `{revision}`", path.display());
                return Err(std::io::Error::other(what).into());
            }
            return Ok(Self::of_source(Container::Directory, source, request));
        }
        if metadata.is_dir() {
            if is_bare_repository(path) {
                let what = format!(
                    "`{}` is a bare git repository: name a revision of it, as `--rev HEAD`",
                    path.display()
                );
                return Err(std::io::Error::other(what).into());
            }
            let source = Arc::new(SourceTree::from_directory(path)?);
            refuse_unreadable(path, &source)?;
            return Ok(Self::of_source(Container::Directory, source, request));
        }
        if !metadata.is_file() {
            // To open a pipe is to wait for its other end.
            let message = format!("`{}` is not a regular file", path.display());
            return Err(std::io::Error::other(message).into());
        }
        let archive = match open_archive(path) {
            Ok(archive) => Arc::new(archive),
            Err(error) if matches!(error.kind, ArchiveErrorKind::NoBundle) => {
                let source = Arc::new(SourceTree::from_zip(path)?);
                return Ok(Self::of_source(Container::Directory, source, request));
            }
            Err(error) => return Self::broken(error, request),
        };
        let verified = match archive.verify(progress) {
            Err(error) if is_unreadable(&error) => return Err(error.into()),
            verified => verified,
        };
        let source = Arc::new(SourceTree::from_archive(Arc::clone(&archive)));
        let attestations = read_beside(path, archive.lock(), &request.trust)?;
        let container = Container::Bundle { archive, verified };
        let file_size = Some(metadata.len());
        let page = (Wrapper::of(path)? == Wrapper::Page).then(|| path.to_owned());
        Ok(Self { page, file_size, attestations, ..Self::of_source(container, source, request) })
    }

    fn broken(error: ArchiveError, request: &CheckRequest) -> Result<Self, CheckError> {
        if is_unreadable(&error) {
            return Err(error.into());
        }
        let tree = Tree::new(Vec::new(), Arc::new(Nothing), Arc::clone(&request.words));
        Ok(Self::new(Container::Broken(error), tree, None, request))
    }

    fn of_source(container: Container, source: Arc<SourceTree>, request: &CheckRequest) -> Self {
        let tree =
            Tree::new(Vec::new(), Arc::<SourceTree>::clone(&source), Arc::clone(&request.words));
        let mut subject = Self::new(container, tree, Some(Arc::clone(&source)), request);
        subject.selected = subject.manifest().map(|manifest| {
            let external =
                subject.examined.values().flatten().flat_map(|report| &report.external_data);
            source.select(manifest, &external.cloned().collect::<Vec<_>>())
        });
        let words = subject.tree.shared_words();
        subject.tree = Tree::new(subject.listed(&source), source, words);
        subject
    }

    /// The files that count: those that would be packed, else those of the code and
    /// what `bundle.toml` refers to.
    fn listed(&self, source: &SourceTree) -> Vec<TreeFile> {
        let file = |file: &bundle_project::SourceFile| TreeFile {
            path: file.path.clone(),
            size: file.size,
            elsewhere: source.is_elsewhere(&file.path),
        };
        if let Some(Ok(selected)) = &self.selected {
            return selected.files.iter().map(file).collect();
        }
        let mut files: Vec<_> = source.files().iter().map(file).collect();
        let known: BTreeSet<_> = files.iter().map(|file| file.path.clone()).collect();
        let referenced = self.manifest().into_iter().flat_map(Manifest::referenced_files);
        for path in referenced.filter(|path| !known.contains(path)) {
            let size = source.size(path);
            files.extend(size.map(|size| TreeFile { path: path.clone(), size, elsewhere: false }));
        }
        files
    }

    /// The subject of a tree whose `bundle.toml`, if any, lies at its top.
    pub(crate) fn new(
        container: Container,
        tree: Tree,
        source: Option<Arc<SourceTree>>,
        request: &CheckRequest,
    ) -> Self {
        let declared = declared(&container, &tree);
        let request = request.under_policy();
        let allowed = request.policy.as_ref().is_none_or(|policy| policy.allows_overrides());
        let tree = match &declared {
            Declared::Manifest(manifest) => {
                tree.with_words(with_words(&request.words, manifest, allowed))
            }
            _ => tree,
        };
        let examined = match &declared {
            Declared::Manifest(manifest) => {
                let models = manifest.models.by_name.iter();
                models
                    .map(|(name, model)| {
                        (name.clone(), examine(name.as_str(), &model.onnx, tree.source()))
                    })
                    .collect()
            }
            _ => BTreeMap::new(),
        };
        Self {
            container,
            tree,
            declared,
            request,
            page: None,
            file_size: None,
            source,
            selected: None,
            examined,
            verification: OnceCell::new(),
            attestations: Ok(Vec::new()),
            documents: OnceCell::new(),
            scripts: OnceCell::new(),
            predictor: OnceCell::new(),
            replays: OnceCell::new(),
            diagnoses: OnceCell::new(),
            leaks: OnceCell::new(),
            secrets: OnceCell::new(),
            claims: OnceCell::new(),
        }
    }

    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        match &self.declared {
            Declared::Manifest(manifest) => Some(manifest),
            _ => None,
        }
    }

    /// Whether this is a bundle with a member that is not what its lock says.
    pub(crate) fn is_damaged(&self) -> bool {
        matches!(self.container, Container::Bundle { verified: Err(_), .. })
    }

    /// What may be believed of the signature; `None` where nothing could be signed.
    pub(crate) fn verification(&self) -> Option<&Verification> {
        self.verification.get_or_init(|| self.verify()).as_ref()
    }

    fn verify(&self) -> Option<Verification> {
        let (source, trust) = (self.source.as_ref()?, &self.request.trust);
        source.lock()?;
        let found = match &self.container {
            Container::Directory => {
                let found = verify_extracted(source, (&[], false), trust, &|_| ());
                found.unwrap_or_else(|error| {
                    Verification::Bad(Flaw::new("bundle.sig", error.to_string()))
                })
            }
            Container::Bundle { archive, .. } => {
                verify_bundle(archive.signature(), archive.lock(), trust)
            }
            Container::Broken(_) => return None,
        };
        // The signature is of the lock; the members must be what the lock says.
        match (&self.container, found) {
            (_, found @ (Verification::Bad(_) | Verification::Unsigned)) => Some(found),
            (Container::Bundle { verified: Err(error), .. }, _) => {
                Some(Verification::Bad(flaw(error)))
            }
            (_, found) => Some(found),
        }
    }

    /// What others have said of this bundle, in the file beside it.
    pub(crate) fn attestations(&self) -> Result<&[Attestation], &Flaw> {
        self.attestations.as_deref()
    }

    /// Members whose content was held back, by their path in the project.
    pub(crate) fn is_withheld(&self, path: &ArtifactPath) -> bool {
        let withheld = self.source.iter().flat_map(|source| source.withheld());
        withheld.into_iter().any(|member| &member.path == path)
    }

    pub(crate) fn documents(&self) -> &[Document] {
        self.documents.get_or_init(|| Document::all(&self.tree))
    }

    pub(crate) fn scripts(&self) -> &[Script] {
        self.scripts.get_or_init(|| Script::all(&self.tree))
    }

    /// What the documents claim of the project's programs.
    pub(crate) fn claims(&self) -> &Claims {
        self.claims.get_or_init(|| Claims::of(self.documents(), self.tree.words()))
    }

    /// What each declared ONNX file says of itself.
    pub(crate) fn examined(&self) -> &BTreeMap<EntryName, Result<OnnxReport, RunError>> {
        &self.examined
    }

    /// The network, ready to run, or why not; `None` where none is declared.
    pub(crate) fn predictor(&self) -> Option<&Result<Predictor, RunError>> {
        let load = || {
            let manifest =
                self.manifest().filter(|manifest| !manifest.models.by_name.is_empty())?;
            Some(Predictor::new(manifest, self.tree.source()))
        };
        self.predictor.get_or_init(load).as_ref()
    }

    /// The recorded examples, run again; `None` where that was not asked for or is not possible.
    pub(crate) fn replays(&self) -> Option<&[Replay]> {
        let run = || {
            if self.is_damaged() {
                return None;
            }
            let Some(Ok(predictor)) = self.request.replay.then(|| self.predictor()).flatten()
            else {
                return None;
            };
            let examples = self.manifest().map(|manifest| &manifest.examples)?;
            let recorded = examples.iter().filter(|example| !example.expect.is_empty());
            let replays = recorded.map(|example| Replay {
                name: example.name.clone(),
                outcome: replay(predictor, example, self.tree.source()),
            });
            Some(replays.collect())
        };
        self.replays.get_or_init(run).as_deref()
    }

    /// The steps of every input beside what was recorded of them; `None` where nothing is
    /// replayed. Needs no network that runs here.
    pub(crate) fn diagnoses(&self) -> Option<&Result<Vec<InputDiagnosis>, RunError>> {
        let run = || {
            let manifest = self.manifest().filter(|_| self.request.replay && !self.is_damaged())?;
            Some(diagnose(manifest, self.tree.source()))
        };
        self.diagnoses.get_or_init(run).as_ref()
    }

    /// What says who wrote the project, by file; `None` where nobody asks.
    pub(crate) fn leaks(&self) -> Option<&Searched<Leak>> {
        let search = || {
            let mut people = self.request.people.clone();
            if let Some(source) = &self.source {
                people.extend(source.people());
            }
            for document in self.documents() {
                if let Ok(text) = self.tree.text(&document.path, MAX_SEARCHED) {
                    people.learn(&text, &|path| self.tree.file(path).is_some());
                }
            }
            Searched::of(self, &|path, content| leaks(path, content, &people))
        };
        self.request.anonymous.then(|| self.leaks.get_or_init(search))
    }

    /// What opens something, by file.
    pub(crate) fn secrets(&self) -> &Searched<Secret> {
        self.secrets.get_or_init(|| Searched::of_texts(self, &secrets))
    }

    /// The first bytes of a file.
    pub(crate) fn beginning(&self, path: &ArtifactPath, limit: u64) -> Option<Vec<u8>> {
        let Some(source) = &self.source else {
            let mut content = self.tree.source().read(path, u64::MAX).ok()?;
            content.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Some(content);
        };
        let mut content = Vec::new();
        source.open(path).ok()?.take(limit).read_to_end(&mut content).ok()?;
        Some(content)
    }

    /// The line of a step in `bundle.toml`.
    pub(crate) fn line_of_step(&self, input: &EntryName, index: usize) -> Option<usize> {
        let path = "bundle.toml".parse().ok()?;
        let text = self.tree.source().read(&path, MAX_MANIFEST).ok()?;
        line_of_step(std::str::from_utf8(&text).ok()?, input.as_str(), index)
    }
}

/// Whether a directory is what git keeps, without the files that one works on.
fn is_bare_repository(path: &Path) -> bool {
    path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir()
}

/// The statements about a bundle in the file beside it. A file that cannot be read is
/// a reason not to judge; one that is too large is a finding.
fn read_beside(
    path: &Path,
    lock: &Lock,
    trust: &Trust,
) -> Result<Result<Vec<Attestation>, Flaw>, CheckError> {
    let beside = attestations_beside(path, &lock.stem());
    match fs_err::metadata(&beside) {
        Ok(found) if found.is_file() => {}
        _ => return Ok(Ok(Vec::new())),
    }
    let mut text = Vec::new();
    // One more than are allowed, so that too many are noticed.
    fs_err::File::open(&beside)?.take(MAX_ATTESTATIONS_SIZE + 1).read_to_end(&mut text)?;
    Ok(read_attestations(&text, BundleId::of(lock), trust))
}

/// Refuses to judge what it may not read: nothing would be found in it.
fn refuse_unreadable(path: &Path, source: &SourceTree) -> Result<(), CheckError> {
    let manifest = path.join("bundle.toml");
    if fs_err::symlink_metadata(&manifest).is_ok_and(|there| !there.is_file()) {
        return Err(std::io::Error::other("`bundle.toml` is not a regular file").into());
    }
    for file in source.files() {
        source.open(&file.path)?;
    }
    Ok(())
}

/// A project of no files: what is in a container that cannot be opened.
struct Nothing;

impl bundle_manifest::FileSource for Nothing {
    fn size(&self, _: &ArtifactPath) -> Option<u64> {
        None
    }

    fn read(&self, _: &ArtifactPath, _: u64) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

fn open_archive(path: &Path) -> Result<Archive, ArchiveError> {
    Archive::open_wrapped(path, &std::env::temp_dir(), &Limits::default())
}

/// Whether an error says something of the disk, not of the bundle.
pub(crate) fn is_unreadable(error: &ArchiveError) -> bool {
    matches!(
        error.kind,
        ArchiveErrorKind::Io(_)
            | ArchiveErrorKind::Newer(_)
            | ArchiveErrorKind::Cancelled
            | ArchiveErrorKind::Changed
    )
}

fn declared(container: &Container, tree: &Tree) -> Declared {
    let text = match container {
        Container::Broken(_) => return Declared::Absent,
        Container::Bundle { archive, .. } => archive.manifest_text().to_owned(),
        Container::Directory => match read_manifest(tree) {
            Ok(text) => text,
            Err(declared) => return declared,
        },
    };
    match Manifest::from_toml(&text) {
        Ok(manifest) => Declared::Manifest(Box::new(manifest)),
        Err(error) => Declared::Invalid(error),
    }
}

fn read_manifest(tree: &Tree) -> Result<String, Declared> {
    let Ok(path) = "bundle.toml".parse() else { return Err(Declared::Absent) };
    let bytes = tree.source().read(&path, MAX_MANIFEST).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Declared::Absent,
        std::io::ErrorKind::FileTooLarge => {
            Declared::Unread(format!("it has more than {MAX_MANIFEST} bytes"))
        }
        _ => Declared::Unread(error.to_string()),
    })?;
    String::from_utf8(bytes).map_err(|_| Declared::Unread("it is not UTF-8".to_owned()))
}
