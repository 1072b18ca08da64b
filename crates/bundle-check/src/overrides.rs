//! What the author asks to be read differently: shown in every report with its
//! reason, gone by only where neither the rule nor the venue forbids it.

use std::sync::Arc;

use bundle_manifest::{Manifest, OverrideAnswer, RuleOverride};

use crate::{
    Answer, Evidence, Finding, Severity, evidence::shown, rules::rules, subject::Subject,
    words::Words,
};

/// Why a venue's report does not go by an author's entry.
const FORBIDDEN: &str = "the policy forbids overrides";

/// An entry of the author's `[check]`, and what became of it. Text in it is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorsEntry {
    /// What it is about.
    pub about: OverrideOf,
    /// Why, in the author's words.
    pub reason: String,
    /// Why it is not gone by; `None` where it is.
    pub ignored: Option<String>,
}

/// What an author's entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OverrideOf {
    /// The answer of a rule.
    Rule {
        /// The rule.
        rule: String,
        /// What the author answers.
        answer: Answer,
        /// What the rule itself answers, where it was asked.
        found: Option<Answer>,
    },
    /// Words added to a list.
    Words {
        /// The list.
        list: &'static str,
        /// The words.
        words: Vec<String>,
    },
}

/// The word lists with what the author adds; as they are where the policy forbids it.
pub(crate) fn with_words(lists: &Arc<Words>, manifest: &Manifest, allowed: bool) -> Arc<Words> {
    let added = manifest.check.words.lists();
    if !allowed || added.is_empty() {
        return Arc::clone(lists);
    }
    let mut lists = (**lists).clone();
    for (list, more) in added {
        let words: Vec<String> = more.add.iter().map(|word| word.as_str().to_owned()).collect();
        lists.extend(list, &words);
    }
    Arc::new(lists)
}

/// Puts the author's answers in place of the rules' own, where that is possible; says of
/// each entry what became of it.
pub(crate) fn apply(subject: &Subject, findings: &mut [Finding]) -> Vec<AuthorsEntry> {
    let Some(manifest) = subject.manifest() else { return Vec::new() };
    let policy = subject.request.policy.as_ref();
    let allowed = policy.is_none_or(|policy| policy.allows_overrides());
    let mut entries = Vec::new();
    for said in &manifest.check.overrides {
        entries.push(answer(said, allowed, findings));
    }
    for (list, added) in manifest.check.words.lists() {
        let words = added.add.iter().map(|word| shown(word.as_str(), 64)).collect();
        entries.push(AuthorsEntry {
            about: OverrideOf::Words { list, words },
            reason: shown(added.reason.as_str(), 300),
            ignored: (!allowed).then(|| FORBIDDEN.to_owned()),
        });
    }
    entries
}

fn answer(said: &RuleOverride, allowed: bool, findings: &mut [Finding]) -> AuthorsEntry {
    let wanted = match said.answer {
        OverrideAnswer::Weak => Answer::Weak,
        OverrideAnswer::NotApplicable => Answer::NotApplicable,
    };
    let id = said.rule.as_str();
    let rule = rules().iter().find(|rule| rule.id == id);
    let finding = findings.iter_mut().find(|finding| finding.rule == id);
    let found = finding.as_ref().map(|finding| finding.answer);
    let reason = shown(said.reason.as_str(), 300);
    let ignored = match (rule, found) {
        _ if !allowed => Some(FORBIDDEN),
        (None, _) | (_, None) => Some("this version has no such rule"),
        (Some(rule), _) if rule.severity == Severity::Must => {
            Some("a rule that must hold is not its author's to judge")
        }
        (_, Some(Answer::Pass | Answer::NotApplicable)) => Some("the rule has no objection"),
        (_, Some(found)) if found == wanted => Some("the rule says so itself"),
        _ => None,
    };
    if let (None, Some(finding)) = (ignored, finding) {
        let note = format!("the author says: {reason} (found: {})", finding.answer.as_str());
        finding.evidence.insert(0, Evidence::note(note));
        finding.answer = wanted;
        finding.remedy = None;
    }
    AuthorsEntry {
        about: OverrideOf::Rule { rule: id.to_owned(), answer: wanted, found },
        reason,
        ignored: ignored.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_added_unless_the_venue_forbids_it() {
        let toml = "format = 1\n[bundle]\nname = \"x\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n[models]\nwhy = \"a survey\"\n[check.words.weights]\nadd = [\"tree\"]\nreason = \"forests are .tree\"\n";
        let manifest = Manifest::from_toml(toml).expect("a manifest");
        let standard = Words::standard();
        assert!(with_words(&standard, &manifest, true).weights.has("tree"));
        assert!(!with_words(&standard, &manifest, false).weights.has("tree"));
    }

    #[test]
    fn every_list_that_an_author_may_add_to_is_there() {
        let lists: Vec<&str> = bundle_manifest::MoreWords::NAMES.to_vec();
        let mut standard = (*Words::standard()).clone();
        assert!(!lists.is_empty());
        for list in lists {
            assert!(standard.extend(list, &[]), "{list}");
        }
    }
}
