//! Where one starts: the program behind a declared command, or the best
//! candidate among the programs of the project.

use crate::{
    Evidence,
    command::invocations,
    documents::{Document, DocumentedCommand},
    finding::Judgement,
    resolve::{Resolution, resolve_declared},
    scripts::Script,
    subject::Subject,
};

/// What is looked for, and how a program shows that it is that.
pub(super) struct Purpose {
    /// `code.train`
    pub(super) key: &'static str,
    /// `trains`
    pub(super) verb: &'static str,
    /// Whether a program's name says so.
    pub(super) named: fn(&Script) -> bool,
    /// The line of a program that says so.
    pub(super) line: fn(&Script) -> Option<&(usize, String)>,
    /// Whether a declared program must contain such a line, somewhere.
    pub(super) needs_line: bool,
}

/// The judgement of a declared command.
pub(super) fn declared(subject: &Subject, command: &str, purpose: &Purpose) -> Judgement {
    let Purpose { key, verb, .. } = purpose;
    let at = |what: String| Evidence::of("bundle.toml", format!("{key}: `{command}` {what}"));
    let mut found = Vec::new();
    for invocation in invocations(command, 1) {
        match resolve_declared(&subject.tree, &invocation) {
            Resolution::Missing(name) => {
                return Judgement::fail([at(format!("names `{name}`, which does not exist"))]);
            }
            Resolution::Outside => {}
            resolution => found.extend(resolution.file().cloned()),
        }
    }
    let Some(path) = found.last() else {
        return Judgement::weak([at("runs no file of the project".to_owned())]);
    };
    let empty = subject.tree.file(path.as_str()).is_none_or(|file| file.size == 0);
    if empty {
        return Judgement::fail([Evidence::of(path, "is empty")]);
    }
    let script = subject.scripts().iter().find(|script| &script.path == path);
    let own = script.and_then(|script| Some((script, (purpose.line)(script)?)));
    let anywhere =
        || subject.scripts().iter().find_map(|script| Some((script, (purpose.line)(script)?)));
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

/// A program that may be where one starts.
pub(super) struct Candidate<'s> {
    pub(super) script: &'s Script,
    /// The line that says what it does, and the program it is in.
    pub(super) seen: Option<(&'s Script, &'s (usize, String))>,
    /// The document and its command that runs it.
    pub(super) documented: Option<(&'s Document, &'s DocumentedCommand)>,
}

impl Candidate<'_> {
    /// The program, its telling line, and the command that runs it.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        let program = match self.seen {
            Some((script, (line, text))) => Evidence::at(&script.path, *line, text),
            None => Evidence::of(&self.script.path, ""),
        };
        let command = self.documented.map(|(document, command)| {
            document.at(command.invocation.line, format!("`{}`", command.invocation.text))
        });
        std::iter::once(program).chain(command).collect()
    }
}

/// The command of a document that runs `script`, placeholders of the template aside.
pub(super) fn documentation<'s>(
    subject: &'s Subject,
    script: &Script,
    wanted: impl Fn(&DocumentedCommand) -> bool,
) -> Option<(&'s Document, &'s DocumentedCommand)> {
    subject.documents().iter().find_map(|document| {
        let runs = |command: &&DocumentedCommand| {
            !command.template && command.resolution.file() == Some(&script.path) && wanted(command)
        };
        document.commands.iter().find(runs).map(|command| (document, command))
    })
}

/// The judgement of the programs that look as if they do it, best first.
pub(super) fn judge(
    subject: &Subject,
    candidates: &[Candidate<'_>],
    purpose: &Purpose,
) -> Option<Judgement> {
    let confirmed =
        |candidate: &&Candidate<'_>| candidate.seen.is_some() || candidate.script.launches;
    let documented =
        candidates.iter().find(|candidate| confirmed(candidate) && candidate.documented.is_some());
    if let Some(candidate) = documented {
        return Some(Judgement::pass(candidate.evidence()));
    }
    if let Some(candidate) = candidates.iter().find(confirmed) {
        let undocumented = Evidence::note("no document shows the command that runs it");
        let evidence = candidate.evidence().into_iter().chain([undocumented]);
        let remedy =
            format!("write its command into README.md, or as {} into bundle.toml", purpose.key);
        return Some(Judgement::pass_if_loose(subject.request.profile, evidence).remedy(remedy));
    }
    let candidate = candidates.iter().max_by_key(|candidate| candidate.documented.is_some())?;
    let doubt = Evidence::note(format!("nothing in it looks as if it {}", purpose.verb));
    Some(Judgement::weak(candidate.evidence().into_iter().chain([doubt])))
}
