//! What the targets share: pipelines with small limits, from the steps of a `bundle.toml`.

use bundle_manifest::{Manifest, NoFiles};
use bundle_preprocess::{InputPipeline, InputSource, Limits};

const HEAD: &str = r#"
format = 1
[bundle]
name = "fuzz"
version = "1.0.0"
title = "Fuzz"
license = "MIT"
[models.net]
onnx = "net.onnx"
[[inputs]]
name = "given"
kind = "image"
tensors = { x = "value" }
"#;

/// Whatever a decoder gives becomes four channels.
const PIXELS: &str = r#"
  { op = "decode_image", exif_orientation = "apply", bit_depth16 = "keep" },
  { op = "convert_color", to = "RGBA" },
"#;

/// The pipeline of an image input with these steps.
pub fn image_pipeline(steps: &str) -> InputPipeline {
    let manifest = Manifest::from_toml(&format!("{HEAD}steps = [{steps}]"));
    let manifest = manifest.expect("the manifest is valid");
    let limits = Limits { pixels: 1 << 20, image_bytes: 1 << 23, ..Limits::default() };
    InputPipeline::compile(&manifest.inputs[0], &NoFiles)
        .expect("the steps are valid")
        .with_limits(limits)
}

/// The pipeline that `pixels` runs.
pub fn pixel_pipeline() -> InputPipeline {
    image_pipeline(PIXELS)
}

/// Decodes a file that begins as one of `magic` does; others are not for this target.
pub fn pixels(pipeline: &InputPipeline, bytes: &[u8], magic: &[&[u8]]) {
    if !magic.iter().any(|magic| bytes.starts_with(magic)) {
        return;
    }
    if let Ok(prepared) = pipeline.run(&InputSource::File(bytes.to_vec()), false) {
        assert_eq!(prepared.published["value"].shape()[2], 4);
    }
}
