//! Every vector that runs gives what onnxruntime gave.

use bundle_manifest::{Compare, Constant, Tolerance};
use bundle_run::{Network, compare};

use crate::files::{Project, array, constants, feed, load, model};

/// The vectors that run as they are.
const RUN: [&str; 47] = [
    "add",
    "annotated",
    "bit_shift",
    "depth_to_space",
    "dtypes",
    "external",
    "gru",
    "half",
    "if",
    "labels",
    "log_softmax_13",
    "log_softmax_18",
    "log_sum_exp",
    "lstm",
    "lstm_both",
    "ms_bias_gelu",
    "ms_fast_gelu",
    "ms_gelu",
    "ms_norm",
    "ms_quick_gelu",
    "ms_skip_norm",
    "ms_skip_rms",
    "pad_reflect",
    "resize_10",
    "same_name",
    "cast_int64",
    "shape",
    "space_to_depth",
    "state",
    "trees_binary",
    "trees_logistic",
    "trees_three",
    "two",
    "unsigned",
    "listed",
    "constant_of_shape",
    "log_softmax_11",
    "log_softmax_12",
    "softplus",
    "ms_skip_rms_bias",
    "slice_rest",
    "sum_int64",
    "divide",
    "quantize_ties",
    "remainder",
    "extract",
    "half_beyond",
];

/// Outside the float16 network, engines agree to rounding.
fn tolerance(name: &str) -> Tolerance {
    let (atol, rtol) = if name == "half" { (2e-3, 2e-3) } else { (1e-6, 1e-5) };
    Tolerance { atol, rtol, compare: Compare::Allclose }
}

fn check(name: &str, network: &Network) -> Vec<String> {
    let mut wrong = Vec::new();
    let outputs = match network.run(&feed(name, network)) {
        Ok(outputs) => outputs,
        Err(error) => return vec![format!("{name}: {error}")],
    };
    for (output, actual) in &outputs {
        let Some(expected) = array(name, "out", output) else { continue };
        let comparison = compare(actual, &expected, &tolerance(name));
        if let Some(difference) = comparison.difference {
            wrong.push(format!("{name}: {output}: {difference}"));
        }
        // Element types are onnxruntime's too.
        if actual.dtype() != expected.dtype() {
            wrong.push(format!("{name}: {output}: {:?}", actual.dtype()));
        }
    }
    wrong
}

#[test]
fn outputs_are_those_of_onnxruntime() {
    let mut wrong = Vec::new();
    for name in RUN {
        match load(name) {
            Ok(_) if name == "listed" => {}
            Ok(network) => wrong.extend(check(name, &network)),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_shape_that_is_an_input_is_baked_as_a_constant() {
    let mut model = model("reshape");
    let shape = Constant::Array(vec![Constant::Integer(3), Constant::Integer(4)]);
    model.constants = constants(&[("shape", shape)]);
    let network = Network::load("m", &model, &Project::default()).expect("loads");
    let mut inputs = feed("reshape", &network);
    inputs.remove("shape");
    let outputs = network.run(&inputs).expect("runs");
    let expected = array("reshape", "out", "y").expect("recorded");
    assert_eq!(outputs["y"], expected);
}
