//! A segmentation as one class per pixel, for looking at.

use crate::{Tensor, TensorData};

/// Classes that a byte holds.
const MAX_CLASSES: usize = 256;
/// Pixels of a side; more are thinned out.
const MAX_SIDE: usize = 1024;

/// A class per pixel, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassMap {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The index of the class of each pixel.
    pub classes: Vec<u8>,
}

/// The classes of a mask: of an array of whole numbers or booleans, rows × columns, the numbers
/// themselves; of one of scores, classes × rows × columns, the class of the largest score. Axes of
/// one before them are left out. `None` where it is neither, has more than 256 classes, or no pixel.
///
/// The first of equal scores is taken; a pixel of which no score is a number is of class 0.
pub fn class_map(tensor: &Tensor) -> Option<ClassMap> {
    let shape = tensor.shape();
    let ones = shape.iter().take_while(|side| **side == 1).count();
    // A picture may itself have a side of one.
    let sides = shape.get(ones.min(shape.len().checked_sub(2)?)..)?;
    match (sides, tensor.data()) {
        ([height, width], data) if is_whole(data) => {
            let values = tensor.to_f64s();
            thinned(*height, *width, |at| values.get(at).copied().and_then(index))
        }
        (
            [classes, height, width],
            TensorData::Float16(_) | TensorData::Float32(_) | TensorData::Float64(_),
        ) if (2..=MAX_CLASSES).contains(classes) => {
            let (scores, pixels) = (tensor.to_f64s(), height.checked_mul(*width)?);
            thinned(*height, *width, |at| {
                let of = |class: usize| scores.get(class * pixels + at).copied();
                let known = (0..*classes).filter(|class| of(*class).is_some_and(|s| !s.is_nan()));
                let best =
                    known.reduce(|best, class| if of(class) > of(best) { class } else { best });
                u8::try_from(best.unwrap_or(0)).ok()
            })
        }
        _ => None,
    }
}

const fn is_whole(data: &TensorData) -> bool {
    !matches!(data, TensorData::Float16(_) | TensorData::Float32(_) | TensorData::Float64(_))
}

/// The index of a class that a byte holds.
fn index(value: f64) -> Option<u8> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    (0.0..256.0).contains(&value).then_some(value as u8)
}

fn thinned(height: usize, width: usize, class: impl Fn(usize) -> Option<u8>) -> Option<ClassMap> {
    let every = height.max(width).div_ceil(MAX_SIDE).max(1);
    let mut classes = Vec::with_capacity(height.div_ceil(every) * width.div_ceil(every));
    for y in (0..height).step_by(every) {
        for x in (0..width).step_by(every) {
            classes.push(class(y * width + x)?);
        }
    }
    let (height, width) = (height.div_ceil(every), width.div_ceil(every));
    (!classes.is_empty()).then_some(ClassMap { width, height, classes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(shape: &[usize], data: TensorData) -> Option<(usize, usize, Vec<u8>)> {
        let map = class_map(&Tensor::new(shape.to_vec(), data).expect("a tensor"))?;
        Some((map.width, map.height, map.classes))
    }

    #[test]
    fn classes_are_read_or_chosen() {
        let whole = TensorData::Int64(vec![0, 1, 2, 255, 0, 1]);
        assert_eq!(map(&[1, 2, 3], whole.clone()), Some((3, 2, vec![0, 1, 2, 255, 0, 1])));
        assert_eq!(map(&[1, 1, 6], whole), Some((6, 1, vec![0, 1, 2, 255, 0, 1])));
        let scores = vec![0.1, 0.9, f32::NAN, 0.2, 0.9, f32::NAN, 0.3, 0.1, f32::NAN];
        let scores = TensorData::Float32(scores);
        assert_eq!(map(&[1, 3, 1, 3], scores), Some((3, 1, vec![2, 0, 0])));
    }

    #[test]
    fn what_is_no_mask_is_none() {
        assert_eq!(map(&[2], TensorData::Int64(vec![0, 1])), None);
        assert_eq!(map(&[1, 2], TensorData::Int64(vec![0, 256])), None);
        assert_eq!(map(&[1, 2], TensorData::Int64(vec![0, -1])), None);
        assert_eq!(map(&[2, 2], TensorData::Float32(vec![0.5; 4])), None);
        assert_eq!(map(&[0, 3], TensorData::Int64(Vec::new())), None);
        assert_eq!(map(&[2, 3, 0], TensorData::Float32(Vec::new())), None);
    }

    #[test]
    fn a_large_mask_is_thinned() {
        let map = map(&[2050, 3], TensorData::Int64(vec![7; 6150])).expect("a mask");
        assert_eq!((map.0, map.1, map.2.len()), (1, 684, 684));
    }
}
