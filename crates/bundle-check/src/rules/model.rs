//! The networks.

use std::collections::BTreeSet;

use bundle_manifest::{EntryName, Manifest, Model};
use bundle_run::{Network, OnnxReport, RunError, RunErrorKind, rehearse};

use crate::{
    Answer, Area, Evidence, Rule, Severity,
    finding::Judgement,
    subject::{Declared, Subject},
};

pub(super) static RUNS: Rule = Rule {
    id: "ONNX-1",
    title: "the network can run here",
    why: "An operator that the engine computes wrongly is refused by node and name, never run: a wrong answer without an error is worse than none. Such a bundle packs and is judged all the same.",
    reference: "ARCHITECTURE.md, right or refused",
    severity: Severity::Should,
    area: Area::Model,
    remedy: "export with other operators or another opset; the node is named above",
    inspect: runs,
};

pub(super) static SHAPES: Rule = Rule {
    id: "ONNX-2",
    title: "inputs and outputs of bundle.toml are those of the ONNX file",
    why: "A name that the graph does not know, or a graph input that nothing feeds, means that the declared model is not this one.",
    reference: "ONNX IR, graphs",
    severity: Severity::Must,
    area: Area::Model,
    remedy: "correct `tensors` in bundle.toml; `bundle inspect` lists what the graph takes and gives",
    inspect: shapes,
};

pub(super) static EXTERNAL_DATA: Rule = Rule {
    id: "ONNX-3",
    title: "external data stays inside the project",
    why: "An ONNX file may name other files to read its weights from, `../../etc/passwd` among them.",
    reference: "ONNX, external data",
    severity: Severity::Must,
    area: Area::Model,
    remedy: "export again with the external data beside the ONNX file",
    inspect: external_data,
};

pub(super) static FINITE: Rule = Rule {
    id: "ONNX-4",
    title: "no weight is NaN",
    why: "NaN weights come from a training that diverged, or from a conversion that went wrong.",
    reference: "IEEE 754",
    severity: Severity::Must,
    area: Area::Model,
    remedy: "export the weights of a step before training diverged",
    inspect: finite,
};

pub(super) static WELL_FORMED: Rule = Rule {
    id: "ONNX-5",
    title: "the model file is an ONNX graph",
    why: "An empty file, a Git LFS pointer or a saved error page has the right name and no network in it.",
    reference: "ONNX IR, protobuf",
    severity: Severity::Must,
    area: Area::Model,
    remedy: "export the model again, or fetch the file itself (git lfs pull)",
    inspect: well_formed,
};

/// Why there is nothing to judge about models, if there is nothing.
pub(super) fn no_model(subject: &Subject) -> Result<&Manifest, Judgement> {
    match &subject.declared {
        Declared::Manifest(manifest) if manifest.models.by_name.is_empty() => {
            let why = manifest.models.why.as_deref().unwrap_or("no model is declared");
            Err(Judgement::not_applicable(format!("no model: {why}")))
        }
        Declared::Manifest(manifest) => Ok(manifest),
        Declared::Absent => Err(Judgement::not_applicable("no model is declared")),
        Declared::Invalid(_) | Declared::Unread(_) => {
            Err(Judgement::unknown("bundle.toml cannot be read"))
        }
    }
}

/// The reports of all models, or the judgement of a rule that needs them.
fn reports(subject: &Subject) -> Result<Vec<(&EntryName, &Model, &OnnxReport)>, Judgement> {
    let manifest = no_model(subject)?;
    let withheld: Vec<_> =
        manifest.models.by_name.values().filter(|model| subject.is_withheld(&model.onnx)).collect();
    if !withheld.is_empty() {
        return Err(Judgement::new(
            Answer::NotApplicable,
            withheld.iter().map(|model| Evidence::of(&model.onnx, "withheld")),
        ));
    }
    let mut reports = Vec::new();
    for (name, model) in &manifest.models.by_name {
        match subject.examined().get(name) {
            Some(Ok(report)) => reports.push((name, model, report)),
            Some(Err(error)) if is_external(error) => {
                return Err(Judgement::unknown(format!("model `{name}`: see ONNX-3")));
            }
            _ => return Err(Judgement::unknown(format!("model `{name}`: see ONNX-5"))),
        }
    }
    Ok(reports)
}

fn runs(subject: &Subject) -> Judgement {
    let reports = match reports(subject) {
        Ok(reports) => reports,
        Err(judgement) => return judgement,
    };
    let refusals = reports.iter().flat_map(|(_, model, report)| {
        report.refusals.iter().map(|refusal| {
            let node =
                format!("node `{}` ({}): {}", refusal.node, refusal.operator, refusal.reason);
            Evidence::of(&model.onnx, node)
        })
    });
    let refusals: Vec<_> = refusals.collect();
    if !refusals.is_empty() {
        return Judgement::fail(refusals);
    }
    let predictor = match subject.predictor() {
        Some(Ok(predictor)) => predictor,
        Some(Err(error)) => return refused(subject, error),
        None => return Judgement::unknown("no model is declared"),
    };
    let loaded = reports.iter().map(|(_, model, report)| Evidence::of(&model.onnx, loads(report)));
    let replays = subject.replays().unwrap_or_default();
    let stopped = replays.iter().filter_map(|replay| replay.outcome.as_ref().err());
    if let Some(error) = stopped.into_iter().find(|error| error.is_beyond_engine()) {
        return judge(error);
    }
    if !subject.request.replay || !replays.is_empty() {
        return Judgement::pass(loaded);
    }
    match rehearse(predictor, None, subject.tree.source()) {
        Ok(true) => Judgement::pass(loaded),
        Ok(false) => Judgement::new(
            Answer::Unknown,
            loaded.chain([Evidence::note(
                "not run: neither an example nor `dims` says what shapes its inputs have",
            )]),
        ),
        Err(error) => judge(&error),
    }
}

/// `loads; opset 13, 22,058 parameters`
fn loads(report: &OnnxReport) -> String {
    let opset = report.opsets.iter().find(|(domain, _)| domain.is_empty());
    let opset = opset.map_or_else(String::new, |(_, version)| format!("; opset {version}"));
    match report.parameters {
        0 => format!("loads{opset}"), // trees keep theirs in attributes
        parameters => format!("loads{opset}, {} parameters", grouped(parameters)),
    }
}

/// The network alone, where something around it does not work.
fn refused(subject: &Subject, error: &RunError) -> Judgement {
    let around = matches!(
        error.kind,
        RunErrorKind::Step(_) | RunErrorKind::Mismatch { .. } | RunErrorKind::File { .. }
    );
    if !around {
        return judge(error);
    }
    for (name, model) in subject.manifest().iter().flat_map(|manifest| &manifest.models.by_name) {
        if let Err(error) = Network::load(name.as_str(), model, subject.tree.source()) {
            return judge(&error);
        }
    }
    Judgement::pass([Evidence::note("loads; what is around it does not, see below")])
}

/// A network that is refused fails; what this version cannot do yet is unknown.
fn judge(error: &RunError) -> Judgement {
    if matches!(error.kind, RunErrorKind::Planned { .. }) {
        return Judgement::unknown(error.to_string());
    }
    Judgement::fail([Evidence::note(error.to_string())]).hint(error.hint.as_deref())
}

fn shapes(subject: &Subject) -> Judgement {
    let reports = match reports(subject) {
        Ok(reports) => reports,
        Err(judgement) => return judgement,
    };
    let ([(name, model, report)], Some(manifest)) = (reports.as_slice(), subject.manifest()) else {
        return Judgement::unknown("several models are not judged by this version");
    };
    let mut wrong = mismatches(manifest, model, report);
    if let (true, Some(Err(error))) = (wrong.is_empty(), subject.predictor())
        && matches!(error.kind, RunErrorKind::Mismatch { .. })
    {
        wrong.push(Evidence::note(error.to_string()));
    }
    if !wrong.is_empty() {
        return Judgement::fail(wrong);
    }
    let (inputs, outputs) = (report.inputs.len(), report.outputs.len());
    Judgement::pass([Evidence::note(format!(
        "model `{name}`: {inputs} in, {outputs} out, as declared"
    ))])
}

fn mismatches(manifest: &Manifest, model: &Model, report: &OnnxReport) -> Vec<Evidence> {
    let inputs: BTreeSet<&str> = report.inputs.iter().map(|input| input.name.as_str()).collect();
    let outputs: BTreeSet<&str> =
        report.outputs.iter().map(|output| output.name.as_str()).collect();
    let list = |names: &BTreeSet<&str>| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let mut wrong = Vec::new();
    let mut fed: BTreeSet<&str> = model.constants.keys().map(String::as_str).collect();
    fed.extend(model.states.iter().map(|state| state.input.as_str()));
    for input in &manifest.inputs {
        for onnx in input.tensors.keys() {
            fed.insert(onnx);
            if !inputs.contains(onnx.as_str()) {
                let text = format!(
                    "input `{}` feeds `{onnx}`; the graph takes {}",
                    input.name,
                    list(&inputs)
                );
                wrong.push(Evidence::of("bundle.toml", text));
            }
        }
    }
    for onnx in inputs.iter().filter(|onnx| !fed.contains(**onnx)) {
        wrong.push(Evidence::of("bundle.toml", format!("nothing feeds `{onnx}` of the graph")));
    }
    for output in &manifest.outputs {
        for onnx in output.tensors.values().filter(|onnx| !outputs.contains(onnx.as_str())) {
            let text = format!(
                "output `{}` reads `{onnx}`; the graph gives {}",
                output.name,
                list(&outputs)
            );
            wrong.push(Evidence::of("bundle.toml", text));
        }
    }
    wrong
}

fn external_data(subject: &Subject) -> Judgement {
    if let Err(judgement) = no_model(subject) {
        return judgement;
    }
    let mut evidence = Vec::new();
    for report in subject.examined().values() {
        match report {
            Err(error) if is_external(error) => {
                return Judgement::fail([Evidence::note(error.to_string())]);
            }
            Err(_) => {}
            Ok(report) => {
                evidence.extend(
                    report.external_data.iter().map(|path| Evidence::of(path, "holds weights")),
                );
            }
        }
    }
    if subject.examined().values().any(Result::is_err) {
        return Judgement::unknown("see ONNX-5");
    }
    if evidence.is_empty() {
        evidence.push(Evidence::note("all weights are in the ONNX file"));
    }
    Judgement::pass(evidence)
}

/// Whether the graph is readable and what it says of external data is not acceptable.
fn is_external(error: &RunError) -> bool {
    matches!(&error.kind, RunErrorKind::Malformed { message, .. } if message.contains("external data"))
}

fn finite(subject: &Subject) -> Judgement {
    let reports = match reports(subject) {
        Ok(reports) => reports,
        Err(judgement) => return judgement,
    };
    let bad = reports.iter().flat_map(|(_, model, report)| {
        report
            .not_a_number
            .iter()
            .map(|name| Evidence::of(&model.onnx, format!("`{name}` has NaN")))
    });
    let bad: Vec<_> = bad.collect();
    if !bad.is_empty() {
        return Judgement::fail(bad);
    }
    let infinite = reports.iter().map(|(_, _, report)| report.not_finite.len()).sum::<usize>();
    Judgement::pass([Evidence::note(match infinite {
        0 => "all weights are finite".to_owned(),
        some => format!("no NaN; {some} tensors hold infinities, as attention masks do"),
    })])
}

fn well_formed(subject: &Subject) -> Judgement {
    let manifest = match no_model(subject) {
        Ok(manifest) => manifest,
        Err(judgement) => return judgement,
    };
    let mut wrong = Vec::new();
    let mut right = Vec::new();
    for (name, model) in &manifest.models.by_name {
        let onnx = &model.onnx;
        if subject.is_withheld(onnx) {
            continue;
        }
        match subject.examined().get(name) {
            Some(Err(error)) if !is_external(error) => {
                wrong.push(Evidence::of(onnx, error.to_string()));
            }
            Some(Ok(report)) => {
                let producer = if report.producer.trim().is_empty() {
                    "an unnamed exporter"
                } else {
                    &report.producer
                };
                right.push(Evidence::of(
                    onnx,
                    format!("IR version {}, by {producer}", report.ir_version),
                ));
            }
            _ => {}
        }
    }
    match (wrong.is_empty(), right.is_empty()) {
        (false, _) => Judgement::fail(wrong),
        (true, false) => Judgement::pass(right),
        (true, true) => Judgement::not_applicable("withheld"),
    }
}

/// `22,314`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let shown: Vec<_> = [0, 999, 1_000, 22_314, 1_234_567].map(grouped).into();
        assert_eq!(shown, ["0", "999", "1,000", "22,314", "1,234,567"]);
    }
}
