//! Whether a graph holds together: every name has one producer, and no node
//! waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use super::proto::{GraphProto, NodeProto, node_name};

/// What is wrong with `graph`, by the name of a tensor or node.
pub(super) fn check(graph: &GraphProto) -> Result<(), String> {
    free(graph).map(|names| names.into_iter().next()).and_then(|name| match name {
        None => Ok(()),
        Some(name) => Err(format!("`{name}` is used and nothing produces it")),
    })
}

/// The names that `graph` uses and does not produce; a subgraph has them from
/// outside.
fn free(graph: &GraphProto) -> Result<BTreeSet<&str>, String> {
    let fixed: BTreeSet<&str> = graph.initializer.iter().map(|tensor| &*tensor.name).collect();
    let sparse = graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref());
    let mut produced: BTreeMap<&str, Option<usize>> =
        sparse.map(|tensor| (&*tensor.name, None)).collect();
    produced.extend(fixed.iter().map(|name| (*name, None)));
    let mut inputs = BTreeSet::new();
    for input in &graph.input {
        produced.insert(&input.name, None);
        if !inputs.insert(&input.name) {
            return Err(format!("`{}` is an input twice", input.name));
        }
    }
    for (index, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if produced.insert(name, Some(index)).is_some() {
                return Err(format!(
                    "`{name}` is produced twice, once by node `{}`",
                    node_name(node)
                ));
            }
        }
    }
    let mut used = Vec::with_capacity(graph.node.len());
    for node in &graph.node {
        used.push(uses(node)?);
    }
    acyclic(graph, &used, &produced)?;
    let outputs = graph.output.iter().map(|output| &*output.name);
    let all = used.into_iter().flatten().chain(outputs);
    Ok(all.filter(|name| !produced.contains_key(name)).collect())
}

/// The names that a node needs, those of its subgraphs included.
fn uses(node: &NodeProto) -> Result<BTreeSet<&str>, String> {
    let named = node.input.iter().map(String::as_str).filter(|name| !name.is_empty());
    let mut names: BTreeSet<&str> = named.collect();
    for attribute in &node.attribute {
        for inner in attribute.g.iter().chain(&attribute.graphs) {
            names.append(&mut free(inner)?);
        }
    }
    Ok(names)
}

/// Takes away nodes that wait for no other until none is left.
fn acyclic(
    graph: &GraphProto,
    used: &[BTreeSet<&str>],
    produced: &BTreeMap<&str, Option<usize>>,
) -> Result<(), String> {
    let mut waits = vec![0_usize; used.len()];
    let mut followers = vec![Vec::new(); used.len()];
    for (index, names) in used.iter().enumerate() {
        for before in names.iter().filter_map(|name| *produced.get(name)?) {
            waits[index] += 1;
            followers[before].push(index);
        }
    }
    let mut ready: Vec<usize> = (0..waits.len()).filter(|index| waits[*index] == 0).collect();
    while let Some(done) = ready.pop() {
        for next in std::mem::take(&mut followers[done]) {
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.push(next);
            }
        }
    }
    match waits.iter().position(|left| *left > 0) {
        None => Ok(()),
        Some(index) => {
            Err(format!("node `{}` needs its own result", node_name(&graph.node[index])))
        }
    }
}
