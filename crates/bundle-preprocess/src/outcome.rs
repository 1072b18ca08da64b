//! What outputs mean.

use std::collections::BTreeMap;

use bundle_manifest::{EntryName, FileSource, Output, OutputKind, Step};

use crate::{
    LabelMap, Limits, NamedTensors, StepError, Tensor, TensorData, Value,
    boxes::ROW,
    error::Fault,
    kind::Kind,
    layout::axis_index,
    ops::{self, Beside, Surroundings},
    pipeline::CheckedStep,
    resource::Resource,
    text,
};

/// A label with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedLabel {
    /// Class index.
    pub index: usize,
    /// Its label, or the index where there is no map.
    pub label: String,
    /// After the steps.
    pub score: f64,
}

/// A box with its label.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectedBox {
    /// Left, top, right, bottom, in pixels of the network's input.
    pub edges: [f64; 4],
    /// What it shows.
    pub label: RankedLabel,
}

/// What an output means.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A ranking per row of the batch, best first.
    Labels {
        /// Per row.
        rows: Vec<Vec<RankedLabel>>,
    },
    /// A number per row.
    Scalar {
        /// Per row.
        rows: Vec<f64>,
    },
    /// Boxes in pixels of the network's input, in the order of the steps.
    Boxes {
        /// Per box.
        boxes: Vec<DetectedBox>,
    },
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// An array, as it is.
    Tensor {
        /// After the steps.
        value: Tensor,
    },
}

/// The steps of an output.
#[derive(Clone, Debug)]
pub struct OutputPipeline {
    entry: String,
    kind: OutputKind,
    main: String,
    /// The ONNX output with the role `scores`, where boxes have one.
    scores: Option<String>,
    steps: Vec<CheckedStep>,
    /// The last step, where it says what the tensor means and leaves it whole: `top_k` or
    /// `threshold` of labels, `detokenize` of a text.
    meaning: Option<CheckedStep>,
    labels: Option<LabelMap>,
    limits: Limits,
}

impl OutputPipeline {
    /// Checks the steps of `output`; kinds that cannot be given meaning yet are refused by name
    /// where they need more than their main tensor (`restore`, or a step that cannot run).
    /// Without that, boxes, masks, keypoints, text, tokens and tables are an array.
    ///
    /// `top_k` as the last step of a `labels` output limits the ranking and leaves the
    /// tensor whole: `expect` records the scores of all classes, since scores without
    /// their classes mean nothing. So do a last `threshold` of labels, and a last
    /// `detokenize`: `expect` records ids.
    pub fn compile(
        output: &Output,
        labels: Option<LabelMap>,
        files: &dyn FileSource,
    ) -> Result<Self, StepError> {
        let entry = output.name.to_string();
        if output.restore.is_some() {
            let kind = output.kind;
            let fault = Fault::planned(format!("`restore` of kind `{kind}`"));
            return Err(fault.of(&entry));
        }
        let Some(main) = output.main_tensor() else {
            let role = if output.kind == OutputKind::Labels { "scores" } else { "value" };
            let fault = Fault::new("`tensors` does not say which ONNX output it is");
            return Err(fault.hint(format!("add `tensors = {{ {role} = \"…\" }}`")).of(&entry));
        };
        let steps = transforming(output);
        let mut meaning = None;
        let mut before = Kind::TENSOR;
        let mut checked = Vec::with_capacity(steps.len());
        for (index, step) in output.steps.iter().enumerate() {
            let fault = |fault: Fault| fault.at(&entry, index, step.op());
            let after = ops::check(step, &before).map_err(fault)?;
            let resource = Resource::load(step, files).map_err(fault)?;
            if index == steps.len() {
                meaning =
                    Some(CheckedStep { step: step.clone(), before: before.clone(), resource });
            } else {
                if output.kind == OutputKind::Labels && matches!(step, Step::TopK(_)) {
                    let refused = Fault::new("forgets which classes it kept, and a step follows");
                    return Err(fault(refused.hint("put `top_k` last")));
                }
                checked.push(CheckedStep { step: step.clone(), before, resource });
            }
            before = after;
        }
        let (main, kind, limits) = (main.to_owned(), output.kind, Limits::default());
        let scores = output.tensors.get("scores").filter(|_| kind == OutputKind::Boxes).cloned();
        Ok(Self { entry, kind, main, scores, steps: checked, meaning, labels, limits })
    }

    /// The same pipeline with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The label map it was compiled with.
    pub const fn labels(&self) -> Option<&LabelMap> {
        self.labels.as_ref()
    }

    /// The main tensor after the steps: what `expect` records. `inputs` is what each input
    /// published, for steps that look at a mask or at the size of the image.
    pub fn transform(
        &self,
        tensors: &NamedTensors,
        inputs: &BTreeMap<EntryName, NamedTensors>,
    ) -> Result<Tensor, StepError> {
        let Some(main) = tensors.get(&self.main) else {
            let fault = Fault::new(format!("the network gave no output `{}`", self.main));
            return Err(fault.of(&self.entry));
        };
        let scores = self.scores.as_ref().and_then(|scores| tensors.get(scores));
        let beside = Beside { scores, inputs, size: image_size(inputs) };
        let mut value = Value::Tensor(main.clone());
        for (index, step) in self.steps.iter().enumerate() {
            value = self.apply(index, step, value, &beside)?;
        }
        value.into_tensor().map_err(|fault| fault.of(&self.entry))
    }

    fn apply(
        &self,
        index: usize,
        checked: &CheckedStep,
        value: Value,
        beside: &Beside<'_>,
    ) -> Result<Value, StepError> {
        let CheckedStep { step, before, resource } = checked;
        let published = &mut NamedTensors::new();
        let around = Surroundings { before, resource, limits: &self.limits, published, beside };
        ops::apply(step, value, around).map_err(|fault| fault.at(&self.entry, index, step.op()))
    }

    /// What the transformed tensor means.
    ///
    /// `labels` of N × C or C scores: a ranking per row; of integers, one a row (N, N × 1
    /// or a single one, as `argmax` gives): that class with the score 1. `scalar`: N,
    /// N × 1 or a single number. `boxes` of N × 6, as `decode_boxes` gives them. `text`: ids
    /// that a last `detokenize` or the label map spells.
    pub fn outcome(&self, transformed: &Tensor) -> Result<Outcome, StepError> {
        let outcome = match self.kind {
            OutputKind::Labels if is_class_index(transformed) => self.chosen(transformed),
            OutputKind::Labels => self.rankings(transformed),
            OutputKind::Scalar => scalars(transformed),
            OutputKind::Boxes if self.decodes_boxes() => self.boxes(transformed),
            OutputKind::Text => self.text(transformed),
            _ => Ok(Outcome::Tensor { value: transformed.clone() }),
        };
        outcome.map_err(|fault| fault.of(&self.entry))
    }

    /// Refuses a label map that does not fit the class axis, given the shape of the ONNX
    /// output as far as the graph states it (`None`: a symbol). Knows nothing where the
    /// class axis is a symbol or the output is not of kind `labels`.
    pub fn check_classes(&self, shape: &[Option<usize>]) -> Result<(), StepError> {
        if self.kind != OutputKind::Labels {
            return Ok(());
        }
        let Some(classes) = self.class_axis(shape) else { return Ok(()) };
        self.check_label_count(classes).map_err(|fault| fault.of(&self.entry))
    }

    fn class_axis(&self, shape: &[Option<usize>]) -> Option<usize> {
        let mut shape = shape.to_vec();
        for CheckedStep { step, .. } in &self.steps {
            match step {
                Step::Argmax(params) => {
                    return *shape.get(axis_index(params.axis, shape.len()).ok()?)?;
                }
                Step::ExpandDims(params) => {
                    let axis = axis_index(params.axis, shape.len() + 1).ok()?;
                    shape.insert(axis, Some(1));
                }
                _ => {}
            }
        }
        // A last axis of length 1 may hold class indices as well as scores.
        (*shape.last()?).filter(|classes| *classes > 1)
    }

    fn check_label_count(&self, classes: usize) -> Result<(), Fault> {
        match &self.labels {
            Some(labels) if labels.names.len() != classes => Err(Fault::new(format!(
                "the class axis has {classes} elements, the label map has {} labels",
                labels.names.len()
            ))),
            _ => Ok(()),
        }
    }

    fn label(&self, index: usize) -> Option<String> {
        match &self.labels {
            Some(labels) => labels.names.get(index).cloned(),
            None => Some(index.to_string()),
        }
    }

    fn rankings(&self, transformed: &Tensor) -> Result<Outcome, Fault> {
        let (&[classes] | &[_, classes]) = transformed.shape() else {
            let shape = transformed.shape();
            return Err(Fault::new(format!(
                "kind `labels` takes scores of N × C or C, got shape {shape:?}"
            )));
        };
        self.check_label_count(classes)?;
        if classes == 0 {
            return Err(Fault::new("the class axis is empty"));
        }
        let kept = match self.meaning.as_ref().map(|last| &last.step) {
            Some(Step::TopK(params)) => params.k as usize,
            _ => classes,
        };
        if kept > classes {
            return Err(Fault::new(format!(
                "`k = {kept}` of `top_k` is more than the {classes} classes"
            )));
        }
        let scores = transformed.to_f64s();
        let rows = scores.chunks_exact(classes).map(|row| self.ranking(row, kept));
        Ok(Outcome::Labels { rows: rows.collect::<Result<_, _>>()? })
    }

    fn ranking(&self, scores: &[f64], kept: usize) -> Result<Vec<RankedLabel>, Fault> {
        if let Some(index) = scores.iter().position(|score| score.is_nan()) {
            return Err(Fault::new(format!("the score of class {index} is NaN")));
        }
        let mut order: Vec<usize> = (0..scores.len()).collect();
        // A stable sort keeps equals in the order of their index; -0.0 equals 0.0.
        order.sort_by(|a, b| (scores[*b] + 0.0).total_cmp(&(scores[*a] + 0.0)));
        let least = match self.meaning.as_ref().map(|last| &last.step) {
            Some(Step::Threshold(params)) => params.value,
            _ => f64::NEG_INFINITY,
        };
        let order = order.into_iter().take(kept).filter(|index| scores[*index] >= least);
        let ranked = order.map(|index| RankedLabel {
            index,
            label: self.label(index).unwrap_or_default(),
            score: scores[index],
        });
        Ok(ranked.collect())
    }

    fn decodes_boxes(&self) -> bool {
        self.steps.iter().any(|checked| matches!(checked.step, Step::DecodeBoxes(_)))
    }

    fn boxes(&self, transformed: &Tensor) -> Result<Outcome, Fault> {
        let [_, ROW] = transformed.shape() else {
            return Err(Fault::new("boxes have six numbers each"));
        };
        let values = transformed.to_f64s();
        let (rows, _) = values.as_chunks::<ROW>();
        let boxed = |&[left, top, right, bottom, score, class]: &[f64; ROW]| {
            let index = class_index(class).unwrap_or_default();
            let label = self
                .label(index)
                .ok_or_else(|| Fault::new(format!("class {index} is outside the label map")))?;
            let label = RankedLabel { index, label, score };
            Ok(DetectedBox { edges: [left, top, right, bottom], label })
        };
        Ok(Outcome::Boxes { boxes: rows.iter().map(boxed).collect::<Result<_, Fault>>()? })
    }

    fn text(&self, transformed: &Tensor) -> Result<Outcome, Fault> {
        if let Some(CheckedStep { step: Step::Detokenize(params), resource, .. }) = &self.meaning {
            let text = text::detokenize(params, resource.tokenizer()?, transformed)?;
            return Ok(Outcome::Text { text });
        }
        let (TensorData::Int64(ids), Some(labels)) = (transformed.data(), &self.labels) else {
            return Ok(Outcome::Tensor { value: transformed.clone() });
        };
        let spelt = ids.iter().map(|id| {
            let name = usize::try_from(*id).ok().and_then(|id| labels.names.get(id));
            name.map(String::as_str)
                .ok_or_else(|| Fault::new(format!("id {id} is outside the label map")))
        });
        Ok(Outcome::Text { text: spelt.collect::<Result<_, _>>()? })
    }

    fn chosen(&self, transformed: &Tensor) -> Result<Outcome, Fault> {
        let row = |class: f64| {
            let index = class_index(class);
            let label = index.and_then(|index| Some((index, self.label(index)?)));
            let (index, label) = label.ok_or_else(|| {
                let labels = self.labels.as_ref().map_or(0, |labels| labels.names.len());
                Fault::new(format!("class {class} is outside the label map of {labels} labels"))
            })?;
            Ok(vec![RankedLabel { index, label, score: 1.0 }])
        };
        let rows = transformed.to_f64s().into_iter().map(row);
        Ok(Outcome::Labels { rows: rows.collect::<Result<_, Fault>>()? })
    }
}

/// The steps that change the tensor: all but a last one that only says what it means.
fn transforming(output: &Output) -> &[Step] {
    match (output.kind, output.steps.split_last()) {
        (OutputKind::Labels, Some((Step::TopK(_) | Step::Threshold(_), steps)))
        | (OutputKind::Text, Some((Step::Detokenize(_), steps))) => steps,
        _ => &output.steps,
    }
}

/// Height and width of the first image that a network takes: of a `value` of four axes,
/// those that are not its batch and its channels.
fn image_size(inputs: &BTreeMap<EntryName, NamedTensors>) -> Option<(usize, usize)> {
    inputs.values().find_map(|published| match *published.get("value")?.shape() {
        [_, channels, height, width] if channels <= 4 => Some((height, width)),
        [_, height, width, _] => Some((height, width)),
        _ => None,
    })
}

/// Whether the elements are classes rather than scores: integers, one a row.
fn is_class_index(tensor: &Tensor) -> bool {
    let integers = !matches!(
        tensor.data(),
        TensorData::Float16(_) | TensorData::Float32(_) | TensorData::Float64(_)
    );
    let one_a_row = match tensor.shape() {
        [] | [_] => true,
        [.., last] => *last == 1,
    };
    integers && one_a_row
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an integer that is not negative; beyond any label map, precision does not matter"
)]
fn class_index(class: f64) -> Option<usize> {
    (class >= 0.0).then_some(class as usize)
}

fn scalars(transformed: &Tensor) -> Result<Outcome, Fault> {
    match transformed.shape() {
        [] | [_] | [_, 1] => Ok(Outcome::Scalar { rows: transformed.to_f64s() }),
        shape => Err(Fault::new(format!(
            "kind `scalar` takes N, N × 1 or a single number, got shape {shape:?}"
        ))),
    }
}
