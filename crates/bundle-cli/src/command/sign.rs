//! `bundle sign`: a signature for a bundle that is there, or for any directory.

use std::path::{Path, PathBuf};

use bundle_archive::Wrapper;
use bundle_project::SourceTree;
use bundle_signature::{
    SignedDirectory, SigningIdentity, Verification, attestations_beside, read_text, reveal,
    sign_bundle, verify_bundle,
};

use crate::{
    args::Sign,
    exit::Exit,
    failure::Failure,
    interrupt::Interrupt,
    keys::{self, Signing},
    open::{open_archive, there},
    output::{append_lines, write_whole},
    terminal::Terminal,
};

pub(crate) fn run(args: &Sign, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let is_directory = there(&args.path)?.is_dir();
    match (is_directory || args.signature.is_some(), args.reveal) {
        (false, true) => reveal_author(args, terminal),
        (false, false) => sign_file(args, terminal),
        (true, false) => sign_directory(args, terminal),
        (true, true) => Err(Failure::usage("`--reveal` is said of a bundle file")),
    }?;
    Ok(Exit::Holds)
}

fn sign_file(args: &Sign, terminal: &mut Terminal) -> Result<(), Failure> {
    if !args.ignore.is_empty() {
        return Err(Failure::usage("`--ignore` is for directories: a bundle is signed whole"));
    }
    let wrapped =
        |what, hint| Err(Failure::usage(format!("`{}` is {what}", args.path.display())).hint(hint));
    match Wrapper::of(&args.path)? {
        Wrapper::None => {}
        Wrapper::Zip => return wrapped("a zip file", "unzip it first, and sign the bundle in it"),
        Wrapper::Page => {
            return wrapped("a page", "sign the bundle, then write the page of it anew");
        }
    }
    let mut archive = open_archive(&args.path)?;
    let before = verify_bundle(archive.signature(), archive.lock(), &keys::trust(terminal));
    refuse_to_displace(&before, args)?;
    let identity = identity(args, &archive.lock().stem(), terminal)?;
    // Whoever signs says that the file is what its lock says: that is looked at first.
    terminal.verify(&archive, &args.path)?;
    let target = match &args.output {
        Some(output) if output.is_dir() => output.join(args.path.file_name().unwrap_or_default()),
        Some(output) => output.clone(),
        // Behind a link it is the file that is signed, not the link.
        None => fs_err::canonicalize(&args.path)?,
    };
    if args.output.is_some() {
        refuse_to_replace(&target)?;
    }
    let permissions = fs_err::metadata(&target).ok().map(|found| found.permissions());
    let signature = sign_bundle(archive.lock(), &identity);
    let interrupt = Interrupt::listen();
    interrupt.writes();
    archive.cancel_when(interrupt.flag());
    let bar = terminal.bytes_bar("signing", archive.packed_size());
    let written = archive.write_signed(Some(&signature), &target, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let written = written.map_err(|error| Failure::from(error).of(target.display()))?;
    if let Some(permissions) = permissions {
        fs_err::set_permissions(&target, permissions)?;
    }
    let key = identity.key().public().fingerprint();
    match &before {
        Verification::Bad(flaw) => terminal.note(format!("the signature before was bad: {flaw}")),
        before => {
            if let Some(signer) = before.signer().filter(|signer| signer.fingerprint != key) {
                terminal.note(format!("the signature by {signer} is replaced"));
            }
        }
    }
    let target = args.output.as_ref().map_or(&args.path, |_| &target);
    terminal.print(&format!(
        "{}\n  id         {}\n  signature  key {key}\n",
        target.display(),
        written.id
    ))
}

/// The signature of somebody else is not lost by accident: it may be the only one there is.
fn refuse_to_displace(before: &Verification, args: &Sign) -> Result<(), Failure> {
    let Some(signer) = before.signer() else { return Ok(()) };
    let yours = keys::is_own(signer.fingerprint);
    if yours || args.replace || args.output.is_some() {
        return Ok(());
    }
    Err(Failure::usage(format!("it is signed already, by {signer}")).hint(
        "`-o FILE` writes a copy with your signature, `--replace` replaces theirs; what you found of it is said by `bundle check --attest`",
    ))
}

/// A bundle may be replaced; what is not one was not meant.
fn refuse_to_replace(target: &Path) -> Result<(), Failure> {
    if fs_err::symlink_metadata(target).is_err() || open_archive(target).is_ok() {
        return Ok(());
    }
    Err(Failure::usage(format!("`{}` is there and is not a bundle", target.display()))
        .hint("name another file with `-o`, or remove it"))
}

fn sign_directory(args: &Sign, terminal: &mut Terminal) -> Result<(), Failure> {
    if args.output.is_some() {
        return Err(Failure::usage("`-o` is for bundles")
            .hint("`--signature FILE` names the signature of a directory"));
    }
    refuse_changed(&args.path)?;
    let signature = args.signature.clone().unwrap_or_else(|| usual_signature(&args.path));
    let directory = SignedDirectory {
        path: args.path.clone(),
        signature: signature.clone(),
        ignore: args.ignore.clone(),
        ignore_unsigned: false,
    };
    if fs_err::symlink_metadata(&signature).is_ok() && !directory.is_signed() {
        let message = format!("`{}` is there and is not a signature", signature.display());
        return Err(
            Failure::usage(message).hint("name another file with `--signature`, or remove it")
        );
    }
    let identity = identity(args, &keys::name_of(&args.path), terminal)?;
    let bar = terminal.bytes_bar("hashing", 0);
    let text = directory.sign(&identity, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    write_whole(&signature, text?.as_bytes())?;
    let key = identity.key().public().fingerprint();
    terminal.print(&format!("{}\n  signature  key {key}\n", signature.display()))
}

/// An extracted bundle is signed as what its lock says, or not at all.
fn refuse_changed(directory: &Path) -> Result<(), Failure> {
    if !directory.join("bundle.lock").is_file() {
        return Ok(());
    }
    let tree = SourceTree::from_directory(directory)?;
    match tree.changed()?.first() {
        Some(path) => Err(Failure::does_not_hold(format!("`{path}` is not what bundle.lock says"))
            .hint("`bundle pack` makes a bundle of what is here now")),
        None => Ok(()),
    }
}

fn usual_signature(directory: &Path) -> PathBuf {
    let extracted = directory.join("bundle.lock").is_file();
    directory.join(if extracted { "bundle.sig" } else { "model.sig" })
}

/// Says that the key of an anonymous bundle is the user's: by that key, and by theirs.
fn reveal_author(args: &Sign, terminal: &mut Terminal) -> Result<(), Failure> {
    let archive = open_archive(&args.path)?;
    let lock = archive.lock();
    let found = verify_bundle(archive.signature(), lock, &keys::trust(terminal));
    let signer = match &found {
        Verification::Bad(flaw) => {
            return Err(Failure::does_not_hold(format!("bad signature: {flaw}")));
        }
        found => found.signer().ok_or_else(|| {
            Failure::usage("the bundle is unsigned, so there is no key to reveal")
                .hint("`bundle sign` signs it with your own key")
        })?,
    };
    let anonymous = keys::store()?.open_anonymous(signer.fingerprint)?.ok_or_else(|| {
        Failure::usage(format!("key {} is not one of your anonymous keys", signer.fingerprint))
            .hint("`bundle key list` shows those that were kept on this machine")
    })?;
    let author = identity(args, &lock.stem(), terminal)?;
    let anonymous = SigningIdentity::of_key(anonymous);
    let lines = reveal(archive.id(), &lock.stem(), &anonymous, &author);
    let beside = attestations_beside(&args.path, &lock.stem());
    let before = read_text(&beside).unwrap_or_default();
    if lines.iter().all(|line| before.lines().any(|before| before == line)) {
        terminal.note("it is said there already");
    } else {
        append_lines(&beside, &lines)?;
    }
    terminal.print(&format!(
        "{}\n  the anonymous key  {}\n  is that of         {}\n",
        beside.display(),
        signer.fingerprint,
        author.key().public().fingerprint()
    ))
}

/// Who signs; what was made on the way is said.
fn identity(args: &Sign, stem: &str, terminal: &mut Terminal) -> Result<SigningIdentity, Failure> {
    let (identity, made) = Signing::by(args.key.as_deref())?.identity(stem)?;
    if let Some(note) = made.note(identity.key().public().fingerprint()) {
        terminal.note(note);
    }
    let Some(leaf) = &args.certificate else { return Ok(identity) };
    let mut certificates = keys::certificates(leaf)?;
    for path in &args.chain {
        certificates.extend(keys::certificates(path)?);
    }
    let leaf = certificates.remove(0);
    for certificate in std::iter::once(&leaf).chain(&certificates) {
        if let Some(doubt) = certificate.out_of_time(keys::now()) {
            terminal.note(format!("{doubt}: readers will not find the signature good"));
        }
    }
    Ok(identity.certified(leaf, certificates)?)
}
