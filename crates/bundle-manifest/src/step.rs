//! The steps of a pipeline: one type per operation, every parameter named as
//! the field names it (torchvision, Hugging Face image processors,
//! scikit-learn, ONNX).
//!
//! This file says what an author can write. What an operation computes, its
//! types and its guarantee are documented where it runs, in `bundle-preprocess`.
//! A parameter on which libraries disagree has no silent default: either it is
//! required, or its absence means "an input that needs it is refused".

mod columns;
mod image;
mod planned;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::{
    Dtype,
    tree::{Definitions, FromToml, Node, ObjectSchema, list, nearest, quote, table},
};

pub use columns::{Cell, Column, ColumnKind, UnknownCategory};
pub use image::{
    Alpha, AxisLayout, BitDepth16, ColorSpace, ExifOrientation, Interpolation, Luma,
    OffsetRounding, PadPosition, PadSide, RescaleArithmetic, ResizeImpl, ResizeSize, ResizeVersion,
    SizeRounding,
};
pub use planned::PlannedOp;

/// Declares the operations: a table each, and the `Step` enum tagged by `op`.
macro_rules! steps {
    ($($word:literal => $(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $fdoc:literal])* $field:ident $(as $key:literal)? : $ty:ty $(= $default:expr)?,)*
    })*) => {
        $(table! {
            $(#[doc = $doc])*
            pub struct $name {
                $($(#[doc = $fdoc])* $field $(as $key)? : $ty $(= $default)?,)*
            }
        })*

        /// One step of a pipeline.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Step {
            $($(#[doc = $doc])* $name($name),)*
            /// An operation that the format reserves and this version cannot run.
            Planned(PlannedOp),
        }

        impl Step {
            /// The operations this version can run, in the order of the documentation.
            pub const OPS: &[&str] = &[$($word),*];

            /// The name of the operation, as in `op = "resize"`.
            pub const fn op(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $word,)*
                    Self::Planned(op) => op.as_str(),
                }
            }
        }

        impl FromToml for Step {
            fn read(node: &Node<'_>) -> Option<Self> {
                let op = read_op(node)?;
                let step = &node.tagged("op");
                match op {
                    $($word => $name::read(step).map(Self::$name),)*
                    other => read_planned(&node.at("op"), other).map(Self::Planned),
                }
            }

            fn schema(definitions: &mut Definitions) -> Json {
                definitions.refer("Step", |definitions| {
                    let mut variants = Vec::new();
                    $(
                        let object = &mut ObjectSchema::new(definitions, &[$($doc),*]);
                        $(object.property::<$ty>(
                            crate::tree::key!($field $($key)?),
                            &[$($fdoc),*],
                            crate::tree::default!($ty $(, $default)?),
                        );)*
                        object.tag("op", $word);
                        variants.push(object.to_json());
                    )*
                    variants.push(json!({
                        "type": "object",
                        "description": "An operation that the format reserves and this version cannot run.",
                        "properties": { "op": PlannedOp::schema(definitions) },
                        "required": ["op"],
                    }));
                    json!({ "oneOf": variants })
                })
            }
        }
    };
}

fn read_op<'a>(node: &Node<'a>) -> Option<&'a str> {
    if !node.is_table() {
        return node.wrong_type("a step, `{ op = \"…\", … }`");
    }
    let op = node.get("op");
    if op.is_none() {
        node.report(format!("missing key `op` in `{}`", node.key()));
    }
    op?.string()
}

fn read_planned(op: &Node<'_>, word: &str) -> Option<PlannedOp> {
    let planned = PlannedOp::ALL.iter().copied().find(|planned| planned.as_str() == word);
    planned.or_else(|| {
        let planned = PlannedOp::ALL.iter().map(|planned| planned.as_str());
        let all: Vec<&str> = Step::OPS.iter().copied().chain(planned).collect();
        let hint = match nearest(word, &all) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("one of {}", list(Step::OPS)),
        };
        op.report_with(format!("unknown operation {}", quote(word)), Some(hint));
        None
    })
}

steps! {
    "decode_image" =>
    /// Decode a JPEG or PNG file to pixels, height × width × channels, as stored
    /// (ICC profiles and gamma are metadata and change no pixel). Refused: JPEG files that
    /// are CMYK, YCCK, 12-bit, lossless or arithmetic-coded, that have a component with more
    /// samples than luma, or a sequential scan of two of three components.
    ///
    /// ```toml
    /// { op = "decode_image", exif_orientation = "apply" }
    /// ```
    DecodeImage {
        /// What to do with the EXIF orientation tag.
        exif_orientation: ExifOrientation,
        /// How 16-bit samples become 8-bit. Absent: a 16-bit file is refused.
        bit_depth16: Option<BitDepth16>,
    }

    "convert_color" =>
    /// Convert to another colour space.
    ///
    /// ```toml
    /// { op = "convert_color", to = "RGB", alpha = "composite", background = [255, 255, 255] }
    /// ```
    ConvertColor {
        /// The channels afterwards.
        to: ColorSpace,
        /// What becomes of transparency. Absent: a file with an alpha channel is refused.
        alpha: Option<Alpha>,
        /// The colour behind `alpha = "composite"`, 0 to 255 per channel.
        background: Option<[u8; 3]>,
        /// The weights of gray. Absent: a colour file converted to `L` is refused.
        luma: Option<Luma>,
    }

    "resize" =>
    /// Resample to another size.
    ///
    /// ```toml
    /// { op = "resize", impl = "pillow", impl_version = "ge13", size = { shortest_edge = 256 }, interpolation = "bilinear", size_rounding = "trunc" }
    /// ```
    Resize {
        /// Whose kernel: they differ by up to 190 of 255 levels.
        kernel as "impl": ResizeImpl,
        /// Which version of it (Pillow 13 changed the order of the passes). Required for
        /// `impl = "pillow"`, not allowed for others.
        version as "impl_version": Option<ResizeVersion>,
        /// The size afterwards, in pixels.
        size: ResizeSize,
        /// The filter.
        interpolation: Interpolation,
        /// Whether the filter widens when shrinking; Pillow always does.
        antialias: Option<bool>,
        /// How the longer edge is rounded. Absent: a `size` that needs it is refused.
        size_rounding: Option<SizeRounding>,
    }

    "center_crop" =>
    /// Cut the middle out.
    ///
    /// ```toml
    /// { op = "center_crop", size = [224, 224], offset_rounding = "half_even" }
    /// ```
    CenterCrop {
        /// Height and width afterwards, in pixels.
        size: [u32; 2],
        /// How half a pixel is rounded: torchvision and timm `half_even`, Hugging Face `floor`.
        offset_rounding: OffsetRounding,
        /// Where the odd pixel of padding goes. Absent: a smaller image is refused.
        pad_side: Option<PadSide>,
        /// The value of padded pixels. Absent: a smaller image is refused.
        fill: Option<f64>,
    }

    "crop" =>
    /// Cut a rectangle out; outside the image is an error.
    ///
    /// ```toml
    /// { op = "crop", top = 0, left = 16, height = 224, width = 224 }
    /// ```
    Crop {
        /// First row, from 0.
        top: u64,
        /// First column, from 0.
        left: u64,
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    }

    "pad" =>
    /// Add a border of one value; exactly one of `size` and `divisor`.
    ///
    /// ```toml
    /// { op = "pad", divisor = 32, position = "top_left", fill = 0 }
    /// ```
    Pad {
        /// Height and width afterwards, in pixels.
        size: Option<[u32; 2]>,
        /// Height and width become the next multiple of this.
        divisor: Option<u32>,
        /// Where the image sits.
        position: PadPosition,
        /// The value of padded pixels.
        fill: f64,
    }

    "rescale" =>
    /// Multiply by `scale`, add `offset`; the result is float32.
    ///
    /// ```toml
    /// { op = "rescale", scale = 0.00392156862745098 }
    /// ```
    Rescale {
        /// The factor, such as 1/255.
        scale: f64,
        /// Added afterwards.
        offset: f64 = 0.0,
        /// In which arithmetic: they differ in the last bits.
        arithmetic: RescaleArithmetic = RescaleArithmetic::F64Mul,
    }

    "normalize" =>
    /// Subtract `mean` and divide by `std`, in float32. Both have the same number of values:
    /// one per channel, or one for all.
    ///
    /// ```toml
    /// { op = "normalize", mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] }
    /// ```
    Normalize {
        /// Subtracted, in the unit of the tensor here.
        mean: Vec<f64>,
        /// Divided by.
        std: Vec<f64>,
    }

    "layout" =>
    /// Order the axes of an image as the network wants them; `N` is a new axis of length 1.
    ///
    /// ```toml
    /// { op = "layout", to = "NCHW" }
    /// ```
    Layout {
        /// The order afterwards.
        to: AxisLayout,
    }

    "ensure_dtype" =>
    /// Convert the elements; a value that the new type cannot hold is an error.
    ///
    /// ```toml
    /// { op = "ensure_dtype", dtype = "float32" }
    /// ```
    EnsureDtype {
        /// The element type afterwards.
        dtype: Dtype,
    }

    "expand_dims" =>
    /// Insert an axis of length 1.
    ///
    /// ```toml
    /// { op = "expand_dims", axis = 0 }
    /// ```
    ExpandDims {
        /// Its index in the result; negative counts from the end.
        axis: i64,
    }

    "columns" =>
    /// Read a table (CSV with a header line, or one row as a form) into typed columns.
    ///
    /// ```toml
    /// { op = "columns", na_values = ["NA"], columns = [
    ///   { name = "age", kind = "number", unit = "years", range = [18, 99] },
    ///   { name = "smoker", kind = "category", categories = ["yes", "no"] },
    /// ] }
    /// ```
    Columns {
        /// The columns, in the order the network expects.
        columns: Vec<Column>,
        /// Cells that mean "missing". Empty cells always do.
        na_values: Vec<String> = Vec::new(),
    }

    "impute" =>
    /// Fill missing cells (scikit-learn `SimpleImputer`, its `statistics_` written out).
    ///
    /// ```toml
    /// { op = "impute", values = { age = 54.5, smoker = "no" } }
    /// ```
    Impute {
        /// The value per column.
        values: BTreeMap<String, Cell>,
    }

    "standard_scale" =>
    /// `(x - mean) / scale` per column, in float64 (scikit-learn `StandardScaler`).
    ///
    /// ```toml
    /// { op = "standard_scale", columns = ["age"], mean = [51.2], scale = [14.9] }
    /// ```
    StandardScale {
        /// The columns; absent means every numeric column, in order.
        columns: Option<Vec<String>>,
        /// `mean_` of the fitted scaler.
        mean: Vec<f64>,
        /// `scale_` of the fitted scaler.
        scale: Vec<f64>,
    }

    "one_hot" =>
    /// Replace a column of categories by a 0/1 column each (scikit-learn `OneHotEncoder`).
    ///
    /// ```toml
    /// { op = "one_hot", column = "smoker", categories = ["no", "yes"], unknown = "error" }
    /// ```
    OneHot {
        /// The column.
        column: String,
        /// The categories, in the order of the new columns.
        categories: Vec<String>,
        /// What an unlisted category does.
        unknown: UnknownCategory,
    }

    "column_concat" =>
    /// Put the numeric columns side by side: a tensor of rows × columns.
    ///
    /// ```toml
    /// { op = "column_concat", dtype = "float32" }
    /// ```
    ColumnConcat {
        /// The element type, `float32` or `float64`.
        dtype: Dtype,
    }

    "softmax" =>
    /// `exp(x - max) / sum` along an axis, in float64 arithmetic; float16 and float32 are
    /// rounded once at the end.
    ///
    /// ```toml
    /// { op = "softmax", axis = -1 }
    /// ```
    Softmax {
        /// The axis; negative counts from the end.
        axis: i64,
    }

    "sigmoid" =>
    /// `1 / (1 + exp(-x))`.
    ///
    /// ```toml
    /// { op = "sigmoid" }
    /// ```
    Sigmoid {}

    "argmax" =>
    /// The index of the first largest element along an axis; the axis is dropped.
    ///
    /// ```toml
    /// { op = "argmax", axis = -1 }
    /// ```
    Argmax {
        /// The axis; negative counts from the end.
        axis: i64,
    }

    "top_k" =>
    /// The largest `k` along the last axis, largest first, ties by index;
    /// publishes `values` and `indices`.
    ///
    /// ```toml
    /// { op = "top_k", k = 5 }
    /// ```
    TopK {
        /// How many; at most the length of the axis.
        k: u32,
    }
}
