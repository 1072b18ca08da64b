//! Anything that begins as a TIFF file on an image input: an error or pixels, never a panic, never more memory than the limits.
#![no_main]

use std::sync::LazyLock;

use bundle_fuzz::{pixel_pipeline, pixels};
use bundle_preprocess::InputPipeline;
use libfuzzer_sys::fuzz_target;

static PIPELINE: LazyLock<InputPipeline> = LazyLock::new(pixel_pipeline);

fuzz_target!(|bytes: &[u8]| pixels(&PIPELINE, bytes, &[b"II", b"MM"]));
