//! Enough reStructuredText to find its headings, code, tables and links: the lines
//! that Markdown would misread are replaced, and no line is added or lost, so line
//! numbers stay true.

mod tables;

/// The same lines, with headings, code blocks and tables as Markdown writes them.
pub(super) fn to_markdown(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut markdown = String::with_capacity(text.len());
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        if let Some(table) = lines.get(index..).and_then(tables::table) {
            index += table.len();
            markdown.extend(table.into_iter().map(|line| line + "\n"));
            continue;
        }
        let above = index
            .checked_sub(1)
            .and_then(|above| lines.get(above))
            .map_or("", |above| above.trim());
        let below = lines.get(index + 1).map_or("", |below| below.trim());
        markdown.push_str(&translate(line, above, below));
        markdown.push('\n');
        index += 1;
    }
    markdown
}

fn translate(line: &str, above: &str, below: &str) -> String {
    let trimmed = line.trim_end();
    if is_adornment(trimmed) {
        let underlines = !above.is_empty() && !is_adornment(above);
        // An overline would be a rule or a fence; the underline alone says it all.
        let overlines = !below.is_empty() && !underlines;
        return match (underlines, overlines) {
            (true, _) => underline(trimmed),
            (false, true) => String::new(),
            (false, false) => trimmed.to_owned(),
        };
    }
    let directive = trimmed.trim_start();
    if directive.starts_with(".. code") || directive.starts_with(".. sourcecode") {
        return String::new(); // its indented body is code in Markdown too
    }
    if let Some(url) =
        directive.strip_prefix(".. image::").or_else(|| directive.strip_prefix(".. figure::"))
    {
        return format!("![]({})", url.trim());
    }
    if directive.starts_with(".. ") {
        return String::new(); // comments, targets and other directives
    }
    links(line)
}

/// `=` for the characters that most documents use above, `-` for the rest.
fn underline(adornment: &str) -> String {
    let mark = if adornment.starts_with(['=', '#', '*']) { "=" } else { "-" };
    mark.repeat(adornment.chars().count())
}

fn is_adornment(line: &str) -> bool {
    let mut characters = line.chars();
    let Some(first) = characters.next() else { return false };
    line.len() >= 3 && "=-~^*#+\"'`:.".contains(first) && characters.all(|c| c == first)
}

/// `` `text <url>`_ `` as a Markdown link.
fn links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, link)) = rest.split_once('`') {
        let parsed = link.split_once(">`_").and_then(|(inner, after)| {
            let (text, url) = inner.rsplit_once('<')?;
            (!inner.contains('`')).then_some((text.trim(), url, after))
        });
        out.push_str(before);
        if let Some((text, url, after)) = parsed {
            out.extend(["[", text, "](", url, ")"]);
            rest = after.trim_start_matches('_');
        } else {
            out.push('`');
            rest = link;
        }
    }
    out + rest
}
