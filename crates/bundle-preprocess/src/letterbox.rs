//! `letterbox`: an image in a box, with its aspect ratio kept and the rest filled.
//!
//! The arithmetic is that of Ultralytics' `LetterBox`: the new edges are rounded to the
//! nearest, halves to even; half the rest goes before, rounded from 0.1 less, and half
//! behind, rounded from 0.1 more. Guarantee: `exact` where that of its `impl` is; proven by
//! the group `opencv` of `tests/it/vectors.rs`.

use bundle_manifest::{Letterbox, PadPosition, Resize, ResizeSize};

use crate::{
    Image, Limits, Samples, cast::single, decode::check_size, error::Fault, kind::Kind, resize,
};

/// Takes what `resize` takes.
pub(crate) fn check(params: &Letterbox, before: &Kind) -> Result<Kind, Fault> {
    if params.size.contains(&0) || params.stride == Some(0) {
        return Err(Fault::new("`size` or `stride` has a zero"));
    }
    if !(0.0..=255.0).contains(&params.fill) {
        return Err(Fault::new(format!("`fill` {} is not from 0 to 255", params.fill)));
    }
    resize::check(&resize_of(params), before)
}

/// Resizes, then fills.
pub(crate) fn apply(params: &Letterbox, image: Image, limits: &Limits) -> Result<Image, Fault> {
    let frame = Frame::of(params, (image.height, image.width))?;
    let image = resize::resize_to(&resize_of(params), image, frame.inner, limits)?;
    let (height, width) = frame.outer();
    check_size((height, width), image.channels.count() * image.samples.bytes_per_sample(), limits)?;
    let row = |length: usize| length * image.channels.count();
    let samples = match &image.samples {
        Samples::Uint8(samples) => Samples::Uint8(frame.filled(samples, byte(params.fill), row)),
        Samples::Float32(samples) => {
            Samples::Float32(frame.filled(samples, single(params.fill), row))
        }
        Samples::Uint16(_) => return Err(Fault::new("takes uint8 or float32 samples")),
    };
    Ok(Image { height, width, samples, ..image })
}

fn resize_of(params: &Letterbox) -> Resize {
    let [height, width] = params.size;
    Resize {
        kernel: params.kernel,
        version: params.version,
        size: ResizeSize::Exact { height, width },
        interpolation: params.interpolation,
        antialias: params.antialias,
        size_rounding: None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be from 0 to 255"
)]
fn byte(fill: f64) -> u8 {
    fill as u8
}

/// Where the resized image lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Height and width of the resized image.
    pub(crate) inner: (usize, usize),
    /// Rows above and columns to the left.
    pub(crate) before: (usize, usize),
    /// Rows below and columns to the right.
    behind: (usize, usize),
}

impl Frame {
    /// The frame of an image of height and width `from`.
    #[expect(clippy::cast_precision_loss, reason = "lengths of axes are far below 2^53")]
    pub(crate) fn of(params: &Letterbox, from: (usize, usize)) -> Result<Self, Fault> {
        let [height, width] = params.size.map(f64::from);
        let (rows, columns) = (from.0 as f64, from.1 as f64);
        if from.0 == 0 || from.1 == 0 {
            return Err(Fault::new("an image without pixels cannot be resized"));
        }
        let ratio = (height / rows).min(width / columns);
        let ratio = if params.scaleup { ratio } else { ratio.min(1.0) };
        let inner = (rounded(rows * ratio), rounded(columns * ratio));
        if inner.0 == 0 || inner.1 == 0 {
            return Err(Fault::new(format!(
                "an image of {}×{} would have no pixels left",
                from.0, from.1
            )));
        }
        let rest = |outer: f64, inner: usize| {
            let rest = outer - inner as f64;
            params.stride.map_or(rest, |stride| rest.rem_euclid(f64::from(stride)))
        };
        let (down, across) = (rest(height, inner.0), rest(width, inner.1));
        let (before, behind) = match params.position {
            PadPosition::TopLeft => ((0, 0), (rounded(down + 0.1), rounded(across + 0.1))),
            PadPosition::Center => {
                let (down, across) = (down / 2.0, across / 2.0);
                let before = (rounded(down - 0.1), rounded(across - 0.1));
                (before, (rounded(down + 0.1), rounded(across + 0.1)))
            }
        };
        Ok(Self { inner, before, behind })
    }

    const fn outer(self) -> (usize, usize) {
        let Self { inner, before, behind } = self;
        (before.0 + inner.0 + behind.0, before.1 + inner.1 + behind.1)
    }

    fn filled<T: Copy>(self, samples: &[T], fill: T, row: impl Fn(usize) -> usize) -> Vec<T> {
        let (height, width) = self.outer();
        let mut result = vec![fill; height * row(width)];
        let rows = samples.chunks_exact(row(self.inner.1));
        let targets = result.chunks_exact_mut(row(width)).skip(self.before.0);
        for (target, source) in targets.zip(rows) {
            let start = row(self.before.1);
            target[start..start + source.len()].copy_from_slice(source);
        }
        result
    }
}

/// To the nearest, halves to even, as Python `round`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length; the cast saturates at zero"
)]
fn rounded(length: f64) -> usize {
    length.round_ties_even() as usize
}
