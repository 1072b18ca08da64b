//! Every word of a comparison, by example.

use bundle_preprocess::TensorData;

use super::*;

fn floats(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::new(shape.to_vec(), TensorData::Float32(values.to_vec())).expect("shape and values")
}

fn tolerance(atol: f64, rtol: f64, compare: Compare) -> Tolerance {
    Tolerance { atol, rtol, compare }
}

/// What a comparison says: `holds`, or the difference.
fn said(actual: &Tensor, expected: &Tensor, tolerance: &Tolerance) -> String {
    let comparison = compare(actual, expected, tolerance);
    assert_eq!(comparison.holds, comparison.difference.is_none());
    comparison.difference.map_or_else(|| "holds".to_owned(), |difference| difference.to_string())
}

#[test]
fn allclose_is_numpys() {
    let close = tolerance(1e-4, 1e-3, Compare::Allclose);
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let cases: [(&[f32], &[f32], &str); 10] = [
        (&[1.0, 2.0], &[1.0, 2.0], "holds"),
        (&[1.0011], &[1.0], "holds"),
        (&[1.0012], &[1.0], "element [0] is 1.0012, recorded 1"),
        // The tolerance grows with the recorded value, not with ours.
        (&[1000.0], &[1001.0], "holds"),
        (&[0.0, 0.1234, 0.5], &[0.0, 0.1243, 0.7], "element [2] is 0.5, recorded 0.7"),
        (&[inf, -inf], &[inf, -inf], "holds"),
        (&[inf], &[-inf], "element [0] is inf, recorded -inf"),
        (&[3.0], &[inf], "element [0] is 3, recorded inf"),
        (&[9.0, nan], &[1.0, 2.0], "element [1] is NaN, recorded 2"),
        (&[nan], &[nan], "element [0] is NaN, recorded NaN"),
    ];
    for (actual, expected, words) in cases {
        let (actual, expected) =
            (floats(&[actual.len()], actual), floats(&[expected.len()], expected));
        assert_eq!(said(&actual, &expected, &close), words);
    }
}

#[test]
fn shapes_and_kinds_have_their_own_words() {
    let close = Tolerance::default();
    let one = floats(&[1], &[1.0]);
    assert_eq!(said(&one, &floats(&[1, 1], &[1.0]), &close), "the shape is [1], recorded [1, 1]");
    let integer = Tensor::new(vec![1], TensorData::Int64(vec![1])).expect("one element");
    assert_eq!(said(&one, &integer, &close), "the element type is float32, recorded int64");
    let double = Tensor::new(vec![1], TensorData::Float64(vec![1.0])).expect("one element");
    assert_eq!(said(&one, &double, &close), "holds");
    let empty = floats(&[0, 3], &[]);
    assert_eq!(said(&empty, &empty, &close), "holds");
}

#[test]
fn integers_are_subtracted_exactly() {
    let exact = tolerance(0.0, 0.0, Compare::Allclose);
    let integers = |values: &[i64]| {
        Tensor::new(vec![values.len()], TensorData::Int64(values.to_vec())).expect("one axis")
    };
    let large = i64::MAX;
    assert_eq!(said(&integers(&[large]), &integers(&[large]), &exact), "holds");
    let comparison = compare(&integers(&[large, 1]), &integers(&[large - 1, 1]), &exact);
    assert_eq!((comparison.outside, comparison.elements, comparison.max_abs), (1, 2, 1.0));
}

#[test]
fn top1_looks_along_the_last_axis() {
    let top1 = tolerance(0.0, 0.0, Compare::Top1);
    let recorded = floats(&[2, 3], &[0.1, 0.7, 0.2, 0.5, 0.3, 0.2]);
    let cases: [(&[f32], &str); 4] = [
        (&[0.0, 0.4, 0.1, 0.9, 0.8, 0.7], "holds"),
        (&[0.0, 0.4, 0.1, 0.2, 0.8, 0.7], "the largest of row 1 is 1, recorded 0"),
        (&[0.0, 0.4, 0.4, 0.9, 0.9, 0.9], "holds"),
        (&[0.0, 0.4, f32::NAN, 0.9, 0.8, 0.7], "element [0, 2] is NaN, recorded 0.2"),
    ];
    for (actual, words) in cases {
        assert_eq!(said(&floats(&[2, 3], actual), &recorded, &top1), words);
    }
}

#[test]
fn reserved_comparisons_say_so() {
    let one = floats(&[1], &[1.0]);
    let words = "the comparison `set_iou` cannot be made in this version";
    assert_eq!(said(&one, &one, &tolerance(0.0, 0.0, Compare::SetIou)), words);
}

#[test]
fn small_and_large_numbers_are_short() {
    let exact = tolerance(0.0, 0.0, Compare::Allclose);
    let words = said(&floats(&[1], &[1e-30]), &floats(&[1], &[0.0]), &exact);
    assert_eq!(words, "element [0] is 1e-30, recorded 0");
}
