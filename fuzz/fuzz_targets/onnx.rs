//! An ONNX file of any bytes, with weights beside it: examined, never run.
#![no_main]

use std::io;

use bundle_manifest::{ArtifactPath, FileSource};
use libfuzzer_sys::fuzz_target;

/// A project of two files: the model, and weights that it may refer to.
struct Project<'a>(&'a [u8]);

impl Project<'_> {
    fn content(&self, path: &ArtifactPath) -> Option<&[u8]> {
        match path.as_str() {
            "model.onnx" => Some(self.0),
            "weights" => Some(&[0x7f; 4096]),
            _ => None,
        }
    }
}

impl FileSource for Project<'_> {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        self.content(path).map(|content| content.len() as u64)
    }

    fn read(&self, path: &ArtifactPath, limit: u64) -> io::Result<Vec<u8>> {
        let content = self.content(path).ok_or(io::ErrorKind::NotFound)?;
        if content.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content.to_vec())
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(path) = "model.onnx".parse() else { return };
    drop(bundle_run::examine("m", &path, &Project(bytes)));
});
