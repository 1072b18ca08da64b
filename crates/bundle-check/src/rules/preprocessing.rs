//! From a file to a tensor.

use bundle_preprocess::{InputPipeline, OutputPipeline};

use super::model::no_model;
use crate::{Answer, Area, Evidence, Rule, Severity, finding::Judgement, subject::Subject};

pub(super) static TYPES: Rule = Rule {
    id: "PREP-1",
    title: "every step takes what the step before it gives",
    why: "A pipeline that cannot work is an error of its author, found here without running anything. A step that the format knows and this version cannot run is unknown, not wrong.",
    reference: "docs/manifest.md, steps",
    severity: Severity::Must,
    area: Area::Preprocessing,
    remedy: "correct the step in bundle.toml",
    inspect: types,
};

fn types(subject: &Subject) -> Judgement {
    let manifest = match no_model(subject) {
        Ok(manifest) => manifest,
        Err(judgement) => return judgement,
    };
    let files = subject.tree.source();
    let inputs = manifest
        .inputs
        .iter()
        .map(|input| (&input.steps, InputPipeline::compile(input, files).map(drop)));
    let outputs = manifest
        .outputs
        .iter()
        .map(|output| (&output.steps, OutputPipeline::compile(output, None, files).map(drop)));
    let mut wrong = Vec::new();
    let mut planned = Vec::new();
    let mut steps = 0;
    let mut hint = None;
    for (declared, compiled) in inputs.chain(outputs) {
        steps += declared.len();
        let Err(error) = compiled else { continue };
        let evidence = Evidence::of("bundle.toml", error.to_string());
        if error.planned {
            planned.push(evidence);
        } else {
            hint = hint.or(error.hint);
            wrong.push(evidence);
        }
    }
    match (wrong.is_empty(), planned.is_empty()) {
        (false, _) => Judgement::fail(wrong).hint(hint.as_deref()),
        (true, false) => Judgement::new(Answer::Unknown, planned),
        (true, true) => Judgement::pass([Evidence::note(format!("{steps} steps fit together"))]),
    }
}
