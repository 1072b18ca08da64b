//! The tasks of this repository. `cargo xtask help` lists them.
//!
//! This crate links none of ours: it runs cargo, the binary it builds, and the
//! real peers (Python, npm, browsers), and prints what it ran and how long it took.

mod ci;
mod codegen;
mod fixtures;
mod prove;
mod quickstart;
mod run;
mod test;
mod tidy;
mod tools;
mod wasm;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The tasks of this repository")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build, pack fixtures/digits, check it, classify a held-out digit, serve the page
    Quickstart {
        /// Stop before the page is served
        #[arg(long)]
        no_serve: bool,
    },
    /// Build what runs in a browser, for `bundle demo` to put into its pages
    Wasm,
    /// Every test that needs no network once it is set up
    Test,
    /// A proof against the real thing; results go to docs/proof
    Prove {
        /// Which
        #[arg(value_enum)]
        proof: prove::Proof,
        /// One quick case, and nothing is written to docs/proof
        #[arg(long)]
        smoke: bool,
        /// Of `fuzz`: only these targets; of `calibrate` and `anonymity`: the directory of the git
        /// mirrors; of `bench`: `demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        #[arg(value_name = "TARGET")]
        only: Vec<String>,
    },
    /// All that continuous integration runs
    Ci,
    /// The crate graph is the one that ARCHITECTURE.md draws; files keep the house rules
    Tidy,
    /// Write generated files (schemas, reference pages)
    Codegen {
        /// Only say whether they are current
        #[arg(long)]
        check: bool,
    },
    /// Retrain the fixtures
    Fixtures {
        /// Compare with what is committed instead of replacing it
        #[arg(long)]
        check: bool,
        /// Only these
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not the debugging form: a backtrace of this program helps nobody.
            run::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Quickstart { no_serve } => quickstart::quickstart(!no_serve),
        Task::Wasm => wasm::wasm(),
        Task::Test => test::test(),
        Task::Prove { proof, smoke: false, only } => prove::prove(proof, &only),
        Task::Prove { proof, smoke: true, .. } => prove::smoke(proof, &quickstart::build()?),
        Task::Ci => ci::ci(),
        Task::Tidy => tidy::tidy(),
        Task::Codegen { check } => codegen::codegen(check),
        Task::Fixtures { check, names } => fixtures::fixtures(check, &names),
    }
}
