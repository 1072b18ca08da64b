//! What a file says of itself.

use bundle_manifest::Dtype;
use bundle_run::{OnnxReport, RunError, examine};

use crate::files::{Project, path};

fn report(name: &str) -> Result<OnnxReport, RunError> {
    examine("m", &path(&format!("export/{name}.onnx")), &Project::default())
}

#[test]
fn a_report_has_the_boundary_of_the_graph() {
    let report = report("two").expect("examines");
    let inputs: Vec<_> =
        report.inputs.iter().map(|i| (&*i.name, i.dtype, i.shape.clone())).collect();
    let symbol = |text: &str| Err(text.to_owned());
    assert_eq!(
        inputs,
        [
            ("a", Some(Dtype::Float32), Some(vec![symbol("N"), Ok(4)])),
            ("b", Some(Dtype::Float32), Some(vec![Ok(4), symbol("M")])),
        ]
    );
    let outputs: Vec<_> = report.outputs.iter().map(|output| &*output.name).collect();
    assert_eq!(outputs, ["product", "total"]);
    let operators: Vec<_> = report.operators.iter().map(|(op, n)| (&**op, *n)).collect();
    assert_eq!(operators, [("MatMul", 1), ("ReduceSum", 1)]);
    assert_eq!((report.opsets, report.ir_version), (vec![(String::new(), 17)], 8));
    assert_eq!((&*report.producer, report.parameters), ("make.py 1", 1));
    assert!(report.refusals.is_empty() && report.not_finite.is_empty());
}

#[test]
fn an_initializer_is_not_an_input() {
    let report = report("listed").expect("examines");
    assert_eq!(report.inputs.iter().map(|input| &*input.name).collect::<Vec<_>>(), ["x"]);
}

#[test]
fn operators_inside_branches_count() {
    let report = report("if").expect("examines");
    let operators: Vec<_> = report.operators.iter().map(|(op, n)| (&**op, *n)).collect();
    assert_eq!(operators, [("Add", 1), ("If", 1), ("Mul", 1)]);
}

#[test]
fn metadata_and_external_data_are_listed() {
    let labels = report("labels").expect("examines");
    assert_eq!(labels.metadata["classes"], "zero\none\ntwo\nthree");
    let external = report("external").expect("examines");
    assert_eq!(external.external_data, [path("export/external.weights")]);
    assert_eq!(external.parameters, 15);
}

#[test]
fn weights_that_are_not_finite_are_named() {
    let inside = report("not_finite").expect("examines");
    assert_eq!(inside.not_finite, ["w", "b"]);
    assert_eq!(inside.not_a_number, ["w"]);
    // The same outside: a NaN in the file of weights.
    let mut project = Project::default();
    let weights = bundle_testkit::fixture("vectors/onnx/external.weights");
    let mut bytes = fs_err::read(weights).expect("the fixture is there");
    bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    project.0.insert("export/external.weights".to_owned(), bytes);
    let outside = examine("m", &path("export/external.onnx"), &project).expect("examines");
    assert_eq!(outside.not_a_number.len(), 1);
}

#[test]
fn a_broken_file_is_named_with_the_reason() {
    let cases = [
        (
            "escape",
            "model `m`: external data of tensor `w`: path `../../etc/passwd` has a `.` or `..` part",
        ),
        ("absolute", "model `m`: external data of tensor `w`: path `/etc/passwd` is absolute"),
        ("missing", "model `m`: external data of tensor `w`: no file `export/nowhere.weights`"),
        ("lying", "model `m`: external data of tensor `w`: has 47 bytes, its shape needs 48"),
        (
            "beyond",
            "model `m`: external data of tensor `w`: 48 bytes from 40 of `export/external.weights`, which has 60",
        ),
        ("short", "model `m`: tensor `w` has 48 bytes, float32 of shape [5, 3] needs 60"),
        ("nothing", "export/nothing.onnx: no such file"),
    ];
    for (name, message) in cases {
        assert_eq!(report(name).expect_err(name).to_string(), message);
    }
}

#[test]
fn bytes_that_are_no_model_are_an_error() {
    let whole = fs_err::read(bundle_testkit::fixture("vectors/onnx/add.onnx")).expect("is there");
    let cases: [(&[u8], &str); 6] = [
        (b"", "`x.onnx` is empty"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "`x.onnx` is a Git LFS pointer, not the file it points to",
        ),
        (b"\x89PNG\r\n\x1a\n", "`x.onnx` is truncated, or not an ONNX file"),
        (b"{\"format\": \"safetensors\"}", "`x.onnx` is not an ONNX file"),
        (&whole[..whole.len() - 3], "`x.onnx` is truncated, or not an ONNX file"),
        (b"\x08\x08", "`x.onnx` holds no ONNX graph"),
    ];
    for (bytes, message) in cases {
        let project = Project([("x.onnx".to_owned(), bytes.to_vec())].into());
        let error = examine("m", &path("x.onnx"), &project).expect_err(message);
        assert_eq!(error.to_string(), format!("model `m`: {message}"));
    }
}

#[test]
fn no_flipped_byte_is_a_panic() {
    for name in ["if", "trees_binary", "external", "lstm"] {
        let file = bundle_testkit::fixture("vectors/onnx").join(format!("{name}.onnx"));
        let whole = fs_err::read(file).expect("is there");
        for index in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[index] ^= 0x41;
            let project = Project([("export/x.onnx".to_owned(), bytes)].into());
            drop(examine("m", &path("export/x.onnx"), &project));
        }
    }
}
