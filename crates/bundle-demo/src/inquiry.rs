//! What a page asks of a loaded model: an answer, what the model saw on the way to it, and how
//! far it holds when the input changes. The same for every transport.

use std::fmt;

use bundle_manifest::{EntryName, Manifest, OutputKind};
use bundle_preprocess::{
    InputPipeline, InputSource, Outcome, Perturbation, RankedLabel, StepError, Tensor, Value,
    class_map, picture,
};
use bundle_run::{Inputs, Likeness, Prediction, Predictor, RunError};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{prediction_view, seen};

/// Squares of a side of the grid that covers a picture.
const MAX_GRID: usize = 24;

/// Puts a file beside an answer, and gives what the answer says in its place.
pub type Attach<'a> = dyn FnMut(&[u8]) -> Json + 'a;

/// What is asked beside a plain answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// What the model saw, step by step, what is unlike every example, and outputs as pictures.
    #[serde(default)]
    pub trace: bool,
    /// How an input is to be changed first; the changed one is part of the answer.
    #[serde(default)]
    pub perturb: Option<Change>,
}

/// How one input is changed.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Which.
    pub input: String,
    /// A [`Perturbation`], by its word.
    pub kind: String,
    /// In the unit of the kind.
    pub strength: f64,
    /// Of what is random.
    pub seed: u64,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum AskError {
    /// The question is wrong.
    Question(String),
    /// The model, or a step before it, has no answer.
    Run(RunError),
}

impl AskError {
    /// What to do, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Question(_) => None,
            Self::Run(error) => error.hint.as_deref(),
        }
    }
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Question(message) => f.write_str(message),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AskError {}

impl From<RunError> for AskError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<StepError> for AskError {
    fn from(error: StepError) -> Self {
        Self::Run(error.into())
    }
}

/// A loaded model, and what its examples are like.
#[derive(Clone, Copy, Debug)]
pub struct Inquiry<'a> {
    /// Declared.
    pub manifest: &'a Manifest,
    /// Ready to run.
    pub predictor: &'a Predictor,
    /// Measured where [`Asked::trace`] is asked for.
    pub likeness: Option<&'a Likeness>,
}

impl Inquiry<'_> {
    /// A [`prediction_view`]; with a trace also `unlike`, `seen`, and by output `pictures`,
    /// `rasters` and `tokens`; with a change also `changed` (the schema is on the
    /// [first page](crate)).
    pub fn predict(
        &self,
        mut inputs: Inputs,
        asked: &Asked,
        attach: &mut Attach<'_>,
    ) -> Result<Json, AskError> {
        let changed =
            asked.perturb.as_ref().map(|change| self.perturb(change, &mut inputs)).transpose()?;
        let prediction = self.predictor.predict(&inputs, asked.trace)?;
        let mut view = prediction_view(&prediction);
        match changed {
            Some(InputSource::File(file)) => view["changed"] = attach(&file),
            Some(InputSource::Json(value)) => view["changed"] = value,
            None => {}
        }
        if asked.trace {
            self.trace(&inputs, &prediction, &mut view, attach)?;
        }
        Ok(view)
    }

    fn trace(
        &self,
        inputs: &Inputs,
        prediction: &Prediction,
        view: &mut Json,
        attach: &mut Attach<'_>,
    ) -> Result<(), AskError> {
        let unlike = self.likeness.map(|likeness| likeness.unlike(self.predictor, inputs));
        let unlike = unlike.into_iter().flatten();
        view["unlike"] = unlike
            .map(|(input, words)| json!({ "input": input.as_str(), "words": words }))
            .collect();
        // Files lie beside the answer in the order in which its text, sorted by key, speaks of them.
        let arrays = || {
            prediction.outputs.iter().filter_map(|(name, output)| match &output.outcome {
                Outcome::Tensor { value } => Some((name, value)),
                _ => None,
            })
        };
        let mut pictures = Map::new();
        for (name, value) in arrays() {
            if let Some(file) = picture(&Value::Tensor(value.clone())) {
                pictures.insert(name.to_string(), attach(&file));
            }
        }
        let mut rasters = Map::new();
        for (name, value) in arrays().filter(|(name, _)| self.is_of(name, OutputKind::Mask)) {
            if let Some(map) = class_map(value) {
                let classes = attach(&map.classes);
                let raster =
                    json!({ "width": map.width, "height": map.height, "classes": classes });
                rasters.insert(name.to_string(), raster);
            }
        }
        let mut tokens = Map::new();
        for (name, value) in arrays().filter(|(name, _)| self.is_of(name, OutputKind::Tokens)) {
            if let Some(labelled) = self.tokens(name, value, inputs)? {
                tokens.insert(name.to_string(), labelled);
            }
        }
        view["pictures"] = pictures.into();
        view["rasters"] = rasters.into();
        view["tokens"] = tokens.into();
        let stages = prediction.stages.iter();
        let seen = stages.map(|(input, stages)| (input.to_string(), seen::steps(stages, attach)));
        view["seen"] = Json::Object(seen.collect());
        Ok(())
    }

    fn is_of(&self, output: &EntryName, kind: OutputKind) -> bool {
        let mut outputs = self.manifest.outputs.iter();
        outputs.any(|declared| declared.name == *output && declared.kind == kind)
    }

    /// The tokens of the text that was given, each with its label, where there is one of each.
    fn tokens(
        &self,
        output: &EntryName,
        value: &Tensor,
        inputs: &Inputs,
    ) -> Result<Option<Json>, AskError> {
        let names = self.predictor.labels(output).map(|map| map.names.as_slice());
        let labels = token_labels(value);
        for (name, source) in inputs {
            let Some(pipeline) = self.predictor.input_pipeline(name) else { continue };
            let Some(tokens) = pipeline.tokens(source)? else { continue };
            if tokens.len() != labels.len() {
                continue;
            }
            let labelled = tokens.into_iter().zip(&labels).map(|(text, (class, score))| {
                let named = || match names {
                    Some(names) => names.get(*class).cloned(),
                    None => Some(class.to_string()),
                };
                let label = text.as_ref().and_then(|_| named());
                json!({ "text": text.unwrap_or_default(), "label": label, "score": score })
            });
            return Ok(Some(labelled.collect()));
        }
        Ok(None)
    }

    /// How far the score of the top label falls when a square of the picture is covered, square
    /// by square: `grid`, `label`, `score`, and `drops` row by row.
    pub fn occlude(&self, inputs: &Inputs, input: &str, grid: usize) -> Result<Json, AskError> {
        let (name, pipeline) = self.given(input, inputs)?;
        let whole = self.predictor.predict(inputs, false)?;
        let top = ranking(&whole).and_then(|ranking| ranking.first());
        let none = || AskError::Question("no output of this bundle ranks labels".to_owned());
        let top = top.ok_or_else(none)?;
        let grid = grid.clamp(2, MAX_GRID);
        let mut drops = Vec::with_capacity(grid * grid);
        let mut changed = inputs.clone();
        for covered in pipeline.occlusions(&inputs[name], grid)? {
            changed.insert(name.clone(), covered?);
            let prediction = self.predictor.predict(&changed, false)?;
            let same = |ranking: &[RankedLabel]| {
                ranking.iter().find(|one| one.index == top.index).map(|one| top.score - one.score)
            };
            drops.push(ranking(&prediction).and_then(same).filter(|drop| drop.is_finite()));
        }
        Ok(json!({ "grid": grid, "label": top.label, "score": top.score, "drops": drops }))
    }

    /// Changes one of the inputs, and returns what became of it.
    fn perturb(&self, change: &Change, inputs: &mut Inputs) -> Result<InputSource, AskError> {
        let Change { input, kind, strength, seed } = change;
        let known = Perturbation::ALL.into_iter().find(|one| one.as_str() == kind);
        let known = known.ok_or_else(|| {
            AskError::Question(format!("nothing is called `{}`", kind.escape_debug()))
        })?;
        let (name, pipeline) = self.given(input, inputs)?;
        let name = name.clone();
        let changed = pipeline.perturb(&inputs[&name], known, *strength, *seed)?;
        inputs.insert(name, changed.clone());
        Ok(changed)
    }

    /// The input of this name, for which something is given, and its pipeline.
    fn given<'i>(
        &self,
        input: &str,
        inputs: &'i Inputs,
    ) -> Result<(&'i EntryName, &InputPipeline), AskError> {
        let name = inputs.keys().find(|name| name.as_str() == input).ok_or_else(|| {
            AskError::Question(format!("nothing is given for `{}`", input.escape_debug()))
        })?;
        let pipeline = self.predictor.input_pipeline(name);
        let pipeline = pipeline.ok_or_else(|| {
            AskError::Question(format!("input `{}` has no steps", input.escape_debug()))
        })?;
        Ok((name, pipeline))
    }
}

/// The first row of the first output that ranks labels.
fn ranking(prediction: &Prediction) -> Option<&[RankedLabel]> {
    prediction.outputs.values().find_map(|output| match &output.outcome {
        Outcome::Labels { rows } => rows.first().map(Vec::as_slice),
        _ => None,
    })
}

/// The class of each token with its score: of scores, tokens × classes, the largest; of whole
/// numbers the numbers themselves, without a score. Axes of one before them are left out.
fn token_labels(value: &Tensor) -> Vec<(usize, Option<f64>)> {
    let (shape, values) = (value.shape(), value.to_f64s());
    let whole = !value.dtype().as_str().starts_with("float");
    match shape {
        [1, _] | [_] if whole =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            values.iter().map(|value| (*value as usize, None)).collect()
        }
        [1, _, classes] | [_, classes] if !whole && *classes > 0 => {
            let best = |scores: &[f64]| {
                let ranked =
                    scores.iter().copied().enumerate().filter(|(_, score)| !score.is_nan());
                let best = ranked.reduce(|best, one| if one.1 > best.1 { one } else { best });
                best.map_or((0, None), |(class, score)| (class, Some(score)))
            };
            values.chunks_exact(*classes).map(best).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use bundle_preprocess::TensorData;

    use super::*;

    #[test]
    fn a_token_has_the_label_of_its_largest_score() {
        let scores = TensorData::Float32(vec![0.1, 0.9, f32::NAN, 0.5, f32::NAN, f32::NAN]);
        let scores = Tensor::new(vec![1, 3, 2], scores).expect("a tensor");
        let found = token_labels(&scores);
        assert_eq!(found.iter().map(|(class, _)| *class).collect::<Vec<_>>(), [1, 1, 0]);
        assert_eq!(found[2].1, None);
        let whole = Tensor::new(vec![1, 2], TensorData::Int64(vec![4, 0])).expect("a tensor");
        assert_eq!(token_labels(&whole), [(4, None), (0, None)]);
        let odd = Tensor::new(vec![2, 2, 2], TensorData::Float32(vec![0.0; 8])).expect("a tensor");
        assert_eq!(token_labels(&odd), []);
    }
}
