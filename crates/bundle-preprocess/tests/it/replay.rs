//! Runs recorded cases, and counts the elements that differ from the recording.

use std::path::Path;

use bundle_preprocess::{InputPipeline, InputSource, NpyError, Tensor, TensorData, read_npy};
use serde_json::Value as Json;

use crate::support::{Directory, input};

/// What came of the cases of a group.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// Cases compared.
    pub(crate) cases: usize,
    /// Elements compared.
    pub(crate) elements: usize,
    /// Elements that differ by more than their case allows.
    pub(crate) differing: usize,
    /// The largest absolute difference.
    pub(crate) largest: f64,
    /// What is wrong, a line a case.
    pub(crate) failures: Vec<String>,
}

/// Runs every case of `GROUP.json` in `directory`.
pub(crate) fn replay(directory: &Path, group: &str) -> Tally {
    let text =
        fs_err::read_to_string(directory.join(format!("{group}.json"))).expect("a group of cases");
    let cases: Vec<Json> = serde_json::from_str(&text).expect("a list of cases");
    let mut arrays = Arrays { directory, group, loaded: Vec::new() };
    let mut tally = Tally::default();
    for case in &cases {
        let expected = arrays.expected(case);
        tally.cases += 1;
        tally.elements += expected.data().len();
        match actual(directory, case) {
            Ok(actual) => tally.compare(case, &actual, &expected),
            Err(message) => tally.failures.push(format!("{}: {message}", case["name"])),
        }
    }
    tally
}

fn actual(directory: &Path, case: &Json) -> Result<Tensor, String> {
    let steps: Vec<&str> =
        case["steps"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let kind = case["kind"].as_str().expect("every case has a kind");
    let inputs = directory.join("inputs");
    let source = match (case["input"].as_str(), case.get("text")) {
        (Some(name), _) => {
            InputSource::File(fs_err::read(inputs.join(name)).map_err(|error| error.to_string())?)
        }
        (None, Some(text)) => InputSource::Json(text.clone()),
        (None, None) => return Err("has no input".to_owned()),
    };
    let value = case.get("value").and_then(Json::as_str).unwrap_or("value");
    let input = input(kind, &steps, value);
    let pipeline = InputPipeline::compile(&input, &Directory(inputs));
    let pipeline = pipeline.map_err(|error| error.to_string())?;
    let prepared = pipeline.run(&source, false).map_err(|error| error.to_string())?;
    prepared.published.get(value).cloned().ok_or_else(|| format!("publishes no `{value}`"))
}

/// The flat arrays of a group, each read once.
struct Arrays<'a> {
    directory: &'a Path,
    group: &'a str,
    loaded: Vec<(String, Tensor)>,
}

impl Arrays<'_> {
    fn expected(&mut self, case: &Json) -> Tensor {
        let number =
            |json: &Json| json.as_u64().and_then(|n| usize::try_from(n).ok()).expect("a length");
        let dtype = case["dtype"].as_str().expect("every case has a dtype");
        let shape: Vec<usize> =
            case["shape"].as_array().expect("and a shape").iter().map(number).collect();
        let start = number(&case["offset"]);
        let end = start + shape.iter().product::<usize>();
        let flat = self.flat(dtype);
        let data = slice(flat.data(), start..end).expect("a part of the flat array");
        Tensor::new(shape, data).expect("the shape has as many elements")
    }

    fn flat(&mut self, dtype: &str) -> &Tensor {
        let index = self.loaded.iter().position(|(name, _)| name == dtype).unwrap_or_else(|| {
            let path = self.directory.join(format!("{}.{dtype}.npy", self.group));
            let array = fs_err::read(path).expect("a flat array");
            let array: Result<_, NpyError> = read_npy(&array, usize::MAX);
            self.loaded.push((dtype.to_owned(), array.expect("numpy wrote it")));
            self.loaded.len() - 1
        });
        &self.loaded[index].1
    }
}

/// Part of an array of one of the types that the vectors have.
fn slice(data: &TensorData, range: std::ops::Range<usize>) -> Option<TensorData> {
    Some(match data {
        TensorData::Uint8(elements) => TensorData::Uint8(elements.get(range)?.to_vec()),
        TensorData::Uint16(elements) => TensorData::Uint16(elements.get(range)?.to_vec()),
        TensorData::Int64(elements) => TensorData::Int64(elements.get(range)?.to_vec()),
        TensorData::Float16(elements) => TensorData::Float16(elements.get(range)?.to_vec()),
        TensorData::Float32(elements) => TensorData::Float32(elements.get(range)?.to_vec()),
        TensorData::Float64(elements) => TensorData::Float64(elements.get(range)?.to_vec()),
        _ => return None,
    })
}

impl Tally {
    fn compare(&mut self, case: &Json, actual: &Tensor, expected: &Tensor) {
        let name = &case["name"];
        if (actual.shape(), actual.dtype()) != (expected.shape(), expected.dtype()) {
            let of = |tensor: &Tensor| format!("{:?} {}", tensor.shape(), tensor.dtype());
            self.failures.push(format!("{name}: {} instead of {}", of(actual), of(expected)));
            return;
        }
        let values = actual.to_f64s().into_iter().zip(expected.to_f64s());
        let largest = values.fold(0.0_f64, |largest, (a, b)| largest.max((a - b).abs()));
        self.largest = self.largest.max(largest);
        if let Some(within) = case.get("within").and_then(Json::as_f64) {
            if largest > within {
                self.failures.push(format!("{name}: off by {largest}, more than {within}"));
            }
            self.differing += differing(actual, expected, 0);
            return;
        }
        let ulps = case.get("tolerance").and_then(Json::as_u64).unwrap_or(0);
        let differing = differing(actual, expected, ulps);
        if differing > 0 {
            self.differing += differing;
            self.failures.push(format!(
                "{name}: {differing} of {} elements differ, by up to {largest}",
                expected.data().len()
            ));
        }
    }
}

/// How many elements are more units apart than `ulps`.
fn differing(actual: &Tensor, expected: &Tensor, ulps: u64) -> usize {
    let pairs = bits(actual).into_iter().zip(bits(expected));
    pairs.filter(|(actual, expected)| actual.abs_diff(*expected) > ulps).count()
}

/// The bits of each element, so that neighbours are neighbours, and NaN and -0.0 are compared.
/// Of a type that the vectors do not have: none.
fn bits(tensor: &Tensor) -> Vec<u64> {
    match tensor.data() {
        TensorData::Uint8(elements) => elements.iter().map(|element| (*element).into()).collect(),
        TensorData::Float16(elements) | TensorData::Uint16(elements) => {
            elements.iter().map(|element| (*element).into()).collect()
        }
        TensorData::Int64(elements) => {
            elements.iter().map(|element| element.cast_unsigned()).collect()
        }
        TensorData::Float32(elements) => {
            elements.iter().map(|element| element.to_bits().into()).collect()
        }
        TensorData::Float64(elements) => elements.iter().map(|element| element.to_bits()).collect(),
        _ => Vec::new(),
    }
}
