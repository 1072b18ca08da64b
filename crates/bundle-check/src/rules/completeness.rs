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

use crate::{Area, Evidence, Rule, Severity, finding::Judgement, subject::Subject};

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

/// Failure for want of evidence; text of the template that stands for the item is shown.
fn nothing(subject: &Subject, item: usize, what: &str) -> Judgement {
    let template = subject.documents().iter().flat_map(|document| {
        let pieces = document.template_text();
        let of_item = pieces.into_iter().filter(move |(_, _, stands_for)| *stands_for == item);
        of_item.map(|(line, piece, _)| {
            document.at(line, format!("the template's `{piece}` is not evidence"))
        })
    });
    Judgement::fail(std::iter::once(Evidence::note(what)).chain(template))
}

#[cfg(test)]
mod tests;
