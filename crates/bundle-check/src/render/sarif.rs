//! The report as SARIF 2.1.0, for code scanning services and editors.
//!
//! Only what wants attention is a result: services show every result as an alert.
//! The severity of the rule and the answer make the level.

use data_encoding::HEXLOWER;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::view::wants;
use crate::{Answer, Evidence, Finding, Report, Rule, Severity, rules, rules::RULESET};

/// Where the format is defined.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The base of the addresses of files: the directory or bundle under check.
const BASE: &str = "PROJECT";
/// A finding without a place of its own is shown at the declaration.
const FALLBACK: &str = "bundle.toml";

/// One log with a run for each report, which was asked for under a name.
pub fn render_sarif<'r>(reports: impl IntoIterator<Item = (&'r str, &'r Report)>) -> Json {
    let runs: Vec<Json> = reports.into_iter().map(|(name, report)| run(name, report)).collect();
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs })
}

fn run(name: &str, report: &Report) -> Json {
    let results = report.findings.iter().filter(|finding| wants(finding));
    let results = results.filter_map(|finding| {
        let index = rules().iter().position(|rule| rule.id == finding.rule)?;
        let rule = rules().get(index)?;
        let severity = report.severity(rule)?;
        Some(result(report, (rule, index, severity), finding))
    });
    json!({
        "tool": { "driver": {
            "name": "bundle",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules().iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            "properties": { "ruleset": RULESET },
        } },
        "automationDetails": {
            "id": format!("bundle-check/{}/", address(&report.subject)),
            "description": { "text": format!("The ML Code Completeness check of {name}.") },
        },
        "invocations": [{ "executionSuccessful": true }],
        "columnKind": "unicodeCodePoints",
        "results": results.collect::<Vec<_>>(),
        "properties": {
            "verdict": report.verdict.as_str(),
            "profile": report.profile.as_str(),
            "id": report.id.map(|id| id.to_string()),
            "complete": { "pass": report.complete.0, "applicable": report.complete.1 },
            "notTested": report.not_tested,
        },
    })
}

fn descriptor(rule: &Rule) -> Json {
    let (text, markdown) = match rule.remedy {
        "" => (rule.why.to_owned(), rule.why.to_owned()),
        remedy => (
            format!("{} To do: {remedy}.", rule.why),
            format!("{}\n\n**To do:** {remedy}.\n\nSource: {}", rule.why, rule.reference),
        ),
    };
    json!({
        "id": rule.id,
        "name": camel(rule.title),
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.why },
        "help": { "text": text, "markdown": markdown },
        "defaultConfiguration": { "level": level(rule.severity, Answer::Fail) },
        "properties": { "severity": rule.severity.as_str(), "area": rule.area.as_str() },
    })
}

/// What a service shows: an error stops, a warning is looked at, a note is good to know.
const fn level(severity: Severity, answer: Answer) -> &'static str {
    match (answer, severity) {
        (Answer::Fail, Severity::Must) => "error",
        (Answer::Fail, Severity::Should) | (Answer::Weak, Severity::Must) => "warning",
        (Answer::Fail, Severity::May) | (Answer::Weak, _) => "note",
        _ => "none",
    }
}

fn result(report: &Report, rule: (&Rule, usize, Severity), finding: &Finding) -> Json {
    let (rule, index, severity) = rule;
    let seen: Vec<String> = finding.evidence.iter().map(ToString::to_string).collect();
    let mut text = format!("Not so: {}", rule.title);
    if !seen.is_empty() {
        text += &format!(". {}", seen.join("; "));
    }
    if let Some(remedy) = &finding.remedy {
        text += &format!(". To do: {remedy}");
    }
    let mut locations: Vec<Json> = finding.evidence.iter().filter_map(location).collect();
    if locations.is_empty() {
        locations.push(place(report.anchor.as_deref().unwrap_or(FALLBACK), None));
    }
    let kind = if finding.answer == Answer::Unknown { "open" } else { "fail" };
    json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "kind": kind,
        "level": level(severity, finding.answer),
        "message": { "text": text },
        "locations": locations,
        "partialFingerprints": { "bundleFinding/v1": fingerprint(report, finding) },
        "properties": {
            "answer": finding.answer.as_str(),
            "confidence": finding.confidence.as_str(),
            "ground": finding.ground,
            "remedy": finding.remedy,
        },
    })
}

fn location(evidence: &Evidence) -> Option<Json> {
    Some(place(evidence.path.as_deref()?, evidence.line))
}

fn place(path: &str, line: Option<usize>) -> Json {
    let file = json!({ "uri": address(path), "uriBaseId": BASE });
    match line {
        Some(line) => json!({ "physicalLocation": {
            "artifactLocation": file,
            "region": { "startLine": line.max(1) },
        } }),
        None => json!({ "physicalLocation": { "artifactLocation": file } }),
    }
}

/// The same finding in a file whose lines have moved is the same.
fn fingerprint(report: &Report, finding: &Finding) -> String {
    let mut text = format!("{}\n{}", finding.rule, report.subject);
    for evidence in &finding.evidence {
        text += &format!("\n{}\t{}", evidence.path.as_deref().unwrap_or_default(), evidence.text);
    }
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// A relative path as a URI: everything but unreserved characters and `/` in percent.
fn address(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// `a licence is stated` as `ALicenceIsStated`, for services that show names.
fn camel(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .chain(letters)
                .collect::<String>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::report, testing::subject};

    #[test]
    fn what_wants_attention_has_a_place_and_a_level() {
        let subject = subject(&[
            ("README.md", "# X\n\n```\npython gone away.py\npython gone.py\n```\n"),
            ("requirements.txt", "torch\n"),
        ]);
        let found = report(&subject, "paper");
        let log = render_sarif([("paper", &found)]);
        let run = &log["runs"][0];
        let results = run["results"].as_array().expect("results");
        assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(rules().len()));
        let wanting = found.findings.iter().filter(|finding| wants(finding)).count();
        assert_eq!(results.len(), wanting);
        for result in results {
            let index = result["ruleIndex"].as_u64().expect("an index");
            assert_eq!(rules()[usize::try_from(index).expect("small")].id, result["ruleId"]);
            let location = &result["locations"][0]["physicalLocation"];
            assert!(
                location["artifactLocation"]["uri"].as_str().is_some_and(|uri| !uri.is_empty())
            );
            let open = result["kind"] == "open";
            assert_eq!(open, result["level"] == "none", "{result}");
        }
        let dependencies = results.iter().find(|r| r["ruleId"] == "MLCC-1").expect("MLCC-1");
        let place = &dependencies["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "requirements.txt");
        assert_eq!(place["region"]["startLine"], 1);
        assert_eq!(dependencies["level"], "note");
    }

    #[test]
    fn addresses_and_fingerprints_are_stable() {
        assert_eq!(address("a b/ü#?.py"), "a%20b/%C3%BC%23%3F.py");
        let of = |text: &str| {
            let found = report(&subject(&[("README.md", text)]), "x");
            let log = render_sarif([("x", &found)]);
            log["runs"][0]["results"][0]["partialFingerprints"].clone()
        };
        assert_eq!(of("# A\n"), of("# A\n\n\nmore\n"));
    }
}
