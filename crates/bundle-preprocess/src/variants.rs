//! What an author may have meant instead of a step.
//!
//! Where a recorded value differs from ours, each variant of the step is tried on the value
//! before it. Because operations are exact, a variant that meets the recording bit for bit
//! is an identification: of the library, its version, or the parameter that was written
//! wrong. The same list says what recorded examples cannot tell apart, and which input would.

mod audio;
mod fit;
mod image;
mod table;
mod text;

use std::fmt;

use bundle_manifest::Step;

pub use fit::fitted;

/// Steps in place of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// What runs instead: nothing, another step, or several.
    pub steps: Vec<Step>,
    /// What to write in `bundle.toml`, as in `to = "BGR"`.
    pub change: String,
    /// An input on which the two differ.
    pub probe: &'static str,
}

impl Variant {
    pub(crate) fn new(step: Step, change: impl Into<String>, probe: &'static str) -> Self {
        Self { steps: vec![step], change: change.into(), probe }
    }

    pub(crate) fn without(probe: &'static str) -> Self {
        Self { steps: Vec::new(), change: "leave this step out".to_owned(), probe }
    }

    pub(crate) fn twice(step: &Step, probe: &'static str) -> Self {
        let steps = vec![step.clone(), step.clone()];
        Self { steps, change: "do this step twice".to_owned(), probe }
    }

    pub(crate) fn then(step: &Step, next: Step, change: &str, probe: &'static str) -> Self {
        let steps = vec![step.clone(), next];
        Self { steps, change: format!("add `{change}` after this step"), probe }
    }
}

/// What the author may have meant instead of `step`, the likeliest first. None of them is
/// equal to it; some may not run where `step` does.
pub fn variants(step: &Step) -> Vec<Variant> {
    let mut variants = image::variants(step);
    variants.extend(audio::variants(step));
    variants.extend(text::variants(step));
    variants.extend(table::variants(step));
    variants.retain(|variant| variant.steps != [step.clone()]);
    variants
}

/// `key = "word"`, for the words of a key other than the one that is written.
pub(crate) fn words<T: Copy + PartialEq + fmt::Display>(
    key: &str,
    all: &[T],
    written: T,
    with: impl Fn(T) -> Step,
    probe: &'static str,
) -> Vec<Variant> {
    let variant = |word| Variant::new(with(word), format!("{key} = \"{word}\""), probe);
    others(all, written).map(variant).collect()
}

/// `key = number`, for numbers other than the one that is written.
pub(crate) fn numbers<T: Copy + PartialEq + fmt::Debug>(
    key: &str,
    all: &[T],
    written: T,
    with: impl Fn(T) -> Step,
    probe: &'static str,
) -> Vec<Variant> {
    let variant = |number| Variant::new(with(number), format!("{key} = {number:?}"), probe);
    others(all, written).map(variant).collect()
}

fn others<T: Copy + PartialEq>(all: &[T], written: T) -> impl Iterator<Item = T> {
    all.iter().copied().filter(move |other| *other != written)
}
