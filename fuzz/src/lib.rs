//! What the targets share: pipelines with small limits, from the steps of a `bundle.toml`.

use bundle_manifest::{ArtifactPath, FileSource, Manifest, NoFiles};
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
"#;

/// Whatever a decoder gives becomes four channels.
const PIXELS: &str = r#"
  { op = "decode_image", exif_orientation = "apply", bit_depth16 = "keep" },
  { op = "convert_color", to = "RGBA" },
"#;

/// The one file that steps name.
struct OneFile<'a>(&'a [u8]);

impl FileSource for OneFile<'_> {
    fn size(&self, _: &ArtifactPath) -> Option<u64> {
        self.0.len().try_into().ok()
    }

    fn read(&self, _: &ArtifactPath, _: u64) -> std::io::Result<Vec<u8>> {
        Ok(self.0.to_vec())
    }
}

fn manifest(kind: &str, value: &str, steps: &str) -> Manifest {
    let entry = format!("kind = \"{kind}\"\ntensors = {{ x = \"{value}\" }}\nsteps = [{steps}]");
    Manifest::from_toml(&format!("{HEAD}{entry}")).expect("the manifest is valid")
}

/// The pipeline of an image input with these steps.
pub fn image_pipeline(steps: &str) -> InputPipeline {
    pipeline("image", steps)
}

/// The pipeline of an input of any kind with these steps, with small limits.
pub fn pipeline(kind: &str, steps: &str) -> InputPipeline {
    let limits = Limits { pixels: 1 << 20, image_bytes: 1 << 23, ..Limits::default() };
    InputPipeline::compile(&manifest(kind, "value", steps).inputs[0], &NoFiles)
        .expect("the steps are valid")
        .with_limits(limits)
}

/// The pipeline of a text whose tokenizer is `file`, where it is one.
pub fn tokenizer_pipeline(file: &[u8]) -> Option<InputPipeline> {
    let steps = r#"{ op = "tokenize", file = "tokenizer.json", add_special_tokens = true }"#;
    InputPipeline::compile(&manifest("text", "ids", steps).inputs[0], &OneFile(file)).ok()
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
