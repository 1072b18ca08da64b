//! What the weights are: how many, well-formed, finite.

use super::{
    OnnxFile, element,
    external::{self, elements, is_external},
    proto::TensorProto,
    walk,
};
use crate::RunError;
use external::External;

/// What a scan of all tensors found, by name.
#[derive(Debug, Default)]
pub(crate) struct Weights {
    /// Elements of all initializers.
    pub(crate) parameters: u64,
    /// With NaN, in order of appearance.
    pub(crate) nan: Vec<String>,
    /// With infinity and without NaN.
    pub(crate) infinite: Vec<String>,
}

/// Scans all tensors of `file`, those outside included.
pub(crate) fn scan(
    file: &OnnxFile,
    external: &External,
    files: &dyn bundle_manifest::FileSource,
) -> Result<Weights, RunError> {
    let mut weights = Weights::default();
    let mut malformed = None;
    walk::graphs(file.graph(), &mut |graph| {
        let count = |tensor| elements(tensor).unwrap_or(0);
        for tensor in &graph.initializer {
            weights.parameters = weights.parameters.saturating_add(count(tensor));
        }
    });
    walk::tensors(file.graph(), &mut |name, tensor| {
        if is_external(tensor) {
            return;
        }
        match objection(tensor) {
            Some(what) => malformed = malformed.take().or(Some((name, what))),
            None => weights.note(name, of_tensor(tensor)),
        }
    });
    if let Some((name, what)) = malformed {
        return Err(file.malformed(format!("tensor `{name}` {what}")));
    }
    external::read_each(external, files, &mut |name, code, bytes| {
        weights.note(name, of_bytes(code, bytes));
    })?;
    Ok(weights)
}

impl Weights {
    fn note(&mut self, name: &str, found: Finite) {
        match found {
            Finite::Yes => {}
            Finite::Infinite => self.infinite.push(name.to_owned()),
            Finite::Nan => self.nan.push(name.to_owned()),
        }
    }
}

/// Whether the content of `tensor` has the size that its shape says.
fn objection(tensor: &TensorProto) -> Option<String> {
    let dims = &tensor.dims;
    let Some(elements) = elements(tensor) else { return Some(format!("has the shape {dims:?}")) };
    let word = element::word(tensor.data_type);
    if !tensor.raw_data.is_empty() {
        let needed = element::bytes(tensor.data_type, elements)?;
        let given = tensor.raw_data.len() as u64;
        return (needed != given)
            .then(|| format!("has {given} bytes, {word} of shape {dims:?} needs {needed}"));
    }
    element::dtype(tensor.data_type)?;
    let given = tensor.float_data.len()
        + tensor.int32_data.len()
        + tensor.int64_data.len()
        + tensor.double_data.len()
        + tensor.uint64_data.len();
    (given as u64 != elements)
        .then(|| format!("has {given} values, {word} of shape {dims:?} needs {elements}"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Finite {
    Yes,
    Infinite,
    Nan,
}

fn of_tensor(tensor: &TensorProto) -> Finite {
    if !tensor.raw_data.is_empty() {
        return of_bytes(tensor.data_type, &tensor.raw_data);
    }
    let floats = tensor.float_data.iter().map(|value| classify(value.is_finite(), value.is_nan()));
    let doubles =
        tensor.double_data.iter().map(|value| classify(value.is_finite(), value.is_nan()));
    let halves = match Layout::of(tensor.data_type) {
        Some(layout @ (Layout::HALF | Layout::BRAIN)) => {
            let bits = |value: &i32| {
                u64::from(value.to_le_bytes()[0]) | u64::from(value.to_le_bytes()[1]) << 8
            };
            tensor.int32_data.iter().map(|value| layout.judge(bits(value))).max()
        }
        _ => None,
    };
    floats.chain(doubles).chain(halves).max().unwrap_or(Finite::Yes)
}

const fn classify(finite: bool, nan: bool) -> Finite {
    match (finite, nan) {
        (true, _) => Finite::Yes,
        (false, true) => Finite::Nan,
        (false, false) => Finite::Infinite,
    }
}

/// Where the exponent of a float is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    bytes: usize,
    exponent: u64,
    fraction: u64,
}

impl Layout {
    const HALF: Self = Self { bytes: 2, exponent: 0x7c00, fraction: 0x03ff };
    const BRAIN: Self = Self { bytes: 2, exponent: 0x7f80, fraction: 0x007f };
    const SINGLE: Self = Self { bytes: 4, exponent: 0x7f80_0000, fraction: 0x007f_ffff };
    const DOUBLE: Self =
        Self { bytes: 8, exponent: 0x7ff0_0000_0000_0000, fraction: 0x000f_ffff_ffff_ffff };

    fn of(code: i32) -> Option<Self> {
        match code {
            1 => Some(Self::SINGLE),
            11 => Some(Self::DOUBLE),
            element::FLOAT16 => Some(Self::HALF),
            element::BFLOAT16 => Some(Self::BRAIN),
            _ => None,
        }
    }

    const fn judge(self, bits: u64) -> Finite {
        classify(bits & self.exponent != self.exponent, bits & self.fraction != 0)
    }
}

/// Bytes that are tested at once: weights are gigabytes and almost always
/// finite, so a chunk is first asked one question without branches.
const CHUNK: usize = 1 << 16;

fn of_bytes(code: i32, bytes: &[u8]) -> Finite {
    match Layout::of(code) {
        Some(Layout::SINGLE) => scan_chunks::<4>(bytes, Layout::SINGLE, |chunk| {
            let mask = 0x7f80_0000;
            let test = |bad, b: &[u8; 4]| bad | (u32::from_le_bytes(*b) & mask == mask);
            chunk.as_chunks().0.iter().fold(false, test)
        }),
        Some(Layout::DOUBLE) => scan_chunks::<8>(bytes, Layout::DOUBLE, |chunk| {
            let mask = Layout::DOUBLE.exponent;
            let test = |bad, b: &[u8; 8]| bad | (u64::from_le_bytes(*b) & mask == mask);
            chunk.as_chunks().0.iter().fold(false, test)
        }),
        Some(layout) => scan_chunks::<2>(bytes, layout, |chunk| {
            let mask = u16::try_from(layout.exponent).unwrap_or(u16::MAX);
            let test = |bad, b: &[u8; 2]| bad | (u16::from_le_bytes(*b) & mask == mask);
            chunk.as_chunks().0.iter().fold(false, test)
        }),
        None => Finite::Yes,
    }
}

/// The worst element; `suspect` says whether a chunk has any.
fn scan_chunks<const N: usize>(
    bytes: &[u8],
    layout: Layout,
    suspect: impl Fn(&[u8]) -> bool,
) -> Finite {
    let mut worst = Finite::Yes;
    for chunk in bytes.chunks(CHUNK).filter(|chunk| suspect(chunk)) {
        let (elements, _) = chunk.as_chunks::<N>();
        let judged = elements.iter().map(|element| {
            let mut wide = [0; 8];
            wide[..N].copy_from_slice(element);
            layout.judge(u64::from_le_bytes(wide))
        });
        worst = judged.max().unwrap_or(worst).max(worst);
        if worst == Finite::Nan {
            break;
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_float_type_is_judged() {
        let single = |value: f32| value.to_le_bytes().to_vec();
        let double = |value: f64| value.to_le_bytes().to_vec();
        let half = |bits: u16| bits.to_le_bytes().to_vec();
        let cases = [
            (1, single(f32::MAX), Finite::Yes),
            (1, single(f32::NEG_INFINITY), Finite::Infinite),
            (1, single(f32::NAN), Finite::Nan),
            (11, double(1e308), Finite::Yes),
            (11, double(f64::INFINITY), Finite::Infinite),
            (11, double(-f64::NAN), Finite::Nan),
            (10, half(0x7bff), Finite::Yes),
            (10, half(0xfc00), Finite::Infinite),
            (10, half(0x7c01), Finite::Nan),
            (16, half(0x7f7f), Finite::Yes),
            (16, half(0x7f80), Finite::Infinite),
            (16, half(0xffc0), Finite::Nan),
            (7, vec![0xff; 8], Finite::Yes),
        ];
        for (code, last, expected) in cases {
            let mut bytes = vec![0; 3 * CHUNK];
            bytes.extend_from_slice(&last);
            assert_eq!(of_bytes(code, &bytes), expected, "{code} {last:?}");
        }
    }
}
