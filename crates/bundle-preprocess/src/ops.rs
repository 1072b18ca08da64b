//! From a step to the function that checks it and the one that runs it.
//!
//! Each operation is a pair: `check` says what it takes and gives, from its
//! parameters alone; `apply` computes. This file is only the table between.

use std::collections::BTreeMap;

use bundle_manifest::{EntryName, Step};

use crate::{
    Limits, NamedTensors, Storage, Tensor, Value, arithmetic, array, audio, boxes, color, columns,
    decode, embedding, encode, error::Fault, geometry, kind::Kind, layout, letterbox, resize,
    resource::Resource, scores, series, text,
};

/// What `step` gives when it takes `before`, or why it cannot work.
pub(crate) fn check(step: &Step, before: &Kind) -> Result<Kind, Fault> {
    match step {
        Step::DecodeImage(params) => decode::check(params, before),
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
        Step::MinMaxScale(params) => encode::check_min_max_scale(params, before),
        Step::OrdinalEncode(params) => encode::check_ordinal_encode(params, before),
        Step::Threshold(_) => boxes::check_threshold(before),
        Step::DecodeBoxes(params) => boxes::check_decode(params, before),
        Step::Nms(params) => boxes::check_nms(params, before),
        Step::CtcGreedy(_) => embedding::check_ctc(before),
        Step::Pool(_) => embedding::check_pool(before),
        Step::L2Norm(params) => embedding::check_l2_norm(params, before),
        Step::ColumnConcat(params) => encode::check_column_concat(params, before),
        Step::Softmax(_) | Step::Sigmoid(_) => scores::check_floats(before),
        Step::Argmax(_) => scores::check_argmax(before),
        Step::TopK(params) => scores::check_top_k(params, before),
        Step::ZeroMeanUnitVariance(params) => array::check_zero_mean(params, before),
        Step::ScaleRange(params) => array::check_scale_range(params, before),
        Step::Clip(params) => array::check_clip(params, before),
        Step::ScaleLinear(params) => array::check_scale_linear(params, before),
        Step::Binarize(_) => array::check_floats(before),
        Step::ReverseChannels(_) => array::check_any(before),
        Step::Transpose(params) => array::check_transpose(params, before),
        Step::Letterbox(params) => letterbox::check(params, before),
        Step::DecodeDicom(params) => decode::check_dicom(params, before),
        Step::Lowercase(_) => text::check_text(before),
        Step::Tokenize(params) => text::check_tokenize(params, before),
        Step::Bytes(_) => text::check_bytes(before),
        Step::Detokenize(_) => text::check_detokenize(before),
        Step::DecodeArray(_) => series::check_decode_array(before),
        Step::DecodeAudio(params) => audio::check_decode(params, before),
        Step::Resample(params) => audio::check_resample(params, before),
        Step::PadOrTrim(params) => audio::check_pad_or_trim(params, before),
        Step::Preemphasis(_) => audio::check_preemphasis(before),
        Step::Stft(params) => audio::check_stft(params, before),
        Step::Mel(params) => audio::check_mel(params, before),
        Step::Log(params) => audio::check_log(params, before),
        Step::KaldiFbank(params) => audio::check_kaldi_fbank(params, before),
        Step::DropLastFrame(_) => audio::check_drop_last_frame(before),
        Step::SlidingWindow(params) => series::check_window(params, before),
        Step::Difference(params) => series::check_difference(params, before),
    }
}

/// What lies beside the main tensor of an output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside<'a> {
    /// The tensor with the role `scores`, where boxes have one.
    pub(crate) scores: Option<&'a Tensor>,
    /// What the inputs published, by input.
    pub(crate) inputs: &'a BTreeMap<EntryName, NamedTensors>,
    /// Height and width of the network's input image, where there is one.
    pub(crate) size: Option<(usize, usize)>,
}

/// Nothing beside: an input's step.
pub(crate) const NOTHING_BESIDE: Beside<'static> =
    Beside { scores: None, inputs: &BTreeMap::new(), size: None };

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
    /// What an output's step may look at: other tensors of the network and of the inputs.
    pub(crate) beside: &'a Beside<'a>,
}

/// Runs a step.
#[expect(clippy::too_many_lines, reason = "the table between steps and their functions")]
pub(crate) fn apply(step: &Step, value: Value, around: Surroundings<'_>) -> Result<Value, Fault> {
    let Surroundings { before, resource, limits, published, beside } = around;
    if !matches!(step, Step::ConvertColor(_)) {
        check_storage(&value)?;
    }
    match step {
        Step::DecodeImage(params) => {
            decode::apply(params, &value.into_bytes()?, limits).map(Value::Image)
        }
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
        Step::ExpandDims(params) => layout::expand_dims(params, value).map(Value::Tensor),
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
        Step::ZeroMeanUnitVariance(params) => array::zero_mean_unit_variance(params, value, limits),
        Step::ScaleRange(params) => array::scale_range(params, value, limits),
        Step::Clip(params) => array::clip(params, value),
        Step::ScaleLinear(params) => array::scale_linear(params, value),
        Step::Binarize(params) => array::binarize(params, value),
        Step::ReverseChannels(params) => array::reverse_channels(params, value),
        Step::Transpose(params) => array::transpose(params, &value).map(Value::Tensor),
        Step::Letterbox(params) => {
            letterbox::apply(params, value.into_image()?, limits).map(Value::Image)
        }
        Step::DecodeDicom(params) => {
            decode::apply_dicom(params, &value.into_bytes()?, limits).map(Value::Image)
        }
        Step::Lowercase(_) => Ok(Value::Text(text::lowercase(&value.into_text()?))),
        Step::Tokenize(params) => {
            let text = value.into_text()?;
            text::tokenize(params, resource.tokenizer()?, &text, published).map(Value::Tensor)
        }
        Step::Bytes(params) => text::bytes(params, value, limits, published).map(Value::Tensor),
        Step::Detokenize(params) => {
            let ids = value.into_tensor()?;
            text::detokenize(params, resource.tokenizer()?, &ids).map(Value::Text)
        }
        Step::DecodeArray(_) => series::decode_array(value, limits).map(Value::Tensor),
        Step::DecodeAudio(params) => {
            audio::decode(params, &value.into_bytes()?, limits).map(Value::Audio)
        }
        Step::Resample(params) => {
            audio::resample(params, value.into_audio()?, limits).map(Value::Audio)
        }
        Step::PadOrTrim(params) => audio::pad_or_trim(params, value, limits),
        Step::Preemphasis(params) => {
            Ok(Value::Audio(audio::preemphasis(params, value.into_audio()?)))
        }
        Step::Stft(params) => audio::stft(params, &value.into_audio()?, limits).map(Value::Tensor),
        Step::Mel(params) => audio::mel(params, before, &value.into_tensor()?).map(Value::Tensor),
        Step::Log(params) => audio::log(params, value).map(Value::Tensor),
        Step::KaldiFbank(params) => {
            audio::kaldi_fbank(params, &value.into_audio()?, limits).map(Value::Tensor)
        }
        Step::DropLastFrame(_) => audio::drop_last_frame(value.into_tensor()?).map(Value::Tensor),
        Step::SlidingWindow(params) => {
            series::window(params, value.into_tensor()?, limits).map(Value::Tensor)
        }
        Step::Difference(params) => {
            series::difference(params, &value.into_tensor()?).map(Value::Tensor)
        }
        Step::MinMaxScale(params) => {
            encode::min_max_scale(params, before, value.into_table()?).map(Value::Table)
        }
        Step::OrdinalEncode(params) => {
            encode::ordinal_encode(params, value.into_table()?).map(Value::Table)
        }
        Step::Threshold(params) => {
            boxes::threshold(params, &value.into_tensor()?).map(Value::Tensor)
        }
        Step::DecodeBoxes(params) => {
            boxes::decode(params, &value.into_tensor()?, beside, limits).map(Value::Tensor)
        }
        Step::Nms(params) => boxes::nms(params, &value.into_tensor()?, limits).map(Value::Tensor),
        Step::CtcGreedy(params) => {
            embedding::ctc_greedy(params, &value.into_tensor()?).map(Value::Tensor)
        }
        Step::Pool(params) => {
            let tensor = value.into_tensor()?;
            embedding::pool(params, &tensor, beside).map(Value::Tensor)
        }
        Step::L2Norm(params) => {
            embedding::l2_norm(params, &value.into_tensor()?).map(Value::Tensor)
        }
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
