//! Where one starts: the program behind a declared command, or the best
//! candidate among the programs of the project.

use super::{ground, is_example};
use crate::{
    Evidence,
    command::invocations,
    documents::Document,
    finding::Judgement,
    makefile::expanded,
    resolve::{Resolution, resolve_declared},
    scripts::{Script, TellingLine},
    subject::Subject,
};

/// What is looked for, and how a program shows that it is that.
pub(super) struct Purpose {
    /// `code.train`
    pub(super) key: &'static str,
    /// `trains`
    pub(super) verb: &'static str,
    /// The line of a program that says so.
    pub(super) line: fn(&Script) -> Option<&TellingLine>,
    /// Whether a declared program must contain such a line, somewhere.
    pub(super) needs_line: bool,
}

/// The judgement of a declared command.
pub(super) fn declared(subject: &Subject, command: &str, purpose: &Purpose) -> Judgement {
    judge_declared(subject, command, purpose).on(ground::DECLARED)
}

fn judge_declared(subject: &Subject, command: &str, purpose: &Purpose) -> Judgement {
    let Purpose { key, verb, .. } = purpose;
    let at = |what: String| Evidence::of("bundle.toml", format!("{key}: `{command}` {what}"));
    let mut found = Vec::new();
    for invocation in invocations(command, 1) {
        let resolution = resolve_declared(&subject.tree, &invocation);
        for (_, resolution) in expanded(&subject.tree, invocation, resolution) {
            match resolution {
                Resolution::Missing(name) => {
                    return Judgement::fail([at(format!("names `{name}`, which does not exist"))]);
                }
                Resolution::Outside => {}
                resolution => found.extend(resolution.file().cloned()),
            }
        }
    }
    let Some(path) = found.last() else {
        return Judgement::weak([at("runs no file of the project".to_owned())]);
    };
    let empty = subject.tree.file(path.as_str()).is_none_or(|file| file.size == 0);
    if empty {
        return Judgement::fail([Evidence::of(path, "is empty")]);
    }
    let all = subject.scripts();
    let script = |path| all.iter().find(|script| &script.path == path);
    let mut own = found.iter().rev().filter_map(script);
    let own = own.find_map(|script| script.line_within_reach(all, purpose.line));
    let anywhere = || all.iter().find_map(|script| Some((script, (purpose.line)(script)?)));
    match own.or_else(anywhere) {
        Some((script, (line, text))) => {
            Judgement::pass([at(String::new()), Evidence::at(&script.path, *line, text)])
        }
        None if purpose.needs_line => Judgement::weak([
            at(String::new()),
            Evidence::of(path, format!("no line of it, or of any program, looks as if it {verb}")),
        ]),
        None => Judgement::pass([at(String::new())]),
    }
}

/// How sure one is that a program is what is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sureness {
    /// It runs, and a line of it or of what it uses shows it.
    Shown,
    /// It runs the experiments, and nothing more can be seen from outside.
    Experiment,
    /// Its name alone says so.
    Named,
    /// It only defines what another program would run, or is an example of a library.
    Part,
}

/// A program that may be where one starts.
pub(super) struct Candidate<'s> {
    pub(super) script: &'s Script,
    pub(super) sureness: Sureness,
    /// The line that says what it does, and the program it is in.
    pub(super) seen: Option<(&'s Script, &'s TellingLine)>,
    /// Where a document runs or names it.
    pub(super) documented: Option<Documented<'s>>,
}

/// Where a document says how a program is run.
#[derive(Clone, Copy)]
pub(super) struct Documented<'s> {
    document: &'s Document,
    line: usize,
    text: &'s str,
    /// Whether it is a command, rather than the name of the program in a sentence.
    pub(super) command: bool,
}

impl Candidate<'_> {
    /// The program, its telling line, and the command that runs it.
    fn evidence(&self) -> Vec<Evidence> {
        let program = match self.seen {
            Some((script, (line, text))) => Evidence::at(&script.path, *line, text),
            None => Evidence::of(&self.script.path, ""),
        };
        let command =
            self.documented.map(|found| found.document.at(found.line, format!("`{}`", found.text)));
        std::iter::once(program).chain(command).collect()
    }

    fn has_command(&self) -> bool {
        self.documented.is_some_and(|documented| documented.command)
    }
}

/// Where a document runs `script` in a way that is `wanted`, placeholders of the template
/// aside; else where one names it.
pub(super) fn documentation<'s>(
    subject: &'s Subject,
    script: &Script,
    wanted: impl Fn(&[String]) -> bool,
) -> Option<Documented<'s>> {
    let commands = subject.documents().iter().find_map(|document| {
        let command = document.commands.iter().find(|command| {
            command.program() == Some(&script.path) && wanted(&command.invocation.arguments)
        })?;
        let (line, text) = (command.invocation.line, command.invocation.text.as_str());
        Some(Documented { document, line, text, command: true })
    });
    commands.or_else(|| {
        subject.documents().iter().find_map(|document| {
            let (line, text, _) =
                document.mentions.iter().find(|(_, _, path)| path == &script.path)?;
            wanted(&[]).then_some(Documented { document, line: *line, text, command: false })
        })
    })
}

/// Whether a program is what was run, and not a part or an example of a library: there is
/// something in it, and a document runs it, or it does something by itself.
pub(super) fn is_whole(
    subject: &Subject,
    script: &Script,
    documented: Option<Documented<'_>>,
) -> bool {
    let command = documented.is_some_and(|documented| documented.command);
    !script.is_empty && (command || script.runs && !is_example(subject, script))
}

/// The judgement of the programs that look as if they do it, best first.
pub(super) fn judge(
    subject: &Subject,
    mut candidates: Vec<Candidate<'_>>,
    purpose: &Purpose,
) -> Option<Judgement> {
    // A stable sort: within the same, the caller's order.
    candidates.sort_by_key(|candidate| (candidate.sureness, !candidate.has_command()));
    let sure = |candidate: &&Candidate<'_>| candidate.sureness <= Sureness::Experiment;
    if let Some(best) = candidates.iter().find(|best| sure(best) && best.has_command()) {
        return Some(Judgement::pass(best.evidence()).on(ground::COMMAND));
    }
    let best = candidates.iter().max_by_key(|candidate| {
        (std::cmp::Reverse(candidate.sureness), candidate.documented.is_some())
    })?;
    let (doubt, ground) = match best.sureness {
        Sureness::Shown | Sureness::Experiment => {
            let undocumented = Evidence::note("no document shows the command that runs it");
            let evidence = best.evidence().into_iter().chain([undocumented]);
            let remedy =
                format!("write its command into README.md, or as {} into bundle.toml", purpose.key);
            let profile = subject.request.profile;
            let judgement = Judgement::pass_if_loose(profile, evidence).on(ground::PROGRAM);
            return Some(judgement.remedy(remedy));
        }
        Sureness::Named => (format!("nothing in it looks as if it {}", purpose.verb), ground::NAME),
        Sureness::Part => {
            ("it is a part or an example of a library, not what was run".to_owned(), ground::PART)
        }
    };
    let evidence = best.evidence().into_iter().chain([Evidence::note(doubt)]);
    Some(Judgement::weak(evidence).on(ground))
}
