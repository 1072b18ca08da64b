//! Blind review: a bundle that says who wrote it is refused, and a copy of a
//! project is made that does not.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    str::FromStr,
};

use bundle_manifest::{ArtifactPath, FileMode, FileSource as _, Manifest};
use bundle_project::{Leak, LeakKind, MAX_SEARCHED, People, Selected, SourceTree, leaks, redacted};

use crate::{PackError, pack::read_manifest};

/// Leaks that an error lists.
const SHOWN: usize = 12;

/// What a blind bundle must not say.
#[derive(Clone, Debug, Default)]
pub struct Blind {
    /// Whom to look for, beside whom git knows.
    pub people: People,
    /// What the author lets pass.
    pub allow: Vec<Allowance>,
}

/// A kind of leak that the author lets pass in one file: `ANON-7:fig/a.pdf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    kind: LeakKind,
    path: ArtifactPath,
}

impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("`{text}` is not of the form ANON-7:PATH");
        let (rule, path) = text.split_once(':').ok_or_else(form)?;
        let number: usize =
            rule.strip_prefix("ANON-").and_then(|number| number.parse().ok()).ok_or_else(form)?;
        let kind = LeakKind::ALL.into_iter().find(|kind| kind.number() == number);
        let kind = kind.ok_or_else(|| format!("there is no rule `{rule}`"))?;
        let path = path.parse().map_err(|error| format!("`{path}`: {error}"))?;
        Ok(Self { kind, path })
    }
}

/// Everybody whom the project itself gives away: those of git, and the repositories that its
/// documents call their own.
fn everybody(tree: &SourceTree, people: &People) -> People {
    let mut people = people.clone();
    people.extend(tree.people());
    let documents = tree.files().iter().map(|file| &file.path).filter(|path| {
        let name = path.file_name().to_lowercase();
        let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
        matches!(suffix, "md" | "rst") || name.starts_with("readme")
    });
    for path in documents {
        if let Ok(content) = tree.read(path, MAX_SEARCHED) {
            let own = |path: &str| path.parse().is_ok_and(|path| tree.size(&path).is_some());
            people.learn(&String::from_utf8_lossy(&content), &own);
        }
    }
    people
}

/// Refuses to pack what says who wrote it, but for what the author lets pass; remarks of what
/// stays all the same.
pub(crate) fn refuse_leaks(
    tree: &SourceTree,
    selected: &Selected,
    blind: &Blind,
) -> Result<Vec<String>, PackError> {
    let people = everybody(tree, &blind.people);
    let mut found = Vec::new();
    let mut passed = 0_usize;
    for file in selected.files.iter().filter(|file| file.size <= MAX_SEARCHED) {
        let content = tree.read(&file.path, MAX_SEARCHED);
        let content = content.map_err(|error| {
            PackError::not_judged(format!("`{}` cannot be read", file.path)).caused_by(error)
        })?;
        for leak in leaks(&file.path, &content, &people) {
            let allowed =
                |allowance: &Allowance| allowance.kind == leak.kind && allowance.path == file.path;
            if blind.allow.iter().any(allowed) {
                passed += 1;
            } else {
                found.push(shown(&file.path, &leak));
            }
        }
    }
    if found.is_empty() {
        let mut notes = Vec::new();
        if passed > 0 {
            notes.push(format!("{passed} places that say who wrote it are let pass, as asked"));
        }
        return Ok(notes);
    }
    let more = found.len().saturating_sub(SHOWN);
    let count = found.len();
    found.truncate(SHOWN);
    let tail = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    let message = format!("{count} places say who wrote it:\n  {}{tail}", found.join("\n  "));
    Err(PackError::not_judged(message).with_hint(
        "`bundle anonymize` makes a copy without them; `--allow ANON-7:PATH` lets one pass",
    ))
}

/// `fig/a.pdf: ANON-7 Author: Mara Vale`, escaped.
fn shown(path: &ArtifactPath, leak: &Leak) -> String {
    let line = leak.line.map(|line| format!(":{line}")).unwrap_or_default();
    let text: String = leak.text.chars().take(80).flat_map(char::escape_debug).collect();
    format!("{path}{line}: {} {text}", leak.kind)
}

/// What `anonymize` did.
#[derive(Debug)]
pub struct Anonymized {
    /// The copy.
    pub directory: PathBuf,
    /// Its files.
    pub files: usize,
    /// What is gone, by file and kind.
    pub removed: Vec<(ArtifactPath, BTreeMap<LeakKind, usize>)>,
    /// What is still there: each place in words.
    pub left: Vec<String>,
}

/// Copies a project without what says who wrote it, where that can be taken out. All of the
/// copy appears, or nothing.
pub fn anonymize(
    directory: &Path,
    output: &Path,
    people: &People,
    cancelled: &dyn Fn() -> bool,
) -> Result<Anonymized, PackError> {
    if fs_err::symlink_metadata(output).is_ok() {
        let message = format!("`{}` exists", output.display());
        return Err(PackError::not_judged(message).with_hint("name a directory that does not"));
    }
    let parent = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if fs_err::canonicalize(parent)?.starts_with(fs_err::canonicalize(directory)?) {
        let message = format!("`{}` would be a part of the project", output.display());
        return Err(PackError::not_judged(message).with_hint("name a directory beside it"));
    }
    let tree = SourceTree::from_directory(directory)?;
    let people = everybody(&tree, people);
    let part = tempfile::Builder::new().prefix(".bundle-").suffix(".part").tempdir_in(parent)?;
    let mut done = Anonymized {
        directory: output.to_owned(),
        files: 0,
        removed: Vec::new(),
        left: Vec::new(),
    };
    for (path, mode) in listed(&tree) {
        if cancelled() {
            return Err(PackError::cancelled());
        }
        copy(&tree, (&path, mode), part.path(), (&people, &mut done))?;
    }
    let not_copied = tree
        .unnameable()
        .map(|(name, reason)| format!("`{}`: not copied, its name {reason}", name.escape_debug()));
    done.left.extend(not_copied);
    fs_err::rename(part.keep(), output)?;
    Ok(done)
}

/// The files of the code, and those that `bundle.toml` names beside them.
fn listed(tree: &SourceTree) -> BTreeMap<ArtifactPath, FileMode> {
    let mut all: BTreeMap<_, _> =
        tree.files().iter().map(|file| (file.path.clone(), file.mode)).collect();
    let manifest = read_manifest(tree).ok().map(|(_, manifest)| manifest);
    let named = manifest.iter().flat_map(Manifest::referenced_files);
    for path in named.filter(|path| tree.size(path).is_some()) {
        all.entry(path.clone()).or_insert(FileMode::Regular);
    }
    all
}

fn copy(
    tree: &SourceTree,
    file: (&ArtifactPath, FileMode),
    to: &Path,
    found: (&People, &mut Anonymized),
) -> Result<(), PackError> {
    let ((path, mode), (people, done)) = (file, found);
    let unreadable =
        |error| PackError::not_judged(format!("`{path}` cannot be copied")).caused_by(error);
    let target = to.join(path.as_str());
    if let Some(parent) = target.parent() {
        fs_err::create_dir_all(parent)?;
    }
    let mut written = fs_err::File::create(&target)?;
    done.files += 1;
    if tree.size(path).is_some_and(|size| size <= MAX_SEARCHED) {
        let content = tree.read(path, MAX_SEARCHED).map_err(unreadable)?;
        let new = redacted(path, &content, people);
        written.write_all(new.content.as_deref().unwrap_or(&content))?;
        if !new.removed.is_empty() {
            done.removed.push((path.clone(), new.removed));
        }
        done.left.extend(new.left.iter().map(|leak| shown(path, leak)));
    } else {
        let mut content = tree.open(path).map_err(unreadable)?;
        std::io::copy(&mut content, &mut written)?;
        done.left.push(format!("{path}: too large to be searched"));
    }
    #[cfg(unix)]
    if mode == FileMode::Executable {
        use std::os::unix::fs::PermissionsExt as _;
        fs_err::set_permissions(&target, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_names_a_rule_and_a_file() {
        let one: Allowance = "ANON-7:fig/a.pdf".parse().expect("an allowance");
        assert_eq!(Ok(one), "ANON-07:fig/a.pdf".parse());
        for wrong in ["ANON-7", "ANON-9:a", "MLCC-1:a", "ANON-7:../a", "x:y"] {
            assert!(wrong.parse::<Allowance>().is_err(), "{wrong}");
        }
    }
}
