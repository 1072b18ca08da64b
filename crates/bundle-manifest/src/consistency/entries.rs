//! Inputs, outputs, examples, claims and links: that what they name is declared.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    columns::{self, Cells, Known},
    groups, steps,
};
use crate::{
    Claim, Compare, EntryName, Example, Input, InputKind, Link, Manifest, Output, OutputKind, Step,
    tree::{Node, list, quote},
};

/// Steps of one pipeline that are checked; real ones have a dozen.
const MAX_STEPS: usize = 256;

/// What is declared, to be looked up by name.
pub(super) struct Declared<'m> {
    models: BTreeSet<&'m str>,
    inputs: BTreeMap<&'m str, &'m Input>,
    outputs: BTreeSet<&'m str>,
    /// The inputs of each model that are given; of the only one under `None`.
    inputs_of: BTreeMap<Option<&'m EntryName>, BTreeSet<&'m str>>,
    /// The inputs that a group joins.
    joined: BTreeSet<&'m str>,
}

impl<'m> Declared<'m> {
    pub(super) fn by(manifest: &'m Manifest) -> Self {
        let mut inputs_of: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for input in manifest.inputs.iter().filter(|input| input.is_given()) {
            inputs_of.entry(input.model.as_ref()).or_default().insert(input.name.as_str());
        }
        Self {
            models: manifest.models.by_name.keys().map(EntryName::as_str).collect(),
            inputs: manifest.inputs.iter().map(|input| (input.name.as_str(), input)).collect(),
            outputs: manifest.outputs.iter().map(|output| output.name.as_str()).collect(),
            inputs_of,
            joined: manifest.inputs.iter().flat_map(|i| &i.of).map(EntryName::as_str).collect(),
        }
    }

    /// Reports a model that is not declared.
    fn check_model(&self, name: &str, node: &Node<'_>) {
        if !self.models.contains(name) {
            node.report_unknown("model", name, &self.models.iter().copied().collect::<Vec<_>>());
        }
    }

    /// The input of that name, or a report.
    pub(super) fn input(&self, name: &EntryName, node: &Node<'_>) -> Option<&'m Input> {
        let input = self.inputs.get(name.as_str()).copied();
        if input.is_none() {
            let names: Vec<_> = self.inputs.keys().copied().collect();
            node.report_unknown("input", name.as_str(), &names);
        }
        input
    }

    /// Reports an output that is not declared.
    fn check_output(&self, name: &EntryName, node: &Node<'_>) {
        if !self.outputs.contains(name.as_str()) {
            let names: Vec<_> = self.outputs.iter().copied().collect();
            node.report_unknown("output", name.as_str(), &names);
        }
    }
}

pub(super) fn check_input(declared: &Declared<'_>, input: &Input, node: &Node<'_>) {
    check_model(declared, input.model.as_ref(), node);
    groups::check(declared, input, node);
    let columns = check_steps(&input.steps, &node.at("steps"));
    let tensors = node.at("tensors");
    if input.tensors.is_empty() && !declared.joined.contains(input.name.as_str()) {
        tensors.report(format!("the input `{}` reaches no ONNX input", input.name));
    }
    check_published(input, &columns, &tensors);
    check_pieces(input, node);
}

/// Checks a pipeline; returns the columns that are left at its end.
fn check_steps<'s>(steps: &'s [Step], node: &Node<'_>) -> Known<'s> {
    if steps.len() > MAX_STEPS {
        let count = steps.len();
        node.report(format!("`{}` has {count} steps; at most {MAX_STEPS} are run", node.key()));
        return None;
    }
    steps::check(steps, node);
    columns::check(steps, node)
}

/// The values that `tensors` names are published: `value`, the results of `top_k`
/// beside it, and the numeric columns where a table is left at the end.
fn check_published(input: &Input, columns: &Known<'_>, tensors: &Node<'_>) {
    let mut published = BTreeSet::from(["value"]);
    for step in &input.steps {
        published.extend(step.publishes());
    }
    let numeric = columns.iter().flatten().filter(|(_, cells)| **cells == Cells::Numbers);
    published.extend(numeric.map(|(name, _)| name.as_str()));
    for (onnx_input, value) in &input.tensors {
        if !published.contains(value.as_str()) {
            let message = format!("no step publishes {}", quote(value));
            let published: Vec<_> = published.iter().copied().collect();
            tensors.at(onnx_input).report_near(message, value, &published);
        }
    }
}

/// How an input is cut: only what has a length or an area is.
fn check_pieces(input: &Input, node: &Node<'_>) {
    if let Some(window) = &input.window {
        let node = node.at("window");
        if !matches!(input.kind, InputKind::Audio | InputKind::Series | InputKind::Text) {
            node.report(format!("`window` does not apply to an input of kind `{}`", input.kind));
        }
        if window.stride > window.length {
            let (stride, length) = (window.stride, window.length);
            node.at("stride").report(format!("`stride` {stride} exceeds `length` {length}"));
        }
    }
    if let Some(tile) = &input.tile {
        let node = node.at("tile");
        if input.kind != InputKind::Image {
            node.report(format!("`tile` does not apply to an input of kind `{}`", input.kind));
        }
        let [height, width] = tile.size;
        if tile.halo.saturating_mul(2) >= u64::from(height.min(width)) {
            node.at("halo").report(format!(
                "a `halo` of {} leaves nothing of a {height}×{width} tile",
                tile.halo
            ));
        }
    }
}

pub(super) fn check_output(declared: &Declared<'_>, output: &Output, node: &Node<'_>) {
    check_model(declared, output.model.as_ref(), node);
    check_steps(&output.steps, &node.at("steps"));
    check_roles(output, &node.at("tensors"));
    check_restore(declared, output, node);
    if output.labels.is_some()
        && matches!(output.kind, OutputKind::Scalar | OutputKind::Embedding | OutputKind::Image)
    {
        let kind = output.kind;
        node.at_key("labels").report(format!("an output of kind `{kind}` has no classes to label"));
    }
    let tolerance = node.at("tolerance");
    check_not_negative(output.tolerance.atol, &tolerance.at("atol"));
    check_not_negative(output.tolerance.rtol, &tolerance.at("rtol"));
    let compares = match output.tolerance.compare {
        Compare::Text => matches!(output.kind, OutputKind::Text | OutputKind::Tokens),
        Compare::SetIou => output.kind == OutputKind::Boxes,
        Compare::Allclose | Compare::Top1 => true,
    };
    if !compares {
        let (compare, kind) = (output.tolerance.compare, output.kind);
        tolerance
            .at("compare")
            .report(format!("`{compare}` does not compare outputs of kind `{kind}`"));
    }
}

fn check_roles(output: &Output, tensors: &Node<'_>) {
    let (kind, roles) = (output.kind, output.kind.roles());
    for role in output.tensors.keys() {
        if !roles.contains(&role.as_str()) {
            tensors.at_key(role).report_near(
                format!("{} is not a role of a `{kind}` output", quote(role)),
                role,
                roles,
            );
        }
    }
    let any_unknown = output.tensors.keys().any(|role| !roles.contains(&role.as_str()));
    if output.main_tensor().is_none() && !any_unknown {
        let role = kind.main_roles()[0];
        tensors.report(format!("`tensors` of a `{kind}` output needs the role `{role}`"));
    }
}

fn check_restore(declared: &Declared<'_>, output: &Output, node: &Node<'_>) {
    let Some(restore) = &output.restore else { return };
    let kind = output.kind;
    if !matches!(
        kind,
        OutputKind::Boxes | OutputKind::Mask | OutputKind::Image | OutputKind::Keypoints
    ) {
        let message = format!("an output of kind `{kind}` has no place in an image");
        node.at_key("restore").report(message);
    }
    let node = node.at("restore");
    let Some(input) = declared.input(restore, &node) else { return };
    if input.kind != InputKind::Image {
        let kind = input.kind;
        node.report(format!("`restore` must name an image, and `{restore}` is of kind `{kind}`"));
    }
}

pub(super) fn check_example(declared: &Declared<'_>, example: &Example, node: &Node<'_>) {
    let inputs = node.at("inputs");
    let mut given: BTreeMap<Option<&EntryName>, usize> = BTreeMap::new();
    let mut all_known = true;
    for name in example.inputs.keys() {
        match declared.input(name, &inputs.at_key(name.as_str())) {
            Some(input) if !input.is_given() => {
                inputs.at_key(name.as_str()).report_with(
                    format!("`{name}` is a group, and an example gives nothing for it"),
                    Some("give its inputs".to_owned()),
                );
            }
            Some(input) => *given.entry(input.model.as_ref()).or_default() += 1,
            None => all_known = false,
        }
    }
    for (key, names) in [
        ("expect", example.expect.keys().collect::<Vec<_>>()),
        ("truth", example.truth.keys().collect()),
    ] {
        let node = node.at(key);
        for name in names {
            declared.check_output(name, &node.at_key(name.as_str()));
        }
    }
    // An example may use some of several networks, but of each that it uses, all inputs.
    for (model, wanted) in &declared.inputs_of {
        let given = given.get(model).copied().unwrap_or_default();
        let used = given > 0 || example.inputs.is_empty();
        if all_known && used && given < wanted.len() && !inputs.is_full() {
            let missing = wanted.iter().copied().filter(|name| !example.inputs.contains_key(*name));
            let missing: Vec<_> = missing.collect();
            let (name, missing) = (&example.name, list(&missing));
            inputs.report(format!("the example `{name}` has no value for {missing}"));
        }
    }
}

pub(super) fn check_claim(declared: &Declared<'_>, claim: &Claim, node: &Node<'_>) {
    if let Some(output) = &claim.output {
        declared.check_output(output, &node.at("output"));
    } else if claim.data.is_some() {
        node.at_key("data").report_with(
            "a claim with `data` needs the `output` that is measured on it",
            Some("add `output = \"…\"`, or remove `data`".to_owned()),
        );
    }
    if let Some(tolerance) = claim.tolerance {
        check_not_negative(tolerance, &node.at("tolerance"));
    }
}

pub(super) fn check_link(declared: &Declared<'_>, link: &Link, node: &Node<'_>) {
    for (key, end) in [("from", &link.from), ("to", &link.to)] {
        let node = node.at(key);
        // Names may have dots themselves, so each dot may be the one between them.
        let mut splits = end.match_indices('.').map(|(at, _)| end.split_at(at));
        if splits.any(|(model, tensor)| tensor.len() > 1 && declared.models.contains(model)) {
            continue;
        }
        match end.split_once('.') {
            Some((model, tensor)) if !model.is_empty() && !tensor.is_empty() => {
                declared.check_model(model, &node);
            }
            _ => node.report_wrong("a model and a tensor with a dot between them, `MODEL.TENSOR`"),
        }
    }
}

/// The `model` of an input or an output: declared, and there where it decides.
fn check_model(declared: &Declared<'_>, model: Option<&EntryName>, node: &Node<'_>) {
    match model {
        Some(model) => declared.check_model(model.as_str(), &node.at("model")),
        None if declared.models.len() > 1 => {
            let models: Vec<_> = declared.models.iter().copied().collect();
            node.report_with(
                format!("missing key `model` in `{}`: there are several models", node.key()),
                Some(format!("one of {}", list(&models))),
            );
        }
        None => {}
    }
}

fn check_not_negative(value: f64, node: &Node<'_>) {
    if value < 0.0 {
        node.report(format!("`{}` is {value}; a tolerance is at least 0", node.key()));
    }
}
