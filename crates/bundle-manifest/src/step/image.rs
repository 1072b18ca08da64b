//! Parameters of the image steps.

use serde_json::{Value as Json, json};

use crate::tree::{Definitions, FromToml, Node, table, words};

words! {
    /// What `decode_image` does with the EXIF orientation tag.
    pub enum ExifOrientation ("orientation") {
        /// Pixels as stored (PIL, timm, torchvision).
        Ignore = "ignore",
        /// Rotated as the tag says (OpenCV, transformers `load_image`).
        Apply = "apply",
    }
}

words! {
    /// How 16-bit samples become 8-bit.
    pub enum BitDepth16 ("bit depth rule") {
        /// The high byte (OpenCV; Pillow for colour).
        Shift8 = "shift8",
        /// Values above 255 become 255 (Pillow for gray).
        Saturate = "saturate",
        /// They stay 16-bit.
        Keep = "keep",
    }
}

words! {
    /// Channels of an image.
    pub enum ColorSpace ("colour space") {
        /// Red, green, blue.
        Rgb = "RGB",
        /// Blue, green, red (OpenCV).
        Bgr = "BGR",
        /// Gray.
        L = "L",
        /// Red, green, blue, alpha.
        Rgba = "RGBA",
    }
}

words! {
    /// What becomes of transparency.
    pub enum Alpha ("alpha rule") {
        /// The colour is kept, the alpha forgotten (PIL, OpenCV, torchvision).
        Drop = "drop",
        /// Blended over `background` (transformers 5: white).
        Composite = "composite",
    }
}

words! {
    /// The weights of gray.
    pub enum Luma ("luma") {
        /// `(19595 R + 38470 G + 7471 B + 32768) >> 16`.
        Pillow = "pillow",
        /// `(9798 R + 19235 G + 3735 B + 16384) >> 15`.
        Opencv = "opencv",
    }
}

words! {
    /// Whose resampling.
    pub enum ResizeImpl ("resize implementation") {
        /// Pillow: 22-bit fixed point, 8-bit values between the passes.
        Pillow = "pillow",
        /// torchvision on uint8 tensors: weights of 16 bits, 8-bit values between the passes.
        TorchvisionU8 = "torchvision_u8",
        /// torchvision on float32 tensors.
        TorchvisionF32 = "torchvision_f32",
        /// OpenCV: weights of 11 bits; never antialiases.
        Opencv = "opencv",
    }
}

words! {
    /// Which version of a resampler.
    pub enum ResizeVersion ("resize version") {
        /// Pillow before 13: horizontal first. (12.1 to 12.3 differ where an image is more than
        /// 100 times taller than wide and its height shrinks.)
        Lt13 = "lt13",
        /// Pillow 13 and later: vertical first where that is less work.
        Ge13 = "ge13",
    }
}

words! {
    /// The filter of a resize.
    pub enum Interpolation ("interpolation") {
        /// The nearest sample.
        Nearest = "nearest",
        /// The mean of the samples covered.
        Box = "box",
        /// A triangle.
        Bilinear = "bilinear",
        /// A Hamming-windowed sinc of radius 1.
        Hamming = "hamming",
        /// A cubic with a = -0.5 (torchvision without antialias: -0.75).
        Bicubic = "bicubic",
        /// A Lanczos-windowed sinc of radius 3.
        Lanczos = "lanczos",
        /// The mean of the samples covered, as OpenCV's `INTER_AREA`.
        Area = "area",
    }
}

words! {
    /// How a computed edge length becomes whole.
    pub enum SizeRounding ("rounding") {
        /// Towards zero (torchvision, Hugging Face).
        Trunc = "trunc",
        /// Towards zero; under `longest_edge` the shorter edge to the nearest, halves to even,
        /// and the longer one from the unrounded shorter (transformers
        /// `get_size_with_aspect_ratio`: DETR and others that have both edges).
        TruncRound = "trunc_round",
        /// To the nearest, halves to even.
        Round = "round",
        /// Downwards.
        Floor = "floor",
    }
}

words! {
    /// How half a pixel of offset is rounded.
    pub enum OffsetRounding ("rounding") {
        /// Downwards.
        Floor = "floor",
        /// To the nearest, halves to even.
        HalfEven = "half_even",
    }
}

words! {
    /// The share of the top and left side in an odd padding.
    pub enum PadSide ("pad side") {
        /// Half, rounded down.
        Floor = "floor",
        /// Half, rounded up.
        Ceil = "ceil",
    }
}

words! {
    /// Where the image sits in its padding.
    pub enum PadPosition ("position") {
        /// Padding at the bottom and right.
        TopLeft = "top_left",
        /// Half the padding, rounded down, at the top and left.
        Center = "center",
    }
}

words! {
    /// In which arithmetic a rescale is done.
    pub enum RescaleArithmetic ("arithmetic") {
        /// `float32(float64(x) * scale + offset)`; equal to torchvision's `x / 255`.
        F64Mul = "f64_mul",
        /// `float32(x) * float32(scale) + float32(offset)`, rounded at each operation.
        F32Mul = "f32_mul",
        /// `float32(x) / float32(1 / scale) + float32(offset)`.
        F32Div = "f32_div",
    }
}

words! {
    /// The order of axes.
    pub enum AxisLayout ("layout") {
        /// Batch, channels, height, width.
        Nchw = "NCHW",
        /// Batch, height, width, channels.
        Nhwc = "NHWC",
        /// Channels, height, width.
        Chw = "CHW",
        /// Height, width, channels.
        Hwc = "HWC",
        /// Batch, height, width; one channel only.
        Nhw = "NHW",
        /// Height, width; one channel only.
        Hw = "HW",
    }
}

words! {
    /// Where the epsilon of a per-sample normalisation is added.
    pub enum EpsPosition ("place of epsilon") {
        /// `(x - mean) / (std + eps)` (BioImage.IO).
        Std = "std",
        /// `(x - mean) / sqrt(var + eps)` (`Wav2Vec2`).
        Variance = "variance",
    }
}

words! {
    /// In which arithmetic the statistics of a sample are computed.
    pub enum StatisticsArithmetic ("arithmetic") {
        /// NumPy on float64; the result is rounded to float32 once (BioImage.IO).
        F64 = "f64",
        /// NumPy on float32, rounded at each operation (`Wav2Vec2`).
        F32 = "f32",
    }
}

words! {
    /// What becomes of `MONOCHROME1`, where 0 is white.
    pub enum Photometric ("photometric rule") {
        /// Inverted, so that 0 is black.
        Apply = "apply",
        /// As stored (pydicom `pixel_array`).
        Ignore = "ignore",
    }
}

table! {
    /// A window of gray values, as radiologists use it (DICOM PS3.3 C.11.2.1.2).
    pub struct DicomWindow {
        /// Its centre, in the unit after rescaling.
        center: f64,
        /// Its width, at least 1.
        width: f64,
    }
}

impl ResizeImpl {
    /// The filters of the library that its kernel here has.
    pub const fn interpolations(self) -> &'static [Interpolation] {
        match self {
            Self::Pillow => &[
                Interpolation::Nearest,
                Interpolation::Box,
                Interpolation::Bilinear,
                Interpolation::Hamming,
                Interpolation::Bicubic,
                Interpolation::Lanczos,
            ],
            Self::TorchvisionU8 | Self::TorchvisionF32 => {
                &[Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Bicubic]
            }
            Self::Opencv => &[Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Area],
        }
    }
}

/// The size a resize aims at, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResizeSize {
    /// Exactly this; the aspect ratio may change.
    Exact {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
    /// The shorter edge becomes this, the aspect ratio stays.
    ShortestEdge {
        /// The shorter edge.
        shortest_edge: u32,
        /// The longer edge never exceeds this.
        longest_edge: Option<u32>,
    },
    /// The longer edge becomes this, the aspect ratio stays.
    LongestEdge {
        /// The longer edge.
        longest_edge: u32,
    },
    /// As large as fits, the aspect ratio stays.
    Within {
        /// Most rows.
        max_height: u32,
        /// Most columns.
        max_width: u32,
    },
}

table! {
    /// The keys of a [`ResizeSize`], before their combination is judged.
    struct ResizeSizeKeys {
        /// Rows.
        height: Option<u32>,
        /// Columns.
        width: Option<u32>,
        /// The shorter edge.
        shortest_edge: Option<u32>,
        /// The longer edge.
        longest_edge: Option<u32>,
        /// Most rows.
        max_height: Option<u32>,
        /// Most columns.
        max_width: Option<u32>,
    }
}

impl FromToml for ResizeSize {
    fn read(node: &Node<'_>) -> Option<Self> {
        if !node.is_table() {
            return node.wrong_type(SIZE_FORMS);
        }
        let keys = ResizeSizeKeys::read(node)?;
        let ResizeSizeKeys { height, width, shortest_edge, longest_edge, max_height, max_width } =
            keys;
        match (height, width, shortest_edge, longest_edge, max_height, max_width) {
            (Some(height), Some(width), None, None, None, None) => {
                Some(Self::Exact { height, width })
            }
            (None, None, Some(shortest_edge), longest_edge, None, None) => {
                Some(Self::ShortestEdge { shortest_edge, longest_edge })
            }
            (None, None, None, Some(longest_edge), None, None) => {
                Some(Self::LongestEdge { longest_edge })
            }
            (None, None, None, None, Some(max_height), Some(max_width)) => {
                Some(Self::Within { max_height, max_width })
            }
            _ => node.wrong_type(SIZE_FORMS),
        }
    }

    fn schema(definitions: &mut Definitions) -> Json {
        definitions.refer("ResizeSize", |definitions| {
            let edge = u32::schema(definitions);
            let form = |description: &str, required: &[&str], optional: &[&str]| {
                let keys = required.iter().chain(optional);
                let properties: serde_json::Map<String, Json> =
                    keys.map(|key| ((*key).to_owned(), edge.clone())).collect();
                json!({
                    "type": "object",
                    "description": description,
                    "properties": properties,
                    "required": required,
                    "additionalProperties": false,
                })
            };
            json!({ "oneOf": [
                form("Exactly this; the aspect ratio may change.", &["height", "width"], &[]),
                form(
                    "The shorter edge becomes this, the longer never exceeds its bound; the aspect ratio stays.",
                    &["shortest_edge"],
                    &["longest_edge"],
                ),
                form("The longer edge becomes this; the aspect ratio stays.", &["longest_edge"], &[]),
                form("As large as fits; the aspect ratio stays.", &["max_height", "max_width"], &[]),
            ] })
        })
    }
}

const SIZE_FORMS: &str = "`{ height, width }`, `{ shortest_edge }`, `{ shortest_edge, longest_edge }`, \
    `{ longest_edge }` or `{ max_height, max_width }`";

impl ResizeSize {
    /// Whether one edge is computed from the other, so that it must be rounded.
    pub const fn keeps_aspect_ratio(self) -> bool {
        !matches!(self, Self::Exact { .. })
    }
}
