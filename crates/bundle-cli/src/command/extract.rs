//! `bundle extract`: unpack, checking every file before any is visible.

use crate::{
    args::Extract,
    exit::Exit,
    failure::Failure,
    interrupt::Interrupt,
    open::{believable, open_archive},
    terminal::Terminal,
};

pub(crate) fn run(args: &Extract, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut archive = open_archive(&args.path)?;
    believable(&archive, &args.path, terminal)?;
    let interrupt = Interrupt::listen();
    interrupt.writes();
    archive.cancel_when(interrupt.flag());
    let bar = terminal.bytes_bar("extracting", archive.unpacked_size());
    let extracted = archive.extract(&args.directory, &|bytes| bar.inc(bytes));
    bar.finish_and_clear();
    let directory = extracted.map_err(|error| Failure::from(error).of(args.path.display()))?;
    terminal.print(&format!("{}\n  {}", directory.display(), archive.id()))?;
    Ok(Exit::Holds)
}
