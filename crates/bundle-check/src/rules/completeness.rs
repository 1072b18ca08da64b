//! The five items of the ML Code Completeness Checklist.
//!
//! What the author declares comes first and is verified against the files; what
//! is not declared is looked for. The strict reading is the checklist's README,
//! the loose one its author's article. The template's own text is no evidence of
//! anything. Presence is all that is judged: nothing is run.

mod dependencies;
mod entry;
mod evaluation;
mod pretrained;
mod results;
mod training;

pub(super) use dependencies::environments;

use bundle_project::{BlockKind, Link};

use crate::{
    Answer, Area, Evidence, Rule, Severity,
    documents::{Document, EXAMPLES, block_text},
    finding::{Confidence, Ground, Judgement},
    scripts::Script,
    subject::Subject,
};

const CHECKLIST: &str =
    "ML Code Completeness Checklist (paperswithcode/releasing-research-code, 2021-03-19)";

pub(super) static DEPENDENCIES: Rule = Rule {
    id: "MLCC-1",
    title: "dependencies are specified",
    why: "Whoever wants to run the code first has to install what it needs, in the versions that worked.",
    reference: CHECKLIST,
    severity: Severity::Should,
    area: Area::Completeness,
    remedy: "pip freeze > requirements.txt, and name it as code.environment in bundle.toml",
    inspect: dependencies::inspect,
};

pub(super) static TRAINING: Rule = Rule {
    id: "MLCC-2",
    title: "training code is there",
    why: "The paper's main results come from a training; its code and command let others repeat and change it.",
    reference: CHECKLIST,
    severity: Severity::Should,
    area: Area::Completeness,
    remedy: "add the script that trains, and its command as code.train in bundle.toml",
    inspect: training::inspect,
};

pub(super) static EVALUATION: Rule = Rule {
    id: "MLCC-3",
    title: "evaluation code is there",
    why: "How a number was measured is part of the number.",
    reference: CHECKLIST,
    severity: Severity::Should,
    area: Area::Completeness,
    remedy: "add the script that evaluates, and its command as code.evaluate in bundle.toml",
    inspect: evaluation::inspect,
};

pub(super) static PRETRAINED: Rule = Rule {
    id: "MLCC-4",
    title: "a trained model is there",
    why: "With the weights anyone can evaluate the model, and use it, without training it.",
    reference: CHECKLIST,
    severity: Severity::Should,
    area: Area::Completeness,
    remedy: "export the model to ONNX and declare it under [models], or say `why` there is none",
    inspect: pretrained::inspect,
};

pub(super) static RESULTS: Rule = Rule {
    id: "MLCC-5",
    title: "the README has a table of results with the commands that give them",
    why: "A reader compares the table with the paper, and runs the command to compare with the table.",
    reference: CHECKLIST,
    severity: Severity::Should,
    area: Area::Completeness,
    remedy: "add a table of the paper's numbers to README.md, with the command of each row",
    inspect: results::inspect,
};

/// What the answers to the five items rest on. docs/calibration.md says how often people
/// answered the same where an answer rested on each.
mod ground {
    use super::{
        Confidence::{High, Low, Medium},
        Ground,
    };

    macro_rules! grounds {
        ($($name:ident $text:literal $confidence:expr;)*) => {
            $(pub(super) const $name: Ground = Ground { name: $text, confidence: $confidence };)*
        };
    }

    grounds! {
        DECLARED "declared" High;
        ENVIRONMENT_FILE "environment-file" High;
        INSTALL_COMMAND "install-command" High;
        SECTION "section" Medium;
        COMMAND "command" High;
        PROGRAM "program" Medium;
        NAME "name" Low;
        PART "part" Medium;
        INSIDE_TRAINING "inside-training" Low;
        IN_ONE "in-one" Medium;
        POINTER "pointer" Medium;
        COMMITTED_MODEL "committed-model" High;
        MODEL_ADDRESS "model-address" High;
        TABLE "table" High;
        MEASURE "measure" Medium;
        PICTURE "picture" Low;
        NUMBERED "numbered" Medium;
        ABSENT "absent" Medium;
    }
}

/// Failure for want of evidence; text of the template that stands for the item is shown.
fn nothing(subject: &Subject, item: usize, what: &str) -> Judgement {
    let words = subject.tree.words();
    let template = subject.documents().iter().flat_map(|document| {
        let pieces = document.template_text(words);
        let of_item = pieces.into_iter().filter(move |(_, piece)| piece.item == item);
        of_item.map(|(line, piece)| {
            document.at(line, format!("the template's `{}` is not evidence", piece.text))
        })
    });
    Judgement::fail(std::iter::once(Evidence::note(what)).chain(template)).on(ground::ABSENT)
}

/// Whether a program shows how a library is used, and is none of the paper's experiments.
fn is_example(subject: &Subject, script: &Script) -> bool {
    EXAMPLES.iter().any(|place| script.is_in(place)) && !is_experiment(subject, script)
}

/// Whether a program lies among the experiments: by the name of a directory, or because a
/// document says that they are in that directory of examples.
fn is_experiment(subject: &Subject, script: &Script) -> bool {
    script.is_experiment()
        || subject.claims().experiments_in.iter().any(|place| script.is_in(place))
}

/// A judgement of code, unless the documents say that what was run is elsewhere: no command
/// of theirs runs a program of this project, and a sentence sends the reader to another one.
fn pointer(subject: &Subject, judgement: Judgement) -> Judgement {
    let runs = |document: &Document| {
        let mut commands = document.commands.iter();
        commands.any(|command| command.program().is_some())
    };
    if judgement.answer != Answer::Pass && judgement.answer != Answer::Weak
        || subject.documents().iter().any(runs)
    {
        return judgement;
    }
    match subject.documents().iter().find_map(|document| sends_elsewhere(subject, document)) {
        Some(evidence) => Judgement::weak([evidence, Evidence::note("what was run is elsewhere")])
            .on(ground::POINTER),
        None => judgement,
    }
}

/// A paragraph that says where the experiments are, with the address of a repository.
fn sends_elsewhere(subject: &Subject, document: &Document) -> Option<Evidence> {
    let blocks = &document.readme.blocks;
    blocks.iter().enumerate().find_map(|(index, block)| {
        let text = block_text(block).to_lowercase();
        let words = &subject.tree.words().pointers;
        words.within(&text)?;
        let near = blocks.get(index..).into_iter().flatten().take(3);
        let links = near.flat_map(|near| match &near.kind {
            BlockKind::Prose(prose) => prose.links.as_slice(),
            _ => &[],
        });
        // A page inside a repository is most often one of this project's own.
        let repository = |link: &&Link| {
            let path = link.url.split_once("://").map_or(link.url.as_str(), |(_, path)| path);
            let host = ["github.com/", "gitlab.com/", "bitbucket.org/"];
            host.iter().any(|host| path.starts_with(host))
                && path.trim_end_matches('/').matches('/').count() == 2
        };
        let link = links.into_iter().find(repository)?;
        Some(document.at(link.line, &link.url))
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod traps;
