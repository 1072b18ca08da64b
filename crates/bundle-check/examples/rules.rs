//! Prints docs/rules.md.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(bundle_check::rules_markdown().as_bytes())
}
