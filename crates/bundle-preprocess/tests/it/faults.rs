//! Specifications that are wrong in one step: the recording names the step and what is true.
//!
//! The recordings are made by the true pipeline, whose operations the vectors hold against the
//! real libraries.

use bundle_preprocess::{
    Diagnosis, InputPipeline, InputSource, Recording, Tensor, diagnose, undecided,
};
use serde_json::json;

use crate::{
    support::input,
    vectors::{committed, vectors},
};

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

/// A fault of `IMAGE`, `SOUND` or `TEXT`: the step, what is wrong there, and what to write.
const fn picture(index: usize, wrong: &'static str, change: &'static str) -> Fault {
    Fault { kind: "image", inputs: PICTURES, steps: IMAGE, index, wrong, change }
}

const fn sound(index: usize, wrong: &'static str, change: &'static str) -> Fault {
    Fault { kind: "audio", inputs: SOUNDS, steps: SOUND, index, wrong, change }
}

const fn text(index: usize, wrong: &'static str, change: &'static str) -> Fault {
    Fault { kind: "text", inputs: TEXTS, steps: TEXT, index, wrong, change }
}

const FAULTS: &[Fault] = &[
    picture(1, r#"{ op = "convert_color", to = "BGR", alpha = "drop" }"#, r#"to = "RGB""#),
    picture(
        0,
        r#"{ op = "decode_image", exif_orientation = "apply" }"#,
        r#"exif_orientation = "ignore""#,
    ),
    picture(
        1,
        r#"{ op = "convert_color", to = "RGB", alpha = "composite", background = [255, 255, 255] }"#,
        r#"alpha = "drop""#,
    ),
    picture(
        2,
        r#"{ op = "resize", impl = "pillow", impl_version = "lt13", size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
        r#"impl_version = "ge13""#,
    ),
    picture(
        2,
        r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { height = 17, width = 17 }, interpolation = "bicubic" }"#,
        r#"interpolation = "bilinear""#,
    ),
    picture(
        2,
        r#"{ op = "resize", impl = "opencv", size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
        r#"impl = "pillow", impl_version = "ge13""#,
    ),
    picture(
        2,
        r#"{ op = "resize", impl = "torchvision_u8", antialias = false, size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
        r#"impl = "pillow", impl_version = "ge13""#,
    ),
    Fault {
        steps: &[
            DECODE,
            RGB,
            r#"{ op = "resize", impl = "torchvision_u8", antialias = true, size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
            NCHW,
        ],
        ..picture(
            2,
            r#"{ op = "resize", impl = "torchvision_u8", antialias = false, size = { height = 17, width = 17 }, interpolation = "bilinear" }"#,
            "antialias = true",
        )
    },
    Fault {
        steps: &[
            DECODE,
            RGB,
            r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { shortest_edge = 17 }, interpolation = "bilinear", size_rounding = "trunc" }"#,
            NCHW,
        ],
        ..picture(
            2,
            r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { shortest_edge = 17 }, interpolation = "bilinear", size_rounding = "round" }"#,
            r#"size_rounding = "trunc""#,
        )
    },
    Fault {
        steps: &[
            DECODE,
            RGB,
            r#"{ op = "resize", impl = "pillow", impl_version = "ge13", size = { shortest_edge = 17 }, interpolation = "bilinear", size_rounding = "trunc" }"#,
            NCHW,
        ],
        ..picture(2, SIZE, r#"size = { shortest_edge = 17 }, size_rounding = "trunc""#)
    },
    Fault {
        inputs: &["rgb.png", "noise.png"],
        steps: &[
            DECODE,
            RGB,
            r#"{ op = "center_crop", size = [14, 14], offset_rounding = "half_even" }"#,
            NCHW,
        ],
        ..picture(
            2,
            r#"{ op = "center_crop", size = [14, 14], offset_rounding = "floor" }"#,
            r#"offset_rounding = "half_even""#,
        )
    },
    picture(
        3,
        r#"{ op = "rescale", scale = 0.00784313725490196, offset = -1.0 }"#,
        "scale = 0.00392156862745098, offset = 0.0",
    ),
    Fault {
        steps: &[DECODE, RGB, SIZE, NCHW],
        ..picture(
            2,
            r#"{ op = "letterbox", impl = "pillow", impl_version = "ge13", size = [17, 17], interpolation = "bilinear", fill = 0, scaleup = true, position = "center" }"#,
            "",
        )
    },
    picture(
        4,
        r#"{ op = "normalize", mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }"#,
        "mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225]",
    ),
    Fault {
        steps: &[
            DECODE,
            RGB,
            SIZE,
            SCALE,
            r#"{ op = "normalize", mean = [0.711, 0.32, 0.4], std = [0.2, 0.31, 0.27] }"#,
            NCHW,
        ],
        ..picture(4, IMAGENET, "mean = [0.711, 0.32, 0.4], std = [0.2, 0.31, 0.27]")
    },
    picture(5, r#"{ op = "layout", to = "NHWC" }"#, r#"to = "NCHW""#),
    Fault {
        inputs: &["rgb.png", "444.jpg"],
        steps: &[
            DECODE,
            r#"{ op = "convert_color", to = "L", alpha = "drop", luma = "opencv" }"#,
            NCHW,
        ],
        ..picture(
            1,
            r#"{ op = "convert_color", to = "L", alpha = "drop", luma = "pillow" }"#,
            r#"luma = "opencv""#,
        )
    },
    sound(
        3,
        r#"{ op = "mel", n_mels = 40, f_min = 0.0, f_max = 8000.0, scale = "htk", norm = "slaney" }"#,
        r#"scale = "slaney""#,
    ),
    sound(
        2,
        r#"{ op = "stft", n_fft = 400, win_length = 400, hop_length = 160, window = "hann", periodic = false, center = true, pad_mode = "reflect", power = 2.0 }"#,
        "periodic = true",
    ),
    sound(
        2,
        r#"{ op = "stft", n_fft = 400, win_length = 400, hop_length = 160, window = "hann", periodic = true, center = true, pad_mode = "zeros", power = 2.0 }"#,
        r#"center = true, pad_mode = "reflect""#,
    ),
    sound(
        1,
        r#"{ op = "pad_or_trim", length = 16000, side = "left", mode = "constant" }"#,
        r#"side = "right""#,
    ),
    sound(4, r#"{ op = "log", base = "e", floor = 1e-10 }"#, ""),
    Fault {
        inputs: &["stereo.wav"],
        steps: &[r#"{ op = "decode_audio", mono = "mean" }"#],
        ..sound(0, r#"{ op = "decode_audio", mono = "first" }"#, r#"mono = "mean""#)
    },
    text(
        0,
        r#"{ op = "tokenize", file = "bpe.json", add_special_tokens = true, truncation = { max_length = 12, side = "right" }, padding = { length = 16, side = "left", pad_id = 0 } }"#,
        r#"padding.side = "right""#,
    ),
    text(
        0,
        r#"{ op = "tokenize", file = "bpe.json", add_special_tokens = true, truncation = { max_length = 12, side = "left" }, padding = { length = 16, side = "right", pad_id = 0 } }"#,
        r#"truncation.side = "right""#,
    ),
    Fault {
        steps: &[r#"{ op = "lowercase" }"#, TEXT[0]],
        ..text(0, "", r#"put `{ op = "lowercase" }` before this step"#)
    },
    Fault {
        steps: &[r#"{ op = "tokenize", file = "bert.json", add_special_tokens = true }"#],
        ..text(
            0,
            r#"{ op = "tokenize", file = "bert.json", add_special_tokens = false }"#,
            "add_special_tokens = true",
        )
    },
];

fn pipeline(kind: &str, steps: &[&str]) -> InputPipeline {
    InputPipeline::compile(&input(kind, steps, "value"), &vectors()).expect("it compiles")
}

fn source(kind: &str, name: &str) -> InputSource {
    if kind == "text" { InputSource::Json(json!(name)) } else { InputSource::File(committed(name)) }
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
    diagnose(&pipeline(fault.kind, &steps), &vectors(), &recordings)
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
    assert_eq!(diagnose(&pipeline, &vectors(), &[recording]), None);
    let blind = undecided(&pipeline, &vectors(), &[&sources[0]]);
    let says = |change: &str, probe: &str| {
        blind.iter().any(|found| found.change == change && found.probe == probe)
    };
    assert!(says(r#"to = "BGR""#, "a picture with colours"), "{blind:?}");
    assert!(says(r#"exif_orientation = "apply""#, "a photograph with EXIF orientation 6"));
    assert!(!blind.iter().any(|found| found.op == "layout"), "{blind:?}");
}
