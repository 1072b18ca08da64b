//! `convert_color`: from one colour space to another.
//!
//! Gray is replicated and channels are reordered for any samples; the weights of
//! gray and the blending of alpha are 8-bit integer arithmetic, as published:
//! Pillow `L24` and `ImagingAlphaComposite`, OpenCV `RGB2GRAY`. Guarantee: `exact`.

use bundle_manifest::{Alpha, ColorSpace, ConvertColor, Luma};

use crate::{
    Channels, Image, Samples, Storage,
    error::Fault,
    kind::{Kind, SampleType},
};

/// Takes an image; gives one with the channels `to`, stored directly.
pub(crate) fn check(params: &ConvertColor, before: &Kind) -> Result<Kind, Fault> {
    let (samples, channels) = before.image()?;
    let ConvertColor { to, alpha, background, luma } = params;
    if *to == ColorSpace::Rgba && alpha.is_some() {
        let fault = Fault::new("`to = \"RGBA\"` keeps alpha, and `alpha` says what becomes of it");
        return Err(fault.hint("leave `alpha` out"));
    }
    if *to != ColorSpace::L && luma.is_some() {
        let fault =
            Fault::new(format!("`luma` has a meaning for `to = \"L\"`, not for `to = \"{to}\"`"));
        return Err(fault.hint("leave `luma` out"));
    }
    match (alpha, background) {
        (Some(Alpha::Composite), None) => {
            let fault = Fault::new("`alpha = \"composite\"` needs a `background`");
            return Err(fault.hint(
                "add `background = [255, 255, 255]`, or the colour that the model was trained with",
            ));
        }
        (None | Some(Alpha::Drop), Some(_)) => {
            return Err(Fault::new("`background` has a meaning for `alpha = \"composite\"` only"));
        }
        _ => {}
    }
    if samples == Some(SampleType::Float32) {
        return Err(float_samples());
    }
    if let Some(channels) = channels {
        check_rules(params, channels)?;
    }
    Ok(Kind::Image { samples, channels: Some(target(*to)) })
}

/// Converts an image.
pub(crate) fn apply(params: &ConvertColor, image: Image) -> Result<Image, Fault> {
    let image = if image.channels == Channels::Cmyk { inks(&image)? } else { image };
    check_rules(params, image.channels)?;
    let image = match (params.alpha, params.background) {
        (Some(Alpha::Composite), Some(background)) if image.channels.has_alpha() => {
            composite(&image, background)?
        }
        _ => image,
    };
    let to = target(params.to);
    let Image { height, width, channels: from, storage: _, samples } = image;
    let samples = if to == Channels::L && !matches!(from, Channels::L | Channels::La) {
        gray(samples, from, params.luma.unwrap_or(Luma::Pillow))?
    } else {
        match samples {
            Samples::Uint8(samples) => {
                Samples::Uint8(rearranged(samples, from, params.to, u8::MAX))
            }
            Samples::Uint16(samples) => {
                Samples::Uint16(rearranged(samples, from, params.to, u16::MAX))
            }
            Samples::Float32(_) => return Err(float_samples()),
        }
    };
    Ok(Image { height, width, channels: to, storage: Storage::Direct, samples })
}

const fn target(to: ColorSpace) -> Channels {
    match to {
        ColorSpace::Rgb => Channels::Rgb,
        ColorSpace::Bgr => Channels::Bgr,
        ColorSpace::L => Channels::L,
        ColorSpace::Rgba => Channels::Rgba,
    }
}

fn float_samples() -> Fault {
    Fault::new("takes uint8 or uint16 samples, got float32").hint("put this step before `rescale`")
}

/// Refuses an image that needs a parameter which is absent.
fn check_rules(params: &ConvertColor, from: Channels) -> Result<(), Fault> {
    if from.has_alpha() && params.to != ColorSpace::Rgba && params.alpha.is_none() {
        let fault =
            Fault::new("the image has transparency, and `alpha` does not say what becomes of it");
        return Err(fault.hint("add `alpha = \"drop\"` (PIL, OpenCV, torchvision) or `alpha = \"composite\"` (transformers 5)"));
    }
    let coloured = matches!(from, Channels::Rgb | Channels::Rgba | Channels::Bgr | Channels::Cmyk);
    if coloured && params.to == ColorSpace::L && params.luma.is_none() {
        let fault = Fault::new("the image has colour, and `luma` does not say how it becomes gray");
        return Err(fault.hint("add `luma = \"pillow\"` or `luma = \"opencv\"`"));
    }
    Ok(())
}

/// CMYK as RGB, `255 - k - c * (255 - k) / 255` of each ink as Pillow rounds it.
fn inks(image: &Image) -> Result<Image, Fault> {
    let Samples::Uint8(samples) = &image.samples else {
        return Err(Fault::new("inks are mixed in uint8 samples"));
    };
    let (pixels, _) = samples.as_chunks::<4>();
    let mix = |ink: u8, white: u8| {
        let product = u32::from(ink) * u32::from(white) + 128;
        let part = ((product >> 8) + product) >> 8;
        u8::try_from(u32::from(white).saturating_sub(part)).unwrap_or(u8::MAX)
    };
    let colours = pixels.iter().flat_map(|&[cyan, magenta, yellow, black]| {
        [cyan, magenta, yellow].map(|ink| mix(ink, u8::MAX - black))
    });
    let samples = Samples::Uint8(colours.collect());
    Ok(Image { channels: Channels::Rgb, samples, ..*image })
}

/// Where each channel of `to` is found in a pixel of `from`; `None` is opaque.
const fn sources(from: Channels, to: ColorSpace) -> &'static [Option<usize>] {
    const FIRST: &[Option<usize>] = &[Some(0)];
    const THRICE: &[Option<usize>] = &[Some(0), Some(0), Some(0)];
    const SAME: &[Option<usize>] = &[Some(0), Some(1), Some(2)];
    const REVERSED: &[Option<usize>] = &[Some(2), Some(1), Some(0)];
    match (from, to) {
        (_, ColorSpace::L) => FIRST,
        (Channels::L | Channels::La, ColorSpace::Rgb | ColorSpace::Bgr) => THRICE,
        // Inks were mixed to colours before.
        (Channels::Rgb | Channels::Rgba | Channels::Cmyk, ColorSpace::Rgb)
        | (Channels::Bgr, ColorSpace::Bgr) => SAME,
        (Channels::Rgb | Channels::Rgba | Channels::Cmyk, ColorSpace::Bgr)
        | (Channels::Bgr, ColorSpace::Rgb) => REVERSED,
        (Channels::L, ColorSpace::Rgba) => &[Some(0), Some(0), Some(0), None],
        (Channels::La, ColorSpace::Rgba) => &[Some(0), Some(0), Some(0), Some(1)],
        (Channels::Rgb, ColorSpace::Rgba) => &[Some(0), Some(1), Some(2), None],
        (Channels::Bgr, ColorSpace::Rgba) => &[Some(2), Some(1), Some(0), None],
        (Channels::Rgba | Channels::Cmyk, ColorSpace::Rgba) => {
            &[Some(0), Some(1), Some(2), Some(3)]
        }
    }
}

fn rearranged<T: Copy>(samples: Vec<T>, from: Channels, to: ColorSpace, opaque: T) -> Vec<T> {
    if from == target(to) {
        return samples;
    }
    let sources = sources(from, to);
    let pixels = samples.chunks_exact(from.count());
    let mut result = Vec::with_capacity(pixels.len() * sources.len());
    for pixel in pixels {
        result.extend(sources.iter().map(|source| source.map_or(opaque, |index| pixel[index])));
    }
    result
}

/// `(19595 R + 38470 G + 7471 B + 32768) >> 16` (Pillow) or
/// `(9798 R + 19235 G + 3735 B + 16384) >> 15` (OpenCV).
fn gray(samples: Samples, from: Channels, luma: Luma) -> Result<Samples, Fault> {
    let Samples::Uint8(samples) = samples else {
        return Err(Fault::new("gray is computed from uint8 samples, got uint16")
            .hint("let `decode_image` make 8 bits of them: `bit_depth16 = \"shift8\"`"));
    };
    let (red, blue) = if from == Channels::Bgr { (2, 0) } else { (0, 2) };
    let (weights, half, shift) = match luma {
        Luma::Pillow => ([19_595, 38_470, 7_471], 32_768, 16),
        Luma::Opencv => ([9_798, 19_235, 3_735], 16_384, 15),
    };
    let pixel = |pixel: &[u8]| {
        let [red, green, blue] = [pixel[red], pixel[1], pixel[blue]].map(u32::from);
        let sum = red * weights[0] + green * weights[1] + blue * weights[2] + half;
        // The weights add up to 1 << shift, so the quotient is at most 255.
        u8::try_from(sum >> shift).unwrap_or(u8::MAX)
    };
    Ok(Samples::Uint8(samples.chunks_exact(from.count()).map(pixel).collect()))
}

/// Blends over an opaque background: `PIL.Image.alpha_composite`, 7 extra bits.
fn composite(image: &Image, background: [u8; 3]) -> Result<Image, Fault> {
    let Samples::Uint8(samples) = &image.samples else {
        return Err(Fault::new("alpha is blended in uint8 samples, got uint16")
            .hint("let `decode_image` make 8 bits of them: `bit_depth16 = \"shift8\"`"));
    };
    let rgba = rearranged(samples.clone(), image.channels, ColorSpace::Rgba, u8::MAX);
    let (pixels, _) = rgba.as_chunks::<4>();
    let blended = pixels.iter().flat_map(|&[red, green, blue, alpha]| {
        let [below_red, below_green, below_blue] = background;
        [
            blend(red, below_red, alpha),
            blend(green, below_green, alpha),
            blend(blue, below_blue, alpha),
        ]
    });
    let samples = Samples::Uint8(blended.collect());
    Ok(Image { channels: Channels::Rgb, storage: Storage::Direct, samples, ..*image })
}

/// One channel over an opaque one, in Pillow's arithmetic.
fn blend(above: u8, below: u8, alpha: u8) -> u8 {
    const PRECISION_BITS: u32 = 7;
    if alpha == 0 {
        return below;
    }
    // With an opaque background, `outa255` is 255 * 255 for every alpha.
    let above_weight = (u32::from(alpha) * 255 * 255 * (1 << PRECISION_BITS)) / (255 * 255);
    let below_weight = 255 * (1 << PRECISION_BITS) - above_weight;
    let sum = u32::from(above) * above_weight + u32::from(below) * below_weight;
    let rounded = sum + (0x80 << PRECISION_BITS);
    u8::try_from((((rounded >> 8) + rounded) >> 8) >> PRECISION_BITS).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(channels: Channels, samples: &[u8]) -> Image {
        let width = samples.len() / channels.count();
        let samples = Samples::Uint8(samples.to_vec());
        Image { height: 1, width, channels, storage: Storage::Direct, samples }
    }

    fn params(to: ColorSpace) -> ConvertColor {
        ConvertColor { to, alpha: None, background: None, luma: None }
    }

    #[test]
    fn channels_are_reordered_and_replicated() {
        let cases = [
            (Channels::L, ColorSpace::Rgb, &[7][..], &[7, 7, 7][..]),
            (Channels::L, ColorSpace::Rgba, &[7], &[7, 7, 7, 255]),
            (Channels::La, ColorSpace::Rgba, &[7, 9], &[7, 7, 7, 9]),
            (Channels::Rgb, ColorSpace::Bgr, &[1, 2, 3], &[3, 2, 1]),
            (Channels::Bgr, ColorSpace::Rgb, &[1, 2, 3], &[3, 2, 1]),
            (Channels::Bgr, ColorSpace::Rgba, &[1, 2, 3], &[3, 2, 1, 255]),
            (Channels::Rgba, ColorSpace::Rgba, &[1, 2, 3, 4], &[1, 2, 3, 4]),
        ];
        for (from, to, samples, expected) in cases {
            let result = apply(&params(to), image(from, samples)).expect("nothing is missing");
            assert_eq!(result.samples, Samples::Uint8(expected.to_vec()), "{from} to {to}");
        }
    }

    #[test]
    fn alpha_and_luma_have_no_default() {
        let fault =
            apply(&params(ColorSpace::Rgb), image(Channels::La, &[1, 2])).expect_err("alpha");
        assert_eq!(
            fault.message,
            "the image has transparency, and `alpha` does not say what becomes of it"
        );
        let fault =
            apply(&params(ColorSpace::L), image(Channels::Rgb, &[1, 2, 3])).expect_err("luma");
        assert_eq!(
            fault.message,
            "the image has colour, and `luma` does not say how it becomes gray"
        );
    }

    #[test]
    fn parameters_that_contradict_are_refused() {
        let before = Kind::Image { samples: None, channels: None };
        let cases = [
            (
                ConvertColor { alpha: Some(Alpha::Drop), ..params(ColorSpace::Rgba) },
                "`to = \"RGBA\"` keeps alpha, and `alpha` says what becomes of it",
            ),
            (
                ConvertColor { alpha: Some(Alpha::Composite), ..params(ColorSpace::Rgb) },
                "`alpha = \"composite\"` needs a `background`",
            ),
            (
                ConvertColor { background: Some([0; 3]), ..params(ColorSpace::Rgb) },
                "`background` has a meaning for `alpha = \"composite\"` only",
            ),
            (
                ConvertColor { luma: Some(Luma::Pillow), ..params(ColorSpace::Rgb) },
                "`luma` has a meaning for `to = \"L\"`, not for `to = \"RGB\"`",
            ),
        ];
        for (params, message) in cases {
            assert_eq!(check(&params, &before).expect_err(message).message, message);
        }
    }

    #[test]
    fn gray_weights_add_up() {
        for luma in [Luma::Pillow, Luma::Opencv] {
            for level in [0, 1, 127, 128, 255] {
                let samples = Samples::Uint8(vec![level; 3]);
                assert_eq!(gray(samples, Channels::Rgb, luma), Ok(Samples::Uint8(vec![level])));
            }
        }
    }
}
