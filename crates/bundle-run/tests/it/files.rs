//! A project of test vectors, and what they say.

use std::{collections::BTreeMap, io};

use bundle_manifest::{ArtifactPath, Constant, EntryName, FileSource, Manifest, Model, State};
use bundle_preprocess::{NamedTensors, Tensor, read_npy};
use bundle_run::{Network, RunError};
use bundle_testkit::fixture;

/// The files of `fixtures/vectors/onnx`, under `export/`, and some in memory.
#[derive(Debug, Default)]
pub(crate) struct Project(pub(crate) BTreeMap<String, Vec<u8>>);

impl Project {
    fn content(&self, path: &ArtifactPath) -> Option<Vec<u8>> {
        if let Some(content) = self.0.get(path.as_str()) {
            return Some(content.clone());
        }
        let name = path.as_str().strip_prefix("export/")?;
        fs_err::read(fixture("vectors/onnx").join(name)).ok()
    }
}

impl FileSource for Project {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        self.content(path).map(|content| content.len() as u64)
    }

    fn read(&self, path: &ArtifactPath, limit: u64) -> io::Result<Vec<u8>> {
        let content = self.content(path).ok_or(io::ErrorKind::NotFound)?;
        if content.len() as u64 > limit {
            Err(io::ErrorKind::FileTooLarge.into())
        } else {
            Ok(content)
        }
    }
}

pub(crate) fn path(text: &str) -> ArtifactPath {
    text.parse().expect("a path")
}

/// The model of a vector, with nothing declared.
pub(crate) fn model(name: &str) -> Model {
    Model {
        onnx: path(&format!("export/{name}.onnx")),
        constants: BTreeMap::new(),
        dims: BTreeMap::new(),
        states: Vec::new(),
    }
}

pub(crate) fn load(name: &str) -> Result<Network, RunError> {
    Network::load("m", &model(name), &Project::default())
}

/// A recorded array of a vector: `kind` is `in` or `out`.
pub(crate) fn array(name: &str, kind: &str, tensor: &str) -> Option<Tensor> {
    let file = fixture("vectors/onnx").join(format!("{name}.{kind}.{tensor}.npy"));
    let bytes = fs_err::read(file).ok()?;
    Some(read_npy(&bytes, bytes.len()).expect("an array that NumPy wrote"))
}

/// What goes into a vector.
pub(crate) fn feed(name: &str, network: &Network) -> NamedTensors {
    let inputs = network.report().inputs.iter();
    inputs.filter_map(|input| Some((input.name.clone(), array(name, "in", &input.name)?))).collect()
}

pub(crate) fn constants(given: &[(&str, Constant)]) -> BTreeMap<String, Constant> {
    given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

pub(crate) fn state(input: &str, output: &str, init: bundle_manifest::StateInit) -> State {
    State { input: input.to_owned(), output: output.to_owned(), init }
}

/// A manifest around `body`.
pub(crate) fn manifest(body: &str) -> Manifest {
    let head =
        "format = 1\n[bundle]\nname = \"t\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n";
    Manifest::from_toml(&format!("{head}{body}")).expect("a manifest")
}

pub(crate) fn name(text: &str) -> EntryName {
    text.parse().expect("a name")
}

/// The message and the hint of an error.
pub(crate) fn said(error: &RunError) -> String {
    match &error.hint {
        Some(hint) => format!("{error} | {hint}"),
        None => error.to_string(),
    }
}
