//! Inputs that join others: what they name is declared, and can be joined.

use super::{check_distinct, entries::Declared};
use crate::{
    Input, InputKind,
    tree::{Node, quote},
};

/// A group names at least two other inputs of its model; no other kind names any.
pub(super) fn check(declared: &Declared<'_>, input: &Input, node: &Node<'_>) {
    if input.is_given() {
        return check_no_group(input, node);
    }
    if input.of.len() < 2 {
        node.report_with(
            format!("the group `{}` must join at least 2 inputs", input.name),
            Some("name them, `of = [\"…\", \"…\"]`".to_owned()),
        );
    }
    if input.join.is_none() {
        node.report_with(
            format!("the group `{}` does not say how it joins its inputs", input.name),
            Some("add `join = { how = \"concat\", axis = 1 }`".to_owned()),
        );
    }
    let of = node.at("of");
    let names = input.of.iter().enumerate();
    check_distinct("input", names.clone().map(|(i, name)| (name.as_str(), of.nth(i))));
    for (index, name) in names {
        let node = of.nth(index);
        let Some(member) = declared.input(name, &node) else { continue };
        if !member.is_given() {
            node.report(format!("a group joins no groups, and {} is one", quote(name.as_str())));
        } else if member.model != input.model {
            node.report(format!("{} is for another model", quote(name.as_str())));
        }
    }
}

/// Only a group has `of` and `join`.
fn check_no_group(input: &Input, node: &Node<'_>) {
    let keys = [("of", !input.of.is_empty()), ("join", input.join.is_some())];
    for (key, _) in keys.into_iter().filter(|(_, is_there)| *is_there) {
        node.at_key(key).report_with(
            format!("`{key}` is for a group, and `{}` is of kind `{}`", input.name, input.kind),
            Some(format!("`kind = \"{}\"`", InputKind::Group)),
        );
    }
}
