//! A venue's policy, applied: severities, demands and limits. It changes how much a
//! finding matters, never what was found.

use bundle_manifest::{
    Digest, Manifest, ManifestError, PolicyContext, PolicyOverrides, PolicyProfile, PolicySeverity,
    PolicySignature, RequiredEntry, VenuePolicy,
};
use bundle_signature::Verification;
use sha2::Digest as _;

use crate::{
    Area, Demands, Profile, Rule, Severity,
    evidence::shown,
    render::size,
    rules::rules,
    subject::{Container, Subject},
};

/// A venue's policy, and the digest of the file that it is in.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    venue: VenuePolicy,
    sha256: Digest,
}

impl Policy {
    /// Parses the text of a policy.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let known: Vec<(&str, bool)> =
            rules().iter().map(|rule| (rule.id, is_fixed(rule))).collect();
        let is_licence = |name: &str| spdx::license_id(name).is_some();
        let venue = VenuePolicy::from_toml(text, PolicyContext { rules: &known, is_licence })?;
        Ok(Self { venue, sha256: Digest::from_bytes(sha2::Sha256::digest(text).into()) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.venue.name.as_str()
    }

    /// Its version.
    pub fn version(&self) -> &str {
        self.venue.version.as_str()
    }

    /// SHA-256 of its file.
    pub const fn sha256(&self) -> Digest {
        self.sha256
    }

    /// `NAME VERSION sha256:…`
    pub fn title(&self) -> String {
        format!("{} {} sha256:{}", self.name(), self.version(), self.sha256)
    }

    /// Whether what authors override is gone by.
    pub fn allows_overrides(&self) -> bool {
        self.venue.overrides == PolicyOverrides::Allow
    }

    /// The reading of the checklist, if it is fixed.
    pub(crate) fn profile(&self) -> Option<Profile> {
        self.venue.profile.map(|profile| match profile {
            PolicyProfile::Strict => Profile::Strict,
            PolicyProfile::Loose => Profile::Loose,
        })
    }

    /// What is asked of the findings together.
    pub(crate) fn demands(&self) -> Demands {
        let fail_on = self.venue.fail_on.and_then(severity).unwrap_or(Severity::Must);
        Demands { fail_on, min_ticks: usize::from(self.venue.min_ticks) }
    }

    /// How much a rule matters here; `None` where it is not asked.
    pub(crate) fn severity(&self, rule: &Rule) -> Option<Severity> {
        match self.venue.severity.iter().find(|(id, _)| id.as_str() == rule.id) {
            Some((_, said)) if !is_fixed(rule) => severity(*said),
            _ => Some(rule.severity),
        }
    }

    /// What of its limits and required entries a bundle does not meet, a phrase each.
    pub(crate) fn unmet(&self, subject: &Subject) -> Vec<String> {
        let limits = &self.venue.limits;
        let mut unmet = Vec::new();
        if let Some(limit) = limits.bytes {
            let found = subject.file_size.unwrap_or_else(|| subject.tree.bytes());
            if found > limit {
                unmet.push(format!("at most {}: it has {}", size(limit), size(found)));
            }
        }
        if let Some(limit) = limits.files {
            let found = subject.tree.files().len();
            if found as u64 > limit {
                unmet.push(format!("at most {limit} files: it has {found}"));
            }
        }
        unmet.extend(limits.licenses.as_ref().and_then(|allowed| licence(subject, allowed)));
        unmet.extend(limits.signature.and_then(|wanted| signature(subject, wanted)));
        let manifest = subject.manifest();
        let has =
            |entry: &RequiredEntry| manifest.is_some_and(|manifest| declares(manifest, *entry));
        let missing = self.venue.require.iter().filter(|entry| !has(entry));
        let missing: Vec<&str> = missing.map(|entry| entry.as_str()).collect();
        if !missing.is_empty() {
            unmet.push(format!("entries that bundle.toml lacks: {}", missing.join(", ")));
        }
        unmet
    }
}

/// Whether a rule decides if the file is what was packed: no policy has a say in it.
fn is_fixed(rule: &Rule) -> bool {
    matches!(rule.area, Area::Container | Area::Page | Area::Signature)
        && rule.severity == Severity::Must
}

const fn severity(said: PolicySeverity) -> Option<Severity> {
    match said {
        PolicySeverity::Must => Some(Severity::Must),
        PolicySeverity::Should => Some(Severity::Should),
        PolicySeverity::May => Some(Severity::May),
        PolicySeverity::Off => None,
    }
}

fn licence(subject: &Subject, allowed: &[String]) -> Option<String> {
    let stated = subject.manifest().map(|manifest| manifest.bundle.license.as_str());
    let found = match stated.map(spdx::Expression::parse) {
        Some(Ok(expression)) => {
            let is_allowed = |requirement: &spdx::LicenseReq| {
                let name = requirement.license.id().map(|id| id.name);
                name.is_some_and(|name| allowed.iter().any(|allowed| allowed == name))
            };
            if expression.evaluate(is_allowed) {
                return None;
            }
            shown(stated.unwrap_or_default(), 80)
        }
        Some(Err(_)) => "no SPDX expression".to_owned(),
        None => "none stated".to_owned(),
    };
    Some(format!("a licence of {}: {found}", allowed.join(", ")))
}

fn signature(subject: &Subject, wanted: PolicySignature) -> Option<String> {
    let found = subject.verification();
    let enough = match found {
        Some(Verification::Good(_)) => true,
        Some(Verification::Unknown { .. }) => wanted == PolicySignature::Valid,
        _ => false,
    };
    let what = match wanted {
        PolicySignature::Valid => "a valid signature",
        PolicySignature::Trusted => "a signature by a key that this reader trusts",
    };
    let found = match (found, &subject.container) {
        (Some(found), _) => found.as_str(),
        (None, Container::Directory) => "a directory has none",
        (None, _) => "none",
    };
    (!enough).then(|| format!("{what}: {found}"))
}

fn declares(manifest: &Manifest, entry: RequiredEntry) -> bool {
    let code = manifest.code.as_ref();
    match entry {
        RequiredEntry::Authors => !manifest.bundle.authors.is_empty(),
        RequiredEntry::Paper => manifest.bundle.paper.is_some(),
        RequiredEntry::Task => manifest.bundle.task.is_some(),
        RequiredEntry::Use => manifest.use_.is_some(),
        RequiredEntry::Models => !manifest.models.by_name.is_empty(),
        RequiredEntry::Examples => !manifest.examples.is_empty(),
        RequiredEntry::Data => !manifest.data.is_empty(),
        RequiredEntry::Environment => code.is_some_and(|code| !code.environment.is_empty()),
        RequiredEntry::Train => code.is_some_and(|code| code.train.is_some()),
        RequiredEntry::Evaluate => code.is_some_and(|code| code.evaluate.is_some()),
        RequiredEntry::Claims => !manifest.claims.is_empty(),
    }
}
