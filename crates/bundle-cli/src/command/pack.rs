//! `bundle pack`: a project into a bundle.

use std::{cell::OnceCell, num::NonZeroUsize};

use bundle_archive::WriteOptions;
use bundle_pack::{PackRequest, Packed, Progress, pack};
use indicatif::ProgressBar;
use serde_json::json;

use crate::{
    args::{Format, Pack},
    exit::Exit,
    failure::Failure,
    interrupt::Interrupt,
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
    let packed = pack(&request(args), &listen, &|| interrupt.asked());
    bar.into_inner().into_iter().for_each(|bar| bar.finish_and_clear());
    let packed = packed?;
    for note in &packed.notes {
        terminal.note(note);
    }
    match args.format {
        Format::Text => terminal.print(&text(&packed))?,
        Format::Json => terminal.print_json(&view(&packed))?,
    }
    Ok(Exit::Holds)
}

fn request(args: &Pack) -> PackRequest {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    PackRequest {
        directory: args.directory.clone(),
        output: args.output.clone(),
        write: WriteOptions {
            level: args.level,
            threads: args.threads.map_or_else(cores, NonZeroUsize::get),
        },
        must_run: args.must_run,
        skip_replay: args.no_replay,
        withhold: args.withhold.clone(),
    }
}

fn text(packed: &Packed) -> String {
    let written = &packed.written;
    let examples = match (&packed.not_run, packed.replays.len()) {
        (Some(reason), _) => format!("not run: {reason}"),
        (None, 0) => "none replayed".to_owned(),
        (None, count) => format!("{count}/{count} give the recorded outputs"),
    };
    let path = packed.path.strip_prefix(".").unwrap_or(&packed.path);
    format!(
        "{}  {}, {} files\n  id         {}\n  signature  unsigned\n  examples   {examples}\n",
        path.display(),
        human_bytes(written.size),
        written.members,
        written.id,
    )
}

fn view(packed: &Packed) -> serde_json::Value {
    json!({
        "path": packed.path,
        "id": packed.written.id.to_string(),
        "size": packed.written.size,
        "members": packed.written.members,
        "signature": "unsigned",
        "examples_replayed": packed.replays.len(),
        "not_run": packed.not_run,
        "notes": packed.notes,
    })
}
