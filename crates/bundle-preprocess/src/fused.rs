//! `decode_image`, `convert_color` and `resize` in one, where nobody looks between them.
//!
//! A photograph of a JPEG file that is made smaller at once need not exist in full: its rows
//! go through the passes of the resize as they are made. What comes out is the same, bit for
//! bit (`tests/it/fused.rs` holds it against the steps one by one), in less time and memory.
//! Where any of it is unusual the steps run one by one, which also says what is wrong.

use bundle_manifest::{ColorSpace, ConvertColor, DecodeImage, Resize, Step};

use crate::{Channels, Image, Limits, Samples, Storage, decode, pipeline::CheckedStep, resize};

/// The image after the first steps, and how many these are; `None` where they cannot be one.
pub(crate) fn first_steps(
    steps: &[CheckedStep],
    bytes: &[u8],
    limits: &Limits,
) -> Option<(usize, Image)> {
    let (params, resize, count) = match steps {
        [first, second, third, ..] => match (&first.step, &second.step, &third.step) {
            (Step::DecodeImage(decode), Step::ConvertColor(color), Step::Resize(resize))
                if keeps_rgb(color) =>
            {
                (decode, resize, 3)
            }
            (Step::DecodeImage(decode), Step::Resize(resize), _) => (decode, resize, 2),
            _ => return None,
        },
        _ => return None,
    };
    resized(params, resize, bytes, limits).map(|image| (count, image))
}

fn keeps_rgb(params: &ConvertColor) -> bool {
    params.to == ColorSpace::Rgb
}

fn resized(params: &DecodeImage, resize: &Resize, bytes: &[u8], limits: &Limits) -> Option<Image> {
    let (mut rows, plan) =
        decode::jpeg_rows(params, bytes, limits, |size| resize::row_by_row(resize, size, limits))?;
    let width = rows.size().1;
    let (size, samples) = plan.run(width, &mut |row, pixels| rows.write(row, pixels));
    let (channels, storage) = (Channels::Rgb, Storage::Direct);
    let samples = Samples::Uint8(samples);
    Some(Image { height: size.0, width: size.1, channels, storage, samples })
}
