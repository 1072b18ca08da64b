//! `preprocessor_config.json` of an image processor of transformers.
//!
//! The file has sizes, filters and means; whatever is left out is the class's default. Two
//! things are in no file: whether Pillow or torchvision does the work (they differ by up to
//! 14 levels), and Pillow's release.

mod classes;
mod stages;

use bundle_manifest::InputKind;

use self::classes::{Class, Rule};
use super::{Facts, ImportedInput, fields::Fields, nearest};

/// Which library does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backend {
    Pillow,
    Torchvision,
}

/// A processor that was recognised.
struct Processor<'a> {
    fields: &'a Fields<'a>,
    facts: &'a Facts,
    class: &'static Class,
    backend: Backend,
    /// Why the backend is a guess.
    backend_guess: Option<String>,
}

/// The steps of an image processor; `None` with a note where it is not one that is known.
pub(super) fn import(fields: &Fields<'_>, facts: &Facts) -> Option<ImportedInput> {
    let (class, word) = class(fields, facts)?;
    if let Rule::Beyond(why) = class.rule {
        let file = fields.file();
        fields.note(format!("`{file}`: {word} cannot be written as steps: {why}"));
        return None;
    }
    let (backend, backend_guess) = backend(fields, &word, facts);
    let steps = stages::steps(&Processor { fields, facts, class, backend, backend_guess });
    let source = format!("{} ({word})", fields.file());
    Some(ImportedInput { source, kind: InputKind::Image, tensor: None, steps })
}

/// The class, and the word that the file has for it.
fn class(fields: &Fields<'_>, facts: &Facts) -> Option<(&'static Class, String)> {
    let file = fields.file();
    let word =
        fields.text("image_processor_type").or_else(|| fields.text("feature_extractor_type"));
    let Some(word) = word else {
        let model = facts.model_type.as_deref();
        let class = model.and_then(classes::of_model);
        let guessed =
            class.map(|class| (class, format!("{}ImageProcessor, by `model_type`", class.name)));
        if guessed.is_none() && fields.has("image_mean") {
            fields.note(format!(
                "`{file}` names no processor, so its defaults are unknown; it was not used"
            ));
        }
        return guessed;
    };
    let word = super::short(&word);
    if let Some(class) = classes::of(stem(&word)) {
        return Some((class, word));
    }
    let known = nearest(stem(&word), classes::CLASSES.iter().map(|class| class.name));
    let hint = known
        .map(|name| format!("; the nearest known is {name}ImageProcessor"))
        .unwrap_or_default();
    fields.note(format!(
        "`{file}`: the processor `{word}` is not known{hint}; the steps are guesses by shape"
    ));
    None
}

/// The name of a class without what says only how it is implemented.
fn stem(word: &str) -> &str {
    let word = word.strip_suffix("Fast").or_else(|| word.strip_suffix("Pil")).unwrap_or(word);
    let word =
        word.strip_suffix("ImageProcessor").or_else(|| word.strip_suffix("FeatureExtractor"));
    word.unwrap_or_default()
}

fn backend(fields: &Fields<'_>, word: &str, facts: &Facts) -> (Backend, Option<String>) {
    if word.ends_with("Fast") {
        return (Backend::Torchvision, None);
    }
    if word.ends_with("Pil")
        || word.ends_with("FeatureExtractor")
        || !fields.has("image_processor_type")
    {
        let guess = (!word.ends_with("Pil")).then(|| "feature extractors used Pillow".to_owned());
        return (Backend::Pillow, guess);
    }
    match facts.versions.get("transformers") {
        Some(pinned) if pinned.major < 5 => {
            let why = format!(
                "transformers {} of {} used Pillow unless `use_fast`",
                pinned.version, pinned.source
            );
            (Backend::Pillow, Some(why))
        }
        _ => {
            let why = "transformers 5 uses torchvision where it is installed, else Pillow";
            (Backend::Torchvision, Some(why.to_owned()))
        }
    }
}
