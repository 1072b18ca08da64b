//! What is known of a value before anything runs.

use std::fmt;

use bundle_manifest::{AxisLayout, ColumnKind, Dtype, InputKind};

use crate::{Audio, Channels, Image, Samples, Table, Tensor, Value, error::Fault};

/// The type of a value between two steps, as far as the steps decide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file or a JSON value, not yet decoded.
    Source,
    /// Pixels; `None` is left to the file.
    Image { samples: Option<SampleType>, channels: Option<Channels> },
    /// Sound; the rate is known where a step fixes it.
    Audio { sampling_rate: Option<u32> },
    /// What `stft` gives: a tensor of frequencies × frames, float64.
    Spectrum { sampling_rate: Option<u32>, n_fft: Option<u32> },
    /// Text.
    Text,
    /// Rows with these columns.
    Table(Vec<ColumnType>),
    /// An array; the layout is known after `layout`.
    Tensor { dtype: Option<Dtype>, layout: Option<AxisLayout> },
}

/// The type of an image's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleType {
    Uint8,
    Uint16,
    Float32,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnType {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
    /// The type in which numbers are published by the column's name.
    pub(crate) dtype: Dtype,
}

impl ColumnType {
    /// A column of numbers.
    pub(crate) const fn number(name: String, dtype: Dtype) -> Self {
        Self { name, kind: ColumnKind::Number, dtype }
    }

    /// The column after a step that computes with fractions: integers become float64.
    pub(crate) fn scaled(mut self) -> Self {
        if !matches!(self.dtype, Dtype::Float16 | Dtype::Float32 | Dtype::Float64) {
            self.dtype = Dtype::Float64;
        }
        self
    }
}

impl Kind {
    /// A tensor of which nothing is known.
    pub(crate) const TENSOR: Self = Self::Tensor { dtype: None, layout: None };

    /// What an input of this kind is before its first step.
    pub(crate) const fn of_input(kind: InputKind) -> Self {
        match kind {
            InputKind::Tensor | InputKind::Group => Self::TENSOR,
            InputKind::Text => Self::Text,
            _ => Self::Source,
        }
    }

    /// The file that a step takes.
    pub(crate) fn source(&self) -> Result<(), Fault> {
        match self {
            Self::Source => Ok(()),
            _ => Err(self.refusal("a file")),
        }
    }

    /// The image that a step takes.
    pub(crate) fn image(&self) -> Result<(Option<SampleType>, Option<Channels>), Fault> {
        match self {
            Self::Image { samples, channels } => Ok((*samples, *channels)),
            Self::Tensor { .. } => {
                Err(self.refusal("an image").hint("put this step before `layout`"))
            }
            Self::Source => Err(self.refusal("an image").hint("put `decode_image` before it")),
            _ => Err(self.refusal("an image")),
        }
    }

    /// The tensor that a step takes.
    pub(crate) fn tensor(&self) -> Result<(Option<Dtype>, Option<AxisLayout>), Fault> {
        match self {
            Self::Tensor { dtype, layout } => Ok((*dtype, *layout)),
            Self::Spectrum { .. } => Ok((Some(Dtype::Float64), None)),
            Self::Audio { .. } => Ok((Some(Dtype::Float32), None)),
            Self::Image { .. } => Err(self.refusal("a tensor").hint("put `layout` before it")),
            Self::Table(_) => Err(self.refusal("a tensor").hint("put `column_concat` before it")),
            _ => Err(self.refusal("a tensor")),
        }
    }

    /// The sampling rate of the sound that a step takes, where it is known.
    pub(crate) fn audio(&self) -> Result<Option<u32>, Fault> {
        match self {
            Self::Audio { sampling_rate } => Ok(*sampling_rate),
            Self::Source => Err(self.refusal("a sound").hint("put `decode_audio` before it")),
            _ => Err(self.refusal("a sound")),
        }
    }

    /// The columns of the table that a step takes.
    pub(crate) fn table(&self) -> Result<&[ColumnType], Fault> {
        match self {
            Self::Table(columns) => Ok(columns),
            Self::Source => Err(self.refusal("a table").hint("put `columns` before it")),
            _ => Err(self.refusal("a table")),
        }
    }

    pub(crate) fn refusal(&self, wanted: &str) -> Fault {
        Fault::new(format!("takes {wanted}, got {self}"))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "an undecoded file",
            Self::Image { .. } => "an image",
            Self::Audio { .. } => "a sound",
            Self::Text => "a text",
            Self::Spectrum { .. } => "frequencies",
            Self::Table(_) => "a table",
            Self::Tensor { .. } => "a tensor",
        })
    }
}

impl SampleType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Float32 => "float32",
        }
    }
}

impl Samples {
    pub(crate) const fn bytes_per_sample(&self) -> usize {
        match self {
            Self::Uint8(_) => 1,
            Self::Uint16(_) => 2,
            Self::Float32(_) => 4,
        }
    }

    pub(crate) const fn sample_type(&self) -> SampleType {
        match self {
            Self::Uint8(_) => SampleType::Uint8,
            Self::Uint16(_) => SampleType::Uint16,
            Self::Float32(_) => SampleType::Float32,
        }
    }
}

/// The values that steps take, at run time. The kinds were checked when the
/// pipeline was compiled; a recorded value may still be of another.
impl Value {
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => Err(other.refusal("a file")),
        }
    }

    pub(crate) fn into_image(self) -> Result<Image, Fault> {
        match self {
            Self::Image(image) => Ok(image),
            other => Err(other.refusal("an image")),
        }
    }

    pub(crate) fn into_audio(self) -> Result<Audio, Fault> {
        match self {
            Self::Audio(audio) => Ok(audio),
            other => Err(other.refusal("a sound")),
        }
    }

    pub(crate) fn into_text(self) -> Result<String, Fault> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.refusal("a text")),
        }
    }

    pub(crate) fn into_table(self) -> Result<Table, Fault> {
        match self {
            Self::Table(table) => Ok(table),
            other => Err(other.refusal("a table")),
        }
    }

    pub(crate) fn into_tensor(self) -> Result<Tensor, Fault> {
        match self {
            Self::Tensor(tensor) => Ok(tensor),
            Self::Audio(audio) => Ok(audio.to_tensor()),
            other => Err(other.refusal("a tensor")),
        }
    }

    pub(crate) fn refusal(&self, wanted: &str) -> Fault {
        Fault::new(format!("takes {wanted}, got {}", self.noun()))
    }
}
