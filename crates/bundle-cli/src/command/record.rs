//! `bundle record`: the recorder, as a file to run with the author's Python.

use std::io::Write as _;

use crate::{args::Record, exit::Exit, failure::Failure, terminal::Terminal};

pub(crate) fn run(args: &Record, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if args.output.as_os_str() == "-" {
        terminal.print(bundle_pack::RECORDER.trim_end())?;
        return Ok(Exit::Holds);
    }
    if args.output.exists() && !args.force {
        return Err(Failure::usage(format!("{} is there already", args.output.display()))
            .hint("use --force to replace it, or --output to write another file"));
    }
    let directory = args.output.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| std::path::Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bundle_pack::RECORDER.as_bytes())?;
    let file = file.persist(&args.output).map_err(|error| error.error)?;
    super::init::make_readable(&file)?;
    terminal.print(&format!("wrote {}", args.output.display()))?;
    terminal.note("run it with the Python that has your libraries: python -m bundle_record --help");
    Ok(Exit::Holds)
}
