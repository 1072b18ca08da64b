//! What a page asks of an opened bundle.

use std::{cell::OnceCell, fmt, sync::Arc};

use bundle_archive::{Archive, ArchiveErrorKind, Limits};
use bundle_demo::{describe_loaded, prediction_view, replay_view};
use bundle_manifest::{EntryName, Example, ExampleInput, FileSource as _, Manifest};
use bundle_preprocess::{
    InputPipeline, InputSource, Outcome, Perturbation, RankedLabel, StepError, Value, picture,
};
use bundle_run::{Inputs, Likeness, Prediction, Predictor, RunError, replay};
use bundle_signature::{Trust, UnixTime, Verification, verify_bundle};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{Parcel, seen};

/// Bytes of an example's file.
const MAX_FILE: u64 = 256 << 20;

/// Squares of a side of the grid that covers a picture.
const MAX_GRID: usize = 24;

/// How far opening has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes of content read and checked since the last time, of all of them.
    Checked(u64, u64),
    /// Every byte is what the lock says; the network is made ready.
    Loading,
}

/// Why a bundle is not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `damaged`, `signature`, `withheld`, `manifest` or `model`.
    pub why: &'static str,
    /// In words.
    pub message: String,
    /// What to do, where that is known.
    pub hint: Option<String>,
}

impl Refusal {
    fn new(why: &'static str, message: impl fmt::Display) -> Self {
        Self { why, message: message.to_string(), hint: None }
    }

    /// As the page is told.
    pub fn view(&self) -> Json {
        json!({ "why": self.why, "error": self.message, "hint": self.hint })
    }
}

/// A bundle that was opened: every byte is what its lock says, its signature is not bad, and
/// its network is ready.
#[derive(Debug)]
pub struct Host {
    archive: Arc<Archive>,
    manifest: Manifest,
    predictor: Predictor,
    signature: Verification,
    likeness: OnceCell<Likeness>,
}

impl Host {
    /// Opens a bundle in memory at a time. Nobody's keys are known to a page.
    pub fn open(
        bytes: Vec<u8>,
        now: UnixTime,
        hear: &(dyn Fn(Progress) + Sync),
    ) -> Result<Self, Refusal> {
        let archive = Archive::from_bytes(bytes, &Limits::default()).map_err(|error| {
            let hint = error.hint().map(str::to_owned);
            let why = if matches!(error.kind, ArchiveErrorKind::Newer(_)) {
                "manifest"
            } else {
                "damaged"
            };
            Refusal { hint, ..Refusal::new(why, error) }
        })?;
        let total = archive.unpacked_size();
        archive
            .verify(&|read| hear(Progress::Checked(read, total)))
            .map_err(|error| Refusal::new("damaged", error))?;
        let signature = verify_bundle(archive.signature(), archive.lock(), &Trust::nobody(now));
        if let Verification::Bad(flaw) = &signature {
            return Err(Refusal::new("signature", flaw));
        }
        let manifest = Manifest::from_toml(archive.manifest_text())
            .map_err(|error| Refusal::new("manifest", format!("bundle.toml: {error}")))?;
        if let Some(withheld) = archive.lock().members.iter().find(|member| member.withheld) {
            let message = format!("`{}` is held back by the author", withheld.path);
            let hint = "ask the author for a server: `bundle serve` runs a model that stays there";
            let refused = Refusal::new("withheld", message);
            return Err(Refusal { hint: Some(hint.to_owned()), ..refused });
        }
        hear(Progress::Loading);
        let archive = Arc::new(archive);
        let predictor = Predictor::new(&manifest, archive.as_ref()).map_err(|error| Refusal {
            hint: error.hint.clone(),
            ..Refusal::new("model", error)
        })?;
        Ok(Self { archive, manifest, predictor, signature, likeness: OnceCell::new() })
    }

    /// Answers a question; what cannot be answered is an answer with `error`.
    pub fn answer(&self, question: &[u8]) -> Parcel {
        let answered = Parcel::from_bytes(question)
            .map_err(|what| Trouble::new(format!("the question {what}")))
            .and_then(|parcel| self.respond(parcel));
        answered.unwrap_or_else(|Trouble { message, hint }| {
            Parcel::of(json!({ "error": message, "hint": hint }))
        })
    }

    fn respond(&self, parcel: Parcel) -> Result<Parcel, Trouble> {
        let question: Question = serde_json::from_value(parcel.json)
            .map_err(|error| Trouble::new(format!("the question cannot be read: {error}")))?;
        let mut answer = Parcel::default();
        let view = match question {
            Question::Describe => self.describe(),
            Question::Predict { inputs, trace, perturb } => {
                let mut inputs = self.inputs(inputs, &parcel.bytes)?;
                let changed = perturb.map(|one| self.perturb(&one, &mut inputs)).transpose()?;
                let mut view = self.predict(&inputs, trace, &mut answer)?;
                match changed {
                    Some(InputSource::File(file)) => view["changed"] = answer.attach(&file),
                    Some(InputSource::Json(value)) => view["changed"] = value,
                    None => {}
                }
                view
            }
            Question::Occlude { inputs, input, grid } => {
                let inputs = self.inputs(inputs, &parcel.bytes)?;
                self.occlude(&inputs, &input, grid)?
            }
            Question::Replay { example } => {
                let example = self.example(&example)?;
                replay_view(&replay(&self.predictor, example, self.archive.as_ref())?)
            }
            Question::File { example, input } => {
                let file = self.file(&example, &input)?;
                answer.attach(&file)
            }
        };
        answer.json = json!({ "ok": view });
        Ok(answer)
    }

    fn describe(&self) -> Json {
        let id = Some(self.archive.id());
        describe_loaded(&self.manifest, id, &self.signature, &self.predictor)
    }

    fn predict(&self, inputs: &Inputs, trace: bool, answer: &mut Parcel) -> Result<Json, Trouble> {
        let prediction = self.predictor.predict(inputs, trace)?;
        let mut view = prediction_view(&prediction);
        if !trace {
            return Ok(view);
        }
        let likeness = self
            .likeness
            .get_or_init(|| Likeness::of(&self.manifest, &self.predictor, self.archive.as_ref()));
        let unlike = likeness.unlike(&self.predictor, inputs);
        view["unlike"] = unlike
            .into_iter()
            .map(|(input, words)| json!({ "input": input.as_str(), "words": words }))
            .collect();
        let tensors = prediction.outputs.iter().filter_map(|(name, output)| {
            let Outcome::Tensor { value } = &output.outcome else { return None };
            Some((name.to_string(), answer.attach(&picture(&Value::Tensor(value.clone()))?)))
        });
        view["pictures"] = Json::Object(tensors.collect::<Map<_, _>>());
        let steps = prediction
            .stages
            .iter()
            .map(|(input, stages)| (input.to_string(), seen::steps(stages, answer)));
        view["seen"] = Json::Object(steps.collect::<Map<_, _>>());
        Ok(view)
    }

    /// How far the score of the top label falls when a square of the picture is covered, square by
    /// square.
    fn occlude(&self, inputs: &Inputs, input: &str, grid: usize) -> Result<Json, Trouble> {
        let (name, pipeline) = self.given(input, inputs)?;
        let whole = self.predictor.predict(inputs, false)?;
        let top = ranking(&whole).and_then(|ranking| ranking.first());
        let top = top.ok_or_else(|| Trouble::new("no output of this bundle ranks labels"))?;
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
    fn perturb(&self, change: &Change, inputs: &mut Inputs) -> Result<InputSource, Trouble> {
        let Change { input, kind, strength, seed } = change;
        let known = Perturbation::ALL.into_iter().find(|one| one.as_str() == kind);
        let known = known
            .ok_or_else(|| Trouble::new(format!("nothing is called `{}`", kind.escape_debug())))?;
        let (name, pipeline) = self.given(input, inputs)?;
        let name = name.clone();
        let changed = pipeline.perturb(&inputs[&name], known, *strength, *seed)?;
        inputs.insert(name, changed.clone());
        Ok(changed)
    }

    /// The input of this name, for which something is given, and its pipeline.
    fn given<'a>(
        &'a self,
        input: &str,
        inputs: &'a Inputs,
    ) -> Result<(&'a EntryName, &'a InputPipeline), Trouble> {
        let name = inputs.keys().find(|name| name.as_str() == input).ok_or_else(|| {
            Trouble::new(format!("nothing is given for `{}`", input.escape_debug()))
        })?;
        let pipeline = self.predictor.input_pipeline(name);
        Ok((name, pipeline.ok_or_else(|| Trouble::new("an input without steps"))?))
    }

    fn inputs(&self, given: Map<String, Json>, files: &[u8]) -> Result<Inputs, Trouble> {
        let (mut inputs, mut rest) = (Inputs::new(), files);
        for (name, given) in given {
            let declared = self.manifest.given_inputs().find(|input| input.name.as_str() == name);
            let declared = declared.ok_or_else(|| {
                Trouble::new(format!("the bundle has no input `{}`", name.escape_debug()))
            })?;
            let source = match (given.get("file").and_then(Json::as_u64), given.get("value")) {
                (Some(length), None) => {
                    let length = usize::try_from(length).unwrap_or(usize::MAX);
                    let (file, behind) = rest.split_at_checked(length).ok_or_else(|| {
                        Trouble::new(format!("the file of `{name}` is cut short"))
                    })?;
                    rest = behind;
                    InputSource::File(file.to_vec())
                }
                (None, Some(value)) => InputSource::Json(value.clone()),
                _ => {
                    let message = format!("input `{name}` needs exactly one of `file` and `value`");
                    return Err(Trouble::new(message));
                }
            };
            inputs.insert(declared.name.clone(), source);
        }
        Ok(inputs)
    }

    fn example(&self, name: &str) -> Result<&Example, Trouble> {
        let found = self.manifest.examples.iter().find(|example| example.name.as_str() == name);
        found.ok_or_else(|| {
            Trouble::new(format!("the bundle has no example `{}`", name.escape_debug()))
        })
    }

    fn file(&self, example: &str, input: &str) -> Result<Vec<u8>, Trouble> {
        let inputs = &self.example(example)?.inputs;
        let given = inputs.iter().find(|(name, _)| name.as_str() == input);
        let Some((_, ExampleInput::File(path))) = given else {
            let input = input.escape_debug();
            return Err(Trouble::new(format!(
                "example `{example}` has no file for input `{input}`"
            )));
        };
        let file = self.archive.read(path, MAX_FILE);
        file.map_err(|error| Trouble::new(format!("`{path}` cannot be read: {error}")))
    }
}

/// What a page asks.
#[derive(Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase", deny_unknown_fields)]
enum Question {
    Describe,
    Predict {
        inputs: Map<String, Json>,
        #[serde(default)]
        trace: bool,
        #[serde(default)]
        perturb: Option<Change>,
    },
    Occlude {
        inputs: Map<String, Json>,
        input: String,
        grid: usize,
    },
    Replay {
        example: String,
    },
    File {
        example: String,
        input: String,
    },
}

/// How one input is to be changed first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    input: String,
    kind: String,
    strength: f64,
    seed: u64,
}

/// Why there is no answer.
struct Trouble {
    message: String,
    hint: Option<String>,
}

impl Trouble {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }
}

/// The first row of the first output that ranks labels.
fn ranking(prediction: &Prediction) -> Option<&[RankedLabel]> {
    prediction.outputs.values().find_map(|output| match &output.outcome {
        Outcome::Labels { rows } => rows.first().map(Vec::as_slice),
        _ => None,
    })
}

impl From<StepError> for Trouble {
    fn from(error: StepError) -> Self {
        Self { hint: error.hint.clone(), message: error.to_string() }
    }
}

impl From<RunError> for Trouble {
    fn from(error: RunError) -> Self {
        Self { hint: error.hint.clone(), message: error.to_string() }
    }
}
