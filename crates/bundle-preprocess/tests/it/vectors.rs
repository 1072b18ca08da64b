//! What the real libraries make of the same files, bit for bit.
//!
//! `fixtures/vectors/preprocess/make.py` made the vectors and says with which versions.

use std::path::PathBuf;

use bundle_manifest::{ArtifactPath, FileSource};
use bundle_preprocess::{read_npy, write_npy};

use crate::replay::replay;

/// The inputs of the vectors.
pub(crate) fn vectors() -> Directory {
    Directory(bundle_testkit::fixture("vectors/preprocess/inputs"))
}

/// An input of the vectors.
pub(crate) fn committed(name: &str) -> Vec<u8> {
    fs_err::read(vectors().0.join(name)).expect("an input")
}

/// The files of a directory, as a bundle's.
pub(crate) struct Directory(pub(crate) PathBuf);

impl FileSource for Directory {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        fs_err::metadata(self.0.join(path.as_str())).ok().map(|metadata| metadata.len())
    }

    fn read(&self, path: &ArtifactPath, _: u64) -> std::io::Result<Vec<u8>> {
        fs_err::read(self.0.join(path.as_str()))
    }
}

#[test]
fn every_vector_is_met() {
    let directory = bundle_testkit::fixture("vectors/preprocess");
    let groups = [
        ("pillow12", 180),
        ("pillow13", 100),
        ("tables", 14),
        ("media", 30),
        ("media12", 105),
        ("torchvision", 130),
        ("opencv", 45),
        ("arrays", 20),
        ("numbers", 48),
        ("audio", 40),
        ("text", 900),
        ("dicom", 9),
        ("outputs", 13),
        ("pipelines", 55),
    ];
    for (group, least) in groups {
        let compared = replay(&|name| fs_err::read(directory.join(name)), group);
        let missed = compared.iter().filter(|case| case.failure.is_some());
        let missed: Vec<String> = missed.map(|case| case.line(group)).collect();
        assert!(missed.is_empty(), "{missed:#?}");
        assert!(compared.len() >= least, "{group} has {} cases", compared.len());
    }
}

#[test]
fn arrays_are_written_as_numpy_writes_them() {
    let directory = bundle_testkit::fixture("vectors/preprocess");
    let names = [
        "inputs/logits.npy",
        "inputs/ties.npy",
        "tables.float16.npy",
        "tables.float64.npy",
        "tables.int64.npy",
        "pillow12.uint8.npy",
        "pillow12.uint16.npy",
    ];
    for name in names {
        let bytes = fs_err::read(directory.join(name)).expect("a committed array");
        let tensor = read_npy(&bytes, 1_000_000).expect("numpy wrote it");
        assert!(write_npy(&tensor) == bytes, "{name}");
    }
}
