//! Commands that help to write the steps: `init --infer` and `record`.

use bundle_preprocess::{Tensor, TensorData, read_npy, write_npy};
use bundle_testkit::{Sandbox, fixture};
use serde_json::Value as Json;

use crate::harness::bundle;

/// The files of a recorded pipeline and what the real library made of them, in a sandbox, as
/// arguments of `init`.
fn pairs(sandbox: &Sandbox, pipeline: &str) -> Vec<String> {
    let vectors = fixture("vectors/preprocess");
    let text = fs_err::read(vectors.join("pipelines.json")).expect("the cases");
    let cases: Vec<Json> = serde_json::from_slice(&text).expect("a list");
    let flat = fs_err::read(vectors.join("pipelines.float32.npy")).expect("the arrays");
    let flat = read_npy(&flat, usize::MAX).expect("numpy wrote them");
    let values = match flat.data() {
        TensorData::Float32(values) => Some(values),
        _ => None,
    };
    let values = values.expect("the arrays are float32");
    let number = |json: &Json| usize::try_from(json.as_u64().expect("a number")).expect("a length");
    let mut arguments = vec!["init".to_owned(), "--print".to_owned()];
    for case in &cases {
        let (name, input) = (case["name"].as_str(), case["input"].as_str().expect("a file"));
        if !name.is_some_and(|name| name.starts_with(pipeline)) {
            continue;
        }
        let shape: Vec<usize> =
            case["shape"].as_array().expect("a shape").iter().map(number).collect();
        let start = number(&case["offset"]);
        let part = values[start..start + shape.iter().product::<usize>()].to_vec();
        let tensor = Tensor::new(shape, TensorData::Float32(part)).expect("it fits");
        let content = fs_err::read(vectors.join("inputs").join(input)).expect("a file");
        sandbox.write(input, content).expect("written");
        sandbox.write(&format!("{input}.npy"), write_npy(&tensor)).expect("written");
        arguments.push(format!("--infer={input}={input}.npy"));
    }
    arguments
}

#[test]
fn steps_are_found_from_pairs() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let arguments = pairs(&sandbox, "ViT, PIL");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = bundle(sandbox.path(), &arguments);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stderr.contains("bit for bit"), "{}", said.stderr);
    let resize = "{ op = \"resize\", impl = \"pillow\", impl_version = \"ge13\", size = { height = 10, width = 10 }, interpolation = \"bilinear\" }";
    assert!(said.stdout.contains(resize), "{}", said.stdout);
    let layout = "{ op = \"layout\", to = \"NCHW\" }";
    assert!(said.stdout.contains(layout), "{}", said.stdout);
}

#[test]
fn pairs_that_cannot_be_read_say_what_to_do() {
    let sandbox = Sandbox::new().expect("a sandbox");
    sandbox.write("a.jpg", "no picture").expect("written");
    sandbox.write("a.npy", "no array").expect("written");
    let array = Tensor::new(vec![2], TensorData::Float32(vec![0.0, 1.0])).expect("it fits");
    sandbox.write("b.npy", write_npy(&array)).expect("written");
    for (pair, code, message) in [
        ("a.jpg", 2, "is not FILE=NPY"),
        ("a.xyz=a.npy", 2, "has no extension that tells what it is"),
        ("a.jpg=none.npy", 2, "none.npy"),
        ("a.jpg=a.npy", 2, "a.npy"),
        ("a.jpg=b.npy", 1, "no known steps lead from the files to arrays of the shapes [2]"),
    ] {
        let said = bundle(sandbox.path(), &["init", "--print", "--infer", pair]);
        assert_eq!(said.code, code, "{pair}: {}", said.stderr);
        assert!(said.stderr.contains(message) && said.stdout.is_empty(), "{pair}: {}", said.stderr);
    }
}

#[test]
fn the_recorder_is_written_once() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let said = bundle(sandbox.path(), &["record"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (0, "wrote bundle_record.py\n"),
        "{}",
        said.stderr
    );
    let written = fs_err::read_to_string(sandbox.path().join("bundle_record.py")).expect("a file");
    assert_eq!(written, bundle_pack::RECORDER);
    let again = bundle(sandbox.path(), &["record"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("use --force"), "{}", again.stderr);
    assert_eq!(bundle(sandbox.path(), &["record", "--force"]).code, 0);
    let printed = bundle(sandbox.path(), &["record", "-o", "-"]);
    assert_eq!(printed.stdout, bundle_pack::RECORDER);
}
