//! `pool`, `l2_norm` and `ctc_greedy`: vectors and texts out of sequences.
//!
//! - `pool`: sentence-transformers; the mean divides by at least 1e-9 tokens.
//! - `l2_norm`: `torch.nn.functional.normalize` along the last axis.
//! - `ctc_greedy`: the best class of each frame, equal neighbours merged, blanks left out.
//!
//! Sums are float64, rounded once. Guarantee: `ulp`; `ctc_greedy` is `exact`.
//! Proven by the group `outputs` of `tests/it/vectors.rs`.

use bundle_manifest::{CtcGreedy, Dtype, L2Norm, Pool, Pooling};

use crate::{Tensor, TensorData, cast::single, error::Fault, kind::Kind, ops::Beside};

/// Takes a tensor of batch × tokens × size; gives batch × size.
pub(crate) fn check_pool(before: &Kind) -> Result<Kind, Fault> {
    before.tensor().map(|_| Kind::Tensor { dtype: Some(Dtype::Float32), layout: None })
}

/// Pools tokens; those that the mask leaves out do not count.
pub(crate) fn pool(params: &Pool, tensor: &Tensor, beside: &Beside<'_>) -> Result<Tensor, Fault> {
    let &[batch, tokens, size] = tensor.shape() else {
        return Err(Fault::new(format!(
            "takes batch × tokens × size, got shape {:?}",
            tensor.shape()
        )));
    };
    let mask = match &params.mask {
        None => vec![1.0; batch * tokens],
        Some(name) => mask(name, beside, (batch, tokens))?,
    };
    let values = tensor.to_f64s();
    let mut result = Vec::with_capacity(batch * size);
    for row in 0..batch {
        let mask = &mask[row * tokens..(row + 1) * tokens];
        let value = |token: usize, index: usize| values[(row * tokens + token) * size + index];
        let counted = || (0..tokens).filter(|token| mask[*token] != 0.0);
        let last = counted().next_back();
        for index in 0..size {
            let pooled = match params.method {
                Pooling::Cls if tokens > 0 => value(0, index),
                Pooling::Last | Pooling::Cls => match last {
                    Some(token) => value(token, index),
                    None => return Err(Fault::new("the mask leaves no token")),
                },
                Pooling::Max => counted().map(|token| value(token, index)).fold(-1e9, f64::max),
                Pooling::Mean => {
                    let sum: f64 = (0..tokens).map(|token| value(token, index) * mask[token]).sum();
                    sum / mask.iter().sum::<f64>().max(1e-9)
                }
            };
            result.push(single(pooled));
        }
    }
    Ok(Tensor::reshaped(vec![batch, size], TensorData::Float32(result)))
}

fn mask(
    name: &str,
    beside: &Beside<'_>,
    (batch, tokens): (usize, usize),
) -> Result<Vec<f64>, Fault> {
    let input = beside.inputs.iter().find(|(input, _)| input.as_str() == name);
    let mask = input.and_then(|(_, published)| published.get("attention_mask"));
    let Some(mask) = mask else {
        let fault = Fault::new(format!("the input `{name}` publishes no `attention_mask`"));
        return Err(fault.hint("`mask` names an input whose steps `tokenize`"));
    };
    if mask.shape() != [batch, tokens] {
        return Err(Fault::new(format!(
            "the mask of `{name}` has shape {:?}, the tokens have [{batch}, {tokens}]",
            mask.shape()
        )));
    }
    Ok(mask.to_f64s())
}

/// Takes a tensor; gives the same in float32.
pub(crate) fn check_l2_norm(params: &L2Norm, before: &Kind) -> Result<Kind, Fault> {
    if params.eps < 0.0 {
        return Err(Fault::new("`eps` is negative"));
    }
    before.tensor().map(|_| Kind::Tensor { dtype: Some(Dtype::Float32), layout: None })
}

/// `x / max(|x|, eps)` along the last axis.
pub(crate) fn l2_norm(params: &L2Norm, tensor: &Tensor) -> Result<Tensor, Fault> {
    let shape = tensor.shape().to_vec();
    let Some(size) = shape.last().copied() else {
        return Err(Fault::new("takes a vector, got a single number"));
    };
    let mut values = tensor.to_f64s();
    for row in values.chunks_exact_mut(size.max(1)) {
        let length = libm::sqrt(row.iter().map(|x| x * x).sum()).max(params.eps);
        if length == 0.0 {
            return Err(Fault::new("a vector has no length, and `eps` is 0"));
        }
        for x in row {
            *x /= length;
        }
    }
    let values = values.into_iter().map(single).collect();
    Ok(Tensor::reshaped(shape, TensorData::Float32(values)))
}

/// Takes a tensor of time × classes, with or without a batch of 1; gives ids.
pub(crate) fn check_ctc(before: &Kind) -> Result<Kind, Fault> {
    before.tensor().map(|_| Kind::Tensor { dtype: Some(Dtype::Int64), layout: None })
}

/// The ids, 1 × tokens.
pub(crate) fn ctc_greedy(params: &CtcGreedy, tensor: &Tensor) -> Result<Tensor, Fault> {
    let classes = match *tensor.shape() {
        [_, classes] | [1, _, classes] | [_, 1, classes] if classes > 0 => classes,
        _ => {
            return Err(Fault::new(format!(
                "takes time × classes, got shape {:?}",
                tensor.shape()
            )));
        }
    };
    let scores = tensor.to_f64s();
    if let Some(index) = scores.iter().position(|score| score.is_nan()) {
        return Err(Fault::new(format!("element {index} is NaN")));
    }
    let best = |frame: &[f64]| {
        let better =
            |best: usize, class: usize| if frame[class] > frame[best] { class } else { best };
        (0..classes).reduce(better).unwrap_or(0) as u64
    };
    let mut ids: Vec<u64> = scores.chunks_exact(classes).map(best).collect();
    ids.dedup();
    ids.retain(|id| *id != params.blank);
    let ids: Vec<i64> = ids.into_iter().map(|id| i64::try_from(id).unwrap_or(i64::MAX)).collect();
    Ok(Tensor::reshaped(vec![1, ids.len()], TensorData::Int64(ids)))
}
