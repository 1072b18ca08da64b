//! A rule says of itself what it is, why, and how it looks.

use crate::{
    Evidence, Finding,
    finding::{Answer, Confidence, Judgement},
    subject::Subject,
};

/// How much a rule matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A failure means that the bundle does not hold.
    Must,
    /// A failure is a defect that a reviewer should know of.
    Should,
    /// Good to have.
    May,
}

impl Severity {
    /// The word of reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        }
    }
}

/// What a group of rules is about: a line of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// The file itself.
    Container,
    /// The page around it.
    Page,
    /// Who vouches for it.
    Signature,
    /// `bundle.toml`.
    Declaration,
    /// The five items of the ML Code Completeness Checklist.
    Completeness,
    /// The code and the commands that name it.
    Code,
    /// The networks.
    Model,
    /// From a file to a tensor.
    Preprocessing,
    /// What the classes are called.
    Labels,
    /// The recorded examples.
    Reproduction,
    /// What others may do with it.
    Licence,
    /// Keys and passwords among the files.
    Secrets,
    /// Files that do something when they are opened.
    Safety,
    /// What says who wrote it.
    Anonymity,
}

impl Area {
    /// Every area, in the order of the report.
    pub const ALL: [Self; 14] = [
        Self::Container,
        Self::Page,
        Self::Signature,
        Self::Declaration,
        Self::Completeness,
        Self::Code,
        Self::Model,
        Self::Preprocessing,
        Self::Labels,
        Self::Reproduction,
        Self::Licence,
        Self::Secrets,
        Self::Safety,
        Self::Anonymity,
    ];

    /// The word at the head of its line, said of the bundle.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Container => "unchanged",
            Self::Page => "page",
            Self::Signature => "signature",
            Self::Declaration => "declared",
            Self::Completeness => "complete",
            Self::Code => "code",
            Self::Model => "model",
            Self::Preprocessing => "prepares",
            Self::Labels => "labels",
            Self::Reproduction => "runs",
            Self::Licence => "licence",
            Self::Secrets => "secrets",
            Self::Safety => "safe",
            Self::Anonymity => "anonymous",
        }
    }

    /// The heading of its rules in the documentation.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Container => "Container",
            Self::Page => "Page",
            Self::Signature => "Signature",
            Self::Declaration => "Declaration",
            Self::Completeness => "Completeness",
            Self::Code => "Code",
            Self::Model => "Model",
            Self::Preprocessing => "Preprocessing",
            Self::Labels => "Labels",
            Self::Reproduction => "Examples",
            Self::Licence => "Licence",
            Self::Secrets => "Secrets",
            Self::Safety => "Safety",
            Self::Anonymity => "Anonymity",
        }
    }
}

/// A self-describing rule.
#[derive(Debug)]
pub struct Rule {
    /// Permanent id: `MLCC-1`. Never given to another rule.
    pub id: &'static str,
    /// What holds when it passes, in a few words.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// Where it comes from.
    pub reference: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Its group.
    pub area: Area,
    /// What to do when it does not pass, where the finding has nothing more precise.
    pub remedy: &'static str,
    pub(crate) inspect: fn(&Subject) -> Judgement,
}

impl Rule {
    /// The finding of a rule that is not asked.
    pub(crate) fn not_judged(&self, why: &str) -> Finding {
        let evidence = vec![Evidence::note(why)];
        let (confidence, ground) = (Confidence::High, None);
        let answer = Answer::NotApplicable;
        Finding { rule: self.id, answer, evidence, remedy: None, confidence, ground }
    }

    /// Asks the rule about `subject`.
    pub(crate) fn find(&self, subject: &Subject) -> Finding {
        let Judgement { answer, evidence, remedy, ground } = (self.inspect)(subject);
        let wanted = matches!(answer, Answer::Weak | Answer::Fail);
        let own = (wanted && !self.remedy.is_empty()).then(|| self.remedy.to_owned());
        let confidence = ground.map_or(Confidence::High, |ground| ground.confidence);
        let ground = ground.map(|ground| ground.name);
        Finding { rule: self.id, answer, evidence, remedy: remedy.or(own), confidence, ground }
    }
}
