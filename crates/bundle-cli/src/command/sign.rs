//! `bundle sign`: a signature for a bundle that is there, or for any directory.

use std::path::{Path, PathBuf};

use bundle_signature::{
    SignedDirectory, SigningIdentity, Trust, Verification, attestations_beside, reveal,
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
    let mut archive = open_archive(&args.path)?;
    let identity = identity(args, &archive.lock().stem(), terminal)?;
    // Whoever signs says that the file is what its lock says: that is looked at first.
    terminal.verify(&archive, &args.path)?;
    let target = args.output.clone().unwrap_or_else(|| args.path.clone());
    if target != args.path {
        refuse_to_replace(&target)?;
    }
    let before = verify_bundle(archive.signature(), archive.lock(), &Trust::nobody(keys::now()));
    let signature = sign_bundle(archive.lock(), &identity);
    let interrupt = Interrupt::listen();
    interrupt.writes();
    archive.cancel_when(interrupt.flag());
    let bar = terminal.bytes_bar("signing", archive.packed_size());
    let written = archive.write_signed(Some(&signature), &target, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let written = written.map_err(|error| Failure::from(error).of(target.display()))?;
    if let Some(signer) = before.signer() {
        terminal.note(format!("the signature by key {} is replaced", signer.fingerprint));
    }
    let key = identity.key().public().fingerprint();
    terminal.print(&format!(
        "{}\n  id         {}\n  signature  key {key}\n",
        target.display(),
        written.id
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
    let signature = args.signature.clone().unwrap_or_else(|| usual_signature(&args.path));
    let name = keys::name_of(&args.path);
    let identity = identity(args, &name, terminal)?;
    let directory = SignedDirectory {
        path: args.path.clone(),
        signature: signature.clone(),
        ignore: args.ignore.clone(),
        ignore_unsigned: false,
    };
    let bar = terminal.bytes_bar("hashing", 0);
    let text = directory.sign(&identity, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    write_whole(&signature, text?.as_bytes())?;
    let key = identity.key().public().fingerprint();
    terminal.print(&format!("{}\n  signature  key {key}\n", signature.display()))
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
    let beside = attestations_beside(&args.path);
    append_lines(&beside, &lines)?;
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
    Ok(identity.certified(leaf, certificates)?)
}
