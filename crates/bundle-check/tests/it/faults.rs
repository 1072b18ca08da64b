//! Projects whose steps are wrong in one place: the report names the step and what is true.

use bundle_check::{Answer, Report};
use bundle_manifest::{ArtifactPath, FileSource, InputKind, Manifest};
use bundle_preprocess::{InputPipeline, InputSource, NamedTensors, Tensor, write_npy};
use bundle_testkit::{Sandbox, fixture, npz};
use serde_json::Value as Json;

use crate::{finding, report};

/// The files of the vectors.
struct Vectors;

impl Vectors {
    fn content(path: &str) -> Vec<u8> {
        fs_err::read(fixture("vectors/preprocess/inputs").join(path)).expect("an input")
    }
}

impl FileSource for Vectors {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        Self::content(path.as_str()).len().try_into().ok()
    }

    fn read(&self, path: &ArtifactPath, _: u64) -> std::io::Result<Vec<u8>> {
        Ok(Self::content(path.as_str()))
    }
}

fn texts(json: &Json) -> Vec<&str> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

/// A `bundle.toml` with these steps, and an example for each input of the fault.
fn manifest(fault: &Json, steps: &[&str]) -> String {
    let kind = fault["kind"].as_str().expect("a kind");
    let value = if kind == "text" { "ids" } else { "value" };
    let mut text = format!(
        "format = 1\n\n[bundle]\nname = \"faulty\"\nversion = \"1.0.0\"\ntitle = \"Faulty\"\n\
         license = \"MIT\"\n\n[models.net]\nonnx = \"net.onnx\"\n\n[[inputs]]\nname = \"given\"\n\
         kind = \"{kind}\"\ntensors = {{ x = \"{value}\" }}\nsteps = [\n  {},\n]\n\n[[outputs]]\n\
         name = \"answer\"\nkind = \"tensor\"\ntensors = {{ value = \"y\" }}\n",
        steps.join(",\n  ")
    );
    for (index, input) in texts(&fault["inputs"]).iter().enumerate() {
        let given = if kind == "text" {
            format!("value = {}", Json::from(*input))
        } else {
            format!("file = \"{input}\"")
        };
        text += &format!(
            "\n[[examples]]\nname = \"e{index}\"\ninputs = {{ given = {{ {given} }} }}\n\
             expect = {{ answer = {{ file = \"e{index}.npy\" }} }}\nstages = \"e{index}.npz\"\n"
        );
    }
    text
}

/// What the true steps give for an input, as a recorder stores it.
fn stages(pipeline: &InputPipeline, source: &InputSource, every: bool) -> NamedTensors {
    let prepared = pipeline.run(source, true).expect("the true steps run");
    let stages = prepared.stages.iter().filter(|_| every).enumerate();
    let mut all: NamedTensors = stages
        .filter_map(|(index, stage)| Some((format!("given/{index}"), stage.value.to_tensor()?)))
        .collect();
    all.insert("given/value".to_owned(), prepared.published["value"].clone());
    all
}

/// A project whose examples were recorded with the true steps, and that declares others.
fn judged(fault: &Json, declared: &[&str]) -> Report {
    let sandbox = Sandbox::new().expect("a sandbox");
    let true_steps = texts(&fault["steps"]);
    let truth = Manifest::from_toml(&manifest(fault, &true_steps)).expect("a manifest");
    let pipeline = InputPipeline::compile(&truth.inputs[0], &Vectors).expect("it compiles");
    let scalar = Tensor::new(vec![], bundle_preprocess::TensorData::Float32(vec![0.0]));
    let scalar = write_npy(&scalar.expect("one element"));
    for (index, input) in texts(&fault["inputs"]).iter().enumerate() {
        let source = if truth.inputs[0].kind == InputKind::Text {
            InputSource::Json(Json::from(*input))
        } else {
            sandbox.write(input, Vectors::content(input)).expect("written");
            InputSource::File(Vectors::content(input))
        };
        // Steps that one more or less shifts are told by the end alone.
        let every = declared.len() == true_steps.len();
        let stages = stages(&pipeline, &source, every);
        let recorded = npz(stages.iter().map(|(key, tensor)| (key, write_npy(tensor))));
        let recorded = recorded.expect("memory");
        sandbox.write(&format!("e{index}.npz"), &recorded).expect("written");
        sandbox.write(&format!("e{index}.npy"), &scalar).expect("written");
    }
    for path in true_steps.iter().filter_map(|step| step.split("file = \"").nth(1)) {
        let path = path.split('"').next().expect("a path");
        sandbox.write(path, Vectors::content(path)).expect("written");
    }
    sandbox.write("net.onnx", b"no network is needed").expect("written");
    sandbox.write("bundle.toml", manifest(fault, declared).as_bytes()).expect("written");
    report(sandbox.path())
}

#[test]
fn check_names_the_wrong_step_and_the_true_one() {
    let faults = fs_err::read(fixture("vectors/faults.json")).expect("the faults");
    let faults: Vec<Json> = serde_json::from_slice(&faults).expect("a list");
    let mut named = 0;
    for fault in &faults {
        let (wrong, change) = (fault["wrong"].as_str(), fault["change"].as_str());
        let index = fault["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        let (wrong, change) = (wrong.expect("a step"), change.expect("a change"));
        let index = index.expect("an index");
        let mut declared = texts(&fault["steps"]);
        if wrong.is_empty() {
            declared.remove(index);
        } else {
            declared[index] = wrong;
        }
        let report = judged(fault, &declared);
        let finding = finding(&report, "EXAM-5");
        assert_eq!(finding.answer, Answer::Fail, "{wrong}: {finding:#?}");
        let said: Vec<String> = finding.evidence.iter().map(ToString::to_string).collect();
        if !wrong.is_empty() {
            let step = format!("first step that differs: {index} ");
            assert!(said[0].contains(&step), "{wrong}: {said:#?}");
        }
        if !change.is_empty() {
            let found = said.iter().any(|line| line.contains(change) && line.contains("matches"));
            assert!(found, "{wrong}: {said:#?}");
            named += 1;
        }
    }
    assert!(named >= 20, "{named} of {}", faults.len());
}

#[test]
fn check_says_nothing_of_true_steps() {
    let faults = fs_err::read(fixture("vectors/faults.json")).expect("the faults");
    let faults: Vec<Json> = serde_json::from_slice(&faults).expect("a list");
    for fault in faults.iter().step_by(5) {
        let report = judged(fault, &texts(&fault["steps"]));
        let finding = finding(&report, "EXAM-5");
        assert_eq!(finding.answer, Answer::Pass, "{finding:#?}");
    }
}
