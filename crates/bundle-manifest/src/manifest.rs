//! `bundle.toml`: what an author declares, as types.
//!
//! Everything here is a claim by the author. No field is believed because it is
//! written; `bundle-check` measures what can be measured.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::{
    ArtifactPath, BundleName, Checking, Claim, Code, DataSplit, EntryName, Example, ExampleInput,
    Files, Input, Labels, ManifestError, Models, Output, StateInit, Step, Version, consistency,
    tree::{Definitions, Document, FromToml, Node, table},
};

/// Bytes of a `bundle.toml` that are read at all.
const MAX_TEXT: usize = 4 << 20;

table! {
    /// A `bundle.toml`, format 1.
    pub struct Manifest {
        /// The version of this format.
        format: FormatVersion,
        /// What the bundle is.
        bundle: BundleInfo,
        /// What the model is for; shown first on the page.
        use_ as "use": Option<Use>,
        /// The networks, by name, or `why` there is none.
        models: Models,
        /// What a person or a program gives.
        inputs: Vec<Input> = Vec::new(),
        /// What comes back.
        outputs: Vec<Output> = Vec::new(),
        /// Recorded examples: inputs with the outputs that the author's framework gave.
        examples: Vec<Example> = Vec::new(),
        /// Data splits, by name, as digests only.
        data: BTreeMap<EntryName, DataSplit> = BTreeMap::new(),
        /// The code that made the weights.
        code: Option<Code>,
        /// The paper's table, one row each.
        claims: Vec<Claim> = Vec::new(),
        /// Edges between several models. Reserved: parsed, not yet run.
        links: Vec<Link> = Vec::new(),
        /// Which files are packed beyond what is tracked and referred to.
        files: Files = Files::default(),
        /// Where `bundle check` should read this project differently, and why.
        check: Checking = Checking::default(),
    }
}

impl Manifest {
    /// Parses and cross-checks a `bundle.toml`. Reports every problem found;
    /// entries are compared with each other once each of them is well formed.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let document = Document::parse(text, MAX_TEXT)?;
        let root = document.root();
        document.finish(FormatVersion::read_first(&root))?;
        let manifest = document.finish(Self::read(&root))?;
        consistency::check(&manifest, &root);
        document.finish(Some(manifest))
    }

    /// The inputs that a person gives: all but groups, which are joined from others.
    pub fn given_inputs(&self) -> impl Iterator<Item = &Input> {
        self.inputs.iter().filter(|input| input.is_given())
    }

    /// `NAME-VERSION`: the top directory and the stem of the file name.
    pub fn stem(&self) -> String {
        format!("{}-{}", self.bundle.name, self.bundle.version)
    }

    /// Every file that the manifest refers to, once each, in path order.
    ///
    /// Not among them, because no field names it: the external data of an ONNX file.
    pub fn referenced_files(&self) -> Vec<&ArtifactPath> {
        let models = self.models.by_name.values().flat_map(|model| {
            let states = model.states.iter().filter_map(|state| match &state.init {
                StateInit::Zeros => None,
                StateInit::File(path) => Some(path),
            });
            std::iter::once(&model.onnx).chain(states)
        });
        let steps = self.inputs.iter().flat_map(|input| &input.steps);
        let steps = steps.chain(self.outputs.iter().flat_map(|output| &output.steps));
        let labels = self.outputs.iter().filter_map(|output| match &output.labels {
            Some(Labels::File(path)) => Some(path),
            _ => None,
        });
        let examples = self.examples.iter().flat_map(|example| {
            let inputs = example.inputs.values().filter_map(ExampleInput::file);
            inputs.chain(example.expect.values().map(|e| &e.file)).chain(example.stages.as_ref())
        });
        let lists = self.data.values().filter_map(|split| split.list.as_ref());
        let code = self.code.iter().flat_map(|code| &code.environment);
        let claims = self.claims.iter().filter_map(|claim| claim.data.as_ref());
        let mut all: Vec<_> = models
            .chain(steps.filter_map(Step::file))
            .chain(labels)
            .chain(examples)
            .chain(lists)
            .chain(code)
            .chain(claims.map(|data| &data.file))
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

/// The only format version there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatVersion;

impl FormatVersion {
    /// The number in the file.
    pub const NUMBER: i64 = 1;

    /// Judges the `format` of a document before anything else in it is read: a
    /// newer format may say everything else differently. An absent one passes
    /// here, to be reported with the rest.
    pub(crate) fn read_first(root: &Node<'_>) -> Option<Self> {
        root.get("format").map_or(Some(Self), |node| Self::read(&node))
    }
}

impl FromToml for FormatVersion {
    fn read(node: &Node<'_>) -> Option<Self> {
        match node.integer()? {
            Self::NUMBER => Some(Self),
            newer if newer > Self::NUMBER => {
                node.report_with(
                    format!("format {newer} is newer than this program, which reads format 1"),
                    Some("install a newer version of bundle".to_owned()),
                );
                None
            }
            _ => node.wrong_type("1"),
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "const": Self::NUMBER })
    }
}

table! {
    /// What the bundle is. The name and the version make the file name,
    /// `NAME-VERSION.bundle.tar.zst`.
    ///
    /// ```toml
    /// [bundle]
    /// name = "retina-grade"
    /// version = "1.0.0"
    /// title = "Grading retinopathy from fundus photographs"
    /// authors = ["A. Author", "B. Author"]
    /// license = "Apache-2.0"
    /// paper = "https://doi.org/10.1000/example"
    /// task = "image-classification"
    /// ```
    pub struct BundleInfo {
        /// Its name.
        name: BundleName,
        /// Its version.
        version: Version,
        /// The title of the paper or of the model.
        title: String,
        /// The authors, as they sign.
        authors: Vec<String> = Vec::new(),
        /// An SPDX licence expression, such as `MIT OR Apache-2.0`.
        license: String,
        /// The address of the paper.
        paper: Option<String>,
        /// A task name of the Hugging Face hub, such as `image-classification`.
        task: Option<String>,
    }
}

table! {
    /// What the model is for, in the words of the person who will try it.
    ///
    /// ```toml
    /// [use]
    /// for = "one colour fundus photograph, macula centred"
    /// not_for = "OCT, slit lamp; not a medical device"
    /// ```
    pub struct Use {
        /// What to give it.
        for_ as "for": String,
        /// What not to use it for.
        not_for: Option<String>,
    }
}

table! {
    /// An edge from an output of one model to an input of another. Reserved:
    /// parsed, not yet run.
    ///
    /// ```toml
    /// [[links]]
    /// from = "detector.crops"
    /// to = "recogniser.image"
    /// ```
    pub struct Link {
        /// A model and one of its ONNX outputs, with a dot between them.
        from: String,
        /// A model and one of its ONNX inputs, with a dot between them.
        to: String,
    }
}
