//! The code, and the commands that name it.

use std::collections::BTreeSet;

use bundle_manifest::{EqualsGit, Manifest};

use crate::{
    Area, Evidence, Rule, Severity,
    command::{Invocation, invocations},
    documents::block_text,
    finding::Judgement,
    resolve::{Resolution, resolve_declared},
    subject::{Container, Subject},
    words::Words,
};

use super::completeness::environments;

pub(super) static COMMANDS: Rule = Rule {
    id: "CODE-1",
    title: "every command names a file that exists",
    why: "Of 127 script commands in 44 published READMEs one named a file that was never there, and no reader could run that paper. The commands of bundle.toml and of the documents are looked up, not run.",
    reference: "ML Code Completeness Checklist, item 5: precise commands",
    severity: Severity::Should,
    area: Area::Code,
    remedy: "correct the command, or add the file",
    inspect: commands,
};

pub(super) static EQUALS_GIT: Rule = Rule {
    id: "CODE-2",
    title: "the packed code is the git tree at HEAD",
    why: "Then the commit in the lock, the SWHID and the repository name the same code. This was measured when the bundle was packed and can be checked only against the repository.",
    reference: "docs/format.md, code.equals_git",
    severity: Severity::May,
    area: Area::Code,
    remedy: "commit what changed and pack again, or say in the paper what differs",
    inspect: equals_git,
};

pub(super) static TEMPLATE: Rule = Rule {
    id: "CODE-3",
    title: "no text of an unfilled template is left in",
    why: "The checklist's own template names a data set, a model and a table that do not exist. Left in place they pass for the paper's.",
    reference: "ML Code Completeness Checklist, templates/README.md",
    severity: Severity::Should,
    area: Area::Code,
    remedy: "replace the template's text, or delete the section",
    inspect: template,
};

pub(super) static IMPORTS: Rule = Rule {
    id: "CODE-4",
    title: "every package that the code imports is declared",
    why: "What is imported and not declared is what an installation lacks. A hint, not an error: the names of modules and of packages differ, and a package may come with another one.",
    reference: "ML Code Completeness Checklist, item 1: specification of dependencies",
    severity: Severity::May,
    area: Area::Code,
    remedy: "add the packages to the environment file",
    inspect: imports,
};

/// A command that bundle.toml declares, with its place there.
pub(crate) fn declared_commands(manifest: &Manifest) -> Vec<(&'static str, &str)> {
    let code = manifest.code.iter().flat_map(|code| {
        let train = code.train.as_deref().map(|command| ("code.train", command));
        train.into_iter().chain(code.evaluate.as_deref().map(|command| ("code.evaluate", command)))
    });
    let claims = manifest.claims.iter().filter_map(|claim| claim.command.as_deref());
    let mut all: Vec<_> = code.chain(claims.map(|command| ("claims", command))).collect();
    let mut seen = BTreeSet::new();
    all.retain(|(_, command)| seen.insert(*command));
    all
}

fn commands(subject: &Subject) -> Judgement {
    let (mut missing, mut moved, mut found) = (Vec::new(), Vec::new(), 0_usize);
    for (key, command) in subject.manifest().map(declared_commands).unwrap_or_default() {
        for invocation in invocations(command, 1) {
            let show = |what: String| {
                Evidence::of("bundle.toml", format!("{key}: `{}` {what}", invocation.text))
            };
            match resolve_declared(&subject.tree, &invocation) {
                Resolution::Missing(name) => missing.push(show(absent(&name))),
                Resolution::ByName(path) => moved.push(show(format!("means `{path}`"))),
                Resolution::Exact(_) => found += 1,
                Resolution::Outside => {}
            }
        }
    }
    for document in subject.documents() {
        for command in document.commands.iter().filter(|command| !command.template) {
            let Invocation { line, text, .. } = &command.invocation;
            match &command.resolution {
                Resolution::Missing(name) => {
                    missing.push(document.at(*line, format!("`{text}` {}", absent(name))));
                }
                Resolution::Exact(_) | Resolution::ByName(_) => found += 1,
                Resolution::Outside => {}
            }
        }
    }
    match (missing.is_empty(), moved.is_empty(), found) {
        (false, _, _) => Judgement::fail(missing),
        (true, false, _) => Judgement::weak(moved)
            .remedy("write the path as seen from bundle.toml, or `cd` before it"),
        (true, true, 0) => Judgement::not_applicable("no command runs a file of the project"),
        (true, true, 1) => {
            Judgement::pass([Evidence::note("1 command, it names a file that exists")])
        }
        (true, true, _) => Judgement::pass([Evidence::note(format!(
            "{found} commands, each names a file that exists"
        ))]),
    }
}

fn absent(name: &str) -> String {
    format!("names `{name}`, which does not exist")
}

fn equals_git(subject: &Subject) -> Judgement {
    let lock = match &subject.container {
        Container::Directory => return Judgement::not_applicable("known once packed"),
        Container::Broken(_) => return Judgement::unknown("the container cannot be opened"),
        Container::Bundle { archive, .. } => archive.lock(),
    };
    let Some(git) = &lock.git else {
        return Judgement::not_applicable("packed from a directory that git did not track");
    };
    match &git.equals_git {
        EqualsGit::Yes => Judgement::pass([Evidence::of(
            "bundle.lock",
            format!("commit {}, tree {}", git.commit, git.tree),
        )]),
        EqualsGit::No(reasons) => {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
            let text = format!("differs from commit {} by: {}", git.commit, reasons.join(", "));
            Judgement::weak([Evidence::of("bundle.lock", text)])
        }
    }
}

fn template(subject: &Subject) -> Judgement {
    let documents = subject.documents();
    if documents.is_empty() {
        return Judgement::not_applicable("there is no README");
    }
    let left = documents.iter().flat_map(|document| {
        let pieces = document.template_text(subject.tree.words());
        pieces
            .into_iter()
            .map(|(line, piece)| document.at(line, format!("the template's `{}`", piece.text)))
    });
    let left: Vec<_> = left.collect();
    if !left.is_empty() {
        return Judgement::fail(left);
    }
    let mut promises = Vec::new();
    for document in documents {
        for block in &document.readme.blocks {
            let text = block_text(block).to_lowercase();
            if let Some(promise) = subject.tree.words().promises.within(&text) {
                promises.push(document.at(block.line, format!("`{promise}`")));
            }
        }
    }
    if promises.is_empty() {
        return Judgement::pass([Evidence::note("no template text in the documents")]);
    }
    Judgement::weak(promises).remedy("add what is promised, or say that it will not come")
}

fn imports(subject: &Subject) -> Judgement {
    let environments = environments(subject);
    let declared = environments.iter().flat_map(|environment| &environment.requirements);
    let declared: BTreeSet<String> = declared.map(|found| normalised(&found.name)).collect();
    if declared.is_empty() {
        return Judgement::not_applicable("no environment file names a package");
    }
    let words = subject.tree.words();
    let mut judged = BTreeSet::new();
    let mut missing = Vec::new();
    for script in subject.scripts() {
        for (line, module) in &script.imports {
            let fresh = !words.standard_modules.has(module) && judged.insert(module);
            if fresh && !is_declared(module, &declared, words) {
                missing.push(Evidence::at(&script.path, *line, format!("imports `{module}`")));
            }
        }
    }
    match (missing.is_empty(), judged.len()) {
        (false, _) => Judgement::weak(missing),
        (true, 0) => Judgement::not_applicable("no program imports a package"),
        (true, 1) => Judgement::pass([Evidence::note("1 package imported, it is declared")]),
        (true, count) => {
            Judgement::pass([Evidence::note(format!("{count} packages imported, each declared"))])
        }
    }
}

/// Whether a package that brings `module` is among those declared: of the same name, of one that
/// the lists know, or of a variant (`jax-cuda`, `python-igraph`).
fn is_declared(module: &str, declared: &BTreeSet<String>, words: &Words) -> bool {
    let name = normalised(module);
    let known = words.module_packages.iter().filter_map(|pair| pair.split_once('='));
    let mut others = known.filter(|(of, _)| *of == module).flat_map(|(_, names)| names.split('|'));
    let variants = [format!("python-{name}"), format!("py{name}"), format!("r-{name}")];
    declared.contains(&name)
        || others.any(|other| declared.contains(other))
        || variants.iter().any(|variant| declared.contains(variant))
        || declared
            .iter()
            .any(|package| package.strip_prefix(&name).is_some_and(|rest| rest.starts_with('-')))
}

/// As PEP 503 compares names.
fn normalised(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, testing::subject};

    #[test]
    fn a_command_that_names_no_file_fails_with_its_line() {
        let subject = subject(&[
            ("README.md", "# X\n\n```bash\npython load_and_run.py\npython main.py\n```\n"),
            ("main.py", ""),
        ]);
        let found = commands(&subject);
        assert_eq!(found.answer, Answer::Fail);
        let evidence: Vec<_> = found.evidence.iter().map(ToString::to_string).collect();
        assert_eq!(
            evidence,
            ["README.md:4  `python load_and_run.py` names `load_and_run.py`, which does not exist"]
        );
    }

    #[test]
    fn commands_of_other_repositories_are_not_ours() {
        let text = "```\ngit clone https://x.org/apex\ncd apex\npython setup.py install\npip install -r requirements.txt\n```\n";
        assert_eq!(commands(&subject(&[("README.md", text)])).answer, Answer::NotApplicable);
    }

    #[test]
    fn an_import_that_nothing_declares_is_a_hint() {
        let program =
            "import os\nimport numpy, cv2\nfrom sklearn import svm\nimport jax\nimport net\n";
        let judged = |requirements: &str, program: &str| {
            let files = [("requirements.txt", requirements), ("a.py", program), ("net.py", "")];
            let found = imports(&subject(&files));
            let evidence: Vec<_> = found.evidence.iter().map(ToString::to_string).collect();
            (found.answer, evidence.join(", "))
        };
        let all = "NumPy\nopencv-python-headless==4\nscikit_learn\njax-cuda\n";
        assert_eq!(
            judged(all, program),
            (Answer::Pass, "4 packages imported, each declared".to_owned())
        );
        let some = judged("numpy\n", program);
        assert_eq!(
            some,
            (
                Answer::Weak,
                "a.py:2  imports `cv2`, a.py:3  imports `sklearn`, a.py:4  imports `jax`"
                    .to_owned()
            )
        );
        assert_eq!(judged("", program).0, Answer::NotApplicable);
        assert_eq!(judged("numpy\n", "import os\n").0, Answer::NotApplicable);
    }

    #[test]
    fn promises_are_weak_and_template_text_fails() {
        let answer = |text: &str| template(&subject(&[("README.md", text)])).answer;
        assert_eq!(answer("# Nets\n\nCode is coming soon.\n"), Answer::Weak);
        assert_eq!(answer("# My Paper Title\n"), Answer::Fail);
        assert_eq!(answer("<!-- My Paper Title -->\n# Nets\n"), Answer::Pass);
    }
}
