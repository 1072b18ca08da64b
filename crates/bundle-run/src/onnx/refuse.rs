//! Which nodes would fail or, worse, be computed wrongly without an error.
//!
//! Right or refused: a node that this list does not know either runs as ONNX
//! says, or the engine stops with an error. What is listed was read in the
//! sources of tract 0.23.9 and measured against onnxruntime on ONNX's own
//! operator tests.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    OnnxFile, element,
    proto::{
        GraphProto, NodeProto, TensorProto, TypeProto, TypeValue, domain, node_name, operator,
    },
    rules, walk,
};
use crate::{Refusal, engine, error::printable};

/// The newest versions of ONNX's operators and of its format that were looked at.
const NEWEST_OPSET: i64 = 28;
const NEWEST_IR: i64 = 14;

/// Everything that stops `file` from running, in order of appearance.
pub(crate) fn refusals(file: &OnnxFile) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    versions(file, &mut refusals);
    boundary(file.graph(), &mut refusals);
    let mut tensors = BTreeSet::new();
    walk::tensors(file.graph(), &mut |name, tensor| {
        if element::dtype(tensor.data_type).is_none() && tensors.insert(name) {
            let reason = unsupported_type(tensor.data_type);
            refusals.push(refusal(name, "initializer", reason));
        }
    });
    let outermost = constants(file.graph());
    walk::graphs(file.graph(), &mut |graph| {
        let inner = constants(graph);
        let known = |name: &str| inner.get(name).or_else(|| outermost.get(name)).copied();
        for tensor in graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref()) {
            refusals.push(refusal(&tensor.name, "sparse initializer", "sparse tensors cannot run"));
        }
        for node in &graph.node {
            if let Some(reason) = objection(file, node, &known) {
                refusals.push(refusal(node_name(node), &operator(node), reason));
            }
        }
    });
    refusals
}

/// What was defined after this version was written may change what a node means.
fn versions(file: &OnnxFile, refusals: &mut Vec<Refusal>) {
    let opset = file.opset("").unwrap_or(0);
    for (what, given, newest) in
        [("opset", opset, NEWEST_OPSET), ("IR version", file.model.ir_version, NEWEST_IR)]
    {
        if given > newest {
            let reason = format!("{given} is newer than {newest}, the newest this version knows");
            refusals.push(refusal("ai.onnx", what, reason));
        }
    }
}

/// Inputs and outputs of types that no tensor here has.
fn boundary(graph: &GraphProto, refusals: &mut Vec<Refusal>) {
    let ends = graph.input.iter().map(|value| ("input", value));
    for (role, value) in ends.chain(graph.output.iter().map(|value| ("output", value))) {
        match value.r#type.as_ref() {
            Some(TypeProto { value: Some(TypeValue::TensorType(tensor)), .. }) => {
                // An output may leave its type to inference.
                let unknown = role == "output" && tensor.elem_type == 0;
                if element::dtype(tensor.elem_type).is_none() && !unknown {
                    let reason = unsupported_type(tensor.elem_type);
                    refusals.push(refusal(&value.name, role, reason));
                }
            }
            Some(_) => {
                let reason = "sequences, maps and optionals cannot run";
                refusals.push(refusal(&value.name, role, reason));
            }
            None if role == "input" => {
                refusals.push(refusal(&value.name, role, "has no type"));
            }
            None => {}
        }
    }
}

fn refusal(node: &str, operator: &str, reason: impl Into<String>) -> Refusal {
    let [node, operator] = [node, operator].map(|name| printable(name.to_owned()));
    Refusal { node, operator, reason: printable(reason.into()) }
}

fn unsupported_type(code: i32) -> String {
    format!("the element type {} cannot run", element::word(code))
}

fn objection(file: &OnnxFile, node: &NodeProto, known: &rules::Constants<'_>) -> Option<String> {
    let functions = &file.model.functions;
    let is = |name: &Option<String>, text: &str| name.as_deref().unwrap_or("") == text;
    let of_file = functions.iter().any(|function| {
        is(&function.name, &node.op_type)
            && domain(function.domain.as_deref().unwrap_or("")) == domain(&node.domain)
    });
    if of_file {
        return Some("is a function of the model; export with functions inlined".to_owned());
    }
    if !engine::has_operator(domain(&node.domain), &node.op_type) {
        return Some(match domain(&node.domain) {
            "" | "ai.onnx.ml" => "the engine does not have this operator".to_owned(),
            other => format!("the engine does not have this operator of the domain `{other}`"),
        });
    }
    let opset = file.opset(&node.domain).unwrap_or(0);
    rules::objection(node, opset, known)
}

/// The tensors of `graph` that are known before running: its initializers and
/// its `Constant`s.
fn constants(graph: &GraphProto) -> BTreeMap<&str, &TensorProto> {
    let value = |node| super::proto::attribute(node, "value")?.t.as_ref();
    let nodes = graph.node.iter().filter(|node| node.op_type == "Constant");
    let nodes = nodes.filter_map(|node| Some((node.output.first()?.as_str(), value(node)?)));
    let initializers = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor));
    nodes.chain(initializers).collect()
}
