//! `bundle schema`: the JSON Schemas of what authors write and programs read.

use crate::{
    args::{Schema, SchemaName},
    exit::Exit,
    failure::Failure,
    terminal::Terminal,
};

pub(crate) fn run(args: &Schema, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let schema = match args.name {
        SchemaName::Manifest => bundle_manifest::manifest_schema(),
        SchemaName::Report => bundle_check::report_schema(),
    };
    terminal.print_json(&schema)?;
    Ok(Exit::Holds)
}
