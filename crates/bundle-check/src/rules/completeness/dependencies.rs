//! Item 1: what has to be installed.

use std::collections::BTreeSet;

use bundle_manifest::ArtifactPath;
use bundle_project::{BlockKind, Environment, EnvironmentFormat, VersionClaim, installed_packages};

use super::{ground, nothing};
use crate::{
    Answer, Evidence,
    documents::{Document, block_text},
    finding::Judgement,
    subject::Subject,
};

/// Bytes of an environment file that are read at all.
const MAX_ENVIRONMENT: u64 = 20 << 20;
/// Words that begin the heading of a section on installing.
const HEADINGS: &[&str] = &[
    "requirement",
    "dependenc",
    "prerequisite",
    "pre-requisite",
    "install",
    "setup",
    "environment",
    "requires",
    "needed",
];

/// Words of a heading; a longer one is a sentence.
const MAX_HEADING: usize = 8;

pub(super) fn inspect(subject: &Subject) -> Judgement {
    let declared = declared(subject);
    if let Some(absent) = declared.iter().find(|path| subject.tree.source().size(path).is_none()) {
        return Judgement::fail([Evidence::of(
            "bundle.toml",
            format!("code.environment names `{absent}`, which does not exist"),
        )])
        .on(ground::DECLARED);
    }
    if !declared.is_empty() {
        return judge_files(subject, declared.iter()).on(ground::DECLARED);
    }
    let found = found(subject);
    if found.is_empty() {
        return judge_documents(subject);
    }
    let files = judge_files(subject, found.into_iter()).on(ground::ENVIRONMENT_FILE);
    if files.answer != Answer::Weak {
        return files;
    }
    // What an empty file leaves open, a document may say.
    let documents = judge_documents(subject);
    if documents.answer.weight() < files.answer.weight() { documents } else { files }
}

/// The environment files that bundle.toml names.
fn declared(subject: &Subject) -> &[ArtifactPath] {
    let code = subject.manifest().and_then(|manifest| manifest.code.as_ref());
    code.map(|code| code.environment.as_slice()).unwrap_or_default()
}

/// The environment files of the tree, the one at the top first.
fn found(subject: &Subject) -> Vec<&ArtifactPath> {
    let files = subject.tree.files().iter().map(|file| &file.path);
    let mut found: Vec<_> = files.filter(|path| is_own(subject, path)).collect();
    found.sort_by_key(|path| (path.parts().count(), path.as_str()));
    found
}

/// What the environment files say, declared or found.
pub(in crate::rules) fn environments(subject: &Subject) -> Vec<Environment> {
    let declared = declared(subject).iter();
    let paths: Vec<_> = if declared.len() > 0 { declared.collect() } else { found(subject) };
    paths.into_iter().filter_map(|path| read(subject, path).ok()).collect()
}

fn read(subject: &Subject, path: &ArtifactPath) -> Result<Environment, &'static str> {
    let format =
        EnvironmentFormat::of(path).ok_or("is no environment file that this version reads")?;
    let text = subject.tree.text(path, MAX_ENVIRONMENT).map_err(|_| "cannot be read")?;
    Ok(Environment::parse(format, &text))
}

/// Whether an environment file is this project's. A nested `setup.py` builds a part, not the project.
fn is_own(subject: &Subject, path: &ArtifactPath) -> bool {
    let Some(format) = EnvironmentFormat::of(path) else { return false };
    let builds = matches!(
        format,
        EnvironmentFormat::SetupPy | EnvironmentFormat::SetupCfg | EnvironmentFormat::Cmake
    );
    !subject.tree.is_foreign(path)
        && !subject.tree.is_unit_test(path)
        && (path.parent().is_none() || !builds)
}

fn judge_files<'p>(subject: &Subject, paths: impl Iterator<Item = &'p ArtifactPath>) -> Judgement {
    let mut packages = Vec::new();
    let mut pinned = false;
    let mut empty = Vec::new();
    for path in paths {
        let environment = match read(subject, path) {
            Ok(environment) => environment,
            Err(why) => {
                empty.push(Evidence::of(path, why));
                continue;
            }
        };
        let Some(first) = environment.requirements.first() else {
            empty.push(Evidence::of(path, "names no package"));
            continue;
        };
        pinned |= environment.with_version() > 0;
        packages.push(Evidence::at(path, first.line, summary(&environment)));
    }
    if packages.is_empty() {
        return Judgement::weak(empty);
    }
    if pinned {
        Judgement::pass(packages)
    } else {
        Judgement::pass_if_loose(subject.request.profile, packages)
    }
}

fn summary(environment: &Environment) -> String {
    let (all, versions, exact) =
        (environment.requirements.len(), environment.with_version(), environment.exact());
    let package = if all == 1 { "package" } else { "packages" };
    match versions {
        0 => format!("0 of {all} have a version"),
        _ if exact == all => format!("{all} {package}, each pinned"),
        _ => format!("{all} {package}, {exact} pinned, {} without a version", all - versions),
    }
}

/// Without an environment file: what the documents say.
fn judge_documents(subject: &Subject) -> Judgement {
    let mut sentences = Vec::new();
    for document in subject.documents() {
        if let Some(evidence) = install_command(subject, document) {
            return Judgement::pass_if_loose(subject.request.profile, [evidence])
                .on(ground::INSTALL_COMMAND);
        }
        for (index, heading) in document.sections(HEADINGS) {
            // The title says what the paper is about.
            let others = document.sections(&[""]).count() > 1;
            if (index == 0 && heading.level == 1 && others)
                || heading.text.split_whitespace().count() > MAX_HEADING
            {
                continue;
            }
            let text: String = document
                .readme
                .section(index)
                .iter()
                .map(|block| block_text(block) + " ")
                .filter(|text| subject.tree.words().template_in(text).is_none())
                .collect();
            let line = document.readme.blocks.get(index).map_or(1, |block| block.line);
            let evidence = document.at(line, &heading.text);
            let (versions, packages) = (versions_in(&text), packages_in(subject, &text));
            match (versions.max(packages), versions > 0 && packages > 0) {
                (0, _) => {}
                (1, false) => sentences.push(evidence),
                _ => {
                    return Judgement::pass_if_loose(subject.request.profile, [evidence])
                        .on(ground::SECTION);
                }
            }
        }
    }
    if sentences.is_empty() {
        return nothing(subject, 1, "no environment file, and no document says what to install");
    }
    Judgement::weak(sentences).on(ground::SECTION)
}

/// The first command of a document that installs what the project needs: several packages, or
/// one in a section on installing, or the project itself.
fn install_command(subject: &Subject, document: &Document) -> Option<Evidence> {
    for (index, block) in document.readme.blocks.iter().enumerate() {
        let lines: Vec<(usize, &str)> = match &block.kind {
            BlockKind::Code(code) => code
                .text
                .lines()
                .enumerate()
                .map(|(index, line)| (code.first_line + index, line))
                .collect(),
            BlockKind::Prose(prose) => {
                prose.inline_code.iter().map(|(line, code)| (*line, code.as_str())).collect()
            }
            _ => continue,
        };
        let above = document.headings_above(index);
        let headed = above.iter().take(2).any(|heading| heading.mentions(HEADINGS));
        let packages = |line: &str| installed_packages(line).len();
        let all: usize = lines.iter().map(|(_, line)| packages(line)).sum();
        let installs = |(_, line): &&(usize, &str)| {
            let wanted = packages(line) > 0 && (headed || all > 1)
                || installs_itself(subject, line)
                || headed && builds_from_source(line);
            wanted && subject.tree.words().template_in(line).is_none()
        };
        if let Some((line, text)) = lines.iter().find(installs) {
            return Some(document.at(*line, text));
        }
    }
    None
}

/// `git clone https://host/owner/caffe` in a section on installing.
fn builds_from_source(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['$', '!', '>']).trim_start();
    line.starts_with("git clone ")
}

/// `pip install -e .`, `python setup.py develop`: the project says what it needs when it is installed.
fn installs_itself(subject: &Subject, line: &str) -> bool {
    let line = line.trim().trim_start_matches(['$', '!', '>']).trim_start();
    let words: Vec<&str> = line.split_whitespace().collect();
    let there = |name: &str| subject.tree.file(name).is_some();
    let setup = words.contains(&"setup.py")
        && words.iter().any(|word| matches!(*word, "install" | "develop"));
    let pip = words.contains(&"pip") && words.contains(&"install") && words.contains(&".");
    (setup && there("setup.py")) || (pip && (there("setup.py") || there("pyproject.toml")))
}

/// How many names with a version stand in a text: `PyTorch 1.0`, `numpy>=1.2`, `Python 3.6+`.
fn versions_in(text: &str) -> usize {
    let as_file =
        Environment::parse(EnvironmentFormat::PipRequirements, &text.replace([',', ' '], "\n"));
    let specifiers =
        as_file.requirements.iter().filter(|found| found.version != VersionClaim::Absent).count();
    let words: Vec<&str> = text.split_whitespace().collect();
    let spaced = words.windows(2).filter(|pair| {
        let [name, version] = pair else { return false };
        let version = version.trim_start_matches(['v', '=', '>', '<', '~', '(', 'V']);
        name.starts_with(char::is_alphabetic)
            && version.starts_with(|c: char| c.is_ascii_digit())
            && version.contains('.')
    });
    specifiers + spaced.count()
}

/// How many different packages that everybody knows a text names; the language is none.
fn packages_in(subject: &Subject, text: &str) -> usize {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    words
        .filter(|word| *word != "python" && subject.tree.words().packages.has(word))
        .collect::<BTreeSet<_>>()
        .len()
}
