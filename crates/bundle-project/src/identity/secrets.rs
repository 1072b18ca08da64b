//! Secrets in files: keys and tokens that open something. Each pattern is the one
//! that its service documents, so that a text that merely speaks of keys has none.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// Secrets of one file that are kept.
const MAX_SECRETS: usize = 200;

/// A secret. What it is is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The line, from 1.
    pub line: usize,
    /// The number of its rule, `SECR-n`.
    pub rule: usize,
    /// What kind of secret.
    pub what: &'static str,
    /// Enough of it to find it: the first characters.
    pub begins: String,
}

/// Rule, kind, pattern.
const PATTERNS: [(usize, &str, &str); 22] = [
    (1, "a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    (1, "a PuTTY private key", r"^PuTTY-User-Key-File-\d:"),
    (2, "an AWS access key", r"\b(?:AKIA|ASIA|ABIA)[0-9A-Z]{16}\b"),
    (
        2,
        "an AWS secret key",
        r#"(?i)aws_?secret_?(?:access_?)?key["']?\s*[:=]\s*["']?[A-Za-z0-9/+=]{40}\b"#,
    ),
    (2, "a GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{60,255}\b"),
    (2, "a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    (2, "a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}\b|\bapi_org_[A-Za-z0-9]{30,}\b"),
    (
        2,
        "an OpenAI key",
        r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{48}\b|\bsk-proj-[A-Za-z0-9_-]{40,}",
    ),
    (2, "an Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{32,}"),
    (
        2,
        "a Weights & Biases key",
        r#"(?i)(?:wandb|weights_?and_?biases)[^\n]{0,40}["'= ]([0-9a-f]{40})\b"#,
    ),
    (
        2,
        "a Slack token",
        r"\bxox[abposr]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    ),
    (2, "a Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    (2, "a Google service account", r#""private_key_id"\s*:\s*"[0-9a-f]{40}""#),
    (2, "an npm token", r"\bnpm_[A-Za-z0-9]{36}\b|_authToken=[A-Za-z0-9-]{30,}"),
    (2, "a PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    (2, "a Stripe key", r"\b[sr]k_live_[A-Za-z0-9]{20,}\b"),
    (2, "a Kaggle key", r#""username"\s*:\s*"[^"]+"\s*,\s*"key"\s*:\s*"[0-9a-f]{32}""#),
    (2, "a Telegram token", r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    (2, "a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    (
        3,
        "a password in an address",
        r#"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@"'{}<>$]+:[^\s/:@"'{}<>$]{3,}@[a-z0-9.-]+"#,
    ),
    (3, "a password of .netrc", r"(?i)^\s*machine\s+\S+\s+login\s+\S+\s+password\s+\S+"),
    (
        3,
        "a password in a setting",
        r#"(?i)(?:^|[^\w])(?:password|passwd|pwd|secret_?key|api_?key|access_?token|auth_?token|client_?secret)["']?\s*[:=]\s*["']([A-Za-z0-9+/=_@#$%^&*!-]{12,})["']"#,
    ),
];

static ALL: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(PATTERNS.iter().map(|(_, _, pattern)| *pattern)).ok());
/// Each of them alone, for what it captures.
static EACH: LazyLock<Vec<Option<Regex>>> =
    LazyLock::new(|| PATTERNS.iter().map(|(_, _, pattern)| Regex::new(pattern).ok()).collect());

/// The secrets in a file, by line; none of a file that is no text.
pub fn secrets(content: &[u8]) -> Vec<Secret> {
    let Ok(text) = std::str::from_utf8(content) else { return Vec::new() };
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if found.len() >= MAX_SECRETS {
            break;
        }
        let pieces = super::pieces(line);
        let all = pieces.flat_map(|(_, piece)| ALL.iter().map(move |all| (all, piece)));
        found.extend(all.filter_map(|(all, piece)| in_line(all, piece, index + 1)));
    }
    found.truncate(MAX_SECRETS);
    found
}

/// The first secret of a line.
fn in_line(all: &RegexSet, line: &str, number: usize) -> Option<Secret> {
    all.matches(line).into_iter().find_map(|index| {
        let (rule, what, _) = PATTERNS.get(index)?;
        let captures = EACH.get(index)?.as_ref()?.captures(line)?;
        let whole = captures.get(0)?.as_str();
        let value = captures.get(1).map_or(whole, |value| value.as_str());
        let key = *rule == 1;
        (key || !is_placeholder(value)).then(|| Secret {
            line: number,
            rule: *rule,
            what,
            begins: whole
                .trim_start_matches(|c: char| !c.is_alphanumeric())
                .chars()
                .take(4)
                .collect(),
        })
    })
}

/// Whether a value stands for one that the reader is to fill in, or is a word.
fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    let said = [
        "your",
        "xxxx",
        "example",
        "placeholder",
        "changeme",
        "change_me",
        "<",
        "...",
        "****",
        "dummy",
        "password@",
        ":password",
        "test",
        "sample",
        "insert",
        "redacted",
        "1234567",
        "abcdef",
        "user:pass",
    ]
    .iter()
    .any(|word| lower.contains(word));
    let distinct: std::collections::BTreeSet<char> = value.chars().collect();
    let words = value.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '-' | ' '));
    said || distinct.len() < 6 || words
}
