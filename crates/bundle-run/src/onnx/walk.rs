//! Visits every graph, node and tensor of a model, subgraphs included.
//!
//! Recursion is as deep as the file nests graphs; the decoder ends at 100
//! nested messages, three of which make a subgraph.

use super::proto::{AttributeProto, GraphProto, TensorProto};

/// Calls `visit` on `graph` and on every graph inside it, outer first.
pub(super) fn graphs<'a>(graph: &'a GraphProto, visit: &mut dyn FnMut(&'a GraphProto)) {
    visit(graph);
    for attribute in graph.node.iter().flat_map(|node| &node.attribute) {
        for inner in attribute.g.iter().chain(&attribute.graphs) {
            graphs(inner, visit);
        }
    }
}

/// Like [`graphs`], to change them.
pub(super) fn graphs_mut(graph: &mut GraphProto, visit: &mut dyn FnMut(&mut GraphProto)) {
    visit(graph);
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        for inner in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            graphs_mut(inner, visit);
        }
    }
}

/// Calls `visit` on every tensor with a name to report it by: initializers,
/// and the tensors in attributes of nodes (`Constant` and its kin).
pub(super) fn tensors<'a>(graph: &'a GraphProto, visit: &mut dyn FnMut(&'a str, &'a TensorProto)) {
    graphs(graph, &mut |graph| {
        for tensor in &graph.initializer {
            visit(&tensor.name, tensor);
        }
        for node in &graph.node {
            for tensor in node.attribute.iter().flat_map(of_attribute) {
                visit(super::proto::node_name(node), tensor);
            }
        }
    });
}

/// Like [`tensors`], in the same order, to change them.
pub(super) fn tensors_mut(graph: &mut GraphProto, visit: &mut dyn FnMut(&mut TensorProto)) {
    graphs_mut(graph, &mut |graph| {
        graph.initializer.iter_mut().for_each(&mut *visit);
        for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
            attribute.t.iter_mut().chain(&mut attribute.tensors).for_each(&mut *visit);
        }
    });
}

fn of_attribute(attribute: &AttributeProto) -> impl Iterator<Item = &TensorProto> {
    attribute.t.iter().chain(&attribute.tensors)
}
