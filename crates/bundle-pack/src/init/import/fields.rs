//! The values of a JSON object, each with the type that it should have.

use std::cell::RefCell;

use serde_json::{Map, Value as Json};

use super::short;

/// Numbers of a list that are read.
const MAX_LIST: usize = 100_000;

/// An object of a file. A value of another type than asked for is absent, and noted.
pub(super) struct Fields<'j> {
    file: String,
    /// The keys that lead here, each with a dot behind.
    prefix: String,
    object: &'j Map<String, Json>,
    notes: RefCell<Vec<String>>,
}

impl<'j> Fields<'j> {
    /// The object that a file is.
    pub(super) fn of(file: &str, json: &'j Json, notes: &mut Vec<String>) -> Option<Self> {
        if let Some(object) = json.as_object() {
            let (file, notes) = (file.to_owned(), RefCell::default());
            return Some(Self { file, prefix: String::new(), object, notes });
        }
        notes.push(format!("`{file}` is {}, not an object", kind(json)));
        None
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn note(&self, note: impl Into<String>) {
        self.notes.borrow_mut().push(note.into());
    }

    /// What was noted so far.
    pub(super) fn take_notes(&self) -> Vec<String> {
        self.notes.take()
    }

    /// A value that is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&'j Json> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn wrong<T>(&self, key: &str, value: &Json, wanted: &str) -> Option<T> {
        let Self { file, prefix, .. } = self;
        let key = short(key);
        self.note(format!(
            "`{file}`: `{prefix}{key}` is {}, not {wanted}; it was not used",
            kind(value)
        ));
        None
    }

    pub(super) fn bool(&self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        value.as_bool().or_else(|| self.wrong(key, value, "true or false"))
    }

    pub(super) fn number(&self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        finite(value).or_else(|| self.wrong(key, value, "a number"))
    }

    /// A length from 1.
    pub(super) fn length(&self, key: &str) -> Option<u32> {
        let value = self.get(key)?;
        length(value).or_else(|| self.wrong(key, value, "a positive whole number"))
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        value.as_str().map(str::to_owned).or_else(|| self.wrong(key, value, "a text"))
    }

    pub(super) fn object(&self, key: &str) -> Option<Self> {
        let value = self.get(key)?;
        let Some(object) = value.as_object() else { return self.wrong(key, value, "an object") };
        let prefix = format!("{}{}.", self.prefix, short(key));
        Some(Self { file: self.file.clone(), prefix, object, notes: RefCell::default() })
    }

    pub(super) fn list(&self, key: &str) -> Option<&'j [Json]> {
        let value = self.get(key)?;
        match value.as_array() {
            Some(list) if list.len() <= MAX_LIST => Some(list),
            _ => self.wrong(key, value, "an array"),
        }
    }

    /// Numbers; one number is a list of one.
    pub(super) fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        let value = self.get(key)?;
        let numbers = match value.as_array() {
            Some(list) if list.len() <= MAX_LIST => list.iter().map(finite).collect(),
            Some(_) => None,
            None => finite(value).map(|number| vec![number]),
        };
        let numbers = numbers.filter(|numbers: &Vec<f64>| !numbers.is_empty());
        numbers.or_else(|| self.wrong(key, value, "a list of numbers"))
    }

    /// Texts.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<String>> {
        let value = self.get(key)?;
        let list = value.as_array().filter(|list| list.len() <= MAX_LIST);
        let texts: Option<Vec<_>> = list
            .and_then(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
        texts.or_else(|| self.wrong(key, value, "a list of texts"))
    }
}

/// A finite number.
pub(super) fn finite(value: &Json) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

/// A whole number from 1 that 32 bits hold; libraries write `224.0`, too.
pub(super) fn length(value: &Json) -> Option<u32> {
    let whole = value.as_u64().or_else(|| whole(value.as_f64()?))?;
    u32::try_from(whole).ok().filter(|length| *length > 0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and from 0 to 2^32"
)]
fn whole(number: f64) -> Option<u64> {
    ((0.0..=4_294_967_295.0).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

/// What a value is, in words.
pub(super) const fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
