//! `bundle demo`: the page that runs the model in a browser, as one file.

use std::{io::Write as _, path::PathBuf};

use bundle_archive::Archive;
use bundle_demo::PageFile;
use bundle_manifest::Manifest;
use bundle_run::{Predictor, replay};

use super::{prove, refuse_to_replace};
use crate::{
    args::Demo,
    exit::Exit,
    failure::Failure,
    interrupt::Interrupt,
    open::{Opened, believable},
    output::write_whole_with,
    terminal::{Terminal, human_bytes},
};

/// A bundle from here on makes a page that small devices may not open.
const LARGE: u64 = 100 << 20;
/// A bundle beyond this leaves no room in the memory of a browser's program: the file, the
/// weights and the network that is made of them share 4 GiB.
const TOO_LARGE: u64 = 1 << 30;

pub(crate) fn run(args: &Demo, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let opened = Opened::at(&args.path)?;
    let Some(archive) = &opened.packed else {
        let pack = format!("run `bundle pack {}` first", args.path.display());
        return Err(Failure::usage("a page holds a packed bundle").hint(pack));
    };
    let target = target(args, archive);
    let hint = "remove it, say `--force`, or name another with `-o`";
    refuse_to_replace(&target, args.force, hint)?;
    believable(archive, &args.path, terminal)?;
    refuse_withheld(archive)?;
    refuse_by_size(archive, terminal)?;
    if bundle_demo::runtime().is_none() {
        return Err(Failure::usage("this `bundle` was built without what runs in a browser")
            .hint("run `cargo xtask wasm`, then build it again"));
    }
    terminal.verify(archive, &args.path)?;
    let predictor =
        Predictor::new(&opened.manifest, archive.as_ref()).map_err(Failure::of_model)?;
    let replayed = replay_all(&opened.manifest, &predictor, archive, terminal)?;
    let page = PageFile::of(archive, &opened.manifest, &predictor)
        .map_err(|error| Failure::usage(error.to_string()))?;
    write(&page, archive, &target, terminal)?;
    let size = fs_err::metadata(&target)?.len();
    let mut said = format!(
        "{}\n  {}\n  {} in one file; {replayed}\n",
        target.display(),
        archive.id(),
        human_bytes(size)
    );
    if args.prove {
        let proven = prove::in_node(&target, &opened.manifest)?;
        said += &format!("  {proven}\n");
    }
    said += "  open it with a double-click; `bundle check` on it says whether the page is ours";
    terminal.print(&said)?;
    Ok(Exit::Holds)
}

fn target(args: &Demo, archive: &Archive) -> PathBuf {
    let name = || PathBuf::from(format!("{}.html", archive.lock().stem()));
    match &args.output {
        Some(output) if output.is_dir() => output.join(name()),
        Some(output) => output.clone(),
        None => name(),
    }
}

fn refuse_withheld(archive: &Archive) -> Result<(), Failure> {
    match archive.lock().members.iter().find(|member| member.withheld) {
        None => Ok(()),
        Some(member) => {
            let message = format!("`{}` is withheld: a page would have to hold it", member.path);
            Err(Failure::does_not_hold(message)
                .hint("`bundle serve` runs a model that stays on your machine"))
        }
    }
}

fn refuse_by_size(archive: &Archive, terminal: &mut Terminal) -> Result<(), Failure> {
    let (packed, unpacked) = (archive.packed_size(), archive.unpacked_size());
    if packed.max(unpacked) > TOO_LARGE {
        let message = format!(
            "the bundle has {} ({} unpacked); a browser runs at most {}",
            human_bytes(packed),
            human_bytes(unpacked),
            human_bytes(TOO_LARGE)
        );
        return Err(Failure::usage(message).hint("use `bundle serve`, or a smaller model"));
    }
    if packed > LARGE {
        terminal.note(format!(
            "the page will have {}: mail refuses it, and telephones may not open it",
            human_bytes(packed / 3 * 4)
        ));
    }
    Ok(())
}

/// A page of answers that are not the recorded ones is not written.
fn replay_all(
    manifest: &Manifest,
    predictor: &Predictor,
    archive: &Archive,
    terminal: &Terminal,
) -> Result<String, Failure> {
    let recorded: Vec<_> =
        manifest.examples.iter().filter(|example| !example.expect.is_empty()).collect();
    let bar = terminal.count_bar("replaying", recorded.len());
    let mut largest = 0.0_f64;
    for example in &recorded {
        let replayed = replay(predictor, example, archive)
            .map_err(|error| Failure::from(error).of(format!("example `{}`", example.name)))?;
        if !replayed.holds {
            let message = format!("example `{}` does not give what was recorded", example.name);
            return Err(
                Failure::does_not_hold(message).hint("`bundle check` says where it differs")
            );
        }
        largest = replayed
            .outputs
            .values()
            .map(|output| output.comparison.max_abs)
            .fold(largest, f64::max);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let count = recorded.len();
    Ok(match count {
        0 => "no example is recorded".to_owned(),
        _ => format!("same answers {count}/{count} natively, largest difference {largest:.1e}"),
    })
}

fn write(
    page: &PageFile<'_>,
    archive: &Archive,
    target: &std::path::Path,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    interrupt.writes();
    let cancelled = interrupt.flag();
    let bar = terminal.bytes_bar("writing", archive.packed_size());
    let written = write_whole_with(target, |file| {
        let mut out = std::io::BufWriter::new(file);
        page.write(&mut out, &|bytes| bar.inc(bytes))?;
        if cancelled.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        out.flush()
    });
    bar.finish_and_clear();
    written
}
