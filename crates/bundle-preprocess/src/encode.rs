//! `impute`, `standard_scale`, `min_max_scale`, `one_hot`, `ordinal_encode` and
//! `column_concat`: a table to numbers, in float64 as scikit-learn computes.
//!
//! | operation | what of scikit-learn, fitted |
//! |---|---|
//! | `impute` | `SimpleImputer`: missing becomes `statistics_` |
//! | `standard_scale` | `StandardScaler`: `(x - mean_) / scale_`; `RobustScaler`: `(x - center_) / scale_`; `MaxAbsScaler`: `x / scale_`, with means of 0 |
//! | `min_max_scale` | `MinMaxScaler`: `x * scale_ + min_`, then `clip` |
//! | `one_hot` | `OneHotEncoder`, without `min_frequency` and `max_categories` |
//! | `ordinal_encode` | `OrdinalEncoder`, with whole `unknown_value` and `encoded_missing_value` |
//!
//! Guarantee: `exact`; proven by the group `tables` of `tests/it/vectors.rs`.

use std::cmp::Ordering;

use bundle_manifest::{
    Cell, ColumnConcat, ColumnKind, Dtype, Impute, MinMaxScale, OneHot, OrdinalEncode,
    StandardScale, UnknownCategory,
};

use crate::{
    Limits, Table, TableColumn, Tensor, TensorData,
    columns::{check_unique, listed, nearest},
    error::Fault,
    kind::{ColumnType, Kind},
};

/// The column of that name, or an error that names the nearest.
fn column<'a>(columns: &'a [ColumnType], name: &str) -> Result<&'a ColumnType, Fault> {
    columns.iter().find(|column| column.name == name).ok_or_else(|| {
        let names = columns.iter().map(|column| column.name.as_str());
        let fault = Fault::new(format!("the table has no column `{name}`"));
        match nearest(name, names.clone()) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault.hint(format!("its columns are {}", listed(names))),
        }
    })
}

/// Takes a table; gives one with the same columns.
pub(crate) fn check_impute(params: &Impute, before: &Kind) -> Result<Kind, Fault> {
    let columns = before.table()?;
    for (name, value) in &params.values {
        match (column(columns, name)?.kind, value) {
            (ColumnKind::Number, Cell::Number(_)) | (ColumnKind::Category, Cell::Text(_)) => {}
            (kind, _) => {
                return Err(Fault::new(format!(
                    "column `{name}` is of type `{kind}`, and its value is not"
                )));
            }
        }
    }
    Ok(before.clone())
}

/// Fills missing cells; columns without a value stay as they are.
pub(crate) fn impute(params: &Impute, mut table: Table) -> Table {
    for column in &mut table.columns {
        let value = params.values.get(column.name());
        match (column, value) {
            (TableColumn::Number { cells, .. }, Some(Cell::Number(value))) => {
                cells.iter_mut().filter(|cell| cell.is_nan()).for_each(|cell| *cell = *value);
            }
            (TableColumn::Category { cells, .. }, Some(Cell::Text(value))) => {
                for cell in cells.iter_mut().filter(|cell| cell.is_none()) {
                    *cell = Some(value.clone());
                }
            }
            _ => {}
        }
    }
    table
}

/// Takes a table; gives one with the same columns.
pub(crate) fn check_standard_scale(params: &StandardScale, before: &Kind) -> Result<Kind, Fault> {
    let columns = scaled_columns(params.columns.as_deref(), before.table()?)?.len();
    let (means, scales) = (params.mean.len(), params.scale.len());
    if means != columns || scales != columns {
        return Err(Fault::new(format!(
            "`mean` has {means} and `scale` has {scales} values for {columns} columns"
        )));
    }
    if params.scale.contains(&0.0) {
        let fault = Fault::new("`scale` has a zero");
        return Err(fault.hint("scikit-learn writes 1 in `scale_` where a column is constant"));
    }
    scaled(params.columns.as_deref(), before)
}

/// The table after its columns were scaled.
fn scaled(names: Option<&[String]>, before: &Kind) -> Result<Kind, Fault> {
    let columns = before.table()?;
    let names = scaled_columns(names, columns)?;
    let scaled = |column: &ColumnType| {
        let column = column.clone();
        if names.contains(&column.name.as_str()) { column.scaled() } else { column }
    };
    Ok(Kind::Table(columns.iter().map(scaled).collect()))
}

/// The names of the columns to scale, in the order of `mean` and `scale`.
fn scaled_columns<'a>(
    names: Option<&'a [String]>,
    columns: &'a [ColumnType],
) -> Result<Vec<&'a str>, Fault> {
    let Some(names) = names else {
        let numeric = columns.iter().filter(|column| column.kind == ColumnKind::Number);
        return Ok(numeric.map(|column| column.name.as_str()).collect());
    };
    for (index, name) in names.iter().enumerate() {
        if column(columns, name)?.kind != ColumnKind::Number {
            return Err(Fault::new(format!("column `{name}` is not numeric")));
        }
        if names[..index].contains(name) {
            return Err(Fault::new(format!("`columns` names `{name}` twice")));
        }
    }
    Ok(names.iter().map(String::as_str).collect())
}

/// `(x - mean) / scale`; missing stays missing.
pub(crate) fn standard_scale(
    params: &StandardScale,
    before: &Kind,
    table: Table,
) -> Result<Table, Fault> {
    let names = scaled_columns(params.columns.as_deref(), before.table()?)?;
    each_column(table, &names, |index, x| (x - params.mean[index]) / params.scale[index])
}

/// Takes a table; gives one with the same columns.
pub(crate) fn check_min_max_scale(params: &MinMaxScale, before: &Kind) -> Result<Kind, Fault> {
    let columns = scaled_columns(params.columns.as_deref(), before.table()?)?.len();
    let (mins, scales) = (params.min.len(), params.scale.len());
    if mins != columns || scales != columns {
        return Err(Fault::new(format!(
            "`min` has {mins} and `scale` has {scales} values for {columns} columns"
        )));
    }
    if params.clip.is_some_and(|[low, high]| low > high) {
        return Err(Fault::new("`clip` falls"));
    }
    scaled(params.columns.as_deref(), before)
}

/// `x * scale + min`, then limited to `clip`; missing stays missing.
pub(crate) fn min_max_scale(
    params: &MinMaxScale,
    before: &Kind,
    table: Table,
) -> Result<Table, Fault> {
    let names = scaled_columns(params.columns.as_deref(), before.table()?)?;
    each_column(table, &names, |index, x| {
        let scaled = x * params.scale[index] + params.min[index];
        match params.clip {
            // A NaN is missing, and stays so.
            Some([low, high]) if !scaled.is_nan() => scaled.max(low).min(high),
            _ => scaled,
        }
    })
}

/// Changes the cells of numeric columns; `change` is told the index of the name.
fn each_column(
    mut table: Table,
    names: &[&str],
    change: impl Fn(usize, f64) -> f64,
) -> Result<Table, Fault> {
    for (index, name) in names.iter().enumerate() {
        let found = table.columns.iter_mut().find(|column| column.name() == *name);
        let Some(TableColumn::Number { cells, .. }) = found else {
            return Err(Fault::new(format!("the table has no numeric column `{name}`")));
        };
        for cell in cells {
            *cell = change(index, *cell);
        }
    }
    Ok(table)
}

/// Refuses a column that is no category, and an encoding of none.
fn check_category(columns: &[ColumnType], name: &str, categories: &[String]) -> Result<(), Fault> {
    if column(columns, name)?.kind != ColumnKind::Category {
        let fault = Fault::new(format!("column `{name}` is not a category"));
        return Err(fault.hint("declare it with `kind = \"category\"` in `columns`"));
    }
    if categories.is_empty() {
        return Err(Fault::new("`categories` is empty"));
    }
    Ok(())
}

/// Takes a table; gives one where the column is numeric.
pub(crate) fn check_ordinal_encode(params: &OrdinalEncode, before: &Kind) -> Result<Kind, Fault> {
    let columns = before.table()?;
    check_category(columns, &params.column, &params.categories)?;
    for (key, value) in
        [("unknown_value", params.unknown_value), ("missing_value", params.missing_value)]
    {
        let Some(value) = value else { continue };
        if value.fract() != 0.0 {
            return Err(Fault::new(format!("`{key}` is {value}, not a whole number")));
        }
        if let Some(category) = numbered(&params.categories)
            .find(|(number, _)| number.partial_cmp(&value) == Some(Ordering::Equal))
        {
            let category = category.1;
            return Err(Fault::new(format!("`{key}` is {value}, the number of `{category}`")));
        }
    }
    let encoded = |column: &ColumnType| {
        if column.name == params.column {
            return ColumnType::number(column.name.clone(), Dtype::Int64);
        }
        column.clone()
    };
    Ok(Kind::Table(columns.iter().map(encoded).collect()))
}

/// Each category with its number.
fn numbered(categories: &[String]) -> impl Iterator<Item = (f64, &String)> {
    (0_u32..).map(f64::from).zip(categories)
}

/// Replaces each category by its index. Unlike scikit-learn, which takes a missing cell for
/// unlisted where the training data had none, `missing_value` decides alone.
pub(crate) fn ordinal_encode(params: &OrdinalEncode, mut table: Table) -> Result<Table, Fault> {
    let wanted = |column: &&mut TableColumn| column.name() == params.column;
    let Some(found) = table.columns.iter_mut().find(wanted) else {
        return Err(Fault::new(format!("the table has no column `{}`", params.column)));
    };
    let TableColumn::Category { name, cells } = found else {
        return Err(Fault::new(format!("column `{}` is not a category", params.column)));
    };
    let number = |(row, cell): (usize, &Option<String>)| {
        let Some(cell) = cell else {
            let missing = || unlisted(&params.column, &params.categories, row + 1, None);
            return params.missing_value.ok_or_else(missing);
        };
        match numbered(&params.categories).find(|(_, category)| *category == cell) {
            Some((index, _)) => Ok(index),
            None => params
                .unknown_value
                .ok_or_else(|| unlisted(&params.column, &params.categories, row + 1, Some(cell))),
        }
    };
    let cells = cells.iter().enumerate().map(number).collect::<Result<_, _>>()?;
    *found = TableColumn::Number { name: name.clone(), cells };
    Ok(table)
}

/// The name of the 0/1 column of a category, as scikit-learn's `get_feature_names_out`.
fn feature_name(column: &str, category: &str) -> String {
    format!("{column}_{category}")
}

/// Takes a table; gives one where a numeric column for each category stands in the
/// place of the column.
pub(crate) fn check_one_hot(params: &OneHot, before: &Kind) -> Result<Kind, Fault> {
    let columns = before.table()?;
    check_category(columns, &params.column, &params.categories)?;
    let expand = |column: &ColumnType| {
        if column.name != params.column {
            return vec![column.clone()];
        }
        let feature = |category: &String| {
            ColumnType::number(feature_name(&params.column, category), Dtype::Float64)
        };
        params.categories.iter().map(feature).collect()
    };
    let columns: Vec<ColumnType> = columns.iter().flat_map(expand).collect();
    check_unique(&columns)?;
    Ok(Kind::Table(columns))
}

/// Replaces a column by a 0/1 column for each category. A missing cell is an
/// unlisted category, as in scikit-learn.
pub(crate) fn one_hot(params: &OneHot, table: Table, limits: &Limits) -> Result<Table, Fault> {
    let width = table.columns.len().saturating_add(params.categories.len());
    if width > limits.columns || table.rows().saturating_mul(width) > limits.elements {
        return Err(Fault::new(format!(
            "the table would have {width} columns and {} rows, more than the limits allow",
            table.rows()
        )));
    }
    let mut columns = Vec::with_capacity(width);
    for column in table.columns {
        match column {
            TableColumn::Category { name, cells } if name == params.column => {
                columns.extend(features(params, &cells)?);
            }
            other => columns.push(other),
        }
    }
    Ok(Table { columns })
}

fn features(params: &OneHot, cells: &[Option<String>]) -> Result<Vec<TableColumn>, Fault> {
    let mut features: Vec<Vec<f64>> = vec![vec![0.0; cells.len()]; params.categories.len()];
    for (row, cell) in cells.iter().enumerate() {
        let listed =
            cell.as_ref().and_then(|cell| params.categories.iter().position(|c| c == cell));
        match (listed, params.unknown) {
            (Some(category), _) => features[category][row] = 1.0,
            (None, UnknownCategory::Ignore) => {}
            (None, UnknownCategory::Error) => {
                return Err(unlisted(&params.column, &params.categories, row + 1, cell.as_deref()));
            }
        }
    }
    let names = params.categories.iter().map(|category| feature_name(&params.column, category));
    let column = |(name, cells)| TableColumn::Number { name, cells };
    Ok(names.zip(features).map(column).collect())
}

fn unlisted(column: &str, categories: &[String], row: usize, cell: Option<&str>) -> Fault {
    let Some(cell) = cell else {
        let fault = Fault::new(format!("row {row} of column `{column}` is missing"));
        return fault.hint("put `impute` before it, or say `unknown = \"ignore\"`");
    };
    let shown: String = cell.chars().take(40).collect();
    let fault = Fault::new(format!(
        "row {row} of column `{column}` is `{}`, which is not a category",
        shown.escape_debug()
    ));
    let categories = categories.iter().map(String::as_str);
    match nearest(cell, categories.clone()) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint(format!("the categories are {}", listed(categories))),
    }
}

/// Takes a table of numeric columns; gives a tensor of rows × columns.
pub(crate) fn check_column_concat(params: &ColumnConcat, before: &Kind) -> Result<Kind, Fault> {
    let columns = before.table()?;
    if let Some(column) = columns.iter().find(|column| column.kind == ColumnKind::Category) {
        let fault = Fault::new(format!("column `{}` is a category, not a number", column.name));
        return Err(fault.hint("put `one_hot` before it"));
    }
    if !matches!(params.dtype, Dtype::Float32 | Dtype::Float64) {
        return Err(Fault::new(format!(
            "`dtype = \"{}\"` is not float32 or float64",
            params.dtype
        )));
    }
    Ok(Kind::Tensor { dtype: Some(params.dtype), layout: None })
}

/// Puts the columns side by side; float32 rounds each number once.
pub(crate) fn column_concat(
    params: &ColumnConcat,
    table: &Table,
    limits: &Limits,
) -> Result<Tensor, Fault> {
    let (rows, width) = (table.rows(), table.columns.len());
    if rows.saturating_mul(width) > limits.elements {
        return Err(Fault::new(format!(
            "a tensor of {rows}×{width} has more than {} elements",
            limits.elements
        )));
    }
    let mut elements = vec![0.0; rows * width];
    for (index, column) in table.columns.iter().enumerate() {
        let TableColumn::Number { name, cells } = column else {
            return Err(Fault::new(format!(
                "column `{}` is a category, not a number",
                column.name()
            )));
        };
        for (row, cell) in cells.iter().enumerate() {
            if cell.is_nan() {
                let fault = Fault::new(format!("row {} of column `{name}` is missing", row + 1));
                return Err(
                    fault.hint("put `impute` before it, with the value that the training used")
                );
            }
            elements[row * width + index] = *cell;
        }
    }
    let tensor = Tensor::reshaped(vec![rows, width], TensorData::Float64(elements));
    tensor.cast(params.dtype).map_err(|error| Fault::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn kind() -> Kind {
        let dtype = Dtype::Float64;
        let column = |name: &str, kind| ColumnType { name: name.to_owned(), kind, dtype };
        Kind::Table(vec![
            column("age", ColumnKind::Number),
            column("sex", ColumnKind::Category),
            column("bmi", ColumnKind::Number),
        ])
    }

    fn table() -> Table {
        Table {
            columns: vec![
                TableColumn::Number { name: "age".into(), cells: vec![1.0, f64::NAN] },
                TableColumn::Category { name: "sex".into(), cells: vec![Some("f".into()), None] },
                TableColumn::Number { name: "bmi".into(), cells: vec![20.0, 30.0] },
            ],
        }
    }

    fn one_hot_params(unknown: UnknownCategory) -> OneHot {
        OneHot { column: "sex".into(), categories: vec!["m".into(), "f".into()], unknown }
    }

    #[test]
    fn missing_cells_are_filled_by_name() {
        let values = BTreeMap::from([
            ("age".to_owned(), Cell::Number(9.0)),
            ("sex".to_owned(), Cell::Text("m".into())),
        ]);
        let filled = impute(&Impute { values }, table());
        assert_eq!(
            filled.columns[0],
            TableColumn::Number { name: "age".into(), cells: vec![1.0, 9.0] }
        );
        let sex = vec![Some("f".to_owned()), Some("m".to_owned())];
        assert_eq!(filled.columns[1], TableColumn::Category { name: "sex".into(), cells: sex });
        let cases = [
            ("agee", Cell::Number(1.0), "the table has no column `agee`"),
            ("sex", Cell::Number(1.0), "column `sex` is of type `category`, and its value is not"),
        ];
        for (name, cell, message) in cases {
            let params = Impute { values: BTreeMap::from([(name.to_owned(), cell)]) };
            assert_eq!(check_impute(&params, &kind()).expect_err(message).message, message);
        }
    }

    #[test]
    fn scaling_takes_every_numeric_column() {
        let params = StandardScale { columns: None, mean: vec![1.0, 10.0], scale: vec![2.0, 4.0] };
        assert_eq!(check_standard_scale(&params, &kind()), Ok(kind()));
        let scaled = standard_scale(&params, &kind(), table()).expect("two numeric columns");
        assert_eq!(
            scaled.columns[2],
            TableColumn::Number { name: "bmi".into(), cells: vec![2.5, 5.0] }
        );
        let few = StandardScale { mean: vec![1.0], ..params.clone() };
        let message = "`mean` has 1 and `scale` has 2 values for 2 columns";
        assert_eq!(check_standard_scale(&few, &kind()).expect_err(message).message, message);
        let sex = StandardScale { columns: Some(vec!["sex".into()]), ..params.clone() };
        assert_eq!(
            check_standard_scale(&sex, &kind()).expect_err("text").message,
            "column `sex` is not numeric"
        );
        let zero = StandardScale { scale: vec![0.0, 1.0], ..params };
        assert_eq!(
            check_standard_scale(&zero, &kind()).expect_err("zero").message,
            "`scale` has a zero"
        );
    }

    #[test]
    fn categories_become_columns_in_place() {
        let Ok(Kind::Table(columns)) =
            check_one_hot(&one_hot_params(UnknownCategory::Ignore), &kind())
        else {
            panic!("a category column");
        };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["age", "sex_m", "sex_f", "bmi"]);
        let limits = Limits::default();
        let encoded =
            one_hot(&one_hot_params(UnknownCategory::Ignore), table(), &limits).expect("ignored");
        assert_eq!(
            encoded.columns[2],
            TableColumn::Number { name: "sex_f".into(), cells: vec![1.0, 0.0] }
        );
        let fault = one_hot(&one_hot_params(UnknownCategory::Error), table(), &limits)
            .expect_err("missing");
        assert_eq!(fault.message, "row 2 of column `sex` is missing");
        let params =
            OneHot { categories: vec!["m".into()], ..one_hot_params(UnknownCategory::Error) };
        let fault = one_hot(&params, table(), &limits).expect_err("unlisted");
        assert_eq!(fault.message, "row 1 of column `sex` is `f`, which is not a category");
    }

    #[test]
    fn no_missing_value_reaches_a_tensor() {
        let params = ColumnConcat { dtype: Dtype::Float32 };
        let message = "column `sex` is a category, not a number";
        assert_eq!(check_column_concat(&params, &kind()).expect_err(message).message, message);
        let mut table = table();
        table.columns.remove(1);
        let fault = column_concat(&params, &table, &Limits::default()).expect_err("missing");
        assert_eq!(fault.message, "row 2 of column `age` is missing");
        let whole = ColumnConcat { dtype: Dtype::Int64 };
        assert!(check_column_concat(&whole, &Kind::Table(vec![])).is_err());
    }
}
