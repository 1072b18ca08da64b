//! `cargo run -p bundle-preprocess --example parity -- DIR GROUP…`: runs the cases that
//! `make.py large DIR` wrote, and prints how many elements differ.

#[path = "../tests/it/replay.rs"]
mod replay;
#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "a module of the tests; only input pipelines are needed here")]
mod support;

use std::{path::Path, process::ExitCode};

#[expect(clippy::print_stdout, reason = "the table is the result")]
fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap_or_default();
    let mut holds = true;
    for group in arguments {
        let tally = replay::replay(Path::new(&directory), &group);
        println!(
            "{group}: {} cases, {} elements, {} differ, by up to {:e}",
            tally.cases, tally.elements, tally.differing, tally.largest
        );
        for failure in &tally.failures {
            println!("  {failure}");
        }
        holds &= tally.failures.is_empty();
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
