//! Groups, and columns that are published one by one.

use std::collections::BTreeMap;

use bundle_manifest::{EntryName, Input, JoinMethod, NoFiles};
use bundle_preprocess::{InputPipeline, InputSource, NamedTensors, Prepared, Tensor, TensorData};
use serde_json::json;

use crate::support::{input, pipeline};

/// What inputs published, by name.
type Published = BTreeMap<EntryName, NamedTensors>;

/// A group of `left` and `right`.
fn group(how: JoinMethod, axis: i64, steps: &[&str]) -> Input {
    let mut input = input("tensor", steps, "value");
    input.kind = bundle_manifest::InputKind::Group;
    input.of = vec![name("left"), name("right")];
    input.join = Some(bundle_manifest::Join { how, axis });
    input
}

fn name(text: &str) -> EntryName {
    text.parse().expect("a name")
}

fn prepared(kind: &str, steps: &[&str], given: &InputSource) -> Prepared {
    pipeline(kind, steps).expect("it compiles").run(given, false).expect("it runs")
}

fn published(left: Prepared, right: Prepared) -> Published {
    BTreeMap::from([(name("left"), left.published), (name("right"), right.published)])
}

#[test]
fn members_of_several_kinds_become_one_tensor() {
    let columns = "{ op = \"columns\", columns = [{ name = \"a\", kind = \"number\" }, { name = \"b\", kind = \"number\" }] }";
    let concat = "{ op = \"column_concat\", dtype = \"float32\" }";
    let left =
        prepared("table", &[columns, concat], &InputSource::Json(json!({ "a": 1, "b": 2.5 })));
    let turn = "{ op = \"transpose\", axes = [1, 0] }";
    let right = prepared("tensor", &[turn], &InputSource::Json(json!([[0.5], [7]])));
    let steps = ["{ op = \"scale_linear\", gain = [2], offset = [1] }"];
    let both = published(left, right);
    let run = |how, axis, steps: &[&str]| {
        let pipeline = InputPipeline::compile(&group(how, axis, steps), &NoFiles);
        let pipeline = pipeline.expect("a group compiles");
        let prepared = pipeline.run_group(&both, true).expect("its members fit");
        assert_eq!(prepared.stages.len(), steps.len());
        prepared.published["value"].clone()
    };
    let tensor = |shape: &[usize], elements: &[f32]| {
        Tensor::new(shape.to_vec(), TensorData::Float32(elements.to_vec())).expect("they fit")
    };
    // numpy.concatenate([[[1, 2.5]], [[0.5, 7]]], 1) * 2 + 1
    let expected = tensor(&[1, 4], &[3.0, 6.0, 2.0, 15.0]);
    assert_eq!(run(JoinMethod::Concat, 1, &steps), expected);
    // numpy.stack([[[1, 2.5]], [[0.5, 7]]], -1)
    let expected = tensor(&[1, 2, 2], &[1.0, 0.5, 2.5, 7.0]);
    assert_eq!(run(JoinMethod::Stack, -1, &[]), expected);
}

#[test]
fn what_a_group_cannot_join_is_named() {
    let compiled = |input: &Input| InputPipeline::compile(input, &NoFiles);
    let good = group(JoinMethod::Concat, 0, &[]);
    let pipeline = compiled(&good).expect("a group compiles");
    assert_eq!(pipeline.members(), [name("left"), name("right")]);
    let error = pipeline.run(&InputSource::Json(json!([1])), false).expect_err("nothing is given");
    assert_eq!(error.to_string(), "`given`: joins `left`, `right`, and nothing is given for it");
    let error = pipeline.run_group(&Published::new(), false).expect_err("no members");
    assert_eq!(error.to_string(), "`given`: joins `left`, which publishes no `value`");
    let long = prepared("tensor", &[], &InputSource::Json(json!([1, 2])));
    let float = prepared("tensor", &[], &InputSource::Json(json!([0.5])));
    let error = pipeline.run_group(&published(long, float), false).expect_err("two types");
    assert_eq!(error.to_string(), "`given`: `left` is int64, and `right` is float32");
    let image = group(JoinMethod::Concat, 0, &["{ op = \"layout\", to = \"NCHW\" }"]);
    assert!(compiled(&image).is_err(), "a group gives a tensor");
    for wrong in [Input { of: vec![name("left")], ..good.clone() }, Input { join: None, ..good }] {
        let error = compiled(&wrong).expect_err("it says too little");
        assert_eq!(error.to_string(), "`given`: a group says which inputs it joins, and how");
    }
    let tensor = compiled(&input("tensor", &[""; 0], "value")).expect("no step is needed");
    let error = tensor.run_group(&Published::new(), false).expect_err("no group");
    assert_eq!(error.to_string(), "`given`: is no group");
}

#[test]
fn columns_are_published_in_their_type() {
    let columns = "{ op = \"columns\", columns = [
        { name = \"age\", kind = \"number\", dtype = \"int64\" },
        { name = \"dose\", kind = \"number\", dtype = \"float32\" },
        { name = \"arm\", kind = \"category\", categories = [\"a\", \"b\"] },
    ] }";
    let encode = "{ op = \"ordinal_encode\", column = \"arm\", categories = [\"a\", \"b\"] }";
    let scale = "{ op = \"standard_scale\", columns = [\"age\", \"dose\"], mean = [40, 0], scale = [8, 1] }";
    let row = json!({ "age": 41, "dose": 0.1, "arm": "b" });
    let run = |steps: &[&str], row| {
        let pipeline = InputPipeline::compile(&input("table", steps, "age"), &NoFiles);
        pipeline.and_then(|pipeline| pipeline.run(&InputSource::Json(row), false))
    };
    let one = |data| Tensor::new(vec![1, 1], data).expect("one element");
    let published = run(&[columns, encode], row.clone()).expect("whole numbers").published;
    assert_eq!(published["age"], one(TensorData::Int64(vec![41])));
    assert_eq!(published["dose"], one(TensorData::Float32(vec![0.1])));
    assert_eq!(published["arm"], one(TensorData::Int64(vec![1])));
    let published = run(&[columns, encode, scale], row).expect("scaled").published;
    assert_eq!(published["age"], one(TensorData::Float64(vec![0.125])));
    assert_eq!(published["dose"], one(TensorData::Float32(vec![0.1])));
    let half = json!({ "age": 41.5, "dose": 0.1, "arm": "b" });
    let error = run(&[columns, encode], half).expect_err("a half");
    assert_eq!(
        error.to_string(),
        "`given`: row 1 of column `age` is 41.5, which `int64` cannot hold"
    );
}
