//! `bundle init`: propose a `bundle.toml`.

use super::{infer::found, write_new};
use crate::{args::Init, exit::Exit, failure::Failure, terminal::Terminal};

pub(crate) fn run(args: &Init, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let found = match args.infer.as_slice() {
        [] => None,
        typed => Some(found(&args.directory, typed, terminal)?),
    };
    let proposal = bundle_pack::init(&args.directory, found.as_ref())?;
    if args.print {
        terminal.print(&proposal.text)?;
    } else {
        let target = args.directory.join("bundle.toml");
        let hint = "use --print to see the proposal, or --force to replace the file";
        write_new(&target, &proposal.text, args.force, hint)?;
        terminal.print(&format!("wrote {}", target.display()))?;
    }
    for note in &proposal.notes {
        terminal.note(note);
    }
    Ok(Exit::Holds)
}
