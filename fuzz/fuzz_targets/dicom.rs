//! Any bytes on an input that decodes DICOM: an error or pixels, never a panic, never more memory than the limits.
#![no_main]

use std::sync::LazyLock;

use bundle_manifest::{Manifest, NoFiles};
use bundle_preprocess::{InputPipeline, InputSource, Limits};
use libfuzzer_sys::fuzz_target;

const MANIFEST: &str = r#"
format = 1
[bundle]
name = "fuzz"
version = "1.0.0"
title = "Fuzz"
license = "MIT"
[models.net]
onnx = "net.onnx"
[[inputs]]
name = "scan"
kind = "image"
tensors = { x = "value" }
steps = [{ op = "decode_dicom", rescale = false, photometric = "apply" }]
[[inputs]]
name = "hounsfield"
kind = "image"
tensors = { y = "value" }
steps = [{ op = "decode_dicom", rescale = true, window = { center = 40, width = 400 }, photometric = "apply" }]
"#;

static PIPELINES: LazyLock<Vec<InputPipeline>> = LazyLock::new(|| {
    let manifest = Manifest::from_toml(MANIFEST).expect("the manifest is valid");
    let limits = Limits { pixels: 1 << 20, image_bytes: 1 << 23, ..Limits::default() };
    let compile = |input| InputPipeline::compile(input, &NoFiles).expect("the steps are valid");
    manifest.inputs.iter().map(|input| compile(input).with_limits(limits)).collect()
});

fuzz_target!(|bytes: &[u8]| {
    for pipeline in &*PIPELINES {
        drop(pipeline.run(&InputSource::File(bytes.to_vec()), false));
    }
});
