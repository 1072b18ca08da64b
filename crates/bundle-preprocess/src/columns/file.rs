//! A CSV file, as rows of the declared columns.
//!
//! The file is UTF-8 with commas and a header line. Columns that are not declared are
//! ignored, and the declared ones may come in any order. A name of the header line is
//! taken as it is; where none is equal, spaces around either name make no difference.

use std::collections::BTreeMap;

use bundle_manifest::Column;

use super::{Builder, listed, nearest, quotes, too_many_rows};
use crate::{Limits, error::Fault};

/// Reads all rows into `builder`, which has a column for each of `declared`.
pub(super) fn read(
    builder: &mut Builder<'_>,
    declared: &[Column],
    bytes: &[u8],
    limits: &Limits,
) -> Result<(), Fault> {
    // With its mark or without: the first letter of a header line is hardly ever NUL.
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]) {
        let fault = Fault::new("the CSV file is UTF-16");
        return Err(fault.hint("save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(line) = quotes::unclosed(bytes) {
        let fault =
            Fault::new(format!("line {line} of the CSV file opens a quote that never closes"));
        return Err(fault.hint("close it; a quote inside quotes is written twice"));
    }
    let malformed = |error: csv::Error| malformed(&error, bytes);
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers().map_err(malformed)?.clone();
    if header.is_empty() {
        return Err(Fault::new("the CSV file is empty"));
    }
    if header.len() > limits.columns {
        return Err(Fault::new(format!("the CSV file has more than {} columns", limits.columns)));
    }
    let places = places(declared, &header)?;
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(malformed)? {
        if builder.rows == limits.rows {
            return Err(too_many_rows(limits));
        }
        let cell = |place: &usize| record.get(*place).unwrap_or_default();
        let cells: Vec<&str> = places.iter().map(cell).collect();
        if cells.iter().any(|cell| cell.len() > limits.cell_bytes) {
            let row = builder.rows + 1;
            return Err(Fault::new(format!(
                "row {row} has a cell of more than {} bytes",
                limits.cell_bytes
            )));
        }
        builder.text_row(&cells)?;
    }
    if builder.rows == 0 {
        return Err(Fault::new("the CSV file has no rows below its header line"));
    }
    Ok(())
}

/// What the reader found, with the line that an editor shows.
fn malformed(error: &csv::Error, bytes: &[u8]) -> Fault {
    let line = |position: &Option<csv::Position>| {
        let place = position.as_ref().map_or(0, csv::Position::byte);
        quotes::line_of_row(bytes, usize::try_from(place).unwrap_or(usize::MAX))
    };
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let cells = if *len == 1 { "1 cell".to_owned() } else { format!("{len} cells") };
            let fault = Fault::new(format!(
                "line {} of the CSV file has {cells}, the header line has {expected_len}",
                line(pos)
            ));
            fault.hint(if len < expected_len {
                "an empty cell needs its comma, too, and nothing but a comma separates cells"
            } else {
                "a cell with a comma in it needs quotes around it"
            })
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            let fault = Fault::new(format!("line {} of the CSV file is not UTF-8", line(pos)));
            fault.hint("save it as UTF-8")
        }
        _ => Fault::new(format!("the CSV file cannot be read: {error}")),
    }
}

/// Where each declared column is in the file.
fn places(declared: &[Column], header: &csv::StringRecord) -> Result<Vec<usize>, Fault> {
    let names = Names::of(header);
    let mut taken = BTreeMap::new();
    let mut places = Vec::with_capacity(declared.len());
    for Column { name, .. } in declared {
        let place = names.place(name)?;
        if let Some(other) = taken.insert(place, name) {
            let fault = format!("columns `{other}` and `{name}` are one column of the CSV file");
            return Err(Fault::new(fault));
        }
        places.push(place);
    }
    Ok(places)
}

/// The places of each name of the header line.
struct Names<'a> {
    exact: BTreeMap<&'a str, Vec<usize>>,
    trimmed: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Names<'a> {
    fn of(header: &'a csv::StringRecord) -> Self {
        let (mut exact, mut trimmed) = (BTreeMap::new(), BTreeMap::new());
        for (index, name) in header.iter().enumerate() {
            exact.entry(name).or_insert_with(Vec::new).push(index);
            trimmed.entry(name.trim()).or_insert_with(Vec::new).push(index);
        }
        Self { exact, trimmed }
    }

    fn place(&self, name: &str) -> Result<usize, Fault> {
        let found = self.exact.get(name).or_else(|| self.trimmed.get(name.trim()));
        match found.map(Vec::as_slice) {
            Some([place]) => Ok(*place),
            Some(_) => Err(Fault::new(format!("the header line names column `{name}` twice"))),
            None => {
                let fault = Fault::new(format!("the CSV file has no column `{name}`"));
                let names = self.trimmed.keys().copied();
                Err(match nearest(name, names.clone()) {
                    Some(near) => fault.hint(format!("it has `{near}`; names must match exactly")),
                    None => fault.hint(format!("its columns are {}", listed(names))),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bundle_manifest::{ColumnKind, Columns};

    use super::*;
    use crate::TableColumn;

    /// The cells of these columns, all of numbers.
    fn cells(names: &[&str], bytes: &[u8]) -> Result<Vec<Vec<f64>>, Fault> {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            kind: ColumnKind::Number,
            dtype: None,
            unit: None,
            description: None,
            range: None,
            categories: None,
        };
        let columns: Vec<Column> = names.iter().map(column).collect();
        let params = Columns { columns, na_values: Vec::new() };
        let mut builder = Builder::new(&params);
        read(&mut builder, &params.columns, bytes, &Limits::default())?;
        let cells = builder.columns.into_iter().map(|column| match column {
            TableColumn::Number { cells, .. } => cells,
            TableColumn::Category { .. } => Vec::new(),
        });
        Ok(cells.collect())
    }

    #[test]
    fn spaces_around_names_matter_only_where_names_are_equal() {
        for (names, header) in [
            (["a", "b"], "a,b"),
            ([" a", "b "], " a,b "),
            ([" a", "b "], "a,b"),
            (["a", "b"], " a,b "),
            (["a", " a"], "a, a"),
            ([" a ", "b"], "  a,b"),
        ] {
            let text = format!("{header}\n1,2\n");
            assert_eq!(cells(&names, text.as_bytes()), Ok(vec![vec![1.0], vec![2.0]]), "{header}");
        }
        let cases = [
            (["a", "b"], " a,a ,b", "the header line names column `a` twice"),
            (["a", " a"], "a,b,c", "columns `a` and ` a` are one column of the CSV file"),
        ];
        for (names, header, message) in cases {
            let text = format!("{header}\n1,2,3\n");
            assert_eq!(cells(&names, text.as_bytes()).expect_err(header).message, message);
        }
    }

    #[test]
    fn rows_that_do_not_fit_are_named_by_their_line() {
        let cases: [(&[u8], &str); 8] = [
            (b"a,b\n1,2\n3\n", "line 3 of the CSV file has 1 cell, the header line has 2"),
            (b"a,b\r\n1,2\r\n3\r\n", "line 3 of the CSV file has 1 cell, the header line has 2"),
            (b"a,b\n\n\n1,2,3\n", "line 4 of the CSV file has 3 cells, the header line has 2"),
            (b"a,b\n1,\"\n2\"\n3\n", "line 4 of the CSV file has 1 cell, the header line has 2"),
            (b"\xef\xbb\xbfa,b\n1\n", "line 2 of the CSV file has 1 cell, the header line has 2"),
            (b"a,b\n1,2\n3,\xff\n", "line 3 of the CSV file is not UTF-8"),
            (b"a,b\n1,2\n\"3,4\n5,6\n", "line 3 of the CSV file opens a quote that never closes"),
            (b"\xff\xfea\0,\0b\0\n\0", "the CSV file is UTF-16"),
        ];
        for (bytes, message) in cases {
            let fault = cells(&["a", "b"], bytes).expect_err(message);
            assert_eq!(fault.message, message);
            assert!(fault.hint.is_some(), "{message}");
        }
        for bytes in [&b"a\0\n\0"[..], b"\0a\0\n"] {
            let fault = cells(&["a"], bytes).expect_err("no mark");
            assert_eq!(fault.message, "the CSV file is UTF-16");
        }
    }

    #[test]
    fn quotes_that_close_are_read() {
        let text = b"a,b,\"c \"\"d\"\"\n, e\"\n\"1\",2,5\" pipe\n3,\"4\n\",\"\"\n";
        assert_eq!(cells(&["a", "b"], text), Ok(vec![vec![1.0, 3.0], vec![2.0, 4.0]]));
    }
}
