//! Configurations that libraries save, as explicit steps. What the libraries do with the same
//! configurations is in `cargo xtask prove parity`.

use bundle_manifest::{InputKind, Labels, Manifest, OutputKind, Step};
use bundle_pack::{Proposal, init};
use bundle_testkit::Sandbox;

use crate::{
    Outcome,
    onnx::{FLOAT, INT64, Tensor, model},
};

const IMAGES: &[Tensor<'_>] = &[("pixel_values", FLOAT, &[-1, 3, -1, -1])];

fn proposed(inputs: &[Tensor<'_>], files: &[(&str, &str)]) -> Outcome<(Proposal, Manifest)> {
    let sandbox = Sandbox::new()?;
    let network = model("Flatten", "", inputs, &[("logits", FLOAT, &[-1, 3])]);
    sandbox.write("net.onnx", network)?;
    for (name, content) in files {
        sandbox.write(name, content)?;
    }
    let proposal = init(sandbox.path(), None)?;
    let manifest = Manifest::from_toml(&proposal.text)
        .map_err(|error| format!("{error}\n{}", proposal.text))?;
    Ok((proposal, manifest))
}

/// The proposed steps of the first input are these.
fn assert_steps(
    inputs: &[Tensor<'_>],
    files: &[(&str, &str)],
    expected: &[&str],
) -> Outcome<Manifest> {
    let (proposal, manifest) = proposed(inputs, files)?;
    let expected = expected.iter().map(|step| step.parse()).collect::<Result<Vec<Step>, _>>()?;
    assert_eq!(manifest.inputs[0].steps, expected, "{}", proposal.text);
    Ok(manifest)
}

/// The operations of the first input.
fn ops(manifest: &Manifest) -> Vec<&'static str> {
    manifest.inputs[0].steps.iter().map(Step::op).collect()
}

const DECODE: &str = r#"{ op = "decode_image", exif_orientation = "apply" }"#;
const DROP: &str = r#"{ op = "convert_color", to = "RGB", alpha = "drop" }"#;
const NCHW: &str = r#"{ op = "layout", to = "NCHW" }"#;

#[test]
fn image_processors_of_transformers() -> Outcome {
    let vit = r#"{ "image_processor_type": "ViTImageProcessor", "do_resize": true, "do_rescale": true,
        "do_normalize": true, "size": { "height": 224, "width": 224 }, "resample": 2,
        "rescale_factor": 0.00392156862745098, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5] }"#;
    let resize = r#"{ op = "resize", impl = "torchvision_u8", antialias = true, size = { height = 224, width = 224 }, interpolation = "bilinear" }"#;
    let fused =
        r#"{ op = "normalize", mean = [127.5, 127.5, 127.5], std = [127.5, 127.5, 127.5] }"#;
    let config = ("preprocessor_config.json", vit);
    assert_steps(IMAGES, &[config], &[DECODE, DROP, resize, fused, NCHW])?;

    // Release 4 worked with Pillow; which one is pinned beside it.
    let resize = r#"{ op = "resize", impl = "pillow", impl_version = "lt13", size = { height = 224, width = 224 }, interpolation = "bilinear" }"#;
    let rescale = r#"{ op = "rescale", scale = 0.00392156862745098 }"#;
    let normalize = r#"{ op = "normalize", mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }"#;
    let pins = ("requirements.txt", "transformers==4.44.0\nPillow==10.4.0\n");
    assert_steps(IMAGES, &[config, pins], &[DECODE, DROP, resize, rescale, normalize, NCHW])?;

    let detr = r#"{ "image_processor_type": "DetrImageProcessor", "size": { "shortest_edge": 800, "longest_edge": 1333 },
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "do_pad": true }"#;
    let resize = r#"{ op = "resize", impl = "torchvision_u8", antialias = true, size = { shortest_edge = 800, longest_edge = 1333 }, interpolation = "bilinear", size_rounding = "trunc_round" }"#;
    let fused = r#"{ op = "normalize", mean = [123.675, 116.28, 103.53], std = [58.395, 57.120003, 57.375] }"#;
    assert_steps(
        IMAGES,
        &[("preprocessor_config.json", detr)],
        &[DECODE, DROP, resize, fused, NCHW],
    )?;
    Ok(())
}

#[test]
fn feature_extractors_of_the_first_format() -> Outcome {
    // Before processors: a size of one number, a class name that ends in FeatureExtractor, and
    // Pillow behind it.
    let clip = r#"{ "feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224,
        "do_center_crop": true, "do_normalize": true, "do_resize": true, "resample": 3,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711] }"#;
    let (proposal, manifest) = proposed(IMAGES, &[("preprocessor_config.json", clip)])?;
    assert_eq!(
        ops(&manifest),
        [
            "decode_image",
            "convert_color",
            "resize",
            "center_crop",
            "rescale",
            "normalize",
            "layout"
        ],
        "{}",
        proposal.text
    );
    assert!(proposal.text.contains("shortest_edge = 224"), "{}", proposal.text);
    Ok(())
}

#[test]
fn feature_extractors_of_sounds() -> Outcome {
    let whisper = r#"{ "feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80, "sampling_rate": 16000,
        "hop_length": 160, "chunk_length": 30, "n_fft": 400, "padding_value": 0.0, "n_samples": 480000 }"#;
    let inputs: &[Tensor<'_>] = &[("input_features", FLOAT, &[-1, 80, 3000])];
    let manifest = assert_steps(
        inputs,
        &[("preprocessor_config.json", whisper)],
        &[
            r#"{ op = "decode_audio", mono = "mean" }"#,
            r#"{ op = "resample", sampling_rate = 16000, method = "sinc_hann", lowpass_filter_width = 6, rolloff = 0.99 }"#,
            r#"{ op = "pad_or_trim", length = 480000, side = "right", mode = "constant", value = 0.0 }"#,
            r#"{ op = "stft", n_fft = 400, win_length = 400, hop_length = 160, window = "hann", periodic = true, center = true, pad_mode = "reflect", power = 2.0 }"#,
            r#"{ op = "drop_last_frame" }"#,
            r#"{ op = "mel", n_mels = 80, f_min = 0.0, f_max = 8000.0, scale = "slaney", norm = "slaney" }"#,
            r#"{ op = "log", base = "10", floor = 1e-10, dynamic_range = 8.0 }"#,
            r#"{ op = "scale_linear", gain = [0.25], offset = [1.0] }"#,
            r#"{ op = "ensure_dtype", dtype = "float32" }"#,
            r#"{ op = "expand_dims", axis = 0 }"#,
        ],
    )?;
    assert_eq!(manifest.inputs[0].kind, InputKind::Audio);
    let wave = r#"{ "feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 16000, "do_normalize": true }"#;
    let inputs: &[Tensor<'_>] = &[("input_values", FLOAT, &[-1, -1])];
    let (_, manifest) = proposed(inputs, &[("preprocessor_config.json", wave)])?;
    assert_eq!(
        ops(&manifest),
        ["decode_audio", "resample", "zero_mean_unit_variance", "expand_dims"]
    );
    Ok(())
}

#[test]
fn a_configuration_of_timm() -> Outcome {
    let config = r#"{ "architecture": "resnet50", "num_classes": 3, "pretrained_cfg": { "input_size": [3, 224, 224],
        "interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "center", "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225], "label_names": ["a", "b", "c"] } }"#;
    let (proposal, manifest) = proposed(IMAGES, &[("config.json", config)])?;
    assert_eq!(
        ops(&manifest),
        [
            "decode_image",
            "convert_color",
            "resize",
            "center_crop",
            "rescale",
            "normalize",
            "layout"
        ],
        "{}",
        proposal.text
    );
    assert!(proposal.text.contains("shortest_edge = 235"), "{}", proposal.text);
    Ok(())
}

#[test]
fn tokenizers_feed_every_input_of_a_text() -> Outcome {
    let inputs: &[Tensor<'_>] = &[
        ("input_ids", INT64, &[-1, 128]),
        ("attention_mask", INT64, &[-1, 128]),
        ("token_type_ids", INT64, &[-1, 128]),
    ];
    let tokenizer =
        r#"{ "version": "1.0", "added_tokens": [{ "id": 7, "content": "[PAD]" }], "model": {} }"#;
    let config = r#"{ "model_max_length": 512, "padding_side": "right", "pad_token": "[PAD]" }"#;
    let (proposal, manifest) = proposed(
        inputs,
        &[
            ("tokenizer.json", tokenizer),
            ("tokenizer_config.json", config),
            (
                "config.json",
                r#"{ "architectures": ["BertForSequenceClassification"], "id2label": { "0": "no", "1": "yes", "2": "?" } }"#,
            ),
        ],
    )?;
    assert_eq!(manifest.inputs.len(), 1, "{}", proposal.text);
    let input = &manifest.inputs[0];
    assert_eq!(input.kind, InputKind::Text);
    assert_eq!(input.tensors["token_type_ids"], "type_ids");
    let expected = r#"{ op = "tokenize", file = "tokenizer.json", add_special_tokens = true, truncation = { max_length = 128 }, padding = { length = 128, side = "right", pad_id = 7, pad_token = "[PAD]" } }"#;
    assert_eq!(input.steps, [expected.parse()?], "{}", proposal.text);
    let names = ["no", "yes", "?"].map(str::to_owned).to_vec();
    assert_eq!(manifest.outputs[0].labels, Some(Labels::Names(names)));
    assert_eq!(manifest.outputs[0].kind, OutputKind::Labels);
    Ok(())
}

#[test]
fn placeholders_are_no_labels() -> Outcome {
    let config = r#"{ "architectures": ["ViTForImageClassification"], "id2label": { "0": "LABEL_0", "1": "LABEL_1" } }"#;
    let (proposal, manifest) = proposed(IMAGES, &[("config.json", config)])?;
    assert_eq!(manifest.outputs[0].labels, None);
    assert!(
        proposal.notes.iter().any(|note| note.contains("placeholders")),
        "{:?}",
        proposal.notes
    );
    Ok(())
}

#[test]
fn a_description_of_bioimage_io() -> Outcome {
    let rdf = "type: model\nformat_version: 0.5.3\ninputs:\n- id: raw\n  axes:\n  - {type: batch}\n  - {type: channel, channel_names: [c]}\n  - {type: space, id: y, size: 64}\n  - {type: space, id: x, size: 64}\n  test_tensor: {source: in.npy}\n  preprocessing:\n  - id: scale_range\n    kwargs: {axes: [y, x], min_percentile: 1, max_percentile: 99.8}\n  - {id: ensure_dtype, kwargs: {dtype: float32}}\noutputs:\n- id: logits\n  axes: [{type: batch}, {type: index}]\n  test_tensor: {source: out.npy}\n  postprocessing: [{id: sigmoid}]\n";
    let inputs: &[Tensor<'_>] = &[("raw", FLOAT, &[1, 1, 64, 64])];
    let manifest = assert_steps(
        inputs,
        &[("rdf.yaml", rdf), ("in.npy", "-"), ("out.npy", "-")],
        &[
            r#"{ op = "scale_range", min_percentile = 1.0, max_percentile = 99.8, eps = 1e-6, axes = [2, 3] }"#,
            r#"{ op = "ensure_dtype", dtype = "float32" }"#,
        ],
    )?;
    assert_eq!(manifest.outputs[0].steps, [r#"{ op = "sigmoid" }"#.parse()?]);
    assert_eq!(manifest.examples.len(), 1);
    // Format 0.4: a letter an axis, the arrays beside the tensors.
    let rdf = "type: model\nformat_version: 0.4.9\ntest_inputs: [in.npy]\ntest_outputs: [out.npy]\ninputs:\n- name: raw\n  axes: bcyx\n  preprocessing:\n  - name: zero_mean_unit_variance\n    kwargs: {mode: per_sample, axes: yx, eps: 1.0e-6}\noutputs:\n- name: logits\n  axes: bc\n";
    let manifest = assert_steps(
        inputs,
        &[("rdf.yaml", rdf), ("in.npy", "-"), ("out.npy", "-")],
        &[
            r#"{ op = "zero_mean_unit_variance", eps = 1e-6, eps_position = "std", ddof = 0, axes = [2, 3] }"#,
        ],
    )?;
    assert_eq!(manifest.examples.len(), 1);
    Ok(())
}

#[test]
fn scalers_of_scikit_learn() -> Outcome {
    let scaler =
        r#"{ "mean_": [40.5, 1.25], "scale_": [8.0, 0.5], "feature_names_in_": ["age", "dose"] }"#;
    let inputs: &[Tensor<'_>] = &[("x", FLOAT, &[-1, 2])];
    let manifest = assert_steps(
        inputs,
        &[("standard_scaler.json", scaler)],
        &[
            r#"{ op = "columns", columns = [{ name = "age", kind = "number" }, { name = "dose", kind = "number" }] }"#,
            r#"{ op = "standard_scale", columns = ["age", "dose"], mean = [40.5, 1.25], scale = [8.0, 0.5] }"#,
            r#"{ op = "column_concat", dtype = "float32" }"#,
        ],
    )?;
    assert_eq!(manifest.inputs[0].kind, InputKind::Table);
    Ok(())
}

#[test]
fn hostile_configurations_cost_no_proposal() -> Outcome {
    let deep = "[".repeat(100_000);
    let contents = [
        "",
        "null",
        "[]",
        "{",
        "\u{feff}{}",
        r#"{ "image_processor_type": 7, "size": "224" }"#,
        r#"{ "image_processor_type": "ViTImageProcessor", "size": { "height": -1, "width": 1e300 } }"#,
        r#"{ "image_processor_type": "ViTImageProcessor", "image_mean": ["a"], "image_std": [0, 0, 0] }"#,
        r#"{ "image_processor_type": "ViTImageProcessor\" } # \n[[inputs]]", "size": 4294967296 }"#,
        r#"{ "feature_extractor_type": "WhisperFeatureExtractor", "n_fft": 0, "hop_length": 1e9 }"#,
        r#"{ "architecture": "x", "num_classes": 3, "pretrained_cfg": { "input_size": [1], "crop_pct": 0 } }"#,
        r#"{ "id2label": { "0": 1, "2": "b" }, "architectures": [[]] }"#,
        r#"{ "mean_": [1], "scale_": [0, 1], "categories_": [[], "x"], "statistics_": {} }"#,
        r#"{ "added_tokens": [{ "id": -1 }], "truncation": { "max_length": 99999999999 } }"#,
        "inputs: [{id: raw, axes: 3, preprocessing: {a: b}}]\noutputs: 7\n",
        &deep,
    ];
    let names = [
        "preprocessor_config.json",
        "processor_config.json",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "scaler.json",
        "rdf.yaml",
        "transforms.txt",
    ];
    for content in contents {
        for name in names {
            proposed(IMAGES, &[(name, content)]).map_err(|error| format!("{name}: {error}"))?;
        }
        let all: Vec<(&str, &str)> = names.iter().map(|name| (*name, content)).collect();
        proposed(IMAGES, &all)?;
    }
    Ok(())
}
