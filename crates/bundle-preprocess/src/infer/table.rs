//! Tables: which columns, scaled by what, and which categories.

use bundle_manifest::toml_text::{numbers, quote, quote_all};
use serde_json::Value as Json;

use super::{
    Best, Inferred, Search,
    lines::{fit, rounded},
};
use crate::InputSource;

/// Columns of a table that are looked at.
const MOST_COLUMNS: usize = 512;
/// What a column leaves over a line that is another column.
const EXPLAINED: f64 = 1e-5;

/// A column of the files, all rows of all pairs.
struct Column {
    name: String,
    cells: Vec<String>,
}

impl Column {
    fn numbers(&self) -> Option<Vec<f64>> {
        self.cells.iter().map(|cell| cell.trim().parse().ok()).collect()
    }
}

/// What a column of the tensors is.
enum Role {
    /// A column of numbers, with slope and intercept.
    Line(usize, (f64, f64)),
    /// 1 where a column has a category, else 0.
    Category(usize, String),
}

pub(super) fn infer(search: &Search<'_>) -> Option<Inferred> {
    let columns = columns(search)?;
    let targets = targets(search)?;
    let roles: Vec<Role> =
        targets.iter().map(|target| role(&columns, target)).collect::<Option<_>>()?;
    let dtype = search.pairs[0].tensor.dtype();
    let mut best = Best::default();
    for digits in 0..=17 {
        let Some(steps) = steps(&columns, &roles, digits, dtype.as_str()) else { continue };
        let Some(start) = search.start(&steps[0]) else { continue };
        best.offer(search.then(&start, &steps[1..]).and_then(|tried| search.finish(&tried)));
        if best.is_exact() {
            break;
        }
    }
    best.0
}

/// The columns of all files, in order.
fn columns(search: &Search<'_>) -> Option<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut add = |name: &str, cell: String| match columns.iter_mut().find(|c| c.name == name) {
        Some(column) => column.cells.push(cell),
        None => columns.push(Column { name: name.to_owned(), cells: vec![cell] }),
    };
    for pair in search.pairs {
        match &pair.source {
            InputSource::File(content) => {
                let mut reader = csv::ReaderBuilder::new().from_reader(content.as_slice());
                let header = reader.headers().ok()?.clone();
                for record in reader.records() {
                    let record = record.ok()?;
                    for (name, cell) in header.iter().zip(&record) {
                        add(name, cell.to_owned());
                    }
                }
            }
            InputSource::Json(json) => {
                let rows = json.as_array().map_or(std::slice::from_ref(json), Vec::as_slice);
                for row in rows {
                    for (name, cell) in row.as_object()? {
                        let text = match cell {
                            Json::String(text) => text.clone(),
                            other => other.to_string(),
                        };
                        add(name, text);
                    }
                }
            }
        }
    }
    let rows = columns.first()?.cells.len();
    let whole = columns.iter().all(|column| column.cells.len() == rows);
    (whole && columns.len() <= MOST_COLUMNS).then_some(columns)
}

/// The columns of the tensors, each rows × columns.
fn targets(search: &Search<'_>) -> Option<Vec<Vec<f64>>> {
    let width = *search.pairs[0].tensor.shape().last()?;
    let mut targets = vec![Vec::new(); width];
    for pair in search.pairs {
        let &[_, columns] = pair.tensor.shape() else { return None };
        if columns != width || width == 0 {
            return None;
        }
        for (index, value) in pair.tensor.to_f64s().into_iter().enumerate() {
            targets[index % width].push(value);
        }
    }
    Some(targets)
}

fn role(columns: &[Column], target: &[f64]) -> Option<Role> {
    let is = |left: f64, right: f64| (left - right).abs() <= 1e-6 * right.abs().max(1e-30);
    let numeric: Vec<(usize, Vec<f64>)> = columns
        .iter()
        .enumerate()
        .filter_map(|(index, column)| Some((index, column.numbers()?)))
        .filter(|(_, values)| values.len() == target.len())
        .collect();
    let same = |values: &[f64]| values.iter().zip(target).all(|(x, y)| is(*x, *y));
    if let Some((index, _)) = numeric.iter().find(|(_, values)| same(values)) {
        return Some(Role::Line(*index, (1.0, 0.0)));
    }
    for (index, column) in columns.iter().enumerate() {
        if column.cells.len() != target.len() {
            continue;
        }
        let is_one = |value: &f64| is(*value, 1.0);
        let Some(row) = target.iter().position(is_one) else { continue };
        let category = &column.cells[row];
        let expected = |cell: &String| if cell == category { 1.0 } else { 0.0 };
        let mut cells = column.cells.iter().zip(target);
        if cells.all(|(cell, value)| is(*value, expected(cell))) {
            return Some(Role::Category(index, category.clone()));
        }
    }
    let line = |(index, values): &(usize, Vec<f64>)| {
        let fit = fit(&[vec![values.as_slice()]], &[vec![target]])?;
        (fit.residual < EXPLAINED && values.len() > 2).then_some((*index, fit))
    };
    let best = numeric
        .iter()
        .filter_map(line)
        .min_by(|left, right| left.1.residual.total_cmp(&right.1.residual))?;
    Some(Role::Line(best.0, best.1.lines[0]))
}

/// The steps with scales of so many digits; with 0, the lines must change nothing.
fn steps(columns: &[Column], roles: &[Role], digits: usize, dtype: &str) -> Option<Vec<String>> {
    let mut order: Vec<(usize, Vec<&str>)> = Vec::new();
    let (mut scaled, mut means, mut scales) = (Vec::new(), Vec::new(), Vec::new());
    for role in roles {
        match role {
            Role::Line(index, (slope, intercept)) => {
                order.push((*index, Vec::new()));
                if (*slope - 1.0).abs() < f64::EPSILON && *intercept == 0.0 {
                    continue;
                }
                scaled.push(quote(&columns[*index].name));
                means.push(rounded(-intercept / slope, digits, 1.0));
                scales.push(rounded(1.0 / slope, digits, 1.0));
            }
            Role::Category(index, category) => match order.last_mut() {
                Some((last, categories)) if last == index => categories.push(category),
                _ => order.push((*index, vec![category])),
            },
        }
    }
    if (digits == 0) != scaled.is_empty() {
        return None;
    }
    let declared = order.iter().map(|(index, categories)| {
        let name = quote(&columns[*index].name);
        if categories.is_empty() {
            return format!("{{ name = {name}, kind = \"number\" }}");
        }
        let mut all: Vec<&str> = columns[*index].cells.iter().map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        format!("{{ name = {name}, kind = \"category\", categories = {} }}", quote_all(&all))
    });
    let declared = declared.collect::<Vec<_>>().join(", ");
    let mut steps = vec![format!("{{ op = \"columns\", columns = [{declared}] }}")];
    if !scaled.is_empty() {
        steps.push(format!(
            "{{ op = \"standard_scale\", columns = [{}], mean = {}, scale = {} }}",
            scaled.join(", "),
            numbers(&means),
            numbers(&scales)
        ));
    }
    for (index, categories) in order.iter().filter(|(_, categories)| !categories.is_empty()) {
        let column = &columns[*index];
        let all = column.cells.iter().all(|cell| categories.contains(&cell.as_str()));
        let unknown = if all { "error" } else { "ignore" };
        steps.push(format!(
            "{{ op = \"one_hot\", column = {}, categories = {}, unknown = \"{unknown}\" }}",
            quote(&column.name),
            quote_all(categories)
        ));
    }
    steps.push(format!("{{ op = \"column_concat\", dtype = \"{dtype}\" }}"));
    Some(steps)
}
