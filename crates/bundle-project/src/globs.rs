//! The globs of `[files]` and `--withhold`: relative to `bundle.toml`; `*` (any bytes) and
//! `?` (one byte) stop at `/`, `**` does not; `{a,b}` and `[abc]` are as in a shell; a glob
//! that ends in `/` means everything below.

use globset::{Candidate, GlobBuilder, GlobMatcher};

use crate::ProjectError;

/// Globs that a path may match.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    matchers: Vec<(String, GlobMatcher)>,
}

impl Globs {
    /// Parses globs; `key` names where they were written, for the error.
    pub fn parse(key: &str, globs: &[String]) -> Result<Self, ProjectError> {
        let parse = |glob: &String| {
            let pattern = match glob.strip_suffix('/') {
                Some(directory) => format!("{directory}/**"),
                None => glob.clone(),
            };
            match GlobBuilder::new(&pattern).literal_separator(true).backslash_escape(true).build()
            {
                Ok(built) => Ok((glob.clone(), built.compile_matcher())),
                Err(error) => {
                    let message = format!("`{key}`: `{glob}` is not a glob: {}", error.kind());
                    Err(ProjectError::new(message))
                }
            }
        };
        Ok(Self { matchers: globs.iter().map(parse).collect::<Result<_, _>>()? })
    }

    /// The first glob that matches `path`, as it was written.
    pub fn first_match(&self, path: &str) -> Option<&str> {
        let candidate = Candidate::new(path);
        let hit = self.matchers.iter().find(|(_, matcher)| matcher.is_match_candidate(&candidate));
        hit.map(|(glob, _)| glob.as_str())
    }

    /// The globs, as they were written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.matchers.iter().map(|(glob, _)| glob.as_str())
    }

    /// Whether the glob at `index` of [`Globs::iter`] matches `path`.
    pub(crate) fn matches_at(&self, index: usize, path: &str) -> bool {
        self.matchers.get(index).is_some_and(|(_, matcher)| matcher.is_match(path))
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_mean_what_the_module_says() -> Result<(), ProjectError> {
        let cases = [
            ("*.pt", "best.pt", true),
            ("*.pt", "checkpoints/best.pt", false),
            ("**/*.pt", "best.pt", true),
            ("**/*.pt", "a/b/best.pt", true),
            ("data/raw/**", "data/raw/x/y.csv", true),
            ("data/raw/**", "data/rawer", false),
            ("data/raw/", "data/raw/x/y.csv", true),
            ("data", "data/x", false),
            ("{a,b}/?.txt", "b/1.txt", true),
            ("[ab].txt", "c.txt", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("*", ".hidden", true),
        ];
        for (glob, path, expected) in cases {
            let globs = Globs::parse("files.exclude", &[glob.to_owned()])?;
            assert_eq!(globs.first_match(path).is_some(), expected, "{glob} {path}");
        }
        Ok(())
    }

    #[test]
    fn a_broken_glob_is_named() {
        let error = Globs::parse("files.also", &["a[".to_owned()]).expect_err("an open class");
        assert_eq!(
            error.to_string(),
            "`files.also`: `a[` is not a glob: unclosed character class; missing ']'"
        );
    }
}
