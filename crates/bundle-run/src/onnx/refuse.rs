//! Which nodes would fail or, worse, be computed wrongly without an error.
//!
//! Right or refused: a node that this list does not know either runs as ONNX
//! says, or the engine stops with an error. What is listed was read in the
//! sources of tract 0.23.9 and measured against onnxruntime on ONNX's own
//! operator tests.

use std::collections::BTreeSet;

use super::{
    OnnxFile, element,
    proto::{
        GraphProto, NodeProto, TensorProto, TypeProto, TypeValue, domain, node_name, operator,
    },
    rules, walk,
};
use crate::{Refusal, engine, error::printable};

/// Everything that stops `file` from running, in order of appearance.
pub(crate) fn refusals(file: &OnnxFile) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    boundary(file.graph(), &mut refusals);
    let mut tensors = BTreeSet::new();
    walk::tensors(file.graph(), &mut |name, tensor| {
        if element::dtype(tensor.data_type).is_none() && tensors.insert(name) {
            let reason = unsupported_type(tensor.data_type);
            refusals.push(refusal(name, "initializer", reason));
        }
    });
    walk::graphs(file.graph(), &mut |graph| {
        for tensor in graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref()) {
            refusals.push(refusal(&tensor.name, "sparse initializer", "sparse tensors cannot run"));
        }
        for node in &graph.node {
            if let Some(reason) = objection(file, graph, node) {
                refusals.push(refusal(node_name(node), &operator(node), reason));
            }
        }
    });
    refusals
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

fn objection(file: &OnnxFile, graph: &GraphProto, node: &NodeProto) -> Option<String> {
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
    let constant = |name: &str| constant(file.graph(), graph, name);
    rules::objection(node, opset, &constant)
}

/// The value of `name` where it is known before running: an initializer or a
/// `Constant` of the same graph or of the outermost.
fn constant<'a>(
    outer: &'a GraphProto,
    inner: &'a GraphProto,
    name: &str,
) -> Option<&'a TensorProto> {
    [inner, outer].into_iter().find_map(|graph| {
        let initializer = graph.initializer.iter().find(|tensor| tensor.name == name);
        initializer.or_else(|| {
            let node = graph.node.iter().find(|node| node.output.iter().any(|out| out == name))?;
            (node.op_type == "Constant").then_some(())?;
            super::proto::attribute(node, "value")?.t.as_ref()
        })
    })
}
