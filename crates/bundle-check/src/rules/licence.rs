//! What others may do with it.

use bundle_manifest::ArtifactPath;

use crate::{Area, Evidence, Rule, Severity, finding::Judgement, subject::Subject, tree::stem};

pub(super) static LICENCE: Rule = Rule {
    id: "LICE-1",
    title: "a licence is stated as SPDX and its text is there",
    why: "Without a licence nobody may use, change or pass on the code. The text is looked into: an empty or different LICENSE says nothing.",
    reference: "SPDX Specification, licence expressions; OSSF Scorecard, License",
    severity: Severity::Should,
    area: Area::Licence,
    remedy: "add the text of the licence as LICENSE, and its SPDX expression as `bundle.license`",
    inspect: licence,
};

/// Bytes of a licence that are read.
const MAX_LICENCE: u64 = 1 << 20;
/// Characters below which a file is no licence text.
const SHORTEST: usize = 100;
/// Words that the text of a family of licences has and others lack.
const PHRASES: &[(&str, &str)] = &[
    ("MIT", "permission is hereby granted"),
    ("ISC", "permission to use, copy, modify"),
    ("Apache-", "apache license"),
    ("BSD-", "redistribution and use in source and binary forms"),
    ("GPL-", "gnu general public license"),
    ("LGPL-", "gnu lesser general public license"),
    ("AGPL-", "gnu affero general public license"),
    ("MPL-", "mozilla public license"),
    ("CC-BY-NC", "noncommercial"),
    ("CC-BY", "attribution"),
    ("CC0-", "cc0"),
    ("Unlicense", "public domain"),
    ("EUPL-", "european union public licence"),
];

fn licence(subject: &Subject) -> Judgement {
    let texts: Vec<&ArtifactPath> = subject
        .tree
        .files()
        .iter()
        .map(|file| &file.path)
        .filter(|path| is_licence(path))
        .collect();
    let expression = subject.manifest().map(|manifest| manifest.bundle.license.as_str());
    let mut evidence = Vec::new();
    let parsed = match expression.map(spdx::Expression::parse) {
        Some(Err(error)) => {
            let text = format!("license: `{}`: {}", expression.unwrap_or_default(), error.reason);
            evidence.push(Evidence::of("bundle.toml", text));
            None
        }
        Some(Ok(parsed)) => Some(parsed),
        None => None,
    };
    let Some(path) = texts.first() else {
        evidence.push(Evidence::note("there is no LICENSE file"));
        return Judgement::fail(evidence);
    };
    let text = subject.tree.text(path, MAX_LICENCE).unwrap_or_default();
    if text.trim().chars().count() < SHORTEST {
        evidence.push(Evidence::of(path, "is not the text of a licence"));
        return Judgement::fail(evidence);
    }
    if !evidence.is_empty() {
        return Judgement::fail(evidence);
    }
    let all: String =
        texts.iter().filter_map(|path| subject.tree.text(path, MAX_LICENCE).ok()).collect();
    let missing = parsed.as_ref().map(|parsed| absent_texts(parsed, &all)).unwrap_or_default();
    match (expression, missing.is_empty()) {
        (Some(expression), true) => Judgement::pass([Evidence::of(path, expression)]),
        (Some(_), false) => {
            let names = missing.join(", ");
            Judgement::weak([Evidence::of(
                path,
                format!("does not read like {names}, which bundle.toml states"),
            )])
        }
        (None, _) => Judgement::pass([Evidence::of(path, "is there")]),
    }
}

/// Licences of the expression whose typical words the text lacks.
fn absent_texts(expression: &spdx::Expression, text: &str) -> Vec<String> {
    let text = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let names = expression.requirements().map(|requirement| requirement.req.license.to_string());
    let lacks = |name: &String| {
        let phrase = PHRASES.iter().find(|(prefix, _)| name.starts_with(prefix));
        phrase.is_some_and(|(_, phrase)| !text.contains(phrase))
    };
    names.filter(lacks).collect()
}

fn is_licence(path: &ArtifactPath) -> bool {
    let stem = stem(path);
    let named = ["license", "licence", "copying", "unlicense", "unlicence"]
        .iter()
        .any(|name| stem.starts_with(name));
    let top =
        path.parent().is_none() || path.as_str().to_ascii_lowercase().starts_with("licenses/");
    let reuse = path.as_str().starts_with("LICENSES/");
    (named && top) || reuse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{manifest, subject};

    const MIT: &str = "MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software to deal in it without restriction.";

    #[test]
    fn expression_and_text_must_fit() {
        let cases = [
            ("MIT", Some(MIT), "pass LICENSE  MIT"),
            (
                "Apache-2.0",
                Some(MIT),
                "weak LICENSE  does not read like Apache-2.0, which bundle.toml states",
            ),
            (
                "MIT OR Apache-2.0",
                Some(MIT),
                "weak LICENSE  does not read like Apache-2.0, which bundle.toml states",
            ),
            ("MIT License", Some(MIT), "fail bundle.toml  license: `MIT License`: unknown term"),
            ("MIT", Some("MIT"), "fail LICENSE  is not the text of a licence"),
            ("MIT", None, "fail there is no LICENSE file"),
            ("LicenseRef-lab", Some(MIT), "pass LICENSE  LicenseRef-lab"),
        ];
        for (expression, text, expected) in cases {
            let manifest = manifest(expression, "[models]\nwhy = \"none\"\n");
            let mut files = vec![("bundle.toml", manifest.as_str())];
            files.extend(text.map(|text| ("LICENSE", text)));
            let found = licence(&subject(&files));
            assert_eq!(format!("{} {}", found.answer.as_str(), found.evidence[0]), expected);
        }
    }
}
