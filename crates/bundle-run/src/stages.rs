//! Reading an NPZ of recorded values: a zip of NPY arrays.

use std::io::{Cursor, Read as _};

use bundle_manifest::{ArtifactPath, FileSource};
use bundle_preprocess::{NamedTensors, read_npy};

use crate::{RunError, error::read_file};

/// Bounds on an archive that may be hostile.
const MAX_FILE_BYTES: u64 = 256 << 20;
const MAX_ENTRIES: usize = 4096;
/// All arrays together, uncompressed: what is written in the archive is not believed.
const MAX_BYTES: u64 = 512 << 20;

/// The arrays of an NPZ, by key (`photograph/0`, without `.npy`).
pub(crate) fn read_npz(
    path: &ArtifactPath,
    files: &dyn FileSource,
) -> Result<NamedTensors, RunError> {
    let bytes = read_file(files, path, MAX_FILE_BYTES)?;
    parse_npz(&bytes).map_err(|message| RunError::file(path, message))
}

fn parse_npz(bytes: &[u8]) -> Result<NamedTensors, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| "is not an NPZ file")?;
    if archive.len() > MAX_ENTRIES {
        return Err(format!("has {} arrays, more than {MAX_ENTRIES}", archive.len()));
    }
    let mut arrays = NamedTensors::new();
    let mut left = MAX_BYTES;
    for index in 0..archive.len() {
        let mut entry =
            archive.by_index(index).map_err(|error| format!("entry {index}: {error}"))?;
        let name = entry.name().map_err(|error| format!("entry {index}: {error}"))?.into_owned();
        let wrong =
            |what: &dyn std::fmt::Display| format!("array `{}`: {what}", name.escape_debug());
        let key = name.strip_suffix(".npy").ok_or_else(|| wrong(&"is not an NPY array"))?;
        let mut content = Vec::new();
        let read = entry.by_ref().take(left + 1).read_to_end(&mut content);
        read.map_err(|error| wrong(&error))?;
        left = left
            .checked_sub(content.len() as u64)
            .ok_or_else(|| format!("has more than {MAX_BYTES} bytes of arrays"))?;
        let tensor = read_npy(&content, content.len()).map_err(|error| wrong(&error))?;
        if arrays.insert(key.to_owned(), tensor).is_some() {
            return Err(wrong(&"is there twice"));
        }
    }
    Ok(arrays)
}
