//! Text and bytes to token ids, and back.
//!
//! Tokenizers are those of Hugging Face `tokenizers` 0.23, read from a `tokenizer.json`, so
//! that ids, masks and offsets are Python's. What the file says of truncation and padding is
//! put aside: both are parameters of the step, as pipelines set them when they call.
//!
//! Guarantee: `exact`; proven by the group `text` of `tests/it/vectors.rs`.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc};

use bundle_manifest::{
    Bytes, Detokenize, Dtype, Side, TokenPadding, Tokenize, Truncation, TruncationStrategy,
};
use tokenizers::{
    PaddingDirection, PaddingParams, PaddingStrategy, Tokenizer as Model, TruncationDirection,
    TruncationParams,
};

use crate::{Limits, NamedTensors, Tensor, TensorData, Value, error::Fault, kind::Kind};

/// Bytes of a `tokenizer.json`; the largest vocabularies have some 30 MB.
pub(crate) const MAX_FILE_BYTES: u64 = 64 << 20;

/// A tokenizer that was read from its file.
#[derive(Clone)]
pub(crate) struct Tokenizer(Arc<Model>);

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokenizer").field(&self.0.get_vocab_size(true)).finish()
    }
}

impl Tokenizer {
    /// Reads a `tokenizer.json`, for `step`'s truncation and padding.
    pub(crate) fn read(
        bytes: &[u8],
        truncation: Option<&Truncation>,
        padding: Option<&TokenPadding>,
    ) -> Result<Self, Fault> {
        let wrong =
            |error: &dyn fmt::Display| Fault::new(format!("the tokenizer cannot be read: {error}"));
        let read = guarded(|| Model::from_bytes(bytes))?;
        let mut model = read.map_err(|error| wrong(&error))?;
        let truncation = truncation.map(truncation_params);
        model.with_truncation(truncation).map_err(|error| wrong(&error))?;
        model.with_padding(padding.map(padding_params).transpose()?);
        Ok(Self(Arc::new(model)))
    }
}

/// What `call` gives; a panic of the library on a hostile file is an error of the step.
fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Fault> {
    std::panic::catch_unwind(AssertUnwindSafe(call))
        .map_err(|_| Fault::new("the tokenizer is damaged"))
}

fn truncation_params(truncation: &Truncation) -> TruncationParams {
    TruncationParams {
        direction: match truncation.side {
            Side::Left => TruncationDirection::Left,
            Side::Right => TruncationDirection::Right,
        },
        max_length: truncation.max_length as usize,
        strategy: match truncation.strategy {
            TruncationStrategy::LongestFirst => tokenizers::TruncationStrategy::LongestFirst,
            TruncationStrategy::OnlyFirst => tokenizers::TruncationStrategy::OnlyFirst,
            TruncationStrategy::OnlySecond => tokenizers::TruncationStrategy::OnlySecond,
        },
        stride: 0,
    }
}

fn padding_params(padding: &TokenPadding) -> Result<PaddingParams, Fault> {
    let id =
        |id: u64| u32::try_from(id).map_err(|_| Fault::new(format!("`{id}` is no id of a token")));
    Ok(PaddingParams {
        strategy: padding.length.map_or(PaddingStrategy::BatchLongest, |length| {
            PaddingStrategy::Fixed(length as usize)
        }),
        direction: match padding.side {
            Side::Left => PaddingDirection::Left,
            Side::Right => PaddingDirection::Right,
        },
        pad_to_multiple_of: padding.multiple_of.map(|multiple| multiple as usize),
        pad_id: id(padding.pad_id)?,
        pad_type_id: id(padding.pad_type_id)?,
        pad_token: padding.pad_token.clone().unwrap_or_else(|| "[PAD]".to_owned()),
    })
}

/// What ids are.
const IDS: Kind = Kind::Tensor { dtype: Some(Dtype::Int64), layout: None };

/// Takes a text; gives ids.
pub(crate) fn check_tokenize(params: &Tokenize, before: &Kind) -> Result<Kind, Fault> {
    check_text(before)?;
    if let Some(padding) = &params.padding
        && padding.length.is_none()
        && padding.multiple_of.is_none()
    {
        let fault = Fault::new("`padding` has neither `length` nor `multiple_of`");
        return Err(fault.hint("a single text needs no padding to its own length: leave it out"));
    }
    Ok(IDS)
}

/// Takes a text; gives one.
pub(crate) fn check_text(before: &Kind) -> Result<Kind, Fault> {
    match before {
        Kind::Text => Ok(Kind::Text),
        other => Err(other.refusal("a text").hint("`kind = \"text\"` gives one")),
    }
}

/// The text in lower case, by Unicode's rules as Python `str.lower`.
pub(crate) fn lowercase(text: &str) -> String {
    text.to_lowercase()
}

/// Text to ids; publishes `ids`, `attention_mask`, `type_ids` and `offsets`.
pub(crate) fn tokenize(
    params: &Tokenize,
    tokenizer: &Tokenizer,
    text: &str,
    published: &mut NamedTensors,
) -> Result<Tensor, Fault> {
    let encode = || tokenizer.0.encode_char_offsets(text, params.add_special_tokens);
    let encoding = guarded(encode)?
        .map_err(|error| Fault::new(format!("the text cannot be tokenized: {error}")))?;
    let row = |values: &[u32]| {
        let values: Vec<i64> = values.iter().map(|value| i64::from(*value)).collect();
        Tensor::reshaped(vec![1, values.len()], TensorData::Int64(values))
    };
    let offsets: Vec<i64> = encoding
        .get_offsets()
        .iter()
        .flat_map(|(start, end)| [*start, *end])
        .map(|offset| i64::try_from(offset).unwrap_or(i64::MAX))
        .collect();
    let shape = vec![1, offsets.len() / 2, 2];
    let ids = row(encoding.get_ids());
    published.insert("ids".to_owned(), ids.clone());
    published.insert("attention_mask".to_owned(), row(encoding.get_attention_mask()));
    published.insert("type_ids".to_owned(), row(encoding.get_type_ids()));
    published.insert("offsets".to_owned(), Tensor::reshaped(shape, TensorData::Int64(offsets)));
    Ok(ids)
}

/// Takes a file; gives ids.
pub(crate) fn check_bytes(before: &Kind) -> Result<Kind, Fault> {
    match before {
        Kind::Source | Kind::Text => Ok(IDS),
        other => Err(other.refusal("a file")),
    }
}

/// Bytes as ids; publishes `ids` and `attention_mask`.
pub(crate) fn bytes(
    params: &Bytes,
    value: Value,
    limits: &Limits,
    published: &mut NamedTensors,
) -> Result<Tensor, Fault> {
    let content = match value {
        Value::Bytes(bytes) => bytes,
        Value::Text(text) => text.into_bytes(),
        other => return Err(other.refusal("a file")),
    };
    let id = |id: u64| i64::try_from(id).map_err(|_| Fault::new("an id is too large"));
    let offset = id(params.offset)?;
    let wanted = params.length.map(|length| length as usize);
    let room = wanted.unwrap_or(usize::MAX).saturating_sub(params.append.len());
    let kept = &content[..content.len().min(room)];
    if kept.len() > limits.elements {
        return Err(Fault::new("the file has more bytes than the limit")
            .hint("give `length`, as the model was trained"));
    }
    let mut ids: Vec<i64> =
        kept.iter().map(|byte| i64::from(*byte).saturating_add(offset)).collect();
    for appended in &params.append {
        ids.push(id(*appended)?);
    }
    if let Some(wanted) = wanted {
        ids.truncate(wanted);
    }
    let mut mask = vec![1; ids.len()];
    if let Some(wanted) = wanted.filter(|wanted| *wanted > ids.len()) {
        let Some(pad) = params.pad_id else {
            let fault = Fault::new(format!(
                "the file has {} tokens, and `pad_id` does not say how {wanted} are filled",
                ids.len()
            ));
            return Err(fault.hint("add `pad_id`, as the model was trained"));
        };
        ids.resize(wanted, id(pad)?);
        mask.resize(wanted, 0);
    }
    let row = |values: Vec<i64>| Tensor::reshaped(vec![1, values.len()], TensorData::Int64(values));
    let ids = row(ids);
    published.insert("ids".to_owned(), ids.clone());
    published.insert("attention_mask".to_owned(), row(mask));
    Ok(ids)
}

/// Takes a tensor of ids; gives a text.
pub(crate) fn check_detokenize(before: &Kind) -> Result<Kind, Fault> {
    before.tensor().map(|_| Kind::Text)
}

/// Ids to text, as Python `Tokenizer.decode`.
pub(crate) fn detokenize(
    params: &Detokenize,
    tokenizer: &Tokenizer,
    ids: &Tensor,
) -> Result<String, Fault> {
    if ids.shape().iter().rev().skip(1).any(|length| *length != 1) {
        return Err(Fault::new(format!("takes one row of ids, got shape {:?}", ids.shape())));
    }
    let TensorData::Int64(ids) = ids.data() else {
        return Err(Fault::new(format!("takes ids as int64, got `{}`", ids.dtype()))
            .hint("put `argmax`, `ctc_greedy` or `ensure_dtype` with `int64` before it"));
    };
    let ids: Result<Vec<u32>, _> = ids.iter().map(|id| u32::try_from(*id)).collect();
    let ids = ids.map_err(|_| Fault::new("an id is negative or too large"))?;
    guarded(|| tokenizer.0.decode(&ids, params.skip_special_tokens))?
        .map_err(|error| Fault::new(format!("the ids cannot be decoded: {error}")))
}
