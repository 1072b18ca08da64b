//! A file without what says who wrote it, where that can be taken out and the file
//! stays what it is.

use std::collections::BTreeMap;

use bundle_manifest::ArtifactPath;
use serde_json::Value as Json;

use super::{Leak, LeakKind, People, binary, is_network, leaks, picture, text_of};

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redacted {
    /// The new content; `None` where nothing was taken out.
    pub content: Option<Vec<u8>>,
    /// How many leaks of each kind are gone.
    pub removed: BTreeMap<LeakKind, usize>,
    /// What is still in it.
    pub left: Vec<Leak>,
}

/// The file without what can be taken out of it.
pub fn redacted(path: &ArtifactPath, content: &[u8], people: &People) -> Redacted {
    let before = leaks(path, content, people);
    if before.is_empty() {
        return Redacted::default();
    }
    let new = match text_of(path, content) {
        Some(text) => in_text(path, text, &before),
        None if picture::notes(content).is_some() => picture::without_notes(content),
        None if is_network(path) => binary::onnx_without_notes(content),
        None => None,
    };
    let new = new.filter(|new| new != content);
    let Some(new) = new else { return Redacted { left: before, ..Redacted::default() } };
    let left = leaks(path, &new, people);
    let mut removed: BTreeMap<LeakKind, usize> = BTreeMap::new();
    for kind in LeakKind::ALL {
        let count = |leaks: &[Leak]| leaks.iter().filter(|leak| leak.kind == kind).count();
        let gone = count(&before).saturating_sub(count(&left));
        if gone > 0 {
            removed.insert(kind, gone);
        }
    }
    Redacted { content: Some(new), removed, left }
}

/// What stands in place of a leak.
const fn instead(kind: LeakKind) -> &'static str {
    match kind {
        LeakKind::Address => "anonymous@example.org",
        LeakKind::Home | LeakKind::Name => "anonymous",
        LeakKind::Author | LeakKind::Metadata => "Anonymous",
        LeakKind::Repository => "https://example.org/anonymous",
        LeakKind::Acknowledgement => "[removed for review]",
    }
}

/// The text with other words in place of the leaks, if it is then still what it was.
fn in_text(path: &ArtifactPath, text: &str, leaks: &[Leak]) -> Option<Vec<u8>> {
    let replaced = replace(text, leaks);
    if is_still(path, text, &replaced) {
        return Some(replaced.into_bytes());
    }
    // Words inside strings never break a file; whole fields may.
    let inside =
        |leak: &&Leak| matches!(leak.kind, LeakKind::Address | LeakKind::Home | LeakKind::Name);
    let some: Vec<Leak> = leaks.iter().filter(inside).cloned().collect();
    let replaced = replace(text, &some);
    is_still(path, text, &replaced).then(|| replaced.into_bytes())
}

fn replace(text: &str, leaks: &[Leak]) -> String {
    let mut spans: Vec<_> = leaks.iter().filter_map(|leak| Some((leak.span?, leak.kind))).collect();
    // The longer of two that overlap.
    spans.sort_by_key(|((start, end), _)| (*start, std::cmp::Reverse(*end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for ((start, end), kind) in spans {
        if start < at {
            continue;
        }
        let (Some(between), Some(old)) = (text.get(at..start), text.get(start..end)) else {
            continue;
        };
        out.push_str(between);
        out.push_str(&inside_quotes(old, instead(kind)));
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// `instead`, or where the old text has strings in it, the old text with `instead` in each
/// of them that is no key.
fn inside_quotes(old: &str, instead: &str) -> String {
    let Some(quote) = old
        .chars()
        .find(|c| matches!(c, '"' | '\''))
        .filter(|q| *q == '"' || old.matches('\'').count() > 1)
    else {
        return instead.to_owned();
    };
    // A value that begins in the middle of a string ends at its quote.
    let outside_first = old.starts_with(quote)
        || old
            .split(quote)
            .next()
            .is_some_and(|first| first.trim_end().ends_with(['=', ':', '[', '{', '(']));
    let mut parts: Vec<String> = old.split(quote).map(str::to_owned).collect();
    let count = parts.len();
    for index in 0..count {
        let is_string = (index % 2 == 1) == outside_first;
        let next = parts.get(index + 1).map(|next| next.trim_start().to_owned());
        let key = next.is_some_and(|next| next.starts_with(':') || next.starts_with('='));
        if let (true, false, Some(part)) = (is_string, key, parts.get_mut(index)) {
            instead.clone_into(part);
        }
    }
    parts.join(&quote.to_string())
}

/// Whether a file that its programs could read can still be read.
fn is_still(path: &ArtifactPath, old: &str, new: &str) -> bool {
    let name = path.file_name().to_lowercase();
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix);
    match suffix {
        "json" | "ipynb" | "geojson" => {
            serde_json::from_str::<Json>(old).is_err() || serde_json::from_str::<Json>(new).is_ok()
        }
        "toml" => old.parse::<toml::Table>().is_err() || new.parse::<toml::Table>().is_ok(),
        _ => true,
    }
}
