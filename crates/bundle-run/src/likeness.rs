//! Whether what is given is like the recorded examples.

use std::collections::BTreeMap;

use bundle_manifest::{EntryName, FileSource, Manifest};
use bundle_preprocess::TraitRange;

use crate::{Inputs, Predictor, replay::inputs};

/// Examples that are read: more say little more, and each costs as much as its input.
const MOST_EXAMPLES: usize = 32;

/// The traits of every recorded example, by input.
#[derive(Clone, Debug, Default)]
pub struct Likeness {
    ranges: BTreeMap<EntryName, TraitRange>,
}

impl Likeness {
    /// Measures the examples of a manifest. One that cannot be read counts for nothing:
    /// `check` says why.
    pub fn of(manifest: &Manifest, predictor: &Predictor, files: &dyn FileSource) -> Self {
        let mut likeness = Self::default();
        let measured = |name: &EntryName| predictor.input_pipeline(name).filter(|p| p.has_traits());
        // Where nothing is measured, no example is read.
        if !manifest.inputs.iter().any(|input| measured(&input.name).is_some()) {
            return likeness;
        }
        for example in manifest.examples.iter().take(MOST_EXAMPLES) {
            let Ok(given) = inputs(example, files) else { continue };
            for (name, source) in &given {
                let Some(pipeline) = measured(name) else { continue };
                if let Ok(traits) = pipeline.traits(source) {
                    likeness.ranges.entry(name.clone()).or_default().add(&traits);
                }
            }
        }
        likeness
    }

    /// What of `given` is far outside every example, an input and a sentence each.
    pub fn unlike(&self, predictor: &Predictor, given: &Inputs) -> Vec<(EntryName, String)> {
        let mut unlike = Vec::new();
        for (name, source) in given {
            let known = self.ranges.get(name).zip(predictor.input_pipeline(name));
            let Some((range, pipeline)) = known else { continue };
            let Ok(traits) = pipeline.traits(source) else { continue };
            let found = range.unlike(&traits).into_iter();
            unlike.extend(found.map(|unlike| (name.clone(), unlike.message)));
        }
        unlike
    }
}
