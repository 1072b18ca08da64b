//! Entries of a `bundle.toml`, compiled.

use bundle_manifest::{Input, Manifest, NoFiles, Output};
use bundle_preprocess::{InputPipeline, LabelMap, OutputPipeline, StepError};

const HEADER: &str = r#"
    format = 1
    [bundle]
    name = "test"
    version = "1.0.0"
    title = "Test"
    license = "MIT"
    [models.net]
    onnx = "net.onnx"
"#;

fn manifest(entry: &str) -> Manifest {
    let text = format!("{HEADER}\n{entry}");
    Manifest::from_toml(&text).expect("the entry is valid")
}

/// An input of this kind, with steps as in `bundle.toml`, whose ONNX input takes `published`.
pub(crate) fn input(kind: &str, steps: &[impl AsRef<str>], published: &str) -> Input {
    let steps: Vec<&str> = steps.iter().map(AsRef::as_ref).collect();
    let steps = steps.join(",\n");
    let entry = format!(
        "[[inputs]]\nname = \"given\"\nkind = \"{kind}\"\ntensors = {{ x = \"value\" }}\nsteps = [{steps}]"
    );
    let mut input = manifest(&entry).inputs.remove(0);
    input.tensors.insert("x".to_owned(), published.to_owned());
    input
}

/// The pipeline of such an input, for its `value`.
pub(crate) fn pipeline(kind: &str, steps: &[impl AsRef<str>]) -> Result<InputPipeline, StepError> {
    InputPipeline::compile(&input(kind, steps, "value"), &NoFiles)
}

/// An output of this kind, with the ONNX output `y`.
pub(crate) fn output(kind: &str, steps: &[&str], more: &str) -> Output {
    let (role, steps) = (if kind == "labels" { "scores" } else { "value" }, steps.join(", "));
    let entry = format!(
        "[[outputs]]\nname = \"answer\"\nkind = \"{kind}\"\ntensors = {{ {role} = \"y\" }}\nsteps = [{steps}]\n{more}"
    );
    manifest(&entry).outputs.remove(0)
}

/// The pipeline of such an output.
pub(crate) fn answers(
    kind: &str,
    steps: &[&str],
    labels: &[&str],
) -> Result<OutputPipeline, StepError> {
    let names: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
    let labels = (!names.is_empty()).then_some(LabelMap { names });
    OutputPipeline::compile(&output(kind, steps, ""), labels, &NoFiles)
}
