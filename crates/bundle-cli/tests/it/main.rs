//! The command line as its user meets it: stdout, stderr, exit code.

mod anonymity;
mod commands;
mod demo;
mod flags;
mod harness;
mod help;
mod hostile;
mod many;
mod preparing;
mod readme;
mod recipe;
mod same_bytes;
mod signing;
mod vectors;
