//! Any bytes as a file of a project under blind review: what is taken out is gone, never a panic.
#![no_main]

use bundle_project::{People, redacted, secrets};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] =
    ["a.png", "a.jpg", "a.pdf", "a.onnx", "a.docx", "README.md", "setup.py", "a.ipynb"];

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, content)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(*kind) % NAMES.len()];
    let mut people = People::nobody();
    people.add("Mara Quill");
    drop(redacted(&name.parse().expect("a path"), content, &people));
    drop(secrets(content));
});
