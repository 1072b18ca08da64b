//! `bundle completions`: completions from the argument tree.

use clap::CommandFactory as _;

use crate::{
    args::{Arguments, Completions},
    exit::Exit,
    failure::Failure,
    terminal::Terminal,
};

pub(crate) fn run(args: &Completions, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "bundle", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Holds)
}
