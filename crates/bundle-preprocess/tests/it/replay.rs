//! Runs recorded cases, and counts the elements that differ from the recording.
//! The tests run the committed ones, the example `parity` any others.

use std::io;

use bundle_manifest::{ArtifactPath, FileSource};
use bundle_preprocess::{
    InputPipeline, InputSource, NamedTensors, NpyError, Tensor, TensorData, read_npy,
};
use serde_json::{Value as Json, json};

use crate::support::input;

/// Reads a file of the directory of the vectors.
pub(crate) type Read<'a> = &'a (dyn Fn(&str) -> io::Result<Vec<u8>> + Sync);

/// What came of a case.
#[derive(Debug, PartialEq)]
pub(crate) struct Compared {
    /// Its name.
    pub(crate) case: String,
    /// Elements compared.
    pub(crate) elements: usize,
    /// Elements of which any bit differs.
    pub(crate) differing: usize,
    /// The largest absolute difference.
    pub(crate) largest: f64,
    /// What is wrong, where more differs than the case allows.
    pub(crate) failure: Option<String>,
    /// A hash of all bits of what came out, to compare machines.
    pub(crate) digest: String,
}

impl Compared {
    /// As a line of JSON.
    pub(crate) fn line(&self, group: &str) -> String {
        let line = json!({
            "group": group,
            "case": self.case,
            "elements": self.elements,
            "differing": self.differing,
            "largest": self.largest,
            "failure": self.failure,
            "digest": self.digest,
        });
        line.to_string()
    }
}

/// Runs every case of `GROUP.json`.
pub(crate) fn replay(read: Read<'_>, group: &str) -> Vec<Compared> {
    let mut runner = Runner { read, pipeline: None, published: None };
    let one = |(case, expected): (Json, Tensor)| compare(&case, runner.actual(&case), &expected);
    recorded(read, group).into_iter().map(one).collect()
}

/// Every case of `GROUP.json` with what the library gave.
pub(crate) fn recorded(read: Read<'_>, group: &str) -> Vec<(Json, Tensor)> {
    let cases = cases(read, group);
    let mut arrays = Arrays { read, group, loaded: Vec::new() };
    let expected = |case: Json| (arrays.expected(&case), case);
    cases.into_iter().map(expected).map(|(tensor, case)| (case, tensor)).collect()
}

fn cases(read: Read<'_>, group: &str) -> Vec<Json> {
    let text = read(&format!("{group}.json")).expect("a group of cases");
    serde_json::from_slice(&text).expect("a list of cases")
}

/// Runs cases; the pipeline and what it published are kept for the next case, which may
/// differ only in the input, or only in the value that is compared.
struct Runner<'a> {
    read: Read<'a>,
    pipeline: Option<(Json, InputPipeline)>,
    published: Option<(Json, NamedTensors)>,
}

impl Runner<'_> {
    fn actual(&mut self, case: &Json) -> Result<Tensor, String> {
        let value = case.get("value").and_then(Json::as_str).unwrap_or("value");
        let same = json!([case["kind"], case["steps"], case["input"], case["text"]]);
        if self.published.as_ref().is_none_or(|(of, _)| *of != same) {
            let source = self.source(case)?;
            let prepared = self.pipeline(case, value)?.run(&source, false);
            self.published = Some((same, prepared.map_err(|error| error.to_string())?.published));
        }
        let published = self.published.as_ref().and_then(|(_, published)| published.get(value));
        published.cloned().ok_or_else(|| format!("publishes no `{value}`"))
    }

    fn pipeline(&mut self, case: &Json, value: &str) -> Result<&InputPipeline, String> {
        let same = json!([case["kind"], case["steps"]]);
        if self.pipeline.as_ref().is_none_or(|(of, _)| *of != same) {
            let steps: Vec<&str> =
                case["steps"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            let input = input(case["kind"].as_str().expect("every case has a kind"), &steps, value);
            let pipeline = InputPipeline::compile(&input, &Inputs(self.read));
            self.pipeline = Some((same, pipeline.map_err(|error| error.to_string())?));
        }
        self.pipeline.as_ref().map(|(_, pipeline)| pipeline).ok_or_else(String::new)
    }

    fn source(&self, case: &Json) -> Result<InputSource, String> {
        match (case["input"].as_str(), case.get("text")) {
            (Some(name), _) => {
                let content = (self.read)(&format!("inputs/{name}"));
                Ok(InputSource::File(content.map_err(|error| error.to_string())?))
            }
            (None, Some(text)) => Ok(InputSource::Json(text.clone())),
            (None, None) => Err("has no input".to_owned()),
        }
    }
}

/// The files that steps name.
struct Inputs<'a>(Read<'a>);

impl FileSource for Inputs<'_> {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        self.read(path, u64::MAX).ok().and_then(|content| content.len().try_into().ok())
    }

    fn read(&self, path: &ArtifactPath, _: u64) -> io::Result<Vec<u8>> {
        (self.0)(&format!("inputs/{path}"))
    }
}

/// The flat arrays of a group, each read once.
struct Arrays<'a> {
    read: Read<'a>,
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
            let name = format!("{}.{dtype}.npy", self.group);
            let array = (self.read)(&name).expect("a flat array");
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

fn compare(case: &Json, actual: Result<Tensor, String>, expected: &Tensor) -> Compared {
    let mut compared = Compared {
        case: case["name"].as_str().unwrap_or_default().to_owned(),
        elements: expected.data().len(),
        differing: expected.data().len(),
        largest: 0.0,
        failure: None,
        digest: String::new(),
    };
    let actual = match actual {
        Ok(actual) => actual,
        Err(message) => {
            compared.failure = Some(message);
            return compared;
        }
    };
    if (actual.shape(), actual.dtype()) != (expected.shape(), expected.dtype()) {
        let of = |tensor: &Tensor| format!("{:?} {}", tensor.shape(), tensor.dtype());
        compared.failure = Some(format!("{} instead of {}", of(&actual), of(expected)));
        return compared;
    }
    compared.digest = digest(&actual);
    let values = actual.to_f64s().into_iter().zip(expected.to_f64s());
    // NaN where a number is expected is not within anything.
    let apart =
        values.map(|(a, b)| if a.is_nan() == b.is_nan() { (a - b).abs() } else { f64::MAX });
    compared.largest = apart.fold(0.0, f64::max);
    compared.differing = differing(&actual, expected, 0);
    let (largest, elements) = (compared.largest, compared.elements);
    if let Some(within) = case.get("within").and_then(Json::as_f64) {
        if largest > within {
            compared.failure = Some(format!("off by {largest}, more than {within}"));
        }
        return compared;
    }
    let ulps = case.get("tolerance").and_then(Json::as_u64).unwrap_or(0);
    let wrong = differing(&actual, expected, ulps);
    if wrong > 0 {
        let failure = format!("{wrong} of {elements} elements differ, by up to {largest}");
        compared.failure = Some(failure);
    }
    compared
}

/// How many elements are more units apart than `ulps`.
fn differing(actual: &Tensor, expected: &Tensor, ulps: u64) -> usize {
    let pairs = bits(actual).into_iter().zip(bits(expected));
    pairs.filter(|(actual, expected)| actual.abs_diff(*expected) > ulps).count()
}

/// FNV-1a, element by element.
fn digest(tensor: &Tensor) -> String {
    let fold = |hash: u64, bits: u64| (hash ^ bits).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", bits(tensor).into_iter().fold(0xcbf2_9ce4_8422_2325, fold))
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
