//! Specifications that are wrong in one step: the recording names the step and what is true.
//!
//! The recordings are made by the true pipeline, whose operations the vectors hold against the
//! real libraries.

use bundle_preprocess::{
    Diagnosis, InputPipeline, InputSource, Recording, Tensor, diagnose, undecided,
};
use serde_json::{Value as Json, json};

use crate::{
    support::input,
    vectors::{committed, vectors},
};

/// A pipeline, the step that is wrong in it, and what is wrong: `fixtures/vectors/faults.json`.
struct Fault {
    kind: String,
    inputs: Vec<String>,
    steps: Vec<String>,
    index: usize,
    /// Empty where the step is missing.
    wrong: String,
    /// What `bundle.toml` should say; empty where no variant is the true step.
    change: String,
}

fn faults() -> Vec<Fault> {
    let text = fs_err::read(bundle_testkit::fixture("vectors/faults.json")).expect("the faults");
    let all: Vec<Json> = serde_json::from_slice(&text).expect("a list");
    let text = |fault: &Json, key: &str| fault[key].as_str().expect(key).to_owned();
    let texts = |fault: &Json, key: &str| -> Vec<String> {
        let list = fault[key].as_array().expect(key).iter();
        list.map(|item| item.as_str().expect(key).to_owned()).collect()
    };
    let fault = |fault: &Json| Fault {
        kind: text(fault, "kind"),
        inputs: texts(fault, "inputs"),
        steps: texts(fault, "steps"),
        index: fault["index"]
            .as_u64()
            .and_then(|index| usize::try_from(index).ok())
            .expect("index"),
        wrong: text(fault, "wrong"),
        change: text(fault, "change"),
    };
    all.iter().map(fault).collect()
}

/// The steps of most faults of images.
const IMAGE: &[&str] = &[
    r#"{ op = "decode_image", exif_orientation = "ignore" }"#,
    r#"{ op = "convert_color", to = "RGB", alpha = "drop" }"#,
    r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
    r#"{ op = "rescale", scale = 0.00392156862745098 }"#,
    r#"{ op = "normalize", mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] }"#,
    r#"{ op = "layout", to = "NCHW" }"#,
];

fn pipeline(kind: &str, steps: &[impl AsRef<str>]) -> InputPipeline {
    InputPipeline::compile(&input(kind, steps, "value"), &vectors()).expect("it compiles")
}

fn source(kind: &str, name: &str) -> InputSource {
    if kind == "text" { InputSource::Json(json!(name)) } else { InputSource::File(committed(name)) }
}

/// The stages that the true pipeline records, and its result.
fn recorded(
    kind: &str,
    steps: &[impl AsRef<str>],
    source: &InputSource,
) -> (Vec<Option<Tensor>>, Tensor) {
    let prepared = pipeline(kind, steps).run(source, true).expect("it runs");
    let stages = prepared.stages.iter().map(|stage| stage.value.to_tensor()).collect();
    (stages, prepared.published["value"].clone())
}

/// What the recordings say of a pipeline with `wrong` in the place of step `index`.
fn diagnosed(fault: &Fault, with_stages: bool) -> Option<Diagnosis> {
    let mut steps = fault.steps.clone();
    if fault.wrong.is_empty() {
        steps.remove(fault.index);
    } else {
        steps[fault.index].clone_from(&fault.wrong);
    }
    let sources: Vec<InputSource> =
        fault.inputs.iter().map(|name| source(&fault.kind, name)).collect();
    let true_values: Vec<_> =
        sources.iter().map(|source| recorded(&fault.kind, &fault.steps, source)).collect();
    let recordings: Vec<Recording<'_>> = sources
        .iter()
        .zip(&true_values)
        .map(|(source, (stages, value))| Recording {
            source,
            stages: if with_stages && !fault.wrong.is_empty() {
                stages.iter().map(Option::as_ref).collect()
            } else {
                Vec::new()
            },
            value: Some(value),
        })
        .collect();
    diagnose(&pipeline(&fault.kind, &steps), &vectors(), &recordings)
}

#[test]
fn a_wrong_step_is_named_with_what_is_true() {
    let faults = faults();
    assert!(faults.len() >= 27);
    for fault in &faults {
        let diagnosis = diagnosed(fault, true).unwrap_or_else(|| panic!("{} passes", fault.wrong));
        if !fault.wrong.is_empty() {
            assert_eq!(
                diagnosis.step.map(|(index, _)| index),
                Some(fault.index),
                "{}",
                fault.wrong
            );
        }
        if fault.change.is_empty() {
            continue;
        }
        let causes: Vec<&str> =
            diagnosis.causes.iter().map(|cause| cause.change.as_str()).collect();
        assert!(causes.contains(&fault.change.as_str()), "{}: {causes:?}", fault.wrong);
        assert!(diagnosis.causes.iter().all(|cause| cause.distance.holds), "{causes:?}");
    }
}

#[test]
fn the_end_alone_identifies_most_faults() {
    let faults = faults();
    let named = faults.iter().filter(|fault| !fault.change.is_empty()).filter(|fault| {
        let causes = diagnosed(fault, false).map(|diagnosis| diagnosis.causes).unwrap_or_default();
        causes.iter().any(|cause| cause.change == fault.change)
    });
    // The constants that nobody else uses are found from the values around their step only.
    assert!(named.count() >= 23, "of {}", faults.len());
}

#[test]
fn the_true_pipeline_has_no_diagnosis_and_names_its_probes() {
    let steps = IMAGE;
    let sources = [source("image", "gray.png")];
    let (stages, value) = recorded("image", steps, &sources[0]);
    let stages = stages.iter().map(Option::as_ref).collect();
    let recording = Recording { source: &sources[0], stages, value: Some(&value) };
    let pipeline = pipeline("image", steps);
    assert_eq!(diagnose(&pipeline, &vectors(), &[recording]), None);
    let blind = undecided(&pipeline, &vectors(), &[&sources[0]]);
    let says = |change: &str, probe: &str| {
        blind.iter().any(|found| found.change == change && found.probe == probe)
    };
    assert!(says(r#"to = "BGR""#, "a picture with colours"), "{blind:?}");
    assert!(says(r#"exif_orientation = "apply""#, "a photograph with EXIF orientation 6"));
    assert!(!blind.iter().any(|found| found.op == "layout"), "{blind:?}");
}
