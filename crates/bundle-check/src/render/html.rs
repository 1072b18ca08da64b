//! The report as one HTML file: nothing is loaded, nothing runs, and what files
//! say stays text.

use data_encoding::BASE64;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, value::Serde};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::view;
use crate::{CheckError, Report};

const TEMPLATE: &str = include_str!("../../templates/report.html");
const STYLE: &str = include_str!("../../templates/report.css");

/// One page with a section for each report.
pub fn render_html<'r>(
    reports: impl IntoIterator<Item = (&'r str, &'r Report)>,
) -> Result<String, CheckError> {
    let views: Vec<Json> = reports.into_iter().map(|(name, found)| view::of(name, found)).collect();
    page(&views).map_err(|error| CheckError {
        message: "the page of the report cannot be written".to_owned(),
        hint: None,
        source: Some(Box::new(error)),
    })
}

fn page(views: &[Json]) -> Result<String, minijinja::Error> {
    // The element holds exactly what is hashed.
    let style = STYLE.replace("\r\n", "\n");
    let hash = BASE64.encode(&Sha256::digest(style.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    );
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let reports = Value::from(Serde(views));
    let (policy, style) = (Value::from_safe_string(policy), Value::from_safe_string(style));
    environment.render_str(TEMPLATE, context! { reports, policy, style })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::report, testing::subject};

    #[test]
    fn a_page_is_whole_and_what_files_say_is_text() {
        let hostile = "</style><script>alert(1)</script>";
        let text =
            format!("# X\n\n```\npython {hostile}.py\npython <b>.py\npython gone\".py\n```\n");
        let found = report(&subject(&[("README.md", &text), ("bundle.toml", hostile)]), hostile);
        let page = render_html([(hostile, &found), ("b", &found)]).expect("a page");
        assert!(!page.contains("<script"), "a script");
        assert_eq!(page.matches("</style>").count(), 1);
        assert_eq!(page.matches("<h1").count(), 1);
        for load in ["src=", "href=\"http", "@import", "url("] {
            assert!(!page.contains(load), "{load}");
        }
        assert!(page.contains("Not tested") && page.contains("None of the author"));
    }
}
