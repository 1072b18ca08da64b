//! The word lists that rules go by. They are data (`data/words.toml`): adding a
//! host, a suffix or a framework's idiom happens there and nowhere else, and a
//! project or a venue may have its own.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use serde::Deserialize;

/// The lists as they are committed.
const STANDARD: &str = include_str!("../data/words.toml");

/// A list of words, in the order of the file; the spellings of one word stand together there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<Word>")]
pub(crate) struct WordList {
    words: Vec<Word>,
    set: BTreeSet<String>,
}

/// A word: `"zenodo.org"`, or `["pth", "pt"]`, which are one suffix in two spellings.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Spelt")]
struct Word(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Spelt {
    Once(String),
    Ways(Vec<String>),
}

impl From<Spelt> for Word {
    fn from(spelt: Spelt) -> Self {
        match spelt {
            Spelt::Once(word) => Self(vec![word]),
            Spelt::Ways(ways) => Self(ways),
        }
    }
}

impl From<Vec<Word>> for WordList {
    fn from(words: Vec<Word>) -> Self {
        Self { set: words.iter().flat_map(|Word(ways)| ways).cloned().collect(), words }
    }
}

impl WordList {
    /// Whether this is one of them.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.set.contains(word)
    }

    /// The first that stands anywhere in `text`.
    pub(crate) fn within(&self, text: &str) -> Option<&str> {
        self.iter().find(|word| text.contains(word))
    }

    /// Whether one of these words is in the list, digits at their end aside.
    pub(crate) fn any(&self, words: &[String]) -> bool {
        words.iter().any(|word| self.has(word.trim_end_matches(|c: char| c.is_ascii_digit())))
    }

    fn spellings(&self) -> Vec<&[String]> {
        self.words.iter().map(|Word(ways)| ways.as_slice()).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().flat_map(|Word(ways)| ways).map(String::as_str)
    }
}

/// Text of the unfilled template of the checklist.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TemplateText {
    pub(crate) text: String,
    /// The item (1 to 5) that it stands for; 0 for none.
    pub(crate) item: usize,
}

macro_rules! lists {
    ($($name:ident)*) => {
        /// Every list.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Words {
            $(pub(crate) $name: WordList,)*
            pub(crate) template: Vec<TemplateText>,
        }

        impl Words {
            /// Each list by name, with the spellings of each word.
            pub fn lists(&self) -> impl Iterator<Item = (&'static str, Vec<&[String]>)> {
                [$((stringify!($name), self.$name.spellings()),)*].into_iter()
            }

            /// The same without one word of a list, however it is spelt.
            #[must_use]
            pub fn without(&self, list: &str, word: &str) -> Self {
                let mut words = self.clone();
                match list {
                    $(stringify!($name) => {
                        let other = |Word(ways): &&Word| !ways.iter().any(|way| way == word);
                        let kept = self.$name.words.iter().filter(other);
                        words.$name = kept.cloned().collect::<Vec<_>>().into();
                    })*
                    _ => {}
                }
                words
            }

            /// The same with further words in a list; `false` where there is no such list.
            pub fn extend(&mut self, list: &str, more: &[String]) -> bool {
                match list {
                    $(stringify!($name) => {
                        let more = more.iter().map(|word| Word(vec![word.clone()]));
                        let all = self.$name.words.iter().cloned().chain(more);
                        self.$name = all.collect::<Vec<_>>().into();
                        true
                    })*
                    _ => false,
                }
            }
        }
    };
}

lists! {
    vendored unit_tests data scripts training_names evaluation_names showing_names entry_names loader_names
    training_idioms evaluation_idioms packages weights certain_weights model_places file_hosts
    model_words pretrained_words not_our_model models_of_others model_files metrics
    result_words not_results result_images numbered promises pointers
    reproduction interpreters runners wrappers standard_modules module_packages
}

impl Words {
    /// The lists of this version.
    pub fn standard() -> Arc<Self> {
        static LISTS: LazyLock<Arc<Words>> = LazyLock::new(|| {
            // A test holds that it parses.
            Arc::new(toml::from_str(STANDARD).unwrap_or_default())
        });
        Arc::clone(&LISTS)
    }

    /// The template's text in `text`, with the item it stands for.
    pub(crate) fn template_in(&self, text: &str) -> Option<&TemplateText> {
        self.template.iter().find(|piece| text.contains(&piece.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_lists_are_whole() {
        let words: Words = toml::from_str(STANDARD).expect("words.toml");
        for (name, list) in words.lists() {
            assert!(!list.is_empty(), "{name}");
            assert!(list.iter().all(|ways| !ways.is_empty()), "{name}");
            let list: Vec<_> = list.into_iter().flatten().collect();
            let set: BTreeSet<_> = list.iter().collect();
            assert_eq!(set.len(), list.len(), "{name} has a word twice");
            if !(name.ends_with("idioms") || name.contains("module")) {
                assert!(list.iter().all(|word| **word == word.to_lowercase()), "{name}");
            }
        }
        assert_eq!(words.template.len(), 6);
    }

    #[test]
    fn a_list_is_changed_by_name() {
        let standard = Words::standard();
        let poorer = standard.without("weights", "pth");
        assert!(poorer.weights.has("onnx"));
        assert!(!poorer.weights.has("pth") && !poorer.weights.has("pt"), "one suffix, spelt twice");
        let mut words = (*standard).clone();
        assert!(words.extend("weights", &["myw".to_owned()]) && words.weights.has("myw"));
        assert!(!words.extend("nothing", &[]));
    }
}
