//! `CITATION.cff`: the few lines that a `bundle.toml` has, too. A reader for the
//! flat part of the format, not for YAML.

/// What a citation file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Citation {
    pub(super) title: Option<String>,
    pub(super) version: Option<String>,
    pub(super) license: Option<String>,
    pub(super) doi: Option<String>,
    pub(super) authors: Vec<String>,
}

impl Citation {
    pub(super) fn parse(text: &str) -> Self {
        let mut citation = Self::default();
        let (mut top, mut author) = ("", Author::default());
        for line in text.lines() {
            let indented = line.starts_with([' ', '\t', '-']);
            let entry = line.trim_start_matches([' ', '\t']);
            let starts_item = entry.starts_with("- ");
            let Some((key, value)) = entry.trim_start_matches("- ").split_once(':') else {
                continue;
            };
            let value = unquote(value);
            if !indented {
                top = key.trim();
                citation.set(top, value);
                continue;
            }
            if top == "authors" {
                if starts_item {
                    citation.authors.extend(std::mem::take(&mut author).name());
                }
                author.set(key.trim(), value);
            }
        }
        citation.authors.extend(author.name());
        citation
    }

    fn set(&mut self, key: &str, value: Option<String>) {
        match key {
            "title" => self.title = value,
            "version" => self.version = value,
            "license" => self.license = value,
            "doi" => self.doi = value,
            _ => {}
        }
    }
}

#[derive(Default)]
struct Author {
    given: Option<String>,
    family: Option<String>,
    name: Option<String>,
}

impl Author {
    fn set(&mut self, key: &str, value: Option<String>) {
        match key {
            "given-names" => self.given = value,
            "family-names" => self.family = value,
            "name" => self.name = value,
            _ => {}
        }
    }

    fn name(self) -> Option<String> {
        let parts: Vec<_> = self.given.into_iter().chain(self.family).collect();
        if parts.is_empty() { self.name } else { Some(parts.join(" ")) }
    }
}

/// A plain scalar without its quotes and comment; `None` where a block begins.
fn unquote(value: &str) -> Option<String> {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote))
        {
            return Some(inner.to_owned());
        }
    }
    let value = value.split(" #").next().unwrap_or(value).trim();
    let block = value.is_empty() || matches!(value, ">" | "|" | ">-" | "|-");
    (!block).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flat_part_is_read() {
        let text = "cff-version: 1.2.0\ntitle: \"Grading: a study\"\nversion: 2.1.0 # of the code\n\
            license: Apache-2.0\ndoi: 10.1234/abc\nauthors:\n  - family-names: Author\n    given-names: Ann\n\
            - name: The Team\nmessage: >-\n  cite\nkeywords:\n  - title: no\n";
        let expected = Citation {
            title: Some("Grading: a study".into()),
            version: Some("2.1.0".into()),
            license: Some("Apache-2.0".into()),
            doi: Some("10.1234/abc".into()),
            authors: vec!["Ann Author".into(), "The Team".into()],
        };
        assert_eq!(Citation::parse(text), expected);
        assert_eq!(Citation::parse(""), Citation::default());
    }
}
