//! `bundle record`: the recorder, as a file to run with the author's Python.

use super::write_new;
use crate::{args::Record, exit::Exit, failure::Failure, terminal::Terminal};

pub(crate) fn run(args: &Record, terminal: &mut Terminal) -> Result<Exit, Failure> {
    if args.output.as_os_str() == "-" {
        terminal.print(bundle_pack::RECORDER.trim_end())?;
        return Ok(Exit::Holds);
    }
    let hint = "use --force to replace it, or --output to write another file";
    write_new(&args.output, bundle_pack::RECORDER, args.force, hint)?;
    terminal.print(&format!("wrote {}", args.output.display()))?;
    terminal.note("run it with the Python that has your libraries: python -m bundle_record --help");
    Ok(Exit::Holds)
}
