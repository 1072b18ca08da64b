//! Reading ONNX files: protobuf messages, limits, external data.
//!
//! The message types are those that `tract-onnx` generated from ONNX's own
//! schema; nothing here runs a network.

pub(crate) mod element;
pub(crate) mod external;
mod integers;
pub(crate) mod proto;
pub(crate) mod refuse;
pub(crate) mod rewrite;
mod rules;
mod spatial;
mod structure;
mod trees;
mod walk;
pub(crate) mod weights;
mod wire;

use bundle_manifest::{ArtifactPath, FileSource};
use prost::Message as _;

use crate::{RunError, error::read_file};
use proto::{GraphProto, ModelProto};

/// Protobuf itself ends at 2 GiB; larger networks keep their weights outside.
const MAX_ONNX_BYTES: u64 = 1 << 31;

/// An ONNX file, decoded and not yet judged.
pub(crate) struct OnnxFile {
    /// The author's name of the model, for errors.
    pub(crate) name: String,
    /// Where it is, relative to `bundle.toml`.
    pub(crate) path: ArtifactPath,
    /// Its content; `graph` is there.
    pub(crate) model: ModelProto,
}

impl OnnxFile {
    /// Reads and decodes `path`. The bytes are bounded before they are decoded,
    /// so that a small hostile file cannot become a large structure.
    pub(crate) fn read(
        name: &str,
        path: &ArtifactPath,
        files: &dyn FileSource,
    ) -> Result<Self, RunError> {
        let bytes = read_file(files, path, MAX_ONNX_BYTES)?;
        Self::decode(name, path, &bytes)
    }

    fn decode(name: &str, path: &ArtifactPath, bytes: &[u8]) -> Result<Self, RunError> {
        let malformed = |what: &str| RunError::malformed(name, format!("`{path}` {what}"));
        if bytes.is_empty() {
            return Err(malformed("is empty"));
        }
        if bytes.starts_with(b"version https://git-lfs") {
            return Err(malformed("is a Git LFS pointer, not the file it points to")
                .with_hint("run `git lfs pull`"));
        }
        wire::check(bytes).map_err(malformed)?;
        let mut model =
            ModelProto::decode(bytes).map_err(|_| malformed("is not a valid ONNX file"))?;
        let Some(graph) = &mut model.graph else { return Err(malformed("holds no ONNX graph")) };
        if graph.output.is_empty() {
            return Err(malformed("holds an ONNX graph without outputs"));
        }
        structure::check(graph).map_err(|what| RunError::malformed(name, what))?;
        rewrite::constants_as_tensors(graph);
        Ok(Self { name: name.to_owned(), path: path.clone(), model })
    }

    /// The graph; [`OnnxFile::decode`] refuses a model without one.
    pub(crate) fn graph(&self) -> &GraphProto {
        static NONE: std::sync::LazyLock<GraphProto> =
            std::sync::LazyLock::new(GraphProto::default);
        self.model.graph.as_ref().unwrap_or(&NONE)
    }

    /// The version of an operator domain that the file imports.
    pub(crate) fn opset(&self, domain: &str) -> Option<i64> {
        let same = |other: &str| proto::domain(other) == proto::domain(domain);
        self.model.opset_import.iter().find(|set| same(&set.domain)).map(|set| set.version)
    }

    /// An error about this file.
    pub(crate) fn malformed(&self, message: impl Into<String>) -> RunError {
        RunError::malformed(&self.name, message)
    }
}

/// Calls `visit` on every node, subgraphs included.
pub(crate) fn nodes<'a>(graph: &'a GraphProto, visit: &mut dyn FnMut(&'a proto::NodeProto)) {
    walk::graphs(graph, &mut |graph| graph.node.iter().for_each(&mut *visit));
}
