//! `bundle schema`: the JSON Schemas of what authors write and programs read.

use crate::{
    args::{Schema, SchemaName},
    exit::Exit,
    failure::Failure,
    terminal::Terminal,
};

/// The schema of what `bundle verify` prints, as it is committed.
const VERIFY: &str = include_str!("../../../../schemas/verify.schema.json");

pub(crate) fn run(args: &Schema, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let schema = match args.name {
        SchemaName::Manifest => bundle_manifest::manifest_schema(),
        SchemaName::Report => bundle_check::report_schema(),
        SchemaName::Policy => bundle_manifest::policy_schema(),
        SchemaName::Verify => serde_json::from_str(VERIFY).map_err(anyhow::Error::from)?,
    };
    terminal.print_json(&schema)?;
    Ok(Exit::Holds)
}
