//! The `check` table: what may be overridden, how often, how much.

use crate::{
    Checking, Manifest, RuleId,
    checking::{MAX_OVERRIDES, MAX_WORDS},
    consistency::check_distinct,
    tree::{Node, count},
};

pub(super) fn check(manifest: &Manifest, root: &Node<'_>) {
    let (Checking { overrides, words }, node) = (&manifest.check, &root.at("check"));
    let list = node.at("overrides");
    if overrides.len() > MAX_OVERRIDES {
        list.report(format!(
            "{}; at most {MAX_OVERRIDES} are read",
            count(overrides.len(), "override")
        ));
        return;
    }
    for (index, entry) in overrides.iter().enumerate() {
        if is_of_the_file(&entry.rule) {
            let rule = list.nth(index).at("rule");
            rule.report_with(
                format!("`{}` is about the file itself and cannot be overridden", entry.rule),
                Some("sign or pack the project again".to_owned()),
            );
        }
    }
    let rules = overrides.iter().enumerate();
    check_distinct(
        "override of",
        rules.map(|(index, entry)| (entry.rule.as_str(), list.nth(index).at("rule"))),
    );
    for (name, added) in words.lists() {
        let node = node.at("words").at(name).at("add");
        if added.add.is_empty() || added.add.len() > MAX_WORDS {
            let found = count(added.add.len(), "word");
            node.report(format!("`{}` must have 1 to {MAX_WORDS} words, not {found}", node.key()));
            continue;
        }
        let words = added.add.iter().enumerate();
        check_distinct("word", words.map(|(index, word)| (word.as_str(), node.nth(index))));
    }
}

/// Whether a rule is about the container or its signature.
fn is_of_the_file(rule: &RuleId) -> bool {
    ["FILE-", "SIGN-"].iter().any(|area| rule.as_str().starts_with(area))
}
