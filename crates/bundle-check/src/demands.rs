//! What a reader asks of a report before it counts as holding: the command line
//! and a venue's policy say it in the same words.

use crate::{Answer, Finding, Severity};

/// Items of the checklist.
pub(crate) const ITEMS: usize = 5;

/// What a reader asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demands {
    /// A failure of a rule of this severity, or a graver one, is one of the whole.
    pub fail_on: Severity,
    /// Items of the checklist that must pass, of five; one that does not apply is not missing.
    pub min_ticks: usize,
}

impl Default for Demands {
    /// Rules that must hold do; the checklist is a finding, not a demand.
    fn default() -> Self {
        Self { fail_on: Severity::Must, min_ticks: 0 }
    }
}

impl Demands {
    /// What either of two asks.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            fail_on: self.fail_on.max(other.fail_on),
            min_ticks: self.min_ticks.max(other.min_ticks),
        }
    }

    /// What is not met, a phrase each; `judged` are the rules that are asked,
    /// `complete` the items of the checklist that pass and that apply.
    pub(crate) fn unmet<'f>(
        self,
        judged: impl Iterator<Item = (Severity, &'f Finding)>,
        complete: (usize, usize),
    ) -> Vec<String> {
        let mut unmet = Vec::new();
        let failed = judged.filter(|(severity, finding)| {
            finding.answer == Answer::Fail && *severity <= self.fail_on
        });
        // A rule that must hold says so itself.
        let failed = failed.filter(|(severity, _)| *severity != Severity::Must);
        let failed: Vec<&str> = failed.map(|(_, finding)| finding.rule).collect();
        if !failed.is_empty() {
            let severity = self.fail_on.as_str();
            unmet.push(format!("no failure of severity {severity}: {}", failed.join(", ")));
        }
        let missing = complete.1.saturating_sub(complete.0);
        if missing > ITEMS.saturating_sub(self.min_ticks) {
            unmet.push(format!(
                "{} of {ITEMS} items of the checklist: {missing} missing",
                self.min_ticks
            ));
        }
        unmet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Confidence;

    fn finding(rule: &'static str, answer: Answer) -> Finding {
        let (evidence, confidence) = (Vec::new(), Confidence::High);
        Finding { rule, answer, evidence, remedy: None, confidence, ground: None }
    }

    #[test]
    fn what_is_asked_is_graded() {
        let findings = [
            (Severity::Must, finding("A-1", Answer::Fail)),
            (Severity::Should, finding("B-1", Answer::Fail)),
            (Severity::May, finding("C-1", Answer::Fail)),
            (Severity::Should, finding("D-1", Answer::Weak)),
        ];
        let unmet = |fail_on, min_ticks, complete| {
            let judged = findings.iter().map(|(severity, finding)| (*severity, finding));
            Demands { fail_on, min_ticks }.unmet(judged, complete)
        };
        assert!(unmet(Severity::Must, 0, (0, 5)).is_empty());
        assert_eq!(unmet(Severity::Should, 0, (0, 5)), ["no failure of severity should: B-1"]);
        assert_eq!(unmet(Severity::May, 0, (5, 5)), ["no failure of severity may: B-1, C-1"]);
        assert_eq!(unmet(Severity::Must, 4, (3, 5)), ["4 of 5 items of the checklist: 2 missing"]);
        assert!(unmet(Severity::Must, 5, (4, 4)).is_empty(), "what does not apply is not missing");
    }

    #[test]
    fn of_two_demands_the_stricter_holds() {
        let one = Demands { fail_on: Severity::Should, min_ticks: 2 };
        let other = Demands { fail_on: Severity::Must, min_ticks: 4 };
        assert_eq!(one.and(other), Demands { fail_on: Severity::Should, min_ticks: 4 });
        assert_eq!(one.and(Demands::default()), one);
    }
}
