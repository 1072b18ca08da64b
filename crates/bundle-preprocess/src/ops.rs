//! From a step to the function that checks it and the one that runs it.
//!
//! Each operation is a pair: `check` says what it takes and gives, from its
//! parameters alone; `apply` computes. This file is only the table between.

use bundle_manifest::Step;

use crate::{
    Limits, NamedTensors, Storage, Value, arithmetic, color, columns, decode, encode, error::Fault,
    geometry, kind::Kind, layout, resize, resource::Resource, scores,
};

/// What `step` gives when it takes `before`, or why it cannot work.
pub(crate) fn check(step: &Step, before: &Kind) -> Result<Kind, Fault> {
    match step {
        Step::DecodeImage(params) => decode::check(params, before),
        Step::DecodeDicom(params) => decode::dicom::check(params, before),
        Step::ConvertColor(params) => color::check(params, before),
        Step::Resize(params) => resize::check(params, before),
        Step::CenterCrop(params) => geometry::check_center_crop(params, before),
        Step::Crop(params) => geometry::check_crop(params, before),
        Step::Pad(params) => geometry::check_pad(params, before),
        Step::Rescale(params) => arithmetic::check_rescale(params, before),
        Step::Normalize(params) => arithmetic::check_normalize(params, before),
        Step::Layout(params) => layout::check_layout(params, before),
        Step::EnsureDtype(params) => layout::check_ensure_dtype(params, before),
        Step::ExpandDims(params) => layout::check_expand_dims(params, before),
        Step::Columns(params) => columns::check(params, before),
        Step::Impute(params) => encode::check_impute(params, before),
        Step::StandardScale(params) => encode::check_standard_scale(params, before),
        Step::OneHot(params) => encode::check_one_hot(params, before),
        Step::ColumnConcat(params) => encode::check_column_concat(params, before),
        Step::Softmax(_) | Step::Sigmoid(_) => scores::check_floats(before),
        Step::Argmax(_) => scores::check_argmax(before),
        Step::TopK(params) => scores::check_top_k(params, before),
        _ => Err(Fault::planned("")),
    }
}

/// What surrounds a step that runs.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    /// What was known of its value when the pipeline was compiled.
    pub(crate) before: &'a Kind,
    /// What was read from the file of the step.
    pub(crate) resource: &'a Resource,
    pub(crate) limits: &'a Limits,
    /// Where it publishes values beside its result.
    pub(crate) published: &'a mut NamedTensors,
}

/// Runs a step.
pub(crate) fn apply(step: &Step, value: Value, around: Surroundings<'_>) -> Result<Value, Fault> {
    let Surroundings { before, resource: _, limits, published } = around;
    if !matches!(step, Step::ConvertColor(_)) {
        check_storage(&value)?;
    }
    match step {
        Step::DecodeImage(params) => match value {
            Value::Bytes(bytes) => decode::apply(params, &bytes, limits).map(Value::Image),
            other => Err(other.refusal("a file")),
        },
        Step::DecodeDicom(params) => match value {
            Value::Bytes(bytes) => decode::dicom::apply(params, &bytes, limits).map(Value::Image),
            other => Err(other.refusal("a file")),
        },
        Step::ConvertColor(params) => color::apply(params, value.into_image()?).map(Value::Image),
        Step::Resize(params) => {
            resize::apply(params, value.into_image()?, limits).map(Value::Image)
        }
        Step::CenterCrop(params) => {
            geometry::center_crop(params, value.into_image()?, limits).map(Value::Image)
        }
        Step::Crop(params) => geometry::crop(params, value.into_image()?).map(Value::Image),
        Step::Pad(params) => geometry::pad(params, value.into_image()?, limits).map(Value::Image),
        Step::Rescale(params) => arithmetic::rescale(params, value, limits),
        Step::Normalize(params) => arithmetic::normalize(params, before, value, limits),
        Step::Layout(params) => layout::layout(params, value.into_image()?).map(Value::Tensor),
        Step::EnsureDtype(params) => layout::ensure_dtype(params, value),
        Step::ExpandDims(params) => {
            layout::expand_dims(params, value.into_tensor()?).map(Value::Tensor)
        }
        Step::Columns(params) => columns::apply(params, &value, limits).map(Value::Table),
        Step::Impute(params) => Ok(Value::Table(encode::impute(params, value.into_table()?))),
        Step::StandardScale(params) => {
            encode::standard_scale(params, before, value.into_table()?).map(Value::Table)
        }
        Step::OneHot(params) => {
            encode::one_hot(params, value.into_table()?, limits).map(Value::Table)
        }
        Step::ColumnConcat(params) => {
            encode::column_concat(params, &value.into_table()?, limits).map(Value::Tensor)
        }
        Step::Softmax(params) => scores::softmax(params, value.into_tensor()?).map(Value::Tensor),
        Step::Sigmoid(_) => scores::sigmoid(value.into_tensor()?).map(Value::Tensor),
        Step::Argmax(params) => scores::argmax(params, &value.into_tensor()?).map(Value::Tensor),
        Step::TopK(params) => {
            let (values, indices) = scores::top_k(params, &value.into_tensor()?, limits)?;
            published.insert("values".to_owned(), values.clone());
            published.insert("indices".to_owned(), indices);
            Ok(Value::Tensor(values))
        }
        _ => Err(Fault::planned("")),
    }
}

/// Refuses pixels on which libraries and this program would not mean the same.
pub(crate) fn check_storage(value: &Value) -> Result<(), Fault> {
    let Value::Image(image) = value else { return Ok(()) };
    let what = match image.storage {
        Storage::Direct => return Ok(()),
        Storage::Bilevel => "a 1-bit image",
        Storage::Palette => "a palette image",
        Storage::ColorKey => "an image with a transparent colour",
    };
    let fault = Fault::new(format!("takes an image of plain samples, got {what}"));
    Err(fault.hint("put `convert_color` straight after `decode_image`"))
}
