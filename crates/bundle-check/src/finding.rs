//! One answer of one rule.

use crate::{Evidence, Profile};

/// What a rule answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It is as it should be.
    Pass,
    /// It is there, and less than it should be.
    Weak,
    /// It is not as it should be.
    Fail,
    /// The rule has nothing to say here.
    NotApplicable,
    /// It could not be judged.
    Unknown,
}

impl Answer {
    /// The word of reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Weak => "weak",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
            Self::Unknown => "unknown",
        }
    }

    /// The mark before a line of the report.
    pub(crate) const fn mark(self) -> char {
        match self {
            Self::Pass => '✓',
            Self::Weak => '~',
            Self::Fail => '✗',
            Self::NotApplicable => '–',
            Self::Unknown => '?',
        }
    }

    /// How much attention it wants, for the answer of several rules together.
    pub(crate) const fn weight(self) -> u8 {
        match self {
            Self::NotApplicable => 0,
            Self::Pass => 1,
            Self::Unknown => 2,
            Self::Weak => 3,
            Self::Fail => 4,
        }
    }
}

/// How far an answer may be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It is a plain fact, or nearly always what people say too.
    High,
    /// It was read out of names and texts.
    Medium,
    /// It is a guess from the outside.
    Low,
}

impl Confidence {
    /// The word of reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// The kind of evidence that an answer rests on, where a rule knows several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ground {
    /// A permanent name: `environment-file`.
    pub(crate) name: &'static str,
    pub(crate) confidence: Confidence,
}

/// One answer of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `MLCC-1`.
    pub rule: &'static str,
    /// The answer.
    pub answer: Answer,
    /// What was seen, most telling first.
    pub evidence: Vec<Evidence>,
    /// One line that says what to do, where there is something to do.
    pub remedy: Option<String>,
    /// How far the answer may be relied on.
    pub confidence: Confidence,
    /// The kind of evidence it rests on (`environment-file`), where the rule knows several.
    pub ground: Option<&'static str>,
}

/// Pieces of evidence that one finding shows.
const MAX_EVIDENCE: usize = 20;

/// What `inspect` of a rule gives: a [`Finding`] without the rule's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) answer: Answer,
    pub(crate) evidence: Vec<Evidence>,
    /// In place of the rule's own remedy.
    pub(crate) remedy: Option<String>,
    pub(crate) ground: Option<Ground>,
}

impl Judgement {
    pub(crate) fn new(answer: Answer, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        let mut evidence: Vec<_> = evidence.into_iter().take(MAX_EVIDENCE + 1).collect();
        if evidence.len() > MAX_EVIDENCE {
            evidence.truncate(MAX_EVIDENCE);
            evidence.push(Evidence::note("and more"));
        }
        Self { answer, evidence, remedy: None, ground: None }
    }

    pub(crate) fn pass(evidence: impl IntoIterator<Item = Evidence>) -> Self {
        Self::new(Answer::Pass, evidence)
    }

    pub(crate) fn weak(evidence: impl IntoIterator<Item = Evidence>) -> Self {
        Self::new(Answer::Weak, evidence)
    }

    pub(crate) fn fail(evidence: impl IntoIterator<Item = Evidence>) -> Self {
        Self::new(Answer::Fail, evidence)
    }

    pub(crate) fn unknown(why: impl AsRef<str>) -> Self {
        Self::new(Answer::Unknown, [Evidence::note(why)])
    }

    pub(crate) fn not_applicable(why: impl AsRef<str>) -> Self {
        Self::new(Answer::NotApplicable, [Evidence::note(why)])
    }

    /// Pass in the loose reading of the checklist, weak in the strict one.
    pub(crate) fn pass_if_loose(
        profile: Profile,
        evidence: impl IntoIterator<Item = Evidence>,
    ) -> Self {
        let answer = match profile {
            Profile::Strict => Answer::Weak,
            Profile::Loose => Answer::Pass,
        };
        Self::new(answer, evidence)
    }

    /// The same, resting on this kind of evidence.
    pub(crate) fn on(self, ground: Ground) -> Self {
        Self { ground: Some(ground), ..self }
    }

    /// The same with its own remedy, where an error brought one.
    pub(crate) fn hint(self, hint: Option<&str>) -> Self {
        match hint {
            Some(hint) => self.remedy(hint),
            None => self,
        }
    }

    /// The same with its own remedy.
    pub(crate) fn remedy(self, remedy: impl AsRef<str>) -> Self {
        Self { remedy: Some(crate::evidence::shown(remedy.as_ref(), 240)), ..self }
    }
}
