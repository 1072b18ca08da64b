//! The steps of a pipeline: one type per operation, every parameter named as
//! the field names it (torchvision, Hugging Face image processors,
//! scikit-learn, ONNX).
//!
//! This file says what an author can write. What an operation computes, its
//! types and its guarantee are documented where it runs, in `bundle-preprocess`.
//! A parameter on which libraries disagree has no silent default: either it is
//! required, or its absence means "an input that needs it is refused".

mod audio;
mod columns;
mod image;
mod output;
mod text;

use std::{collections::BTreeMap, str::FromStr};

use serde_json::{Value as Json, json};

use crate::{
    ArtifactPath, Dtype, ManifestError,
    tree::{Definitions, Document, FromToml, Node, ObjectSchema, list, nearest, quote, table},
};

pub use audio::{
    EdgePadding, LogBase, MelNorm, MelScale, Mono, PadMode, ResampleMethod, Side, WindowFunction,
};
pub use columns::{Cell, Column, ColumnKind, UnknownCategory, WindowTail};
pub use image::{
    Alpha, AxisLayout, BitDepth16, ColorSpace, DicomWindow, EpsPosition, ExifOrientation,
    Interpolation, Luma, OffsetRounding, PadPosition, PadSide, Photometric, RescaleArithmetic,
    ResizeImpl, ResizeSize, ResizeVersion, SizeRounding, StatisticsArithmetic,
};
pub use output::{BoxFormat, BoxUnit, ClassActivation, Pooling};
pub use text::{TokenPadding, Truncation, TruncationStrategy};

/// Bytes of a step that are read on its own.
const MAX_STEP: usize = 1 << 20;

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
        }

        impl Step {
            /// The operations this version can run, in the order of the documentation.
            pub const OPS: &[&str] = &[$($word),*];

            /// The name of the operation, as in `op = "resize"`.
            pub const fn op(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $word,)*
                }
            }
        }

        impl FromToml for Step {
            fn read(node: &Node<'_>) -> Option<Self> {
                let op = read_op(node)?;
                let step = &node.tagged("op");
                match op {
                    $($word => $name::read(step).map(Self::$name),)*
                    other => {
                        unknown_op(&node.at("op"), other);
                        None
                    }
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
                    json!({ "oneOf": variants })
                })
            }
        }
    };
}

impl Step {
    /// The names of the values that it publishes beside its result.
    pub const fn publishes(&self) -> &'static [&'static str] {
        match self {
            Self::TopK(_) => &["values", "indices"],
            Self::Tokenize(_) => &["ids", "attention_mask", "type_ids", "offsets"],
            Self::Bytes(_) => &["ids", "attention_mask"],
            _ => &[],
        }
    }

    /// The file that it needs, beside its input.
    pub const fn file(&self) -> Option<&ArtifactPath> {
        match self {
            Self::Tokenize(step) => Some(&step.file),
            Self::Detokenize(step) => Some(&step.file),
            _ => None,
        }
    }
}

impl FromStr for Step {
    type Err = ManifestError;

    /// A step as an inline table of TOML, as in `bundle.toml`.
    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let text = format!("step = {text}");
        let document = Document::parse(&text, MAX_STEP)?;
        let step = document.root().at("step");
        document.finish(Self::read(&step))
    }
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

fn unknown_op(op: &Node<'_>, word: &str) {
    let hint = match nearest(word, Step::OPS) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("one of {}", list(Step::OPS)),
    };
    op.report_with(format!("unknown operation {}", quote(word)), Some(hint));
}

steps! {
    "decode_image" =>
    /// Decode a JPEG, PNG, WebP or TIFF file to pixels, height × width × channels, as stored
    /// (ICC profiles and gamma are metadata and change no pixel). CMYK stays CMYK, for
    /// `convert_color`. Of a TIFF file, the first page is decoded, and its orientation is
    /// always applied, as Pillow does.
    ///
    /// Refused: JPEG files that are 12-bit or lossless, that have a component with more
    /// samples than luma, a sequential Huffman scan of two of three components, or
    /// subsampled CMYK; animated WebP; TIFF files of floats, of signed, 12-bit or 32-bit
    /// samples, of YCbCr or Lab, with a JPEG file or Group 3 fax inside, and `BigTIFF`.
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

    "decode_dicom" =>
    /// Decode one frame of a DICOM file. Only what pixels need is read; no header field is
    /// stored, shown or exported. Samples are pydicom's `pixel_array`, uint8 or uint16;
    /// signed ones, and those that `rescale` or `window` compute, are float32.
    ///
    /// Refused: JPEG 2000, JPEG-LS, 12-bit JPEG, `PALETTE COLOR`, samples of 1 or 32 bits,
    /// colours of 16 bits, a table as modality LUT, a rescale that is stated for each frame.
    ///
    /// ```toml
    /// { op = "decode_dicom", frame = 0, rescale = true, window = { center = 40, width = 400 }, photometric = "apply" }
    /// ```
    DecodeDicom {
        /// Index of the frame, from 0.
        frame: u64 = 0,
        /// Whether the modality's slope and intercept are applied (Hounsfield units of CT).
        rescale: bool,
        /// The window that becomes 0 to 1. Absent: none is applied.
        window: Option<DicomWindow>,
        /// What becomes of inverted gray.
        photometric: Photometric,
    }

    "decode_array" =>
    /// Read an NPY file as it is.
    ///
    /// ```toml
    /// { op = "decode_array" }
    /// ```
    DecodeArray {}

    "decode_audio" =>
    /// Decode a WAV or FLAC file to float32 samples in −1 to 1; integers are divided by
    /// 2^(bits − 1), as soundfile and torchaudio do.
    ///
    /// ```toml
    /// { op = "decode_audio", mono = "mean", sampling_rate = 16000 }
    /// ```
    DecodeAudio {
        /// How several channels become one. Absent: a file of several is refused.
        mono: Option<Mono>,
        /// The rate of the file in hertz; another one is refused. Absent: any, and `resample`
        /// must follow.
        sampling_rate: Option<u32>,
    }

    "resample" =>
    /// Change the sampling rate; a signal at that rate is not touched.
    ///
    /// ```toml
    /// { op = "resample", sampling_rate = 16000, method = "sinc_hann", lowpass_filter_width = 6, rolloff = 0.99 }
    /// ```
    Resample {
        /// The rate afterwards, in hertz.
        sampling_rate: u32,
        /// How.
        method: ResampleMethod,
        /// Zero crossings of the sinc on each side.
        lowpass_filter_width: u32,
        /// The cut-off as a part of the Nyquist frequency.
        rolloff: f64,
    }

    "pad_or_trim" =>
    /// Make a signal exactly, or at least, a given length. For a tensor: along its last axis.
    ///
    /// ```toml
    /// { op = "pad_or_trim", length = 480000, side = "right", mode = "constant", value = 0.0 }
    /// ```
    PadOrTrim {
        /// Samples afterwards.
        length: u32,
        /// At which end samples are added and cut.
        side: Side,
        /// What fills.
        mode: PadMode,
        /// The value that fills.
        value: f64 = 0.0,
        /// Whether a longer signal is cut; else it stays as it is.
        trim: bool = true,
        /// The axis of a tensor; negative counts from the end.
        axis: i64 = -1,
    }

    "preemphasis" =>
    /// `y[t] = x[t] - coefficient * x[t - 1]`; the first sample stays.
    ///
    /// ```toml
    /// { op = "preemphasis", coefficient = 0.97 }
    /// ```
    Preemphasis {
        /// The share of the sample before.
        coefficient: f64,
    }

    "stft" =>
    /// The short-time Fourier transform as magnitudes to a power: frequencies × frames, float64.
    ///
    /// ```toml
    /// { op = "stft", n_fft = 400, win_length = 400, hop_length = 160, window = "hann", periodic = true, center = true, pad_mode = "reflect", power = 2.0 }
    /// ```
    Stft {
        /// Samples of a transform.
        n_fft: u32,
        /// Samples of the window, centred in `n_fft` zeros.
        win_length: u32,
        /// Samples from one frame to the next.
        hop_length: u32,
        /// The window.
        window: WindowFunction,
        /// Whether the window is periodic (torch, scipy `fftbins`) or symmetric (`numpy.hanning`).
        periodic: bool,
        /// Whether frames are centred on their time, with the signal padded by `n_fft / 2`.
        center: bool,
        /// What lies beyond the ends. Required with `center`.
        pad_mode: Option<EdgePadding>,
        /// 1 for magnitudes, 2 for power.
        power: f64,
    }

    "mel" =>
    /// A mel filter bank over the frequencies of `stft`: mels × frames, float64.
    ///
    /// ```toml
    /// { op = "mel", n_mels = 80, f_min = 0.0, f_max = 8000.0, scale = "slaney", norm = "slaney" }
    /// ```
    Mel {
        /// Filters.
        n_mels: u32,
        /// The lowest frequency, in hertz.
        f_min: f64,
        /// The highest frequency, in hertz.
        f_max: f64,
        /// The frequency scale.
        scale: MelScale,
        /// The scaling of filters.
        norm: MelNorm,
    }

    "log" =>
    /// The logarithm of `max(x, floor)`, then a floor `dynamic_range` below the largest value.
    ///
    /// ```toml
    /// { op = "log", base = "10", floor = 1e-10, dynamic_range = 8.0 }
    /// ```
    Log {
        /// The base.
        base: LogBase,
        /// Smaller values become this first.
        floor: f64,
        /// Added before the logarithm.
        offset: f64 = 0.0,
        /// Values further below the largest become that much below (Whisper 8, librosa
        /// `top_db` 80). Absent: no second floor.
        dynamic_range: Option<f64>,
    }

    "kaldi_fbank" =>
    /// Kaldi's log mel filter bank (torchaudio `compliance.kaldi.fbank` with `dither = 0`):
    /// frames × mels, float64.
    ///
    /// ```toml
    /// { op = "kaldi_fbank", n_mels = 128, frame_length = 400, frame_shift = 160, window = "hann", preemphasis = 0.97, remove_dc_offset = true, f_min = 20.0, f_max = 0.0, snip_edges = true }
    /// ```
    KaldiFbank {
        /// Filters.
        n_mels: u32,
        /// Samples of a frame.
        frame_length: u32,
        /// Samples from one frame to the next.
        frame_shift: u32,
        /// The window, symmetric.
        window: WindowFunction,
        /// The share of the sample before that is taken off, within each frame.
        preemphasis: f64,
        /// Whether each frame's mean is taken off.
        remove_dc_offset: bool,
        /// The lowest frequency, in hertz.
        f_min: f64,
        /// The highest frequency, in hertz; 0 or less counts from the Nyquist frequency.
        f_max: f64,
        /// Whether only frames that lie inside the signal are taken.
        snip_edges: bool,
    }

    "drop_last_frame" =>
    /// Leave out the last element of the last axis (Whisper drops the last frame).
    ///
    /// ```toml
    /// { op = "drop_last_frame" }
    /// ```
    DropLastFrame {}

    "lowercase" =>
    /// The text in lower case (Python `str.lower`).
    ///
    /// ```toml
    /// { op = "lowercase" }
    /// ```
    Lowercase {}

    "tokenize" =>
    /// Text to token ids, by a `tokenizer.json` of `tokenizers`. Publishes `ids`,
    /// `attention_mask`, `type_ids` (1 × tokens, int64) and `offsets` (1 × tokens × 2, in
    /// characters). What the file says of truncation and padding is not used: both are written
    /// here, or not done.
    ///
    /// ```toml
    /// { op = "tokenize", file = "tokenizer.json", add_special_tokens = true, truncation = { max_length = 128 }, padding = { length = 128, side = "right", pad_id = 0 } }
    /// ```
    Tokenize {
        /// The tokenizer.
        file: ArtifactPath,
        /// Whether `[CLS]`, `</s>` … are added.
        add_special_tokens: bool,
        /// How a long text is cut. Absent: it is not.
        truncation: Option<Truncation>,
        /// How a short text is filled. Absent: it is not.
        padding: Option<TokenPadding>,
    }

    "bytes" =>
    /// The content of the file as tokens: each byte plus `offset` (`ByT5`, magika). Publishes
    /// `ids` and `attention_mask` (1 × tokens, int64).
    ///
    /// ```toml
    /// { op = "bytes", offset = 3, length = 1024, pad_id = 0, append = [1] }
    /// ```
    Bytes {
        /// Added to each byte.
        offset: u64 = 0,
        /// Ids put after the bytes, such as an end of sequence.
        append: Vec<u64> = Vec::new(),
        /// Tokens afterwards; more are cut at the end. Absent: as many as there are.
        length: Option<u32>,
        /// The id that fills. Absent: a shorter file is refused where `length` is given.
        pad_id: Option<u64>,
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

    "letterbox" =>
    /// Resize so that the image fits into `size` with its aspect ratio kept, then fill the rest
    /// (Ultralytics, YOLO). The new edges are rounded to the nearest, halves to even; the border
    /// is split as `round(d / 2 - 0.1)` before and `round(d / 2 + 0.1)` after.
    ///
    /// ```toml
    /// { op = "letterbox", impl = "opencv", size = [640, 640], interpolation = "bilinear", fill = 114, scaleup = true, position = "center" }
    /// ```
    Letterbox {
        /// Whose kernel, as of `resize`.
        kernel as "impl": ResizeImpl,
        /// Which version of it, as of `resize`.
        version as "impl_version": Option<ResizeVersion>,
        /// Height and width afterwards, in pixels; with `stride`, the most they can be.
        size: [u32; 2],
        /// The filter.
        interpolation: Interpolation,
        /// Whether the filter widens when shrinking, as of `resize`.
        antialias: Option<bool>,
        /// The value of the border, for every channel.
        fill: f64,
        /// Whether a smaller image is enlarged.
        scaleup: bool,
        /// Fill only up to the next multiple of this (Ultralytics `auto`).
        stride: Option<u32>,
        /// Where the image sits.
        position: PadPosition,
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
    /// one per channel, or one for all. What transformers computes with torchvision, rescale and
    /// normalisation in one, is this step without `rescale`, with both lists multiplied by
    /// `1 / scale` in float32.
    ///
    /// ```toml
    /// { op = "normalize", mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] }
    /// ```
    Normalize {
        /// Subtracted, in the unit of the tensor here.
        mean: Vec<f64>,
        /// Divided by.
        std: Vec<f64>,
        /// The channel axis of a tensor; negative counts from the end. Absent: the one that
        /// `layout` made.
        axis: Option<i64>,
    }

    "zero_mean_unit_variance" =>
    /// Subtract the sample's own mean and divide by its own standard deviation, both over
    /// `axes`; the result is float32 (float64 stays float64 in `f64` arithmetic).
    ///
    /// ```toml
    /// { op = "zero_mean_unit_variance", eps = 1e-6, eps_position = "std", ddof = 0 }
    /// ```
    ZeroMeanUnitVariance {
        /// The axes over which mean and variance are taken. Absent: all of them.
        axes: Option<Vec<i64>>,
        /// Keeps the divisor from 0.
        eps: f64,
        /// Where it is added.
        eps_position: EpsPosition,
        /// Degrees of freedom taken off the count: 0 (NumPy) or 1 (torch).
        ddof: u8,
        /// In which arithmetic: they differ in the last bits.
        arithmetic: StatisticsArithmetic = StatisticsArithmetic::F64,
    }

    "scale_range" =>
    /// `(x - lower) / (upper - lower + eps)` with percentiles of the sample, NumPy's `linear`
    /// method (BioImage.IO `scale_range`); the result is float32.
    ///
    /// ```toml
    /// { op = "scale_range", min_percentile = 1.0, max_percentile = 99.8, eps = 1e-6 }
    /// ```
    ScaleRange {
        /// The percentile that becomes 0, from 0 to 100.
        min_percentile: f64,
        /// The percentile that becomes 1.
        max_percentile: f64,
        /// The axes over which percentiles are taken. Absent: all of them.
        axes: Option<Vec<i64>>,
        /// Keeps the divisor from 0.
        eps: f64,
    }

    "clip" =>
    /// Limit to a range.
    ///
    /// ```toml
    /// { op = "clip", min = 0.0, max = 1.0 }
    /// ```
    Clip {
        /// Smaller values become this.
        min: Option<f64>,
        /// Larger values become this.
        max: Option<f64>,
    }

    "scale_linear" =>
    /// `x * gain + offset`, in float32 for float32 and integers (BioImage.IO `scale_linear`).
    ///
    /// ```toml
    /// { op = "scale_linear", gain = [0.5], offset = [1.0] }
    /// ```
    ScaleLinear {
        /// Factors: one for all, or one per element of `axis`.
        gain: Vec<f64>,
        /// Added afterwards, as many as `gain`.
        offset: Vec<f64>,
        /// The axis along which they are applied; negative counts from the end.
        axis: Option<i64>,
    }

    "binarize" =>
    /// 1.0 where `x > threshold`, else 0.0, as float32.
    ///
    /// ```toml
    /// { op = "binarize", threshold = 0.5 }
    /// ```
    Binarize {
        /// What must be exceeded.
        threshold: f64,
    }

    "reverse_channels" =>
    /// Reverse the order of elements along an axis: RGB to BGR in a tensor.
    ///
    /// ```toml
    /// { op = "reverse_channels", axis = -1 }
    /// ```
    ReverseChannels {
        /// The axis; negative counts from the end.
        axis: i64,
    }

    "transpose" =>
    /// Reorder the axes (NumPy `transpose`).
    ///
    /// ```toml
    /// { op = "transpose", axes = [1, 0] }
    /// ```
    Transpose {
        /// For each axis of the result, the axis it comes from.
        axes: Vec<u64>,
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
    /// Insert an axis of length 1; an image is height × width × channels (gray: height × width).
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
    /// `(x - mean) / scale` per column, in float64: scikit-learn `StandardScaler`; `RobustScaler`
    /// with `center_` as `mean`; `MaxAbsScaler` with 0 as `mean`.
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

    "min_max_scale" =>
    /// `x * scale + min` per column, in float64 (scikit-learn `MinMaxScaler`).
    ///
    /// ```toml
    /// { op = "min_max_scale", columns = ["age"], scale = [0.0125], min = [-0.225] }
    /// ```
    MinMaxScale {
        /// The columns; absent means every numeric column, in order.
        columns: Option<Vec<String>>,
        /// `scale_` of the fitted scaler.
        scale: Vec<f64>,
        /// `min_` of the fitted scaler.
        min: Vec<f64>,
        /// `feature_range`, where `clip = True`. Absent: nothing is clipped.
        clip: Option<[f64; 2]>,
    }

    "ordinal_encode" =>
    /// Replace a column of categories by their index (scikit-learn `OrdinalEncoder`). By its
    /// name, the column is published as int64.
    ///
    /// ```toml
    /// { op = "ordinal_encode", column = "stage", categories = ["I", "II", "III"], unknown_value = -1 }
    /// ```
    OrdinalEncode {
        /// The column.
        column: String,
        /// The categories, in the order of their index.
        categories: Vec<String>,
        /// The number of an unlisted category: whole, and no index. Absent: it is refused.
        unknown_value: Option<f64>,
        /// The number of a missing cell (`encoded_missing_value`): whole, and no index. Absent:
        /// it is refused.
        missing_value: Option<f64>,
    }

    "window" =>
    /// Cut a series, time × channels, into windows: windows × length × channels.
    ///
    /// ```toml
    /// { op = "window", length = 128, stride = 64, tail = "drop" }
    /// ```
    SlidingWindow {
        /// Rows of a window.
        length: u32,
        /// Rows from one window's start to the next.
        stride: u32,
        /// What becomes of the last, shorter window.
        tail: WindowTail,
    }

    "difference" =>
    /// `x[t] - x[t - lag]` along the first axis, which becomes shorter by `lag` (NumPy `diff`,
    /// pandas `diff` without its missing rows).
    ///
    /// ```toml
    /// { op = "difference", lag = 1 }
    /// ```
    Difference {
        /// Rows back.
        lag: u32 = 1,
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

    "threshold" =>
    /// Keep the classes whose score is at least `value`. For `labels`: the ranking holds only
    /// those. For `mask`: 1 where the score is at least `value`, else 0, as uint8.
    ///
    /// ```toml
    /// { op = "threshold", value = 0.5 }
    /// ```
    Threshold {
        /// The least score.
        value: f64,
    }

    "decode_boxes" =>
    /// Turn the raw tensor of a detector into rows of left, top, right, bottom, score, class,
    /// in pixels of the network's input: boxes × 6, float32, without those below `score`.
    ///
    /// ```toml
    /// { op = "decode_boxes", format = "cxcywh", unit = "pixels", transposed = true, objectness = false, activation = "none", background = false, score = 0.25 }
    /// ```
    DecodeBoxes {
        /// What the four numbers are.
        format: BoxFormat,
        /// Their unit.
        unit: BoxUnit,
        /// Whether the tensor is (4 + classes) × boxes (`YOLOv8`) instead of boxes × (4 + classes).
        transposed: bool,
        /// Whether a fifth number says that there is an object, and multiplies every class.
        objectness: bool,
        /// How class scores become probabilities. Where the output has a tensor of role
        /// `scores`, that one holds the classes and the main tensor only boxes.
        activation: ClassActivation,
        /// Whether the last class is "no object" (DETR).
        background: bool,
        /// The least score.
        score: f64,
    }

    "nms" =>
    /// Non-maximum suppression (torchvision `nms`): of boxes that overlap by more than `iou`,
    /// the one with the highest score stays.
    ///
    /// ```toml
    /// { op = "nms", iou = 0.45, per_class = true, max = 300 }
    /// ```
    Nms {
        /// The largest overlap that stays, as intersection over union.
        iou: f64,
        /// Whether only boxes of one class suppress each other.
        per_class: bool,
        /// Most boxes that stay, best first.
        max: u32,
    }

    "ctc_greedy" =>
    /// Greedy decoding of a CTC output, time × classes: the best class of each frame, equal
    /// neighbours merged, blanks left out. Gives the ids, int64.
    ///
    /// ```toml
    /// { op = "ctc_greedy", blank = 0 }
    /// ```
    CtcGreedy {
        /// The id of the blank.
        blank: u64,
    }

    "detokenize" =>
    /// Token ids to text, by a `tokenizer.json`.
    ///
    /// ```toml
    /// { op = "detokenize", file = "tokenizer.json", skip_special_tokens = true }
    /// ```
    Detokenize {
        /// The tokenizer.
        file: ArtifactPath,
        /// Whether special tokens are left out.
        skip_special_tokens: bool,
    }

    "pool" =>
    /// Pool token embeddings, batch × tokens × size, to batch × size.
    ///
    /// ```toml
    /// { op = "pool", method = "mean", mask = "text" }
    /// ```
    Pool {
        /// How.
        method: Pooling,
        /// The input whose `attention_mask` says which tokens count. Absent: all do.
        mask: Option<String>,
    }

    "l2_norm" =>
    /// Divide by the Euclidean length along the last axis (torch `normalize`): `x / max(|x|, eps)`.
    ///
    /// ```toml
    /// { op = "l2_norm", eps = 1e-12 }
    /// ```
    L2Norm {
        /// Keeps the divisor from 0.
        eps: f64,
    }
}
