//! `bundle.toml`.

use bundle_manifest::Problem;
use bundle_project::Absent;

use crate::{
    Area, Evidence, Rule, Severity,
    finding::Judgement,
    subject::{Container, Declared, Subject},
};

pub(super) static PARSES: Rule = Rule {
    id: "DECL-1",
    title: "bundle.toml says nothing that this version does not understand",
    why: "A document that is signed may not say things that nobody checks, so an unknown key is an error.",
    reference: "schemas/bundle.schema.json",
    severity: Severity::Must,
    area: Area::Declaration,
    remedy: "correct bundle.toml where it is marked; `bundle schema` prints what it may say",
    inspect: parses,
};

pub(super) static REFERENCES: Rule = Rule {
    id: "DECL-2",
    title: "every file that bundle.toml refers to is there",
    why: "A declared file that is not there is a promise that cannot be kept.",
    reference: "docs/format.md, which files",
    severity: Severity::Must,
    area: Area::Declaration,
    remedy: "add the file, or correct its path in bundle.toml",
    inspect: references,
};

fn parses(subject: &Subject) -> Judgement {
    match &subject.declared {
        Declared::Manifest(manifest) => {
            Judgement::pass([Evidence::of("bundle.toml", format!("format 1, {}", manifest.stem()))])
        }
        Declared::Invalid(error) => {
            let hint = error.problems().iter().find_map(|problem| problem.hint.as_deref());
            Judgement::fail(error.problems().iter().map(show)).hint(hint)
        }
        Declared::Unread(why) => Judgement::fail([Evidence::of("bundle.toml", why)]),
        Declared::Absent if matches!(subject.container, Container::Broken(_)) => {
            Judgement::unknown("the container cannot be opened")
        }
        Declared::Absent => Judgement::weak([Evidence::note(
            "there is no bundle.toml; judged as a plain directory",
        )])
        .remedy("`bundle init` reads the project and proposes one"),
    }
}

fn show(problem: &Problem) -> Evidence {
    let place = if problem.key.is_empty() { String::new() } else { format!("{}: ", problem.key) };
    Evidence::at("bundle.toml", problem.line, format!("{place}{problem}"))
}

fn references(subject: &Subject) -> Judgement {
    let (Some(manifest), Some(source)) = (subject.manifest(), &subject.source) else {
        return match &subject.declared {
            Declared::Absent => Judgement::not_applicable("there is no bundle.toml"),
            _ => Judgement::unknown("bundle.toml cannot be read"),
        };
    };
    let absent = source.absent(manifest);
    if let Some(first) = absent.first() {
        let show = |absent: &Absent| {
            let what = format!("{} refers to `{}`, {}", absent.key, absent.path, absent.reason);
            Evidence::of("bundle.toml", what)
        };
        return Judgement::fail(absent.iter().map(show)).hint(first.hint.as_deref());
    }
    if let Some(Err(error)) = &subject.selected {
        return Judgement::fail([Evidence::note(error.to_string())]).hint(error.hint.as_deref());
    }
    let count = manifest.referenced_files().len();
    let what = format!("all {count} files that it refers to are there");
    Judgement::pass([Evidence::of("bundle.toml", what)])
}
