//! From a path to a report: all findings first, then the verdict.

use std::{path::Path, sync::Arc};

use bundle_manifest::BundleId;
use bundle_project::People;
use bundle_run::RunError;
use bundle_signature::{Attestation, Outcome, TestResult, Trust, Verification};

use crate::{
    Answer, Area, AuthorsEntry, CheckError, Demands, Finding, PageJudge, Policy, Rule, Severity,
    evidence::shown,
    overrides,
    rules::{RULESET, rules},
    subject::{Container, Declared, Replay, Subject},
    words::Words,
};

/// The rule that a container passes if it is what was packed.
const CONTAINER: &str = "FILE-1";

/// Rules whose answer depends on the reader, not on the bundle.
const READERS: [&str; 2] = ["SIGN-1", "SIGN-3"];

/// What was asked.
#[derive(Clone, Debug)]
pub struct CheckRequest {
    /// Run the recorded examples.
    pub replay: bool,
    /// Judge this git revision, not the files of the directory.
    pub revision: Option<String>,
    /// How the checklist is read.
    pub profile: Profile,
    /// Whom the reader trusts.
    pub trust: Trust,
    /// The word lists that rules go by.
    pub words: Arc<Words>,
    /// The review is blind: nothing may say who wrote it.
    pub anonymous: bool,
    /// Show what says so also of a bundle that was received.
    pub show_identity: bool,
    /// Whom to look for.
    pub people: People,
    /// What the reader asks beyond that rules which must hold do.
    pub demands: Demands,
    /// The venue whose policy decides, if one does.
    pub policy: Option<Arc<Policy>>,
    /// Who judges the page around a bundle, where there is one.
    pub page: Option<PageJudge>,
}

impl CheckRequest {
    /// What is asked where nothing else is said.
    pub fn new(trust: Trust) -> Self {
        Self {
            replay: true,
            revision: None,
            profile: Profile::Strict,
            trust,
            words: Words::standard(),
            anonymous: false,
            show_identity: false,
            people: People::nobody(),
            demands: Demands::default(),
            policy: None,
            page: None,
        }
    }

    /// The same, with what the policy fixes and asks in addition.
    pub(crate) fn under_policy(&self) -> Self {
        let Some(policy) = &self.policy else { return self.clone() };
        let profile = policy.profile().unwrap_or(self.profile);
        Self { profile, demands: self.demands.and(policy.demands()), ..self.clone() }
    }
}

/// A reading of the ML Code Completeness Checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As its README says: documented commands, a table of results.
    Strict,
    /// As its author's article says: any way to set up, train and evaluate; a plot will do.
    Loose,
}

impl Profile {
    /// The word of options and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Loose => "loose",
        }
    }
}

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Rules that must hold do, and none fails.
    Holds,
    /// A rule that must hold fails.
    DoesNotHold,
    /// No rule that must hold has anything to judge: a directory without `bundle.toml`.
    NothingDeclared,
}

impl Verdict {
    /// Judges findings, each with how much its rule matters here.
    fn of<'f>(judged: impl Iterator<Item = (Severity, &'f Finding)>) -> Self {
        let musts = judged.filter(|(severity, _)| *severity == Severity::Must);
        let answers: Vec<Answer> = musts.map(|(_, finding)| finding.answer).collect();
        match (answers.contains(&Answer::Fail), answers.contains(&Answer::Pass)) {
            (true, _) => Self::DoesNotHold,
            (false, true) => Self::Holds,
            (false, false) => Self::NothingDeclared,
        }
    }

    /// The word of reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does-not-hold",
            Self::NothingDeclared => "nothing-declared",
        }
    }
}

/// A whole report. Text in it is safe to show.
#[derive(Clone, Debug)]
pub struct Report {
    /// `NAME VERSION`, or the path where no `bundle.toml` says so.
    pub subject: String,
    /// The id, for a bundle, packed or extracted; as its lock says.
    pub id: Option<BundleId>,
    /// What may be believed of the signature; `None` where nothing could be signed.
    pub signature: Option<Verification>,
    /// What others have said of the bundle.
    pub attestations: Vec<Attestation>,
    /// The file at which a finding without a place of its own is shown: the declaration, else
    /// the first document, else the first file.
    pub anchor: Option<String>,
    /// Files of the project.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// How the checklist was read.
    pub profile: Profile,
    /// One answer of every rule, in the order of the table.
    pub findings: Vec<Finding>,
    /// What the findings come to.
    pub verdict: Verdict,
    /// Whether no rule that must hold fails.
    pub holds: bool,
    /// Items of the checklist that pass, of those that apply.
    pub complete: (usize, usize),
    /// Examples that hold, of those replayed.
    pub examples: Option<(usize, usize)>,
    /// Claims of `bundle.toml`; none of them is evaluated by this version.
    pub claims: usize,
    /// What was asked beyond that rules which must hold do.
    pub demands: Demands,
    /// The venue whose policy decided, if one did.
    pub policy: Option<Arc<Policy>>,
    /// What the author asked to be read differently, and what became of it.
    pub authors: Vec<AuthorsEntry>,
    /// What of the demands and of the policy is not met, a phrase each.
    pub unmet: Vec<String>,
    /// What was not tested; never empty.
    pub not_tested: Vec<String>,
}

impl Report {
    /// `NAME-VERSION`, as bundles are called.
    pub fn stem(&self) -> String {
        self.subject.replace(' ', "-")
    }

    /// How much a rule matters here; `None` where the policy does not ask for it.
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        severity_under(self.policy.as_deref(), rule)
    }

    /// Whether the file is the bundle that its id names: what is said of the id may be said of it.
    pub fn is_intact(&self) -> bool {
        let failed = |finding: &Finding| finding.answer == Answer::Fail;
        let of_file = |finding: &&Finding| finding.rule == CONTAINER;
        let bad = matches!(self.signature, Some(Verification::Bad(_)));
        self.id.is_some() && !bad && !self.findings.iter().filter(of_file).any(failed)
    }

    /// The report as in-toto's `test-result` says it: a rule is a test. It failed if a rule
    /// that must hold does not; with less than that it passed with warnings. Whom this
    /// reader trusts, and what others said, are not in it.
    pub fn test_result(&self) -> TestResult {
        let that = |answers: &[Answer]| -> Vec<String> {
            let of_reader = |finding: &&Finding| READERS.contains(&finding.rule);
            let found = self.findings.iter().filter(|finding| answers.contains(&finding.answer));
            let found = found.filter(|finding| !of_reader(finding));
            found.map(|finding| finding.rule.to_owned()).collect()
        };
        let (warned, failed) = (that(&[Answer::Weak, Answer::Unknown]), that(&[Answer::Fail]));
        let outcome = match self.verdict {
            Verdict::DoesNotHold => Outcome::Failed,
            _ if warned.is_empty() && failed.is_empty() => Outcome::Passed,
            _ => Outcome::Warned,
        };
        let (version, profile) = (env!("CARGO_PKG_VERSION"), self.profile.as_str());
        let policy = self.policy.as_ref().map(|policy| format!(", policy {}", policy.title()));
        let policy = policy.unwrap_or_default();
        let tool = format!("bundle {version}, ruleset {RULESET}, {profile}{policy}");
        TestResult { outcome, tool, passed: that(&[Answer::Pass]), warned, failed }
    }
}

/// Checks a bundle, a zip that holds one or a project, or a directory. `progress` hears the
/// bytes that were read since its last call. None of the author's code is run.
pub fn check(
    path: &Path,
    request: &CheckRequest,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report, CheckError> {
    let subject = Subject::open(path, request, progress)?;
    Ok(report(&subject, &path.display().to_string()))
}

/// Asks every rule, then judges.
pub(crate) fn report(subject: &Subject, name: &str) -> Report {
    // Of what is not there as it was packed, nothing else can be said.
    let (asked, why): (&[&str], _) = match &subject.container {
        Container::Broken(_) => (&[CONTAINER], Some("the container cannot be opened")),
        _ if subject.is_damaged() => (&[CONTAINER, "SIGN-2"], Some("the file is damaged")),
        _ => (&[], None),
    };
    let ask = |rule: &&'static Rule| {
        if let Some(why) = why.filter(|_| !asked.contains(&rule.id)) {
            return rule.not_judged(why);
        }
        rule.find(subject)
    };
    let policy = subject.request.policy.as_deref();
    let severity = |rule: &Rule| severity_under(policy, rule);
    let ask = |rule: &&'static Rule| match severity(rule) {
        Some(_) => ask(rule),
        None => rule.not_judged("the policy does not ask for it"),
    };
    let mut findings: Vec<Finding> = rules().iter().map(ask).collect();
    let authors = overrides::apply(subject, &mut findings);
    let complete = completeness(rules().iter().copied().zip(&findings));
    let demands = subject.request.demands;
    let judged = || {
        let severities = rules().iter().map(|rule| severity(rule));
        severities.zip(&findings).filter_map(|(severity, finding)| Some((severity?, finding)))
    };
    let mut unmet = demands.unmet(judged(), complete);
    unmet.extend(not_anonymous(&findings));
    if why.is_none() {
        unmet.extend(policy.into_iter().flat_map(|policy| policy.unmet(subject)));
    }
    let verdict = match Verdict::of(judged()) {
        _ if !unmet.is_empty() => Verdict::DoesNotHold,
        found => found,
    };
    let declared = subject
        .manifest()
        .map(|manifest| format!("{} {}", manifest.bundle.name, manifest.bundle.version));
    Report {
        subject: declared.unwrap_or_else(|| shown(name, 200)),
        id: subject.source.as_ref().and_then(|source| source.lock()).map(BundleId::of),
        signature: subject.verification().cloned(),
        attestations: subject.attestations().map(<[_]>::to_vec).unwrap_or_default(),
        anchor: anchor(subject),
        files: subject.tree.files().len(),
        bytes: subject.tree.bytes(),
        profile: subject.request.profile,
        verdict,
        holds: verdict != Verdict::DoesNotHold,
        complete,
        examples: examples(subject),
        claims: subject.manifest().map_or(0, |manifest| manifest.claims.len()),
        demands,
        policy: subject.request.policy.clone(),
        authors,
        unmet,
        not_tested: not_tested(subject),
        findings,
    }
}

/// How much a rule matters under a policy, where there is one.
fn severity_under(policy: Option<&Policy>, rule: &Rule) -> Option<Severity> {
    policy.map_or(Some(rule.severity), |policy| policy.severity(rule))
}

/// What keeps the review from being blind; nothing where nobody asks.
fn not_anonymous(findings: &[Finding]) -> Option<String> {
    let failed = findings
        .iter()
        .filter(|found| found.rule.starts_with("ANON-") && found.answer == Answer::Fail);
    let leaks: Vec<&str> = failed.map(|found| found.rule).collect();
    (!leaks.is_empty()).then(|| format!("anonymity: {}", leaks.join(", ")))
}

fn anchor(subject: &Subject) -> Option<String> {
    let declaration = subject.tree.file("bundle.toml").map(|file| &file.path);
    let document = || subject.documents().first().map(|document| &document.path);
    let first = || subject.tree.files().first().map(|file| &file.path);
    declaration.or_else(document).or_else(first).map(|path| shown(path.as_str(), 160))
}

fn completeness<'f>(judged: impl Iterator<Item = (&'static Rule, &'f Finding)>) -> (usize, usize) {
    let items = judged
        .filter(|(rule, _)| rule.area == Area::Completeness)
        .map(|(_, finding)| finding.answer);
    let applicable: Vec<_> = items.filter(|answer| *answer != Answer::NotApplicable).collect();
    (applicable.iter().filter(|answer| **answer == Answer::Pass).count(), applicable.len())
}

fn examples(subject: &Subject) -> Option<(usize, usize)> {
    let replays = subject.replays()?;
    let hold =
        replays.iter().filter(|replay| replay.outcome.as_ref().is_ok_and(|replay| replay.holds));
    Some((hold.count(), replays.len()))
}

/// Whether no example was compared: none could run, or the engine stopped at each.
fn none_compared(subject: &Subject) -> bool {
    let stopped = |replay: &Replay| replay.outcome.as_ref().is_err_and(RunError::is_beyond_engine);
    subject.replays().is_none_or(|replays| !replays.is_empty() && replays.iter().all(stopped))
}

/// What this check says nothing about. The first two hold for every paper.
fn not_tested(subject: &Subject) -> Vec<String> {
    let mut lines = Vec::new();
    if let Container::Broken(_) = subject.container {
        return vec!["everything inside: the file could not be opened".to_owned()];
    }
    if subject.is_damaged() {
        return vec!["everything else: the file is damaged".to_owned()];
    }
    let manifest = subject.manifest();
    let models = manifest.is_some_and(|manifest| !manifest.models.by_name.is_empty());
    if models || manifest.is_none() {
        lines.push("that training gives these weights".to_owned());
    }
    if manifest.is_some_and(|manifest| manifest.models.by_name.is_empty()) {
        lines.push("that the paper's argument is right".to_owned());
    }
    lines.push("that test data was never seen".to_owned());
    if manifest.is_some_and(|manifest| !manifest.claims.is_empty()) {
        lines.push("that the claimed numbers come out".to_owned());
    }
    if models && !subject.request.replay {
        lines.push(
            "that the examples give the recorded outputs (not replayed, as asked)".to_owned(),
        );
    } else if models && none_compared(subject) {
        lines.push(
            "that the examples give the recorded outputs (the network does not run here)"
                .to_owned(),
        );
    }
    if let Some(Verification::Unknown { .. }) = subject.verification() {
        lines.push("who signed it".to_owned());
    }
    if matches!(subject.declared, Declared::Absent) {
        lines.push("anything that bundle.toml would declare".to_owned());
    }
    lines
}
