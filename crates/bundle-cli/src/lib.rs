//! The `bundle` command line: arguments, one file a command, exit codes, terminal.
//!
//! Arguments have two stages. [`args`] is what was typed; each command turns it
//! into the request that its library takes. Errors have one printer, and only
//! `terminal.rs` writes to stdout and stderr.

pub mod args;
mod command;
mod exit;
mod failure;
mod interrupt;
mod keys;
mod open;
mod output;
mod panic;
mod terminal;

use std::process::ExitCode;

use args::{Arguments, Command};
use clap::Parser as _;
use exit::Exit;
use failure::Failure;
use terminal::Terminal;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return terminal::print_usage(&error).into(),
    };
    let mut terminal = Terminal::new(arguments.color);
    let result = panic::catch(|| run(arguments.command, &mut terminal));
    result.unwrap_or_else(|failure| terminal.fail(&failure)).into()
}

fn run(command: Command, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => command::init::run(&args, terminal),
        Command::Record(args) => command::record::run(&args, terminal),
        Command::Pack(args) => command::pack::run(&args, terminal),
        Command::Anonymize(args) => command::anonymize::run(&args, terminal),
        Command::Check(args) => command::check::run(&args, terminal),
        Command::Verify(args) => command::verify::run(&args, terminal),
        Command::Sign(args) => command::sign::run(&args, terminal),
        Command::Key(args) => command::key::run(&args, terminal),
        Command::Run(args) => command::run::run(&args, terminal),
        Command::Demo(args) => command::demo::run(&args, terminal),
        Command::Flags(args) => command::flags::run(&args, terminal),
        Command::Serve(args) => command::serve::run(&args, terminal),
        Command::Inspect(args) => command::inspect::run(&args, terminal),
        Command::Extract(args) => command::extract::run(&args, terminal),
        Command::Diff(args) => command::diff::run(&args, terminal),
        Command::Schema(args) => command::schema::run(&args, terminal),
        Command::Completions(args) => command::completions::run(&args, terminal),
        Command::Man(args) => command::man::run(&args, terminal),
        Command::SignModel(args) => command::conformance::sign(&args),
        Command::VerifyModel(args) => command::conformance::verify(&args),
    }
}
