//! A document, its values with their places, and the problems found in it.

use std::{cell::RefCell, ops::Range, str::FromStr};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use unicode_normalization::char::is_combining_mark;

use super::{
    FromToml,
    depth::{MAX_DEPTH, too_deep},
};
use crate::error::{ManifestError, Problem};

/// Values, keys and tables of a text. The largest lock has 9 for each of 65,536
/// members; each costs the parser some 200 bytes, so bytes alone bound nothing.
const MAX_VALUES: usize = 1 << 20;
/// Problems after which a reader stops listing more.
const MAX_PROBLEMS: usize = 50;
/// Characters of a text that a message shows.
const MAX_SHOWN: usize = 60;
/// Names that a message lists.
const MAX_LISTED: usize = 24;

/// A parsed text, and the problems that its readers have found so far.
pub(crate) struct Document<'t> {
    text: &'t str,
    tree: Spanned<DeValue<'t>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'t> Document<'t> {
    /// Parses a text of at most `max_bytes` bytes.
    pub(crate) fn parse(text: &'t str, max_bytes: usize) -> Result<Self, ManifestError> {
        let refuse = |span: Range<usize>, message: String| {
            ManifestError::new(vec![problem_at(text, span, String::new(), message, None)])
        };
        if text.len() > max_bytes {
            let message =
                format!("the file has {} bytes; at most {max_bytes} are read", text.len());
            return Err(refuse(0..0, message));
        }
        if let Some(span) = too_many(text) {
            return Err(refuse(span, format!("more than {MAX_VALUES} values")));
        }
        if let Some(span) = too_deep(text) {
            return Err(refuse(span, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let tree = DeTable::parse(text).map_err(|error| {
            refuse(error.span().unwrap_or(0..0), format!("invalid TOML: {}", error.message()))
        })?;
        let span = tree.span();
        let tree = Spanned::new(span, DeValue::Table(tree.into_inner()));
        Ok(Self { text, tree, problems: RefCell::default() })
    }

    /// The value of the whole document.
    pub(crate) fn root(&self) -> Node<'_> {
        Node {
            value: &self.tree,
            span: self.tree.span(),
            key: String::new(),
            tag: None,
            document: self,
        }
    }

    /// What was read, or every problem that was reported on the way.
    pub(crate) fn finish<T>(&self, read: Option<T>) -> Result<T, ManifestError> {
        let problems = self.problems.take();
        match read {
            Some(read) if problems.is_empty() => Ok(read),
            _ => Err(ManifestError::new(problems)),
        }
    }

    fn is_full(&self) -> bool {
        self.problems.borrow().len() >= MAX_PROBLEMS
    }

    fn report(&self, span: Range<usize>, key: String, message: String, hint: Option<String>) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MAX_PROBLEMS {
            problems.push(problem_at(self.text, span, key, message, hint));
        }
    }
}

/// A problem with the part of `text` at `span`, which may end on a later line.
fn problem_at(
    text: &str,
    span: Range<usize>,
    key: String,
    message: String,
    hint: Option<String>,
) -> Problem {
    let (before, from) = text.split_at_checked(span.start).unwrap_or((text, ""));
    let line_start = before.rfind('\n').map_or(0, |index| index + 1);
    let marked = from.get(..span.len()).unwrap_or(from).lines().next().unwrap_or_default();
    Problem {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        width: marked.chars().count().max(1),
        key,
        message,
        hint,
    }
}

/// One value of the document, with its place.
pub(crate) struct Node<'a> {
    value: &'a Spanned<DeValue<'a>>,
    /// What of the text a problem underlines: the value, or its key.
    span: Range<usize>,
    /// `inputs[0].steps[2]`
    key: String,
    /// A key that the caller has read already (`op` of a step).
    tag: Option<&'static str>,
    document: &'a Document<'a>,
}

/// A key of a table, with its value.
pub(crate) struct Entry<'a> {
    key: &'a Spanned<DeString<'a>>,
    pub(crate) value: Node<'a>,
}

impl<'a> Entry<'a> {
    pub(crate) fn key(&self) -> &'a str {
        self.key.get_ref()
    }

    /// Reads the key through the type's own parser.
    pub(crate) fn parse_key<K: FromStr<Err: std::fmt::Display>>(&self) -> Option<K> {
        let report = |error: K::Err| self.value.on_key(self.key).report(error.to_string());
        self.key().parse().map_err(report).ok()
    }
}

impl<'a> Node<'a> {
    pub(crate) fn value(&self) -> &'a DeValue<'a> {
        self.value.get_ref()
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn report(&self, message: impl Into<String>) {
        self.report_with(message, None);
    }

    pub(crate) fn report_with(&self, message: impl Into<String>, hint: Option<String>) {
        self.document.report(self.span.clone(), self.key.clone(), message.into(), hint);
    }

    /// Whether a further problem would not be listed, so that it need not be explained.
    pub(crate) fn is_full(&self) -> bool {
        self.document.is_full()
    }

    /// Reports that another type or value is wanted here. `wanted` reads after "must be".
    pub(crate) fn wrong_type<T>(&self, wanted: &str) -> Option<T> {
        self.report_wrong(wanted);
        None
    }

    pub(crate) fn report_wrong(&self, wanted: &str) {
        self.report(self.wrong(wanted));
    }

    fn wrong(&self, wanted: &str) -> String {
        let found = match self.value() {
            DeValue::String(text) => format!("the string {}", quote(text)),
            DeValue::Integer(integer) => format!("the integer {}", quote(&integer.to_string())),
            DeValue::Float(float) => format!("the number {}", quote(float.as_str())),
            DeValue::Boolean(value) => format!("`{value}`"),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(array) if array.is_empty() => "an empty array".to_owned(),
            DeValue::Array(array) => format!("an array of {}", array.len()),
            DeValue::Table(table) => {
                let mut keys: Vec<_> = table.keys().map(|key| key.get_ref().as_ref()).collect();
                keys.sort_unstable();
                match keys.as_slice() {
                    [] => "an empty table".to_owned(),
                    keys => format!("a table of {}", list(keys)),
                }
            }
        };
        let subject = if self.key.is_empty() { "the document" } else { &self.key };
        format!("`{subject}` must be {wanted}, not {found}")
    }

    /// The table here, from which fields are taken by name.
    pub(crate) fn table(&self) -> Option<Fields<'_, 'a>> {
        match self.value() {
            DeValue::Table(table) => {
                Some(Fields { node: self, table, known: Vec::new(), missing: Vec::new() })
            }
            _ => self.wrong_type("a table"),
        }
    }

    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value(), DeValue::Table(_))
    }

    /// This node, with one key of its table already read.
    pub(crate) fn tagged(&self, tag: &'static str) -> Self {
        Node { tag: Some(tag), ..self.with(self.value, self.key.clone()) }
    }

    fn with(&self, value: &'a Spanned<DeValue<'a>>, key: String) -> Self {
        Node { value, span: value.span(), key, tag: None, document: self.document }
    }

    fn on_key(&self, key: &Spanned<DeString<'_>>) -> Self {
        Node { span: key.span(), ..self.with(self.value, self.key.clone()) }
    }

    fn key_of(&self, name: &str) -> String {
        let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        let name = if bare { shown(name) } else { format!("\"{}\"", shown(name)) };
        if self.key.is_empty() { name } else { format!("{}.{name}", self.key) }
    }

    /// The value under `name`, if this is a table that has it.
    pub(crate) fn get(&self, name: &str) -> Option<Self> {
        match self.value() {
            DeValue::Table(table) => {
                table.get(name).map(|value| self.with(value, self.key_of(name)))
            }
            _ => None,
        }
    }

    /// The value under `name`, or this one: where a problem with `name` is shown.
    pub(crate) fn at(&self, name: &str) -> Self {
        self.get(name).unwrap_or_else(|| self.with(self.value, self.key_of(name)))
    }

    /// The key `name` itself, or this value: where a problem with the name is shown.
    pub(crate) fn at_key(&self, name: &str) -> Self {
        let found = match self.value() {
            DeValue::Table(table) => table.get_key_value(name),
            _ => None,
        };
        found.map_or_else(|| self.at(name), |(key, _)| self.at(name).on_key(key))
    }

    /// The element at `index`, or this value: where a problem with it is shown.
    pub(crate) fn nth(&self, index: usize) -> Self {
        let value = match self.value() {
            DeValue::Array(array) => array.get(index).unwrap_or(self.value),
            _ => self.value,
        };
        self.with(value, format!("{}[{index}]", self.key))
    }

    /// Where this is, as the end of a message: the key, and what a step does.
    fn place(&self) -> String {
        let op = self.tag.and_then(|tag| self.get(tag)).and_then(|tag| match tag.value() {
            DeValue::String(op) => Some(format!(" ({})", quote(op))),
            _ => None,
        });
        match self.key() {
            "" => String::new(),
            key => format!(" in `{key}`{}", op.unwrap_or_default()),
        }
    }

    /// The entries of the table here, in key order.
    pub(crate) fn entries(&self) -> Option<Vec<Entry<'a>>> {
        let DeValue::Table(table) = self.value() else { return self.wrong_type("a table") };
        let entry = |(key, value): (&'a Spanned<DeString<'a>>, _)| Entry {
            key,
            value: self.with(value, self.key_of(key.get_ref())),
        };
        let mut entries: Vec<_> = table.iter().map(entry).collect();
        // The order must not depend on a feature of `toml` that some crate turns on.
        entries.sort_by_key(Entry::key);
        Some(entries)
    }

    /// The elements of the array here.
    pub(crate) fn elements(&self) -> Option<Vec<Self>> {
        if let DeValue::Array(array) = self.value() {
            return Some((0..array.len()).map(|index| self.nth(index)).collect());
        }
        let (start, header) = (self.span.start, matches!(self.value(), DeValue::Table(_)));
        let hint = if header && self.document.text[start..].starts_with('[') {
            format!("begin each with two brackets, `[[{}]]`", self.key)
        } else {
            "put it in brackets, `[…]`".to_owned()
        };
        self.report_with(self.wrong("an array"), Some(hint));
        None
    }

    pub(crate) fn string(&self) -> Option<&'a str> {
        match self.value() {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type("a string"),
        }
    }

    /// Reads a string through the type's own parser.
    pub(crate) fn parse<T: FromStr<Err: std::fmt::Display>>(&self) -> Option<T> {
        let text = self.string()?;
        text.parse().map_err(|error: T::Err| self.report(error.to_string())).ok()
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        let DeValue::Integer(integer) = self.value() else {
            return self.wrong_type("an integer");
        };
        let value = i64::from_str_radix(integer.as_str(), integer.radix());
        value.ok().or_else(|| self.wrong_type("an integer of 64 bits"))
    }

    /// Reports `text`, which is none of `names`, with the nearest of them.
    pub(crate) fn not_one_of<T>(&self, what: &str, text: &str, names: &[&str]) -> Option<T> {
        self.report_unknown(what, text, names);
        None
    }

    pub(crate) fn report_unknown(&self, what: &str, text: &str, names: &[&str]) {
        if names.is_empty() {
            let hint = format!("no {what} is declared");
            self.report_with(format!("unknown {what} {}", quote(text)), Some(hint));
        } else {
            self.report_near(format!("unknown {what} {}", quote(text)), text, names);
        }
    }

    /// Reports `message` about `text`, with the nearest of `names`.
    pub(crate) fn report_near(&self, message: String, text: &str, names: &[&str]) {
        if !self.is_full() {
            self.report_with(message, Some(suggest(text, names, "one of")));
        }
    }
}

/// A table being read: remembers which keys were asked for.
pub(crate) struct Fields<'n, 'a> {
    node: &'n Node<'a>,
    table: &'a DeTable<'a>,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl Fields<'_, '_> {
    /// The value under `key`; absent, the default or what the type says.
    pub(crate) fn field<T: FromToml>(
        &mut self,
        key: &'static str,
        default: Option<fn() -> T>,
    ) -> Option<T> {
        self.known.push(key);
        match self.table.get(key) {
            Some(value) => T::read(&self.node.with(value, self.node.key_of(key))),
            None => default.map(|default| default()).or_else(T::absent).or_else(|| {
                self.missing.push(key);
                None
            }),
        }
    }

    /// Reports every key that no field asked for and every field that has no key.
    pub(crate) fn finish(&mut self) {
        let place = self.node.place();
        let mut missing = std::mem::take(&mut self.missing);
        for name in self.table.keys() {
            let text = name.get_ref().as_ref();
            if self.known.contains(&text) || self.node.tag == Some(text) {
                continue;
            }
            if self.node.is_full() {
                break;
            }
            // A key that was only misspelt is one problem, not two.
            let meant = nearest(text, &self.known);
            missing.retain(|key| Some(*key) != meant);
            let hint = suggest(text, &self.known, "the keys here are");
            let message = format!("unknown key {}{place}", quote(text));
            self.node.document.report(name.span(), self.node.key_of(text), message, Some(hint));
        }
        for key in missing {
            self.node.report(format!("missing key `{key}`{place}"));
        }
    }
}

/// Where a text has had more values than are read: each but the first of a list
/// comes after one of these characters. Those inside strings count too.
fn too_many(text: &str) -> Option<Range<usize>> {
    let mut marks = text.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'=' | b',' | b'['));
    marks.nth(MAX_VALUES).map(|(at, _)| at..at + 1)
}

/// A text in backticks, fit to print: cut where it is long.
pub(crate) fn quote(text: &str) -> String {
    format!("`{}`", shown(text))
}

/// A text without anything that a terminal would act on, cut where it is long.
fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => escape(&text[..end]) + "…",
        None => escape(text),
    }
}

/// A text without anything that a terminal would act on.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => escaped.push(c),
            c if is_combining_mark(c) => escaped.push(c),
            c => escaped.extend(c.escape_debug()),
        }
    }
    escaped
}

/// `1 value`, `2 values`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Names in backticks with commas between them; of very many, the first.
pub(crate) fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().take(MAX_LISTED).map(|name| quote(name)).collect();
    match names.len() - quoted.len() {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// The hint for `text`, which is none of `names`; `otherwise` introduces them all.
pub(crate) fn suggest(text: &str, names: &[&str], otherwise: &str) -> String {
    match nearest(text, names) {
        Some(name) => format!("did you mean {}?", quote(name)),
        None => format!("{otherwise} {}", list(names)),
    }
}

/// The name that `text` was probably meant to be.
pub(crate) fn nearest<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    let text: String = text.chars().take(64).collect::<String>().to_lowercase();
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&text, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= name.len().max(text.len()) / 3)
        .min()
        .map(|(_, name)| name)
}
