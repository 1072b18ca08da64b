//! The report for programs.

use bundle_signature::{Attestation, AttestedClaim, Verification};
use serde_json::{Value as Json, json};

use crate::{
    Answer, AuthorsEntry, Evidence, Finding, OverrideOf, Report, Rule, Severity, evidence::shown,
    rules, rules::RULESET,
};

/// The version of the report's form.
const FORMAT: u32 = 1;
/// The schema, as it is committed.
const SCHEMA: &str = include_str!("../../../../schemas/report.schema.json");

/// The report as JSON (`schemas/report.schema.json`).
pub fn render_json(report: &Report) -> Json {
    let findings = report.findings.iter().filter_map(|finding| {
        let rule = rules().iter().find(|rule| rule.id == finding.rule)?;
        Some(finding_json(rule, report.severity(rule), finding))
    });
    let examples =
        report.examples.map(|(hold, replayed)| json!({ "hold": hold, "replayed": replayed }));
    json!({
        "format": FORMAT,
        "tool": { "name": "bundle", "version": env!("CARGO_PKG_VERSION"), "ruleset": RULESET },
        "profile": report.profile.as_str(),
        "subject": report.subject,
        "id": report.id.map(|id| id.to_string()),
        "signature": report.signature.as_ref().map(signature_json),
        "attestations": report.attestations.iter().map(attestation_json).collect::<Vec<_>>(),
        "files": report.files,
        "bytes": report.bytes,
        "verdict": report.verdict.as_str(),
        "holds": report.holds,
        "complete": { "pass": report.complete.0, "applicable": report.complete.1 },
        "examples": examples,
        "claims": { "declared": report.claims, "evaluated": 0 },
        "policy": report.policy.as_ref().map(|policy| json!({
            "name": policy.name(),
            "version": policy.version(),
            "sha256": policy.sha256().to_string(),
            "overrides": if policy.allows_overrides() { "allow" } else { "forbid" },
        })),
        "overrides": report.authors.iter().map(override_json).collect::<Vec<_>>(),
        "demands": {
            "fail_on": report.demands.fail_on.as_str(),
            "min_ticks": report.demands.min_ticks,
            "unmet": report.unmet,
        },
        "findings": findings.collect::<Vec<_>>(),
        "not_tested": report.not_tested,
        "author_code_run": false,
    })
}

fn finding_json(rule: &Rule, severity: Option<Severity>, finding: &Finding) -> Json {
    json!({
        "rule": rule.id,
        "title": rule.title,
        "area": rule.area.as_str(),
        "severity": severity.map_or("off", Severity::as_str),
        "answer": finding.answer.as_str(),
        "evidence": finding.evidence.iter().map(evidence_json).collect::<Vec<_>>(),
        "remedy": finding.remedy,
        "confidence": finding.confidence.as_str(),
        "ground": finding.ground,
    })
}

fn override_json(entry: &AuthorsEntry) -> Json {
    let mut json = match &entry.about {
        OverrideOf::Rule { rule, answer, found } => json!({
            "rule": rule,
            "answer": answer.as_str(),
            "found": found.map(Answer::as_str),
        }),
        OverrideOf::Words { list, words } => json!({ "list": list, "words": words }),
    };
    json["reason"] = entry.reason.as_str().into();
    json["applied"] = entry.ignored.is_none().into();
    json["ignored"] = entry.ignored.as_deref().into();
    json
}

/// What may be believed of a signature, for programs.
pub fn signature_json(found: &Verification) -> Json {
    let signer = found.signer();
    json!({
        "status": found.as_str(),
        "key": signer.map(|signer| signer.fingerprint.to_string()),
        "curve": signer.map(|signer| signer.curve.as_str()),
        "name": signer.and_then(|signer| signer.name.clone()),
        "certificate": signer.and_then(|signer| signer.certificate.clone()),
        "detail": shown(&found.to_string(), 240),
    })
}

/// What somebody has said of a bundle, for programs.
pub fn attestation_json(attestation: &Attestation) -> Json {
    let claim = match &attestation.claim {
        Some(AttestedClaim::TestResult(result)) => json!({
            "type": "test-result",
            "result": result.outcome.as_str(),
            "tool": result.tool,
            "passed": result.passed,
            "warned": result.warned,
            "failed": result.failed,
        }),
        Some(AttestedClaim::Authorship { anonymous, author }) => json!({
            "type": "authorship",
            "anonymous": anonymous.to_string(),
            "author": author.to_string(),
        }),
        Some(AttestedClaim::Other(predicate)) => json!({ "type": predicate }),
        _ => Json::Null,
    };
    let signature = signature_json(&attestation.verification);
    json!({ "line": attestation.line, "signature": signature, "claim": claim })
}

fn evidence_json(evidence: &Evidence) -> Json {
    json!({ "path": evidence.path, "line": evidence.line, "text": evidence.text })
}

/// The JSON Schema (draft 2020-12) of what [`render_json`] gives.
pub fn report_schema() -> Json {
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::report, testing::subject};

    #[test]
    fn a_report_is_valid_by_its_schema() {
        let schema = report_schema();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let subjects: [&[(&str, &str)]; 3] = [
            &[],
            &[("README.md", "# My Paper Title\n")],
            &[("bundle.toml", "format = 2\n"), ("train.py", "x.backward()\n")],
        ];
        for files in subjects {
            let json = render_json(&report(&subject(files), "a/b"));
            let errors: Vec<_> =
                validator.iter_errors(&json).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
    }

    #[test]
    fn the_schema_refuses_what_no_report_says() {
        let validator = jsonschema::validator_for(&report_schema()).expect("a schema");
        let good = render_json(&report(&subject(&[]), "x"));
        for (key, value) in [
            ("format", json!(2)),
            ("not_tested", json!([])),
            ("holds", json!("yes")),
            ("extra", json!(1)),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            assert!(!validator.is_valid(&bad), "{key}");
        }
        let mut bad = good.clone();
        bad["findings"][0]["answer"] = json!("maybe");
        assert!(!validator.is_valid(&bad));
    }
}
