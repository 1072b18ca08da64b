//! The columns of a table, followed through the steps that name them.

use std::collections::BTreeMap;

use super::{check_distinct, steps::check_not_zero};
use crate::{
    Cell, Column, ColumnKind, Columns, Impute, OneHot, StandardScale, Step,
    tree::{Node, count, quote},
};

/// The columns at some step. `None` where they are not known: before `columns`,
/// and after a step that this version cannot run.
type Known<'s> = Option<BTreeMap<&'s str, &'s Column>>;

pub(super) fn check(steps: &[Step], node: &Node<'_>) {
    let mut known: Known<'_> = None;
    let mut encoded = false;
    for (index, step) in steps.iter().enumerate() {
        let node = &node.nth(index);
        match step {
            Step::Columns(step) => {
                check_columns(step, node);
                known = Some(
                    step.columns.iter().map(|column| (column.name.as_str(), column)).collect(),
                );
            }
            Step::Impute(step) => check_impute(step, &known, node),
            Step::StandardScale(step) => {
                check_standard_scale(step, node);
                check_scaled(step, &known, encoded, node);
            }
            Step::OneHot(step) => {
                check_one_hot(step, &known, node);
                if let Some(known) = &mut known {
                    known.remove(step.column.as_str());
                }
                encoded = true;
            }
            Step::ColumnConcat(_) | Step::Planned(_) => known = None,
            _ => {}
        }
    }
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
    for (name, value) in &step.values {
        let values = node.at("values");
        let Some(column) = find(name, known, &values.at_key(name)) else { continue };
        let node = values.at(name);
        match (column.kind, value) {
            (ColumnKind::Number, Cell::Text(text)) => {
                node.report(format!("the column {} has numbers, not {}", quote(name), quote(text)));
            }
            (ColumnKind::Category, Cell::Number(number)) => {
                node.report(format!(
                    "the column {} has categories, not the number {number}",
                    quote(name)
                ));
            }
            (ColumnKind::Category, Cell::Text(text)) => {
                let categories: Vec<&str> =
                    column.categories.iter().flatten().map(String::as_str).collect();
                if !categories.contains(&text.as_str()) {
                    let (text_shown, name) = (quote(text), quote(name));
                    let message = format!("{text_shown} is not a category of {name}");
                    node.report_near(message, text, &categories);
                }
            }
            (ColumnKind::Number, Cell::Number(_)) => {}
        }
    }
}

fn check_standard_scale(step: &StandardScale, node: &Node<'_>) {
    let (means, scales) = (step.mean.len(), step.scale.len());
    if means == 0 {
        node.at("mean").report("`mean` is empty; it has a value per column");
    } else if means != scales {
        node.at("scale")
            .report(format!("`mean` has {}, but `scale` has {scales}", count(means, "value")));
    }
    check_not_zero("scale", &step.scale, &node.at("scale"));
}

/// Compares a scaler with the columns that it scales.
fn check_scaled(step: &StandardScale, known: &Known<'_>, encoded: bool, node: &Node<'_>) {
    let means = step.mean.len();
    if let Some(names) = &step.columns {
        let list = node.at("columns");
        let each = || names.iter().enumerate().map(|(i, name)| (name.as_str(), list.nth(i)));
        check_distinct("column", each());
        for (name, node) in each() {
            if find(name, known, &node).is_some_and(|column| column.kind == ColumnKind::Category) {
                node.report(format!(
                    "the column {} has categories and cannot be scaled",
                    quote(name)
                ));
            }
        }
        if names.len() != means {
            node.at("mean").report(format!(
                "`columns` has {}, but `mean` has {means}",
                count(names.len(), "name")
            ));
        }
    } else if let (Some(known), false) = (known, encoded) {
        let numeric = known.values().filter(|column| column.kind == ColumnKind::Number).count();
        if numeric != means {
            node.at("mean").report(format!(
                "the table has {} here, but `mean` has {means}",
                count(numeric, "numeric column")
            ));
        }
    }
}

fn check_one_hot(step: &OneHot, known: &Known<'_>, node: &Node<'_>) {
    check_categories(&step.categories, &node.at("categories"));
    let node = node.at("column");
    if find(&step.column, known, &node).is_some_and(|column| column.kind == ColumnKind::Number) {
        node.report(format!("the column {} has numbers, not categories", quote(&step.column)));
    }
}

/// The column that a step names, where the columns are known.
fn find<'s>(name: &str, known: &Known<'s>, node: &Node<'_>) -> Option<&'s Column> {
    let known = known.as_ref()?;
    known
        .get(name)
        .copied()
        .or_else(|| node.not_one_of("column", name, &known.keys().copied().collect::<Vec<_>>()))
}
