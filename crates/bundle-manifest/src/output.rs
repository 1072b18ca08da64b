//! What comes back, and what it means.

use serde_json::{Value as Json, json};

use crate::{
    ArtifactPath, EntryName, Step, TensorRoles, Tolerance,
    tree::{Definitions, FromToml, Node, one_key_table, table, words},
};

words! {
    /// What comes back.
    pub enum OutputKind ("output kind") {
        /// A score per class.
        Labels = "labels",
        /// Boxes with scores and classes.
        Boxes = "boxes",
        /// A class per pixel.
        Mask = "mask",
        /// A picture.
        Image = "image",
        /// Points.
        Keypoints = "keypoints",
        /// Text.
        Text = "text",
        /// A label per token.
        Tokens = "tokens",
        /// Rows with named columns.
        Table = "table",
        /// Values in order.
        Series = "series",
        /// A number.
        Scalar = "scalar",
        /// A vector that means something only beside others.
        Embedding = "embedding",
        /// An array.
        Tensor = "tensor",
    }
}

impl OutputKind {
    /// The roles that tensors of this kind may have; the first that is there is
    /// the main one.
    pub const fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Labels | Self::Tokens => &["scores", "value"],
            Self::Boxes => &["boxes", "value", "scores", "classes"],
            _ => &["value", "scores"],
        }
    }

    /// The roles of which one must be there.
    pub(crate) const fn main_roles(self) -> &'static [&'static str] {
        match self {
            Self::Boxes => &["boxes", "value"],
            _ => self.roles(),
        }
    }
}

table! {
    /// What comes back, and what it means.
    ///
    /// ```toml
    /// [[outputs]]
    /// name = "grade"
    /// kind = "labels"
    /// tensors = { scores = "logits" }
    /// steps = [{ op = "softmax", axis = -1 }]
    /// labels = { names = ["none", "mild", "moderate", "severe"] }
    /// tolerance = { atol = 1e-4, rtol = 1e-3, compare = "allclose" }
    /// ```
    pub struct Output {
        /// What a person sees.
        name: EntryName,
        /// What it is.
        kind: OutputKind,
        /// What it means, in a sentence.
        description: Option<String>,
        /// The model it comes from; required where there are several.
        model: Option<EntryName>,
        /// Role = ONNX output. The roles are `scores` for `labels` and `tokens`;
        /// `boxes`, `scores` and `classes` for `boxes`; `value` for all others.
        tensors: TensorRoles,
        /// Steps on the main role (`scores`, `boxes` or `value`).
        steps: Vec<Step> = Vec::new(),
        /// The image input whose resizing and cropping are undone, so that boxes,
        /// masks and points fit the original image. Reserved: parsed, not yet run.
        restore: Option<EntryName>,
        /// What the indices of the class axis mean: exactly one of three keys.
        labels: Option<Labels>,
        /// The unit of the values, for people.
        unit: Option<String>,
        /// How near a replay must come.
        tolerance: Tolerance = Tolerance::default(),
    }
}

impl Output {
    /// The ONNX output that `steps` and `expect` are about.
    pub fn main_tensor(&self) -> Option<&str> {
        let roles = self.kind.main_roles();
        roles.iter().find_map(|role| self.tensors.get(*role)).map(String::as_str)
    }
}

/// Where the label map is.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// A text file, a label a line; a JSON array; or a JSON object from index to label.
    File(ArtifactPath),
    /// Written here.
    Names(Vec<String>),
    /// A metadata property of the ONNX file, a label a line.
    OnnxMetadata(String),
}

table! {
    /// The keys of a [`Labels`], before their combination is judged.
    struct LabelsKeys {
        /// A file.
        file: Option<ArtifactPath>,
        /// The labels.
        names: Option<Vec<String>>,
        /// The key of a metadata property.
        onnx_metadata: Option<String>,
    }
}

const LABELS_FORMS: &str = "`{ file = … }`, `{ names = […] }` or `{ onnx_metadata = … }`";

impl FromToml for Labels {
    fn read(node: &Node<'_>) -> Option<Self> {
        if !node.is_table() {
            return node.wrong_type(LABELS_FORMS);
        }
        let LabelsKeys { file, names, onnx_metadata } = LabelsKeys::read(node)?;
        match (file, names, onnx_metadata) {
            (Some(file), None, None) => Some(Self::File(file)),
            (None, Some(names), None) if names.is_empty() => {
                node.at("names").wrong_type("an array of at least one label")
            }
            (None, Some(names), None) => Some(Self::Names(names)),
            (None, None, Some(key)) => Some(Self::OnnxMetadata(key)),
            _ => node.wrong_type(LABELS_FORMS),
        }
    }

    fn schema(definitions: &mut Definitions) -> Json {
        definitions.refer("Labels", |definitions| {
            let file = ArtifactPath::schema(definitions);
            let names = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
            json!({ "oneOf": [
                one_key_table("file", "A text file, a label a line; a JSON array; or a JSON object from index to label.", file),
                one_key_table("names", "The labels, in the order of the class axis.", names),
                one_key_table("onnx_metadata", "The key of a metadata property of the ONNX file, a label a line.", String::schema(definitions)),
            ] })
        })
    }
}
