//! HTML inside Markdown, as the same structure: tables, headings, links,
//! images. A tokenizer for what authors paste, not a browser: it never nests,
//! so a hostile page costs no more than its length.

use super::Reader;

/// Reads HTML that begins on line `line` into the document.
pub(super) fn read(reader: &mut Reader, html: &str, line: usize) {
    let mut rest = html;
    reader.line = line;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text(reader, before);
        reader.line += newlines(before);
        let length = match tag.strip_prefix("<!--") {
            Some(comment) => comment.find("-->").map_or(tag.len(), |end| end + "<!---->".len()),
            None => tag.find('>').map_or(tag.len(), |end| end + 1),
        };
        let (tag, after) = tag.split_at_checked(length).unwrap_or((tag, ""));
        if !tag.starts_with("<!--") && tag.ends_with('>') {
            read_tag(reader, tag.get(1..tag.len() - 1).unwrap_or_default());
        }
        reader.line += newlines(tag);
        rest = after;
    }
    text(reader, rest);
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn text(reader: &mut Reader, text: &str) {
    if !text.is_empty() {
        reader.text(&decode(text));
    }
}

/// `tag` is what stands between `<` and `>`.
fn read_tag(reader: &mut Reader, tag: &str) {
    let (closing, tag) = tag.strip_prefix('/').map_or((false, tag), |tag| (true, tag));
    let name_end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
    let (name, attributes) = tag.split_at(name_end);
    let name = name.to_ascii_lowercase();
    match (name.as_str(), closing) {
        ("table", false) => reader.open_table(),
        ("table", true) => reader.close_table(),
        ("tr", false) => reader.open_row(),
        ("tr", true) => reader.close_row(),
        ("td" | "th", false) => reader.open_cell(),
        ("td" | "th", true) => reader.close_cell(),
        ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", _) => heading(reader, &name, closing),
        ("a", false) => {
            if let Some(url) = attribute(attributes, "href") {
                reader.open_link(&url, "", false);
            }
        }
        ("a", true) => reader.close_link(),
        ("img", false) => {
            let url = attribute(attributes, "src").unwrap_or_default();
            let alt = attribute(attributes, "alt").unwrap_or_default();
            reader.open_link(&url, &alt, true);
            reader.close_link();
        }
        ("b" | "strong", false) => reader.strong += 1,
        ("b" | "strong", true) => reader.strong = reader.strong.saturating_sub(1),
        ("br", _) => reader.text(" "),
        ("p" | "li" | "ul" | "ol" | "div" | "center" | "hr", _) => reader.flush(),
        _ => {}
    }
}

fn heading(reader: &mut Reader, name: &str, closing: bool) {
    if closing {
        reader.close_heading();
        return;
    }
    let level = name.as_bytes().get(1).map_or(1, |digit| digit - b'0');
    reader.open_heading(level);
}

/// The value of an attribute, quoted or not.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let lower = attributes.to_ascii_lowercase();
    let at = lower.match_indices(name).find_map(|(at, _)| {
        let before = lower.get(..at)?.chars().next_back();
        let after = lower.get(at + name.len()..)?.trim_start();
        let whole = before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-');
        (whole && after.starts_with('=')).then(|| lower.len() - after.len() + 1)
    })?;
    let value = attributes.get(at..)?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let text = match quote {
        Some(quote) => value.get(1..)?.split(quote).next()?,
        None => value.split_whitespace().next()?,
    };
    Some(decode(text))
}

/// The character references that READMEs use.
fn decode(text: &str) -> String {
    const ENTITIES: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&nbsp;", " "),
        ("&plusmn;", "±"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    if !text.contains('&') {
        return text.to_owned();
    }
    ENTITIES
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
