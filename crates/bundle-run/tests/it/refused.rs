//! Right or refused: each node that would be computed wrongly is named.

use bundle_run::{RunErrorKind, examine};

use crate::files::{Project, feed, load, path, said};

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
        "slice_fed",
        "node `n` (Slice-17): bounds that are not constant with a step other than 1 cannot run",
    ),
    ("slice_min", "node `n` (Slice-17): the bound -9223372036854775808 would be cut"),
    ("slice_below", "node `n` (Slice-17): the bound -2147483649 would be cut"),
    (
        "shape_min",
        "node `n` (Min-17): the constant 9223372036854775807 is beyond int32, where shapes are cut",
    ),
    (
        "shape_concat",
        "node `n` (Concat-17): the constant 2147483648 is beyond int32, where shapes are cut",
    ),
    ("einsum_diagonal", "node `n` (Einsum-17): the equation `ii,ij->ij` would be computed wrongly"),
    (
        "einsum_ellipsis",
        "node `n` (Einsum-17): the equation `...ij,...jk` would be computed wrongly",
    ),
    (
        "boxes_unbounded",
        "node `n` (NonMaxSuppression-17): without `max_output_boxes_per_class` would be computed wrongly",
    ),
    (
        "boxes_none",
        "node `n` (NonMaxSuppression-17): `max_output_boxes_per_class` = 0 would be computed wrongly",
    ),
    ("random", "node `n` (RandomNormalLike-17): gives other random numbers than elsewhere"),
    ("product_vector", "node `n` (MatMulInteger-17): a product with a vector cannot run"),
    (
        "resize_shrink",
        "node `n` (Resize-10): shrinking by a factor that is not whole differs between engines",
    ),
    (
        "resize_cubic",
        "node `n` (Resize-17): cubic interpolation with `pytorch_half_pixel` would be computed wrongly",
    ),
    ("pad_cut_ints", "node `n` (Pad-17): negative padding cannot run"),
    ("newer", "node `ai.onnx` (opset): 29 is newer than 28, the newest this version knows"),
    (
        "newer_format",
        "node `ai.onnx` (IR version): 15 is newer than 14, the newest this version knows",
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
    let cases = [
        ("dangling", "`ghost` is used and nothing produces it"),
        ("no_output", "`y` is used and nothing produces it"),
        ("dangling_inside", "`ghost` is used and nothing produces it"),
        ("cycle", "node `forth` needs its own result"),
        ("twice", "`y` is produced twice, once by node `second`"),
    ];
    for (name, message) in cases {
        let error = load(name).expect_err(name);
        assert_eq!(said(&error), format!("model `m`: {message}"));
        assert!(matches!(error.kind, RunErrorKind::Malformed { .. }));
        let onnx = path(&format!("export/{name}.onnx"));
        let examined = examine("m", &onnx, &Project::default()).expect_err(name);
        assert_eq!(examined.to_string(), format!("model `m`: {message}"));
    }
}

#[test]
fn what_shows_only_with_element_types_is_refused_when_planned() {
    let network = load("product_int64").expect("loads");
    let error = network.run(&feed("product_int64", &network)).expect_err("is wide");
    let message = "model `m` failed: node `n` (MatMul): a product of wide integers cannot run";
    assert_eq!(said(&error), message);
}
