//! Quotes and lines of a CSV file.
//!
//! The reader takes a quote that never closes for one long cell, so every row behind it
//! would be gone without a word.

/// The byte that opens and closes a cell.
const QUOTE: u8 = b'"';

/// Where the reader is in a cell.
#[derive(Clone, Copy)]
enum Cell {
    /// Before its first byte, where a quote opens it.
    Start,
    /// In one without quotes, where a quote is a byte like others.
    Bare,
    /// Behind the quote at this place.
    Quoted(usize),
    /// Behind a quote in it: another one is a quote of the text, anything else ends it.
    Closing(usize),
}

/// The line of the quote that opens a cell and is not closed, if there is one.
pub(super) fn unclosed(bytes: &[u8]) -> Option<usize> {
    let mut cell = Cell::Start;
    for (at, byte) in bytes.iter().enumerate() {
        cell = match (cell, *byte) {
            (Cell::Quoted(open), QUOTE) => Cell::Closing(open),
            (Cell::Closing(open), QUOTE) => Cell::Quoted(open),
            (Cell::Start, QUOTE) => Cell::Quoted(at),
            (Cell::Quoted(_), _) => cell,
            (_, b',' | b'\n' | b'\r') => Cell::Start,
            _ => Cell::Bare,
        };
    }
    match cell {
        Cell::Quoted(open) => Some(line(bytes, open)),
        _ => None,
    }
}

/// The line of the row that the reader found at `place`: it names the end of the row
/// before, and there may be empty lines between them.
pub(super) fn line_of_row(bytes: &[u8], place: usize) -> usize {
    let rest = bytes.get(place..).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    line(bytes, place.saturating_add(ends))
}

/// The line of the byte at `place`, from 1, as editors count.
fn line(bytes: &[u8], place: usize) -> usize {
    let before = bytes.get(..place).unwrap_or(bytes);
    let ends = before.iter().zip(before.iter().skip(1).map(Some).chain([None]));
    let is_end = |(byte, next): &(&u8, Option<&u8>)| {
        **byte == b'\n' || (**byte == b'\r' && *next != Some(&b'\n'))
    };
    1 + ends.filter(is_end).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_stays_open_is_found() {
        let cases: [(&str, Option<usize>); 14] = [
            ("", None),
            ("a,b\n1,\"2\"\n", None),
            ("a,b\n\"1\n2\",3\n", None),
            ("a,b\n\"say \"\"so\"\"\",3", None),
            ("a,b\n5\" pipe,3\n", None),
            ("a,b\n\"\",3\n", None),
            ("a,b\n\"x\"y,\"z\"\n", None),
            ("a,b\n1,\"", Some(2)),
            ("\"a,b\n1,2\n", Some(1)),
            ("a,b\n1,2\n\"3,4\n5,6\n", Some(3)),
            ("a,b\r\n1,2\r\n\"3,4\r\n", Some(3)),
            ("a,b\r1,2\r\"3,4\r", Some(3)),
            ("a,b\n\"1\n2\",\"x\n3,4\n", Some(3)),
            ("a,b\n\"say \"\",3\n", Some(2)),
        ];
        for (text, expected) in cases {
            assert_eq!(unclosed(text.as_bytes()), expected, "{text:?}");
        }
    }
}
