//! What was seen, and where. The one door through which text of a file under
//! check reaches a reader: shortened, and without characters that could
//! move a cursor, hide text or turn a line around.

use std::fmt;

/// Characters of one piece of evidence that are shown.
const MAX_TEXT: usize = 240;
/// Characters of a path that are shown.
const MAX_PATH: usize = 160;

/// What was seen. Displayed as `path:line  text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The file, if it was seen in one; escaped.
    pub path: Option<String>,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// What was seen; escaped.
    pub text: String,
}

impl Evidence {
    /// Seen on a line of a file.
    pub(crate) fn at(path: impl fmt::Display, line: usize, text: impl AsRef<str>) -> Self {
        Self { line: Some(line), ..Self::of(path, text) }
    }

    /// Seen of a file as a whole.
    pub(crate) fn of(path: impl fmt::Display, text: impl AsRef<str>) -> Self {
        let path = shown(&path.to_string(), MAX_PATH);
        Self { path: Some(path), line: None, text: shown(text.as_ref(), MAX_TEXT) }
    }

    /// Seen of the whole.
    pub(crate) fn note(text: impl AsRef<str>) -> Self {
        Self { path: None, line: None, text: shown(text.as_ref(), MAX_TEXT) }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.line) {
            (Some(path), Some(line)) => write!(f, "{path}:{line}")?,
            (Some(path), None) => write!(f, "{path}")?,
            (None, _) => return f.write_str(&self.text),
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, "  {}", self.text) }
    }
}

/// Text of unknown origin, as one line that is safe to show: at most `limit`
/// characters, whitespace squeezed, the rest of the unprintable escaped.
pub(crate) fn shown(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut gap = false;
    for (count, c) in text.trim().chars().enumerate() {
        if count >= limit {
            out.push('…');
            break;
        }
        if c.is_whitespace() && !is_hazard(c) || matches!(c, '\n' | '\t') {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            out.push(' ');
        }
        if is_hazard(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Controls, directional overrides, zero-width and line-separating characters.
fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn evidence_reads_as_a_compiler_does() {
        assert_eq!(Evidence::at("a/b.txt", 3, " x\n\ty ").to_string(), "a/b.txt:3  x y");
        assert_eq!(Evidence::of("a", "").to_string(), "a");
        assert_eq!(Evidence::note("12 members").to_string(), "12 members");
    }

    #[test]
    fn hostile_text_is_escaped_and_shortened() {
        assert_eq!(
            shown("a\u{1b}[31mred\r\u{202e}x\u{200b}", 80),
            "a\\u{1b}[31mred\\u{d}\\u{202e}x\\u{200b}"
        );
        assert_eq!(shown("abcdef", 3), "abc…");
    }

    proptest! {
        #[test]
        fn nothing_shown_can_move_a_cursor(text in "\\PC{0,20}|[\\x00-\\x1f\\x7f-\\x9fa]{0,20}") {
            let shown = shown(&text, 100);
            prop_assert!(!shown.chars().any(is_hazard), "{shown:?}");
        }
    }
}
