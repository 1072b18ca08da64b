//! `bundle init`: propose a `bundle.toml`.

use std::io::Write as _;

use super::infer::found;
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
        if target.exists() && !args.force {
            return Err(Failure::usage(format!("{} is there already", target.display()))
                .hint("use --print to see the proposal, or --force to replace the file"));
        }
        let mut file = tempfile::NamedTempFile::new_in(&args.directory)?;
        file.write_all(proposal.text.as_bytes())?;
        let file = file.persist(&target).map_err(|error| error.error)?;
        make_readable(&file)?;
        terminal.print(&format!("wrote {}", target.display()))?;
    }
    for note in &proposal.notes {
        terminal.note(note);
    }
    Ok(Exit::Holds)
}

/// A temporary file is private; a `bundle.toml` is for everyone.
pub(super) fn make_readable(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}
