//! `columns`: a CSV file or JSON rows to a table of typed columns.
//!
//! How a CSV file is read is said in `file`. Numbers are read as Python's `float` does,
//! spaces around them included, but neither `nan` nor `inf` is a number: list the word
//! under `na_values`. Guarantee: `exact`.

mod file;
mod quotes;

use bundle_manifest::{Column, ColumnKind, Columns, Dtype};
use serde_json::Value as Json;

use crate::{
    Limits, Table, TableColumn, Value,
    error::Fault,
    kind::{ColumnType, Kind},
};

/// Takes a CSV file or JSON rows; gives a table with the declared columns, in order.
pub(crate) fn check(params: &Columns, before: &Kind) -> Result<Kind, Fault> {
    let Kind::Source = before else {
        return Err(before.refusal("a CSV file or rows"));
    };
    if params.columns.is_empty() {
        return Err(Fault::new("`columns` is empty"));
    }
    let types = params.columns.iter().map(|column| ColumnType {
        name: column.name.clone(),
        kind: column.kind,
        dtype: column.dtype.unwrap_or(Dtype::Float64),
    });
    let types: Vec<ColumnType> = types.collect();
    check_unique(&types)?;
    Ok(Kind::Table(types))
}

/// Refuses a table with two columns of one name.
pub(crate) fn check_unique(columns: &[ColumnType]) -> Result<(), Fault> {
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(Fault::new(format!("two columns are named `{}`", pair[0]))),
    }
}

/// Reads a table.
pub(crate) fn apply(params: &Columns, value: &Value, limits: &Limits) -> Result<Table, Fault> {
    let mut builder = Builder::new(params);
    match value {
        Value::Bytes(bytes) => file::read(&mut builder, &params.columns, bytes, limits)?,
        Value::Json(Json::Object(row)) => builder.json_row(row)?,
        Value::Json(Json::Array(rows)) => read_rows(&mut builder, rows, limits)?,
        Value::Json(_) => {
            return Err(Fault::new("takes a row (a JSON object) or rows (an array of objects)"));
        }
        other => return Err(other.refusal("a CSV file or rows")),
    }
    Ok(Table { columns: builder.columns })
}

fn read_rows(builder: &mut Builder<'_>, rows: &[Json], limits: &Limits) -> Result<(), Fault> {
    if rows.len() > limits.rows {
        return Err(too_many_rows(limits));
    }
    if rows.is_empty() {
        return Err(Fault::new("the table has no rows"));
    }
    for (index, row) in rows.iter().enumerate() {
        let Json::Object(row) = row else {
            return Err(Fault::new(format!("row {} is not a JSON object", index + 1)));
        };
        builder.json_row(row)?;
    }
    Ok(())
}

fn too_many_rows(limits: &Limits) -> Fault {
    Fault::new(format!("the table has more than {} rows", limits.rows))
}

/// The name that was probably meant: at most a third of its letters differ.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: String = name.chars().take(64).collect::<String>().to_lowercase();
    let distance = |other: &str| strsim::damerau_levenshtein(&name, &other.to_lowercase());
    let near = names.filter(|other| other.len() <= 256).map(|other| (distance(other), other));
    let near = near.filter(|(distance, other)| *distance <= name.len().max(other.len()) / 3);
    near.min().map(|(_, other)| other)
}

/// The first names, in backticks.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = names.collect();
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let rest = names.len().saturating_sub(SHOWN);
    match rest {
        0 => shown.join(", "),
        _ => format!("{} and {rest} more", shown.join(", ")),
    }
}

/// Columns that grow row by row.
struct Builder<'a> {
    declared: &'a [Column],
    na_values: &'a [String],
    columns: Vec<TableColumn>,
    rows: usize,
}

impl<'a> Builder<'a> {
    fn new(params: &'a Columns) -> Self {
        let column = |column: &Column| match column.kind {
            ColumnKind::Number => {
                TableColumn::Number { name: column.name.clone(), cells: Vec::new() }
            }
            ColumnKind::Category => {
                TableColumn::Category { name: column.name.clone(), cells: Vec::new() }
            }
        };
        let columns = params.columns.iter().map(column).collect();
        Self { declared: &params.columns, na_values: &params.na_values, columns, rows: 0 }
    }

    /// A row of a CSV file; a cell for each column.
    fn text_row(&mut self, row: &[&str]) -> Result<(), Fault> {
        self.rows += 1;
        for (column, text) in self.columns.iter_mut().zip(row) {
            push_text(column, text, self.na_values, self.rows)?;
        }
        Ok(())
    }

    /// A row of JSON; `null` is missing, an absent column is an error.
    fn json_row(&mut self, row: &serde_json::Map<String, Json>) -> Result<(), Fault> {
        self.rows += 1;
        let known = |name: &String| self.declared.iter().any(|column| column.name == *name);
        if let Some(unknown) = row.keys().find(|name| !known(name)) {
            let names = self.declared.iter().map(|column| column.name.as_str());
            let fault = Fault::new(format!(
                "row {} has a column `{unknown}`, which is not declared",
                self.rows
            ));
            return Err(match nearest(unknown, names.clone()) {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None => fault.hint(format!("the columns are {}", listed(names))),
            });
        }
        for column in &mut self.columns {
            let Some(cell) = row.get(column.name()) else {
                let fault =
                    Fault::new(format!("row {} has no column `{}`", self.rows, column.name()));
                return Err(fault.hint("give every column; `null` means missing"));
            };
            push_json(column, cell, self.na_values, self.rows)?;
        }
        Ok(())
    }
}

fn push_text(
    column: &mut TableColumn,
    text: &str,
    na_values: &[String],
    row: usize,
) -> Result<(), Fault> {
    let missing = |text: &str| text.is_empty() || na_values.iter().any(|na| na == text);
    match column {
        TableColumn::Number { name, cells } => {
            let trimmed = text.trim();
            if missing(trimmed) || missing(text) {
                cells.push(f64::NAN);
                return Ok(());
            }
            let number = trimmed.parse().ok().filter(|number: &f64| number.is_finite());
            cells.push(number.ok_or_else(|| not_a_number(row, name, trimmed))?);
        }
        TableColumn::Category { cells, .. } => {
            cells.push((!missing(text)).then(|| text.to_owned()));
        }
    }
    Ok(())
}

fn not_a_number(row: usize, column: &str, text: &str) -> Fault {
    let shown: String = text.chars().take(40).collect();
    let fault = Fault::new(format!(
        "row {row} of column `{column}` is `{}`, not a number",
        shown.escape_debug()
    ));
    fault.hint("if it means \"missing\", list it under `na_values`")
}

/// Numbers may also come as the text of a form; whole numbers may be categories.
fn push_json(
    column: &mut TableColumn,
    cell: &Json,
    na_values: &[String],
    row: usize,
) -> Result<(), Fault> {
    let (wanted, is_number) = match column {
        TableColumn::Number { .. } => ("a number", true),
        TableColumn::Category { .. } => ("a text", false),
    };
    match cell {
        Json::Null => push_text(column, "", na_values, row),
        Json::String(text) => push_text(column, text, na_values, row),
        Json::Number(number) if is_number || !number.is_f64() => {
            push_text(column, &number.to_string(), na_values, row)
        }
        _ => Err(Fault::new(format!("row {row} of column `{}` is not {wanted}", column.name()))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params() -> Columns {
        let column = |name: &str, kind| Column {
            name: name.to_owned(),
            kind,
            dtype: None,
            unit: None,
            description: None,
            range: None,
            categories: None,
        };
        Columns {
            columns: vec![column("age", ColumnKind::Number), column("sex", ColumnKind::Category)],
            na_values: vec!["NA".to_owned()],
        }
    }

    fn csv(text: &str) -> Result<Table, Fault> {
        apply(&params(), &Value::Bytes(text.as_bytes().to_vec()), &Limits::default())
    }

    #[test]
    fn a_csv_file_becomes_columns() {
        let table = csv("\u{feff}id,sex, age\n1,f, 1.5 \n2,\"m, or\nso\",-2e3\n3,NA,NA\n4,,\n")
            .expect("a valid file");
        let [TableColumn::Number { cells: age, .. }, TableColumn::Category { cells: sex, .. }] =
            &table.columns[..]
        else {
            panic!("a number and a category");
        };
        assert_eq!(age[..2], [1.5, -2000.0]);
        assert!(age[2].is_nan() && age[3].is_nan());
        assert_eq!(*sex, [Some("f".to_owned()), Some("m, or\nso".to_owned()), None, None]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("age\n1\n", "the CSV file has no column `sex`"),
            ("age,age,sex\n1,1,f\n", "the header line names column `age` twice"),
            ("age,sex\n", "the CSV file has no rows below its header line"),
            ("", "the CSV file is empty"),
            ("age,sex\n1,f\nx,f\n", "row 2 of column `age` is `x`, not a number"),
            ("age,sex\nnan,f\n", "row 1 of column `age` is `nan`, not a number"),
            ("age,sex\n-inf,f\n", "row 1 of column `age` is `-inf`, not a number"),
            ("age,sex\n1e999,f\n", "row 1 of column `age` is `1e999`, not a number"),
        ];
        for (text, message) in cases {
            assert_eq!(csv(text).expect_err(message).message, message);
        }
        let fault = csv("Age,sex\n1,f\n").expect_err("another case");
        assert_eq!(fault.hint.as_deref(), Some("it has `Age`; names must match exactly"));
    }

    #[test]
    fn rows_may_be_json() {
        let rows = json!([{ "age": 1, "sex": "f" }, { "age": "2.5", "sex": null }, { "age": null, "sex": 3 }]);
        let table = apply(&params(), &Value::Json(rows), &Limits::default()).expect("valid rows");
        assert_eq!(table.rows(), 3);
        let cases = [
            (json!({ "age": 1 }), "row 1 has no column `sex`"),
            (
                json!({ "age": 1, "sex": "f", "agee": 2 }),
                "row 1 has a column `agee`, which is not declared",
            ),
            (json!({ "age": true, "sex": "f" }), "row 1 of column `age` is not a number"),
            (json!({ "age": 1, "sex": 1.5 }), "row 1 of column `sex` is not a text"),
            (json!([1]), "row 1 is not a JSON object"),
            (json!([]), "the table has no rows"),
            (json!(1), "takes a row (a JSON object) or rows (an array of objects)"),
        ];
        for (json, message) in cases {
            let fault =
                apply(&params(), &Value::Json(json), &Limits::default()).expect_err(message);
            assert_eq!(fault.message, message);
        }
    }

    #[test]
    fn a_table_is_bounded() {
        let limits = Limits { rows: 1, cell_bytes: 5, columns: 3, ..Limits::default() };
        let cases = [
            ("age,sex\n1,f\n2,f\n", "the table has more than 1 rows"),
            ("age,sex\n1,ffffff\n", "row 1 has a cell of more than 5 bytes"),
            ("age,sex,a,b\n1,f,,\n", "the CSV file has more than 3 columns"),
        ];
        for (text, message) in cases {
            let value = Value::Bytes(text.as_bytes().to_vec());
            assert_eq!(apply(&params(), &value, &limits).expect_err(message).message, message);
        }
    }
}
