//! Named tensors in, named tensors out.

use std::collections::BTreeMap;

use bundle_manifest::{Constant, Dim, DimRange, StateInit};
use bundle_preprocess::{NamedTensors, Tensor, TensorData, write_npy};
use bundle_run::Network;

use crate::files::{Project, constants, feed, load, model, path, said, state};

fn floats(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::new(shape.to_vec(), TensorData::Float32(values.to_vec())).expect("shape and values")
}

fn named(tensors: &[(&str, Tensor)]) -> NamedTensors {
    tensors.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.clone())).collect()
}

#[test]
fn one_network_runs_at_many_shapes() {
    let network = load("add").expect("loads");
    for rows in (1..=12).chain([1]) {
        let x = floats(&[rows, 3], &vec![1.0; rows * 3]);
        let outputs = network.run(&named(&[("x", x)])).expect("runs");
        assert_eq!(outputs["y"], floats(&[rows, 3], &[2.0, 3.0, 4.0].repeat(rows)));
    }
}

#[test]
fn an_input_is_cast_where_nothing_is_lost() {
    let network = load("add").expect("loads");
    let double = Tensor::new(vec![1, 3], TensorData::Float64(vec![0.5; 3])).expect("three");
    let outputs = network.run(&named(&[("x", double)])).expect("float64 becomes float32");
    assert_eq!(outputs["y"], floats(&[1, 3], &[1.5, 2.5, 3.5]));
}

#[test]
fn missing_values_do_not_become_answers() {
    let network = load("labels").expect("loads");
    let error = network.run(&named(&[("x", floats(&[1, 4], &[0.0, f32::NAN, 0.0, 0.0]))]));
    let message = "input `x`: holds NaN | fill in missing values in the input's steps";
    assert_eq!(said(&error.expect_err("holds NaN")), message);
    let trees = load("trees_three").expect("loads");
    assert!(trees.run(&named(&[("x", floats(&[1, 2], &[f32::NAN, 0.0]))])).is_ok());
}

#[test]
fn what_does_not_fit_is_named_with_both_shapes() {
    let network = load("two").expect("loads");
    let (a, b) = (floats(&[3, 4], &[0.0; 12]), floats(&[4, 2], &[0.0; 8]));
    let whole = Tensor::new(vec![3, 4], TensorData::Int32(vec![0; 12])).expect("twelve");
    let cases = [
        (named(&[("a", a.clone())]), "input `b`: is not given"),
        (
            named(&[("a", floats(&[12], &[0.0; 12])), ("b", b.clone())]),
            "input `a`: has shape [12], the network takes [N, 4]",
        ),
        (
            named(&[("a", floats(&[4, 3], &[0.0; 12])), ("b", b.clone())]),
            "input `a`: has shape [4, 3], the network takes [N, 4]",
        ),
        (
            named(&[("a", whole), ("b", b.clone())]),
            "input `a`: has elements of type int32, the network takes float32",
        ),
        (
            named(&[("A", a), ("b", b)]),
            "input `A`: the network has no such input | did you mean `a`?",
        ),
    ];
    for (inputs, message) in cases {
        assert_eq!(said(&network.run(&inputs).expect_err(message)), message);
    }
}

#[test]
fn dims_are_rules() {
    let mut declared = model("add");
    let range = DimRange { multiple_of: 4, min: 4, max: None };
    declared.dims = BTreeMap::from([("N".to_owned(), Dim::Range(range))]);
    let network = Network::load("m", &declared, &Project::default()).expect("loads");
    let run = |rows: usize| network.run(&named(&[("x", floats(&[rows, 3], &vec![0.0; rows * 3]))]));
    assert!(run(8).is_ok());
    let error = run(6).expect_err("no multiple of 4");
    assert_eq!(
        error.to_string(),
        "input `x`: has shape [6, 3], the network takes [N, 3]: axis 0, `N`, must be a multiple of 4"
    );
    declared.dims = BTreeMap::from([("M".to_owned(), Dim::Fixed(4))]);
    let error = Network::load("m", &declared, &Project::default()).expect_err("no M");
    assert_eq!(
        said(&error),
        "dims `M`: no input of the network has this symbolic dimension | did you mean `N`?"
    );
}

#[test]
fn a_state_is_filled_in_and_fed_back() {
    let mut declared = model("state");
    declared.states = vec![state("h", "hn", StateInit::Zeros)];
    let network = Network::load("m", &declared, &Project::default()).expect("loads");
    assert_eq!(network.filled_in().collect::<Vec<_>>(), ["h"]);
    let x = named(&[("x", floats(&[2, 3], &[0.5; 6]))]);
    let first = network.run(&x).expect("runs from zeros");
    let zeros = named(&[("x", x["x"].clone()), ("h", floats(&[2, 3], &[0.0; 6]))]);
    assert_eq!(first, network.run(&zeros).expect("runs from zeros that are given"));
    let mut next = network.next_states(&first);
    assert_eq!(next["h"], first["hn"]);
    next.extend(x);
    let second = network.run(&next).expect("runs on");
    assert_ne!(first["y"], second["y"]);
}

#[test]
fn a_state_may_begin_with_a_file() {
    let mut project = Project::default();
    let begin = floats(&[2, 3], &[0.25; 6]);
    project.0.insert("export/h.npy".to_owned(), write_npy(&begin));
    let mut declared = model("state");
    declared.states = vec![state("h", "hn", StateInit::File(path("export/h.npy")))];
    let network = Network::load("m", &declared, &project).expect("loads");
    let x = floats(&[2, 3], &[0.5; 6]);
    let filled = network.run(&named(&[("x", x.clone())])).expect("runs");
    let given = network.run(&named(&[("x", x), ("h", begin)])).expect("runs");
    assert_eq!(filled, given);
}

#[test]
fn constants_and_states_must_fit_the_graph() {
    let load = |model| Network::load("m", &model, &Project::default()).expect_err("does not fit");
    let mut wrong = model("reshape");
    wrong.constants = constants(&[("shap", Constant::Integer(1))]);
    assert_eq!(
        said(&load(wrong)),
        "constant `shap`: the network has no such input | did you mean `shape`?"
    );
    let mut wrong = model("reshape");
    wrong.constants = constants(&[("shape", Constant::Integer(1))]);
    assert_eq!(said(&load(wrong)), "constant `shape`: has shape [], the network takes [2]");
    let mut wrong = model("reshape");
    let halves = Constant::Array(vec![Constant::Number(0.5), Constant::Number(24.0)]);
    wrong.constants = constants(&[("shape", halves)]);
    assert_eq!(
        said(&load(wrong)),
        "constant `shape`: holds a value that is no whole number, the network takes int64"
    );
    let mut wrong = model("state");
    wrong.states = vec![state("h", "h_new", StateInit::Zeros)];
    assert_eq!(
        said(&load(wrong)),
        "state `h_new`: the network has no such output | there is `y`, `hn`"
    );
}

#[test]
fn an_engine_error_names_the_node() {
    // The shape is not known before running.
    let network = load("reshape").expect("loads");
    let error = network.run(&feed("reshape", &network)).expect_err("cannot be planned");
    let text = error.to_string();
    assert!(text.starts_with("model `m` failed: node `reshape` (Reshape): "), "{text}");
    assert!(!text.contains('\n'), "{text}");
}
