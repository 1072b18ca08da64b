//! Statements about a bundle, each signed by whoever makes it, in a file beside
//! it: `NAME.attest.jsonl`, one envelope a line.
//!
//! The subject of a statement is the bundle id. Two predicates are written:
//! in-toto's `test-result/v0.1` for a check, and `authorship/v0.1` of our own,
//! with which the holder of an anonymous key says whose it was.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use bundle_manifest::BundleId;

use crate::{
    Fingerprint, Flaw, PublicKey, SigningIdentity, Trust, Verification,
    envelope::{open, seal, shown},
    statement::{SubjectIn, check_type, in_toto, only_subject},
    verification::authenticate,
};

/// in-toto's predicate for the result of tests.
const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// Who held an anonymous key. Signed twice: by that key, and by the one it names.
const AUTHORSHIP: &str = "https://github.com/bundle-ml/bundle/attestation/authorship/v0.1";
/// Bytes that a file of attestations may have.
pub const MAX_ATTESTATIONS_SIZE: u64 = 64 << 20;
/// Bytes that one of them may have, and how many there may be.
const MOST_LINE: usize = 1 << 20;
const MOST_LINES: usize = 1_000;

/// The result of a check, as `test-result/v0.1` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Whether all tests passed.
    pub outcome: Outcome,
    /// The program, its version and its ruleset.
    pub tool: String,
    /// The names of tests that passed.
    pub passed: Vec<String>,
    /// The names of tests that passed with a warning.
    pub warned: Vec<String>,
    /// The names of tests that failed.
    pub failed: Vec<String>,
}

/// The word of `test-result/v0.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// Everything passed.
    Passed,
    /// Everything passed, some of it with a warning.
    Warned,
    /// Something failed.
    Failed,
}

impl Outcome {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Warned => "WARNED",
            Self::Failed => "FAILED",
        }
    }
}

/// A line of a file of attestations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Its line, from 1.
    pub line: usize,
    /// Whether it is valid, about this bundle, and by whom.
    pub verification: Verification,
    /// What it says; nothing where it is bad.
    pub claim: Option<AttestedClaim>,
}

/// What an attestation says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttestedClaim {
    /// Somebody checked the bundle.
    TestResult(TestResult),
    /// The holder of the key `anonymous` is the holder of the key `author`.
    Authorship {
        /// The key that signed the bundle.
        anonymous: Fingerprint,
        /// The key that its holder is known by.
        author: Fingerprint,
    },
    /// Another predicate, which is not understood here.
    Other(String),
}

/// Where the attestations about a bundle file are: `NAME.attest.jsonl` beside
/// `NAME.bundle.tar.zst`; beside a file of another name, such as a zip, the bundle's own
/// `stem`, so that they are found when it is unzipped.
pub fn attestations_beside(bundle: &Path, stem: &str) -> PathBuf {
    let name = bundle.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let stem = name.strip_suffix(".bundle.tar.zst").unwrap_or(stem);
    bundle.with_file_name(format!("{stem}.attest.jsonl"))
}

/// Signs the result of a check. Gives one line, without its end.
pub fn attest(id: BundleId, name: &str, result: &TestResult, identity: &SigningIdentity) -> String {
    let predicate = TestResultOut {
        configuration: [ConfigurationOut { name: &result.tool, uri: TOOL_URI }],
        failed_tests: &result.failed,
        passed_tests: &result.passed,
        result: result.outcome,
        warned_tests: &result.warned,
    };
    seal_statement(id, name, TEST_RESULT, &predicate, identity)
}

/// Says that the holder of `anonymous` is the holder of `author`, as each of the two
/// must: the first proves that it made the bundle, the second that it agrees.
pub fn reveal(
    id: BundleId,
    name: &str,
    anonymous: &SigningIdentity,
    author: &SigningIdentity,
) -> [String; 2] {
    let predicate = AuthorshipOut {
        anonymous: anonymous.key().public().to_pem(),
        author: author.key().public().to_pem(),
    };
    [anonymous, author].map(|by| seal_statement(id, name, AUTHORSHIP, &predicate, by))
}

/// Reads a file of attestations about the bundle `id`. A line that cannot be
/// read is bad; it does not stop the others from being read.
pub fn read_attestations(
    text: &[u8],
    id: BundleId,
    trust: &Trust,
) -> Result<Vec<Attestation>, Flaw> {
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_ATTESTATIONS_SIZE {
        let what = format!("has {} bytes, the limit is {MAX_ATTESTATIONS_SIZE}", text.len());
        return Err(Flaw::new("attestations", what));
    }
    let lines = text.split(|byte| *byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let mut found = Vec::new();
    for (bytes, line) in lines {
        if found.len() >= MOST_LINES {
            let what = format!("are more than {MOST_LINES}");
            return Err(Flaw::new("attestations", what));
        }
        let (verification, claim) = match read_line(bytes, id, trust) {
            Ok((verification, claim)) => (verification, Some(claim)),
            Err(flaw) => (Verification::Bad(flaw), None),
        };
        found.push(Attestation { line, verification, claim });
    }
    Ok(found)
}

/// The key that the holder of `anonymous` is known by, if both keys said so.
pub fn revealed(attestations: &[Attestation], anonymous: Fingerprint) -> Option<Fingerprint> {
    let said = |by: Fingerprint| {
        attestations.iter().filter_map(move |attestation| match &attestation.claim {
            Some(AttestedClaim::Authorship { anonymous: one, author })
                if *one == anonymous
                    && attestation.verification.signer().is_some_and(|s| s.fingerprint == by) =>
            {
                Some(*author)
            }
            _ => None,
        })
    };
    said(anonymous).find(|author| said(*author).any(|other| other == *author))
}

fn read_line(
    bytes: &[u8],
    id: BundleId,
    trust: &Trust,
) -> Result<(Verification, AttestedClaim), Flaw> {
    if bytes.len() > MOST_LINE {
        let what = format!("has {} bytes, the limit is {MOST_LINE}", bytes.len());
        return Err(Flaw::new("attestation", what));
    }
    let envelope = open(bytes)?;
    let verification = authenticate(&envelope, trust);
    if let Verification::Bad(flaw) = verification {
        return Err(flaw);
    }
    let malformed = |error| Flaw::new("payload", format!("is not an in-toto statement: {error}"));
    let found: StatementIn = serde_json::from_slice(&envelope.payload).map_err(malformed)?;
    check_type(&found.type_)?;
    let (_, digest) = only_subject(found.subject)?;
    if format!("sha256:{digest}") != id.to_string() {
        return Err(Flaw::new("subject", format!("is another bundle, sha256:{digest}")));
    }
    Ok((verification, claim(&found.predicate_type, found.predicate)?))
}

fn claim(predicate_type: &str, predicate: Value) -> Result<AttestedClaim, Flaw> {
    let malformed =
        |error: serde_json::Error| Flaw::new("predicate", format!("is not of its type: {error}"));
    match predicate_type {
        TEST_RESULT => {
            let found: TestResultIn = serde_json::from_value(predicate).map_err(malformed)?;
            let tool = found.configuration.first().and_then(|entry| entry.get("name"));
            let tool = tool.and_then(Value::as_str).map(shown).unwrap_or_default();
            let names = |tests: Vec<String>| tests.iter().map(|name| shown(name)).collect();
            Ok(AttestedClaim::TestResult(TestResult {
                outcome: found.result,
                tool,
                passed: names(found.passed_tests),
                warned: names(found.warned_tests),
                failed: names(found.failed_tests),
            }))
        }
        AUTHORSHIP => {
            let found: AuthorshipIn = serde_json::from_value(predicate).map_err(malformed)?;
            let key = |field: &str, pem: &str| {
                let key = PublicKey::from_pem(pem);
                key.map(|key| key.fingerprint())
                    .map_err(|error| Flaw::new(format!("predicate.{field}"), error.to_string()))
            };
            let anonymous = key("anonymous", &found.anonymous)?;
            Ok(AttestedClaim::Authorship { anonymous, author: key("author", &found.author)? })
        }
        other => Ok(AttestedClaim::Other(shown(other))),
    }
}

fn seal_statement(
    id: BundleId,
    name: &str,
    predicate_type: &str,
    predicate: &impl Serialize,
    identity: &SigningIdentity,
) -> String {
    let statement = in_toto(name, &id.0.to_string(), predicate_type, predicate);
    seal(statement.as_bytes(), identity)
}

/// Where to read what the tests mean.
const TOOL_URI: &str = "https://github.com/bundle-ml/bundle/blob/main/docs/rules.md";

#[derive(Deserialize)]
struct StatementIn {
    #[serde(rename = "_type")]
    type_: String,
    subject: Vec<SubjectIn>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Value,
}

/// Fields that are not known are passed over, as in-toto has consumers do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestResultIn {
    result: Outcome,
    configuration: Vec<Value>,
    #[serde(default)]
    passed_tests: Vec<String>,
    #[serde(default)]
    warned_tests: Vec<String>,
    #[serde(default)]
    failed_tests: Vec<String>,
}

#[derive(Deserialize)]
struct AuthorshipIn {
    anonymous: String,
    author: String,
}

// Written: the fields are in the order of their names.

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestResultOut<'a> {
    configuration: [ConfigurationOut<'a>; 1],
    failed_tests: &'a [String],
    passed_tests: &'a [String],
    result: Outcome,
    warned_tests: &'a [String],
}

#[derive(Serialize)]
struct ConfigurationOut<'a> {
    name: &'a str,
    uri: &'static str,
}

#[derive(Serialize)]
struct AuthorshipOut {
    anonymous: String,
    author: String,
}
