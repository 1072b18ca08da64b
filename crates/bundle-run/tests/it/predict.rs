//! From inputs to outcomes, and recorded examples run again.

use bundle_manifest::Manifest;
use bundle_preprocess::{InputSource, Outcome, RankedLabel, Tensor, TensorData, write_npy};
use bundle_run::{Predictor, RunErrorKind, replay};

use crate::files::{Project, manifest, name, said};

const MODEL: &str = "[models.m]\nonnx = \"export/labels.onnx\"\n";
const INPUT: &str = "[[inputs]]\nname = \"rows\"\nkind = \"tensor\"\ntensors = { x = \"value\" }\n";
const OUTPUT: &str = "[[outputs]]\nname = \"class\"\nkind = \"labels\"\ntensors = { scores = \"y\" }\nlabels = { onnx_metadata = \"classes\" }\n";
const EXAMPLE: &str = "[[examples]]\nname = \"one\"\ninputs = { rows = { value = [[0.0, 4.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]] } }\nexpect = { class = { file = \"one.npy\" } }\nstages = \"one.npz\"\n";
const STEPS: &str =
    "steps = [{ op = \"ensure_dtype\", dtype = \"float32\" }, { op = \"rescale\", scale = 0.5 }]\n";

fn project(parts: &[&str]) -> Manifest {
    manifest(&parts.concat())
}

fn rows() -> serde_json::Value {
    serde_json::json!([[0.0, 4.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0]])
}

fn floats(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::new(shape.to_vec(), TensorData::Float32(values.to_vec())).expect("shape and values")
}

fn npz(arrays: &[(&str, Tensor)]) -> Vec<u8> {
    let arrays = arrays.iter().map(|(key, tensor)| (key, write_npy(tensor)));
    bundle_testkit::npz(arrays).expect("memory")
}

#[test]
fn a_batch_has_as_many_rankings_as_rows() {
    let manifest = project(&[MODEL, INPUT, STEPS, OUTPUT]);
    let predictor = Predictor::new(&manifest, &Project::default()).expect("fits");
    let labels = predictor.labels(&name("class")).expect("from the metadata");
    assert_eq!(labels.names, ["zero", "one", "two", "three"]);
    let inputs = [(name("rows"), InputSource::Json(rows()))].into();
    let prediction = predictor.predict(&inputs, true).expect("runs");
    let Outcome::Labels { rows } = &prediction.outputs[&name("class")].outcome else {
        panic!("a ranking");
    };
    let best: Vec<&RankedLabel> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!((best[0].index, &*best[0].label), (1, "one"));
    assert_eq!((best[1].index, &*best[1].label), (2, "two"));
    assert_eq!(prediction.fed["x"], floats(&[2, 4], &[0., 2., 0., 0., 0., 0., 4.5, 0.]));
    assert_eq!(prediction.stages[&name("rows")].len(), 2);
    assert_eq!(prediction.raw["y"].shape(), [2, 4]);
    let quiet = predictor.predict(&inputs, false).expect("runs");
    assert!(quiet.fed.is_empty() && quiet.raw.is_empty() && quiet.stages.is_empty());
}

#[test]
fn a_manifest_that_does_not_fit_the_graph_says_where() {
    let two = "[models.n]\nonnx = \"export/add.onnx\"\n";
    let cases: [(&[&str], &str); 7] = [
        (&["[models]\nwhy = \"a proof\"\n"], "the bundle has no model: a proof"),
        (&[MODEL, two], "several models (`m`, `n`) cannot run in this version"),
        (
            &[MODEL, OUTPUT],
            "the network's input `x`: is fed by no input, constant or state | add it to `tensors` of an input, or to `constants` of the model; the network takes `x`",
        ),
        (
            &[MODEL, &INPUT.replace("{ x =", "{ X ="), OUTPUT],
            "input `rows`: the network has no input `X` | did you mean `x`?",
        ),
        (
            &[MODEL, INPUT, &OUTPUT.replace("\"y\"", "\"logits\"")],
            "output `class`: the network has no output `logits` | there is `y`",
        ),
        (
            &[MODEL, INPUT, &OUTPUT.replace("\"classes\"", "\"class\"")],
            "labels of the output `class`: the ONNX file has no metadata `class` | did you mean `classes`?",
        ),
        (
            &[
                MODEL,
                INPUT,
                &OUTPUT.replace(
                    "{ onnx_metadata = \"classes\" }",
                    "{ names = [\"a\", \"b\", \"c\"] }",
                ),
            ],
            "output `class`: the class axis has 4 elements, the label map has 3 labels",
        ),
    ];
    for (parts, expected) in cases {
        let error = Predictor::new(&project(parts), &Project::default()).expect_err(expected);
        assert_eq!(said(&error), expected);
    }
}

#[test]
fn the_last_axis_of_a_mask_is_no_axis_of_classes() {
    let names = "{ names = [\"sky\", \"road\"] }";
    let mask = OUTPUT.replace("\"labels\"", "\"mask\"");
    let mask = mask.replace("{ onnx_metadata = \"classes\" }", names);
    let made = Predictor::new(&project(&[MODEL, INPUT, &mask]), &Project::default());
    assert!(made.is_ok(), "{:?}\n{mask}", made.err());
}

#[test]
fn what_the_format_reserves_is_refused_by_name() {
    let window = "window = { length = 4, stride = 2, tail = \"pad\", join = \"mean\" }\n";
    let input = INPUT.replace("\"tensor\"", "\"series\"");
    let error = Predictor::new(&project(&[MODEL, &input, window, OUTPUT]), &Project::default());
    let error = error.expect_err("reserved");
    assert!(matches!(error.kind, RunErrorKind::Planned { .. }));
    assert_eq!(error.to_string(), "`window` of the input `rows` cannot run in this version");
}

/// The recorded values of the example: its two steps, what went in, what came out.
fn recorded() -> (Tensor, [(&'static str, Tensor); 4]) {
    let soft = |row: [f32; 4]| {
        let exp = row.map(f32::exp);
        let sum: f32 = exp.iter().sum();
        exp.map(|value| value / sum)
    };
    let scores = [soft([0., 2., 0., 0.]), soft([0., 0., 4.5, 0.])].concat();
    let scores = floats(&[2, 4], &scores);
    let whole = floats(&[2, 4], &[0., 4., 0., 0., 0., 0., 9., 0.]);
    let half = floats(&[2, 4], &[0., 2., 0., 0., 0., 0., 4.5, 0.]);
    let stages =
        [("rows/0", whole), ("rows/1", half.clone()), ("rows/value", half), ("@y", scores.clone())];
    (scores, stages)
}

#[test]
fn a_replay_holds_where_everything_was_recorded_so() {
    let manifest = project(&[MODEL, INPUT, STEPS, OUTPUT, EXAMPLE]);
    let (scores, stages) = recorded();
    let mut files = Project::default();
    files.0.insert("one.npy".to_owned(), write_npy(&scores));
    files.0.insert("one.npz".to_owned(), npz(&stages));
    let predictor = Predictor::new(&manifest, &files).expect("fits");
    let replay = replay(&predictor, &manifest.examples[0], &files).expect("runs");
    assert!(replay.holds);
    let ops: Vec<_> =
        replay.steps.iter().map(|s| (s.op, s.local.holds, s.propagated.holds)).collect();
    assert_eq!(ops, [("ensure_dtype", true, true), ("rescale", true, true)]);
    assert!(replay.values[&name("rows")].holds);
    assert_eq!(replay.network.len(), 1);
    assert!(replay.network[0].1.holds);
    let output = &replay.outputs[&name("class")];
    let order = |outcome: &Outcome| match outcome {
        Outcome::Labels { rows } => {
            rows.iter().map(|row| row.iter().map(|label| label.index).collect()).collect()
        }
        _ => Vec::<Vec<usize>>::new(),
    };
    assert_eq!(output.expected.as_ref().map(order), Some(order(&output.outcome)));
}

#[test]
fn a_replay_names_the_first_step_that_differs() {
    let manifest = project(&[MODEL, INPUT, STEPS, OUTPUT, EXAMPLE]);
    let (scores, mut stages) = recorded();
    // The author's first step gave something else; the second agrees with it.
    stages[0].1 = floats(&[2, 4], &[0., 4., 0., 0., 0., 0., 9., 2.]);
    stages[1].1 = floats(&[2, 4], &[0., 2., 0., 0., 0., 0., 4.5, 1.]);
    let mut files = Project::default();
    files.0.insert("one.npy".to_owned(), write_npy(&scores));
    files.0.insert("one.npz".to_owned(), npz(&stages));
    let predictor = Predictor::new(&manifest, &files).expect("fits");
    let replay = replay(&predictor, &manifest.examples[0], &files).expect("runs");
    let ops: Vec<_> = replay.steps.iter().map(|s| (s.local.holds, s.propagated.holds)).collect();
    assert_eq!(ops, [(false, false), (true, false)]);
    let difference = replay.steps[0].local.difference.as_ref().expect("differs");
    assert_eq!(difference.to_string(), "element [1, 3] is 0, recorded 2");
    assert!(replay.holds);
}

#[test]
fn a_recording_that_names_nothing_is_an_error() {
    let manifest = project(&[MODEL, INPUT, STEPS, OUTPUT, EXAMPLE]);
    let (scores, stages) = recorded();
    let cases = [
        ("@logits", "one.npz: array `@logits`: the network has no output `logits`; there is `y`"),
        ("rows/2", "one.npz: array `rows/2`: `rows` has no step 2"),
        ("row/0", "one.npz: array `row/0`: there is no input `row`"),
        ("value", "one.npz: array `value`: is neither INPUT/STEP nor @OUTPUT"),
    ];
    for (key, message) in cases {
        let mut files = Project::default();
        files.0.insert("one.npy".to_owned(), write_npy(&scores));
        files.0.insert("one.npz".to_owned(), npz(&[(key, stages[0].1.clone())]));
        let predictor = Predictor::new(&manifest, &files).expect("fits");
        let error = replay(&predictor, &manifest.examples[0], &files).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
    let mut files = Project::default();
    files.0.insert("one.npy".to_owned(), write_npy(&scores));
    files.0.insert("one.npz".to_owned(), b"PK no zip".to_vec());
    let predictor = Predictor::new(&manifest, &files).expect("fits");
    let error = replay(&predictor, &manifest.examples[0], &files).expect_err("no zip");
    assert_eq!(error.to_string(), "one.npz: is not an NPZ file");
}
