//! `bundle verify`: is it what was signed, and who vouches for it?

use std::path::{Path, PathBuf};

use bundle_check::{
    attestation_json, said as said_of, signature_json, verify_archive, verify_extracted,
};
use bundle_manifest::{BundleId, Lock};
use bundle_project::{Origin, SourceTree};
use bundle_signature::{
    Attestation, Doubt, Flaw, MAX_ATTESTATIONS_SIZE, SignedDirectory, Trust, Verification,
    attestations_beside, read_attestations, revealed,
};
use serde_json::{Value as Json, json};

use crate::{
    args::{Format, Verify},
    exit::Exit,
    failure::Failure,
    keys,
    open::{open_archive, there},
    terminal::{Terminal, one_line},
};

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
                let other = other_id(&verified, args.id.as_deref());
                exit = exit.worse(exit_of(&verified.found, named));
                if other.is_some() {
                    exit = Exit::DoesNotHold;
                }
                match args.format {
                    Format::Text => terminal.print(&text(path, &verified, other, &trust))?,
                    Format::Json => views.push(view(path, &verified, other)),
                }
            }
            Err(failure) => {
                exit = exit.worse(terminal.fail(&failure));
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
    /// Name and version, of a bundle.
    bundle: Option<(String, String)>,
    id: Option<BundleId>,
    found: Verification,
    attestations: Result<Vec<Attestation>, Flaw>,
    /// What is there and may be anything: a directory's signature says so.
    not_covered: Vec<String>,
}

impl Verified {
    fn of_bundle(
        lock: &Lock,
        found: Verification,
        attestations: Result<Vec<Attestation>, Flaw>,
    ) -> Self {
        let bundle = Some((lock.name.to_string(), lock.version.to_string()));
        Self { bundle, id: Some(BundleId::of(lock)), found, attestations, not_covered: Vec::new() }
    }
}

fn verify(
    path: &Path,
    args: &Verify,
    trust: &Trust,
    terminal: &mut Terminal,
) -> Result<Verified, Failure> {
    let is_directory = there(path)?.is_dir();
    let is_bundle = path.to_string_lossy().ends_with(".bundle.tar.zst");
    if is_directory || args.signature.is_some() && !is_bundle {
        return verify_directory(path, args, trust, terminal);
    }
    if args.signature.is_some() || !args.ignore.is_empty() || args.ignore_unsigned {
        let message = "`--signature`, `--ignore` and `--ignore-unsigned` are for directories";
        return Err(Failure::usage(message).hint("a bundle carries its signature, of every file"));
    }
    let archive = open_archive(path)?;
    let attestations = attestations(path, args, archive.lock(), trust)?;
    let bar = terminal.bytes_bar("verifying", archive.unpacked_size());
    let found = verify_archive(&archive, trust, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let found = found.map_err(|error| Failure::from(error).of(path.display()))?;
    Ok(Verified::of_bundle(archive.lock(), found, attestations))
}

/// Any directory or file with a signature beside it, or an extracted bundle.
fn verify_directory(
    path: &Path,
    args: &Verify,
    trust: &Trust,
    terminal: &mut Terminal,
) -> Result<Verified, Failure> {
    // Its own signature is held against the policy of bundles, however it is named.
    let is_own = |signature: &PathBuf| same_file(signature, &path.join("bundle.sig"));
    if args.signature.as_ref().is_none_or(is_own)
        && let Some(tree) = extracted(path)?
    {
        return verify_tree(&tree, args, trust, terminal);
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
    let (found, attestations) = (found?, Ok(Vec::new()));
    let not_covered = directory.not_covered()?;
    Ok(Verified { bundle: None, id: None, found, attestations, not_covered })
}

fn same_file(one: &Path, other: &Path) -> bool {
    let canonical = |path| fs_err::canonicalize(path).ok();
    canonical(one).is_some_and(|one| Some(one) == canonical(other))
}

fn extracted(path: &Path) -> Result<Option<SourceTree>, Failure> {
    let is_bundle = path.join("bundle.lock").is_file() || path.ends_with("project");
    if !is_bundle {
        return Ok(None);
    }
    let tree = SourceTree::from_directory(path)?;
    Ok((tree.origin() == Origin::Extracted).then_some(tree))
}

fn verify_tree(
    tree: &SourceTree,
    args: &Verify,
    trust: &Trust,
    terminal: &Terminal,
) -> Result<Verified, Failure> {
    let Some(lock) = tree.lock() else {
        return Err(Failure::usage("the extracted bundle has no lock"));
    };
    let bar = terminal.bytes_bar("verifying", 0);
    let exceptions = (args.ignore.as_slice(), args.ignore_unsigned);
    let found = verify_extracted(tree, exceptions, trust, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let attestations = match &args.attestations {
        Some(file) => read(file, BundleId::of(lock), trust)?,
        None => Ok(Vec::new()),
    };
    Ok(Verified::of_bundle(lock, found?, attestations))
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
    lock: &Lock,
    trust: &Trust,
) -> Result<Result<Vec<Attestation>, Flaw>, Failure> {
    let (beside, id) = (attestations_beside(path, &lock.stem()), BundleId::of(lock));
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
    // One more than are allowed, so that too many are noticed.
    fs_err::File::open(file)?.take(MAX_ATTESTATIONS_SIZE + 1).read_to_end(&mut text)?;
    Ok(read_attestations(&text, id, trust))
}

/// The id that was asked for, if it is not the bundle's.
fn other_id<'a>(verified: &Verified, asked: Option<&'a str>) -> Option<&'a str> {
    asked.filter(|asked| verified.id.is_none_or(|id| id.to_string() != *asked))
}

/// With `--key` or `--root` the question was whether *they* signed it, and the answer is yes or no.
fn exit_of(found: &Verification, named: bool) -> Exit {
    let other = |doubt: &Doubt| matches!(doubt, Doubt::NotTheNamed);
    match found {
        Verification::Good(_) => Exit::Holds,
        Verification::Bad(_) | Verification::Unsigned => Exit::DoesNotHold,
        Verification::Unknown { doubt, .. } if named && other(doubt) => Exit::DoesNotHold,
        Verification::Unknown { .. } => Exit::NotJudged,
    }
}

fn text(path: &Path, verified: &Verified, other: Option<&str>, trust: &Trust) -> String {
    let found = &verified.found;
    let mut text = format!("{}\n", one_line(&path.display().to_string()));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:10} {value}\n"));
    if let Some(id) = verified.id {
        row("id", id.to_string());
    }
    if let Some(other) = other {
        row("not", format!("{other}, which you named"));
    }
    let said = match found {
        Verification::Unsigned => "nobody vouches for it".to_owned(),
        Verification::Bad(flaw) => flaw.to_string(),
        found => found.to_string(),
    };
    row(found.as_str(), said);
    if matches!(found, Verification::Unsigned | Verification::Unknown { .. }) && other.is_none() {
        row("", "→ compare the id with the one in the paper: `--id sha256:…`".to_owned());
    }
    if !verified.not_covered.is_empty() {
        row("not signed", verified.not_covered.join(", "));
    }
    match &verified.attestations {
        Err(flaw) => row("attested", flaw.to_string()),
        Ok(attestations) => {
            for attestation in attestations {
                row("attested", said_of(attestation));
            }
        }
    }
    if let Some(author) = author(verified) {
        let name = trust.name_of(author).map(|name| format!("{name}, ")).unwrap_or_default();
        row("author", format!("{name}key {author}; the anonymous key and it both say so"));
    }
    text
}

/// Whose the anonymous key is, if that was revealed.
fn author(verified: &Verified) -> Option<bundle_signature::Fingerprint> {
    let signer = verified.found.signer()?;
    revealed(verified.attestations.as_deref().ok()?, signer.fingerprint)
}

fn view(path: &Path, verified: &Verified, other: Option<&str>) -> Json {
    let attestations = match &verified.attestations {
        Ok(attestations) => attestations.iter().map(attestation_json).collect::<Vec<_>>(),
        Err(flaw) => vec![json!({ "error": flaw.to_string() })],
    };
    json!({
        "path": path,
        "name": verified.bundle.as_ref().map(|(name, _)| name),
        "version": verified.bundle.as_ref().map(|(_, version)| version),
        "id": verified.id.map(|id| id.to_string()),
        "id_is_the_named": other.is_none(),
        "not_covered": verified.not_covered,
        "signature": signature_json(&verified.found),
        "attestations": attestations,
        "author": author(verified).map(|author| author.to_string()),
    })
}
