//! `resize`: resample to another size, bit for bit as Pillow, torchvision or OpenCV does.
//!
//! The kernels of the last two are in [`torch`] and [`opencv`]. Pillow's was written from the published algorithm (`Resample.c`, `Geometry.c` of Pillow,
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
//! but for that case. `torchvision_u8` and `opencv` are `exact` too; `torchvision_f32` is near,
//! as its sums depend on the instructions of the machine.

mod kernel;
mod opencv;
mod pass;
mod size;
mod sums;
mod torch;

use bundle_manifest::{Interpolation, Resize, ResizeImpl, ResizeVersion};

use crate::{
    Channels, Image, Limits, Samples, Storage,
    decode::check_size,
    error::Fault,
    kind::{Kind, SampleType},
};
use kernel::Kernel;
use pass::Passes;

pub(crate) use size::target as target_size;

/// Takes an image of uint8 samples (float32 for `torchvision_f32`); gives the same.
pub(crate) fn check(params: &Resize, before: &Kind) -> Result<Kind, Fault> {
    let (samples, channels) = before.image()?;
    check_kernel(params)?;
    let wanted = wanted_samples(params.kernel);
    if let Some(other) = samples.filter(|samples| *samples != wanted) {
        return Err(wrong_samples(wanted, other));
    }
    size::check(params)?;
    Ok(Kind::Image { samples: Some(wanted), channels })
}

const fn wanted_samples(kernel: ResizeImpl) -> SampleType {
    match kernel {
        ResizeImpl::TorchvisionF32 => SampleType::Float32,
        _ => SampleType::Uint8,
    }
}

/// Refuses what the library named does not have.
fn check_kernel(params: &Resize) -> Result<(), Fault> {
    let (kernel, interpolation) = (params.kernel, params.interpolation);
    let has = kernel.interpolations();
    if !has.contains(&interpolation) {
        let fault = Fault::new(format!("`impl = \"{kernel}\"` has no `{interpolation}` here"));
        return Err(fault.hint(format!(
            "it has {}",
            crate::columns::listed(has.iter().map(|word| word.as_str()))
        )));
    }
    match (kernel, params.antialias) {
        (ResizeImpl::Pillow, Some(false)) => {
            let fault = Fault::new("Pillow always antialiases, and `antialias` is false");
            Err(fault.hint("leave `antialias` out, or name the library that does not: `impl = \"torchvision_u8\"`, `\"opencv\"`"))
        }
        (ResizeImpl::Opencv, Some(true)) => {
            let fault = Fault::new("OpenCV never antialiases, and `antialias` is true");
            Err(fault.hint("leave `antialias` out; `interpolation = \"area\"` averages"))
        }
        (ResizeImpl::TorchvisionU8 | ResizeImpl::TorchvisionF32, None)
            if interpolation != Interpolation::Nearest =>
        {
            let fault =
                Fault::new("torchvision can antialias or not, and `antialias` does not say");
            Err(fault
                .hint("add `antialias = true` (the default since 0.17) or `antialias = false`"))
        }
        _ => Ok(()),
    }
}

/// Resamples an image.
pub(crate) fn apply(params: &Resize, image: Image, limits: &Limits) -> Result<Image, Fault> {
    let from = (image.height, image.width);
    let to = size::target(params, from)?;
    resize_to(params, image, to, limits)
}

/// Resamples an image to `to`, height and width, whatever the size of `params` says.
pub(crate) fn resize_to(
    params: &Resize,
    image: Image,
    to: (usize, usize),
    limits: &Limits,
) -> Result<Image, Fault> {
    let from = (image.height, image.width);
    if from == to {
        return Ok(image);
    }
    let Image { channels, storage, samples, .. } = image;
    debug_assert_eq!(storage, Storage::Direct, "the pipeline lets no other image through");
    if from.0 == 0 || from.1 == 0 || to.0 == 0 || to.1 == 0 {
        return Err(Fault::new("an image without pixels cannot be resized"));
    }
    let wide = if params.kernel == ResizeImpl::TorchvisionF32 { 4 } else { 1 };
    check_size(to, channels.count() * wide, limits)?;
    let samples = match (params.kernel, samples) {
        (ResizeImpl::Pillow, Samples::Uint8(samples)) => {
            Samples::Uint8(pillow(params, samples, channels, (from, to), limits)?)
        }
        (ResizeImpl::TorchvisionU8, Samples::Uint8(samples)) => {
            Samples::Uint8(torch_u8(params, samples, channels, (from, to), limits)?)
        }
        (ResizeImpl::TorchvisionF32, Samples::Float32(samples)) => {
            Samples::Float32(torch_f32(params, &samples, channels, (from, to), limits)?)
        }
        (ResizeImpl::Opencv, Samples::Uint8(samples)) => {
            let sizes = opencv::Sizes { from, to, channels: channels.count() };
            Samples::Uint8(opencv::resize(&samples, sizes, params.interpolation))
        }
        (kernel, samples) => {
            return Err(wrong_samples(wanted_samples(kernel), samples.sample_type()));
        }
    };
    Ok(Image { height: to.0, width: to.1, channels, storage, samples })
}

/// A resize of uint8 pixels of three channels whose rows come one after the other.
pub(crate) struct RowByRow {
    to: (usize, usize),
    down: Kernel,
    across: Kernel,
}

/// The resize of such an image, where both passes are needed and the horizontal one is first.
pub(crate) fn row_by_row(
    params: &Resize,
    from: (usize, usize),
    limits: &Limits,
) -> Option<RowByRow> {
    let to = size::target(params, from).ok()?;
    let fits = |size| check_size(size, 3, limits).is_ok();
    let passes = from.0 != to.0 && from.1 != to.1 && params.interpolation != Interpolation::Nearest;
    if !passes || !fits(to) || !fits((from.0, to.1)) {
        return None;
    }
    let kernel = |from, to| match params.kernel {
        ResizeImpl::Pillow => Some(Kernel::new(params.interpolation, from, to)),
        ResizeImpl::TorchvisionU8 => Some(torch::kernel(axis(params, from, to))),
        ResizeImpl::TorchvisionF32 | ResizeImpl::Opencv => None,
    };
    let in_order = params.kernel != ResizeImpl::Pillow
        || matches!(order(params, from, to), Ok(Order::HorizontalFirst));
    let (down, across) = (kernel(from.0, to.0)?, kernel(from.1, to.1)?);
    in_order.then_some(RowByRow { to, down, across })
}

impl RowByRow {
    /// Height and width, and the samples; `write` writes a row of `width` pixels.
    pub(crate) fn run(
        &self,
        width: usize,
        write: &mut dyn FnMut(usize, &mut [u8]),
    ) -> ((usize, usize), Vec<u8>) {
        (self.to, pass::resample_rows::<3>(width, &self.across, &self.down, write))
    }
}

/// Height and width before and after.
type FromTo = ((usize, usize), (usize, usize));

fn pillow(
    params: &Resize,
    samples: Vec<u8>,
    channels: Channels,
    (from, to): FromTo,
    limits: &Limits,
) -> Result<Vec<u8>, Fault> {
    if params.interpolation == Interpolation::Nearest {
        return Ok(nearest(&samples, channels.count(), (from, to), pass::centers));
    }
    let order = order(params, from, to)?;
    let between = match order {
        Order::HorizontalFirst => (from.0, to.1),
        Order::VerticalFirst => (to.0, from.1),
    };
    check_size(between, channels.count(), limits)?;
    let interpolation = params.interpolation;
    Ok(filtered(samples, channels, Plan { from, to, order, interpolation }))
}

/// The axis of torchvision's kernels.
fn axis(params: &Resize, from: usize, to: usize) -> torch::Axis {
    let antialias = params.antialias.unwrap_or(false);
    torch::Axis { interpolation: params.interpolation, antialias, from, to }
}

fn torch_u8(
    params: &Resize,
    samples: Vec<u8>,
    channels: Channels,
    (from, to): FromTo,
    limits: &Limits,
) -> Result<Vec<u8>, Fault> {
    let count = channels.count();
    if params.interpolation == Interpolation::Nearest {
        return Ok(nearest(&samples, count, (from, to), torch::nearest_indices));
    }
    check_size((from.0, to.1), count, limits)?;
    let kernel = |from, to| (from != to).then(|| torch::kernel(axis(params, from, to)));
    let (down, across) = (kernel(from.0, to.0), kernel(from.1, to.1));
    let passes =
        Passes { width: from.1, across: across.as_ref(), down: down.as_ref(), down_first: false };
    Ok(pass::resample(samples, count, passes))
}

fn torch_f32(
    params: &Resize,
    samples: &[f32],
    channels: Channels,
    (from, to): FromTo,
    limits: &Limits,
) -> Result<Vec<f32>, Fault> {
    let count = channels.count();
    if params.interpolation == Interpolation::Nearest {
        return Ok(nearest(samples, count, (from, to), torch::nearest_indices));
    }
    check_size((from.0, to.1), count * 4, limits)?;
    let axes = (axis(params, from.0, to.0), axis(params, from.1, to.1));
    Ok(torch::resize_f32(samples, from, count, axes))
}

/// The samples under `nearest`, which finds the indices along an axis.
fn nearest<T: Copy>(
    samples: &[T],
    count: usize,
    (from, to): FromTo,
    indices: fn(usize, usize) -> Vec<usize>,
) -> Vec<T> {
    let (rows, columns) = (indices(from.0, to.0), indices(from.1, to.1));
    pass::picked(samples, (from.1, count), &rows, &columns)
}

fn wrong_samples(wanted: SampleType, samples: SampleType) -> Fault {
    let (wanted, got) = (wanted.as_str(), samples.as_str());
    let fault = Fault::new(format!("takes {wanted} samples, got {got}"));
    match (wanted, samples) {
        ("float32", _) => fault.hint("put `ensure_dtype` with `float32`, or `rescale`, before it"),
        (_, SampleType::Float32) => fault.hint("put this step before `rescale`"),
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
    let kernel = |from, to| (from != to).then(|| Kernel::new(interpolation, from, to));
    let (down, across) = (kernel(from.0, to.0), kernel(from.1, to.1));
    let passes = Passes {
        width: from.1,
        across: across.as_ref(),
        down: down.as_ref(),
        down_first: order == Order::VerticalFirst,
    };
    let mut samples = pass::resample(samples, count, passes);
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
                Resize {
                    kernel: ResizeImpl::Opencv,
                    interpolation: Interpolation::Lanczos,
                    ..params(1, 1)
                },
                "`impl = \"opencv\"` has no `lanczos` here",
            ),
            (
                Resize { kernel: ResizeImpl::TorchvisionU8, ..params(1, 1) },
                "torchvision can antialias or not, and `antialias` does not say",
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
        for kernel in [ResizeImpl::Pillow, ResizeImpl::TorchvisionU8, ResizeImpl::Opencv] {
            for interpolation in Interpolation::ALL {
                let antialias = (kernel == ResizeImpl::TorchvisionU8).then_some(true);
                let params =
                    Resize { kernel, antialias, interpolation: *interpolation, ..params(7, 40) };
                if check_kernel(&params).is_err() {
                    continue;
                }
                let image = apply(&params, flat(31, 9), &Limits::default()).expect("it fits");
                let expected = Samples::Uint8(vec![200; 7 * 40 * 3]);
                assert_eq!(image.samples, expected, "{kernel} {interpolation}");
            }
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
