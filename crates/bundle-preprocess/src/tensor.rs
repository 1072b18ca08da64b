//! Arrays that go into networks and come out of them.

use std::collections::BTreeMap;

use bundle_manifest::Dtype;

/// A dense array in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: TensorData,
}

/// The elements of a [`Tensor`].
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants are the words of `Dtype`")]
pub enum TensorData {
    /// The bits of IEEE 754 half precision; `bundle-run` converts.
    Float16(Vec<u16>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Uint8(Vec<u8>),
    Uint16(Vec<u16>),
    Uint32(Vec<u32>),
    Uint64(Vec<u64>),
    Bool(Vec<bool>),
}

/// Tensors by name: of an ONNX graph, or published by a pipeline.
pub type NamedTensors = BTreeMap<String, Tensor>;

/// Why elements and a shape do not make a [`Tensor`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shape {shape:?} does not hold {elements} elements")]
pub struct ShapeError {
    /// The shape.
    pub shape: Vec<usize>,
    /// The number of elements given.
    pub elements: usize,
}

impl Tensor {
    /// The tensor of this shape with these elements, in C order.
    pub fn new(shape: Vec<usize>, data: TensorData) -> Result<Self, ShapeError> {
        let size = shape.iter().try_fold(1_usize, |size, axis| size.checked_mul(*axis));
        if size == Some(data.len()) {
            return Ok(Self { shape, data });
        }
        Err(ShapeError { shape, elements: data.len() })
    }

    /// The tensor of this shape, for a caller that computed the elements from the shape.
    pub(crate) fn reshaped(shape: Vec<usize>, data: TensorData) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { shape, data }
    }

    /// The length of each axis, outermost first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements in C order.
    pub const fn data(&self) -> &TensorData {
        &self.data
    }

    /// The elements in C order, by value.
    pub fn into_data(self) -> TensorData {
        self.data
    }

    /// The element type.
    pub const fn dtype(&self) -> Dtype {
        self.data.dtype()
    }
}

macro_rules! each_variant {
    ($data:expr, $values:ident => $result:expr) => {
        match $data {
            TensorData::Float16($values) | TensorData::Uint16($values) => $result,
            TensorData::Float32($values) => $result,
            TensorData::Float64($values) => $result,
            TensorData::Int8($values) => $result,
            TensorData::Int16($values) => $result,
            TensorData::Int32($values) => $result,
            TensorData::Int64($values) => $result,
            TensorData::Uint8($values) => $result,
            TensorData::Uint32($values) => $result,
            TensorData::Uint64($values) => $result,
            TensorData::Bool($values) => $result,
        }
    };
}

impl TensorData {
    /// The number of elements.
    pub const fn len(&self) -> usize {
        each_variant!(self, values => values.len())
    }

    /// Its elements in another order: element `i` is the one at `order(i)`.
    pub(crate) fn permuted(self, order: impl Fn(usize) -> usize) -> Self {
        let count = self.len();
        self.gathered(count, |index| Some(order(index)))
    }

    /// `count` elements: element `i` is the one at `source(i)`, or 0 where there is none.
    pub(crate) fn gathered(self, count: usize, source: impl Fn(usize) -> Option<usize>) -> Self {
        macro_rules! gathered {
            ($($variant:ident)*) => {
                match self {
                    $(Self::$variant(values) => {
                        let element = |index| source(index).map(|at| values[at]).unwrap_or_default();
                        Self::$variant((0..count).map(element).collect())
                    })*
                }
            };
        }
        gathered!(Float16 Float32 Float64 Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Bool)
    }

    /// The same with the first element of `fill` where there is none; `None` where `fill` is
    /// of another type.
    pub(crate) fn gathered_or(
        self,
        fill: &Self,
        count: usize,
        source: impl Fn(usize) -> Option<usize>,
    ) -> Option<Self> {
        macro_rules! gathered {
            ($($variant:ident)*) => {
                match (self, fill) {
                    $((Self::$variant(values), Self::$variant(fill)) => {
                        let fill = *fill.first()?;
                        let element = |index| source(index).map_or(fill, |at| values[at]);
                        Some(Self::$variant((0..count).map(element).collect()))
                    })*
                    _ => None,
                }
            };
        }
        gathered!(Float16 Float32 Float64 Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Bool)
    }

    /// From each of `parts` in turn its next elements, as many as its number says, `times`
    /// over; `None` where a part is of another type.
    pub(crate) fn interleaved(&self, parts: &[(&Self, usize)], times: usize) -> Option<Self> {
        macro_rules! interleaved {
            ($($variant:ident)*) => {
                match self {
                    $(Self::$variant(_) => {
                        let each = parts.iter().map(|(part, run)| match part {
                            Self::$variant(values) => Some((values.as_slice(), *run)),
                            _ => None,
                        });
                        interleave(&each.collect::<Option<Vec<_>>>()?, times).map(Self::$variant)
                    })*
                }
            };
        }
        interleaved!(Float16 Float32 Float64 Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Bool)
    }

    /// Whether there are no elements.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element type.
    pub const fn dtype(&self) -> Dtype {
        match self {
            Self::Float16(_) => Dtype::Float16,
            Self::Float32(_) => Dtype::Float32,
            Self::Float64(_) => Dtype::Float64,
            Self::Int8(_) => Dtype::Int8,
            Self::Int16(_) => Dtype::Int16,
            Self::Int32(_) => Dtype::Int32,
            Self::Int64(_) => Dtype::Int64,
            Self::Uint8(_) => Dtype::Uint8,
            Self::Uint16(_) => Dtype::Uint16,
            Self::Uint32(_) => Dtype::Uint32,
            Self::Uint64(_) => Dtype::Uint64,
            Self::Bool(_) => Dtype::Bool,
        }
    }
}

fn interleave<T: Copy>(parts: &[(&[T], usize)], times: usize) -> Option<Vec<T>> {
    let mut result = Vec::new();
    for time in 0..times {
        for (values, run) in parts {
            result.extend_from_slice(values.get(time * run..(time + 1) * run)?);
        }
    }
    Some(result)
}
