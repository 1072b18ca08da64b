//! `decode_array`, `window` and `difference`: measurements in order.
//!
//! Nothing is computed but one subtraction in the type of the elements, as NumPy's.
//! Guarantee: `exact`; proven by the group `arrays` of `tests/it/vectors.rs`.

use bundle_manifest::{Difference, Dtype, SlidingWindow, WindowTail};

use crate::{
    Limits, Tensor, TensorData, Value,
    error::Fault,
    kind::Kind,
    npy::{MAGIC, read_npy},
    source::tensor_of_json,
};

/// Takes a file or a JSON array; gives a tensor.
pub(crate) fn check_decode_array(before: &Kind) -> Result<Kind, Fault> {
    before.source().map(|()| Kind::TENSOR)
}

/// An NPY array as it is, a JSON array as for `kind = "tensor"`.
pub(crate) fn decode_array(value: Value, limits: &Limits) -> Result<Tensor, Fault> {
    match value {
        Value::Bytes(bytes) if bytes.starts_with(MAGIC) => {
            read_npy(&bytes, limits.elements).map_err(|error| Fault::new(error.to_string()))
        }
        Value::Bytes(_) => {
            let fault = Fault::new("takes an NPY file, got a file of another format");
            Err(fault.hint("save the array with `numpy.save`"))
        }
        Value::Json(json) => tensor_of_json(&json, limits),
        other => Err(other.refusal("a file")),
    }
}

/// Takes a tensor; gives one with an axis more.
pub(crate) fn check_window(params: &SlidingWindow, before: &Kind) -> Result<Kind, Fault> {
    let (dtype, _) = before.tensor()?;
    if params.length == 0 || params.stride == 0 {
        return Err(Fault::new("`length` or `stride` is 0"));
    }
    Ok(Kind::Tensor { dtype, layout: None })
}

/// Windows along the first axis: windows × length × the other axes.
pub(crate) fn window(
    params: &SlidingWindow,
    tensor: Tensor,
    limits: &Limits,
) -> Result<Tensor, Fault> {
    let [time, inner @ ..] = tensor.shape() else {
        return Err(Fault::new("takes a series, got a single number"));
    };
    let (time, inner) = (*time, inner.to_vec());
    let (length, stride) = (params.length as usize, params.stride as usize);
    let past = time.saturating_sub(length);
    let count = match params.tail {
        WindowTail::Drop if time < length => {
            let fault = Fault::new(format!("a series of {time} has no window of {length}"));
            return Err(fault.hint("give a longer one, or `tail = \"pad\"`"));
        }
        WindowTail::Drop => past / stride + 1,
        WindowTail::Pad => past.div_ceil(stride) + 1,
    };
    let size: usize = inner.iter().product();
    let elements = count.checked_mul(length).and_then(|rows| rows.checked_mul(size));
    if elements.is_none_or(|elements| elements > limits.elements) {
        return Err(Fault::new(format!("{count} windows of {length} are more than the limit")));
    }
    let shape = [vec![count, length], inner].concat();
    let source = |index: usize| {
        let (window, rest) = (index / (length * size), index % (length * size));
        let row = window * stride + rest / size;
        (row < time).then_some(row * size + rest % size)
    };
    let data = tensor.into_data().gathered(elements.unwrap_or(0), source);
    Ok(Tensor::reshaped(shape, data))
}

/// Takes a tensor of floats or signed integers; gives a shorter one.
pub(crate) fn check_difference(params: &Difference, before: &Kind) -> Result<Kind, Fault> {
    let (dtype, _) = before.tensor()?;
    if params.lag == 0 {
        return Err(Fault::new("`lag` is 0"));
    }
    match dtype {
        Some(Dtype::Float32 | Dtype::Float64 | Dtype::Int64 | Dtype::Int32) | None => {
            Ok(Kind::Tensor { dtype, layout: None })
        }
        Some(other) => Err(Fault::new(format!("takes floats or signed integers, got `{other}`"))
            .hint("put `ensure_dtype` with `float32` before it")),
    }
}

/// `x[t] - x[t - lag]` along the first axis.
pub(crate) fn difference(params: &Difference, tensor: &Tensor) -> Result<Tensor, Fault> {
    let [time, inner @ ..] = tensor.shape() else {
        return Err(Fault::new("takes a series, got a single number"));
    };
    let lag = params.lag as usize;
    let Some(left) = time.checked_sub(lag) else {
        return Err(Fault::new(format!("a series of {time} has nothing {lag} rows back")));
    };
    let offset = lag * inner.iter().product::<usize>();
    macro_rules! subtracted {
        ($values:expr, $subtract:expr) => {
            $values[offset..].iter().zip($values).map($subtract).collect()
        };
    }
    let data = match tensor.data() {
        TensorData::Float32(values) => TensorData::Float32(subtracted!(values, |(x, y)| x - y)),
        TensorData::Float64(values) => TensorData::Float64(subtracted!(values, |(x, y)| x - y)),
        TensorData::Int32(values) => {
            TensorData::Int32(subtracted!(values, |(x, y)| x.wrapping_sub(*y)))
        }
        TensorData::Int64(values) => {
            TensorData::Int64(subtracted!(values, |(x, y)| x.wrapping_sub(*y)))
        }
        other => {
            return Err(Fault::new(format!(
                "takes floats or signed integers, got `{}`",
                other.dtype()
            )));
        }
    };
    let shape = [vec![left], inner.to_vec()].concat();
    Ok(Tensor::reshaped(shape, data))
}
