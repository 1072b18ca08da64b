//! Looking for something in every file of the project's own, and saying in which that could
//! not be done.

use bundle_manifest::ArtifactPath;
use bundle_project::MAX_SEARCHED;

use crate::{Evidence, evidence::shown, finding::Judgement, subject::Subject, tree::TreeFile};

/// Bytes of all files that are searched.
const MAX_ALL: u64 = 256 << 20;
/// Bytes that tell whether a file is a text.
const BEGINNING: u64 = 4096;
/// Bytes of a file below which it costs less to read it than to ask what it is.
const SMALL: u64 = 1 << 20;
/// Files that are named because they were not searched.
const MAX_UNREAD: usize = 20;

/// What was found, by file, and what was not searched.
pub(crate) struct Searched<T> {
    pub(crate) found: Vec<(ArtifactPath, Vec<T>)>,
    /// Why a file was not searched.
    unread: Vec<Evidence>,
}

impl<T> Searched<T> {
    /// Searches texts with `find`.
    pub(crate) fn of_texts(subject: &Subject, find: &dyn Fn(&[u8]) -> Vec<T>) -> Self {
        let text = |file: &TreeFile| file.size <= SMALL || is_text(subject, &file.path);
        Self::search(subject, &text, &|_, content| find(content))
    }

    /// Searches every file with `find`.
    pub(crate) fn of(subject: &Subject, find: &dyn Fn(&ArtifactPath, &[u8]) -> Vec<T>) -> Self {
        Self::search(subject, &|_| true, find)
    }

    fn search(
        subject: &Subject,
        wanted: &dyn Fn(&TreeFile) -> bool,
        find: &dyn Fn(&ArtifactPath, &[u8]) -> Vec<T>,
    ) -> Self {
        let own = |file: &&TreeFile| !file.elsewhere && !subject.tree.is_foreign(&file.path);
        let mut searched = Self { found: Vec::new(), unread: Vec::new() };
        let mut budget = MAX_ALL;
        for file in subject.tree.files().iter().filter(own).filter(|file| wanted(file)) {
            let limit = budget.min(MAX_SEARCHED);
            if file.size > limit {
                // Weights and pictures of that size are no texts: nothing is looked for in them.
                if is_text(subject, &file.path) {
                    searched.not(Evidence::of(&file.path, "is too large to be searched"));
                }
                continue;
            }
            match subject.tree.source().read(&file.path, limit) {
                Err(error) => {
                    searched.not(Evidence::of(&file.path, format!("cannot be read: {error}")));
                }
                Ok(content) => {
                    budget = budget.saturating_sub(file.size);
                    let found = find(&file.path, &content);
                    if !found.is_empty() {
                        searched.found.push((file.path.clone(), found));
                    }
                }
            }
        }
        for (name, reason) in subject.source.iter().flat_map(|source| source.unnameable()) {
            let name = shown(name, 80);
            searched.not(Evidence::note(format!("`{name}` was not searched: its name {reason}")));
        }
        searched
    }

    fn not(&mut self, why: Evidence) {
        if self.unread.len() < MAX_UNREAD {
            self.unread.push(why);
        }
    }

    /// The judgement where nothing was found: who did not look everywhere does not know.
    pub(crate) fn nothing(&self, what: &str) -> Judgement {
        let nothing = Evidence::note(format!("no {what} found"));
        if self.unread.is_empty() {
            return Judgement::pass([nothing]);
        }
        let elsewhere = Evidence::note(format!("no {what} found elsewhere"));
        let unread = self.unread.iter().cloned().chain([elsewhere]);
        Judgement::new(crate::Answer::Unknown, unread)
            .remedy("look into these files yourself, or give them other names or parts")
    }
}

fn is_text(subject: &Subject, path: &ArtifactPath) -> bool {
    let beginning = subject.beginning(path, BEGINNING).unwrap_or_default();
    let text = match std::str::from_utf8(&beginning) {
        Ok(_) => true,
        // The last character may be cut.
        Err(error) => error.error_len().is_none(),
    };
    text && !beginning.contains(&0)
}
