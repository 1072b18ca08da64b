//! `bundle pack`: a project into a bundle.

use std::{
    cell::{Cell, OnceCell},
    num::NonZeroUsize,
};

use bundle_archive::WriteOptions;
use bundle_manifest::Lock;
use bundle_pack::{Blind, PackRequest, Packed, Progress, pack};
use bundle_signature::{Fingerprint, sign_bundle};
use indicatif::ProgressBar;
use serde_json::json;

use super::anonymize::people;
use crate::{
    args::{Format, Pack},
    exit::Exit,
    failure::Failure,
    interrupt::Interrupt,
    keys::{Made, Signing, store},
    terminal::{Terminal, human_bytes},
};

pub(crate) fn run(args: &Pack, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen();
    let bar = OnceCell::<ProgressBar>::new();
    let listen = |progress: Progress| match progress {
        Progress::Replay { .. } => {}
        Progress::Total(bytes) => {
            interrupt.writes();
            drop(bar.set(terminal.bytes_bar("packing", bytes)));
        }
        Progress::Bytes(bytes) => bar.get().into_iter().for_each(|bar| bar.inc(bytes)),
    };
    let signing = Cell::new(signing(args)?);
    let signed = Cell::<Option<(Fingerprint, Made)>>::new(None);
    let seal = |lock: &Lock| {
        let Some(signing) = signing.take() else { return Ok(None) };
        let (identity, made) = signing.identity(&lock.stem())?;
        signed.set(Some((identity.key().public().fingerprint(), made)));
        Ok(Some(sign_bundle(lock, &identity)))
    };
    let packed = pack(&request(args)?, &seal, &listen, &|| interrupt.asked());
    bar.into_inner().into_iter().for_each(|bar| bar.finish_and_clear());
    let packed = packed?;
    for note in &packed.notes {
        terminal.note(note);
    }
    let signed = signed.into_inner();
    if let Some(note) = signed.and_then(|(fingerprint, made)| made.note(fingerprint)) {
        terminal.note(note);
    }
    if args.anonymous {
        terminal.note(
            "pictures, tables and the digests of weights that are public may still say who you are",
        );
    }
    let key = signed.map(|(fingerprint, _)| fingerprint);
    match args.format {
        Format::Text => terminal.print(&text(&packed, key))?,
        Format::Json => terminal.print_json(&view(&packed, key))?,
    }
    Ok(Exit::Holds)
}

/// Who signs, if anybody: asked before the work, which is long, for a passphrase may be needed.
fn signing(args: &Pack) -> Result<Option<Signing>, Failure> {
    if args.unsigned {
        return Ok(None);
    }
    if args.anonymous {
        return Ok(Some(Signing::Anonymous(store()?)));
    }
    Signing::by(args.key.as_deref()).map(Some)
}

fn request(args: &Pack) -> Result<PackRequest, Failure> {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let people = people(&args.name)?;
    Ok(PackRequest {
        directory: args.directory.clone(),
        output: args.output.clone(),
        write: WriteOptions {
            level: args.level,
            threads: args.threads.map_or_else(cores, NonZeroUsize::get),
        },
        must_run: args.must_run,
        skip_replay: args.no_replay,
        withhold: args.withhold.clone(),
        anonymous: args.anonymous.then(|| Blind { people, allow: args.allow.clone() }),
        with_private_keys: args.with_private_keys,
    })
}

fn text(packed: &Packed, key: Option<Fingerprint>) -> String {
    let signature = key.map_or_else(|| "unsigned".to_owned(), |key| format!("key {key}"));
    let written = &packed.written;
    let unrecorded = match packed.unrecorded {
        0 => String::new(),
        count => format!("; {count} without a recorded output ran"),
    };
    let examples = match (&packed.not_run, packed.replays.len()) {
        (Some(reason), _) => format!("not run: {reason}"),
        (None, 0) => format!("none replayed{unrecorded}"),
        (None, count) => format!("{count}/{count} give the recorded outputs{unrecorded}"),
    };
    let path = packed.path.strip_prefix(".").unwrap_or(&packed.path);
    format!(
        "{}  {}, {} files\n  id         {}\n  signature  {signature}\n  examples   {examples}\n",
        path.display(),
        human_bytes(written.size),
        written.members,
        written.id,
    )
}

fn view(packed: &Packed, key: Option<Fingerprint>) -> serde_json::Value {
    json!({
        "path": packed.path,
        "id": packed.written.id.to_string(),
        "size": packed.written.size,
        "members": packed.written.members,
        "signature": if key.is_some() { "signed" } else { "unsigned" },
        "key": key.map(|key| key.to_string()),
        "examples_replayed": packed.replays.len(),
        "examples_without_recording": packed.unrecorded,
        "not_run": packed.not_run,
        "notes": packed.notes,
    })
}
