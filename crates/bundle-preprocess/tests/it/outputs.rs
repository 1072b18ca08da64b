//! Output pipelines: steps on what a network gave, and what it means.

use std::collections::BTreeMap;

use bundle_manifest::NoFiles;
use bundle_preprocess::{NamedTensors, Outcome, OutputPipeline, RankedLabel, Tensor, TensorData};

use crate::support::{answers, output};

const SOFTMAX: &str = r#"{ op = "softmax", axis = -1 }"#;
const ARGMAX: &str = r#"{ op = "argmax", axis = -1 }"#;
const TOP2: &str = r#"{ op = "top_k", k = 2 }"#;

fn floats(shape: &[usize], elements: &[f32]) -> Tensor {
    Tensor::new(shape.to_vec(), TensorData::Float32(elements.to_vec())).expect("the shape fits")
}

fn integers(shape: &[usize], elements: &[i64]) -> Tensor {
    Tensor::new(shape.to_vec(), TensorData::Int64(elements.to_vec())).expect("the shape fits")
}

fn run(pipeline: &OutputPipeline, tensor: Tensor) -> Result<Outcome, String> {
    let tensors = NamedTensors::from([("y".to_owned(), tensor)]);
    let transformed =
        pipeline.transform(&tensors, &BTreeMap::new()).map_err(|error| error.to_string())?;
    pipeline.outcome(&transformed).map_err(|error| error.to_string())
}

fn ranked(outcome: Result<Outcome, String>) -> Vec<Vec<(usize, String, f64)>> {
    let rows = match outcome {
        Ok(Outcome::Labels { rows }) => rows,
        other => unreachable!("kind `labels` gives labels, got {other:?}"),
    };
    let entry = |ranked: RankedLabel| (ranked.index, ranked.label, ranked.score);
    rows.into_iter().map(|row| row.into_iter().map(entry).collect()).collect()
}

fn entry(index: usize, label: &str, score: f64) -> (usize, String, f64) {
    (index, label.to_owned(), score)
}

#[test]
fn scores_become_a_ranking_per_row() {
    let pipeline = answers("labels", &[SOFTMAX], &["cat", "dog", "eel"]).expect("it compiles");
    let rows = ranked(run(&pipeline, floats(&[2, 3], &[0.0, 0.0, -1000.0, 1.0, 1.0, 1000.0])));
    assert_eq!(rows[0], [entry(0, "cat", 0.5), entry(1, "dog", 0.5), entry(2, "eel", 0.0)]);
    assert_eq!(rows[1][0], entry(2, "eel", 1.0));
    let one = ranked(run(&pipeline, floats(&[3], &[0.0, 1000.0, 0.0])));
    assert_eq!((one.len(), &one[0][0]), (1, &entry(1, "dog", 1.0)));
    let unnamed = answers("labels", &[], &[]).expect("it compiles");
    assert_eq!(ranked(run(&unnamed, floats(&[1, 2], &[1.0, 3.0])))[0][0], entry(1, "1", 3.0));
}

#[test]
fn a_class_index_becomes_its_label() {
    let pipeline = answers("labels", &[ARGMAX], &["cat", "dog"]).expect("it compiles");
    let rows = ranked(run(&pipeline, floats(&[2, 2], &[0.0, 9.0, 5.0, 4.0])));
    assert_eq!(rows, [[entry(1, "dog", 1.0)], [entry(0, "cat", 1.0)]]);
    let chosen = answers("labels", &[], &["cat", "dog"]).expect("it compiles");
    for tensor in [integers(&[1], &[1]), integers(&[1, 1], &[1]), integers(&[], &[1])] {
        assert_eq!(ranked(run(&chosen, tensor)), [[entry(1, "dog", 1.0)]]);
    }
    for outside in [2, -1] {
        let error = run(&chosen, integers(&[1], &[outside])).expect_err("no such class");
        assert_eq!(
            error,
            format!("`answer`: class {outside} is outside the label map of 2 labels")
        );
    }
}

#[test]
fn a_last_top_k_limits_the_ranking_and_keeps_the_scores() {
    let pipeline = answers("labels", &[SOFTMAX, TOP2], &["a", "b", "c"]).expect("it compiles");
    let tensors = NamedTensors::from([("y".to_owned(), floats(&[1, 3], &[1.0, 2.0, 3.0]))]);
    let transformed = pipeline.transform(&tensors, &BTreeMap::new()).expect("softmax");
    assert_eq!(transformed.shape(), [1, 3], "`expect` records every class");
    let rows = ranked(pipeline.outcome(&transformed).map_err(|error| error.to_string()));
    assert_eq!(rows[0].iter().map(|entry| entry.0).collect::<Vec<_>>(), [2, 1]);
    let error = answers("labels", &[TOP2, SOFTMAX], &[]).expect_err("a step follows");
    assert_eq!(
        error.to_string(),
        "step 0 `top_k` of `answer`: forgets which classes it kept, and a step follows"
    );
    let values = answers("tensor", &[TOP2], &[]).expect("it compiles");
    let tensor = run(&values, floats(&[1, 3], &[1.0, 2.0, 3.0]));
    assert_eq!(tensor, Ok(Outcome::Tensor { value: floats(&[1, 2], &[3.0, 2.0]) }));
}

#[test]
fn labels_must_fit_the_class_axis() {
    let pipeline = answers("labels", &[SOFTMAX], &["cat", "dog"]).expect("it compiles");
    let error = run(&pipeline, floats(&[1, 3], &[0.0; 3])).expect_err("three classes");
    assert_eq!(error, "`answer`: the class axis has 3 elements, the label map has 2 labels");
    let check = |steps: &[&str], shape: &[Option<usize>]| {
        let pipeline = answers("labels", steps, &["cat", "dog"]).expect("it compiles");
        pipeline.check_classes(shape).map_err(|error| error.to_string())
    };
    let message =
        Err("`answer`: the class axis has 3 elements, the label map has 2 labels".to_owned());
    assert_eq!(check(&[SOFTMAX], &[None, Some(3)]), message);
    assert_eq!(check(&[ARGMAX], &[None, Some(3)]), message);
    assert_eq!(check(&[r#"{ op = "argmax", axis = 1 }"#], &[Some(1), Some(3), Some(8)]), message);
    assert_eq!(check(&[SOFTMAX], &[None, Some(2)]), Ok(()));
    assert_eq!(check(&[SOFTMAX], &[None, None]), Ok(()), "a symbol says nothing");
}

#[test]
fn scalars_are_numbers_per_row() {
    let pipeline = answers("scalar", &[], &[]).expect("it compiles");
    for tensor in [floats(&[2], &[1.5, 2.5]), floats(&[2, 1], &[1.5, 2.5])] {
        assert_eq!(run(&pipeline, tensor), Ok(Outcome::Scalar { rows: vec![1.5, 2.5] }));
    }
    let error = run(&pipeline, floats(&[1, 2], &[1.0, 2.0])).expect_err("two a row");
    assert_eq!(
        error,
        "`answer`: kind `scalar` takes N, N × 1 or a single number, got shape [1, 2]"
    );
}

#[test]
fn what_means_nothing_is_an_error() {
    let pipeline = answers("labels", &[], &[]).expect("it compiles");
    let cases = [
        (floats(&[1, 2], &[1.0, f32::NAN]), "`answer`: the score of class 1 is NaN"),
        (
            floats(&[1, 2, 1], &[1.0, 2.0]),
            "`answer`: kind `labels` takes scores of N × C or C, got shape [1, 2, 1]",
        ),
        (floats(&[1, 0], &[]), "`answer`: the class axis is empty"),
    ];
    for (tensor, message) in cases {
        assert_eq!(run(&pipeline, tensor).expect_err(message), message);
    }
    let error =
        pipeline.transform(&NamedTensors::new(), &BTreeMap::new()).expect_err("nothing came");
    assert_eq!(error.to_string(), "`answer`: the network gave no output `y`");
    let whole = answers("labels", &[SOFTMAX], &[]).expect("it compiles");
    let error = run(&whole, integers(&[1, 2], &[1, 2])).expect_err("integers");
    assert_eq!(error, "step 0 `softmax` of `answer`: takes floats, got `int64`");
}

#[test]
fn kinds_of_later_versions_are_arrays_or_refused() {
    let mask = answers("mask", &[], &[]).expect("an array");
    let tensor = floats(&[1, 1, 2, 2], &[0.0; 4]);
    assert_eq!(run(&mask, tensor.clone()), Ok(Outcome::Tensor { value: tensor }));
    let mut restored = output("mask", &[], "");
    restored.restore = Some("photo".parse().expect("a name"));
    let error = OutputPipeline::compile(&restored, None, &NoFiles).expect_err("reserved");
    assert_eq!(error.to_string(), "`answer`: `restore` of kind `mask` cannot run in this version");
    let error =
        answers("labels", &[r#"{ op = "layout", to = "CHW" }"#], &[]).expect_err("no image");
    assert_eq!(error.to_string(), "step 0 `layout` of `answer`: takes an image, got a tensor");
}
