//! The report for people and for programs.

mod json;
mod layout;
mod table;
mod text;

pub use json::{attestation_json, render_json, report_schema, signature_json};
pub(crate) use layout::size;
pub use table::{Row, RowReport, render_table};
pub use text::render_text;
