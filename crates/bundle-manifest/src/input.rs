//! What a person or a program gives.

use std::collections::BTreeMap;

use crate::{
    EntryName, Step,
    tree::{table, words},
};

words! {
    /// What a person gives.
    pub enum InputKind ("input kind") {
        /// A picture file.
        Image = "image",
        /// A sound file.
        Audio = "audio",
        /// Text.
        Text = "text",
        /// Rows with named columns: a form or a CSV file.
        Table = "table",
        /// Measurements in order.
        Series = "series",
        /// Any file.
        File = "file",
        /// An NPY array, or a JSON one.
        Tensor = "tensor",
        /// Several inputs as one.
        Group = "group",
    }
}

/// Names of ONNX tensors with names of values: see [`Input::tensors`] and
/// [`Output::tensors`](crate::Output::tensors) for which is the key.
pub type TensorRoles = BTreeMap<String, String>;

table! {
    /// What a person or a program gives, and how it becomes tensors.
    ///
    /// ```toml
    /// [[inputs]]
    /// name = "photograph"
    /// kind = "image"
    /// description = "one colour fundus photograph"
    /// steps = [
    ///   { op = "decode_image", exif_orientation = "apply" },
    ///   { op = "convert_color", to = "RGB", alpha = "drop" },
    ///   { op = "rescale", scale = 0.00392156862745098 },
    ///   { op = "layout", to = "NCHW" },
    /// ]
    /// tensors = { pixel_values = "value" }
    /// ```
    pub struct Input {
        /// What a person sees.
        name: EntryName,
        /// What it is.
        kind: InputKind,
        /// What to give, in a sentence.
        description: Option<String>,
        /// The model it is for; required where there are several.
        model: Option<EntryName>,
        /// The inputs that a group joins, at least two; for `kind = "group"`.
        of: Vec<EntryName> = Vec::new(),
        /// How a group joins them; for `kind = "group"`.
        join: Option<Join>,
        /// The pipeline, first step first. Of a group: what follows the join.
        steps: Vec<Step> = Vec::new(),
        /// ONNX input = value that the pipeline publishes. The result of the last
        /// step is published as `value`, each numeric column of a table under its
        /// name; `top_k` publishes `values` and `indices` too. May be empty where a
        /// group joins the input.
        tensors: TensorRoles,
        /// How long sounds and series are cut. Reserved: parsed, not yet run.
        window: Option<Window>,
        /// How large images are cut. Reserved: parsed, not yet run.
        tile: Option<Tile>,
    }
}

impl Input {
    /// Whether a person gives it. A group is joined from others, and nothing is given for it.
    pub fn is_given(&self) -> bool {
        self.kind != InputKind::Group
    }
}

words! {
    /// How tensors join.
    pub enum JoinMethod ("way to join tensors") {
        /// One after the other along an axis that all have (NumPy `concatenate`).
        Concat = "concat",
        /// Side by side along a new axis (NumPy `stack`).
        Stack = "stack",
    }
}

table! {
    /// How a group joins the results of its inputs, all of one element type.
    ///
    /// ```toml
    /// [[inputs]]
    /// name = "left"
    /// kind = "tensor"
    /// tensors = {}
    ///
    /// [[inputs]]
    /// name = "right"
    /// kind = "tensor"
    /// tensors = {}
    ///
    /// [[inputs]]
    /// name = "pair"
    /// kind = "group"
    /// of = ["left", "right"]
    /// join = { how = "concat", axis = 1 }
    /// tensors = { images = "value" }
    /// ```
    pub struct Join {
        /// How.
        how: JoinMethod,
        /// The axis: of each tensor for `concat`, of the result for `stack`; negative counts
        /// from the end.
        axis: i64,
    }
}

words! {
    /// How the outputs of windows join.
    pub enum WindowJoin ("way to join windows") {
        /// One after the other.
        Concat = "concat",
        /// The mean.
        Mean = "mean",
        /// The largest.
        Max = "max",
    }
}

words! {
    /// What becomes of a last, shorter window.
    pub enum Tail ("tail rule") {
        /// Filled with zeros.
        Pad = "pad",
        /// Left out.
        Drop = "drop",
        /// Run at its own length.
        Keep = "keep",
    }
}

table! {
    /// Pieces of a long input, for `kind = "audio"`, `"series"` or `"text"`.
    ///
    /// ```toml
    /// [[inputs]]
    /// name = "speech"
    /// kind = "audio"
    /// steps = [{ op = "decode_audio", mono = "mean" }]
    /// tensors = { samples = "value" }
    /// window = { length = 512, stride = 512, tail = "pad", join = "concat" }
    /// ```
    pub struct Window {
        /// Samples of a piece.
        length: u32,
        /// Samples from one piece's start to the next, at most `length`.
        stride: u32,
        /// What becomes of the last, shorter piece.
        tail: Tail,
        /// How outputs join.
        join: WindowJoin,
    }
}

words! {
    /// How the outputs of tiles join.
    pub enum TileJoin ("way to join tiles") {
        /// The halo is cut off.
        Crop = "crop",
        /// Blended over the halo.
        Blend = "blend",
    }
}

table! {
    /// Pieces of a large image, for `kind = "image"`.
    ///
    /// ```toml
    /// [[inputs]]
    /// name = "slide"
    /// kind = "image"
    /// steps = [{ op = "decode_image", exif_orientation = "ignore" }]
    /// tensors = { pixels = "value" }
    /// tile = { size = [512, 512], halo = 32, join = "crop" }
    /// ```
    pub struct Tile {
        /// Height and width of a piece with its halo, in pixels.
        size: [u32; 2],
        /// Pixels of surroundings on each side, less than half of `size`.
        halo: u64,
        /// How outputs join.
        join: TileJoin,
    }
}
