//! What the author asks to be read differently: shown in every report with its
//! reason, gone by only where neither the rule nor the venue forbids it.

use bundle_manifest::{AddedWords, Manifest, OverrideAnswer, RuleOverride};

use crate::{Answer, Evidence, Finding, Severity, evidence::shown, rules::rules, subject::Subject};

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

/// Words that the author adds, by the name of the list; none where the policy forbids it.
#[cfg_attr(not(test), expect(dead_code, reason = "the lists take them when they are data"))]
pub(crate) fn extra_words(manifest: &Manifest, allowed: bool) -> Vec<(&'static str, &AddedWords)> {
    if allowed { manifest.check.words.lists() } else { Vec::new() }
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
        let added = extra_words(&manifest, true);
        let words: Vec<_> = added
            .iter()
            .flat_map(|(list, added)| added.add.iter().map(|word| (*list, word.as_str())))
            .collect();
        assert_eq!(words, [("weights", "tree")]);
        assert!(extra_words(&manifest, false).is_empty());
    }
}
