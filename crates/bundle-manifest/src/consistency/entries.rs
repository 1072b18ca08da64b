//! Inputs, outputs, examples, claims and links: that what they name is declared.

use super::{
    columns::{self, Cells, Known},
    steps,
};
use crate::{
    Claim, Compare, EntryName, Example, Input, InputKind, Link, Manifest, Output, OutputKind, Step,
    tree::{Node, list, quote},
};

pub(super) fn check_input(manifest: &Manifest, input: &Input, node: &Node<'_>) {
    check_model(manifest, input.model.as_ref(), node);
    let steps = node.at("steps");
    steps::check(&input.steps, &steps);
    let columns = columns::check(&input.steps, &steps);
    check_published(input, &columns, &node.at("tensors"));
    check_pieces(input, node);
}

/// The values that `tensors` names are published: `value`, the results of `top_k`
/// beside it, and the numeric columns where a table is left at the end.
fn check_published(input: &Input, columns: &Known<'_>, tensors: &Node<'_>) {
    if input.tensors.is_empty() {
        tensors.report(format!("the input `{}` reaches no ONNX input", input.name));
    }
    let mut published = vec!["value"];
    for step in &input.steps {
        match step {
            // Nobody knows yet what a planned step publishes.
            Step::Planned(_) => return,
            Step::TopK(_) => published.extend(["values", "indices"]),
            _ => {}
        }
    }
    let numeric = columns.iter().flatten().filter(|(_, cells)| **cells == Cells::Numbers);
    published.extend(numeric.map(|(name, _)| name.as_str()));
    for (onnx_input, value) in &input.tensors {
        if !published.contains(&value.as_str()) {
            let message = format!("no step publishes {}", quote(value));
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

pub(super) fn check_output(manifest: &Manifest, output: &Output, node: &Node<'_>) {
    check_model(manifest, output.model.as_ref(), node);
    steps::check(&output.steps, &node.at("steps"));
    columns::check(&output.steps, &node.at("steps"));
    check_roles(output, &node.at("tensors"));
    check_restore(manifest, output, node);
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

fn check_restore(manifest: &Manifest, output: &Output, node: &Node<'_>) {
    let Some(restore) = &output.restore else { return };
    if !matches!(
        output.kind,
        OutputKind::Boxes | OutputKind::Mask | OutputKind::Image | OutputKind::Keypoints
    ) {
        let kind = output.kind;
        node.at_key("restore")
            .report(format!("an output of kind `{kind}` has no place in an image"));
    }
    let node = node.at("restore");
    if check_declared("input", restore, &input_names(manifest), &node) {
        let named = manifest.inputs.iter().find(|input| input.name == *restore);
        if let Some(input) = named.filter(|input| input.kind != InputKind::Image) {
            let kind = input.kind;
            node.report(format!(
                "`restore` must name an image, and `{restore}` is of kind `{kind}`"
            ));
        }
    }
}

pub(super) fn check_example(manifest: &Manifest, example: &Example, node: &Node<'_>) {
    let (inputs, outputs) = (input_names(manifest), output_names(manifest));
    for name in example.inputs.keys() {
        check_declared("input", name, &inputs, &node.at("inputs").at_key(name.as_str()));
    }
    for name in example.expect.keys() {
        check_declared("output", name, &outputs, &node.at("expect").at_key(name.as_str()));
    }
    for name in example.truth.keys() {
        check_declared("output", name, &outputs, &node.at("truth").at_key(name.as_str()));
    }
    // A network runs when all its inputs are there; an example may use some of several networks.
    let given = |input: &&Input| example.inputs.contains_key(&input.name);
    let used: Vec<_> = manifest.inputs.iter().filter(given).map(|input| &input.model).collect();
    let missing: Vec<_> = manifest
        .inputs
        .iter()
        .filter(|input| !given(input) && (used.contains(&&input.model) || used.is_empty()))
        .map(|input| input.name.as_str())
        .collect();
    let unknown = example.inputs.keys().any(|name| !inputs.contains(&name.as_str()));
    if !missing.is_empty() && !unknown {
        node.at("inputs").report(format!(
            "the example `{}` has no value for {}",
            example.name,
            list(&missing)
        ));
    }
}

pub(super) fn check_claim(manifest: &Manifest, claim: &Claim, node: &Node<'_>) {
    if let Some(output) = &claim.output {
        check_declared("output", output, &output_names(manifest), &node.at("output"));
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

pub(super) fn check_link(manifest: &Manifest, link: &Link, node: &Node<'_>) {
    let models = model_names(manifest);
    for (key, end) in [("from", &link.from), ("to", &link.to)] {
        // Names may have dots themselves, so the declared ones are tried.
        let named = |model: &&str| {
            end.strip_prefix(*model)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| !rest.is_empty())
        };
        if models.is_empty() || models.iter().any(named) {
            continue;
        }
        let node = node.at(key);
        match end.split_once('.') {
            Some((model, tensor)) if !model.is_empty() && !tensor.is_empty() => {
                node.report_unknown("model", model, &models);
            }
            _ => node.report_wrong("a model and a tensor with a dot between them, `MODEL.TENSOR`"),
        }
    }
}

/// The `model` of an input or an output: declared, and there where it decides.
fn check_model(manifest: &Manifest, model: Option<&EntryName>, node: &Node<'_>) {
    let models = model_names(manifest);
    match model {
        // Without any model, that is what was reported.
        Some(model) if !models.is_empty() => {
            check_declared("model", model, &models, &node.at("model"));
        }
        None if models.len() > 1 => node.report_with(
            format!("missing key `model` in `{}`: there are several models", node.key()),
            Some(format!("one of {}", list(&models))),
        ),
        _ => {}
    }
}

fn check_declared(what: &str, name: &EntryName, declared: &[&str], node: &Node<'_>) -> bool {
    let known = declared.contains(&name.as_str());
    if !known {
        node.report_unknown(what, name.as_str(), declared);
    }
    known
}

fn check_not_negative(value: f64, node: &Node<'_>) {
    if value < 0.0 {
        node.report(format!("`{}` is {value}; a tolerance is at least 0", node.key()));
    }
}

fn model_names(manifest: &Manifest) -> Vec<&str> {
    manifest.models.by_name.keys().map(EntryName::as_str).collect()
}

fn input_names(manifest: &Manifest) -> Vec<&str> {
    manifest.inputs.iter().map(|input| input.name.as_str()).collect()
}

fn output_names(manifest: &Manifest) -> Vec<&str> {
    manifest.outputs.iter().map(|output| output.name.as_str()).collect()
}
