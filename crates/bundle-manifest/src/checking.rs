//! What an author says to `bundle check`: where a rule or a word list does not fit
//! this project, and why. The report shows each with its reason; a venue's policy
//! may forbid them.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde_json::{Value as Json, json};

use crate::{
    InvalidName,
    name::name,
    tree::{Definitions, FromToml, Node, table, words},
};

/// Answers that an author overrides, and words added to one list.
pub(crate) const MAX_OVERRIDES: usize = 64;
pub(crate) const MAX_WORDS: usize = 32;

table! {
    /// Where `bundle check` should read this project differently. Each entry has a
    /// reason, which the report shows as the author's; a venue may ignore them all.
    ///
    /// ```toml
    /// [[check.overrides]]
    /// rule = "MLCC-4"
    /// answer = "not-applicable"
    /// reason = "the method has no trained parameters"
    ///
    /// [check.words.training_names]
    /// add = ["calibrate"]
    /// reason = "we call training calibration throughout"
    /// ```
    #[derive(Default)]
    pub struct Checking {
        /// Rules whose answer does not fit this project.
        overrides: Vec<RuleOverride> = Vec::new(),
        /// Words that the rules do not know.
        words: MoreWords = MoreWords::default(),
    }
}

table! {
    /// An answer of the author's own, in place of a worse one. Rules that must hold,
    /// and all rules on the container and its signature, take none.
    pub struct RuleOverride {
        /// The rule.
        rule: RuleId,
        /// What to answer.
        answer: OverrideAnswer,
        /// Why, for the reader of the report.
        reason: Reason,
    }
}

words! {
    /// What an author may answer.
    pub enum OverrideAnswer ("answer") {
        /// It is there, and less than it should be.
        Weak = "weak",
        /// The rule has nothing to say of this project.
        NotApplicable = "not-applicable",
    }
}

table! {
    /// Words that `bundle check` takes for what its own lists stand for.
    #[derive(Default)]
    pub struct MoreWords {
        /// Words of a file name that say "this trains".
        training_names: Option<AddedWords>,
        /// What the code of a training loop says.
        training_idioms: Option<AddedWords>,
        /// Words of a file name that say "this evaluates".
        evaluation_names: Option<AddedWords>,
        /// What the code of an evaluation says.
        evaluation_idioms: Option<AddedWords>,
        /// Words of a file name that say "start here".
        entry_names: Option<AddedWords>,
        /// Packages whose bare name says what to install.
        packages: Option<AddedWords>,
        /// Suffixes of weights, without the dot.
        weights: Option<AddedWords>,
        /// Words of a path that make a file with such a suffix a model.
        model_places: Option<AddedWords>,
        /// Words near a link that make it a link to a trained model.
        model_words: Option<AddedWords>,
        /// Hosts of files.
        file_hosts: Option<AddedWords>,
        /// Words of a table's header that make it a table of results.
        result_words: Option<AddedWords>,
    }
}

table! {
    /// Words added to a list.
    pub struct AddedWords {
        /// The words, at most 32.
        add: Vec<AddedWord>,
        /// Why, for the reader of the report.
        reason: Reason,
    }
}

impl MoreWords {
    /// The names of the lists.
    pub const NAMES: [&str; 11] = [
        "training_names",
        "training_idioms",
        "evaluation_names",
        "evaluation_idioms",
        "entry_names",
        "packages",
        "weights",
        "model_places",
        "model_words",
        "file_hosts",
        "result_words",
    ];

    /// The lists that grow, by the name of the list.
    pub fn lists(&self) -> Vec<(&'static str, &AddedWords)> {
        let all = [
            &self.training_names,
            &self.training_idioms,
            &self.evaluation_names,
            &self.evaluation_idioms,
            &self.entry_names,
            &self.packages,
            &self.weights,
            &self.model_places,
            &self.model_words,
            &self.file_hosts,
            &self.result_words,
        ];
        Self::NAMES
            .into_iter()
            .zip(all)
            .filter_map(|(name, list)| Some((name, list.as_ref()?)))
            .collect()
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $accepts:path, $schema:expr) => {
        name!($(#[$doc])* $name, $what, $rule, $accepts);

        impl FromToml for $name {
            fn read(node: &Node<'_>) -> Option<Self> {
                node.parse()
            }

            fn schema(definitions: &mut Definitions) -> Json {
                definitions.refer(stringify!($name), |_| $schema)
            }
        }
    };
}

text!(
    /// The permanent id of a rule of `bundle check`. Which rules there are is the
    /// program's to say: a later one has more.
    RuleId,
    "rule",
    "four capital letters, a hyphen and a number, such as `MLCC-4`",
    is_rule_id,
    json!({
        "type": "string", "pattern": "^[A-Z]{4}-[1-9][0-9]{0,2}$",
        "title": "rule", "description": "The id of a rule, such as `MLCC-4`.",
    })
);
text!(
    /// Why something is as it is, for a person to read.
    Reason,
    "reason",
    "10 to 300 characters on one line, not beginning or ending with a space",
    is_reason,
    json!({
        "type": "string", "minLength": 10, "maxLength": 300, "pattern": SENTENCE_PATTERN,
        "title": "reason", "description": "A reason: 10 to 300 characters on one line.",
    })
);
text!(
    /// A word added to a list.
    AddedWord,
    "word for a list",
    "2 to 64 characters on one line, not beginning or ending with a space",
    is_added_word,
    json!({
        "type": "string", "minLength": 2, "maxLength": 64, "pattern": SENTENCE_PATTERN,
        "title": "word", "description": "A word: 2 to 64 characters on one line.",
    })
);

/// One line that neither begins nor ends with a space.
const SENTENCE_PATTERN: &str = r"^(?! )[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*(?<! )$";

fn is_rule_id(text: &str) -> bool {
    let Some((area, number)) = text.split_once('-') else { return false };
    area.len() == 4
        && area.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=3).contains(&number.len())
        && !number.starts_with('0')
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_reason(text: &str) -> bool {
    is_line_of(text, 10, 300)
}

fn is_added_word(text: &str) -> bool {
    is_line_of(text, 2, 64)
}

fn is_line_of(text: &str, least: usize, most: usize) -> bool {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    (least..=most).contains(&text.chars().take(most + 1).count())
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains(breaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_reasons_and_words_have_a_form() {
        for good in ["MLCC-4", "FILE-1", "ANON-123"] {
            assert_eq!(good.parse::<RuleId>().expect(good).as_str(), good);
        }
        for bad in ["", "MLCC", "MLCC-0", "MLCC-04", "mlcc-4", "MLC-4", "MLCC-1234", "MLCC-4 "] {
            assert!(bad.parse::<RuleId>().is_err(), "{bad}");
        }
        assert!("no weights".parse::<Reason>().is_ok());
        for bad in
            ["", "because", " no weights", "no weights ", "no\nweights here", "no\u{2028}weights"]
        {
            assert!(bad.parse::<Reason>().is_err(), "{bad:?}");
        }
        assert!("é".repeat(300).parse::<Reason>().is_ok());
        assert!("é".repeat(301).parse::<Reason>().is_err());
        assert!("a".parse::<AddedWord>().is_err());
    }
}
