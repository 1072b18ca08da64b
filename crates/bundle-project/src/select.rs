//! Which files a manifest packs.

use std::collections::{BTreeMap, BTreeSet};

use bundle_manifest::{ArtifactPath, LockedMember, Manifest, PathCollision};

use crate::{
    Globs, ProjectError, SourceFile, SourceTree,
    disk::{Entry, RawName},
    references::references,
    tree::Content,
};

/// Files of a bundle; the reader's default limit.
const MAX_FILES: usize = 65_536;
/// Names shown in one error.
const SHOWN: usize = 5;
/// Names among which the nearest is looked for.
const MAX_CANDIDATES: usize = 20_000;

/// The files to pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Sorted by path; `bundle.toml` among them.
    pub files: Vec<SourceFile>,
    /// Links and submodules.
    pub not_packed: Vec<ArtifactPath>,
    /// Files of the code that `[files] exclude` leaves out.
    pub excluded: Vec<ArtifactPath>,
    /// Members of an extracted or packed bundle whose content is not here; paths relative to `bundle.toml`.
    pub withheld: Vec<LockedMember>,
}

/// A file that `bundle.toml` refers to and that cannot be packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The key that refers to it, as `models.grader.onnx`.
    pub key: String,
    /// The file.
    pub path: ArtifactPath,
    /// What is there instead; reads after the path.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
}

impl From<Absent> for ProjectError {
    fn from(absent: Absent) -> Self {
        let Absent { key, path, reason, hint } = absent;
        Self { hint, ..Self::new(format!("`{key}` refers to `{path}`, {reason}")) }
    }
}

impl SourceTree {
    /// What `manifest` refers to and is not there, in document order.
    pub fn absent(&self, manifest: &Manifest) -> Vec<Absent> {
        let references = references(manifest);
        let lost = references.iter().filter(|reference| !self.has(reference.path));
        lost.map(|reference| self.explain_absence(&reference.key, reference.path)).collect()
    }

    /// Whether a file can be packed, or was held back by an earlier packer.
    fn has(&self, path: &ArtifactPath) -> bool {
        matches!(self.entry(path), Some(Entry::File { .. })) || self.withheld_member(path).is_some()
    }

    fn withheld_member(&self, path: &ArtifactPath) -> Option<&LockedMember> {
        self.withheld.iter().find(|member| &member.path == path)
    }

    fn explain_absence(&self, key: &str, path: &ArtifactPath) -> Absent {
        let absent = |reason: &str, hint| Absent {
            key: key.to_owned(),
            path: path.clone(),
            reason: reason.to_owned(),
            hint,
        };
        match (self.entry(path), &self.content) {
            (Some(Entry::Link), _) => {
                let hint = "put the file itself there: a bundle holds no links".to_owned();
                absent("which is a symbolic link", Some(hint))
            }
            (Some(_), _) => absent("which is not a regular file", None),
            (None, Content::Disk { disk, .. }) if disk.host(path).is_dir() => {
                absent("which is a directory", None)
            }
            (None, Content::Revision { revision, .. }) => {
                absent(&format!("which is not in the revision `{revision}`"), self.nearest(path))
            }
            (None, _) => absent("which does not exist", self.nearest(path)),
        }
    }

    /// Advice that names the existing file most like `path`.
    fn nearest(&self, path: &ArtifactPath) -> Option<String> {
        let names = self.everything().ok()?;
        let candidates =
            names.iter().take(MAX_CANDIDATES).filter_map(|(name, _)| name.parse().ok());
        let likeness = |other: &ArtifactPath| {
            if other.file_name() == path.file_name() {
                return 1.0; // the right file in another directory
            }
            strsim::normalized_damerau_levenshtein(other.as_str(), path.as_str())
        };
        let scored = candidates.map(|other: ArtifactPath| (likeness(&other), other));
        // Of equally near names the first in path order, so that the advice does not vary.
        let best = scored.fold(None, |best: Option<(f64, ArtifactPath)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
        let (_, path) = best.filter(|(score, _)| *score >= 0.6)?;
        Some(format!("the nearest name that exists is `{path}`"))
    }

    /// Which files a manifest packs: code + what it refers to (ONNX external data included, given as
    /// `external`) + `also` − `exclude`. A name the path rules forbid is an error that shows the `exclude` line.
    pub fn select(
        &self,
        manifest: &Manifest,
        external: &[ArtifactPath],
    ) -> Result<Selected, ProjectError> {
        let exclude = Globs::parse("files.exclude", &manifest.files.exclude)?;
        let also = Globs::parse("files.also", &manifest.files.also)?;
        let mut selection = Selection {
            tree: self,
            exclude,
            files: BTreeMap::new(),
            links: self.links.iter().cloned().collect(),
            forbidden: BTreeSet::new(),
            withheld: BTreeMap::new(),
        };
        let excluded = selection.add_code();
        selection.add_manifest()?;
        for reference in references(manifest) {
            selection.add_reference(&reference.key, reference.path)?;
        }
        for path in external {
            selection.add_reference("external data of an ONNX file", path)?;
        }
        selection.add_also(&also)?;
        selection.refuse_forbidden(&manifest.files.exclude)?;
        selection.finish(excluded)
    }
}

/// A selection in the making.
struct Selection<'t> {
    tree: &'t SourceTree,
    exclude: Globs,
    files: BTreeMap<ArtifactPath, SourceFile>,
    links: BTreeSet<ArtifactPath>,
    forbidden: BTreeSet<(RawName, &'static str)>,
    withheld: BTreeMap<ArtifactPath, LockedMember>,
}

impl Selection<'_> {
    fn is_excluded(&self, path: &str) -> bool {
        self.exclude.first_match(path).is_some()
    }

    fn is_left_out(&self, path: &ArtifactPath) -> bool {
        self.is_excluded(path.as_str()) || self.tree.left_out.contains(path)
    }

    /// The code; gives back what of it is left out.
    fn add_code(&mut self) -> Vec<ArtifactPath> {
        let tree = self.tree;
        let (out, code): (Vec<_>, Vec<_>) =
            tree.files.iter().partition(|file| self.is_left_out(&file.path));
        self.files = code.into_iter().map(|file| (file.path.clone(), file.clone())).collect();
        let kept = tree.withheld.iter().filter(|member| !self.is_left_out(&member.path));
        self.withheld = kept.map(|member| (member.path.clone(), member.clone())).collect();
        let names = tree.forbidden.iter().filter(|(name, _)| !self.is_excluded(name.text()));
        self.forbidden = names.cloned().collect();
        self.links =
            tree.links.iter().filter(|path| !self.is_excluded(path.as_str())).cloned().collect();
        out.into_iter().map(|file| file.path.clone()).collect()
    }

    /// `bundle.toml` is packed, whatever the globs say.
    fn add_manifest(&mut self) -> Result<(), ProjectError> {
        let path: ArtifactPath = "bundle.toml".parse().map_err(|error| {
            ProjectError::caused("`bundle.toml` is not a path", error) // it is one
        })?;
        if !self.add_file(&path) {
            return Err(ProjectError::new("there is no `bundle.toml`")
                .with_hint("write one with `bundle init`"));
        }
        Ok(())
    }

    /// Adds a file by its path, as code where it is code; whether there is such a file.
    fn add_file(&mut self, path: &ArtifactPath) -> bool {
        if self.files.contains_key(path) {
            return true;
        }
        let Some(Entry::File { size, mode }) = self.tree.entry(path) else { return false };
        let untracked = SourceFile { path: path.clone(), size, mode, tracked: false };
        let file = self.tree.file(path).cloned().unwrap_or(untracked);
        self.files.insert(path.clone(), file);
        true
    }

    fn add_reference(&mut self, key: &str, path: &ArtifactPath) -> Result<(), ProjectError> {
        if let Some(glob) = self.exclude.first_match(path.as_str()) {
            let message =
                format!("`files.exclude`: `{glob}` leaves out `{path}`, which `{key}` refers to");
            return Err(
                ProjectError::new(message).with_hint("narrow the glob, or remove the reference")
            );
        }
        if self.withheld.contains_key(path) || self.add_file(path) {
            return Ok(());
        }
        Err(self.tree.explain_absence(key, path).into())
    }

    /// Adds what the globs match anywhere in the tree. A glob without a match is a mistake.
    fn add_also(&mut self, also: &Globs) -> Result<(), ProjectError> {
        if also.is_empty() {
            return Ok(());
        }
        let held_back = self
            .tree
            .withheld
            .iter()
            .map(|member| (RawName::of_bytes(member.path.as_str().as_bytes()), Entry::Special));
        let names: Vec<_> = self.tree.everything()?.into_iter().chain(held_back).collect();
        for (index, glob) in also.iter().enumerate() {
            let mut matched = false;
            for (name, entry) in
                names.iter().filter(|(name, _)| also.matches_at(index, name.text()))
            {
                matched = true;
                if self.is_excluded(name.text()) {
                    continue;
                }
                match (name.parse(), entry) {
                    (Err(reason), _) => drop(self.forbidden.insert((name.clone(), reason))),
                    (Ok(path), Entry::Link) => drop(self.links.insert(path)),
                    (Ok(path), _) if self.tree.left_out.contains(&path) => {}
                    (Ok(path), _) => drop(self.add_file(&path)),
                }
            }
            if !matched {
                let message = format!("`files.also`: `{glob}` matches no file");
                return Err(ProjectError::new(message));
            }
        }
        Ok(())
    }

    fn refuse_forbidden(&self, exclude: &[String]) -> Result<(), ProjectError> {
        let Some((name, reason)) = self.forbidden.first() else { return Ok(()) };
        let more = match self.forbidden.len() {
            1 => String::new(),
            count => format!(" (and {} more names)", count - 1),
        };
        let globs = self.forbidden.iter().take(SHOWN).map(|(name, _)| name.as_glob());
        let line: Vec<_> =
            exclude.iter().cloned().chain(globs).map(|glob| format!("\"{glob}\"")).collect();
        let message = format!("path `{}` {reason}{more}", name.text().escape_debug());
        let hint =
            format!("rename it, or leave it out: under [files], exclude = [{}]", line.join(", "));
        Err(ProjectError::new(message).with_hint(hint))
    }

    fn finish(self, mut excluded: Vec<ArtifactPath>) -> Result<Selected, ProjectError> {
        let Self { files, links, withheld, .. } = self;
        excluded.retain(|path| !files.contains_key(path)); // `bundle.toml`
        let count = files.len() + withheld.len();
        if count > MAX_FILES {
            let message = format!("{count} files are selected; a bundle has at most {MAX_FILES}");
            return Err(ProjectError::new(message).with_hint("leave some out: [files] exclude"));
        }
        let not_packed: Vec<_> =
            links.into_iter().filter(|link| !files.contains_key(link)).collect();
        let all = || files.keys().chain(withheld.keys()).chain(&not_packed);
        if let Some(long) =
            all().find(|path| format!("project/{path}").parse::<ArtifactPath>().is_err())
        {
            let message = format!("path `{long}` is longer than 1016 bytes");
            return Err(ProjectError::new(message));
        }
        if let Some(collision) = PathCollision::find(all()) {
            return Err(ProjectError::new(collision.to_string())
                .with_hint("rename one, or leave it out: [files] exclude"));
        }
        Ok(Selected {
            files: files.into_values().collect(),
            not_packed,
            excluded,
            withheld: withheld.into_values().collect(),
        })
    }
}
