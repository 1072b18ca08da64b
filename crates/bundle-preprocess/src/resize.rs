//! `resize`: resample to another size, bit for bit as Pillow does.
//!
//! Written from the published algorithm (`Resample.c`, `Geometry.c` of Pillow,
//! MIT-CMU) and checked against the library:
//! - weights are computed in float64, normalised, and rounded half away from zero
//!   to 22 bits; the filter widens when shrinking;
//! - the passes are separate, with 8-bit values between them; a pass that changes
//!   no length is left out. Before version 13 the horizontal pass is first;
//!   from 13 on the vertical one is where the height shrinks more than twice as
//!   much as the width;
//! - `nearest` adds up its coordinate in float64, as the scale-only affine
//!   transform does;
//! - with alpha, colours are multiplied by it before and divided by it after.
//!
//! Guarantee: `exact` for uint8 samples: `lt13` against Pillow 9.5 to 12.0 and `ge13`
//! against 13.0. Pillow 12.1 to 12.3 has the vertical pass first where an image is more
//! than 100 times taller than wide and its height shrinks; `lt13` is exact against them
//! but for that case.

mod kernel;
mod pass;
mod size;

use bundle_manifest::{Interpolation, Resize, ResizeImpl, ResizeVersion};

use crate::{
    Channels, Image, Limits, Samples, Storage,
    decode::check_size,
    error::Fault,
    kind::{Kind, SampleType},
};
use kernel::Kernel;

/// Takes an image of uint8 samples; gives the same.
pub(crate) fn check(params: &Resize, before: &Kind) -> Result<Kind, Fault> {
    let (samples, channels) = before.image()?;
    if params.kernel != ResizeImpl::Pillow {
        let fault = Fault::planned(format!("`impl = \"{}\"`", params.kernel));
        return Err(fault.hint("`impl = \"pillow\"` can; it gives other pixels, so change it only if the model was trained so"));
    }
    if params.antialias == Some(false) {
        let fault = Fault::new("Pillow always antialiases, and `antialias` is false");
        return Err(fault.hint("leave `antialias` out, or name the library that does not: `impl = \"torchvision_u8\"`, `\"opencv\"`"));
    }
    if let Some(other) = samples.filter(|samples| *samples != SampleType::Uint8) {
        return Err(wrong_samples(other));
    }
    size::check(params)?;
    Ok(Kind::Image { samples: Some(SampleType::Uint8), channels })
}

/// Resamples an image.
pub(crate) fn apply(params: &Resize, image: Image, limits: &Limits) -> Result<Image, Fault> {
    let from = (image.height, image.width);
    let to = size::target(params, from)?;
    if from == to {
        return Ok(image);
    }
    let Image { channels, storage, samples, .. } = image;
    let Samples::Uint8(samples) = samples else {
        return Err(wrong_samples(samples.sample_type()));
    };
    debug_assert_eq!(storage, Storage::Direct, "the pipeline lets no other image through");
    check_size(to, channels.count(), limits)?;
    let samples = if params.interpolation == Interpolation::Nearest {
        pass::nearest(&samples, from, to, channels.count())
    } else {
        let order = order(params, from, to)?;
        let between = match order {
            Order::HorizontalFirst => (from.0, to.1),
            Order::VerticalFirst => (to.0, from.1),
        };
        check_size(between, channels.count(), limits)?;
        filtered(samples, channels, Plan { from, to, order, interpolation: params.interpolation })
    };
    let samples = Samples::Uint8(samples);
    Ok(Image { height: to.0, width: to.1, channels, storage, samples })
}

fn wrong_samples(samples: SampleType) -> Fault {
    let fault = Fault::new(format!("takes uint8 samples, got {}", samples.as_str()));
    match samples {
        SampleType::Float32 => fault.hint("put this step before `rescale`"),
        _ => fault.hint("let `decode_image` make 8 bits of them: `bit_depth16 = \"shift8\"`"),
    }
}

/// Which pass is first; the other one sees values rounded to 8 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    HorizontalFirst,
    VerticalFirst,
}

/// The order of the version named, or of both where they agree.
fn order(params: &Resize, from: (usize, usize), to: (usize, usize)) -> Result<Order, Fault> {
    let shrinks = |before: usize, after: usize| before as i128 - after as i128;
    let (rows, columns) = (shrinks(from.0, to.0), shrinks(from.1, to.1));
    let vertical_is_less_work = rows > 0 && rows > 2 * columns;
    // With a single pass there is no order.
    let depends = vertical_is_less_work && columns != 0;
    match params.version {
        Some(ResizeVersion::Ge13) if vertical_is_less_work => Ok(Order::VerticalFirst),
        None if depends => {
            let fault = Fault::new(format!(
                "Pillow 13 changed the order of the passes from {}×{} to {}×{}, and `impl_version` does not say which is meant",
                from.0, from.1, to.0, to.1
            ));
            Err(fault.hint("add `impl_version = \"lt13\"` or `impl_version = \"ge13\"`, as the model was trained"))
        }
        _ => Ok(Order::HorizontalFirst),
    }
}

/// What `filtered` does.
#[derive(Clone, Copy)]
struct Plan {
    from: (usize, usize),
    to: (usize, usize),
    order: Order,
    interpolation: Interpolation,
}

fn filtered(mut samples: Vec<u8>, channels: Channels, plan: Plan) -> Vec<u8> {
    let Plan { from, to, order, interpolation } = plan;
    if channels.has_alpha() {
        pass::premultiply(&mut samples, channels.count());
    }
    let count = channels.count();
    let horizontal = |samples: Vec<u8>| {
        if from.1 == to.1 {
            return samples;
        }
        pass::horizontal(&samples, from.1, &Kernel::new(interpolation, from.1, to.1), count)
    };
    let vertical = |samples: Vec<u8>, width: usize| {
        if from.0 == to.0 {
            return samples;
        }
        pass::vertical(&samples, width * count, &Kernel::new(interpolation, from.0, to.0))
    };
    let mut samples = match order {
        Order::HorizontalFirst => vertical(horizontal(samples), to.1),
        Order::VerticalFirst => horizontal(vertical(samples, from.1)),
    };
    if channels.has_alpha() {
        pass::unpremultiply(&mut samples, count);
    }
    samples
}

#[cfg(test)]
mod tests {
    use bundle_manifest::ResizeSize;

    use super::*;

    fn params(height: u32, width: u32) -> Resize {
        Resize {
            kernel: ResizeImpl::Pillow,
            version: Some(ResizeVersion::Lt13),
            size: ResizeSize::Exact { height, width },
            interpolation: Interpolation::Bilinear,
            antialias: None,
            size_rounding: None,
        }
    }

    fn flat(height: usize, width: usize) -> Image {
        let samples = Samples::Uint8(vec![200; height * width * 3]);
        Image { height, width, channels: Channels::Rgb, storage: Storage::Direct, samples }
    }

    #[test]
    fn what_cannot_run_is_refused_by_name() {
        let before = Kind::Image { samples: None, channels: None };
        let cases = [
            (
                Resize { kernel: ResizeImpl::Opencv, ..params(1, 1) },
                "`impl = \"opencv\"` cannot run in this version",
            ),
            (
                Resize { kernel: ResizeImpl::TorchvisionU8, ..params(1, 1) },
                "`impl = \"torchvision_u8\"` cannot run in this version",
            ),
            (
                Resize { antialias: Some(false), ..params(1, 1) },
                "Pillow always antialiases, and `antialias` is false",
            ),
            (params(0, 1), "`size` has a zero"),
        ];
        for (params, message) in cases {
            assert_eq!(check(&params, &before).expect_err(message).message, message);
        }
        let before = Kind::Image { samples: Some(SampleType::Float32), channels: None };
        let fault = check(&params(1, 1), &before).expect_err("after rescale");
        assert_eq!(fault.message, "takes uint8 samples, got float32");
    }

    #[test]
    fn the_version_matters_only_where_the_orders_differ() {
        let unversioned = |height, width| Resize { version: None, ..params(height, width) };
        let limits = Limits::default();
        for (image, params) in [
            (flat(10, 30), unversioned(5, 5)),
            (flat(30, 10), unversioned(5, 10)),
            (flat(5, 5), unversioned(9, 9)),
        ] {
            assert!(apply(&params, image, &limits).is_ok());
        }
        let fault = apply(&unversioned(5, 5), flat(30, 10), &limits).expect_err("orders differ");
        assert_eq!(
            fault.message,
            "Pillow 13 changed the order of the passes from 30×10 to 5×5, and `impl_version` does not say which is meant"
        );
        let nearest = Resize { interpolation: Interpolation::Nearest, ..unversioned(5, 5) };
        assert!(apply(&nearest, flat(30, 10), &limits).is_ok(), "nearest has no passes");
    }

    #[test]
    fn a_flat_image_stays_flat() {
        for interpolation in Interpolation::ALL {
            let params = Resize { interpolation: *interpolation, ..params(7, 40) };
            let image = apply(&params, flat(31, 9), &Limits::default()).expect("it fits");
            assert_eq!(image.samples, Samples::Uint8(vec![200; 7 * 40 * 3]), "{interpolation}");
        }
    }

    #[test]
    fn neither_the_result_nor_what_is_between_grows_past_the_limit() {
        let limits = Limits { pixels: 1_000, ..Limits::default() };
        assert!(apply(&params(100, 100), flat(1, 1), &limits).is_err());
        assert!(
            apply(&params(1, 900), flat(900, 1), &limits).is_err(),
            "900×900 between the passes"
        );
    }
}
