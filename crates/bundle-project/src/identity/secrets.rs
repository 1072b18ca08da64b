//! Secrets in files: keys and tokens that open something. Each pattern is the one
//! that its service documents, so that a text that merely speaks of keys has none.

use std::sync::LazyLock;

use regex::Regex;

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

/// A kind of secret.
struct Pattern {
    rule: usize,
    what: &'static str,
    /// A line without one of these, in lower case, has none.
    any: &'static [&'static str],
    /// Nor has one without this.
    also: &'static str,
    expression: &'static str,
}

const PATTERNS: [Pattern; 22] = [
    Pattern {
        rule: 1,
        what: "a private key",
        any: &["private key"],
        also: "",
        expression: r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    },
    Pattern {
        rule: 1,
        what: "a PuTTY private key",
        any: &["putty-user-key-file"],
        also: "",
        expression: r"^PuTTY-User-Key-File-\d:",
    },
    Pattern {
        rule: 2,
        what: "an AWS access key",
        any: &["akia", "asia", "abia"],
        also: "",
        expression: r"\b(?:AKIA|ASIA|ABIA)[0-9A-Z]{16}\b",
    },
    Pattern {
        rule: 2,
        what: "an AWS secret key",
        any: &["secret"],
        also: "",
        expression: r#"(?i)aws_?secret_?(?:access_?)?key["']?\s*[:=]\s*["']?[A-Za-z0-9/+=]{40}\b"#,
    },
    Pattern {
        rule: 2,
        what: "a GitHub token",
        any: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        also: "",
        expression: r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{60,255}\b",
    },
    Pattern {
        rule: 2,
        what: "a GitLab token",
        any: &["glpat-"],
        also: "",
        expression: r"\bglpat-[A-Za-z0-9_-]{20,}",
    },
    Pattern {
        rule: 2,
        what: "a Hugging Face token",
        any: &["hf_", "api_org_"],
        also: "",
        expression: r"\bhf_[A-Za-z0-9]{30,}\b|\bapi_org_[A-Za-z0-9]{30,}\b",
    },
    Pattern {
        rule: 2,
        what: "an OpenAI key",
        any: &["sk-"],
        also: "",
        expression: r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{48}\b|\bsk-proj-[A-Za-z0-9_-]{40,}",
    },
    Pattern {
        rule: 2,
        what: "an Anthropic key",
        any: &["sk-ant-"],
        also: "",
        expression: r"\bsk-ant-[A-Za-z0-9_-]{32,}",
    },
    Pattern {
        rule: 2,
        what: "a Weights & Biases key",
        any: &["wandb", "weights"],
        also: "",
        expression: r#"(?i)(?:wandb|weights_?and_?biases)[^\n]{0,40}["'= ]([0-9a-f]{40})\b"#,
    },
    Pattern {
        rule: 2,
        what: "a Slack token",
        any: &["xox", "hooks.slack.com"],
        also: "",
        expression: r"\bxox[abposr]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    },
    Pattern {
        rule: 2,
        what: "a Google API key",
        any: &["aiza"],
        also: "",
        expression: r"\bAIza[0-9A-Za-z_-]{35}\b",
    },
    Pattern {
        rule: 2,
        what: "a Google service account",
        any: &["private_key_id"],
        also: "",
        expression: r#""private_key_id"\s*:\s*"[0-9a-f]{40}""#,
    },
    Pattern {
        rule: 2,
        what: "an npm token",
        any: &["npm_", "_authtoken"],
        also: "",
        expression: r"\bnpm_[A-Za-z0-9]{36}\b|_authToken=[A-Za-z0-9-]{30,}",
    },
    Pattern {
        rule: 2,
        what: "a PyPI token",
        any: &["pypi-age"],
        also: "",
        expression: r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
    },
    Pattern {
        rule: 2,
        what: "a Stripe key",
        any: &["k_live_"],
        also: "",
        expression: r"\b[sr]k_live_[A-Za-z0-9]{20,}\b",
    },
    Pattern {
        rule: 2,
        what: "a Kaggle key",
        any: &["\"username\""],
        also: "",
        expression: r#""username"\s*:\s*"[^"]+"\s*,\s*"key"\s*:\s*"[0-9a-f]{32}""#,
    },
    Pattern {
        rule: 2,
        what: "a Telegram token",
        any: &[":aa"],
        also: "",
        expression: r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b",
    },
    Pattern {
        rule: 2,
        what: "a JSON web token",
        any: &["eyj"],
        also: "",
        expression: r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    },
    Pattern {
        rule: 3,
        what: "a password in an address",
        any: &["://"],
        also: "@",
        expression: r#"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@"'{}<>$]+:[^\s/:@"'{}<>$]{3,}@[a-z0-9.-]+"#,
    },
    Pattern {
        rule: 3,
        what: "a password of .netrc",
        any: &["machine"],
        also: "password",
        expression: r"(?i)^\s*machine\s+\S+\s+login\s+\S+\s+password\s+\S+",
    },
    Pattern {
        rule: 3,
        what: "a password in a setting",
        any: &["passw", "pwd", "secret", "apikey", "api_key", "token"],
        also: "",
        expression: r#"(?i)(?:^|[^\w])(?:password|passwd|pwd|secret_?key|api_?key|access_?token|auth_?token|client_?secret)["']?\s*[:=]\s*["']([A-Za-z0-9+/=_@#$%^&*!-]{12,})["']"#,
    },
];

/// The expressions, in the same order.
static EXPRESSIONS: LazyLock<Vec<Option<Regex>>> =
    LazyLock::new(|| PATTERNS.iter().map(|pattern| Regex::new(pattern.expression).ok()).collect());

/// The secrets in a file, by line; none of a file that is no text.
pub fn secrets(content: &[u8]) -> Vec<Secret> {
    let Ok(text) = std::str::from_utf8(content) else { return Vec::new() };
    let found = text.lines().enumerate().flat_map(|(index, line)| {
        super::pieces(line).filter_map(move |(_, piece)| in_line(piece, index + 1))
    });
    found.take(MAX_SECRETS).collect()
}

#[cfg(test)]
pub(super) fn all_compile() -> bool {
    EXPRESSIONS.iter().all(Option::is_some)
}

/// The first secret of a line.
fn in_line(line: &str, number: usize) -> Option<Secret> {
    let lower = line.to_ascii_lowercase();
    // Plain words first: an expression on every line of a large file takes seconds.
    let may_be = |pattern: &Pattern| {
        pattern.any.iter().any(|word| lower.contains(word)) && lower.contains(pattern.also)
    };
    let mut patterns = PATTERNS.iter().zip(EXPRESSIONS.iter()).filter(|(p, _)| may_be(p));
    patterns.find_map(|(pattern, expression)| {
        let captures = expression.as_ref()?.captures(line)?;
        let whole = captures.get(0)?.as_str();
        let value = captures.get(1).map_or(whole, |value| value.as_str());
        let key = pattern.rule == 1;
        (key || !is_placeholder(value)).then(|| Secret {
            line: number,
            rule: pattern.rule,
            what: pattern.what,
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
