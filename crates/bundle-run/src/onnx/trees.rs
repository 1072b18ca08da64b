//! `TreeEnsembleClassifier`: what the engine believes without looking.
//!
//! tract walks the trees with unchecked indices: a class that is not there
//! would be written outside the array, a loop would never end. So an ensemble
//! is checked here, node by node. Three more things would be wrong silently:
//! `BRANCH_GTE` is taken for a leaf, tensors in place of lists are not read,
//! and two classes with one column of votes get the label of class 0 always
//! (`rewrite` takes the label from the scores instead).

use super::{
    proto::{NodeProto, attribute, floats, ints, text, texts},
    rules::TEXT_LABELS,
};

const TENSOR_ATTRIBUTES: [&str; 4] = [
    "base_values_as_tensor",
    "class_weights_as_tensor",
    "nodes_hitrates_as_tensor",
    "nodes_values_as_tensor",
];

/// Why the ensemble of `node` cannot run.
pub(super) fn objection(node: &NodeProto) -> Option<String> {
    if !texts(node, "classlabels_strings").is_empty() {
        return Some(TEXT_LABELS.to_owned());
    }
    if let Some(name) = TENSOR_ATTRIBUTES.iter().find(|name| attribute(node, name).is_some()) {
        return Some(format!("its attribute `{name}` is ignored by the engine"));
    }
    votes(node).or_else(|| walks(node)).or_else(|| two_classes(node))
}

/// Whether the leaves vote for classes that exist.
fn votes(node: &NodeProto) -> Option<String> {
    let classes = i64::try_from(ints(node, "classlabels_int64s").len()).unwrap_or(0);
    if classes < 2 {
        return Some(format!("has {classes} classes"));
    }
    let outside = ints(node, "class_ids").iter().find(|class| !(0..classes).contains(*class));
    outside.map(|class| format!("has a vote for class {class} of {classes}"))
}

/// Whether every tree is a tree: its nodes counted from 0, every branch to a
/// later node of the same tree (so every walk ends), every mode known.
fn walks(node: &NodeProto) -> Option<String> {
    let (trees, ids) = (ints(node, "nodes_treeids"), ints(node, "nodes_nodeids"));
    let modes = texts(node, "nodes_modes");
    let (yes, no) = (ints(node, "nodes_truenodeids"), ints(node, "nodes_falsenodeids"));
    let features = ints(node, "nodes_featureids");
    let count = modes.len();
    if [trees.len(), ids.len(), yes.len(), no.len(), features.len()] != [count; 5] || count == 0 {
        return Some("has lists of nodes that differ in length".to_owned());
    }
    let mut sizes = std::collections::BTreeMap::<i64, i64>::new();
    for tree in trees {
        *sizes.entry(*tree).or_default() += 1;
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut leaves = std::collections::BTreeSet::new();
    for index in 0..count {
        let (tree, id, size) = (trees[index], ids[index], sizes[&trees[index]]);
        if !(0..size).contains(&id) || !seen.insert((tree, id)) {
            return Some(format!("tree {tree} does not count its nodes from 0"));
        }
        match modes[index] {
            "LEAF" => {
                leaves.insert((tree, id));
                continue;
            }
            "BRANCH_LEQ" | "BRANCH_LT" | "BRANCH_GT" | "BRANCH_EQ" | "BRANCH_NEQ" => {}
            mode => return Some(format!("the engine does not have the branch `{mode}`")),
        }
        let inside = |next: i64| next > id && next < size;
        if !inside(yes[index]) || !inside(no[index]) || features[index] < 0 {
            return Some(format!("tree {tree}: node {id} branches to no later node of its tree"));
        }
    }
    // A vote elsewhere would make the engine forget all votes after it.
    let votes = ints(node, "class_treeids").iter().zip(ints(node, "class_nodeids"));
    let mut stray = votes.filter(|(tree, id)| !leaves.contains(&(**tree, **id)));
    stray.next().map(|(tree, id)| format!("tree {tree}: a vote at node {id}, which is no leaf"))
}

/// With two classes ONNX has several readings of the scores. Only that of
/// scikit-learn's forests (one column of votes, probabilities of class 1) and
/// that of a logistic score are the engine's too; with two columns of votes,
/// onnxruntime and ONNX's text disagree on the label.
fn two_classes(node: &NodeProto) -> Option<String> {
    if ints(node, "classlabels_int64s").len() != 2 {
        return None;
    }
    if !has_one_column(node) {
        return Some("two classes with two columns of votes cannot run".to_owned());
    }
    if ints(node, "class_ids").iter().any(|class| *class != 0) {
        return Some("two classes whose votes are all for class 1 cannot run".to_owned());
    }
    if !floats(node, "base_values").is_empty() {
        return Some("two classes with one column of votes and base values cannot run".to_owned());
    }
    let positive = floats(node, "class_weights").iter().all(|weight| *weight >= 0.0);
    match (text(node, "post_transform", "NONE"), positive) {
        ("NONE", true) | ("LOGISTIC", false) => None,
        (transform, _) => {
            let sign = if positive { "positive" } else { "negative" };
            let what = format!("two classes with one column of {sign} votes");
            Some(format!("{what} and post_transform `{transform}` cannot run"))
        }
    }
}

/// Whether two classes share one column of votes.
pub(super) fn has_one_column(node: &NodeProto) -> bool {
    let votes = ints(node, "class_ids");
    ints(node, "classlabels_int64s").len() == 2 && votes.iter().all(|class| *class == votes[0])
}
