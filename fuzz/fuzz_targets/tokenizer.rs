//! Any bytes as a tokenizer.json: an error or ids of a text, never a panic.
#![no_main]

use bundle_fuzz::tokenizer_pipeline;
use bundle_preprocess::InputSource;
use libfuzzer_sys::fuzz_target;

const TEXT: &[u8] = "Hello, wörld! 你好 \u{1F600} 123".as_bytes();

fuzz_target!(|bytes: &[u8]| {
    if let Some(pipeline) = tokenizer_pipeline(bytes) {
        drop(pipeline.run(&InputSource::File(TEXT.to_vec()), false));
    }
});
