//! The columns of a table, followed through the steps that name them.

use std::{cmp::Ordering, collections::BTreeMap};

use super::{check_distinct, steps::check_not_zero};
use crate::{
    Cell, Column, ColumnKind, Columns, Impute, MinMaxScale, OneHot, OrdinalEncode, StandardScale,
    Step,
    tree::{Node, count, quote},
};

/// Whole numbers up to here are told apart in float64.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// The cells of a column at some step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cells<'s> {
    /// Numbers.
    Numbers,
    /// Texts out of these.
    Categories(&'s [String]),
}

/// The columns at some step, by name. `None` where there are none, and after a
/// step that this version cannot run, where nobody knows them.
pub(super) type Known<'s> = Option<BTreeMap<String, Cells<'s>>>;

/// Checks the steps of a table; returns the columns that are left after them.
pub(super) fn check<'s>(steps: &'s [Step], node: &Node<'_>) -> Known<'s> {
    let mut known: Known<'s> = None;
    for (index, step) in steps.iter().enumerate() {
        let node = &node.nth(index);
        match step {
            Step::Columns(step) => {
                check_columns(step, node);
                known = Some(step.columns.iter().map(described).collect());
            }
            Step::Impute(step) => check_impute(step, &known, node),
            Step::StandardScale(step) => check_standard_scale(step, &known, node),
            Step::MinMaxScale(step) => check_min_max_scale(step, &known, node),
            Step::OrdinalEncode(step) => {
                check_ordinal_encode(step, &known, node);
                if let Some(cells) = known.as_mut().and_then(|known| known.get_mut(&step.column)) {
                    *cells = Cells::Numbers;
                }
            }
            // The columns stay the same.
            Step::EnsureDtype(_) => {}
            Step::OneHot(step) => {
                check_one_hot(step, &known, node);
                if let Some(known) = &mut known {
                    known.remove(&step.column);
                    // The new columns have scikit-learn's names.
                    let name = |category| format!("{}_{category}", step.column);
                    known.extend(step.categories.iter().map(|c| (name(c), Cells::Numbers)));
                }
            }
            _ => known = None,
        }
    }
    known
}

fn described(column: &Column) -> (String, Cells<'_>) {
    let cells = match column.kind {
        ColumnKind::Number => Cells::Numbers,
        ColumnKind::Category => Cells::Categories(column.categories.as_deref().unwrap_or_default()),
    };
    (column.name.clone(), cells)
}

fn check_columns(step: &Columns, node: &Node<'_>) {
    let list = node.at("columns");
    if step.columns.is_empty() {
        list.report("`columns` is empty");
    }
    let names = step.columns.iter().enumerate();
    check_distinct(
        "column",
        names.map(|(i, column)| (column.name.as_str(), list.nth(i).at("name"))),
    );
    for (index, column) in step.columns.iter().enumerate() {
        check_column(column, &list.nth(index));
    }
}

fn check_column(column: &Column, node: &Node<'_>) {
    let name = quote(&column.name);
    match (column.kind, &column.categories) {
        (ColumnKind::Category, None) => {
            node.report(format!("the column {name} is a category and needs its `categories`"));
        }
        (ColumnKind::Category, Some(categories)) => {
            check_categories(categories, &node.at("categories"));
        }
        (ColumnKind::Number, Some(_)) => {
            node.at_key("categories")
                .report(format!("the column {name} is a number and has no categories"));
        }
        (ColumnKind::Number, None) => {}
    }
    if column.kind == ColumnKind::Category && column.dtype.is_some() {
        node.at_key("dtype").report_with(
            format!("the column {name} is a category and has no `dtype`"),
            Some("`ordinal_encode` makes int64 of it".to_owned()),
        );
    }
    let Some([low, high]) = column.range else { return };
    if column.kind == ColumnKind::Category {
        node.at_key("range").report(format!("the column {name} is a category and has no range"));
    } else if low >= high {
        node.at("range").report(format!("`range` must rise, but {low} is not below {high}"));
    }
}

fn check_categories(categories: &[String], node: &Node<'_>) {
    if categories.is_empty() {
        node.report("`categories` is empty");
    }
    let texts = categories.iter().enumerate();
    check_distinct("category", texts.map(|(i, category)| (category.as_str(), node.nth(i))));
}

fn check_impute(step: &Impute, known: &Known<'_>, node: &Node<'_>) {
    let values = node.at("values");
    for (name, value) in &step.values {
        let Some(cells) = find(name, known, &values.at_key(name)) else { continue };
        let (node, name) = (values.at(name), quote(name));
        match (cells, value) {
            (Cells::Numbers, Cell::Text(text)) => {
                node.report(format!("the column {name} has numbers, not {}", quote(text)));
            }
            (Cells::Categories(_), Cell::Number(number)) => {
                node.report(format!("the column {name} has categories, not the number {number}"));
            }
            (Cells::Categories(categories), Cell::Text(text)) if !categories.contains(text) => {
                let categories: Vec<&str> = categories.iter().map(String::as_str).collect();
                let message = format!("{} is not a category of {name}", quote(text));
                node.report_near(message, text, &categories);
            }
            _ => {}
        }
    }
}

fn check_standard_scale(step: &StandardScale, known: &Known<'_>, node: &Node<'_>) {
    check_lengths(("mean", step.mean.len()), step.scale.len(), node);
    check_not_zero("scale", &step.scale, &node.at("scale"));
    check_scaled(step.columns.as_deref(), ("mean", step.mean.len()), known, node);
}

fn check_min_max_scale(step: &MinMaxScale, known: &Known<'_>, node: &Node<'_>) {
    check_lengths(("min", step.min.len()), step.scale.len(), node);
    check_scaled(step.columns.as_deref(), ("min", step.min.len()), known, node);
    if let Some([low, high]) = step.clip.filter(|[low, high]| low >= high) {
        node.at("clip").report(format!("`clip` must rise, but {low} is not below {high}"));
    }
}

/// `key` and `scale` have as many values, and some.
fn check_lengths((key, values): (&str, usize), scales: usize, node: &Node<'_>) {
    if values == 0 {
        node.at(key).report(format!("`{key}` is empty; it has a value per column"));
    } else if values != scales {
        let values = count(values, "value");
        node.at("scale").report(format!("`{key}` has {values}, but `scale` has {scales}"));
    }
}

/// The columns of a scaler are as many as the values under `key`.
fn check_scaled(
    names: Option<&[String]>,
    (key, values): (&str, usize),
    known: &Known<'_>,
    node: &Node<'_>,
) {
    if let Some(names) = names {
        check_numeric(names, known, &node.at("columns"));
        if names.len() != values {
            let names = count(names.len(), "name");
            node.at(key).report(format!("`columns` has {names}, but `{key}` has {values}"));
        }
    } else if let Some(known) = known {
        let numeric = known.values().filter(|cells| **cells == Cells::Numbers).count();
        if numeric != values {
            let numeric = count(numeric, "numeric column");
            node.at(key).report(format!("the table has {numeric} here, but `{key}` has {values}"));
        }
    }
}

/// The columns that a scaler names: distinct, and of numbers.
fn check_numeric(names: &[String], known: &Known<'_>, node: &Node<'_>) {
    let each = || names.iter().enumerate().map(|(i, name)| (name.as_str(), node.nth(i)));
    check_distinct("column", each());
    for (name, node) in each() {
        if matches!(find(name, known, &node), Some(Cells::Categories(_))) {
            node.report(format!("the column {} has categories and cannot be scaled", quote(name)));
        }
    }
}

fn check_one_hot(step: &OneHot, known: &Known<'_>, node: &Node<'_>) {
    check_encoded(&step.column, &step.categories, known, node);
}

fn check_ordinal_encode(step: &OrdinalEncode, known: &Known<'_>, node: &Node<'_>) {
    check_encoded(&step.column, &step.categories, known, node);
    for (key, value) in
        [("unknown_value", step.unknown_value), ("missing_value", step.missing_value)]
    {
        let Some(value) = value else { continue };
        if value.fract() != 0.0 || value.abs() > MAX_WHOLE {
            node.at(key).report(format!("`{key}` is {value}, not a whole number"));
        }
        let mut numbers = (0_u32..).map(f64::from).zip(&step.categories);
        if let Some((_, category)) =
            numbers.find(|(number, _)| number.partial_cmp(&value) == Some(Ordering::Equal))
        {
            let category = quote(category);
            node.at(key).report(format!("`{key}` {value} is the number of {category} already"));
        }
    }
}

/// An encoder's column has categories, and the encoder lists some.
fn check_encoded(column: &str, categories: &[String], known: &Known<'_>, node: &Node<'_>) {
    check_categories(categories, &node.at("categories"));
    let node = node.at("column");
    if find(column, known, &node) == Some(Cells::Numbers) {
        node.report(format!("the column {} has numbers, not categories", quote(column)));
    }
}

/// The cells of the column that a step names, where the columns are known.
fn find<'s>(name: &str, known: &Known<'s>, node: &Node<'_>) -> Option<Cells<'s>> {
    let known = known.as_ref()?;
    known.get(name).copied().or_else(|| {
        node.not_one_of("column", name, &known.keys().map(String::as_str).collect::<Vec<_>>())
    })
}
