//! A project into a bundle.

use std::path::{Path, PathBuf};

use bundle_archive::{Archive, Limits, Spool};
use bundle_manifest::{ArtifactPath, FileSource as _, Manifest};
use bundle_project::{Globs, Origin, Selected, SourceTree, Stamp, lock_of};
use bundle_run::examine;

use crate::{
    PackError, PackRequest, Packed, Progress, Seal,
    anonymity::refuse_leaks,
    measure::{Measuring, changed},
    rehearse::rehearse,
};

/// Bytes of a `bundle.toml` that are read at all.
const MAX_MANIFEST: u64 = 4 << 20;
/// Names shown in one note.
const SHOWN: usize = 5;

/// Packs a project and signs it with what `seal` makes. Nothing is left behind on an error; `cancelled` is asked between files and frames.
///
/// The bytes depend on the files, the request and the signature alone: not on the directory's
/// name, times, umask, locale, the output path or the number of threads.
pub fn pack(
    request: &PackRequest,
    seal: &Seal<'_>,
    progress: &dyn Fn(Progress),
    cancelled: &dyn Fn() -> bool,
) -> Result<Packed, PackError> {
    let mut tree = SourceTree::from_directory(&request.directory)?;
    let (text, manifest) = read_manifest(&tree)?;
    let target = target(&request.output, &manifest)?;
    refuse_to_replace(&target)?;
    if let Some(inside) = tree.directory().and_then(|directory| below(directory, &target)) {
        tree.leave_out(inside);
    }
    if let Some(absent) = tree.absent(&manifest).into_iter().next() {
        return Err(absent.into());
    }
    let withhold = Globs::parse("--withhold", &request.withhold)?;
    let selected = tree.select(&manifest, &external_data(&manifest, &tree)?)?;
    check_withhold(&withhold, &selected)?;
    let blind = request.anonymous.as_ref().map(|blind| refuse_leaks(&tree, &selected, blind));
    let blind = blind.transpose()?.unwrap_or_default();
    let before = stamps(&tree, &selected);
    let rehearsal = rehearse(request, &manifest, &tree, progress, cancelled)?;

    progress(Progress::Total(
        selected.files.iter().fold(0, |sum, file| sum.saturating_add(file.size)),
    ));
    let mut spool = Spool::create(&target, &manifest.stem(), &request.write)?;
    let measuring = Measuring {
        tree: &tree,
        manifest_text: &text,
        withhold: &withhold,
        with_private_keys: request.with_private_keys,
        progress,
        cancelled,
    };
    let measured = measuring.run(&selected, &mut spool)?;
    let git =
        if request.anonymous.is_some() { None } else { tree.git_facts(&selected, &measured.code)? };
    let lock = lock_of(&manifest, &selected, measured.members, measured.code, git);
    lock.check()
        .map_err(|error| PackError::not_judged("the lock would not be valid").caused_by(error))?;
    refuse_changes(&before, &stamps(&tree, &selected))?;
    if cancelled() {
        return Err(PackError::cancelled());
    }
    let signature = seal(&lock)?;
    let written = spool.finish(&lock, text.as_bytes(), signature.as_deref())?;
    Ok(Packed {
        path: target,
        written,
        replays: rehearsal.replays,
        unrecorded: rehearsal.unrecorded,
        not_run: rehearsal.not_run,
        notes: notes(&tree, &selected).into_iter().chain(blind).collect(),
    })
}

pub(crate) fn read_manifest(tree: &SourceTree) -> Result<(String, Manifest), PackError> {
    let path = manifest_path()?;
    if tree.size(&path).is_none() {
        let there = tree.directory().map(|directory| directory.join("bundle.toml"));
        if there.is_some_and(|there| fs_err::symlink_metadata(there).is_ok()) {
            return Err(PackError::not_judged("`bundle.toml` is not a regular file")
                .with_hint("put the file itself there: a bundle holds no links"));
        }
        return Err(PackError::not_judged("there is no `bundle.toml`")
            .with_hint("write one with `bundle init`"));
    }
    let unreadable = "`bundle.toml` cannot be read";
    let bytes = tree.read(&path, MAX_MANIFEST);
    let bytes = bytes.map_err(|error| PackError::not_judged(unreadable).caused_by(error))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| PackError::not_judged("`bundle.toml` is not UTF-8").caused_by(error))?;
    let manifest = Manifest::from_toml(&text).map_err(PackError::of_manifest)?;
    Ok((text, manifest))
}

fn manifest_path() -> Result<ArtifactPath, PackError> {
    "bundle.toml"
        .parse()
        .map_err(|error| PackError::not_judged("`bundle.toml` is not a path").caused_by(error))
}

/// The file to write: `output`, or the bundle's own name in it where it is a directory.
fn target(output: &Path, manifest: &Manifest) -> Result<PathBuf, PackError> {
    if output.is_dir() {
        return Ok(output.join(format!("{}.bundle.tar.zst", manifest.stem())));
    }
    if output.file_name().is_none() {
        return Err(PackError::not_judged(format!("`{}` is not a file name", output.display())));
    }
    Ok(output.to_owned())
}

/// A bundle may be replaced; what is not one was not meant.
fn refuse_to_replace(target: &Path) -> Result<(), PackError> {
    let Ok(there) = fs_err::symlink_metadata(target) else { return Ok(()) };
    if there.is_file() && Archive::open(target, &Limits::default()).is_ok() {
        return Ok(());
    }
    let message = format!("`{}` is there and is not a bundle", target.display());
    Err(PackError::not_judged(message).with_hint("name another file with `-o`, or remove it"))
}

/// The target as a path of the project, if it is inside.
fn below(directory: &Path, target: &Path) -> Option<ArtifactPath> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = fs_err::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
    let relative = parent.join(target.file_name()?);
    let relative = relative.strip_prefix(directory).ok()?;
    let parts: Option<Vec<_>> = relative.iter().map(|part| part.to_str()).collect();
    parts?.join("/").parse().ok()
}

/// What the ONNX files keep outside themselves.
fn external_data(manifest: &Manifest, tree: &SourceTree) -> Result<Vec<ArtifactPath>, PackError> {
    let mut external = Vec::new();
    for (name, model) in &manifest.models.by_name {
        if tree.size(&model.onnx).is_none() {
            continue; // withheld by an earlier packer, and so was its data
        }
        let report = examine(name.as_str(), &model.onnx, tree);
        let report = report.map_err(|error| {
            PackError::of_run(
                &format!("`models.{name}.onnx`: `{}` cannot be packed", model.onnx),
                error,
            )
        })?;
        external.extend(report.external_data);
    }
    external.sort();
    external.dedup();
    Ok(external)
}

/// A glob that holds nothing back is a mistake that would publish what it was meant for.
fn check_withhold(withhold: &Globs, selected: &Selected) -> Result<(), PackError> {
    if withhold.first_match("bundle.toml").is_some() {
        return Err(PackError::not_judged(
            "`--withhold`: `bundle.toml` cannot be withheld: a reader needs it",
        ));
    }
    for glob in withhold.iter() {
        let alone = Globs::parse("--withhold", &[glob.to_owned()])?;
        let mut paths = selected
            .files
            .iter()
            .map(|file| &file.path)
            .chain(selected.withheld.iter().map(|m| &m.path));
        if !paths.any(|path| alone.first_match(path.as_str()).is_some()) {
            return Err(PackError::not_judged(format!(
                "`--withhold`: `{glob}` matches no packed file"
            )));
        }
    }
    Ok(())
}

/// What says that the files on disk are not written meanwhile.
fn stamps(tree: &SourceTree, selected: &Selected) -> Vec<(ArtifactPath, Option<Stamp>)> {
    selected.files.iter().map(|file| (file.path.clone(), tree.stamp(&file.path))).collect()
}

fn refuse_changes(
    before: &[(ArtifactPath, Option<Stamp>)],
    after: &[(ArtifactPath, Option<Stamp>)],
) -> Result<(), PackError> {
    match before.iter().zip(after).find(|(before, after)| before != after) {
        Some(((path, _), _)) => Err(changed(path.as_str())),
        None => Ok(()),
    }
}

fn notes(tree: &SourceTree, selected: &Selected) -> Vec<String> {
    let mut notes = tree.notes().to_vec();
    let mut note = |what: &str, paths: &[ArtifactPath]| {
        if paths.is_empty() {
            return;
        }
        let shown = paths.iter().take(SHOWN).map(|path| format!("`{path}`"));
        let mut shown: Vec<_> = shown.collect();
        if let Some(more) = paths.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            shown.push(format!("{more} more"));
        }
        notes.push(format!("{what}: {}", shown.join(", ")));
    };
    note("links and submodules are listed, not packed", &selected.not_packed);
    let packed = |path: &&ArtifactPath| selected.files.iter().any(|file| &file.path == *path);
    if tree.origin() == Origin::Extracted {
        let left: Vec<_> = tree.additions().iter().filter(|path| !packed(path)).cloned().collect();
        note("not in `bundle.lock`, hence not packed", &left);
    }
    // A remark; what cannot be listed for it was listed for the packing.
    let untracked = tree.untracked().unwrap_or_default();
    let left: Vec<_> =
        untracked.into_iter().filter(|path| !packed(&path) && !tree.is_left_out(path)).collect();
    note("not tracked by git, hence not packed (`git add`, or `[files] also`)", &left);
    notes
}
