//! How deeply a text nests, counted before it is parsed.
//!
//! The parser bounds brackets and dotted keys each, but not their product:
//! `{a.a.a = {a.a.a = …}}` makes a tree of thousands of levels out of few
//! brackets, and dropping such a tree recurses. Here every level counts, by the
//! tokens that the parser itself will see.

use std::ops::Range;

use toml_parser::{Source, lexer::TokenKind};

/// Levels of tables and arrays in one header or one key with its value.
pub(crate) const MAX_DEPTH: usize = 64;

/// Where `text` first nests deeper than [`MAX_DEPTH`].
pub(crate) fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut open: Vec<usize> = Vec::new(); // the dots of the key before each open bracket
    let mut depth = 0; // brackets open now, with those dots
    let mut dots = 0; // of the key being read
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => dots += 1,
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                open.push(dots);
                depth += dots + 1;
                dots = 0;
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                depth -= open.pop().map_or(0, |before| before + 1);
                dots = 0;
            }
            TokenKind::Comma => dots = 0,
            TokenKind::Newline if open.is_empty() => dots = 0,
            _ => {}
        }
        if depth + dots > MAX_DEPTH {
            return Some(token.span().start()..token.span().end());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_nesting_counts() {
        let row = format!("x = [{}]\n", "[0.5, 1.5], ".repeat(1000));
        let comment = format!("# {}\n", "[".repeat(1000));
        let string = format!("x = \"\"\"{}\"\"\"\n", "[{.".repeat(1000));
        let headers = "[a.b.c]\nx.y = 0.5\n[[d.e]]\n".repeat(1000);
        for text in [row, comment, string, headers] {
            assert_eq!(too_deep(&text), None, "{}", &text[..20]);
        }
    }

    #[test]
    fn every_way_of_nesting_counts() {
        let deep = |open: &str, middle: &str, close: &str| {
            format!("x = {}{middle}{}", open.repeat(40), close.repeat(40))
        };
        let cases = [
            format!("x = {}1{}", "[".repeat(65), "]".repeat(65)),
            format!("{}z = 1", "a.".repeat(65)),
            format!("[{}z]", "a.".repeat(64)),
            deep("{a.b = ", "1", "}"),
            deep("[{a = ", "1", "}]"),
        ];
        for text in cases {
            assert!(too_deep(&text).is_some(), "{text}");
        }
        let edge = format!("x = {}1{}", "[".repeat(64), "]".repeat(64));
        assert_eq!(too_deep(&edge), None);
    }
}
