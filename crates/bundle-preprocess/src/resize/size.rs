//! The size that a `resize` aims at.
//!
//! Edge lengths are computed as their libraries compute them: the exact product
//! divided once (torchvision and transformers, `int(size * long / short)`), except
//! `max_height`/`max_width`, where transformers multiplies by a float64 ratio.

use bundle_manifest::{Resize, ResizeSize, SizeRounding};

use crate::error::Fault;

/// Refuses a size that cannot work for any image.
pub(super) fn check(params: &Resize) -> Result<(), Fault> {
    let (edges, computed) = match params.size {
        ResizeSize::Exact { height, width } => ([height, width], false),
        ResizeSize::ShortestEdge { shortest_edge, longest_edge } => {
            if longest_edge.is_some_and(|longest| longest < shortest_edge) {
                return Err(Fault::new("`longest_edge` is smaller than `shortest_edge`"));
            }
            ([shortest_edge, longest_edge.unwrap_or(1)], true)
        }
        ResizeSize::LongestEdge { longest_edge } => ([longest_edge, 1], true),
        ResizeSize::Within { max_height, max_width } => ([max_height, max_width], true),
    };
    if edges.contains(&0) {
        return Err(Fault::new("`size` has a zero"));
    }
    if computed && params.size_rounding.is_none() {
        let fault = Fault::new(
            "`size` computes an edge, and `size_rounding` does not say how it is rounded",
        );
        return Err(
            fault.hint("torchvision and transformers truncate: `size_rounding = \"trunc\"`")
        );
    }
    Ok(())
}

/// Height and width afterwards, of an image that has `from`.
pub(crate) fn target(params: &Resize, from: (usize, usize)) -> Result<(usize, usize), Fault> {
    let rounding = params.size_rounding.unwrap_or(SizeRounding::Trunc);
    let (height, width) = (from.0 as u128, from.1 as u128);
    let (short, long) = (height.min(width), height.max(width));
    let edges =
        |short: u128, long: u128| if height <= width { (short, long) } else { (long, short) };
    let target = match params.size {
        ResizeSize::Exact { height, width } => (height.into(), width.into()),
        ResizeSize::ShortestEdge { shortest_edge, longest_edge } => {
            if let (Some(most), SizeRounding::TruncRound) = (longest_edge, rounding) {
                let (short, long) = between((short, long), shortest_edge, most);
                return of_edges(edges(short, long), from);
            }
            let shortest = u128::from(shortest_edge);
            let longer = divide(shortest * long, short, rounding);
            match longest_edge.map(u128::from) {
                Some(most) if longer > most => {
                    edges(divide(most * shortest, longer, rounding), most)
                }
                _ => edges(shortest, longer),
            }
        }
        ResizeSize::LongestEdge { longest_edge } => {
            let longest = u128::from(longest_edge);
            edges(divide(longest * short, long, rounding), longest)
        }
        ResizeSize::Within { max_height, max_width } => {
            within(from, (max_height, max_width), rounding)
        }
    };
    of_edges(target, from)
}

fn of_edges(target: (u128, u128), from: (usize, usize)) -> Result<(usize, usize), Fault> {
    let (height, width) = target;
    if height == 0 || width == 0 {
        return Err(Fault::new(format!(
            "an image of {}×{} would become {height}×{width}",
            from.0, from.1
        )));
    }
    let pixels = |edge: u128| usize::try_from(edge).unwrap_or(usize::MAX);
    Ok((pixels(height), pixels(width)))
}

/// The rounded quotient of whole numbers.
const fn divide(dividend: u128, divisor: u128, rounding: SizeRounding) -> u128 {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    let up = match rounding {
        SizeRounding::Trunc | SizeRounding::TruncRound | SizeRounding::Floor => false,
        SizeRounding::Round => 2 * rest > divisor || (2 * rest == divisor && quotient % 2 == 1),
    };
    if up { quotient + 1 } else { quotient }
}

/// transformers `get_size_with_aspect_ratio`, shorter edge first: where the longer edge would
/// exceed `most`, the shorter one is computed in float64 and rounded, and the longer one is
/// computed back from it, so that it may be one less than `most`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "edges are below 2^32 and positive; float64 arithmetic is the definition"
)]
fn between((short, long): (u128, u128), shortest: u32, most: u32) -> (u128, u128) {
    let (least, largest) = (short as f64, long as f64);
    if largest / least * f64::from(shortest) <= f64::from(most) {
        let shortest = u128::from(shortest);
        return (shortest, divide(shortest * long, short, SizeRounding::Trunc));
    }
    let exact = f64::from(most) * least / largest;
    let rounded = exact.round_ties_even() as u128;
    let longer = if rounded == short { long } else { (exact * largest / least) as u128 };
    (rounded, longer)
}

/// transformers `get_image_size_for_max_height_width`: one ratio in float64, for both edges.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "edges are below 2^32 and positive; float64 arithmetic is the definition"
)]
fn within(from: (usize, usize), most: (u32, u32), rounding: SizeRounding) -> (u128, u128) {
    let (height, width) = (from.0 as f64, from.1 as f64);
    let ratio = (f64::from(most.0) / height).min(f64::from(most.1) / width);
    let round = |edge: f64| match rounding {
        SizeRounding::Trunc | SizeRounding::TruncRound | SizeRounding::Floor => edge as u128,
        SizeRounding::Round => edge.round_ties_even() as u128,
    };
    (round(height * ratio), round(width * ratio))
}

#[cfg(test)]
mod tests {
    use bundle_manifest::{Interpolation, ResizeImpl};

    use super::*;

    fn params(size: ResizeSize, size_rounding: Option<SizeRounding>) -> Resize {
        let (kernel, interpolation) = (ResizeImpl::Pillow, Interpolation::Bilinear);
        Resize { kernel, version: None, size, interpolation, antialias: None, size_rounding }
    }

    #[test]
    fn as_torchvision_and_transformers() {
        let shortest =
            |shortest_edge, longest_edge| ResizeSize::ShortestEdge { shortest_edge, longest_edge };
        let cases = [
            // torchvision.transforms.functional._compute_resized_output_size
            (shortest(256, None), SizeRounding::Trunc, (427, 640), (256, 383)),
            (shortest(256, None), SizeRounding::Round, (427, 640), (256, 384)),
            (shortest(224, None), SizeRounding::Trunc, (277, 277), (224, 224)),
            (shortest(224, None), SizeRounding::Trunc, (500, 375), (298, 224)),
            (shortest(800, Some(1333)), SizeRounding::Trunc, (480, 640), (800, 1066)),
            (shortest(800, Some(1333)), SizeRounding::Trunc, (300, 1000), (400, 1333)),
            (
                ResizeSize::LongestEdge { longest_edge: 980 },
                SizeRounding::Trunc,
                (333, 1000),
                (326, 980),
            ),
            // 500 * (300 / 500) is 300 in float64, 299 would be a product of rounded ratios
            (
                ResizeSize::Within { max_height: 300, max_width: 300 },
                SizeRounding::Trunc,
                (500, 333),
                (300, 199),
            ),
            (ResizeSize::Exact { height: 3, width: 5 }, SizeRounding::Trunc, (10, 10), (3, 5)),
        ];
        for (size, rounding, from, expected) in cases {
            assert_eq!(
                target(&params(size, Some(rounding)), from),
                Ok(expected),
                "{from:?} {size:?}"
            );
        }
    }

    #[test]
    fn as_detr() {
        // transformers.image_transforms.get_size_with_aspect_ratio, shorter and longer of 800, 1333
        let cases = [
            ((480, 640), (800, 1066)),
            ((1000, 300), (1333, 400)),
            ((480, 1000), (640, 1333)),
            ((1411, 700), (1332, 661)),
            ((800, 900), (800, 900)),
            ((400, 1333), (400, 1333)),
            ((2848, 4288), (800, 1204)),
        ];
        let size = ResizeSize::ShortestEdge { shortest_edge: 800, longest_edge: Some(1333) };
        let params = params(size, Some(SizeRounding::TruncRound));
        for (from, expected) in cases {
            assert_eq!(target(&params, from), Ok(expected), "{from:?}");
        }
    }

    #[test]
    fn halves_go_to_even() {
        let halves = [(5, 2), (7, 4), (1, 0), (3, 2), (9, 4)];
        for (dividend, expected) in halves {
            assert_eq!(divide(dividend, 2, SizeRounding::Round), expected, "{dividend} / 2");
        }
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let cases = [
            (
                ResizeSize::ShortestEdge { shortest_edge: 5, longest_edge: Some(4) },
                "`longest_edge` is smaller than `shortest_edge`",
            ),
            (ResizeSize::LongestEdge { longest_edge: 0 }, "`size` has a zero"),
            (
                ResizeSize::LongestEdge { longest_edge: 9 },
                "`size` computes an edge, and `size_rounding` does not say how it is rounded",
            ),
        ];
        for (size, message) in cases {
            assert_eq!(check(&params(size, None)).expect_err(message).message, message);
        }
        let params = params(ResizeSize::LongestEdge { longest_edge: 2 }, Some(SizeRounding::Trunc));
        let fault = target(&params, (1, 1_000)).expect_err("a strip");
        assert_eq!(fault.message, "an image of 1×1000 would become 0×2");
    }
}
