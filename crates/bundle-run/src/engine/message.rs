//! What the engine says, in our words.
//!
//! tract's errors are chains of free text. A link of the chain often holds
//! `#12 "name" Op`, the node; the last link is the reason.

/// Longest reason that is worth a line.
const MAX_REASON: usize = 300;

/// One line from a chain, outermost first.
pub(super) fn of_chain<'a>(
    chain: impl IntoIterator<Item = String>,
    nodes: impl Fn(&str) -> Option<&'a str>,
) -> String {
    let chain: Vec<String> = chain.into_iter().collect();
    let reason = chain.last().map_or_else(String::new, |last| one_line(last));
    let node = chain.iter().rev().find_map(|link| node_in(link));
    match node {
        None => reason,
        Some((name, op)) => {
            let operator = nodes(name).unwrap_or(op);
            let reason = strip_node(&reason);
            format!("node `{name}` ({operator}): {reason}")
        }
    }
}

/// The name and operator of the node that a link names.
fn node_in(link: &str) -> Option<(&str, &str)> {
    let (_, rest) = link.split_once('#')?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(" \"")?;
    let (name, rest) = rest.split_once("\" ")?;
    let end =
        rest.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_').unwrap_or(rest.len());
    Some((name, &rest[..end]))
}

/// The reason may itself begin with the node.
fn strip_node(reason: &str) -> &str {
    let Some((before, rest)) = reason.split_once('#') else { return reason };
    let after = rest.split_once("\" ").and_then(|(_, rest)| rest.split_once(' '));
    match after {
        Some((_, after)) if before.to_ascii_lowercase().contains("node") => after,
        _ => reason,
    }
}

/// Lower case at the front, no period at the end, no line breaks, bounded.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let line = line.trim_end_matches(['.', ':']);
    let mut chars = line.chars();
    let first = chars.next().map(|first| {
        let acronym = chars.clone().next().is_some_and(char::is_uppercase);
        if acronym { first } else { first.to_ascii_lowercase() }
    });
    let mut out: String = first.into_iter().chain(chars).take(MAX_REASON).collect();
    if line.chars().count() > MAX_REASON {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_become_lines() {
        let cases: [(&[&str], &str); 4] = [
            (
                &[
                    "Failed analyse for node #5 \"add\" Add",
                    "Impossible to unify Val(3) with Val(4).",
                ],
                "node `add` (Add): impossible to unify Val(3) with Val(4)",
            ),
            (
                &["Translating node #2 \"m\" onnx.Cast ToTyped", "bad\n  thing"],
                "node `m` (onnx.Cast): bad thing",
            ),
            (&["Codegen"], "codegen"),
            (&[], ""),
        ];
        for (chain, expected) in cases {
            let chain = chain.iter().map(|link| (*link).to_owned());
            assert_eq!(of_chain(chain, |_| None), expected);
        }
    }
}
