//! The report for people and for programs.

mod json;
mod layout;
mod text;

pub use json::{render_json, report_schema};
pub use text::render_text;
