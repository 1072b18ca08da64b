//! Item 5: a table of results, with the commands that give them.

use bundle_project::{Block, BlockKind, Prose, Table};

use super::nothing;
use crate::{
    Evidence, Profile,
    command::invocations,
    documents::{Document, block_text, template_item},
    finding::Judgement,
    resolve::resolve_declared,
    rules::code::declared_commands,
    subject::Subject,
    words::{NOT_RESULTS, RESULT_IMAGES, RESULT_WORDS},
};

pub(super) fn inspect(subject: &Subject) -> Judgement {
    let documents = subject.documents();
    if documents.is_empty() {
        return Judgement::fail([Evidence::note("there is no README")]);
    }
    let table = documents.iter().find_map(|document| Some((document, results_table(document)?)));
    let near = table.as_ref().and_then(|(document, (block, _))| resolved_command(document, *block));
    let command =
        near.or_else(|| documents.iter().find_map(|document| resolved_command(document, 0)));
    match (table, command) {
        (Some((_, (_, table))), Some(command)) => Judgement::pass([table, command]),
        (Some((_, (_, table))), None) => Judgement::weak([table, missing_command(subject)])
            .remedy("write beside the table the command that gives each row"),
        (None, command) => without_table(subject, command),
    }
}

/// Numbers elsewhere: claims of bundle.toml, an image, a number beside a command.
fn without_table(subject: &Subject, command: Option<Evidence>) -> Judgement {
    let claims = declared_claims(subject);
    let picture = subject.documents().iter().find_map(results_image);
    let numbers = subject.documents().iter().find_map(numbers_beside_command);
    let seen = claims.or(numbers).or(picture);
    match (seen, command) {
        (Some(seen), Some(command)) => {
            let what = Evidence::note("no table of results in a document");
            let evidence = match subject.request.profile {
                Profile::Strict => vec![seen, command, what],
                Profile::Loose => vec![seen, command],
            };
            Judgement::pass_if_loose(subject.request.profile, evidence)
        }
        (Some(seen), None) => Judgement::weak([seen, missing_command(subject)]),
        (None, _) => nothing(subject, 5, "no table of results in a document"),
    }
}

fn missing_command(subject: &Subject) -> Evidence {
    let named = subject.documents().iter().flat_map(|document| &document.commands).next().is_some();
    Evidence::note(if named {
        "no command beside it names a file that exists"
    } else {
        "no command is given"
    })
}

/// The command nearest to a block that runs a file of the project.
fn resolved_command(document: &Document, block: usize) -> Option<Evidence> {
    let runs = document
        .commands
        .iter()
        .filter(|command| !command.template && command.resolution.file().is_some());
    let found = runs.min_by_key(|command| command.block.abs_diff(block))?;
    Some(document.at(found.invocation.line, format!("`{}`", found.invocation.text)))
}

/// The claims of bundle.toml whose command names a file that exists.
fn declared_claims(subject: &Subject) -> Option<Evidence> {
    let manifest = subject.manifest().filter(|manifest| !manifest.claims.is_empty())?;
    let runs = declared_commands(manifest).into_iter().filter(|(key, _)| *key != "code.train").any(
        |(_, command)| {
            invocations(command, 1)
                .iter()
                .any(|invocation| resolve_declared(&subject.tree, invocation).file().is_some())
        },
    );
    runs.then(|| {
        Evidence::of("bundle.toml", format!("{} claims with their commands", manifest.claims.len()))
    })
}

/// The first table of results, with its place among the blocks.
fn results_table(document: &Document) -> Option<(usize, Evidence)> {
    document.readme.blocks.iter().enumerate().find_map(|(index, block)| {
        let BlockKind::Table(table) = &block.kind else { return None };
        let headed = document
            .headings_above(index)
            .iter()
            .take(2)
            .any(|heading| heading.mentions(RESULT_IMAGES));
        let results = template_item(&block_text(block)).is_none() && is_results(table, headed);
        let cells = numeric_cells(table);
        results.then(|| {
            (
                index,
                document.at(
                    block.line,
                    format!("table: {} ({cells} numbers)", table.header.join(" | ")),
                ),
            )
        })
    })
}

/// Whether a table holds results: at least two numbers, under a header (or a
/// heading) that names a metric, and not one that lists arguments or links.
fn is_results(table: &Table, headed: bool) -> bool {
    let words = table.header.iter().flat_map(|cell| words(cell)).collect::<Vec<_>>();
    let count = |list: &[&str]| words.iter().filter(|word| list.contains(&word.as_str())).count();
    let (results, others) = (count(RESULT_WORDS), count(NOT_RESULTS));
    numeric_cells(table) >= 2 && (headed || results > 0) && others <= results
}

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn numeric_cells(table: &Table) -> usize {
    table.rows.iter().flatten().filter(|cell| is_numeric(cell)).count()
}

/// `**91.2**`, `85%`, `5.3 / 4.1`, `93.2 (±0.1)`, `~1,024`, `1.2e-3`.
fn is_numeric(cell: &str) -> bool {
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let other = cell.chars().filter(|c| c.is_alphabetic()).count();
    digits > 0 && other <= 2 && cell.chars().next().is_some_and(|c| !c.is_alphabetic())
}

fn results_image(document: &Document) -> Option<Evidence> {
    document.readme.blocks.iter().enumerate().find_map(|(index, block)| {
        let links = match &block.kind {
            BlockKind::Prose(prose) => &prose.links,
            BlockKind::Table(table) => &table.links,
            _ => return None,
        };
        let headed = document
            .headings_above(index)
            .iter()
            .take(1)
            .any(|heading| heading.mentions(RESULT_IMAGES));
        let badge = |url: &str| {
            ["badge", "shields.io", "/ci", "travis"].iter().any(|word| url.contains(word))
        };
        let shows = |text: &str| {
            crate::tree::words(text).iter().any(|word| RESULT_IMAGES.contains(&word.as_str()))
        };
        let found = links.iter().find(|link| {
            link.image && !badge(&link.url) && (headed || shows(&link.url) || shows(&link.text))
        })?;
        Some(document.at(found.line, format!("image {}", found.url)))
    })
}

/// A metric and a number in one block with a command.
fn numbers_beside_command(document: &Document) -> Option<Evidence> {
    let beside = |block: &&Block| {
        let BlockKind::Prose(Prose { text, inline_code, .. }) = &block.kind else { return false };
        let metric = words(text).iter().any(|word| RESULT_WORDS.contains(&word.as_str()));
        let number = text.split_whitespace().any(|word| {
            let word = word.trim_matches(|c: char| !c.is_ascii_digit());
            word.contains('.') && word.parse::<f64>().is_ok()
        });
        metric && number && !inline_code.is_empty() && template_item(text).is_none()
    };
    let block = document.readme.blocks.iter().find(beside)?;
    Some(document.at(block.line, block_text(block)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbers_or_not() {
        for cell in [
            "91.2",
            "**91.2**",
            "85%",
            "5.3 / 4.1",
            "93.2 (±0.1)",
            "~1,024",
            "1.2e-3",
            "10,000",
            "3.1 ms",
        ] {
            assert!(is_numeric(cell), "{cell}");
        }
        for cell in ["", "ResNet-50", "—", "MNIST training", "v1.0 release", "2 to 1,000 classes"]
        {
            assert!(!is_numeric(cell), "{cell}");
        }
    }

    #[test]
    fn a_table_of_results_is_not_any_table() {
        let table = |header: &[&str], row: &[&str]| Table {
            header: header.iter().map(ToString::to_string).collect(),
            rows: vec![row.iter().map(ToString::to_string).collect()],
            links: Vec::new(),
        };
        assert!(is_results(&table(&["Model", "Top-1", "Top-5"], &["ours", "91.2", "99"]), false));
        assert!(is_results(&table(&["", "A", "B"], &["ours", "1.5", "2"]), true));
        assert!(!is_results(
            &table(&["Argument", "Default", "Description"], &["lr", "0.1", "0.2"]),
            false
        ));
        assert!(!is_results(&table(&["lr", "dropout", "batch"], &["0.1", "0.2", "3"]), false));
        assert!(!is_results(&table(&["Model", "Link"], &["ours", "x"]), false));
        assert!(!is_results(&table(&["split", "images", "from"], &["test", "10", "20"]), false));
    }
}
