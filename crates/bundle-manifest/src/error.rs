//! What is wrong with a `bundle.toml`, and where.

use std::fmt;

/// One thing wrong with a `bundle.toml`. `Display` is the message alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Line of the offending key or value, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Characters of that line that the key or value covers, at least 1.
    pub width: usize,
    /// Where in the document, as `inputs[0].steps[2].size`; empty at the top.
    pub key: String,
    /// What is wrong, in the author's terms.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// Characters of a line that [`Problem::render`] shows at most.
const SHOWN_WIDTH: usize = 100;
/// Of those, characters before the offending part.
const SHOWN_BEFORE: usize = 40;

impl Problem {
    /// The problem with its place and its line, the offending part underlined,
    /// without a line break at the end. `text` is what was parsed.
    ///
    /// ```text
    /// bundle.toml:34:27: unknown resize implementation `pilow`
    ///    34 | { op = "resize", impl = "pilow" },
    ///       |                         ^^^^^^^
    ///    hint: did you mean `pillow`?
    /// ```
    pub fn render(&self, text: &str, file_name: &str) -> String {
        let line = text.split('\n').nth(self.line.saturating_sub(1)).unwrap_or_default();
        let (shown, before) = excerpt(line.trim_end_matches('\r'), self.column.saturating_sub(1));
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let rest = shown.chars().count().saturating_sub(before).max(1);
        let mut rendered = format!(
            "{file_name}:{number}:{}: {self}\n   {number} | {shown}\n   {margin} | {}{}",
            self.column,
            " ".repeat(before),
            "^".repeat(self.width.min(rest)),
        );
        if let Some(hint) = &self.hint {
            rendered.push_str("\n   hint: ");
            rendered.push_str(hint);
        }
        rendered
    }
}

/// The part of a line around character `at`, one column a character, and the
/// column of `at` in it.
fn excerpt(line: &str, at: usize) -> (String, usize) {
    let from = if line.chars().count() > SHOWN_WIDTH { at.saturating_sub(SHOWN_BEFORE) } else { 0 };
    // Control characters would move the cursor or recolour a terminal.
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    (line.chars().skip(from).take(SHOWN_WIDTH).map(printable).collect(), at - from)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why a text is not a `bundle.toml`: at least one [`Problem`], in document order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    problems: Vec<Problem>,
}

impl ManifestError {
    pub(crate) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Self { problems }
    }

    /// All problems found, in document order; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Every problem as [`Problem::render`] shows it, an empty line between two.
    pub fn render(&self, text: &str, file_name: &str) -> String {
        let rendered: Vec<_> =
            self.problems.iter().map(|problem| problem.render(text, file_name)).collect();
        rendered.join("\n\n")
    }
}

impl fmt::Display for ManifestError {
    /// `line 3, column 1: unknown key …`, one problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "line {}, column {}: {problem}", problem.line, problem.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: usize, column: usize, width: usize) -> Problem {
        let message = "no good".to_owned();
        Problem { line, column, width, key: String::new(), message, hint: None }
    }

    #[test]
    fn a_problem_is_shown_under_its_line() {
        let mut with_hint = problem(2, 5, 3);
        with_hint.hint = Some("do better".to_owned());
        assert_eq!(
            with_hint.render("a = 1\nb = été\r\n", "x.toml"),
            "x.toml:2:5: no good\n   2 | b = été\n     |     ^^^\n   hint: do better"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_problem() {
        let line = format!("{}!{}", "a".repeat(1000), "b".repeat(1000));
        let rendered = problem(1, 1001, 500).render(&line, "x.toml");
        let lines: Vec<_> = rendered.lines().collect();
        assert_eq!(lines[1], format!("   1 | {}!{}", "a".repeat(40), "b".repeat(59)));
        assert_eq!(lines[2], format!("     | {}{}", " ".repeat(40), "^".repeat(60)));
    }

    #[test]
    fn no_control_character_reaches_the_terminal() {
        let rendered = problem(1, 1, 1).render("\u{1b}[31mred\tx", "x.toml");
        assert!(!rendered.chars().any(|c| c.is_control() && c != '\n'), "{rendered:?}");
    }
}
