//! What a page asks of an opened bundle.

use std::{cell::OnceCell, fmt, sync::Arc};

use bundle_archive::{Archive, ArchiveErrorKind, Limits};
use bundle_demo::{AskError, Asked, Change, Inquiry, describe_loaded, replay_view};
use bundle_manifest::{Example, ExampleInput, FileSource as _, Manifest};
use bundle_preprocess::InputSource;
use bundle_run::{Inputs, Likeness, Predictor, RunError, replay};
use bundle_signature::{Trust, UnixTime, Verification, verify_bundle};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::Parcel;

/// Bytes of an example's file.
const MAX_FILE: u64 = 256 << 20;

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
        let manifest = Manifest::from_toml(archive.manifest_text());
        // Unpacked and hashed in a browser, a network takes as long as all else together: once
        // is enough.
        let networks =
            manifest.iter().flat_map(|manifest| manifest.models.by_name.values().map(|m| &m.onnx));
        archive
            .verify_keeping(networks, &|read| hear(Progress::Checked(read, total)))
            .map_err(|error| Refusal::new("damaged", error))?;
        let signature = verify_bundle(archive.signature(), archive.lock(), &Trust::nobody(now));
        if let Verification::Bad(flaw) = &signature {
            return Err(Refusal::new("signature", flaw));
        }
        let manifest =
            manifest.map_err(|error| Refusal::new("manifest", format!("bundle.toml: {error}")))?;
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
                let inputs = self.inputs(inputs, &parcel.bytes)?;
                let asked = Asked { trace, perturb };
                let attach = &mut |file: &[u8]| answer.attach(file);
                self.inquiry(trace).predict(inputs, &asked, attach)?
            }
            Question::Occlude { inputs, input, grid } => {
                let inputs = self.inputs(inputs, &parcel.bytes)?;
                self.inquiry(false).occlude(&inputs, &input, grid)?
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

    /// With the likeness, which is measured once, where it is asked for.
    fn inquiry(&self, trace: bool) -> Inquiry<'_> {
        let (manifest, predictor) = (&self.manifest, &self.predictor);
        let measure = || Likeness::of(manifest, predictor, self.archive.as_ref());
        let likeness = trace.then(|| self.likeness.get_or_init(measure));
        Inquiry { manifest, predictor, likeness }
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

impl From<AskError> for Trouble {
    fn from(error: AskError) -> Self {
        Self { hint: error.hint().map(str::to_owned), message: error.to_string() }
    }
}

impl From<RunError> for Trouble {
    fn from(error: RunError) -> Self {
        Self { hint: error.hint.clone(), message: error.to_string() }
    }
}
