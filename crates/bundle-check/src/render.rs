//! The report for people, for programs and for the services between them.

mod html;
mod json;
mod layout;
mod markdown;
mod sarif;
mod table;
mod text;
mod view;

pub use html::render_html;
pub use json::{attestation_json, render_json, report_schema, signature_json};
pub(crate) use layout::size;
pub use markdown::render_markdown;
pub use sarif::render_sarif;
pub use table::{Row, RowReport, render_table};
pub use text::render_text;
