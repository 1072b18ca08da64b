//! Python's forms.

use toml::Value;

use super::{Requirement, requirement};

/// `requirements.txt`: a requirement a line, options and comments aside.
pub(super) fn requirements(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut continued = false;
    for (index, line) in text.lines().enumerate() {
        let goes_on = line.trim_end().ends_with('\\');
        let content = line.trim().trim_end_matches('\\').trim_end();
        let editable = content.strip_prefix("-e ").or_else(|| content.strip_prefix("--editable "));
        let option = content.starts_with('-') && editable.is_none();
        if !continued && !option && !content.starts_with('#') {
            found.extend(requirement(editable.unwrap_or(content), index + 1));
        }
        continued = goes_on;
    }
    found
}

/// PEP 621 `[project]`, PEP 735 `[dependency-groups]` and `[tool.poetry]`.
pub(super) fn pyproject(text: &str) -> Vec<Requirement> {
    let Ok(document) = text.parse::<toml::Table>() else { return Vec::new() };
    let mut found = Vec::new();
    let project = document.get("project");
    let arrays = project.and_then(|project| project.get("dependencies")).into_iter();
    let extras = project.and_then(|project| project.get("optional-dependencies"));
    let groups = extras.into_iter().chain(document.get("dependency-groups"));
    let groups = groups.filter_map(Value::as_table).flat_map(toml::Table::values);
    for entry in
        arrays.chain(groups).filter_map(Value::as_array).flatten().filter_map(Value::as_str)
    {
        found.extend(requirement(entry, line_of(text, entry)));
    }
    let poetry = document.get("tool").and_then(|tool| tool.get("poetry"));
    for table in ["dependencies", "dev-dependencies"] {
        let Some(entries) = poetry.and_then(|poetry| poetry.get(table)).and_then(Value::as_table)
        else {
            continue;
        };
        for (name, value) in entries.iter().filter(|(name, _)| *name != "python") {
            found.push(super::structured::entry(name, value, line_of_key(text, name)));
        }
    }
    found
}

/// The string literals between `install_requires=[` and `]`.
pub(super) fn setup_py(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    for marker in ["install_requires", "requirements", "REQUIRED"] {
        for (at, _) in text.match_indices(marker) {
            let rest = text.get(at + marker.len()..).unwrap_or_default();
            let list = rest.trim_start().strip_prefix('=').map(str::trim_start);
            let Some(list) = list.and_then(|list| list.strip_prefix(['[', '('])) else { continue };
            let list = list.split([']', ')']).next().unwrap_or_default();
            let before = text.len() - rest.len() + rest.find(list).unwrap_or_default();
            found.extend(literals(list, line_at(text, before)));
        }
        if !found.is_empty() {
            break;
        }
    }
    found
}

fn literals(list: &str, first_line: usize) -> Vec<Requirement> {
    let mut found = Vec::new();
    for (index, line) in list.lines().enumerate() {
        let code = line.split('#').next().unwrap_or(line);
        let mut rest = code;
        while let Some(open) = rest.find(['"', '\'']) {
            let (_, from) = rest.split_at(open);
            let Some(quote) = from.chars().next() else { break };
            let Some((literal, after)) = from.get(1..).and_then(|inner| inner.split_once(quote))
            else {
                break;
            };
            found.extend(requirement(literal, first_line + index));
            rest = after;
        }
    }
    found
}

/// The indented lines below `install_requires =`.
pub(super) fn setup_cfg(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with([' ', '\t']) {
            if inside && !line.trim_start().starts_with('#') {
                found.extend(requirement(line, index + 1));
            }
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        inside = key.trim() == "install_requires";
        if inside {
            found.extend(requirement(value, index + 1));
        }
    }
    found
}

/// The line, from 1, of a byte.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
}

/// The line on which a string value is written; 1 where escapes hide it.
pub(super) fn line_of(text: &str, value: &str) -> usize {
    text.find(value).map_or(1, |at| line_at(text, at))
}

/// The line that begins with this key; 1 where it is written otherwise.
pub(super) fn line_of_key(text: &str, key: &str) -> usize {
    let is_key = |line: &str| {
        let rest = line.trim_start().trim_start_matches('"').strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with(['=', '.']))
    };
    text.lines().position(is_key).map_or(1, |index| index + 1)
}
