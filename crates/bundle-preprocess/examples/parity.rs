//! `parity DIR GROUP…`: runs the cases that `cargo xtask prove parity` wrote with the real
//! libraries, and prints a line of JSON a case: the elements compared, how many of them
//! differ in any bit, by how much, and what is wrong where that is more than allowed.

#[path = "../tests/it/replay.rs"]
mod replay;
#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "a module of the tests; only inputs are needed here")]
mod support;

use std::{path::PathBuf, process::ExitCode};

#[expect(clippy::print_stdout, reason = "the lines are the result")]
fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap_or_default());
    let mut holds = true;
    for group in arguments {
        for compared in replay::replay(&|name| fs_err::read(directory.join(name)), &group) {
            holds &= compared.failure.is_none();
            println!("{}", compared.line(&group));
        }
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
