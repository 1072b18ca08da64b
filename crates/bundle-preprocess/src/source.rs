//! What is given for an input, as the first value of its pipeline.

use bundle_manifest::{Dtype, InputKind};
use serde_json::Value as Json;

use crate::{
    InputSource, Limits, Tensor, TensorData, Value,
    error::Fault,
    npy::{MAGIC, read_npy},
};

/// Axes of a JSON array.
const MAX_AXES: usize = 32;

/// The value before the first step: a file and a JSON value as they are, but for
/// `kind = "tensor"`, where an NPY array or a nested JSON array becomes a tensor, and for
/// `kind = "text"`.
pub(crate) fn first_value(
    kind: InputKind,
    source: &InputSource,
    limits: &Limits,
) -> Result<Value, Fault> {
    match (kind, source) {
        (InputKind::Tensor, InputSource::File(bytes)) => {
            tensor_of_file(bytes, limits).map(Value::Tensor)
        }
        (InputKind::Tensor, InputSource::Json(json)) => {
            tensor_of_json(json, limits).map(Value::Tensor)
        }
        (InputKind::Text, InputSource::File(bytes)) => {
            let text = std::str::from_utf8(bytes);
            let text = text.map_err(|_| Fault::new("takes a text in UTF-8, got other bytes"))?;
            text_of(text, limits)
        }
        (InputKind::Text, InputSource::Json(Json::String(text))) => text_of(text, limits),
        (InputKind::Text, InputSource::Json(_)) => Err(Fault::new("takes a text")),
        (_, InputSource::File(bytes)) => Ok(Value::Bytes(bytes.clone())),
        (_, InputSource::Json(json)) => Ok(Value::Json(json.clone())),
    }
}

fn text_of(text: &str, limits: &Limits) -> Result<Value, Fault> {
    if text.len() > limits.text_bytes {
        let (bytes, limit) = (text.len(), limits.text_bytes);
        return Err(Fault::new(format!(
            "a text of {bytes} bytes is more than the limit of {limit}"
        )));
    }
    Ok(Value::Text(text.to_owned()))
}

fn tensor_of_file(bytes: &[u8], limits: &Limits) -> Result<Tensor, Fault> {
    if bytes.starts_with(MAGIC) {
        return read_npy(bytes, limits.elements).map_err(|error| Fault::new(error.to_string()));
    }
    let json = serde_json::from_slice(bytes);
    let json = json.map_err(|_| {
        Fault::new("takes an NPY array or a JSON array, got a file of another format")
    })?;
    tensor_of_json(&json, limits)
}

/// Integers become int64 and booleans bool; if any number has a fraction or an
/// exponent, all become float32, each rounded to the nearest.
pub(crate) fn tensor_of_json(json: &Json, limits: &Limits) -> Result<Tensor, Fault> {
    let mut elements = Elements::default();
    let mut shape = Vec::new();
    shape_of(json, &mut shape)?;
    elements.collect(json, &shape, limits)?;
    let data = match elements {
        Elements { truths, numbers, .. } if numbers.is_empty() && !truths.is_empty() => {
            TensorData::Bool(truths)
        }
        Elements { truths, .. } if !truths.is_empty() => {
            return Err(Fault::new("the array mixes numbers and booleans"));
        }
        Elements { numbers, whole, .. } if numbers.len() == whole.len() && !whole.is_empty() => {
            TensorData::Int64(whole)
        }
        Elements { numbers, .. } => TensorData::Float64(numbers),
    };
    let tensor = Tensor::new(shape, data).map_err(|error| Fault::new(error.to_string()))?;
    if tensor.dtype() != Dtype::Float64 {
        return Ok(tensor);
    }
    tensor.cast(Dtype::Float32).map_err(|error| Fault::new(error.to_string()))
}

/// The shape that the first elements promise.
fn shape_of(json: &Json, shape: &mut Vec<usize>) -> Result<(), Fault> {
    let Json::Array(elements) = json else { return Ok(()) };
    if shape.len() == MAX_AXES {
        return Err(Fault::new(format!("the array has more than {MAX_AXES} axes")));
    }
    shape.push(elements.len());
    match elements.first() {
        Some(first) => shape_of(first, shape),
        None => Ok(()),
    }
}

/// The elements of a JSON array, in order.
#[derive(Default)]
struct Elements {
    numbers: Vec<f64>,
    /// The numbers that are int64.
    whole: Vec<i64>,
    truths: Vec<bool>,
}

impl Elements {
    fn collect(&mut self, json: &Json, shape: &[usize], limits: &Limits) -> Result<(), Fault> {
        match (json, shape) {
            (Json::Array(elements), [length, inner @ ..]) if elements.len() == *length => {
                elements.iter().try_for_each(|element| self.collect(element, inner, limits))
            }
            (Json::Array(_), _) | (_, [_, ..]) => {
                Err(Fault::new("the array is ragged: its rows differ in length"))
            }
            (Json::Bool(truth), []) => {
                self.truths.push(*truth);
                self.check(limits)
            }
            (Json::Number(number), []) => {
                self.whole.extend(number.as_i64());
                self.numbers.push(number.as_f64().unwrap_or(f64::NAN));
                self.check(limits)
            }
            (Json::Null, []) => Err(Fault::new("the array holds a null; NPY files can hold NaN")),
            (Json::String(_) | Json::Object(_), []) => {
                Err(Fault::new("takes a number, or nested arrays of numbers"))
            }
        }
    }

    fn check(&self, limits: &Limits) -> Result<(), Fault> {
        if self.numbers.len().max(self.truths.len()) <= limits.elements {
            return Ok(());
        }
        Err(Fault::new(format!("the array has more than {} elements", limits.elements)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::write_npy;

    fn tensor(json: &Json) -> Result<Tensor, String> {
        tensor_of_json(json, &Limits { elements: 4, ..Limits::default() })
            .map_err(|fault| fault.message)
    }

    #[test]
    fn json_decides_the_type() {
        let cases = [
            (json!([[1, 2], [3, -4]]), vec![2, 2], TensorData::Int64(vec![1, 2, 3, -4])),
            (json!([1, 2.5]), vec![2], TensorData::Float32(vec![1.0, 2.5])),
            (json!([true, false]), vec![2], TensorData::Bool(vec![true, false])),
            (json!(7), vec![], TensorData::Int64(vec![7])),
            (json!(0.1), vec![], TensorData::Float32(vec![0.1])),
            (json!([[], []]), vec![2, 0], TensorData::Float32(vec![])),
        ];
        for (json, shape, data) in cases {
            assert_eq!(tensor(&json), Ok(Tensor::reshaped(shape, data)), "{json}");
        }
    }

    #[test]
    fn what_is_no_array_is_refused() {
        let cases = [
            (json!([[1], [1, 2]]), "the array is ragged: its rows differ in length"),
            (json!([[1], 2]), "the array is ragged: its rows differ in length"),
            (json!([1, [2]]), "the array is ragged: its rows differ in length"),
            (json!([1, true]), "the array mixes numbers and booleans"),
            (json!([1, null]), "the array holds a null; NPY files can hold NaN"),
            (json!("cat"), "takes a number, or nested arrays of numbers"),
            (json!([1, 2, 3, 4, 5]), "the array has more than 4 elements"),
            (
                json!([1e300]),
                "element 0 is 1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000, which `float32` cannot hold",
            ),
        ];
        for (json, message) in cases {
            assert!(tensor(&json).expect_err(message).starts_with(&message[..20]), "{json}");
        }
    }

    #[test]
    fn files_hold_npy_or_json() {
        let expected = Tensor::reshaped(vec![2], TensorData::Int64(vec![1, 2]));
        for bytes in [write_npy(&expected), b"[1, 2]".to_vec()] {
            let value =
                first_value(InputKind::Tensor, &InputSource::File(bytes), &Limits::default());
            assert_eq!(value, Ok(Value::Tensor(expected.clone())));
        }
        let png = InputSource::File(b"\x89PNG".to_vec());
        let fault =
            first_value(InputKind::Tensor, &png, &Limits::default()).expect_err("a picture");
        assert_eq!(
            fault.message,
            "takes an NPY array or a JSON array, got a file of another format"
        );
    }
}
