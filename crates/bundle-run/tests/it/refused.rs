//! Right or refused: each node that would be computed wrongly is named.

use bundle_run::{RunErrorKind, examine};

use crate::files::{Project, load, path, said};

/// A vector, and what its refusal says after the model.
const CASES: &[(&str, &str)] = &[
    (
        "custom",
        "node `sharpen` (acme.vision.Sharpen-1): the engine does not have this operator of the domain `acme.vision`",
    ),
    (
        "shadow",
        "node `shadow` (acme.vision.Add-1): the engine does not have this operator of the domain `acme.vision`",
    ),
    (
        "if_custom",
        "node `inner` (acme.vision.Sharpen-1): the engine does not have this operator of the domain `acme.vision`",
    ),
    ("lstm_reverse", "node `lstm` (LSTM-17): `direction` = `reverse` would run forward"),
    ("gru_reverse", "node `gru` (GRU-17): `direction` = `reverse` would run forward"),
    ("rnn_relu", "node `rnn` (RNN-17): its activations [\"Relu\"] would be [\"Tanh\"]"),
    (
        "space_to_depth_crd",
        "node `fold` (SpaceToDepth-17): its attribute `mode` is ignored by the engine",
    ),
    (
        "bit_shift_far",
        "node `shift` (BitShift-17): shifts by amounts that are not known to be below the width",
    ),
    ("loop", "node `repeat` (Loop-17): the engine does not have this operator"),
    ("texts", "node `x` (input): the element type string cannot run | 1 more would be refused too"),
    (
        "bfloat16",
        "node `x` (input): the element type bfloat16 cannot run | 1 more would be refused too",
    ),
    (
        "trees_stray",
        "node `forest` (ai.onnx.ml.TreeEnsembleClassifier-3): has a vote for class 9 of 2",
    ),
    (
        "trees_loop",
        "node `forest` (ai.onnx.ml.TreeEnsembleClassifier-3): tree 0: node 0 branches to no later node of its tree",
    ),
    (
        "trees_gte",
        "node `forest` (ai.onnx.ml.TreeEnsembleClassifier-3): the engine does not have the branch `BRANCH_GTE`",
    ),
    ("celu", "node `n` (Celu-17): its attribute `alpha` is ignored by the engine"),
    ("swish", "node `n` (Swish-24): its attribute `alpha` is ignored by the engine"),
    (
        "pool_ceil",
        "node `n` (MaxPool-17): `ceil_mode` with `auto_pad` = `VALID` is ignored by the engine",
    ),
    (
        "pool_dilated",
        "node `n` (AveragePool-19): `dilations` with `auto_pad` differ between engines",
    ),
    ("transposed_shape", "node `n` (ConvTranspose-17): `output_shape` would be computed wrongly"),
    (
        "transposed_same",
        "node `n` (ConvTranspose-17): `output_padding` with `auto_pad` is ignored by the engine",
    ),
    ("lp_pool", "node `n` (GlobalLpPool-17): the engine averages where ONNX sums"),
    ("einsum_total", "node `n` (Einsum-17): the equation `abcd->` would be computed wrongly"),
    ("pad_cut", "node `n` (Pad-17): negative padding cannot run"),
    (
        "quantize",
        "node `n` (QuantizeLinear-21): its attribute `output_dtype` is ignored by the engine",
    ),
    ("normalizer", "node `n` (ai.onnx.ml.Normalizer-3): `norm` = `MAX` would be computed wrongly"),
    (
        "norm_train",
        "node `n` (BatchNormalization-17): its attribute `training_mode` is ignored by the engine",
    ),
    (
        "window",
        "node `n` (Attention-25): its attribute `left_window_size` is ignored by the engine",
    ),
    (
        "resize_corners",
        "node `n` (Resize-17): `align_corners` with scales that are not whole numbers differs between engines",
    ),
    (
        "trees_columns",
        "node `forest` (ai.onnx.ml.TreeEnsembleClassifier-3): two classes with two columns of votes cannot run",
    ),
    (
        "trees_class_1",
        "node `forest` (ai.onnx.ml.TreeEnsembleClassifier-3): two classes whose votes are all for class 1 cannot run",
    ),
];

#[test]
fn refusals_name_node_operator_and_reason() {
    for (name, expected) in CASES {
        let error = load(name).expect_err(name);
        assert_eq!(said(&error), format!("model `m`: {expected}"));
        assert!(matches!(error.kind, RunErrorKind::Refused { .. }));
        // The same without loading, for `check`.
        let onnx = path(&format!("export/{name}.onnx"));
        let report = examine("m", &onnx, &Project::default()).expect(name);
        assert!(expected.contains(&report.refusals[0].reason), "{name}");
    }
}

#[test]
fn a_graph_that_does_not_hold_together_is_an_error() {
    for name in ["dangling", "no_output"] {
        let error = load(name).expect_err(name);
        assert!(matches!(error.kind, RunErrorKind::Engine { .. }), "{error}");
    }
}
