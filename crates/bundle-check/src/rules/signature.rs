//! Who vouches for it.

use bundle_signature::{Attestation, AttestedClaim, Doubt, Verification};

use crate::{
    Area, Evidence, Rule, Severity,
    finding::Judgement,
    subject::{Container, Subject},
};

use super::container::{BROKEN, DIRECTORY};

pub(super) static VALID: Rule = Rule {
    id: "SIGN-2",
    title: "a signature, where there is one, is valid for exactly this bundle",
    why: "A signature of other content is worse than none: somebody vouched for something, and this is not it. It must be of every member and of nothing else, whoever made it.",
    reference: "docs/signature.md, the policy of bundles",
    severity: Severity::Must,
    area: Area::Signature,
    remedy: "do not use this file; get it again from where the paper says it is",
    inspect: valid,
};

pub(super) static TRUSTED: Rule = Rule {
    id: "SIGN-1",
    title: "the bundle is signed by a key that this reader trusts",
    why: "A digest says that a file is unchanged; only a signature says who vouches for it. Unsigned is its own plain word, not an error.",
    reference: "OpenSSF Model Signing v1",
    severity: Severity::May,
    area: Area::Signature,
    remedy: "compare the id above with the one printed in the paper",
    inspect: trusted,
};

pub(super) static ATTESTED: Rule = Rule {
    id: "SIGN-3",
    title: "what others say of this bundle is signed and about this bundle",
    why: "A review, a test at another hospital or a venue's receipt lies beside the bundle as a statement that its maker signed. One that is about another bundle, or was changed, says nothing of this one.",
    reference: "in-toto test-result v0.1; docs/signature.md, attestations",
    severity: Severity::May,
    area: Area::Signature,
    remedy: "ask whoever made the statement for it again, or remove its line",
    inspect: attested,
};

fn valid(subject: &Subject) -> Judgement {
    let Some(found) = subject.verification() else { return not_there(subject) };
    match found {
        Verification::Unsigned => Judgement::not_applicable("unsigned"),
        Verification::Bad(flaw) => Judgement::fail([Evidence::note(flaw.to_string())]),
        Verification::Unknown { signer: None, .. } => {
            Judgement::unknown("keyless (Sigstore): `model_signing verify sigstore` can tell")
        }
        _ => Judgement::pass([Evidence::note("valid, over every member")]),
    }
}

fn trusted(subject: &Subject) -> Judgement {
    let Some(found) = subject.verification() else { return not_there(subject) };
    match found {
        Verification::Unsigned => Judgement::weak([Evidence::note("unsigned")]),
        Verification::Bad(_) => Judgement::not_applicable("the signature is bad"),
        Verification::Good(_) => Judgement::pass([Evidence::note(found.to_string())]),
        Verification::Unknown { doubt, .. } => {
            let judgement = Judgement::unknown(found.to_string());
            match doubt {
                Doubt::UntrustedKey => judgement.remedy(
                    "compare the id with the paper; `bundle key trust FILE` if you have the key from its owner",
                ),
                Doubt::UntrustedRoot => judgement.remedy(
                    "compare the id with the paper; `bundle key trust ROOT.pem` if you trust the authority",
                ),
                _ => judgement.remedy(TRUSTED.remedy),
            }
        }
    }
}

fn attested(subject: &Subject) -> Judgement {
    let attestations = match subject.attestations() {
        Err(flaw) => return Judgement::weak([Evidence::note(flaw.to_string())]),
        Ok([]) => return Judgement::not_applicable("nobody has said anything"),
        Ok(attestations) => attestations,
    };
    let evidence = attestations.iter().map(|attestation| Evidence::note(said(attestation)));
    let bad = |attestation: &Attestation| attestation.verification.signer().is_none();
    if attestations.iter().any(bad) { Judgement::weak(evidence) } else { Judgement::pass(evidence) }
}

/// `PASSED by key SHA256:… (not known to you): 14 passed, 2 warned, 0 failed`
pub(crate) fn said(attestation: &Attestation) -> String {
    let Attestation { line, verification, claim } = attestation;
    let by = match (verification, verification.signer()) {
        (Verification::Bad(flaw), _) => return format!("line {line} is bad: {flaw}"),
        (Verification::Good(_), Some(signer)) => signer.to_string(),
        (_, Some(signer)) => format!("{signer} (not known to you)"),
        (_, None) => "somebody who cannot be named here".to_owned(),
    };
    match claim {
        Some(AttestedClaim::TestResult(result)) => format!(
            "{} by {by}: {}; {} passed, {}, {}",
            result.outcome.as_str(),
            result.tool,
            result.passed.len(),
            named("warned", &result.warned),
            named("failed", &result.failed)
        ),
        Some(AttestedClaim::Authorship { anonymous, author }) => {
            format!("{by} says that key {anonymous} is that of {author}")
        }
        Some(AttestedClaim::Other(predicate)) => format!("{by}: a statement of type {predicate}"),
        _ => format!("{by}: a statement that is not understood here"),
    }
}

/// `2 warned (EXAM-3, CODE-2)`
fn named(what: &str, tests: &[String]) -> String {
    match tests {
        [] => format!("0 {what}"),
        tests if tests.len() > 6 => format!("{} {what}", tests.len()),
        tests => format!("{} {what} ({})", tests.len(), tests.join(", ")),
    }
}

fn not_there(subject: &Subject) -> Judgement {
    match &subject.container {
        Container::Broken(_) => Judgement::unknown(BROKEN),
        _ => Judgement::not_applicable(DIRECTORY),
    }
}
