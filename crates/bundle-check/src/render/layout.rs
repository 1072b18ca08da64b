//! Lines and figures that fit a terminal.

/// Columns of a line that may hold escape sequences of ours.
pub(super) fn visible(line: &str) -> usize {
    let mut escape = false;
    let shows = |c: &char| {
        let hidden = escape || *c == '\u{1b}';
        escape = hidden && *c != 'm';
        !hidden
    };
    line.chars().filter(shows).count()
}

/// Characters; what is shown has no character that takes none.
pub(super) fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Lines of at most `width` characters (the first: of at most `first`), broken
/// between words, and inside a word only where it is longer than a line.
pub(super) fn wrap(text: &str, first: usize, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let room = |lines: &[String]| {
            let limit = if lines.len() == 1 { first } else { width }.max(1);
            limit.saturating_sub(lines.last().map_or(0, |line| columns(line)))
        };
        let open = lines.last().is_some_and(|line| !line.is_empty());
        if open && room(&lines) > columns(word) {
            lines.last_mut().into_iter().for_each(|line| line.push(' '));
        } else if open || (lines.len() == 1 && first < columns(word) && columns(word) <= width) {
            lines.push(String::new());
        }
        let mut rest = word.chars().peekable();
        while rest.peek().is_some() {
            let taken: String = rest.by_ref().take(room(&lines).max(1)).collect();
            lines.last_mut().into_iter().for_each(|line| line.push_str(&taken));
            if rest.peek().is_some() {
                lines.push(String::new());
            }
        }
    }
    lines
}

/// `88 MB`: decimal units, as a file manager shows them.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    for (unit, scale) in UNITS {
        if bytes >= scale {
            let tenths = bytes / (scale / 10);
            return match tenths {
                0..100 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
                _ => format!("{} {unit}", bytes / scale),
            };
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ids_are_short() {
        let shown: Vec<_> = [0, 999, 1_000, 9_949, 88_123_456, 1_500_000_000].map(size).into();
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "9.9 kB", "88 MB", "1.5 GB"]);
    }
}
