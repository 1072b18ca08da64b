//! Weights beside the ONNX file.
//!
//! ONNX lets a tensor name a file to read, which is how a model reads
//! `/etc/passwd`. Here a location obeys the rules of
//! [`ArtifactPath`], lies below the directory of the ONNX file, and is read
//! through the [`FileSource`] of the project, which knows nothing else.

use std::collections::BTreeMap;

use bundle_manifest::{ArtifactPath, FileSource};

use super::{
    OnnxFile, element,
    proto::{DataLocation, TensorProto},
    walk,
};
use crate::{RunError, error::read_file};

/// Most that one file of weights may hold.
const MAX_EXTERNAL_BYTES: u64 = 64 << 30;

/// Where a tensor's bytes are in a file.
pub(crate) struct Part {
    /// Which tensor, counted in the order of [`walk::tensors`].
    ordinal: usize,
    name: String,
    /// ONNX's number of its element type.
    pub(crate) code: i32,
    offset: u64,
    length: u64,
}

/// The files of external data, each with the tensors in it.
pub(crate) type External = BTreeMap<ArtifactPath, Vec<Part>>;

/// Finds all external data; every file is there and long enough.
pub(crate) fn locate(file: &OnnxFile, files: &dyn FileSource) -> Result<External, RunError> {
    let mut found = Ok(External::new());
    let mut ordinal = 0;
    walk::tensors(file.graph(), &mut |name, tensor| {
        let here = ordinal;
        ordinal += 1;
        if let Ok(external) = &mut found
            && is_external(tensor)
        {
            match part(file, files, (here, name), tensor) {
                Ok((path, part)) => external.entry(path).or_default().push(part),
                Err(error) => found = Err(error),
            }
        }
    });
    found
}

/// Whether the bytes of `tensor` are in another file.
pub(crate) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(DataLocation::External as i32)
}

/// The number of elements, or `None` where the shape is no shape.
pub(crate) fn elements(tensor: &TensorProto) -> Option<u64> {
    tensor.dims.iter().try_fold(1_u64, |size, axis| size.checked_mul(u64::try_from(*axis).ok()?))
}

fn part(
    file: &OnnxFile,
    files: &dyn FileSource,
    (ordinal, name): (usize, &str),
    tensor: &TensorProto,
) -> Result<(ArtifactPath, Part), RunError> {
    let wrong = |what: String| file.malformed(format!("external data of tensor `{name}`: {what}"));
    let entry = |key: &str| tensor.external_data.iter().find(|e| e.key == key).map(|e| &*e.value);
    let number = |key: &str| match entry(key) {
        None => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(wrong(format!("{key} `{}` is not a number", text.escape_debug()))),
        },
    };
    let location = entry("location").ok_or_else(|| wrong("has no location".to_owned()))?;
    let path = resolve(&file.path, location).map_err(&wrong)?;
    let length =
        elements(tensor)
            .and_then(|elements| element::bytes(tensor.data_type, elements))
            .ok_or_else(|| wrong(format!("has no size ({})", element::word(tensor.data_type))))?;
    let offset = number("offset")?.unwrap_or(0);
    if let Some(declared) = number("length")?.filter(|declared| *declared != length) {
        return Err(wrong(format!("has {declared} bytes, its shape needs {length}")));
    }
    let Some(size) = files.size(&path) else { return Err(wrong(format!("no file `{path}`"))) };
    let end = offset.checked_add(length);
    if end.is_none_or(|end| end > size) {
        return Err(wrong(format!("{length} bytes from {offset} of `{path}`, which has {size}")));
    }
    Ok((path, Part { ordinal, name: name.to_owned(), code: tensor.data_type, offset, length }))
}

/// The path of `location`, which is relative to the directory of `onnx`.
fn resolve(onnx: &ArtifactPath, location: &str) -> Result<ArtifactPath, String> {
    let relative: ArtifactPath = location.strip_prefix("./").unwrap_or(location).parse().map_err(
        |error: bundle_manifest::InvalidPath| {
            format!("path `{}` {}", error.text.escape_debug(), error.reason)
        },
    )?;
    match onnx.parent() {
        None => Ok(relative),
        Some(parent) => parent.join(&relative).map_err(|error| format!("path {error}")),
    }
}

/// Calls `visit` with every tensor's name, element type and bytes; one file at
/// a time is in memory.
pub(crate) fn read_each(
    external: &External,
    files: &dyn FileSource,
    visit: &mut dyn FnMut(&str, i32, &[u8]),
) -> Result<(), RunError> {
    for (path, parts) in external {
        let bytes = read_file(files, path, MAX_EXTERNAL_BYTES)?;
        for part in parts {
            visit(&part.name, part.code, slice(&bytes, part, path)?);
        }
    }
    Ok(())
}

/// Moves all external data into `file`, as if it had never been outside.
pub(crate) fn inline(
    file: &mut OnnxFile,
    external: &External,
    files: &dyn FileSource,
) -> Result<(), RunError> {
    for (path, parts) in external {
        let mut bytes = read_file(files, path, MAX_EXTERNAL_BYTES)?;
        let mut contents = BTreeMap::new();
        match &parts[..] {
            [only] if only.length == u64::try_from(bytes.len()).unwrap_or(u64::MAX) => {
                contents.insert(only.ordinal, std::mem::take(&mut bytes));
            }
            _ => {
                for part in parts {
                    contents.insert(part.ordinal, slice(&bytes, part, path)?.to_vec());
                }
            }
        }
        drop(bytes);
        let mut ordinal = 0;
        if let Some(graph) = &mut file.model.graph {
            walk::tensors_mut(graph, &mut |tensor| {
                if let Some(content) = contents.remove(&ordinal) {
                    tensor.raw_data = content;
                    tensor.data_location = None;
                    tensor.external_data.clear();
                }
                ordinal += 1;
            });
        }
    }
    Ok(())
}

/// The bytes of a part; [`locate`] knew the size, but the file may have changed.
fn slice<'a>(bytes: &'a [u8], part: &Part, path: &ArtifactPath) -> Result<&'a [u8], RunError> {
    let range = || {
        let start = usize::try_from(part.offset).ok()?;
        bytes.get(start..start.checked_add(usize::try_from(part.length).ok()?)?)
    };
    range().ok_or_else(|| RunError::file(path, "became shorter while it was read"))
}
