//! Prints the JSON Schema of `bundle.toml`, or its reference with `reference`.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let reference = std::env::args().nth(1).as_deref() == Some("reference");
    let text = if reference {
        bundle_manifest::manifest_reference()
    } else {
        format!("{:#}\n", bundle_manifest::manifest_schema())
    };
    io::stdout().write_all(text.as_bytes())
}
