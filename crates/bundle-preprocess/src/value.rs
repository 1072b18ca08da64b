//! Values between steps.

use std::fmt;

use crate::{Tensor, TensorData};

/// What is given for an input.
#[derive(Clone, Debug, PartialEq)]
pub enum InputSource {
    /// The bytes of a file (PNG, JPEG, CSV, NPY …).
    File(Vec<u8>),
    /// A JSON value: a text, a number, an array (tensor), one row of a table (object) or rows (array of objects).
    Json(serde_json::Value),
}

/// A value between two steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An undecoded file.
    Bytes(Vec<u8>),
    /// An undecoded JSON value.
    Json(serde_json::Value),
    /// Pixels.
    Image(Image),
    /// Sound.
    Audio(Audio),
    /// Text.
    Text(String),
    /// Rows and columns.
    Table(Table),
    /// An array.
    Tensor(Tensor),
}

/// Pixels, height × width × channels.
///
/// `samples` holds `height * width * channels.count()` elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// What the channels are.
    pub channels: Channels,
    /// How the file held them.
    pub storage: Storage,
    /// Row-major, channels interleaved.
    pub samples: Samples,
}

/// What the channels of an image are, in Pillow's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channels {
    /// Gray.
    L,
    /// Gray and alpha.
    La,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
    /// Blue, green, red.
    Bgr,
    /// Cyan, magenta, yellow, black, as Pillow stores them.
    Cmyk,
}

/// How a file held its samples.
///
/// Libraries treat the last three as kinds of their own: Pillow resamples a
/// palette image and a 1-bit image with `nearest` whatever is asked for, and
/// keeps a colour key outside the pixels. Only `convert_color` takes them here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Storage {
    /// Sample by sample.
    Direct,
    /// One bit a pixel (Pillow's mode `1`); here 0 and 255.
    Bilevel,
    /// Indices into a palette (Pillow's mode `P`); here the colours they mean.
    Palette,
    /// One colour means "transparent" (the PNG chunk tRNS); here an alpha channel.
    ColorKey,
}

/// Samples of an image.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// 8 bits.
    Uint8(Vec<u8>),
    /// 16 bits.
    Uint16(Vec<u16>),
    /// float32.
    Float32(Vec<f32>),
}

/// A sound: one channel of samples, nominally −1 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// Samples a second, in hertz.
    pub sampling_rate: u32,
    /// In order of time.
    pub samples: Vec<f32>,
}

/// Rows and typed columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The columns, all of one length.
    pub columns: Vec<TableColumn>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub enum TableColumn {
    /// Numbers; NaN is missing.
    Number {
        /// Its name.
        name: String,
        /// A cell a row.
        cells: Vec<f64>,
    },
    /// Categories; `None` is missing.
    Category {
        /// Its name.
        name: String,
        /// A cell a row.
        cells: Vec<Option<String>>,
    },
}

impl Channels {
    /// How many there are.
    pub const fn count(self) -> usize {
        match self {
            Self::L => 1,
            Self::La => 2,
            Self::Rgb | Self::Bgr => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Whether the last one is alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::La | Self::Rgba)
    }

    /// The word for it, as in `convert_color`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L => "L",
            Self::La => "LA",
            Self::Rgb => "RGB",
            Self::Rgba => "RGBA",
            Self::Bgr => "BGR",
            Self::Cmyk => "CMYK",
        }
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Table {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, TableColumn::rows)
    }
}

impl TableColumn {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Number { name, .. } | Self::Category { name, .. } => name,
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Number { cells, .. } => cells.len(),
            Self::Category { cells, .. } => cells.len(),
        }
    }
}

impl Value {
    /// What it is, with its article, as in "takes an image, got a table".
    pub(crate) const fn noun(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "an undecoded file",
            Self::Json(_) => "a JSON value",
            Self::Image(_) => "an image",
            Self::Audio(_) => "a sound",
            Self::Text(_) => "a text",
            Self::Table(_) => "a table",
            Self::Tensor(_) => "a tensor",
        }
    }

    /// The value as an array, as a recorder stores it: pixels as height × width × channels
    /// (gray: height × width), numeric tables as float64 rows × columns; `None` where it is no array.
    pub fn to_tensor(&self) -> Option<Tensor> {
        match self {
            Self::Bytes(_) | Self::Json(_) | Self::Text(_) => None,
            Self::Image(image) => Some(image.to_tensor()),
            Self::Audio(audio) => Some(audio.to_tensor()),
            Self::Table(table) => table.to_tensor(),
            Self::Tensor(tensor) => Some(tensor.clone()),
        }
    }

    /// A recorded array as the kind of value that `like` is (to feed `run_step`); `None`
    /// where it cannot be one, because the channels, the columns or the type of elements differ.
    pub fn from_tensor(tensor: &Tensor, like: &Self) -> Option<Self> {
        match like {
            Self::Bytes(_) | Self::Json(_) | Self::Text(_) => None,
            Self::Image(image) => Image::from_tensor(tensor, image).map(Self::Image),
            Self::Audio(audio) => Audio::from_tensor(tensor, audio).map(Self::Audio),
            Self::Table(table) => Table::from_tensor(tensor, table).map(Self::Table),
            Self::Tensor(_) => Some(Self::Tensor(tensor.clone())),
        }
    }
}

impl Value {
    /// The shape of the value as an array; empty where it is none.
    pub(crate) fn to_shape(&self) -> Vec<usize> {
        match self {
            Self::Image(image) => match image.channels.count() {
                1 => vec![image.height, image.width],
                count => vec![image.height, image.width, count],
            },
            Self::Audio(audio) => vec![audio.samples.len()],
            Self::Tensor(tensor) => tensor.shape().to_vec(),
            _ => Vec::new(),
        }
    }
}

impl Samples {
    /// The elements as samples, where they are of a type that images have.
    pub(crate) fn of_data(data: TensorData) -> Option<Self> {
        match data {
            TensorData::Uint8(samples) => Some(Self::Uint8(samples)),
            TensorData::Uint16(samples) => Some(Self::Uint16(samples)),
            TensorData::Float32(samples) => Some(Self::Float32(samples)),
            _ => None,
        }
    }
}

impl Audio {
    /// One axis: time.
    pub(crate) fn to_tensor(&self) -> Tensor {
        Tensor::reshaped(vec![self.samples.len()], TensorData::Float32(self.samples.clone()))
    }

    fn from_tensor(tensor: &Tensor, like: &Self) -> Option<Self> {
        match (tensor.shape(), tensor.data()) {
            ([_], TensorData::Float32(samples)) => {
                Some(Self { sampling_rate: like.sampling_rate, samples: samples.clone() })
            }
            _ => None,
        }
    }
}

impl Image {
    /// Height × width × channels; gray: height × width.
    pub(crate) fn to_tensor(&self) -> Tensor {
        let mut shape = vec![self.height, self.width];
        if self.channels.count() > 1 {
            shape.push(self.channels.count());
        }
        Tensor::reshaped(shape, self.samples.clone().into_data())
    }

    fn from_tensor(tensor: &Tensor, like: &Self) -> Option<Self> {
        let (height, width, count) = match *tensor.shape() {
            [height, width] => (height, width, 1),
            [height, width, count] => (height, width, count),
            _ => return None,
        };
        if count != like.channels.count() {
            return None;
        }
        let samples = match tensor.data() {
            TensorData::Uint8(samples) => Samples::Uint8(samples.clone()),
            TensorData::Uint16(samples) => Samples::Uint16(samples.clone()),
            TensorData::Float32(samples) => Samples::Float32(samples.clone()),
            _ => return None,
        };
        Some(Self { height, width, channels: like.channels, storage: like.storage, samples })
    }
}

impl Samples {
    /// The samples as elements of a tensor.
    pub(crate) fn into_data(self) -> TensorData {
        match self {
            Self::Uint8(samples) => TensorData::Uint8(samples),
            Self::Uint16(samples) => TensorData::Uint16(samples),
            Self::Float32(samples) => TensorData::Float32(samples),
        }
    }
}

impl Table {
    fn to_tensor(&self) -> Option<Tensor> {
        let columns: Vec<&[f64]> = self
            .columns
            .iter()
            .map(|column| match column {
                TableColumn::Number { cells, .. } => Some(cells.as_slice()),
                TableColumn::Category { .. } => None,
            })
            .collect::<Option<_>>()?;
        let rows = self.rows();
        let cells = (0..rows).flat_map(|row| columns.iter().map(move |cells| cells[row]));
        Some(Tensor::reshaped(vec![rows, columns.len()], TensorData::Float64(cells.collect())))
    }

    fn from_tensor(tensor: &Tensor, like: &Self) -> Option<Self> {
        let [_, width] = *tensor.shape() else { return None };
        if width != like.columns.len() {
            return None;
        }
        let cells = tensor.to_f64s();
        let column = |(index, like): (usize, &TableColumn)| match like {
            TableColumn::Number { name, .. } => {
                let cells = cells.iter().skip(index).step_by(width).copied().collect();
                Some(TableColumn::Number { name: name.clone(), cells })
            }
            TableColumn::Category { .. } => None,
        };
        let columns = like.columns.iter().enumerate().map(column).collect::<Option<_>>()?;
        Some(Self { columns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray() -> Image {
        let samples = Samples::Uint8(vec![1, 2, 3, 4, 5, 6]);
        Image { height: 2, width: 3, channels: Channels::L, storage: Storage::Direct, samples }
    }

    #[test]
    fn an_image_is_the_array_that_numpy_sees() {
        let tensor = Value::Image(gray()).to_tensor().expect("an image is an array");
        assert_eq!(tensor.shape(), [2, 3]);
        let colour = Image { height: 1, width: 2, channels: Channels::Rgb, ..gray() };
        assert_eq!(Value::Image(colour).to_tensor().expect("an array").shape(), [1, 2, 3]);
    }

    #[test]
    fn an_array_becomes_what_the_other_value_is() {
        let like = Value::Image(gray());
        let tensor = like.to_tensor().expect("an array");
        assert_eq!(Value::from_tensor(&tensor, &like), Some(like.clone()));
        let colour = Value::Image(Image { channels: Channels::Rgb, height: 1, width: 2, ..gray() });
        assert_eq!(Value::from_tensor(&tensor, &colour), None, "the channels differ");
        assert_eq!(Value::from_tensor(&tensor, &Value::Bytes(vec![])), None);
        let long = Tensor::new(vec![2, 3], TensorData::Int64(vec![0; 6])).expect("six elements");
        assert_eq!(Value::from_tensor(&long, &like), None, "no image holds int64");
    }

    #[test]
    fn a_numeric_table_is_rows_by_columns() {
        let column = |name: &str, cells: &[f64]| TableColumn::Number {
            name: name.into(),
            cells: cells.into(),
        };
        let table = Table { columns: vec![column("a", &[1.0, 2.0]), column("b", &[3.0, 4.0])] };
        let value = Value::Table(table);
        let tensor = value.to_tensor().expect("all columns are numeric");
        assert_eq!(tensor.shape(), [2, 2]);
        assert_eq!(tensor.data(), &TensorData::Float64(vec![1.0, 3.0, 2.0, 4.0]));
        assert_eq!(Value::from_tensor(&tensor, &value), Some(value));
    }
}
