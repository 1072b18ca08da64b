//! Models: constants, dimensions, states, and who feeds which ONNX input.

use std::collections::BTreeMap;

use super::check_distinct;
use crate::{
    Constant, Dim, DimRange, EntryName, Manifest, Model,
    tree::{Node, quote},
};

pub(super) fn check(manifest: &Manifest, root: &Node<'_>) {
    let models = &manifest.models.by_name;
    let node = root.at("models");
    if models.is_empty() {
        return check_none(manifest, root);
    }
    if manifest.models.why.is_some() {
        node.at_key("why").report("`why` says that there is no model, but `models` has one");
    }
    for (name, model) in models {
        check_model(model, &node.at(name.as_str()));
    }
    check_feeds(manifest, root);
}

/// Without a model there is nothing to feed, to get or to replay.
fn check_none(manifest: &Manifest, root: &Node<'_>) {
    let lists = [
        ("inputs", manifest.inputs.len()),
        ("outputs", manifest.outputs.len()),
        ("examples", manifest.examples.len()),
        ("links", manifest.links.len()),
    ];
    for (key, count) in lists {
        if count > 0 {
            root.at(key).nth(0).report_with(
                format!("`{key}` need a model, and `models` has none"),
                Some("add `onnx = \"…\"` under `[models.NAME]`".to_owned()),
            );
        }
    }
}

fn check_model(model: &Model, node: &Node<'_>) {
    for (name, constant) in &model.constants {
        check_constant(constant, &node.at("constants").at(name));
    }
    for (name, dim) in &model.dims {
        if let Dim::Range(range) = dim {
            check_range(*range, &node.at("dims").at(name));
        }
    }
    let states = node.at("states");
    let outputs = model.states.iter().enumerate();
    check_distinct(
        "state output",
        outputs.map(|(i, state)| (state.output.as_str(), states.nth(i).at("output"))),
    );
}

fn check_range(range: DimRange, node: &Node<'_>) {
    let DimRange { multiple_of, min, max: Some(max) } = range else { return };
    if min.div_ceil(multiple_of).saturating_mul(multiple_of) > max {
        let multiple = if multiple_of == 1 {
            String::new()
        } else {
            format!(" that is a multiple of {multiple_of}")
        };
        node.report(format!("`{}` allows no length{multiple} from {min} to {max}", node.key()));
    }
}

/// Demands that all elements of each array have one shape and one kind.
fn check_constant(constant: &Constant, node: &Node<'_>) {
    let Constant::Array(elements) = constant else { return };
    for (index, element) in elements.iter().enumerate() {
        check_constant(element, &node.nth(index));
    }
    let Some(first) = elements.first() else { return };
    let odd = elements.iter().position(|element| form_of(element) != form_of(first));
    if let Some(index) = odd {
        let (first, other) = (form_of(first), form_of(&elements[index]));
        node.nth(index).report(format!(
            "the elements of a constant must be alike, but one is {first} and another {other}"
        ));
    }
}

/// What must be the same for all elements of an array.
fn form_of(constant: &Constant) -> String {
    match constant {
        Constant::Bool(_) => "a boolean".to_owned(),
        // An integer among numbers is a number written without its point.
        Constant::Integer(_) | Constant::Number(_) => "a number".to_owned(),
        Constant::Array(elements) => format!("an array of length {}", elements.len()),
    }
}

/// Reports an ONNX input that gets its value from two places.
fn check_feeds(manifest: &Manifest, root: &Node<'_>) {
    let mut sources: BTreeMap<(&EntryName, &str), String> = BTreeMap::new();
    let mut feed = |model, onnx_input, source: String, node: &Node<'_>| {
        if let Some(other) = sources.get(&(model, onnx_input)) {
            let onnx_input = quote(onnx_input);
            node.report(format!("the ONNX input {onnx_input} gets its value from {other} already"));
        } else {
            sources.insert((model, onnx_input), source);
        }
    };
    for (name, model) in &manifest.models.by_name {
        let node = root.at("models").at(name.as_str());
        for constant in model.constants.keys() {
            feed(name, constant, "`constants`".to_owned(), &node.at("constants").at_key(constant));
        }
        for (index, state) in model.states.iter().enumerate() {
            let node = node.at("states").nth(index).at("input");
            feed(name, &state.input, "`states`".to_owned(), &node);
        }
    }
    let only = match manifest.models.by_name.len() {
        1 => manifest.models.by_name.keys().next(),
        _ => None,
    };
    for (index, input) in manifest.inputs.iter().enumerate() {
        let Some(model) = input.model.as_ref().or(only) else { continue };
        for onnx_input in input.tensors.keys() {
            let node = root.at("inputs").nth(index).at("tensors").at_key(onnx_input);
            feed(model, onnx_input, format!("the input `{}`", input.name), &node);
        }
    }
}
