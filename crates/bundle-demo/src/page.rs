//! The page as one HTML text.

use minijinja::{AutoEscape, Environment, Value, context, value::Serde};
use serde_json::Value as Json;

use crate::{modules::script, policy::policy};

const TEMPLATE: &str = include_str!("../page/index.html");
const STYLE: &str = include_str!("../page/style.css");
const WORKER: &str = include_str!("../page/worker.js");
const STRINGS: &str = include_str!("../page/strings.json");

/// Which transport the page talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// The HTTP API of `bundle serve`.
    Http,
    /// A worker in the page itself, of the file that `bundle demo` writes.
    Local,
}

impl Transport {
    /// As the page's script is told.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Local => "local",
        }
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PageError {
    /// What is wrong.
    pub message: String,
}

/// The HTML of the page, a pure function of its arguments and this version: UI,
/// styles and scripts inline, `description` (of [`describe`](crate::describe), with
/// keys added by the transport) inside.
pub fn page(description: &Json, transport: Transport) -> Result<String, PageError> {
    render(description, transport, "")
        .map_err(|error| PageError { message: format!("page template: {error}") })
}

/// The page with `parts` behind its script.
pub(crate) fn render(
    description: &Json,
    transport: Transport,
    parts: &str,
) -> Result<String, minijinja::Error> {
    // The template puts a line break nowhere inside these elements, so what is hashed is what they hold.
    let (style, script) = (STYLE.replace("\r\n", "\n"), script());
    let strings: Json = serde_json::from_str(STRINGS).map_err(|error| {
        minijinja::Error::new(minijinja::ErrorKind::BadSerialization, error.to_string())
    })?;
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.render_str(
        TEMPLATE,
        context! {
            d => Value::from(Serde(description)),
            s => Value::from(Serde(&strings)),
            policy => Value::from_safe_string(policy(&script, &style, transport)),
            style => Value::from_safe_string(style),
            script => Value::from_safe_string(script),
            worker => Value::from_safe_string(WORKER.replace("\r\n", "\n")),
            parts => Value::from_safe_string(parts.to_owned()),
            transport => transport.as_str(),
            local => transport == Transport::Local,
            strings_json => Value::from_safe_string(script_safe(&strings)),
            description_json => Value::from_safe_string(script_safe(description)),
            short_id => description.get("id").and_then(Json::as_str).map(short_id),
            paper_link => description.get("paper").and_then(Json::as_str).filter(|paper| is_web_address(paper)),
            tool_version => env!("CARGO_PKG_VERSION"),
        },
    )
}

/// JSON that can stand inside `<script>`: no text in it can end the element, open
/// a comment or be read as an entity.
fn script_safe(value: &Json) -> String {
    let escape = |c: char| match c {
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    value.to_string().chars().map(escape).collect()
}

/// `sha256:3f9a…c21e`: enough to recognise, not enough to compare.
fn short_id(id: &str) -> String {
    let (kind, hex) = id.split_once(':').unwrap_or(("", id));
    match (hex.get(..4), hex.len().checked_sub(4).and_then(|at| hex.get(at..))) {
        (Some(head), Some(tail)) if hex.len() > 8 => format!("{kind}:{head}…{tail}"),
        _ => id.to_owned(),
    }
}

/// Whether an author's text may become a link: anything else (`javascript:` above all) stays text.
fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_in_a_script_cannot_end_it() {
        let hostile = json!({ "title": "</script><!--&amp;\u{2028}" });
        let text = script_safe(&hostile);
        assert_eq!(text, r#"{"title":"\u003c/script\u003e\u003c!--\u0026amp;\u2028"}"#);
        assert_eq!(serde_json::from_str::<Json>(&text).expect("still JSON"), hostile);
    }

    #[test]
    fn ids_are_shortened() {
        let id = format!("sha256:3f9a{}c21e", "0".repeat(56));
        assert_eq!(short_id(&id), "sha256:3f9a…c21e");
        for odd in ["", "x", "sha256:", "sha256:ééééé"] {
            assert!(short_id(odd).len() <= odd.len() + 3, "{odd}");
        }
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert!(is_web_address("https://doi.org/10.1/x"));
        for text in [
            "javascript:alert(1)",
            "doi:10.1/x",
            "https://",
            " https://x",
            "https://x onclick=y",
            "data:text/html,x",
        ] {
            assert!(!is_web_address(text), "{text}");
        }
    }
}
