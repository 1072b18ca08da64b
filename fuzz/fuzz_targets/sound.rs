//! Any bytes on an input that decodes WAV and FLAC: an error or samples, never a panic, never more memory than the limits.
#![no_main]

use std::sync::LazyLock;

use bundle_fuzz::pipeline;
use bundle_preprocess::{InputPipeline, InputSource};
use libfuzzer_sys::fuzz_target;

const STEPS: &str = r#"
  { op = "decode_audio", mono = "mean" },
  { op = "pad_or_trim", length = 400, side = "right", mode = "constant" },
"#;

static PIPELINE: LazyLock<InputPipeline> = LazyLock::new(|| pipeline("audio", STEPS));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(prepared) = PIPELINE.run(&InputSource::File(bytes.to_vec()), false) {
        assert_eq!(prepared.published["value"].shape(), [400]);
    }
});
