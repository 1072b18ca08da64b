//! The files under check, wherever they are: one list, one way to read, and the
//! word lists by which they are judged.

use std::{collections::BTreeMap, sync::Arc};

use bundle_manifest::{ArtifactPath, FileSource};

use crate::words::Words;

/// A file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeFile {
    /// Relative to `bundle.toml`.
    pub(crate) path: ArtifactPath,
    pub(crate) size: u64,
    /// Whether its content is not in this copy of the repository.
    pub(crate) elsewhere: bool,
}

/// A sorted list of files, and their content.
pub(crate) struct Tree {
    files: Vec<TreeFile>,
    source: Arc<dyn FileSource>,
    words: Arc<Words>,
    /// Where the files of each name are in the list.
    by_name: BTreeMap<String, Vec<usize>>,
}

/// Why a file's text cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    Absent,
    TooLarge,
    Broken,
}

impl Tree {
    pub(crate) fn new(
        mut files: Vec<TreeFile>,
        source: Arc<dyn FileSource>,
        words: Arc<Words>,
    ) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            by_name.entry(file.path.file_name().to_owned()).or_default().push(index);
        }
        Self { files, source, words, by_name }
    }

    pub(crate) fn files(&self) -> &[TreeFile] {
        &self.files
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.size))
    }

    pub(crate) fn source(&self) -> &dyn FileSource {
        &*self.source
    }

    /// The same files, judged by other lists.
    pub(crate) fn with_words(self, words: Arc<Words>) -> Self {
        Self { words, ..self }
    }

    pub(crate) fn shared_words(&self) -> Arc<Words> {
        Arc::clone(&self.words)
    }

    pub(crate) fn words(&self) -> &Words {
        &self.words
    }

    /// The listed file at this path, which need not be a valid one.
    pub(crate) fn file(&self, path: &str) -> Option<&TreeFile> {
        let index = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }

    /// The files of this name, in path order.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &TreeFile> {
        let places = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|index| self.files.get(*index))
    }

    /// The only file whose path ends in these parts.
    pub(crate) fn ending(&self, parts: &str) -> Option<&TreeFile> {
        let tail = format!("/{parts}");
        let named = self.named(parts.rsplit('/').next().unwrap_or(parts));
        let mut ending = named.filter(|file| file.path.as_str().ends_with(&tail));
        let found = ending.next()?;
        ending.next().is_none().then_some(found)
    }

    /// Whether any file lies below this directory.
    pub(crate) fn has_directory(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        let at = self.files.partition_point(|file| file.path.as_str() < prefix.as_str());
        self.files.get(at).is_some_and(|file| file.path.as_str().starts_with(&prefix))
    }

    /// The text of a file of at most `limit` bytes: UTF-16 where it begins with that byte order
    /// mark, else UTF-8; what is neither becomes `U+FFFD`.
    pub(crate) fn text(&self, path: &ArtifactPath, limit: u64) -> Result<String, Unread> {
        let bytes = self.source.read(path, limit).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Unread::Absent,
            std::io::ErrorKind::FileTooLarge => Unread::TooLarge,
            _ => Unread::Broken,
        })?;
        Ok(decoded(bytes))
    }

    /// Whether a file is a program.
    pub(crate) fn is_program(&self, path: &ArtifactPath) -> bool {
        self.words.scripts.has(&suffix(path))
    }

    /// Whether a file lies in a directory of other people's code.
    pub(crate) fn is_foreign(&self, path: &ArtifactPath) -> bool {
        directories(path).any(|part| self.words.vendored.has(&part))
    }

    /// Whether a file lies in a directory of data.
    pub(crate) fn is_data(&self, path: &ArtifactPath) -> bool {
        directories(path).any(|part| self.words.data.has(&part))
    }

    /// Whether a file is a unit test: in a directory of tests at any depth.
    pub(crate) fn is_unit_test(&self, path: &ArtifactPath) -> bool {
        stem(path) == "conftest" || directories(path).any(|part| self.words.unit_tests.has(&part))
    }
}

fn decoded(bytes: Vec<u8>) -> String {
    let (unit, content): (fn([u8; 2]) -> u16, _) = match bytes.as_slice() {
        [0xff, 0xfe, content @ ..] => (u16::from_le_bytes, content),
        [0xfe, 0xff, content @ ..] => (u16::from_be_bytes, content),
        _ => {
            return match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            };
        }
    };
    let (pairs, _) = content.as_chunks();
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// The names of the directories above a file, lower case.
pub(crate) fn directories(path: &ArtifactPath) -> impl Iterator<Item = String> {
    let parts: Vec<String> = path.parts().map(str::to_lowercase).collect();
    let count = parts.len().saturating_sub(1);
    parts.into_iter().take(count)
}

/// The name of a file without its last suffix, lower case: `Train_Model` of `Train_Model.py`.
pub(crate) fn stem(path: &ArtifactPath) -> String {
    let name = path.file_name();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase()
}

/// The last suffix of a file's name, lower case, without the dot; empty for none.
pub(crate) fn suffix(path: &ArtifactPath) -> String {
    path.file_name().rsplit_once('.').map_or_else(String::new, |(_, suffix)| suffix.to_lowercase())
}

/// The words of an identifier: `trainModel_v2` gives `train`, `model`, `v2`.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in text.chars() {
        let boundary = !c.is_alphanumeric() || (c.is_uppercase() && lower);
        if boundary {
            words.push(String::new());
        }
        lower = c.is_lowercase();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_fall_into_words() {
        let cases: [(&str, &[&str]); 4] = [
            ("trainModel_v2", &["train", "model", "v2"]),
            ("run-exp.main", &["run", "exp", "main"]),
            ("README", &["readme"]),
            ("__", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}
