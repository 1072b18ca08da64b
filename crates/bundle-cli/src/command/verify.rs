//! `bundle verify`: is it what was signed, and who vouches for it?

use std::path::{Path, PathBuf};

use bundle_check::{attestation_json, said, signature_json, verify_archive};
use bundle_manifest::BundleId;
use bundle_project::{Origin, SourceTree};
use bundle_signature::{
    Attestation, Doubt, Flaw, SignedDirectory, Trust, Verification, attestations_beside,
    read_attestations, revealed, verify_bundle,
};
use serde_json::{Value as Json, json};

use crate::{
    args::{Format, Verify},
    exit::Exit,
    failure::Failure,
    keys,
    open::{open_archive, there},
    terminal::Terminal,
};

/// Bytes of a file of attestations: one more than are allowed, so that too many are noticed.
const MOST_ATTESTATIONS: u64 = (64 << 20) + 1;

pub(crate) fn run(args: &Verify, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let named = !args.key.is_empty() || !args.root.is_empty();
    let trust =
        if named { keys::trust_only(&args.key, &args.root)? } else { keys::trust(terminal) };
    if args.paths.len() > 1 && (args.signature.is_some() || args.attestations.is_some()) {
        let message = "`--signature` and `--attestations` are of one path, and there are several";
        return Err(Failure::usage(message));
    }
    let mut exit = Exit::Holds;
    let mut views = Vec::new();
    for path in &args.paths {
        match verify(path, args, &trust, terminal) {
            Ok(verified) => {
                exit = worse(exit, exit_of(&verified.found, named));
                match args.format {
                    Format::Text => terminal.print(&text(&verified, &trust))?,
                    Format::Json => views.push(view(path, &verified)),
                }
            }
            Err(failure) => {
                exit = worse(exit, terminal.fail(&failure));
                if args.format == Format::Json {
                    views.push(json!({ "path": path, "error": format!("{:#}", failure.error) }));
                }
            }
        }
    }
    if args.format == Format::Json {
        terminal.print_json(&json!({ "verified": views }))?;
    }
    Ok(exit)
}

/// What was found at a path.
struct Verified {
    /// `digits 1.0.0`, or the path.
    title: String,
    id: Option<BundleId>,
    found: Verification,
    attestations: Result<Vec<Attestation>, Flaw>,
}

fn verify(
    path: &Path,
    args: &Verify,
    trust: &Trust,
    terminal: &mut Terminal,
) -> Result<Verified, Failure> {
    if there(path)?.is_dir() || args.signature.is_some() {
        return verify_directory(path, args, trust, terminal);
    }
    let archive = open_archive(path)?;
    let attestations = attestations(path, args, archive.id(), trust)?;
    let bar = terminal.bytes_bar("verifying", archive.packed_size());
    let found = verify_archive(&archive, trust, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let found = found.map_err(|error| Failure::from(error).of(path.display()))?;
    let lock = archive.lock();
    let title = format!("{} {}", lock.name, lock.version);
    Ok(Verified { title, id: Some(archive.id()), found, attestations })
}

/// Any directory or file with a signature beside it, or an extracted bundle.
fn verify_directory(
    path: &Path,
    args: &Verify,
    trust: &Trust,
    terminal: &mut Terminal,
) -> Result<Verified, Failure> {
    let extracted = match args.signature {
        None => extracted(path)?,
        Some(_) => None,
    };
    if let Some(tree) = extracted {
        return verify_extracted(&tree, args, trust, terminal);
    }
    let directory = SignedDirectory {
        path: path.to_owned(),
        signature: signature_of(path, args)?,
        ignore: args.ignore.clone(),
        ignore_unsigned: args.ignore_unsigned,
    };
    let bar = terminal.bytes_bar("verifying", 0);
    let found = directory.verify(trust, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let title = path.display().to_string();
    Ok(Verified { title, id: None, found: found?, attestations: Ok(Vec::new()) })
}

fn extracted(path: &Path) -> Result<Option<SourceTree>, Failure> {
    let is_bundle = path.join("bundle.lock").is_file() || path.ends_with("project");
    if !is_bundle {
        return Ok(None);
    }
    let tree = SourceTree::from_directory(path)?;
    Ok((tree.origin() == Origin::Extracted).then_some(tree))
}

/// An extracted bundle is held against the policy of bundles, and its files
/// against what was signed: their content, their modes, and that there are no others.
fn verify_extracted(
    tree: &SourceTree,
    args: &Verify,
    trust: &Trust,
    terminal: &mut Terminal,
) -> Result<Verified, Failure> {
    let (Some(lock), Some(project)) = (tree.lock(), tree.directory()) else {
        return Err(Failure::usage("the extracted bundle has no lock"));
    };
    let signature = tree.signature()?;
    let mut found = verify_bundle(signature.as_deref(), lock, trust);
    if matches!(found, Verification::Good(_) | Verification::Unknown { .. }) {
        let root = project.parent().unwrap_or(project);
        let directory = SignedDirectory {
            path: root.to_owned(),
            signature: root.join("bundle.sig"),
            ignore: args.ignore.clone(),
            ignore_unsigned: args.ignore_unsigned,
        };
        let bar = terminal.bytes_bar("verifying", 0);
        let content = directory.verify(trust, &|bytes| bar.inc(bytes));
        bar.finish_and_clear();
        if let bad @ Verification::Bad(_) = content? {
            found = bad;
        } else if let Some(path) = tree.of_other_mode().first() {
            let what = "has another mode than the lock says".to_owned();
            found = Verification::Bad(Flaw { subject: format!("`{path}`"), what });
        }
    }
    let title = format!("{} {}", lock.name, lock.version);
    let id = BundleId::of(lock);
    let attestations = match &args.attestations {
        Some(file) => read(file, id, trust)?,
        None => Ok(Vec::new()),
    };
    Ok(Verified { title, id: Some(id), found, attestations })
}

/// The signature file of a directory: named, or one of the two usual names in it.
fn signature_of(path: &Path, args: &Verify) -> Result<PathBuf, Failure> {
    if let Some(signature) = &args.signature {
        return Ok(signature.clone());
    }
    let usual = ["bundle.sig", "model.sig"].map(|name| path.join(name));
    usual.into_iter().find(|there| there.is_file()).ok_or_else(|| {
        Failure::usage(format!("`{}` has no signature in it", path.display()))
            .hint("name it with `--signature FILE`; a project is signed when it is packed")
    })
}

fn attestations(
    path: &Path,
    args: &Verify,
    id: BundleId,
    trust: &Trust,
) -> Result<Result<Vec<Attestation>, Flaw>, Failure> {
    let beside = attestations_beside(path);
    match &args.attestations {
        Some(file) => read(file, id, trust),
        None if beside.is_file() => read(&beside, id, trust),
        None => Ok(Ok(Vec::new())),
    }
}

fn read(
    file: &Path,
    id: BundleId,
    trust: &Trust,
) -> Result<Result<Vec<Attestation>, Flaw>, Failure> {
    use std::io::Read as _;
    if !there(file)?.is_file() {
        return Err(Failure::usage(format!("`{}` is not a regular file", file.display())));
    }
    let mut text = Vec::new();
    fs_err::File::open(file)?.take(MOST_ATTESTATIONS).read_to_end(&mut text)?;
    Ok(read_attestations(&text, id, trust))
}

/// With `--key` or `--root` the question was whether *they* signed it, and the answer is yes or no.
fn exit_of(found: &Verification, named: bool) -> Exit {
    let other = |doubt: &Doubt| matches!(doubt, Doubt::UntrustedKey | Doubt::UntrustedRoot);
    match found {
        Verification::Good(_) => Exit::Holds,
        Verification::Bad(_) | Verification::Unsigned => Exit::DoesNotHold,
        Verification::Unknown { doubt, .. } if named && other(doubt) => Exit::DoesNotHold,
        Verification::Unknown { .. } => Exit::NotJudged,
    }
}

/// Of several paths: one that is bad outweighs one that could not be judged.
fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::DoesNotHold, _) | (_, Exit::DoesNotHold) => Exit::DoesNotHold,
        (Exit::NotJudged, _) | (_, Exit::NotJudged) => Exit::NotJudged,
        _ => Exit::Holds,
    }
}

fn text(verified: &Verified, trust: &Trust) -> String {
    let id = verified.id.map(|id| format!("  {id}")).unwrap_or_default();
    let found = &verified.found;
    let mut text = format!("{}{id}\n  {:9}{found}\n", verified.title, found.as_str());
    match &verified.attestations {
        Err(flaw) => text.push_str(&format!("  attested {flaw}\n")),
        Ok(attestations) => {
            for attestation in attestations {
                text.push_str(&format!("  attested {}\n", said(attestation)));
            }
        }
    }
    if let Some(author) = author(verified) {
        let name = trust.name_of(author).map(|name| format!("{name}, ")).unwrap_or_default();
        text.push_str(&format!(
            "  author   the anonymous key is that of {name}key {author}: both say so\n"
        ));
    }
    text
}

/// Whose the anonymous key is, if that was revealed.
fn author(verified: &Verified) -> Option<bundle_signature::Fingerprint> {
    let signer = verified.found.signer()?;
    revealed(verified.attestations.as_deref().ok()?, signer.fingerprint)
}

fn view(path: &Path, verified: &Verified) -> Json {
    let attestations = match &verified.attestations {
        Ok(attestations) => attestations.iter().map(attestation_json).collect::<Vec<_>>(),
        Err(flaw) => vec![json!({ "error": flaw.to_string() })],
    };
    json!({
        "path": path,
        "id": verified.id.map(|id| id.to_string()),
        "signature": signature_json(&verified.found),
        "attestations": attestations,
        "author": author(verified).map(|author| author.to_string()),
    })
}
