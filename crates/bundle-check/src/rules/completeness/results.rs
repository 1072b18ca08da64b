//! Item 5: a table of results, with the commands that give them.

use std::{collections::BTreeSet, ops::Range};

use bundle_manifest::ArtifactPath;
use bundle_project::{Block, BlockKind, Table};

use super::{ground, nothing};
use crate::{
    Evidence, Profile,
    command::invocations,
    documents::{Document, DocumentedCommand, block_text},
    finding::Judgement,
    resolve::resolve_declared,
    rules::code::declared_commands,
    subject::Subject,
    words::Words,
};

pub(super) fn inspect(subject: &Subject) -> Judgement {
    let documents = subject.documents();
    if documents.is_empty() {
        return Judgement::fail([Evidence::note("there is no README")]);
    }
    let table =
        documents.iter().find_map(|document| Some((document, results_table(subject, document)?)));
    let near = table.as_ref().and_then(|(document, (block, _))| resolved_command(document, *block));
    let command =
        near.or_else(|| documents.iter().find_map(|document| resolved_command(document, 0)));
    let command = command.or_else(|| named_script(subject));
    match (table, command) {
        (Some((_, (_, table))), Some(command)) => {
            Judgement::pass([table, command]).on(ground::TABLE)
        }
        (Some((_, (_, table))), None) => Judgement::weak([table, missing_command(subject)])
            .on(ground::TABLE)
            .remedy("write beside the table the command that gives each row"),
        (None, command) => without_table(subject, command),
    }
}

/// Elsewhere: claims of bundle.toml, a number beside a command, an image, the programs behind
/// the paper's own figures.
fn without_table(subject: &Subject, command: Option<Evidence>) -> Judgement {
    let claims = declared_claims(subject);
    let picture = subject.documents().iter().find_map(|document| results_image(subject, document));
    let numbers =
        subject.documents().iter().find_map(|document| numbers_beside_command(subject, document));
    let numbered = || subject.documents().iter().find_map(|document| numbered(subject, document));
    let seen = claims
        .map(|claims| (claims, ground::DECLARED))
        .or(numbers.map(|numbers| (numbers, ground::MEASURE)))
        .or(picture.map(|picture| (picture, ground::PICTURE)))
        .or_else(|| Some((numbered()?, ground::NUMBERED)));
    match (seen, command) {
        (Some((seen, ground)), Some(command)) => {
            let what = Evidence::note("no table of results in a document");
            let evidence = match subject.request.profile {
                Profile::Strict => vec![seen, command, what],
                Profile::Loose => vec![seen, command],
            };
            Judgement::pass_if_loose(subject.request.profile, evidence).on(ground)
        }
        (Some((seen, ground)), None) => {
            Judgement::weak([seen, missing_command(subject)]).on(ground)
        }
        (None, _) => nothing(subject, 5, "no table of results in a document"),
    }
}

/// Numbers that a document says came out: a table of results, or a measure beside a command.
pub(super) fn stated_numbers(subject: &Subject, document: &Document) -> Option<Evidence> {
    let table = results_table(subject, document).map(|(_, table)| table);
    table.or_else(|| numbers_beside_command(subject, document))
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
    let runs = document.commands.iter().filter(|command| command.program().is_some());
    let found = runs.min_by_key(|command| command.block.abs_diff(block))?;
    Some(document.at(found.invocation.line, format!("`{}`", found.invocation.text)))
}

/// In the loose reading, the first program of the project that a document names.
fn named_script(subject: &Subject) -> Option<Evidence> {
    let wanted = subject.request.profile == Profile::Loose;
    let runs = |path: &ArtifactPath| {
        subject.scripts().iter().any(|script| &script.path == path && script.runs)
    };
    let mut documents = subject.documents().iter().filter(|_| wanted);
    documents.find_map(|document| {
        let (line, text, _) = document.mentions.iter().find(|(_, _, path)| runs(path))?;
        Some(document.at(*line, format!("`{text}`")))
    })
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
fn results_table(subject: &Subject, document: &Document) -> Option<(usize, Evidence)> {
    let lists = subject.tree.words();
    document.readme.blocks.iter().enumerate().find_map(|(index, block)| {
        let BlockKind::Table(table) = &block.kind else { return None };
        let headed = document
            .headings_above(index)
            .iter()
            .take(2)
            .any(|heading| mentions(lists, &heading.text));
        let headed = headed || is_introduced(lists, document, index, table);
        // "Hyperparameters", "Options": numbers that went in, not those that came out.
        let other = document.headings_above(index).first().is_some_and(|heading| {
            words(&heading.text).iter().any(|word| lists.not_results.has(word))
        });
        if other && !headed {
            return None;
        }
        let results =
            lists.template_in(&block_text(block)).is_none() && is_results(lists, table, headed);
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

/// Whether the sentence right above a table of decimal numbers speaks of what was measured.
fn is_introduced(lists: &Words, document: &Document, index: usize, table: &Table) -> bool {
    const LONGEST: usize = 60;
    let above = index.checked_sub(1).and_then(|above| document.readme.blocks.get(above));
    let Some(BlockKind::Prose(prose)) = above.map(|block| &block.kind) else { return false };
    let decimals =
        table.rows.iter().flatten().filter(|cell| is_numeric(cell) && cell.contains('.'));
    let words = crate::tree::words(&prose.text);
    let mut singular = words.iter().map(|word| word.trim_end_matches('s'));
    let measured = singular.any(|word| word == "score" || lists.metrics.has(word));
    words.len() <= LONGEST && decimals.count() >= 4 && (measured || mentions(lists, &prose.text))
}

/// Whether a table holds results: at least two numbers, under a header (or a
/// heading) that names a metric, and not one that lists arguments or links.
fn is_results(lists: &Words, table: &Table, headed: bool) -> bool {
    let words = table.header.iter().flat_map(|cell| words(cell)).collect::<Vec<_>>();
    let results = words.iter().filter(|word| lists.result_words.has(word)).count();
    let others = words.iter().filter(|word| lists.not_results.has(word)).count();
    numeric_cells(table) >= 2 && (headed || results > 0) && others <= results
}

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn numeric_cells(table: &Table) -> usize {
    table.rows.iter().flatten().filter(|cell| is_numeric(cell)).count()
}

/// `**91.2**`, `85%`, `5.3 / 4.1`, `93.2 (±0.1)`, `$91.2_{\pm 0.1}$`, `~1,024`, `1.2e-3`.
fn is_numeric(cell: &str) -> bool {
    let cell = ["\\pm", "\\textbf", "\\mathbf", "\\bf"]
        .iter()
        .fold(cell.to_owned(), |cell, command| cell.replace(command, " "));
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    let other = cell.chars().filter(|c| c.is_alphabetic()).count();
    digits > 0 && other <= 2 && cell.chars().next().is_some_and(|c| !c.is_alphabetic())
}

/// Whether a heading begins a word with one that says "results".
fn mentions(lists: &Words, text: &str) -> bool {
    let stems: Vec<&str> = lists.result_images.iter().collect();
    let words = crate::tree::words(text);
    words.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)))
}

fn results_image(subject: &Subject, document: &Document) -> Option<Evidence> {
    let lists = subject.tree.words();
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
            .any(|heading| mentions(lists, &heading.text));
        let badge = |url: &str| {
            ["badge", "shields.io", "/ci", "travis"].iter().any(|word| url.contains(word))
        };
        let shows = |text: &str| lists.result_images.any(&crate::tree::words(text));
        let found = links.iter().find(|link| {
            link.image && !badge(&link.url) && (headed || shows(&link.url) || shows(&link.text))
        })?;
        Some(document.at(found.line, format!("image {}", found.url)))
    })
}

/// A metric and a number in a heading or paragraph that has, or stands beside, a command that
/// runs a program of the project.
fn numbers_beside_command(subject: &Subject, document: &Document) -> Option<Evidence> {
    let lists = subject.tree.words();
    let runs = |index: usize| {
        document
            .commands
            .iter()
            .any(|command| command.block.abs_diff(index) <= 1 && command.program().is_some())
    };
    let beside = |(index, block): &(usize, &Block)| {
        let text = match &block.kind {
            BlockKind::Prose(prose) => &prose.text,
            BlockKind::Heading(heading) => &heading.text,
            _ => return false,
        };
        lists.template_in(text).is_none() && states_a_measure(lists, text) && runs(*index)
    };
    let (_, block) = document.readme.blocks.iter().enumerate().find(beside)?;
    Some(document.at(block.line, block_text(block)))
}

/// `Prec@1 62.154`, `ROC-AUC=93.79`, `accuracy of 91.2%`: a metric, and after it, within a few
/// words, a decimal number.
fn states_a_measure(lists: &Words, text: &str) -> bool {
    const NEAR: usize = 4;
    let text = text.to_lowercase();
    let split = text.split(|c: char| c.is_whitespace() || "=:()[],;".contains(c));
    let pieces: Vec<&str> = split.filter(|piece| !piece.is_empty()).collect();
    let metric = |piece: &str| {
        let mut words = piece.split(|c: char| !c.is_alphanumeric());
        words.any(|word| lists.metrics.has(word)) || is_at_rank(piece)
    };
    let number = |piece: &&str| {
        let piece = piece.trim_end_matches(['%', '.']).trim_start_matches(['~', '*']);
        piece.contains('.') && piece.parse::<f64>().is_ok()
    };
    pieces.iter().enumerate().any(|(at, piece)| {
        metric(piece) && pieces.get(at + 1..).into_iter().flatten().take(NEAR).any(number)
    })
}

/// `Prec@1`, `hits@10`, `mAP@0.5`: whatever is measured, of the first so many or at a threshold.
fn is_at_rank(piece: &str) -> bool {
    piece.split_once('@').is_some_and(|(measure, rank)| {
        measure.chars().any(char::is_alphabetic) && rank.parse::<f64>().is_ok()
    })
}

/// Where a document says which program gives which figure or table of the paper: at least two
/// of them, each named in a paragraph that has, or stands above, a program of the project.
fn numbered(subject: &Subject, document: &Document) -> Option<Evidence> {
    const FEWEST: usize = 2;
    let lists = subject.tree.words();
    let blocks = &document.readme.blocks;
    let mut found = BTreeSet::new();
    let mut first = None;
    for (index, block) in blocks.iter().enumerate() {
        let text = block_text(block);
        let names = numbered_in(lists, &text);
        let end = blocks.get(index + 2).map_or(usize::MAX, |block| block.line);
        if !names.is_empty() && names_a_program(document, block.line..end) {
            found.extend(names);
            first.get_or_insert_with(|| document.at(block.line, text));
        }
    }
    first.filter(|_| found.len() >= FEWEST)
}

/// Whether a program of the project is run or named on one of these lines.
fn names_a_program(document: &Document, lines: Range<usize>) -> bool {
    let runs = |command: &DocumentedCommand| {
        command.program().is_some() && lines.contains(&command.invocation.line)
    };
    document.commands.iter().any(runs)
        || document.mentions.iter().any(|(line, _, _)| lines.contains(line))
}

/// `Figures 2 to 4`, `Table 1`, `Figs. 5, 6 and 7b`: what is numbered, and the numbers.
fn numbered_in(lists: &Words, text: &str) -> Vec<(String, u16)> {
    let text = text.to_lowercase();
    let split = text.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    let mut found = Vec::new();
    let mut what = None;
    for piece in split {
        let word = piece.trim_end_matches('s');
        let digits = piece.trim_end_matches(|c: char| c.is_alphabetic());
        match (what, digits.parse::<u16>()) {
            _ if lists.numbered.has(word) => what = Some(word),
            (Some(word), Ok(number)) if piece.len() <= digits.len() + 1 => {
                found.push((word.to_owned(), number));
            }
            (Some(_), _) if ["and", "to", "or", "through"].contains(&piece) => {}
            _ => what = None,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_tables_of_the_paper_have_numbers() {
        let lists = Words::standard();
        for (text, expected) in [
            (
                "the experiments shown in Figures 2 to 4, simply run",
                vec![("figure", 2), ("figure", 4)],
            ),
            (
                "Figs. 5, 6 and 7b of Table 1",
                vec![("fig", 5), ("fig", 6), ("fig", 7), ("table", 1)],
            ),
            ("a figure of 3 cats", vec![]),
            ("table 12x5x2", vec![]),
            ("see the tables", vec![]),
        ] {
            let found = numbered_in(&lists, text);
            let found: Vec<_> =
                found.iter().map(|(what, number)| (what.as_str(), *number)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

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
        let lists = Words::standard();
        let table = |header: &[&str], row: &[&str]| Table {
            header: header.iter().map(ToString::to_string).collect(),
            rows: vec![row.iter().map(ToString::to_string).collect()],
            links: Vec::new(),
        };
        assert!(is_results(
            &lists,
            &table(&["Model", "Top-1", "Top-5"], &["ours", "91.2", "99"]),
            false
        ));
        assert!(is_results(&lists, &table(&["", "A", "B"], &["ours", "1.5", "2"]), true));
        assert!(!is_results(
            &lists,
            &table(&["Argument", "Default", "Description"], &["lr", "0.1", "0.2"]),
            false
        ));
        assert!(!is_results(
            &lists,
            &table(&["lr", "dropout", "batch"], &["0.1", "0.2", "3"]),
            false
        ));
        assert!(!is_results(&lists, &table(&["Model", "Link"], &["ours", "x"]), false));
        assert!(!is_results(
            &lists,
            &table(&["split", "images", "from"], &["test", "10", "20"]),
            false
        ));
    }
}
