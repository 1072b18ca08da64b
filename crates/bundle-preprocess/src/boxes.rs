//! `threshold`, `decode_boxes` and `nms`: what detectors mean.
//!
//! `decode_boxes` gives rows of left, top, right, bottom, score and class, in float32 and in
//! pixels of the network's input, in the order of the network. `nms` is torchvision's: boxes
//! by score, best first, equals in their order; one that overlaps a better one by more than
//! `iou` goes. Guarantee: `exact` for `nms` and `threshold`, `ulp` for `decode_boxes`.
//! Proven by the group `outputs` of `tests/it/vectors.rs`.

use bundle_manifest::{BoxFormat, BoxUnit, ClassActivation, DecodeBoxes, Dtype, Nms, Threshold};

use crate::{Limits, Tensor, TensorData, cast::single, error::Fault, kind::Kind, ops::Beside};

/// Numbers of a decoded box: its edges, score and class.
pub(crate) const ROW: usize = 6;

/// Boxes that `nms` compares with each other.
const MAX_BOXES: usize = 30_000;

/// Takes a tensor; gives 0 and 1.
pub(crate) fn check_threshold(before: &Kind) -> Result<Kind, Fault> {
    let (_, layout) = before.tensor()?;
    Ok(Kind::Tensor { dtype: Some(Dtype::Uint8), layout })
}

/// 1 where the score is at least `value`.
pub(crate) fn threshold(params: &Threshold, tensor: &Tensor) -> Result<Tensor, Fault> {
    let scores = tensor.to_f64s();
    if let Some(index) = scores.iter().position(|score| score.is_nan()) {
        return Err(Fault::new(format!("element {index} is NaN")));
    }
    // Scores are float32 as a rule, and so is the threshold they are compared with.
    let value = match tensor.dtype() {
        Dtype::Float64 => params.value,
        _ => f64::from(single(params.value)),
    };
    let kept = scores.into_iter().map(|score| u8::from(score >= value)).collect();
    Ok(Tensor::reshaped(tensor.shape().to_vec(), TensorData::Uint8(kept)))
}

const BOXES: Kind = Kind::Tensor { dtype: Some(Dtype::Float32), layout: None };

/// Takes a tensor; gives boxes × 6.
pub(crate) fn check_decode(params: &DecodeBoxes, before: &Kind) -> Result<Kind, Fault> {
    if params.score.is_nan() {
        return Err(Fault::new("`score` is no number"));
    }
    before.tensor().map(|_| BOXES)
}

/// Reads the raw tensor of a detector.
pub(crate) fn decode(
    params: &DecodeBoxes,
    tensor: &Tensor,
    beside: &Beside<'_>,
    limits: &Limits,
) -> Result<Tensor, Fault> {
    let raw = Matrix::of(tensor, params.transposed)?;
    let apart = beside.scores.map(|scores| Matrix::of(scores, false)).transpose()?;
    let first_class = if params.objectness { 5 } else { 4 };
    let (classes, skipped) = match &apart {
        Some(scores) if scores.rows != raw.rows => {
            return Err(Fault::new(format!(
                "{} boxes have {} rows of scores",
                raw.rows, scores.rows
            )));
        }
        Some(scores) => (scores.columns, 0),
        None => (raw.columns.saturating_sub(first_class), first_class),
    };
    if raw.columns < first_class || classes == 0 {
        return Err(Fault::new(format!(
            "takes boxes of 4 numbers and their classes, got {} numbers a box",
            raw.columns
        ))
        .hint("`transposed` says whether boxes are columns"));
    }
    let scale = scale(params, beside)?;
    let mut rows = Vec::new();
    let mut scores = vec![0.0; classes];
    for index in 0..raw.rows {
        for (class, score) in scores.iter_mut().enumerate() {
            *score = match &apart {
                Some(apart) => apart.at(index, class),
                None => raw.at(index, skipped + class),
            };
        }
        activate(params.activation, &mut scores);
        let objectness = if params.objectness { raw.at(index, 4) } else { 1.0 };
        let meant = if params.background { classes - 1 } else { classes };
        let Some((class, score)) = best(&scores[..meant]) else { continue };
        let score = single(score * objectness);
        if score.is_nan() || score < single(params.score) {
            continue;
        }
        let corners = corners(params.format, [0, 1, 2, 3].map(|column| raw.at(index, column)));
        let edges = [0, 1, 2, 3].map(|edge| single(corners[edge] * scale[edge % 2]));
        if edges.iter().any(|edge| !edge.is_finite()) {
            continue;
        }
        rows.extend(edges);
        rows.extend([score, class_number(class)]);
        if rows.len() > limits.elements {
            return Err(Fault::new("more boxes than the limit").hint("raise `score`"));
        }
    }
    Ok(Tensor::reshaped(vec![rows.len() / ROW, ROW], TensorData::Float32(rows)))
}

#[expect(clippy::cast_precision_loss, reason = "a class index, far below 2^24")]
fn class_number(class: usize) -> f32 {
    class as f32
}

/// Width and height of the network's input, where coordinates are parts of it.
#[expect(clippy::cast_precision_loss, reason = "a number of pixels")]
fn scale(params: &DecodeBoxes, beside: &Beside<'_>) -> Result<[f64; 2], Fault> {
    match (params.unit, beside.size) {
        (BoxUnit::Pixels, _) => Ok([1.0, 1.0]),
        (BoxUnit::Relative, Some((height, width))) => Ok([width as f64, height as f64]),
        (BoxUnit::Relative, None) => {
            Err(Fault::new("nothing says the size of the network's input image")
                .hint("the input of the image ends with `layout`"))
        }
    }
}

fn corners(format: BoxFormat, [a, b, c, d]: [f64; 4]) -> [f64; 4] {
    match format {
        BoxFormat::Xyxy => [a, b, c, d],
        BoxFormat::Yxyx => [b, a, d, c],
        BoxFormat::Xywh => [a, b, a + c, b + d],
        BoxFormat::Cxcywh => [a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0],
    }
}

fn activate(activation: ClassActivation, scores: &mut [f64]) {
    match activation {
        ClassActivation::None => {}
        ClassActivation::Sigmoid => {
            for score in scores {
                *score = 1.0 / (1.0 + libm::exp(-*score));
            }
        }
        ClassActivation::Softmax => {
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                *score = libm::exp(*score - largest);
                sum += *score;
            }
            for score in scores {
                *score /= sum;
            }
        }
    }
}

/// The first of the largest; `None` of nothing, or where one is NaN.
fn best(scores: &[f64]) -> Option<(usize, f64)> {
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let better = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    scores.iter().copied().enumerate().reduce(better)
}

/// A tensor of two axes, or of three with a batch of 1.
struct Matrix {
    values: Vec<f64>,
    rows: usize,
    columns: usize,
    transposed: bool,
}

impl Matrix {
    fn of(tensor: &Tensor, transposed: bool) -> Result<Self, Fault> {
        let ([first, second] | [1, first, second]) = *tensor.shape() else {
            return Err(Fault::new(format!(
                "takes the boxes of one image, got shape {:?}",
                tensor.shape()
            )));
        };
        let (rows, columns) = if transposed { (second, first) } else { (first, second) };
        Ok(Self { values: tensor.to_f64s(), rows, columns, transposed })
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        if self.transposed {
            self.values[column * self.rows + row]
        } else {
            self.values[row * self.columns + column]
        }
    }
}

/// Takes boxes × 6; gives fewer.
pub(crate) fn check_nms(params: &Nms, before: &Kind) -> Result<Kind, Fault> {
    if !(0.0..=1.0).contains(&params.iou) {
        return Err(Fault::new(format!("`iou` is from 0 to 1, and this is {}", params.iou)));
    }
    before.tensor().map(|_| BOXES)
}

/// Drops boxes that a better one covers; the rest, best first.
pub(crate) fn nms(params: &Nms, tensor: &Tensor, limits: &Limits) -> Result<Tensor, Fault> {
    let (&[count, ROW], TensorData::Float32(values)) = (tensor.shape(), tensor.data()) else {
        return Err(Fault::new(format!("takes boxes × 6 in float32, got {:?}", tensor.shape()))
            .hint("put `decode_boxes` before it"));
    };
    if count > MAX_BOXES.min(limits.elements) {
        return Err(Fault::new(format!("{count} boxes are more than {MAX_BOXES}"))
            .hint("raise `score` of `decode_boxes`"));
    }
    let (rows, _) = values.as_chunks::<ROW>();
    let mut order: Vec<&[f32; ROW]> = rows.iter().collect();
    order.sort_by(|left, right| right[4].total_cmp(&left[4]));
    let mut kept: Vec<&[f32; ROW]> = Vec::new();
    for row in order {
        if kept.len() == params.max as usize {
            break;
        }
        let rivals =
            kept.iter().filter(|rival| !params.per_class || rival[5].to_bits() == row[5].to_bits());
        let mut rivals = rivals.map(|rival| f64::from(overlap(rival, row)));
        if rivals.all(|overlap| overlap <= params.iou) {
            kept.push(row);
        }
    }
    let values: Vec<f32> = kept.into_iter().flatten().copied().collect();
    Ok(Tensor::reshaped(vec![values.len() / ROW, ROW], TensorData::Float32(values)))
}

/// Intersection over union, in float32 as torchvision computes it.
fn overlap(left: &[f32; ROW], right: &[f32; ROW]) -> f32 {
    let area = |row: &[f32; ROW]| (row[2] - row[0]) * (row[3] - row[1]);
    let width = (left[2].min(right[2]) - left[0].max(right[0])).max(0.0);
    let height = (left[3].min(right[3]) - left[1].max(right[1])).max(0.0);
    let shared = width * height;
    shared / (area(left) + area(right) - shared)
}
