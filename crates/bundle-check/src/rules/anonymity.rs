//! What says who wrote it. Asked only where the review is blind.

use std::collections::BTreeMap;

use bundle_project::LeakKind;

use crate::{
    Area, Evidence, Rule, Severity,
    finding::Judgement,
    subject::{Container, Subject},
};

const REFERENCE: &str =
    "NeurIPS Code Submission Policy: code of a submission is anonymised; docs/anonymity.md";

rules_of! {
    Anonymity REFERENCE inspect
    ADDRESSES "ANON-1" LeakKind::Address, "no e-mail address is left"
        "An address names its owner, and often the institution."
        "`bundle anonymize` puts anonymous@example.org in their place";
    HOMES "ANON-2" LeakKind::Home, "no path of a home directory is left"
        "`/home/jane/data` in a script, a notebook's output or a pickle names who ran it."
        "`bundle anonymize`, or write paths relative to the project";
    NAMES "ANON-3" LeakKind::Name, "no name that was looked for is left"
        "Names of authors, and their logins on clusters and services, stand in comments, logs and configurations."
        "`bundle anonymize --name NAME`";
    AUTHORS "ANON-4" LeakKind::Author, "no field says who the author is"
        "Package metadata, licences, citations and LaTeX have fields for it."
        "`bundle anonymize` writes Anonymous into them; restore them for the final version";
    REPOSITORIES "ANON-5" LeakKind::Repository, "no address of the project's own repository or of a person's pages is left"
        "One click on a badge or a clone line ends the blind review."
        "`bundle anonymize` replaces them";
    ACKNOWLEDGEMENTS "ANON-6" LeakKind::Acknowledgement, "nobody is thanked, and no affiliation or funding is named"
        "Grants, advisors and institutions identify a group as well as a name does."
        "take them out until the paper is accepted; `bundle anonymize` does";
    METADATA "ANON-7" LeakKind::Metadata, "the files have no metadata of who made them"
        "PDF, PNG, JPEG, ONNX and office files keep authors, machines and places that no reader sees."
        "`bundle anonymize`; export PDF files anew without an author";
}

fn inspect(subject: &Subject, kind: LeakKind) -> Judgement {
    let Some(searched) = subject.leaks() else {
        return Judgement::not_applicable("the review is not blind; `--anonymous` asks");
    };
    let received = !matches!(subject.container, Container::Directory)
        || subject.source.as_ref().is_some_and(|source| source.lock().is_some());
    let shown = !received || subject.request.show_identity;
    let of_kind = searched.found.iter().flat_map(|(path, leaks)| {
        leaks.iter().filter(|leak| leak.kind == kind).map(move |leak| (path, leak))
    });
    let all: Vec<_> = of_kind.collect();
    if all.is_empty() {
        return searched.nothing(kind.plural());
    }
    if !shown {
        let mut files: BTreeMap<_, usize> = BTreeMap::new();
        for (path, _) in &all {
            *files.entry(*path).or_default() += 1;
        }
        let text = format!(
            "{} {} in {} {}; `--show-identity` shows them",
            all.len(),
            kind.plural(),
            files.len(),
            if files.len() == 1 { "file" } else { "files" }
        );
        return Judgement::fail([Evidence::note(text)]);
    }
    Judgement::fail(all.iter().map(|(path, leak)| match leak.line {
        Some(line) => Evidence::at(path, line, &leak.text),
        None => Evidence::of(path, &leak.text),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, testing::subject_with};

    #[test]
    fn leaks_are_shown_only_where_the_review_is_blind() {
        let files = [("README.md", "# X\n\nmara.vale@tide.edu\n"), ("run.sh", "cd /home/mvale\n")];
        let of = |anonymous: bool, kind| {
            let subject = subject_with(&files, |request| request.anonymous = anonymous);
            inspect(&subject, kind)
        };
        assert_eq!(of(false, LeakKind::Address).answer, Answer::NotApplicable);
        let found = of(true, LeakKind::Address);
        assert_eq!(found.answer, Answer::Fail);
        assert_eq!(found.evidence[0].to_string(), "README.md:3  mara.vale@tide.edu");
        assert_eq!(of(true, LeakKind::Home).evidence[0].to_string(), "run.sh:1  mvale");
        assert_eq!(of(true, LeakKind::Author).answer, Answer::Pass);
    }
}
