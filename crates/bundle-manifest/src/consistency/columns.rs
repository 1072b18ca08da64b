//! The columns of a table, followed through the steps that name them.

use std::collections::BTreeMap;

use super::{check_distinct, steps::check_not_zero};
use crate::{
    Cell, Column, ColumnKind, Columns, Impute, OneHot, StandardScale, Step,
    tree::{Node, count, quote},
};

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
    let (means, scales) = (step.mean.len(), step.scale.len());
    if means == 0 {
        node.at("mean").report("`mean` is empty; it has a value per column");
    } else if means != scales {
        let means = count(means, "value");
        node.at("scale").report(format!("`mean` has {means}, but `scale` has {scales}"));
    }
    check_not_zero("scale", &step.scale, &node.at("scale"));
    if let Some(names) = &step.columns {
        check_scaled(names, known, &node.at("columns"));
        if names.len() != means {
            let names = count(names.len(), "name");
            node.at("mean").report(format!("`columns` has {names}, but `mean` has {means}"));
        }
    } else if let Some(known) = known {
        let numeric = known.values().filter(|cells| **cells == Cells::Numbers).count();
        if numeric != means {
            let numeric = count(numeric, "numeric column");
            node.at("mean").report(format!("the table has {numeric} here, but `mean` has {means}"));
        }
    }
}

/// The columns that a scaler names: distinct, and of numbers.
fn check_scaled(names: &[String], known: &Known<'_>, node: &Node<'_>) {
    let each = || names.iter().enumerate().map(|(i, name)| (name.as_str(), node.nth(i)));
    check_distinct("column", each());
    for (name, node) in each() {
        if matches!(find(name, known, &node), Some(Cells::Categories(_))) {
            node.report(format!("the column {} has categories and cannot be scaled", quote(name)));
        }
    }
}

fn check_one_hot(step: &OneHot, known: &Known<'_>, node: &Node<'_>) {
    check_categories(&step.categories, &node.at("categories"));
    let node = node.at("column");
    if find(&step.column, known, &node) == Some(Cells::Numbers) {
        node.report(format!("the column {} has numbers, not categories", quote(&step.column)));
    }
}

/// The cells of the column that a step names, where the columns are known.
fn find<'s>(name: &str, known: &Known<'s>, node: &Node<'_>) -> Option<Cells<'s>> {
    let known = known.as_ref()?;
    known.get(name).copied().or_else(|| {
        node.not_one_of("column", name, &known.keys().map(String::as_str).collect::<Vec<_>>())
    })
}
