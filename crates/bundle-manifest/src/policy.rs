//! A venue's policy: what it asks of every bundle, in a file of its own whose digest
//! every report names.
//!
//! A policy changes severities, demands and limits. Nothing in it can make a broken
//! container or a bad signature count as good.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::{
    BundleName, ManifestError, RuleId, Version,
    tree::{Definitions, Document, FromToml, Node, list, table, words},
};

/// Bytes of a policy that are read at all.
const MAX_TEXT: usize = 1 << 20;
/// Items of the checklist.
const ITEMS: u8 = 5;

table! {
    /// What a venue asks of every bundle.
    pub struct VenuePolicy {
        /// The version of this format.
        policy: PolicyFormat,
        /// What the policy is called.
        name: BundleName,
        /// Its version; a changed policy is another version.
        version: Version,
        /// The reading of the checklist, whatever the reader asks for.
        profile: Option<PolicyProfile>,
        /// Whether authors may override answers and add words.
        overrides: PolicyOverrides = PolicyOverrides::Allow,
        /// A failure of a rule of this severity, or a graver one, is one of the whole.
        fail_on: Option<PolicySeverity>,
        /// Items of the checklist that must pass, of five; one that does not apply is not missing.
        min_ticks: u8 = 0,
        /// How much each rule matters, where that is not as the program has it.
        severity: BTreeMap<RuleId, PolicySeverity> = BTreeMap::new(),
        /// What a bundle may have at most, and must have.
        limits: PolicyLimits = PolicyLimits::default(),
        /// Entries that `bundle.toml` must have.
        require: Vec<RequiredEntry> = Vec::new(),
    }
}

/// What of a program a policy must know: which rules there are, and what a licence is.
#[derive(Clone, Copy, Debug)]
pub struct PolicyContext<'p> {
    /// Every rule, and whether its severity is fixed.
    pub rules: &'p [(&'p str, bool)],
    /// Whether a text is the SPDX identifier of a licence.
    pub is_licence: fn(&str) -> bool,
}

impl VenuePolicy {
    /// Parses a policy and holds it against the rules there are. Reports every problem found.
    pub fn from_toml(text: &str, context: PolicyContext<'_>) -> Result<Self, ManifestError> {
        let document = Document::parse(text, MAX_TEXT)?;
        let root = document.root();
        document
            .finish(root.get("policy").map_or(Some(PolicyFormat), |node| FromToml::read(&node)))?;
        let policy = document.finish(Self::read(&root))?;
        policy.check(&root, context);
        document.finish(Some(policy))
    }

    fn check(&self, root: &Node<'_>, context: PolicyContext<'_>) {
        if self.min_ticks > ITEMS {
            root.at("min_ticks").report(format!("the checklist has {ITEMS} items"));
        }
        if self.fail_on == Some(PolicySeverity::Off) {
            root.at("fail_on").report_with(
                "a failure of a rule that must hold is always one of the whole",
                Some("one of `must`, `should`, `may`".to_owned()),
            );
        }
        let names: Vec<&str> = context.rules.iter().map(|(rule, _)| *rule).collect();
        for (rule, severity) in &self.severity {
            let node = root.at("severity").at_key(rule.as_str());
            match context.rules.iter().find(|(known, _)| *known == rule.as_str()) {
                None => node.report_unknown("rule", rule.as_str(), &names),
                Some((_, true)) if *severity != PolicySeverity::Must => {
                    let fixed = context.rules.iter().filter(|(_, fixed)| *fixed);
                    let fixed: Vec<&str> = fixed.map(|(rule, _)| *rule).collect();
                    node.report_with(
                        format!(
                            "`{rule}` cannot be `{severity}`: no policy makes a broken file good"
                        ),
                        Some(format!("always `must` are {}", list(&fixed))),
                    );
                }
                Some(_) => {}
            }
        }
        for (index, licence) in self.limits.licenses.iter().flatten().enumerate() {
            if !(context.is_licence)(licence) {
                root.at("limits").at("licenses").nth(index).report_with(
                    format!("`{}` is not the SPDX identifier of a licence", licence.escape_debug()),
                    Some("they are listed at https://spdx.org/licenses".to_owned()),
                );
            }
        }
    }
}

/// The only version of the policy format there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyFormat;

impl PolicyFormat {
    /// The number in the file.
    pub const NUMBER: i64 = 1;
}

impl FromToml for PolicyFormat {
    fn read(node: &Node<'_>) -> Option<Self> {
        match node.integer()? {
            Self::NUMBER => Some(Self),
            newer if newer > Self::NUMBER => {
                node.report_with(
                    format!("policy format {newer} is newer than this program, which reads 1"),
                    Some("install a newer version of bundle".to_owned()),
                );
                None
            }
            _ => node.wrong_type("1"),
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "const": Self::NUMBER })
    }
}

words! {
    /// A reading of the ML Code Completeness Checklist.
    pub enum PolicyProfile ("profile") {
        /// As the checklist's README says.
        Strict = "strict",
        /// As its author's article says.
        Loose = "loose",
    }
}

words! {
    /// Whether authors may override.
    pub enum PolicyOverrides ("word for `overrides`") {
        /// The report shows each override with its reason, and goes by it.
        Allow = "allow",
        /// The report lists each override, and does not go by it.
        Forbid = "forbid",
    }
}

words! {
    /// How much a rule matters.
    pub enum PolicySeverity ("severity") {
        /// A failure means that the bundle does not hold.
        Must = "must",
        /// A failure is a defect that a reviewer should know of.
        Should = "should",
        /// Good to have.
        May = "may",
        /// The rule is not asked.
        Off = "off",
    }
}

table! {
    /// What a bundle may have at most, and must have.
    ///
    /// ```toml
    /// [limits]
    /// bytes = 2_000_000_000
    /// files = 20_000
    /// licenses = ["MIT", "Apache-2.0", "BSD-3-Clause"]
    /// signature = "valid"
    /// ```
    #[derive(Default)]
    pub struct PolicyLimits {
        /// Bytes of the file, or of all files of a directory.
        bytes: Option<u64>,
        /// Files of the project.
        files: Option<u64>,
        /// SPDX identifiers; the licence must be one of them, or offer one of them.
        licenses: Option<Vec<String>>,
        /// What the signature must be.
        signature: Option<PolicySignature>,
    }
}

words! {
    /// What a signature must be.
    pub enum PolicySignature ("signature") {
        /// Valid, by whichever key: the keys of a blind submission are known to nobody.
        Valid = "valid",
        /// Valid, by a key that this reader trusts.
        Trusted = "trusted",
    }
}

words! {
    /// An entry of `bundle.toml`.
    pub enum RequiredEntry ("entry") {
        /// `bundle.authors`
        Authors = "bundle.authors",
        /// `bundle.paper`
        Paper = "bundle.paper",
        /// `bundle.task`
        Task = "bundle.task",
        /// `use`
        Use = "use",
        /// At least one of `models`
        Models = "models",
        /// At least one of `examples`
        Examples = "examples",
        /// At least one of `data`
        Data = "data",
        /// `code.environment`
        Environment = "code.environment",
        /// `code.train`
        Train = "code.train",
        /// `code.evaluate`
        Evaluate = "code.evaluate",
        /// At least one of `claims`
        Claims = "claims",
    }
}
