//! `center_crop`, `crop` and `pad`: pixels move, none changes. Guarantee: `exact`.

use bundle_manifest::{CenterCrop, Crop, OffsetRounding, Pad, PadPosition, PadSide};

use crate::{
    Image, Limits, Samples,
    cast::single,
    decode::check_size,
    error::Fault,
    kind::{Kind, SampleType},
};

/// A length from the manifest.
const fn length(pixels: u32) -> usize {
    pixels as usize
}

/// Takes an image; gives one of the same kind.
pub(crate) fn check_center_crop(params: &CenterCrop, before: &Kind) -> Result<Kind, Fault> {
    let (samples, _) = before.image()?;
    if params.size.contains(&0) {
        return Err(Fault::new("`size` has a zero"));
    }
    if let Some(fill) = params.fill {
        check_fill(fill, samples)?;
    }
    Ok(before.clone())
}

/// Cuts the middle out. Where the image is smaller, it is first padded to the size,
/// as torchvision `center_crop` and transformers `center_crop` do.
pub(crate) fn center_crop(
    params: &CenterCrop,
    image: Image,
    limits: &Limits,
) -> Result<Image, Fault> {
    let [height, width] = params.size.map(length);
    let size = (image.height.max(height), image.width.max(width));
    let image = if size == (image.height, image.width) {
        image
    } else {
        let (Some(pad_side), Some(fill)) = (params.pad_side, params.fill) else {
            let fault = Fault::new(format!(
                "the image is {}×{}, smaller than {height}×{width}, and `pad_side` and `fill` do not say how to pad it",
                image.height, image.width
            ));
            return Err(fault.hint("torchvision pads with `pad_side = \"floor\", fill = 0`, transformers with `pad_side = \"ceil\", fill = 0`"));
        };
        let before = |missing: usize| match pad_side {
            PadSide::Floor => missing / 2,
            PadSide::Ceil => missing.div_ceil(2),
        };
        let offset = (before(size.0 - image.height), before(size.1 - image.width));
        padded(image, size, offset, fill, limits)?
    };
    let offset = |excess: usize| match params.offset_rounding {
        OffsetRounding::Floor => excess / 2,
        // `int(round(excess / 2))` of Python: a half goes to the even neighbour.
        OffsetRounding::HalfEven => excess / 2 + usize::from(excess % 4 == 3),
    };
    let (top, left) = (offset(image.height - height), offset(image.width - width));
    Ok(cropped(image, (top, left), (height, width)))
}

/// Takes an image; gives one of the same kind.
pub(crate) fn check_crop(params: &Crop, before: &Kind) -> Result<Kind, Fault> {
    before.image()?;
    if params.height == 0 || params.width == 0 {
        return Err(Fault::new("`height` and `width` must not be zero"));
    }
    Ok(before.clone())
}

/// Cuts a rectangle out.
pub(crate) fn crop(params: &Crop, image: Image) -> Result<Image, Fault> {
    let (height, width) = (length(params.height), length(params.width));
    let start = |offset: u64, length: usize, available: usize| {
        let start = usize::try_from(offset).ok()?;
        (start.checked_add(length)? <= available).then_some(start)
    };
    let top = start(params.top, height, image.height);
    let left = start(params.left, width, image.width);
    let (Some(top), Some(left)) = (top, left) else {
        return Err(Fault::new(format!(
            "a rectangle of {height}×{width} at row {}, column {} is outside the image of {}×{}",
            params.top, params.left, image.height, image.width
        )));
    };
    Ok(cropped(image, (top, left), (height, width)))
}

/// Takes an image; gives one of the same kind.
pub(crate) fn check_pad(params: &Pad, before: &Kind) -> Result<Kind, Fault> {
    let (samples, _) = before.image()?;
    match (params.size, params.divisor) {
        (Some(_), Some(_)) | (None, None) => {
            return Err(Fault::new("takes exactly one of `size` and `divisor`"));
        }
        (Some([0, _] | [_, 0]), _) => return Err(Fault::new("`size` has a zero")),
        (_, Some(0)) => return Err(Fault::new("`divisor` is zero")),
        _ => {}
    }
    check_fill(params.fill, samples)?;
    Ok(before.clone())
}

/// Adds a border of one value.
pub(crate) fn pad(params: &Pad, image: Image, limits: &Limits) -> Result<Image, Fault> {
    let (height, width) = match (params.size, params.divisor.map(length)) {
        (Some([height, width]), _) => (length(height), length(width)),
        (None, divisor) => {
            let divisor = divisor.unwrap_or(1).max(1);
            (multiple(image.height, divisor), multiple(image.width, divisor))
        }
    };
    if image.height > height || image.width > width {
        return Err(Fault::new(format!(
            "the image is {}×{}, larger than {height}×{width}",
            image.height, image.width
        )));
    }
    let offset = match params.position {
        PadPosition::TopLeft => (0, 0),
        PadPosition::Center => ((height - image.height) / 2, (width - image.width) / 2),
    };
    padded(image, (height, width), offset, params.fill, limits)
}

/// The next multiple; a length near the end of `usize` stays, and fails the size check.
fn multiple(length: usize, divisor: usize) -> usize {
    length.checked_next_multiple_of(divisor).unwrap_or(usize::MAX)
}

fn check_fill(fill: f64, samples: Option<SampleType>) -> Result<(), Fault> {
    let largest = match samples {
        None | Some(SampleType::Float32) => return Ok(()),
        Some(SampleType::Uint8) => f64::from(u8::MAX),
        Some(SampleType::Uint16) => f64::from(u16::MAX),
    };
    if fill.fract() == 0.0 && (0.0..=largest).contains(&fill) {
        return Ok(());
    }
    Err(Fault::new(format!("`fill = {fill}` is not a whole number from 0 to {largest}")))
}

fn cropped(image: Image, offset: (usize, usize), size: (usize, usize)) -> Image {
    if size == (image.height, image.width) {
        return image;
    }
    let Image { width, channels, storage, samples, .. } = image;
    let stride = width * channels.count();
    let (start, length) = (offset.1 * channels.count(), size.1 * channels.count());
    let samples = match samples {
        Samples::Uint8(samples) => {
            Samples::Uint8(cut(&samples, stride, (offset.0, size.0), (start, length)))
        }
        Samples::Uint16(samples) => {
            Samples::Uint16(cut(&samples, stride, (offset.0, size.0), (start, length)))
        }
        Samples::Float32(samples) => {
            Samples::Float32(cut(&samples, stride, (offset.0, size.0), (start, length)))
        }
    };
    Image { height: size.0, width: size.1, channels, storage, samples }
}

/// `rows` and `columns` are a first index and a count, the columns in samples.
fn cut<T: Copy>(
    samples: &[T],
    stride: usize,
    rows: (usize, usize),
    columns: (usize, usize),
) -> Vec<T> {
    let mut result = Vec::with_capacity(rows.1 * columns.1);
    for row in samples.chunks_exact(stride).skip(rows.0).take(rows.1) {
        result.extend_from_slice(&row[columns.0..columns.0 + columns.1]);
    }
    result
}

fn padded(
    image: Image,
    size: (usize, usize),
    offset: (usize, usize),
    fill: f64,
    limits: &Limits,
) -> Result<Image, Fault> {
    let Image { width, channels, storage, samples, .. } = image;
    check_size(size, channels.count() * samples.bytes_per_sample(), limits)?;
    check_fill(fill, Some(samples.sample_type()))?;
    let (stride, target) = (width * channels.count(), size.1 * channels.count());
    let start = offset.1 * channels.count();
    let samples = match samples {
        Samples::Uint8(samples) => Samples::Uint8(paste(
            &samples,
            stride,
            vec![whole(fill); size.0 * target],
            (target, offset.0, start),
        )),
        Samples::Uint16(samples) => Samples::Uint16(paste(
            &samples,
            stride,
            vec![whole(fill); size.0 * target],
            (target, offset.0, start),
        )),
        Samples::Float32(samples) => Samples::Float32(paste(
            &samples,
            stride,
            vec![single(fill); size.0 * target],
            (target, offset.0, start),
        )),
    };
    Ok(Image { height: size.0, width: size.1, channels, storage, samples })
}

/// Puts rows of `stride` samples into `canvas`, whose place is (stride, first row, first sample).
fn paste<T: Copy>(
    samples: &[T],
    stride: usize,
    mut canvas: Vec<T>,
    place: (usize, usize, usize),
) -> Vec<T> {
    let (target, top, start) = place;
    let rows = canvas.chunks_exact_mut(target).skip(top);
    for (row, source) in rows.zip(samples.chunks_exact(stride)) {
        row[start..start + stride].copy_from_slice(source);
    }
    canvas
}

/// A fill that `check_fill` let through.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and in range of the samples"
)]
fn whole<T: TryFrom<u16> + Default>(fill: f64) -> T {
    T::try_from(fill as u16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Storage};

    fn ramp(height: usize, width: usize) -> Image {
        let samples = Samples::Uint8(
            (0..height * width).map(|index| u8::try_from(index).expect("a small image")).collect(),
        );
        Image { height, width, channels: Channels::L, storage: Storage::Direct, samples }
    }

    fn bytes(image: &Image) -> &[u8] {
        match &image.samples {
            Samples::Uint8(samples) => samples,
            other => panic!("uint8 stays uint8, got {other:?}"),
        }
    }

    #[test]
    fn offsets_round_as_their_library() {
        // (excess, floor, half_even): d // 2 and int(round(d / 2)) in Python.
        for (excess, floor, half_even) in
            [(0, 0, 0), (1, 0, 0), (2, 1, 1), (3, 1, 2), (4, 2, 2), (5, 2, 2), (7, 3, 4)]
        {
            for (offset_rounding, first) in
                [(OffsetRounding::Floor, floor), (OffsetRounding::HalfEven, half_even)]
            {
                let params =
                    CenterCrop { size: [1, 1], offset_rounding, pad_side: None, fill: None };
                let image =
                    center_crop(&params, ramp(1, excess + 1), &Limits::default()).expect("it fits");
                assert_eq!(bytes(&image), [first], "{excess} {offset_rounding}");
            }
        }
    }

    #[test]
    fn a_smaller_image_is_padded_or_refused() {
        let params = CenterCrop {
            size: [1, 4],
            offset_rounding: OffsetRounding::Floor,
            pad_side: None,
            fill: None,
        };
        let fault = center_crop(&params, ramp(1, 1), &Limits::default()).expect_err("no rule");
        assert_eq!(
            fault.message,
            "the image is 1×1, smaller than 1×4, and `pad_side` and `fill` do not say how to pad it"
        );
        for (side, expected) in [(PadSide::Floor, [9, 0, 9, 9]), (PadSide::Ceil, [9, 9, 0, 9])] {
            let params = CenterCrop { pad_side: Some(side), fill: Some(9.0), ..params.clone() };
            let image = center_crop(&params, ramp(1, 1), &Limits::default()).expect("it is padded");
            assert_eq!(bytes(&image), expected, "{side}");
        }
    }

    #[test]
    fn a_crop_stays_inside() {
        let params = Crop { top: 1, left: 1, height: 1, width: 2 };
        assert_eq!(bytes(&crop(&params, ramp(2, 3)).expect("inside")), [4, 5]);
        for outside in
            [Crop { top: 2, ..params.clone() }, Crop { left: u64::MAX, ..params.clone() }]
        {
            assert!(
                crop(&outside, ramp(2, 3))
                    .expect_err("outside")
                    .message
                    .ends_with("is outside the image of 2×3")
            );
        }
    }

    #[test]
    fn a_border_is_bounded() {
        let params =
            Pad { size: None, divisor: Some(2), position: PadPosition::TopLeft, fill: 7.0 };
        let image = pad(&params, ramp(1, 3), &Limits::default()).expect("a small border");
        assert_eq!(
            (image.height, image.width, bytes(&image)),
            (2, 4, &[0, 1, 2, 7, 7, 7, 7, 7][..])
        );
        let params = Pad { divisor: Some(u32::MAX), ..params };
        assert!(
            pad(&params, ramp(1, 3), &Limits::default()).is_err(),
            "more pixels than the limit"
        );
        let params = Pad { divisor: Some(2), fill: 7.5, ..params };
        let before = Kind::Image { samples: Some(SampleType::Uint8), channels: None };
        let fault = check_pad(&params, &before).expect_err("half a level");
        assert_eq!(fault.message, "`fill = 7.5` is not a whole number from 0 to 255");
    }
}
