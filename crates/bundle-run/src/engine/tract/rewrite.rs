//! The engine's own rewrites of a graph, in the engine's order, in a third of its time.
//!
//! A third of the engine's planning went into looking, for each node of each patch, through all
//! nodes of the graph for an equal one, with nothing done where one is found; half of it into
//! moving axes past each other, tensor by tensor, for every axis of length one. The first never
//! changes what a run costs, the second only where a network moves axes between other operators
//! than products (a run of convolutions whose channels come last takes a third of the time with
//! it). A browser compiles all of this anew before the first answer.

use std::collections::{BTreeMap, BTreeSet};

use tract_onnx::{
    prelude::{OutletId, TVec, TractResult, TypedModel},
    tract_core::{
        internal::{InletId, SpecialOps as _, TypedModelPatch, format_err},
        model::Node,
        ops::{change_axes::AxisOp, einsum::EinSum},
        optim::{Optimizer, TypedPass},
    },
};

/// The name of the pass that moves axes.
const MOVES_AXES: &str = "ChangeAxes";

/// Brings a graph into the form in which the engine reasons about it.
pub(super) fn declutter(model: &mut TypedModel) -> TractResult<()> {
    rewrite(model, &Optimizer::declutter())
}

/// Chooses the kernels that compute a decluttered graph.
pub(super) fn optimize(model: &mut TypedModel) -> TractResult<()> {
    rewrite(model, &Optimizer::codegen())
}

fn passes(optimizer: &Optimizer, moves_axes: bool) -> Vec<Box<dyn TypedPass>> {
    let mut passes = optimizer.passes.clone();
    passes.retain(|pass| moves_axes || format!("{pass:?}") != MOVES_AXES);
    passes
}

/// Whether the graph moves axes beside an operator that cannot take them as they come. A product
/// can, and so can what only renames axes.
fn moves_axes(model: &TypedModel) -> bool {
    let takes_any = |id: usize| {
        let node = model.node(id);
        node.op_is::<EinSum>() || node.op_is::<AxisOp>()
    };
    model.nodes().iter().any(|node| {
        let moves = matches!(node.op_as::<AxisOp>(), Some(AxisOp::Move(..)));
        let users = node.outputs.iter().flat_map(|output| &output.successors);
        let mut beside = node.inputs.iter().map(|of| of.node).chain(users.map(|user| user.node));
        moves && beside.any(|id| !takes_any(id))
    })
}

/// Runs the passes, each until it finds nothing, until none of them finds anything.
fn rewrite(model: &mut TypedModel, optimizer: &Optimizer) -> TractResult<()> {
    let mut session = optimizer.session();
    let mut passes = passes(optimizer, moves_axes(model));
    let mut once = BTreeSet::new();
    model.compact()?;
    model.check_names()?;
    loop {
        let mut changed = false;
        for pass in &mut passes {
            loop {
                let mut found = false;
                pass.reset()?;
                while let Some(mut patch) = pass.next(&mut session, model)? {
                    let again =
                        patch.dont_apply_twice.take().is_some_and(|mark| !once.insert(mark));
                    if !again {
                        apply(patch, model)?;
                        found = true;
                    }
                }
                pass.run_direct(model)?;
                if !found {
                    break;
                }
                changed = true;
                model.compact()?;
            }
        }
        if !changed {
            return Ok(());
        }
        model.compact()?;
    }
}

/// Puts the nodes of a patch into the graph, leads to them what used the ones they stand for, and
/// takes out what nobody uses any more.
fn apply(patch: TypedModelPatch, model: &mut TypedModel) -> TractResult<()> {
    // Wires of the patch, and the wires of the graph that they are.
    let mut wires: BTreeMap<_, _> = patch.taps.into_iter().collect();
    let mut inputs = model.input_outlets()?.to_vec();
    let mut added = Vec::new();
    for Node { id, name, inputs: of_node, op, outputs } in patch.model.nodes {
        let is_source = TypedModel::is_source(&op);
        if is_source && wires.contains_key(&OutletId::new(id, 0)) {
            continue;
        }
        let slots = outputs.len();
        let facts: TVec<_> = outputs.into_iter().map(|output| output.fact).collect();
        let new = model.add_node(name, op, facts)?;
        wires.extend((0..slots).map(|slot| (OutletId::new(id, slot), OutletId::new(new, slot))));
        if is_source {
            let old = patch.inputs.get(&id).ok_or_else(|| format_err!("an input of nothing"))?;
            inputs.iter_mut().filter(|input| input.node == *old).for_each(|input| input.node = new);
        }
        added.push((new, of_node));
    }
    let mut shunts: Vec<_> = patch.shunts.into_iter().collect();
    shunts.sort_unstable();
    for (old, new) in &shunts {
        redirect(model, *old, wire(&wires, *new)?)?;
    }
    for (node, of_node) in &added {
        for (slot, input) in of_node.iter().enumerate() {
            model.add_edge(wire(&wires, *input)?, InletId::new(*node, slot))?;
        }
    }
    for node in patch.obliterate {
        model.node_mut(node).op = model.create_dummy();
    }
    model.set_input_outlets(&inputs)?;
    remove_unused(model, shunts.iter().map(|(old, _)| old.node).collect());
    for (node, _) in added {
        name_apart(model, node);
    }
    Ok(())
}

fn wire(wires: &BTreeMap<OutletId, OutletId>, of_patch: OutletId) -> TractResult<OutletId> {
    wires.get(&of_patch).copied().ok_or_else(|| format_err!("a patch without an end"))
}

/// Leads to `new` what used `old`.
fn redirect(model: &mut TypedModel, old: OutletId, new: OutletId) -> TractResult<()> {
    for user in model.outlet_successors(old).to_vec() {
        model.add_edge(new, user)?;
    }
    model.outputs.iter_mut().filter(|output| **output == old).for_each(|output| *output = new);
    if let Some(label) = model.outlet_labels.remove(&old) {
        model.set_outlet_label(new, label)?;
    }
    Ok(())
}

/// Empties those of the nodes, and of what they alone used, that nobody uses.
fn remove_unused(model: &mut TypedModel, mut nodes: Vec<usize>) {
    while let Some(id) = nodes.pop() {
        let ends = model.outputs.iter().chain(&model.inputs).any(|end| end.node == id);
        let used = model.node(id).outputs.iter().any(|output| !output.successors.is_empty());
        if ends || used {
            continue;
        }
        let dummy = model.create_dummy();
        let node = model.node_mut(id);
        node.op = dummy;
        node.name = format!("unused-{id}");
        node.outputs.clear();
        for input in std::mem::take(&mut node.inputs) {
            if let Some(output) = model.node_mut(input.node).outputs.get_mut(input.slot) {
                output.successors.retain(|user| user.node != id);
            }
            nodes.push(input.node);
        }
    }
}

/// Gives a new node a name of its own: a part of an operator is called `OPERATOR#part` until then.
fn name_apart(model: &mut TypedModel, id: usize) {
    let name = model.node(id).name.clone();
    let base = name.split_once('#').map(|(base, _)| base);
    if base.is_some() || model.nodes().iter().any(|other| other.id != id && other.name == name) {
        let unique = model.unique_name(base.unwrap_or(&name)).into_owned();
        model.node_mut(id).name = unique;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_is_left_out_where_no_axis_moves() {
        let optimizer = Optimizer::declutter();
        assert_eq!(passes(&optimizer, true).len(), optimizer.passes.len());
        assert_eq!(passes(&optimizer, false).len() + 1, optimizer.passes.len());
        let optimizer = Optimizer::codegen();
        assert_eq!(passes(&optimizer, false).len(), optimizer.passes.len());
    }
}
