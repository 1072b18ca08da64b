//! Conda, containers, R, Julia, and lock files.

use serde_json::Value as Json;
use toml::{Table, Value};

use super::{
    Requirement, VersionClaim, installed_packages,
    python::{line_of, line_of_key},
    requirement, version_claim,
};

/// The list items below `dependencies:`, those of a nested `pip:` included.
/// Read by line: the file is YAML, of which this needs two constructs.
pub(super) fn conda(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let item = content.strip_prefix("- ").or_else(|| content.strip_prefix('-')).map(str::trim);
        match item {
            Some(item) if inside && !item.ends_with(':') => {
                found.extend(requirement(item, index + 1));
            }
            Some(_) => {}
            None => inside = content.starts_with("dependencies:") || (inside && content == "pip:"),
        }
    }
    found
}

/// Packages as keys of top-level tables, versions as their values.
pub(super) fn toml_tables(text: &str, tables: &[&str]) -> Vec<Requirement> {
    let Ok(document) = text.parse::<Table>() else { return Vec::new() };
    let entries = tables.iter().filter_map(|table| document.get(*table)?.as_table()).flatten();
    entries.map(|(name, value)| entry(name, value, line_of_key(text, name))).collect()
}

/// `name = "^1.2"`, `name = "*"`, `name = { version = "1.2" }`.
pub(super) fn entry(name: &str, value: &Value, line: usize) -> Requirement {
    let nested = |key| value.get(key).and_then(Value::as_str);
    let specifier = value.as_str().or_else(|| nested("version")).unwrap_or_default();
    let version = match (specifier.chars().next(), nested("rev")) {
        (_, Some(_)) => VersionClaim::Exact,
        (Some(first), None) if first.is_ascii_digit() && !specifier.contains(['*', ',']) => {
            VersionClaim::Exact
        }
        _ => version_claim(specifier),
    };
    Requirement { line, name: name.to_owned(), version }
}

/// `[[package]]` tables with `name` and `version`.
pub(super) fn toml_lock(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.starts_with('[') {
            inside = content == "[[package]]";
        }
        let name = content.strip_prefix("name = \"").and_then(|rest| rest.split('"').next());
        if let (true, Some(name)) = (inside, name) {
            found.push(Requirement {
                line: index + 1,
                name: name.to_owned(),
                version: VersionClaim::Exact,
            });
        }
    }
    found
}

/// Objects from package to an object with a version: `default` and `develop` of Pipenv, `Packages` of renv.
pub(super) fn json_lock(text: &str) -> Vec<Requirement> {
    let Ok(document) = serde_json::from_str::<Json>(text) else { return Vec::new() };
    let tables =
        ["default", "develop", "Packages"].iter().filter_map(|key| document.get(key)?.as_object());
    let names = tables.flat_map(serde_json::Map::keys);
    names
        .map(|name| Requirement {
            line: line_of(text, &format!("\"{name}\"")),
            name: name.clone(),
            version: VersionClaim::Exact,
        })
        .collect()
}

/// Julia's `[deps]`, with a version where `[compat]` has one.
pub(super) fn julia_project(text: &str) -> Vec<Requirement> {
    let Ok(document) = text.parse::<Table>() else { return Vec::new() };
    let compat = document.get("compat").and_then(Value::as_table);
    let deps = document.get("deps").and_then(Value::as_table).into_iter().flat_map(Table::keys);
    let version = |name: &str| {
        let claim = compat.and_then(|compat| compat.get(name)).and_then(Value::as_str);
        claim.map_or(VersionClaim::Absent, |claim| {
            if claim.starts_with('=') { VersionClaim::Exact } else { VersionClaim::Bounded }
        })
    };
    deps.map(|name| Requirement {
        line: line_of_key(text, name),
        name: name.clone(),
        version: version(name),
    })
    .collect()
}

/// `[[Name]]` or `[[deps.Name]]`, resolved by Julia's package manager.
pub(super) fn julia_manifest(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let name = line.trim().strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]"));
        if let Some(name) = name {
            let name = name.strip_prefix("deps.").unwrap_or(name).to_owned();
            found.push(Requirement { line: index + 1, name, version: VersionClaim::Exact });
        }
    }
    found
}

/// `Imports`, `Depends`, `Suggests` and `LinkingTo` of an R package, over their continued lines.
pub(super) fn description(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let value = if line.starts_with([' ', '\t']) {
            line
        } else {
            let (key, value) = line.split_once(':').unwrap_or((line, ""));
            inside = matches!(key, "Imports" | "Depends" | "Suggests" | "LinkingTo");
            value
        };
        if inside {
            let entries = value.split(',').filter_map(|entry| requirement(entry, index + 1));
            found.extend(entries.filter(|entry| entry.name != "R"));
        }
    }
    found
}

/// The base image and everything that a `RUN` line installs.
pub(super) fn dockerfile(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut command = String::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.trim();
        if let Some(image) =
            content.strip_prefix("FROM ").or_else(|| content.strip_prefix("From: "))
        {
            let image = image.split_whitespace().next().unwrap_or_default();
            let tag = image.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| *tag != "latest");
            let version = if tag.is_some() || image.contains('@') {
                VersionClaim::Exact
            } else {
                VersionClaim::Absent
            };
            found.push(Requirement { line: index + 1, name: image.to_owned(), version });
            continue;
        }
        command.push_str(content.trim_end_matches('\\'));
        command.push(' ');
        if content.ends_with('\\') {
            continue;
        }
        for part in command.split("&&") {
            found.extend(
                installed_packages(part)
                    .iter()
                    .filter_map(|package| requirement(package, index + 1)),
            );
        }
        command.clear();
    }
    found
}

/// The quoted names on lines of R or Julia that install.
pub(super) fn install_script(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if !(line.contains("install") || line.contains("Pkg.add")) {
            continue;
        }
        let quoted = line.split(['"', '\'']).skip(1).step_by(2);
        found.extend(quoted.filter_map(|name| requirement(name, index + 1)));
    }
    found
}

/// A name a line; a version may follow it.
pub(super) fn names(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    for (index, line) in
        text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'))
    {
        let mut words = line.split_whitespace();
        let Some(name) = words.next().filter(|name| *name != "julia") else { continue };
        let version =
            if words.next().is_some() { VersionClaim::Bounded } else { VersionClaim::Absent };
        found.push(Requirement { line: index + 1, name: name.to_owned(), version });
    }
    found
}

/// `find_package(NAME [VERSION] …)`.
pub(super) fn cmake(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.trim_start();
        let call = content.get(..13).filter(|call| call.eq_ignore_ascii_case("find_package("));
        if call.is_none() {
            continue;
        }
        let mut words = content.get(13..).unwrap_or_default().split([' ', ')']);
        let Some(name) = words.next().filter(|name| !name.is_empty()) else { continue };
        let versioned =
            words.next().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let version = if versioned { VersionClaim::Bounded } else { VersionClaim::Absent };
        found.push(Requirement { line: index + 1, name: name.to_owned(), version });
    }
    found
}
