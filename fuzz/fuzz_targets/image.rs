//! Any bytes on an image input: an error or pixels, never a panic, never more memory than the limits.
#![no_main]

use std::sync::LazyLock;

use bundle_fuzz::image_pipeline;
use bundle_preprocess::{InputPipeline, InputSource};
use libfuzzer_sys::fuzz_target;

const STEPS: &str = r#"
  { op = "decode_image", exif_orientation = "apply", bit_depth16 = "shift8" },
  { op = "convert_color", to = "RGB", alpha = "composite", background = [255, 255, 255] },
  { op = "resize", impl = "pillow", impl_version = "ge13", size = { height = 8, width = 8 }, interpolation = "bicubic" },
  { op = "layout", to = "NCHW" },
"#;

static PIPELINE: LazyLock<InputPipeline> = LazyLock::new(|| image_pipeline(STEPS));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(prepared) = PIPELINE.run(&InputSource::File(bytes.to_vec()), false) {
        assert_eq!(prepared.published["value"].shape(), [1, 3, 8, 8]);
    }
});
