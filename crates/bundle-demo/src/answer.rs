//! What the page is told of a prediction and of a replay.

use std::collections::BTreeMap;

use bundle_preprocess::{DetectedBox, Outcome, RankedLabel, Tensor, TensorData};
use bundle_run::{Comparison, ExampleReplay, OutputReplay, Prediction, StepReplay};
use serde::Serialize;
use serde_json::Value as Json;

/// Ranked labels of all rows in one answer: what a browser still takes in.
const MAX_LABELS: usize = 500_000;
/// Rows of numbers in one answer.
const MAX_ROWS: usize = 100_000;
/// Elements of an array in one answer; who needs them all asks for a tensor protocol.
const MAX_VALUES: usize = 4096;

/// A prediction as the page is told, the same for every transport (the schema is on the
/// [first page](crate)).
pub fn prediction_view(prediction: &Prediction) -> Json {
    let outputs = prediction.outputs.iter();
    let view = PredictionView {
        outputs: outputs
            .map(|(name, output)| (name.as_str(), OutcomeView::of(&output.outcome)))
            .collect(),
    };
    serde_json::to_value(view).unwrap_or(Json::Null)
}

/// A replay as the page is told (the schema is on the [first page](crate)).
pub fn replay_view(replay: &ExampleReplay) -> Json {
    let largest =
        replay.outputs.values().map(|output| output.comparison.max_abs).fold(0.0, f64::max);
    let view = ReplayView {
        example: replay.name.as_str(),
        holds: replay.holds,
        max_abs: finite(largest),
        outputs: replay
            .outputs
            .iter()
            .map(|(name, one)| (name.as_str(), OutputReplayView::of(one)))
            .collect(),
        steps: replay.steps.iter().map(StepView::of).collect(),
        values: replay
            .values
            .iter()
            .map(|(name, one)| (name.as_str(), ComparisonView::of(one)))
            .collect(),
        network: replay.network.iter().map(NetworkView::of).collect(),
    };
    serde_json::to_value(view).unwrap_or(Json::Null)
}

#[derive(Serialize)]
struct PredictionView<'a> {
    outputs: BTreeMap<&'a str, OutcomeView<'a>>,
}

#[derive(Serialize)]
struct ReplayView<'a> {
    example: &'a str,
    holds: bool,
    max_abs: Option<f64>,
    outputs: BTreeMap<&'a str, OutputReplayView<'a>>,
    steps: Vec<StepView<'a>>,
    values: BTreeMap<&'a str, ComparisonView>,
    network: Vec<NetworkView<'a>>,
}

#[derive(Serialize)]
struct NetworkView<'a> {
    tensor: &'a str,
    comparison: ComparisonView,
}

impl<'a> NetworkView<'a> {
    fn of((tensor, comparison): &'a (String, Comparison)) -> Self {
        Self { tensor, comparison: ComparisonView::of(comparison) }
    }
}

#[derive(Serialize)]
struct OutputReplayView<'a> {
    holds: bool,
    elements: usize,
    outside: usize,
    max_abs: Option<f64>,
    difference: Option<String>,
    actual: OutcomeView<'a>,
    expected: Option<OutcomeView<'a>>,
}

impl<'a> OutputReplayView<'a> {
    fn of(replay: &'a OutputReplay) -> Self {
        let ComparisonView { holds, elements, outside, max_abs, difference } =
            ComparisonView::of(&replay.comparison);
        let actual = OutcomeView::of(&replay.outcome);
        let expected = replay.expected.as_ref().map(OutcomeView::of);
        Self { holds, elements, outside, max_abs, difference, actual, expected }
    }
}

#[derive(Serialize)]
struct StepView<'a> {
    input: &'a str,
    index: usize,
    op: &'static str,
    local: ComparisonView,
    propagated: ComparisonView,
}

impl<'a> StepView<'a> {
    fn of(step: &'a StepReplay) -> Self {
        Self {
            input: step.input.as_str(),
            index: step.index,
            op: step.op,
            local: ComparisonView::of(&step.local),
            propagated: ComparisonView::of(&step.propagated),
        }
    }
}

#[derive(Serialize)]
struct ComparisonView {
    holds: bool,
    elements: usize,
    outside: usize,
    max_abs: Option<f64>,
    difference: Option<String>,
}

impl ComparisonView {
    fn of(comparison: &Comparison) -> Self {
        Self {
            holds: comparison.holds,
            elements: comparison.elements,
            outside: comparison.outside,
            max_abs: finite(comparison.max_abs),
            difference: comparison.difference.as_ref().map(ToString::to_string),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum OutcomeView<'a> {
    Labels {
        rows: Vec<Vec<RankedView<'a>>>,
        omitted_rows: usize,
        omitted_labels: usize,
    },
    Scalar {
        rows: Vec<Option<f64>>,
        not_finite: Vec<(usize, &'static str)>,
        omitted_rows: usize,
    },
    Boxes {
        boxes: Vec<BoxView<'a>>,
        omitted_boxes: usize,
    },
    Text {
        text: &'a str,
    },
    Tensor {
        dtype: &'static str,
        shape: &'a [usize],
        values: Vec<Json>,
        not_finite: Vec<(usize, &'static str)>,
        not_finite_count: usize,
        omitted: usize,
        min: Option<f64>,
        max: Option<f64>,
        mean: Option<f64>,
    },
}

/// A box: its edges in pixels of the network's input, and what it shows.
#[derive(Serialize)]
struct BoxView<'a> {
    left: Option<f64>,
    top: Option<f64>,
    right: Option<f64>,
    bottom: Option<f64>,
    #[serde(rename = "label")]
    ranked: RankedView<'a>,
}

impl<'a> BoxView<'a> {
    fn of(found: &'a DetectedBox) -> Self {
        let [left, top, right, bottom] = found.edges.map(finite);
        Self { left, top, right, bottom, ranked: RankedView::of(&found.label) }
    }
}

impl<'a> OutcomeView<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        match outcome {
            Outcome::Labels { rows } => Self::of_labels(rows),
            Outcome::Scalar { rows } => {
                let shown = rows.get(..MAX_ROWS).unwrap_or(rows);
                Self::Scalar {
                    rows: shown.iter().copied().map(finite).collect(),
                    not_finite: words(shown.iter().copied()),
                    omitted_rows: rows.len() - shown.len(),
                }
            }
            Outcome::Boxes { boxes } => {
                let shown = boxes.get(..MAX_ROWS).unwrap_or(boxes);
                let omitted_boxes = boxes.len() - shown.len();
                Self::Boxes { boxes: shown.iter().map(BoxView::of).collect(), omitted_boxes }
            }
            Outcome::Text { text } => Self::Text { text },
            Outcome::Tensor { value } => Self::of_tensor(value),
        }
    }

    fn of_labels(rows: &'a [Vec<RankedLabel>]) -> Self {
        let mut left = MAX_LABELS;
        let mut omitted_labels = 0;
        let mut views = Vec::new();
        for row in rows {
            if left == 0 {
                break;
            }
            let shown = row.get(..left).unwrap_or(row);
            omitted_labels += row.len() - shown.len();
            // An empty row costs too: a batch of them must not be endless.
            left = left.saturating_sub(shown.len().max(1));
            views.push(shown.iter().map(RankedView::of).collect());
        }
        Self::Labels { omitted_rows: rows.len() - views.len(), rows: views, omitted_labels }
    }

    fn of_tensor(tensor: &'a Tensor) -> Self {
        let data = tensor.data();
        let shown = data.len().min(MAX_VALUES);
        let first = || (0..shown).filter_map(|index| element(data, index));
        let mut count = 0_u64;
        let (mut min, mut max, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for value in (0..data.len())
            .filter_map(|index| element(data, index))
            .filter(|value| value.is_finite())
        {
            (min, max) = (min.min(value), max.max(value));
            sum += value;
            count += 1;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a mean of more than 2^53 elements does not fit in memory"
        )]
        let mean = (count > 0).then(|| sum / count as f64);
        Self::Tensor {
            dtype: tensor.dtype().as_str(),
            shape: tensor.shape(),
            values: (0..shown).map(|index| exact(data, index)).collect(),
            not_finite: words(first()),
            not_finite_count: data.len() - usize::try_from(count).unwrap_or(data.len()),
            omitted: data.len() - shown,
            min: finite(min),
            max: finite(max),
            mean: mean.and_then(finite),
        }
    }
}

#[derive(Serialize)]
struct RankedView<'a> {
    index: usize,
    label: &'a str,
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    word: Option<&'static str>,
}

impl<'a> RankedView<'a> {
    fn of(ranked: &'a RankedLabel) -> Self {
        Self {
            index: ranked.index,
            label: &ranked.label,
            score: finite(ranked.score),
            word: word(ranked.score),
        }
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// What to say of a number that JSON cannot.
fn word(value: f64) -> Option<&'static str> {
    match value {
        value if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

fn words(values: impl Iterator<Item = f64>) -> Vec<(usize, &'static str)> {
    values.enumerate().filter_map(|(index, value)| Some((index, word(value)?))).collect()
}

/// An element as a number; 64-bit integers beyond 2^53 are rounded.
#[expect(clippy::cast_precision_loss, reason = "a summary for people, as the documentation says")]
fn element(data: &TensorData, index: usize) -> Option<f64> {
    match data {
        TensorData::Float16(values) => values.get(index).map(|bits| from_half(*bits)),
        TensorData::Float32(values) => values.get(index).copied().map(f64::from),
        TensorData::Float64(values) => values.get(index).copied(),
        TensorData::Int8(values) => values.get(index).copied().map(f64::from),
        TensorData::Int16(values) => values.get(index).copied().map(f64::from),
        TensorData::Int32(values) => values.get(index).copied().map(f64::from),
        TensorData::Int64(values) => values.get(index).map(|value| *value as f64),
        TensorData::Uint8(values) => values.get(index).copied().map(f64::from),
        TensorData::Uint16(values) => values.get(index).copied().map(f64::from),
        TensorData::Uint32(values) => values.get(index).copied().map(f64::from),
        TensorData::Uint64(values) => values.get(index).map(|value| *value as f64),
        TensorData::Bool(values) => values.get(index).map(|value| f64::from(u8::from(*value))),
    }
}

/// An element as JSON: integers exactly, a number that is not finite as `null`.
fn exact(data: &TensorData, index: usize) -> Json {
    match data {
        TensorData::Int64(values) => values.get(index).copied().map_or(Json::Null, Json::from),
        TensorData::Uint64(values) => values.get(index).copied().map_or(Json::Null, Json::from),
        TensorData::Float16(_) | TensorData::Float32(_) | TensorData::Float64(_) => {
            element(data, index).and_then(finite).map_or(Json::Null, Json::from)
        }
        #[expect(clippy::cast_possible_truncation, reason = "these types have at most 32 bits")]
        _ => element(data, index).map_or(Json::Null, |value| Json::from(value as i64)),
    }
}

/// The value of IEEE 754 half precision bits.
fn from_half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = (bits >> 10) & 0x1f;
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match exponent {
        0 => fraction * 2_f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(i32::from(exponent) - 25),
    };
    sign * magnitude
}

#[cfg(test)]
mod tests {
    use bundle_manifest::EntryName;
    use bundle_run::{Difference, OutputResult};
    use serde_json::json;

    use super::*;

    fn name(text: &str) -> EntryName {
        text.parse().expect("a name")
    }

    fn tensor(shape: &[usize], data: TensorData) -> Tensor {
        Tensor::new(shape.to_vec(), data).expect("a shape that fits")
    }

    fn ranked(index: usize, label: &str, score: f64) -> RankedLabel {
        RankedLabel { index, label: label.to_owned(), score }
    }

    fn view(outcome: &Outcome) -> Json {
        serde_json::to_value(OutcomeView::of(outcome)).expect("JSON")
    }

    #[test]
    fn outcomes_are_what_the_documentation_says() {
        let labels = Outcome::Labels {
            rows: vec![vec![ranked(1, "b", 0.75), ranked(0, "a", f64::NAN)], vec![]],
        };
        assert_eq!(
            view(&labels),
            json!({ "kind": "labels", "omitted_rows": 0, "omitted_labels": 0, "rows": [[
                { "index": 1, "label": "b", "score": 0.75 },
                { "index": 0, "label": "a", "score": null, "word": "NaN" },
            ], []] })
        );
        let scalar = Outcome::Scalar { rows: vec![1.5, f64::NEG_INFINITY] };
        assert_eq!(
            view(&scalar),
            json!({ "kind": "scalar", "rows": [1.5, null], "not_finite": [[1, "-Infinity"]], "omitted_rows": 0 })
        );
        let values = vec![0.5, f32::NAN, 2.5, f32::INFINITY];
        let array = Outcome::Tensor { value: tensor(&[2, 2], TensorData::Float32(values)) };
        assert_eq!(
            view(&array),
            json!({
                "kind": "tensor", "dtype": "float32", "shape": [2, 2], "values": [0.5, null, 2.5, null],
                "not_finite": [[1, "NaN"], [3, "Infinity"]], "not_finite_count": 2, "omitted": 0,
                "min": 0.5, "max": 2.5, "mean": 1.5,
            })
        );
    }

    #[test]
    fn every_element_type_becomes_numbers() {
        let cases = [
            (TensorData::Float16(vec![0x3c00, 0xc000]), json!([1.0, -2.0])),
            (TensorData::Float64(vec![0.1, 0.2]), json!([0.1, 0.2])),
            (TensorData::Int8(vec![-128, 127]), json!([-128, 127])),
            (TensorData::Int16(vec![-1, 1]), json!([-1, 1])),
            (TensorData::Int32(vec![i32::MIN, i32::MAX]), json!([i32::MIN, i32::MAX])),
            (TensorData::Int64(vec![i64::MIN, i64::MAX]), json!([i64::MIN, i64::MAX])),
            (TensorData::Uint8(vec![0, 255]), json!([0, 255])),
            (TensorData::Uint16(vec![0, 65_535]), json!([0, 65_535])),
            (TensorData::Uint32(vec![0, u32::MAX]), json!([0, u32::MAX])),
            (TensorData::Uint64(vec![0, u64::MAX]), json!([0, u64::MAX])),
            (TensorData::Bool(vec![false, true]), json!([0, 1])),
        ];
        for (data, values) in cases {
            let shown = view(&Outcome::Tensor { value: tensor(&[2], data) });
            assert_eq!(shown["values"], values, "{shown}");
        }
    }

    #[test]
    fn half_precision_is_read_from_its_bits() {
        let cases = [
            (0x0000, 0.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x3555, 0.333_251_953_125),
            (0x7bff, 65_504.0),
        ];
        for (bits, value) in cases {
            assert_eq!(from_half(bits).to_bits(), f64::to_bits(value), "{bits:#06x}");
        }
        assert_eq!(from_half(0xfc00).to_bits(), f64::NEG_INFINITY.to_bits());
        assert!(from_half(0x7e00).is_nan());
    }

    #[test]
    fn long_answers_are_cut_and_say_so() {
        let array = Outcome::Tensor { value: tensor(&[5000], TensorData::Uint8(vec![1; 5000])) };
        let shown = view(&array);
        assert_eq!((&shown["omitted"], &shown["mean"]), (&json!(904), &json!(1.0)));
        assert_eq!(shown["values"].as_array().map(Vec::len), Some(4096));
        let empty = view(&Outcome::Tensor { value: tensor(&[0], TensorData::Float32(vec![])) });
        assert_eq!((&empty["min"], &empty["mean"]), (&Json::Null, &Json::Null));
        let rows = view(&Outcome::Scalar { rows: vec![0.0; MAX_ROWS + 7] });
        assert_eq!(rows["omitted_rows"], 7);
        let wide = vec![vec![ranked(0, "a", 0.0); MAX_LABELS / 2 + 1]; 3];
        let labels = view(&Outcome::Labels { rows: wide });
        assert_eq!((&labels["omitted_rows"], &labels["omitted_labels"]), (&json!(1), &json!(2)));
    }

    #[test]
    fn a_prediction_is_its_outputs_by_name() {
        let transformed = tensor(&[1], TensorData::Float32(vec![2.0]));
        let result = OutputResult { transformed, outcome: Outcome::Scalar { rows: vec![2.0] } };
        let prediction = Prediction {
            outputs: BTreeMap::from([(name("age"), result)]),
            stages: BTreeMap::new(),
            fed: BTreeMap::new(),
            raw: BTreeMap::new(),
        };
        let outcome =
            json!({ "kind": "scalar", "rows": [2.0], "not_finite": [], "omitted_rows": 0 });
        assert_eq!(prediction_view(&prediction), json!({ "outputs": { "age": outcome } }));
    }

    #[test]
    fn a_replay_says_what_differs() {
        let comparison = |holds, max_abs, difference| Comparison {
            holds,
            elements: 3,
            outside: usize::from(!holds),
            max_abs,
            difference,
        };
        let shape = Difference::Shape { actual: vec![1], expected: vec![2] };
        let words = shape.to_string();
        let output = |comparison| OutputReplay {
            comparison,
            outcome: Outcome::Scalar { rows: vec![1.0] },
            expected: None,
        };
        let step = StepReplay {
            input: name("photograph"),
            index: 2,
            op: "resize",
            local: comparison(true, 0.0, None),
            propagated: comparison(false, f64::NAN, None),
        };
        let replay = ExampleReplay {
            name: name("one"),
            holds: false,
            outputs: BTreeMap::from([
                (name("a"), output(comparison(true, 0.25, None))),
                (name("b"), output(comparison(false, 0.5, Some(shape)))),
            ]),
            steps: vec![step],
            values: BTreeMap::from([(name("photograph"), comparison(true, 0.0, None))]),
            network: vec![("logits".to_owned(), comparison(false, 0.5, None))],
        };
        let view = replay_view(&replay);
        assert_eq!(
            (&view["example"], &view["holds"], &view["max_abs"]),
            (&json!("one"), &json!(false), &json!(0.5))
        );
        assert_eq!(view["outputs"]["a"]["difference"], Json::Null);
        assert_eq!(view["outputs"]["b"]["difference"], json!(words));
        assert_eq!(view["outputs"]["b"]["outside"], 1);
        assert_eq!(view["steps"][0]["op"], "resize");
        assert_eq!(view["steps"][0]["propagated"]["max_abs"], Json::Null);
        assert_eq!(view["values"]["photograph"]["holds"], true);
        assert_eq!(view["network"][0]["tensor"], "logits");
        assert_eq!(view["network"][0]["comparison"]["holds"], false);
    }
}
