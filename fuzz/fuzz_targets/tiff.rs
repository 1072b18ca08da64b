//! Anything that begins as a TIFF file on an image input: an error or pixels, never a panic, never more memory than the limits.
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
name = "photo"
kind = "image"
tensors = { x = "value" }
steps = [
  { op = "decode_image", exif_orientation = "apply", bit_depth16 = "keep" },
  { op = "convert_color", to = "RGBA" },
]
"#;

static PIPELINE: LazyLock<InputPipeline> = LazyLock::new(|| {
    let manifest = Manifest::from_toml(MANIFEST).expect("the manifest is valid");
    let limits = Limits { pixels: 1 << 20, image_bytes: 1 << 23, ..Limits::default() };
    InputPipeline::compile(&manifest.inputs[0], &NoFiles)
        .expect("the steps are valid")
        .with_limits(limits)
});

fuzz_target!(|bytes: &[u8]| {
    if !bytes.starts_with(b"II") && !bytes.starts_with(b"MM") {
        return;
    }
    if let Ok(prepared) = PIPELINE.run(&InputSource::File(bytes.to_vec()), false) {
        assert_eq!(prepared.published["value"].shape()[2], 4);
    }
});
