//! What git says of a selection: is the packed code the tree at `HEAD`, and if
//! not, why.

use std::collections::{BTreeMap, BTreeSet};

use bundle_manifest::{
    ArtifactPath, CodeIdentity, EqualsGit, FileMode, GitDifference, GitFacts, GitObjectId,
};

use crate::{
    BlobReader, ProjectError, Selected, SourceFile, SourceTree, code_identity,
    disk::{Disk, RawName},
    filter::Filters,
    git::{Commit, Place, Tracked},
    tree::Content,
};

impl SourceTree {
    /// What git says of the selected files with this code identity (None where git was not asked;
    /// an extracted bundle hands on the facts of its lock while its code is unchanged).
    ///
    /// Unstaged changes of the mode alone do not count, because the mode is packed from the index.
    /// Content behind a filter program other than Git LFS is reported as `filter` and not judged:
    /// the program is not run.
    pub fn git_facts(
        &self,
        selected: &Selected,
        code: &CodeIdentity,
    ) -> Result<Option<GitFacts>, ProjectError> {
        match &self.content {
            Content::Archive(_) | Content::Disk { lock: Some(_), .. } => Ok(self.handed_on(code)),
            Content::Disk { place: None, .. } | Content::Zip(_) => Ok(None),
            Content::Disk { disk, place: Some(place), .. } => {
                let Some(head) = place.head()? else { return Ok(None) };
                let mut reasons = BTreeSet::new();
                if code.swhid != head.tree {
                    let comparison = Comparison { place, disk, selected, head: &head };
                    reasons = comparison.reasons()?;
                }
                facts(place, &head, reasons).map(Some)
            }
            Content::Revision { objects, commit, .. } => {
                let mut reasons = BTreeSet::new();
                if code.swhid != commit.tree {
                    reasons = left_behind(selected, commit);
                }
                facts(&objects.place, commit, reasons).map(Some)
            }
        }
    }

    /// The facts of the lock, which no longer hold once the code was changed.
    fn handed_on(&self, code: &CodeIdentity) -> Option<GitFacts> {
        let lock = self.lock()?;
        let facts = lock.git.clone()?;
        if lock.code == *code {
            return Some(facts);
        }
        let equals_git = EqualsGit::No(vec![GitDifference::Dirty]);
        Some(GitFacts { dirty: true, equals_git, ..facts })
    }

    /// Reads and hashes the tracked ones of these files.
    pub fn measure_code(&self, files: &[SourceFile]) -> Result<CodeIdentity, ProjectError> {
        let mut blobs = Vec::new();
        for file in files.iter().filter(|file| file.tracked) {
            let broken = |error| ProjectError::unreadable(&file.path, error);
            let mut reader = BlobReader::new(self.open(&file.path).map_err(broken)?, file.size);
            let read = std::io::copy(&mut reader, &mut std::io::sink()).map_err(broken)?;
            if read != file.size {
                return Err(ProjectError::new(format!(
                    "`{}` changed while it was read",
                    file.path
                )));
            }
            let names = reader.finish();
            blobs.push((file.path.clone(), file.mode, names.sha1, names.sha256));
        }
        Ok(code_identity(&blobs))
    }
}

fn facts(
    place: &Place,
    commit: &Commit,
    reasons: BTreeSet<GitDifference>,
) -> Result<GitFacts, ProjectError> {
    let dirty = reasons.contains(&GitDifference::Dirty);
    let equals_git = if reasons.is_empty() {
        EqualsGit::Yes
    } else {
        EqualsGit::No(reasons.into_iter().collect())
    };
    Ok(GitFacts {
        commit: commit.id,
        tree: commit.tree,
        remote: place.remote()?,
        dirty,
        equals_git,
    })
}

/// Why a selection from a revision is not its tree: what a bundle cannot hold, and what was left out.
fn left_behind(selected: &Selected, commit: &Commit) -> BTreeSet<GitDifference> {
    let packed: BTreeSet<_> = selected.files.iter().map(|file| file.path.as_str()).collect();
    let links: BTreeSet<_> = selected.not_packed.iter().map(ArtifactPath::as_str).collect();
    let reason = |(name, (kind, _)): (&RawName, &(Tracked, GitObjectId))| match kind {
        Tracked::Link if links.contains(name.text()) => Some(GitDifference::Link),
        Tracked::Submodule if links.contains(name.text()) => Some(GitDifference::Submodule),
        _ if packed.contains(name.text()) => None,
        _ => Some(GitDifference::Excluded),
    };
    or_filter(commit.entries.iter().filter_map(reason).collect())
}

/// A tree that differs although every file is the same was written in a form that git no longer
/// writes (such as mode 100664): what is packed is that tree as git would write it today.
fn or_filter(mut reasons: BTreeSet<GitDifference>) -> BTreeSet<GitDifference> {
    if reasons.is_empty() {
        reasons.insert(GitDifference::Filter);
    }
    reasons
}

/// A selection from a worktree beside `HEAD`.
struct Comparison<'a> {
    place: &'a Place,
    disk: &'a Disk,
    selected: &'a Selected,
    head: &'a Commit,
}

impl Comparison<'_> {
    fn reasons(&self) -> Result<BTreeSet<GitDifference>, ProjectError> {
        let repository = self.place.open()?;
        let mut filters = Filters::new(&repository, self.place, self.disk)?;
        let index = self.place.tracked()?;
        let code = self.selected.files.iter().filter(|file| file.tracked);
        let packed: BTreeMap<&str, &SourceFile> =
            code.map(|file| (file.path.as_str(), file)).collect();
        let excluded: BTreeSet<&str> =
            self.selected.excluded.iter().map(ArtifactPath::as_str).collect();
        let links: BTreeSet<&str> =
            self.selected.not_packed.iter().map(ArtifactPath::as_str).collect();
        let mut reasons = BTreeSet::new();
        for (name, (kind, blob)) in &self.head.entries {
            let reason = match (kind, packed.get(name.text())) {
                (Tracked::File(mode), Some(file)) => {
                    self.changed(file, *mode, *blob, &mut filters)?
                }
                (_, Some(_)) => Some(GitDifference::Dirty), // a link became a file
                _ if !index.contains_key(name) => Some(GitDifference::Dirty),
                // A name without a path is packed by nobody; `select` let it pass as excluded.
                _ if excluded.contains(name.text()) || name.parse().is_err() => {
                    Some(GitDifference::Excluded)
                }
                (Tracked::Link, None) if links.contains(name.text()) => Some(GitDifference::Link),
                (Tracked::Submodule, None) if links.contains(name.text()) => {
                    Some(GitDifference::Submodule)
                }
                (Tracked::Link | Tracked::Submodule, None) => Some(GitDifference::Excluded),
                (Tracked::File(_), None) => Some(GitDifference::Dirty), // gone from the worktree
            };
            reasons.extend(reason);
        }
        let at_head: BTreeSet<&str> = self.head.entries.keys().map(RawName::text).collect();
        if packed.keys().any(|path| !at_head.contains(path)) {
            reasons.insert(GitDifference::Dirty);
        }
        Ok(or_filter(reasons))
    }

    /// Why a packed file is not its blob at `HEAD`.
    fn changed(
        &self,
        file: &SourceFile,
        mode: FileMode,
        blob: GitObjectId,
        filters: &mut Filters<'_>,
    ) -> Result<Option<GitDifference>, ProjectError> {
        if file.mode != mode {
            return Ok(Some(GitDifference::Dirty));
        }
        let broken = |error| ProjectError::unreadable(&file.path, error);
        let mut reader = BlobReader::new(self.disk.open(&file.path).map_err(broken)?, file.size);
        std::io::copy(&mut reader, &mut std::io::sink()).map_err(broken)?;
        if reader.finish().sha1 == blob {
            return Ok(None);
        }
        let filtered = filters.explain(&file.path, blob)?;
        Ok(Some(if filtered { GitDifference::Filter } else { GitDifference::Dirty }))
    }
}
