//! The table of rules. A file per area; beneath each rule, its tests.

/// Rules of one area that differ in what `inspect` looks for: name, id, that, title, why, remedy.
macro_rules! rules_of {
    ($area:ident $reference:ident $inspect:ident
     $($name:ident $id:literal $what:expr, $title:literal $why:literal $remedy:literal;)*) => {
        $(pub(super) static $name: Rule = Rule {
            id: $id,
            title: $title,
            why: $why,
            reference: $reference,
            severity: Severity::Should,
            area: Area::$area,
            remedy: $remedy,
            inspect: |subject| $inspect(subject, $what),
        };)*
    };
}

mod anonymity;
mod code;
mod completeness;
mod container;
mod declaration;
mod diagnosis;
mod examples;
mod labels;
mod licence;
mod model;
mod preprocessing;
mod safety;
mod secrets;
mod signature;

use crate::Rule;

/// The version of the table: a report names it, because a later table may answer otherwise.
/// Rules added or answers changed are written into CHANGELOG.md beside it.
pub const RULESET: u32 = 3;

/// Every rule, in the order of the report.
static RULES: &[&Rule] = &[
    &container::UNCHANGED,
    &container::CODE_HASH,
    &container::WITHHELD,
    &container::PAGE,
    &signature::TRUSTED,
    &signature::VALID,
    &signature::ATTESTED,
    &declaration::PARSES,
    &declaration::REFERENCES,
    &completeness::DEPENDENCIES,
    &completeness::TRAINING,
    &completeness::EVALUATION,
    &completeness::PRETRAINED,
    &completeness::RESULTS,
    &code::COMMANDS,
    &code::EQUALS_GIT,
    &code::TEMPLATE,
    &code::IMPORTS,
    &model::RUNS,
    &model::SHAPES,
    &model::EXTERNAL_DATA,
    &model::FINITE,
    &model::WELL_FORMED,
    &preprocessing::TYPES,
    &labels::COUNT,
    &labels::NAMES,
    &examples::EXIST,
    &examples::FINITE,
    &examples::REPLAY,
    &examples::RECORDED_BY,
    &diagnosis::STEPS,
    &diagnosis::TELLING,
    &licence::LICENCE,
    &secrets::KEYS,
    &secrets::TOKENS,
    &secrets::PASSWORDS,
    &safety::PICKLES,
    &safety::PROGRAMS,
    &anonymity::ADDRESSES,
    &anonymity::HOMES,
    &anonymity::NAMES,
    &anonymity::AUTHORS,
    &anonymity::REPOSITORIES,
    &anonymity::ACKNOWLEDGEMENTS,
    &anonymity::METADATA,
];

/// What somebody has said of a bundle, in one line.
pub fn said(attestation: &bundle_signature::Attestation) -> String {
    signature::said(attestation)
}

/// Every rule, in the order of the report.
pub fn rules() -> &'static [&'static Rule] {
    RULES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Area;

    #[test]
    fn every_rule_is_whole_and_every_id_its_own() {
        let mut ids = BTreeSet::new();
        for rule in rules() {
            assert!(ids.insert(rule.id), "{} twice", rule.id);
            let (area, number) = rule.id.split_once('-').expect(rule.id);
            assert!(area.len() == 4 && area.bytes().all(|b| b.is_ascii_uppercase()), "{}", rule.id);
            assert!(number.parse::<u32>().is_ok_and(|number| number > 0), "{}", rule.id);
            for text in [rule.title, rule.why, rule.reference] {
                assert!(!text.is_empty(), "{}", rule.id);
            }
            assert!(rule.why.ends_with('.') && !rule.remedy.ends_with('.'), "{}", rule.id);
        }
    }

    #[test]
    fn rules_of_an_area_stand_together() {
        let areas: Vec<Area> = rules().iter().map(|rule| rule.area).collect();
        assert!(areas.is_sorted(), "{areas:?}");
    }
}
