//! The report as Markdown, for comments and pull requests.

use serde_json::Value as Json;

use super::view;
use crate::Report;

/// One document with a section for each report.
pub fn render_markdown<'r>(reports: impl IntoIterator<Item = (&'r str, &'r Report)>) -> String {
    let views: Vec<Json> = reports.into_iter().map(|(name, found)| view::of(name, found)).collect();
    let mut page = String::new();
    if views.len() > 1 {
        page += "| | what | verdict | complete | examples |\n|---|---|---|---|---|\n";
        for view in &views {
            let cell = |key: &str| text(view[key].as_str().unwrap_or("–"));
            page += &format!(
                "| {} | {} | {} | {} | {} |\n",
                cell("mark"),
                cell("name"),
                cell("verdict"),
                cell("complete"),
                cell("examples")
            );
        }
        page.push('\n');
    }
    let sections: Vec<String> = views.iter().map(section).collect();
    page + &sections.join("\n")
}

fn section(view: &Json) -> String {
    let word = |key: &str| text(view[key].as_str().unwrap_or_default());
    let mark = view["mark"].as_str().unwrap_or_default();
    let mut page = format!("## {mark} {}: {}\n\n", word("subject"), word("verdict"));
    let id = view["id"].as_str().map(|id| format!("`{id}` · ")).unwrap_or_default();
    page += &format!("{id}{}, {} · {} reading", word("files"), word("size"), word("profile"));
    for (key, what) in [("complete", "complete"), ("examples", "examples")] {
        if let Some(score) = view[key].as_str() {
            page += &format!(" · {what} {score}");
        }
    }
    if let Some(name) = view["policy"]["name"].as_str() {
        page += &format!(
            " · policy {} {}",
            text(name),
            text(view["policy"]["version"].as_str().unwrap_or_default())
        );
    }
    for (key, what) in [("unmet", "Asked for, and not there"), ("authors", "The author says")] {
        for line in list(&view[key]).filter_map(Json::as_str) {
            page += &format!("\n\n{what}: {}", text(line));
        }
    }
    page += "\n\n| | area | rule | seen | what to do |\n|---|---|---|---|---|\n";
    for area in list(&view["areas"]) {
        let wanting = list(&area["findings"]).filter(|finding| finding["wants"] == true);
        let mut rows: Vec<String> = wanting.map(|finding| row(area, finding)).collect();
        if rows.is_empty() && area["answer"] == "pass" {
            rows.push(format!(
                "| ✓ | {} | | | |\n",
                text(area["word"].as_str().unwrap_or_default())
            ));
        }
        page += &rows.concat();
    }
    let untested: Vec<String> =
        list(&view["not_tested"]).filter_map(Json::as_str).map(text).collect();
    page += &format!("\nNot tested: {}. None of the author's code was run.\n", untested.join("; "));
    page += &format!("\n<sub>bundle {}, ruleset {}</sub>\n", word("version"), view["ruleset"]);
    page
}

fn row(area: &Json, finding: &Json) -> String {
    let word = |key: &str| text(finding[key].as_str().unwrap_or_default());
    let seen: Vec<String> = list(&finding["evidence"]).filter_map(Json::as_str).map(text).collect();
    let seen =
        if seen.is_empty() { format!("not so: {}", word("title")) } else { seen.join("<br>") };
    format!(
        "| {} | {} | {} | {seen} | {} |\n",
        finding["mark"].as_str().unwrap_or_default(),
        text(area["word"].as_str().unwrap_or_default()),
        word("rule"),
        word("remedy")
    )
}

fn list(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

/// Text that stays text: no markup, no HTML, no mention, no cell's end.
fn text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            _ => out.push(c),
        }
    }
    out.replace("://", ":\u{2060}//")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::report, testing::subject};

    #[test]
    fn a_comment_says_what_to_do_and_what_was_not_tested() {
        let found = report(&subject(&[("requirements.txt", "torch\nnumpy\n")]), "a/paper");
        let page = render_markdown([("a/paper", &found)]);
        assert!(page.starts_with("## ? a/paper: Nothing declared\n"), "{page}");
        assert!(page.contains("| ~ | complete | MLCC-1 | requirements.txt:1  0 of 2 have a version | pip freeze &gt; requirements.txt"), "{page}");
        assert!(page.contains("\nNot tested: "), "{page}");
        let two = render_markdown([("a", &found), ("b", &found)]);
        assert!(two.starts_with("| | what |") && two.matches("## ").count() == 2, "{two}");
    }

    #[test]
    fn text_of_files_is_no_markup() {
        let hostile = "a|b `c` [x](javascript:1) <img src=x> @team ![i](https://x.org)";
        let shown = text(hostile);
        let mut escaped = false;
        let bare: String = shown
            .chars()
            .filter(|c| {
                let hidden = escaped || *c == '\\';
                escaped = *c == '\\' && !escaped;
                !hidden
            })
            .collect();
        for bad in ["](", "<img", "@team", "https://", "`", "|", "!["] {
            assert!(!bare.contains(bad), "{bad} in {shown}");
        }
    }
}
