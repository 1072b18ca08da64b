//! The payload: an in-toto Statement v1 with the predicate of OpenSSF Model Signing.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Flaw, envelope::shown};

/// The type of a statement.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The predicate of Model Signing 1.0.
const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";
/// The predicate of `model_signing` 0.2, whose subjects are the files. Read, never written.
#[cfg(feature = "directory")]
const PREDICATE_TYPE_V0_2: &str = "https://model_signing/Digests/v0.1";

/// What was signed: files and their digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The name of the directory; for people only.
    pub(crate) name: String,
    /// SHA-256 over the raw digests of the resources, in their order.
    pub(crate) root: String,
    pub(crate) resources: Vec<Resource>,
    pub(crate) serialization: Serialization,
}

/// A file, or a stretch of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(crate) algorithm: String,
    pub(crate) digest: String,
    pub(crate) name: String,
}

/// How the files were found and hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Serialization {
    pub(crate) allow_symlinks: bool,
    pub(crate) hash_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ignore_paths: Option<Vec<String>>,
    pub(crate) method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shard_size: Option<u64>,
}

impl Serialization {
    /// Whole files, SHA-256, no links: the only form that the reference's command line verifies.
    pub(crate) fn files(ignore_paths: Vec<String>) -> Self {
        Self {
            allow_symlinks: false,
            hash_type: "sha256".to_owned(),
            ignore_paths: Some(ignore_paths),
            method: "files".to_owned(),
            shard_size: None,
        }
    }
}

impl Statement {
    /// A statement about these files, given as name and hexadecimal SHA-256 in
    /// code-point order of their names.
    pub(crate) fn of_files(
        name: &str,
        files: impl Iterator<Item = (String, String)>,
        ignore_paths: Vec<String>,
    ) -> Self {
        let resource = |(name, digest)| Resource { algorithm: "sha256".to_owned(), digest, name };
        let resources: Vec<_> = files.map(resource).collect();
        // The digests are ours: all of them are hexadecimal.
        let root = root(&resources).unwrap_or_default();
        let serialization = Serialization::files(ignore_paths);
        Self { name: name.to_owned(), root, resources, serialization }
    }

    /// The payload: compact, with sorted keys.
    pub(crate) fn to_json(&self) -> String {
        let predicate =
            PredicateOut { resources: &self.resources, serialization: &self.serialization };
        in_toto(&self.name, &self.root, PREDICATE_TYPE, &predicate)
    }

    /// Reads a payload and checks all that can be checked without the files. The
    /// order of the resources is not checked: the reference sorts by path
    /// components, the specification by code points.
    pub(crate) fn from_json(payload: &[u8]) -> Result<Self, Flaw> {
        let found: StatementIn = parse(payload)?;
        check_type(&found.type_)?;
        if found.predicate_type != PREDICATE_TYPE {
            let what = format!("is `{}`, not `{PREDICATE_TYPE}`", shown(&found.predicate_type));
            return Err(Flaw::new("predicateType", what));
        }
        let (name, root) = only_subject(found.subject)?;
        let PredicateIn { resources, serialization } = found.predicate;
        check_resources(&resources)?;
        let statement = Self { name, root, resources, serialization };
        if self::root(&statement.resources).as_deref() != Some(statement.root.as_str()) {
            return Err(Flaw::new("subject", "digest is not that of the resources together"));
        }
        Ok(statement)
    }

    /// Reads a payload of `model_signing` 0.2: each file is a subject.
    #[cfg(feature = "directory")]
    pub(crate) fn from_v0_2(payload: &[u8]) -> Result<Option<Self>, Flaw> {
        let found: StatementV02 = parse(payload)?;
        if found.predicate_type != PREDICATE_TYPE_V0_2 {
            return Ok(None);
        }
        check_type(&found.type_)?;
        let resources: Vec<_> = found
            .subject
            .into_iter()
            .map(|subject| Resource {
                algorithm: "sha256".to_owned(),
                digest: subject.digest.sha256,
                name: subject.name,
            })
            .collect();
        check_resources(&resources)?;
        let root = root(&resources).unwrap_or_default();
        let serialization = Serialization::files(Vec::new());
        Ok(Some(Self { name: String::new(), root, resources, serialization }))
    }
}

/// An in-toto statement about one subject: compact, with sorted keys, where those of the
/// predicate are.
pub(crate) fn in_toto(
    name: &str,
    sha256: &str,
    predicate_type: &str,
    predicate: &impl Serialize,
) -> String {
    let statement = StatementOut {
        type_: STATEMENT_TYPE,
        predicate,
        predicate_type,
        subject: [SubjectOut { digest: DigestOut { sha256 }, name }],
    };
    // Strings, numbers and lists: this always is JSON.
    serde_json::to_string(&statement).unwrap_or_default()
}

fn parse<'p, T: Deserialize<'p>>(payload: &'p [u8]) -> Result<T, Flaw> {
    serde_json::from_slice(payload)
        .map_err(|error| Flaw::new("payload", format!("is not such a statement: {error}")))
}

pub(crate) fn check_type(found: &str) -> Result<(), Flaw> {
    if found == STATEMENT_TYPE {
        return Ok(());
    }
    Err(Flaw::new("_type", format!("is `{}`, not `{STATEMENT_TYPE}`", shown(found))))
}

/// The name and digest of the one subject.
pub(crate) fn only_subject(subjects: Vec<SubjectIn>) -> Result<(String, String), Flaw> {
    let count = subjects.len();
    let mut subjects = subjects.into_iter();
    let (Some(subject), None) = (subjects.next(), subjects.next()) else {
        return Err(Flaw::new("subject", format!("has {count} entries, not exactly one")));
    };
    if subject.name.is_empty() {
        return Err(Flaw::new("subject", "has no name"));
    }
    if !is_lower_hex(&subject.digest.sha256, 64) {
        return Err(Flaw::new("subject", "sha256 is not 64 lower-case hexadecimal digits"));
    }
    Ok((subject.name, subject.digest.sha256))
}

fn check_resources(resources: &[Resource]) -> Result<(), Flaw> {
    if resources.is_empty() {
        return Err(Flaw::new("resources", "is empty"));
    }
    for resource in resources {
        let subject = || format!("resource `{}`", shown(&resource.name));
        let name = &resource.name;
        // A single-file model is called `.` by the reference.
        let plain = name == "."
            || !name.is_empty() && name.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !plain || name.contains('\0') {
            return Err(Flaw::new(subject(), "is not a relative path in its plain form"));
        }
        let digits = if resource.algorithm == "blake2b" { 128 } else { 64 };
        if !is_lower_hex(&resource.digest, digits) {
            let what = format!("digest is not {digits} lower-case hexadecimal digits");
            return Err(Flaw::new(subject(), what));
        }
    }
    let mut names: Vec<&str> = resources.iter().map(|resource| resource.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find_map(|pair| match pair {
        [one, two] if one == two => Some(*one),
        _ => None,
    });
    match twice {
        Some(name) => Err(Flaw::new(format!("resource `{}`", shown(name)), "is listed twice")),
        None => Ok(()),
    }
}

fn is_lower_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && HEXLOWER.decode(text.as_bytes()).is_ok()
}

/// The root digest: always SHA-256, whatever the files were hashed with.
fn root(resources: &[Resource]) -> Option<String> {
    let mut root = Sha256::new();
    for resource in resources {
        root.update(HEXLOWER.decode(resource.digest.as_bytes()).ok()?);
    }
    Some(HEXLOWER.encode(&root.finalize()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementIn {
    #[serde(rename = "_type")]
    type_: String,
    subject: Vec<SubjectIn>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: PredicateIn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PredicateIn {
    resources: Vec<Resource>,
    serialization: Serialization,
}

/// A subject may say more, which is nobody's here.
#[derive(Deserialize)]
pub(crate) struct SubjectIn {
    name: String,
    digest: DigestIn,
}

#[derive(Deserialize)]
struct DigestIn {
    sha256: String,
}

#[cfg(feature = "directory")]
#[derive(Deserialize)]
struct StatementV02 {
    #[serde(rename = "_type")]
    type_: String,
    #[serde(default)]
    subject: Vec<SubjectIn>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

#[derive(Serialize)]
struct StatementOut<'a, P> {
    #[serde(rename = "_type")]
    type_: &'static str,
    predicate: &'a P,
    #[serde(rename = "predicateType")]
    predicate_type: &'a str,
    subject: [SubjectOut<'a>; 1],
}

#[derive(Serialize)]
struct PredicateOut<'a> {
    resources: &'a [Resource],
    serialization: &'a Serialization,
}

#[derive(Serialize)]
struct SubjectOut<'a> {
    digest: DigestOut<'a>,
    name: &'a str,
}

#[derive(Serialize)]
struct DigestOut<'a> {
    sha256: &'a str,
}
