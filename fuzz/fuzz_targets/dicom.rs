//! Any bytes on an input that decodes DICOM: an error or pixels, never a panic, never more memory than the limits.
#![no_main]

use std::sync::LazyLock;

use bundle_fuzz::image_pipeline;
use bundle_preprocess::{InputPipeline, InputSource};
use libfuzzer_sys::fuzz_target;

const STORED: &str = r#"{ op = "decode_dicom", rescale = false, photometric = "apply" }"#;
const HOUNSFIELD: &str = r#"{ op = "decode_dicom", rescale = true, window = { center = 40, width = 400 }, photometric = "apply" }"#;

static PIPELINES: LazyLock<[InputPipeline; 2]> =
    LazyLock::new(|| [STORED, HOUNSFIELD].map(image_pipeline));

fuzz_target!(|bytes: &[u8]| {
    for pipeline in &*PIPELINES {
        drop(pipeline.run(&InputSource::File(bytes.to_vec()), false));
    }
});
