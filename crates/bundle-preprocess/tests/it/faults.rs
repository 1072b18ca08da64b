//! Specifications that are wrong in one step: the recording names the step and what is true.
//!
//! The recordings are made by the true pipeline, whose operations the vectors hold against the
//! real libraries.

use bundle_manifest::{ArtifactPath, FileSource};
use bundle_preprocess::{
    Diagnosis, InputPipeline, InputSource, Recording, Tensor, diagnose, undecided,
};
use serde_json::json;

use crate::support::input;

/// The files of the vectors.
struct Vectors;

impl FileSource for Vectors {
    fn size(&self, _: &ArtifactPath) -> Option<u64> {
        None
    }

    fn read(&self, path: &ArtifactPath, _: u64) -> std::io::Result<Vec<u8>> {
        fs_err::read(bundle_testkit::fixture("vectors/preprocess/inputs").join(path.as_str()))
    }
}

/// A pipeline, the step that is wrong in it, and what is wrong.
struct Fault {
    kind: &'static str,
    inputs: &'static [&'static str],
    steps: &'static [&'static str],
    index: usize,
    wrong: &'static str,
    /// What `bundle.toml` should say.
    change: &'static str,
}

const DECODE: &str = r#"{ op = "decode_image", exif_orientation = "ignore" }"#;
const RGB: &str = r#"{ op = "convert_color", to = "RGB", alpha = "drop" }"#;
const SIZE: &str = r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { height = 17, width = 17 }, interpolation = "bilinear" }"#;
const SCALE: &str = r#"{ op = "rescale", scale = 0.00392156862745098 }"#;
const IMAGENET: &str =
    r#"{ op = "normalize", mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] }"#;
const NCHW: &str = r#"{ op = "layout", to = "NCHW" }"#;
const IMAGE: &[&str] = &[DECODE, RGB, SIZE, SCALE, IMAGENET, NCHW];
const PICTURES: &[&str] = &["rgb.png", "portrait.png", "exif6.jpg", "rgba.png"];
const SOUND: &[&str] = &[
    r#"{ op = "decode_audio", sampling_rate = 16000 }"#,
    r#"{ op = "pad_or_trim", length = 16000, side = "right", mode = "constant" }"#,
    r#"{ op = "stft", n_fft = 400, win_length = 400, hop_length = 160, window = "hann", periodic = true, center = true, pad_mode = "reflect", power = 2.0 }"#,
    r#"{ op = "mel", n_mels = 40, f_min = 0.0, f_max = 8000.0, scale = "slaney", norm = "slaney" }"#,
    r#"{ op = "log", base = "10", floor = 1e-10, dynamic_range = 8.0 }"#,
];
const SOUNDS: &[&str] = &["speech16.wav"];
const TEXT: &[&str] = &[
    r#"{ op = "tokenize", file = "bpe.json", add_special_tokens = true, truncation = { max_length = 12, side = "right" }, padding = { length = 16, side = "right", pad_id = 0 } }"#,
];
const TEXTS: &[&str] =
    &["Hello, World!", "a much longer text that has to be cut somewhere in its middle or end"];

const FAULTS: &[Fault] = &[
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 1,
        wrong: r#"{ op = "convert_color", to = "BGR", alpha = "drop" }"#,
        change: r#"to = "RGB""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 0,
        wrong: r#"{ op = "decode_image", exif_orientation = "apply" }"#,
        change: r#"exif_orientation = "ignore""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 1,
        wrong: r#"{ op = "convert_color", to = "RGB", alpha = "composite", background = [255, 255, 255] }"#,
        change: r#"alpha = "drop""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 2,
        wrong: r#"{ op = "resize", impl = "pillow", impl_version = "lt13", size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
        change: r#"impl_version = "ge13""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 2,
        wrong: r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { height = 17, width = 17 }, interpolation = "bicubic" }"#,
        change: r#"interpolation = "bilinear""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 2,
        wrong: r#"{ op = "resize", impl = "opencv", size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
        change: r#"impl = "pillow", impl_version = "ge13""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 2,
        wrong: r#"{ op = "resize", impl = "torchvision_u8", antialias = false, size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
        change: r#"impl = "pillow", impl_version = "ge13""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: &[
            DECODE,
            RGB,
            r#"{ op = "resize", impl = "torchvision_u8", antialias = true, size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
            NCHW,
        ],
        index: 2,
        wrong: r#"{ op = "resize", impl = "torchvision_u8", antialias = false, size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
        change: "antialias = true",
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: &[
            DECODE,
            RGB,
            r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { shortest_edge = 17 }, interpolation = "bilinear", size_rounding = "trunc" }"#,
            NCHW,
        ],
        index: 2,
        wrong: r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { shortest_edge = 17 }, interpolation = "bilinear", size_rounding = "round" }"#,
        change: r#"size_rounding = "trunc""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: &[
            DECODE,
            RGB,
            r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { shortest_edge = 17 }, interpolation = "bilinear", size_rounding = "trunc" }"#,
            NCHW,
        ],
        index: 2,
        wrong: SIZE,
        change: r#"size = { shortest_edge = 17 }, size_rounding = "trunc""#,
    },
    Fault {
        kind: "image",
        inputs: &["rgb.png", "noise.png"],
        steps: &[
            DECODE,
            RGB,
            r#"{ op = "center_crop", size = [14, 14], offset_rounding = "half_even" }"#,
            NCHW,
        ],
        index: 2,
        wrong: r#"{ op = "center_crop", size = [14, 14], offset_rounding = "floor" }"#,
        change: r#"offset_rounding = "half_even""#,
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 3,
        wrong: r#"{ op = "rescale", scale = 0.00784313725490196, offset = -1.0 }"#,
        change: "scale = 0.00392156862745098, offset = 0.0",
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: &[DECODE, RGB, SIZE, NCHW],
        index: 2,
        wrong: r#"{ op = "letterbox", impl = "pillow", impl_version = "ge13", size = [17, 17], interpolation = "bilinear", fill = 0, scaleup = true, position = "center" }"#,
        change: "",
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 4,
        wrong: r#"{ op = "normalize", mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }"#,
        change: "mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225]",
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: &[
            DECODE,
            RGB,
            SIZE,
            SCALE,
            r#"{ op = "normalize", mean = [0.711, 0.32, 0.4], std = [0.2, 0.31, 0.27] }"#,
            NCHW,
        ],
        index: 4,
        wrong: IMAGENET,
        change: "mean = [0.711, 0.32, 0.4], std = [0.2, 0.31, 0.27]",
    },
    Fault {
        kind: "image",
        inputs: PICTURES,
        steps: IMAGE,
        index: 5,
        wrong: r#"{ op = "layout", to = "NHWC" }"#,
        change: r#"to = "NCHW""#,
    },
    Fault {
        kind: "image",
        inputs: &["rgb.png", "444.jpg"],
        steps: &[
            DECODE,
            r#"{ op = "convert_color", to = "L", alpha = "drop", luma = "opencv" }"#,
            NCHW,
        ],
        index: 1,
        wrong: r#"{ op = "convert_color", to = "L", alpha = "drop", luma = "pillow" }"#,
        change: r#"luma = "opencv""#,
    },
    Fault {
        kind: "audio",
        inputs: SOUNDS,
        steps: SOUND,
        index: 3,
        wrong: r#"{ op = "mel", n_mels = 40, f_min = 0.0, f_max = 8000.0, scale = "htk", norm = "slaney" }"#,
        change: r#"scale = "slaney""#,
    },
    Fault {
        kind: "audio",
        inputs: SOUNDS,
        steps: SOUND,
        index: 2,
        wrong: r#"{ op = "stft", n_fft = 400, win_length = 400, hop_length = 160, window = "hann", periodic = false, center = true, pad_mode = "reflect", power = 2.0 }"#,
        change: "periodic = true",
    },
    Fault {
        kind: "audio",
        inputs: SOUNDS,
        steps: SOUND,
        index: 2,
        wrong: r#"{ op = "stft", n_fft = 400, win_length = 400, hop_length = 160, window = "hann", periodic = true, center = true, pad_mode = "zeros", power = 2.0 }"#,
        change: r#"center = true, pad_mode = "reflect""#,
    },
    Fault {
        kind: "audio",
        inputs: SOUNDS,
        steps: SOUND,
        index: 1,
        wrong: r#"{ op = "pad_or_trim", length = 16000, side = "left", mode = "constant" }"#,
        change: r#"side = "right""#,
    },
    Fault {
        kind: "audio",
        inputs: SOUNDS,
        steps: SOUND,
        index: 4,
        wrong: r#"{ op = "log", base = "e", floor = 1e-10 }"#,
        change: "",
    },
    Fault {
        kind: "audio",
        inputs: &["stereo.wav"],
        steps: &[r#"{ op = "decode_audio", mono = "mean" }"#],
        index: 0,
        wrong: r#"{ op = "decode_audio", mono = "first" }"#,
        change: r#"mono = "mean""#,
    },
    Fault {
        kind: "text",
        inputs: TEXTS,
        steps: TEXT,
        index: 0,
        wrong: r#"{ op = "tokenize", file = "bpe.json", add_special_tokens = true, truncation = { max_length = 12, side = "right" }, padding = { length = 16, side = "left", pad_id = 0 } }"#,
        change: r#"padding.side = "right""#,
    },
    Fault {
        kind: "text",
        inputs: TEXTS,
        steps: TEXT,
        index: 0,
        wrong: r#"{ op = "tokenize", file = "bpe.json", add_special_tokens = true, truncation = { max_length = 12, side = "left" }, padding = { length = 16, side = "right", pad_id = 0 } }"#,
        change: r#"truncation.side = "right""#,
    },
    Fault {
        kind: "text",
        inputs: TEXTS,
        steps: &[r#"{ op = "lowercase" }"#, TEXT[0]],
        index: 0,
        wrong: "",
        change: r#"put `{ op = "lowercase" }` before this step"#,
    },
    Fault {
        kind: "text",
        inputs: TEXTS,
        steps: &[r#"{ op = "tokenize", file = "bert.json", add_special_tokens = true }"#],
        index: 0,
        wrong: r#"{ op = "tokenize", file = "bert.json", add_special_tokens = false }"#,
        change: "add_special_tokens = true",
    },
];

fn pipeline(kind: &str, steps: &[&str]) -> InputPipeline {
    InputPipeline::compile(&input(kind, steps, "value"), &Vectors).expect("it compiles")
}

fn source(kind: &str, name: &str) -> InputSource {
    if kind == "text" {
        return InputSource::Json(json!(name));
    }
    let path = name.parse().expect("a path");
    InputSource::File(Vectors.read(&path, u64::MAX).expect("an input of the vectors"))
}

/// The stages that the true pipeline records, and its result.
fn recorded(kind: &str, steps: &[&str], source: &InputSource) -> (Vec<Option<Tensor>>, Tensor) {
    let prepared = pipeline(kind, steps).run(source, true).expect("it runs");
    let stages = prepared.stages.iter().map(|stage| stage.value.to_tensor()).collect();
    (stages, prepared.published["value"].clone())
}

/// What the recordings say of a pipeline with `wrong` in the place of step `index`.
fn diagnosed(fault: &Fault, with_stages: bool) -> Option<Diagnosis> {
    let mut steps = fault.steps.to_vec();
    if fault.wrong.is_empty() {
        steps.remove(fault.index);
    } else {
        steps[fault.index] = fault.wrong;
    }
    let sources: Vec<InputSource> =
        fault.inputs.iter().map(|name| source(fault.kind, name)).collect();
    let true_values: Vec<_> =
        sources.iter().map(|source| recorded(fault.kind, fault.steps, source)).collect();
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
    diagnose(&pipeline(fault.kind, &steps), &Vectors, &recordings)
}

#[test]
fn a_wrong_step_is_named_with_what_is_true() {
    for fault in FAULTS {
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
        assert!(causes.contains(&fault.change), "{}: {causes:?}", fault.wrong);
        assert!(diagnosis.causes.iter().all(|cause| cause.distance.holds), "{causes:?}");
    }
}

#[test]
fn the_end_alone_identifies_most_faults() {
    let named = FAULTS.iter().filter(|fault| !fault.change.is_empty()).filter(|fault| {
        let causes = diagnosed(fault, false).map(|diagnosis| diagnosis.causes).unwrap_or_default();
        causes.iter().any(|cause| cause.change == fault.change)
    });
    // The constants that nobody else uses are found from the values around their step only.
    assert!(named.count() >= 23, "of {}", FAULTS.len());
}

#[test]
fn the_true_pipeline_has_no_diagnosis_and_names_its_probes() {
    let steps = IMAGE;
    let sources = [source("image", "gray.png")];
    let (stages, value) = recorded("image", steps, &sources[0]);
    let stages = stages.iter().map(Option::as_ref).collect();
    let recording = Recording { source: &sources[0], stages, value: Some(&value) };
    let pipeline = pipeline("image", steps);
    assert_eq!(diagnose(&pipeline, &Vectors, &[recording]), None);
    let blind = undecided(&pipeline, &Vectors, &[&sources[0]]);
    let says = |change: &str, probe: &str| {
        blind.iter().any(|found| found.change == change && found.probe == probe)
    };
    assert!(says(r#"to = "BGR""#, "a picture with colours"), "{blind:?}");
    assert!(says(r#"exif_orientation = "apply""#, "a photograph with EXIF orientation 6"));
    assert!(!blind.iter().any(|found| found.op == "layout"), "{blind:?}");
}
