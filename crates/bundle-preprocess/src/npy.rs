//! NPY arrays (NumPy format 1.0 to 3.0), after `numpy.lib.format`.
//!
//! A reader of its own, because recordings are untrusted: the header is a Python
//! literal, and what it promises is compared with the bytes that are there before
//! anything is allocated. Structured, string and object arrays are refused.

use crate::{Tensor, TensorData};

/// The first bytes of every NPY file.
pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// A header longer than this is refused; NumPy's own limit is 10,000.
const MAX_HEADER: usize = 10_000;
/// Axes of an array; NumPy's own limit.
const MAX_AXES: usize = 64;
/// The data start at a multiple of this.
const ALIGN: usize = 64;
/// NumPy leaves room to rewrite the first axis in place up to this many digits.
const GROWTH_DIGITS: usize = 21;

/// Why bytes are not an NPY array that fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NpyError {
    /// What is wrong.
    pub message: String,
}

impl NpyError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// Reads an array; at most `limit` elements.
///
/// Both byte orders and both element orders are read; the result is in C order.
pub fn read_npy(bytes: &[u8], limit: usize) -> Result<Tensor, NpyError> {
    let (header, data) = split(bytes)?;
    let Header { descr, fortran_order, shape } = Header::parse(header)?;
    let count = shape.iter().try_fold(1_usize, |size, axis| size.checked_mul(*axis));
    let count = count.filter(|count| *count <= limit).ok_or_else(|| {
        NpyError::new(format!("an array of shape {shape:?} has more than {limit} elements"))
    })?;
    let (big_endian, kind) = element_type(&descr)?;
    let expected = count.saturating_mul(kind.size());
    if data.len() != expected {
        let found = data.len();
        return Err(NpyError::new(format!(
            "an array of shape {shape:?} and type `{descr}` has {expected} bytes, the file has {found}"
        )));
    }
    let data = kind.decode(data, big_endian);
    let data = if fortran_order && shape.len() > 1 { to_c_order(data, &shape) } else { data };
    Tensor::new(shape, data).map_err(|error| NpyError::new(error.to_string()))
}

/// Writes an array, little-endian, C order, format 1.0: the bytes of `numpy.save`.
pub fn write_npy(tensor: &Tensor) -> Vec<u8> {
    let shape = match tensor.shape() {
        [axis] => format!("({axis},)"),
        axes => format!("({})", axes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    };
    let descr = descr(tensor.data());
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    if let Some(first) = tensor.shape().first() {
        let digits = first.to_string().len();
        header.push_str(&" ".repeat(GROWTH_DIGITS.saturating_sub(digits)));
    }
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header.push_str(&" ".repeat(ALIGN - unpadded % ALIGN));
    header.push('\n');
    // 64 axes of 20 digits stay below 65,536 bytes.
    let length = u16::try_from(header.len()).unwrap_or(u16::MAX).to_le_bytes();
    let mut bytes = [&MAGIC[..], &[1, 0], &length, header.as_bytes()].concat();
    encode(tensor.data(), &mut bytes);
    bytes
}

/// The header's text and the bytes after it.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), NpyError> {
    let truncated = || NpyError::new("the file ends inside the header of the array");
    let after = bytes.strip_prefix(MAGIC).ok_or_else(|| NpyError::new("not an NPY array"))?;
    let (&[major, minor], after) = after.split_first_chunk().ok_or_else(truncated)?;
    let (length, after) = match (major, minor) {
        (1, 0) => {
            let (length, after) = after.split_first_chunk().ok_or_else(truncated)?;
            (usize::from(u16::from_le_bytes(*length)), after)
        }
        (2 | 3, 0) => {
            let (length, after) = after.split_first_chunk().ok_or_else(truncated)?;
            (usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX), after)
        }
        _ => {
            return Err(NpyError::new(format!(
                "NPY format {major}.{minor} is not 1.0, 2.0 or 3.0"
            )));
        }
    };
    if length > MAX_HEADER {
        return Err(NpyError::new(format!(
            "the header has {length} bytes, more than {MAX_HEADER}"
        )));
    }
    let (header, data) = after.split_at_checked(length).ok_or_else(truncated)?;
    let header = std::str::from_utf8(header)
        .map_err(|_| NpyError::new("the header of the array is not UTF-8"))?;
    Ok((header, data))
}

/// What the header of an array says.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, keys in any order.
    fn parse(text: &str) -> Result<Self, NpyError> {
        let malformed = || NpyError::new("the header of the array is malformed");
        let mut cursor = Cursor(text);
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        cursor.take("{").ok_or_else(malformed)?;
        while cursor.take("}").is_none() {
            let key = cursor.string().ok_or_else(malformed)?;
            cursor.take(":").ok_or_else(malformed)?;
            match key {
                "descr" if cursor.peek("[") => {
                    return Err(NpyError::new("a structured array is not a tensor"));
                }
                "descr" => descr = Some(cursor.string().ok_or_else(malformed)?.to_owned()),
                "fortran_order" => fortran_order = Some(cursor.boolean().ok_or_else(malformed)?),
                "shape" => shape = Some(cursor.shape().ok_or_else(malformed)?),
                _ => return Err(malformed()),
            }
            if cursor.take(",").is_none() && !cursor.peek("}") {
                return Err(malformed());
            }
        }
        match (descr, fortran_order, shape, cursor.0.trim()) {
            (Some(descr), Some(fortran_order), Some(shape), "") => {
                Ok(Self { descr, fortran_order, shape })
            }
            _ => Err(malformed()),
        }
    }
}

/// The rest of a Python literal.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn peek(&self, token: &str) -> bool {
        self.0.trim_start().starts_with(token)
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'a str> {
        let quote = if self.peek("'") { "'" } else { "\"" };
        self.take(quote)?;
        let (text, rest) = self.0.split_once(quote)?;
        self.0 = rest;
        Some(text)
    }

    fn boolean(&mut self) -> Option<bool> {
        if self.take("True").is_some() {
            return Some(true);
        }
        self.take("False").map(|()| false)
    }

    fn shape(&mut self) -> Option<Vec<usize>> {
        let mut shape = Vec::new();
        self.take("(")?;
        while self.take(")").is_none() {
            let rest = self.0.trim_start();
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            shape.push(rest[..digits].parse().ok()?);
            self.0 = &rest[digits..];
            // Python 2 wrote `3L`.
            let _long = self.take("L");
            if shape.len() > MAX_AXES || (self.take(",").is_none() && !self.peek(")")) {
                return None;
            }
        }
        Some(shape)
    }
}

macro_rules! element_types {
    ($($variant:ident $descr:literal $bytes:literal $from:expr, $to:expr;)*) => {
        /// The element types that both NumPy and ONNX have.
        #[derive(Clone, Copy)]
        enum ElementType {
            $($variant,)*
        }

        impl ElementType {
            const fn size(self) -> usize {
                match self { $(Self::$variant => $bytes,)* }
            }

            fn decode(self, bytes: &[u8], big_endian: bool) -> TensorData {
                match self {
                    $(Self::$variant => {
                        let (elements, _) = bytes.as_chunks::<$bytes>();
                        let element = |bytes: &[u8; $bytes]| {
                            let mut bytes = *bytes;
                            if big_endian {
                                bytes.reverse();
                            }
                            $from(bytes)
                        };
                        TensorData::$variant(elements.iter().map(element).collect())
                    })*
                }
            }
        }

        /// Byte order (`true`: big-endian) and type of a `descr`.
        fn element_type(descr: &str) -> Result<(bool, ElementType), NpyError> {
            let (order, name) = descr.split_at_checked(1).unwrap_or(("", descr));
            let kind = match name {
                $($descr => ElementType::$variant,)*
                _ => return Err(NpyError::new(format!("an array of type `{}` is not a tensor", descr.escape_debug()))),
            };
            match order {
                "<" | "|" | "=" => Ok((false, kind)),
                ">" => Ok((true, kind)),
                _ => Err(NpyError::new(format!("an array of type `{}` is not a tensor", descr.escape_debug()))),
            }
        }

        /// The `descr` of a type; one byte has no order.
        fn descr(data: &TensorData) -> String {
            let (bytes, name) = match data { $(TensorData::$variant(_) => ($bytes, $descr),)* };
            format!("{}{name}", if bytes == 1 { '|' } else { '<' })
        }

        fn encode(data: &TensorData, bytes: &mut Vec<u8>) {
            match data {
                $(TensorData::$variant(elements) => {
                    bytes.reserve(elements.len() * $bytes);
                    bytes.extend(elements.iter().flat_map(|element| $to(*element)));
                })*
            }
        }
    };
}

element_types! {
    Float16 "f2" 2 u16::from_le_bytes, u16::to_le_bytes;
    Float32 "f4" 4 f32::from_le_bytes, f32::to_le_bytes;
    Float64 "f8" 8 f64::from_le_bytes, f64::to_le_bytes;
    Int8 "i1" 1 i8::from_le_bytes, i8::to_le_bytes;
    Int16 "i2" 2 i16::from_le_bytes, i16::to_le_bytes;
    Int32 "i4" 4 i32::from_le_bytes, i32::to_le_bytes;
    Int64 "i8" 8 i64::from_le_bytes, i64::to_le_bytes;
    Uint8 "u1" 1 u8::from_le_bytes, u8::to_le_bytes;
    Uint16 "u2" 2 u16::from_le_bytes, u16::to_le_bytes;
    Uint32 "u4" 4 u32::from_le_bytes, u32::to_le_bytes;
    Uint64 "u8" 8 u64::from_le_bytes, u64::to_le_bytes;
    Bool "b1" 1 |byte: [u8; 1]| byte != [0], |truth: bool| [u8::from(truth)];
}

/// Elements in Fortran order (first axis fastest) as C order (last axis fastest).
fn to_c_order(data: TensorData, shape: &[usize]) -> TensorData {
    macro_rules! permute {
        ($($variant:ident)*) => {
            match data {
                $(TensorData::$variant(elements) => TensorData::$variant(permuted(&elements, shape)),)*
            }
        };
    }
    permute!(Float16 Float32 Float64 Int8 Int16 Int32 Int64 Uint8 Uint16 Uint32 Uint64 Bool)
}

fn permuted<T: Copy>(elements: &[T], shape: &[usize]) -> Vec<T> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for axis in shape {
        strides.push(stride);
        stride *= axis;
    }
    let mut index = vec![0; shape.len()];
    let mut position = 0;
    let mut result = Vec::with_capacity(elements.len());
    for _ in 0..elements.len() {
        result.push(elements[position]);
        // Count up like an odometer, the last axis first.
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            position += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            position -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(header.len()).expect("a short header").to_le_bytes();
        [&MAGIC[..], &[1, 0], &length, header.as_bytes(), data].concat()
    }

    #[test]
    fn both_orders_are_read() {
        let header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
        let data = [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6];
        let tensor = read_npy(&npy(header, &data), 6).expect("a valid array");
        assert_eq!(tensor.shape(), [2, 3]);
        assert_eq!(tensor.data(), &TensorData::Int16(vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn what_is_not_an_array_is_refused() {
        let good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";
        let cases = [
            (b"PK\x03\x04".to_vec(), "not an NPY array"),
            (MAGIC.to_vec(), "the file ends inside the header of the array"),
            (npy("", &[]), "the header of the array is malformed"),
            (npy(good, &[1]), "an array of shape [2] and type `|u1` has 2 bytes, the file has 1"),
            (
                npy(good, &[1, 2, 3]),
                "an array of shape [2] and type `|u1` has 2 bytes, the file has 3",
            ),
            (npy(&good.replace("(2,)", "(2,-1)"), &[]), "the header of the array is malformed"),
            (
                npy(&good.replace("2,", "99,"), &[]),
                "an array of shape [99] has more than 10 elements",
            ),
            (
                npy(&good.replace("2,", "4294967296, 4294967296, 4294967296"), &[]),
                "an array of shape [4294967296, 4294967296, 4294967296] has more than 10 elements",
            ),
            (npy(&good.replace("|u1", "|O"), &[1, 2]), "an array of type `|O` is not a tensor"),
            (
                npy(&good.replace("'|u1'", "[('a', '<f4')]"), &[]),
                "a structured array is not a tensor",
            ),
            ([&MAGIC[..], &[4, 0, 0, 0]].concat(), "NPY format 4.0 is not 1.0, 2.0 or 3.0"),
            (
                [&MAGIC[..], &[2, 0, 255, 255, 255, 255]].concat(),
                "the header has 4294967295 bytes, more than 10000",
            ),
        ];
        for (bytes, message) in cases {
            assert_eq!(read_npy(&bytes, 10).expect_err(message).to_string(), message);
        }
    }

    #[test]
    fn data_start_at_a_multiple_of_64() {
        for size in [0_usize, 1, 10, 12_345] {
            let tensor =
                Tensor::new(vec![size], TensorData::Uint8(vec![7; size])).expect("one axis");
            assert_eq!((write_npy(&tensor).len() - size) % 64, 0, "{size}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(rows in 0_usize..5, columns in 0_usize..5, seed: i64) {
            let values = (0_i64..).take(rows * columns).map(|index| seed.wrapping_mul(index)).collect();
            let tensor = Tensor::new(vec![rows, columns], TensorData::Int64(values)).expect("rows × columns");
            prop_assert_eq!(read_npy(&write_npy(&tensor), 16), Ok(tensor));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let framed = npy(&String::from_utf8_lossy(&bytes), &bytes);
            prop_assert!(read_npy(&framed, 100).is_err() || !framed.is_empty());
        }
    }
}
