//! JPEG files, with libjpeg-turbo's defaults.

mod markers;
mod restarts;
mod rows;

use libjpeg_turbo_rs::{
    ColorSpace, ComponentInfo, DecodeLimits, Decoder, FrameHeader, PixelFormat,
};

pub(crate) use rows::Rows;

use super::check_size;
use crate::{Channels, Image, Limits, Samples, Storage, error::Fault};

/// Decodes a JPEG file; the second value is its EXIF data.
///
/// Gray, three-channel and four-channel files of 8 bits are decoded, sequential or
/// progressive, with Huffman or arithmetic codes. Four channels are CMYK, which Pillow
/// takes to be stored inverted, as Adobe's programs store them; so does this. Damage that the markers or the codes show is an error, never a guess.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Image, Option<Vec<u8>>), Fault> {
    decode_as(bytes, false, limits)
}

/// Decodes the JPEG file of a DICOM frame: one of colours as YCbCr or what else is stored.
pub(super) fn decode_unconverted(
    bytes: &[u8],
    colours: bool,
    limits: &Limits,
) -> Result<Image, Fault> {
    let (image, _) = decode_as(bytes, true, limits)?;
    if (image.channels == Channels::Rgb) != colours || image.channels == Channels::Cmyk {
        return Err(Fault::new("a JPEG frame has other channels than its file says"));
    }
    Ok(image)
}

/// Judges the markers of a file that another decoder reads.
pub(super) fn check_markers(bytes: &[u8]) -> Result<(), Fault> {
    markers::check(bytes)
}

/// The rows of a file that is as cameras write them, with what is planned for its EXIF data
/// and size; `None` where nothing is, or it is another file.
pub(super) fn rows<P>(
    bytes: &[u8],
    limits: &Limits,
    plan: impl Fn(&[u8], (usize, usize)) -> Option<P>,
) -> Result<Option<(Rows, P)>, Fault> {
    let decoder = opened(bytes, limits)?;
    let header = decoder.header();
    let size = (header.height(), header.width());
    let Some(plan) = plan(decoder.exif_data().unwrap_or_default(), size) else {
        return Ok(None);
    };
    Ok(Rows::decode(decoder, limits)?.map(|rows| (rows, plan)))
}

fn unreadable(error: &libjpeg_turbo_rs::JpegError) -> Fault {
    Fault::new(format!("the JPEG file cannot be decoded: {error}"))
}

fn opened<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoder<'a>, Fault> {
    markers::check(bytes)?;
    let caps = DecodeLimits {
        max_pixels: limits.pixels,
        max_scans: limits.scans,
        // Coefficients of a progressive file take twice the samples.
        max_memory: Some(limits.image_bytes.saturating_mul(4)),
        ..DecodeLimits::default()
    };
    Decoder::new_with_limits(bytes, caps).map_err(|error| unreadable(&error))
}

fn decode_as(
    bytes: &[u8],
    stored: bool,
    limits: &Limits,
) -> Result<(Image, Option<Vec<u8>>), Fault> {
    let mut decoder = opened(bytes, limits)?;
    let header = decoder.header();
    let (height, width) = (header.height(), header.width());
    let (channels, format) = match header.components.len() {
        1 => (Channels::L, PixelFormat::Grayscale),
        3 => (Channels::Rgb, PixelFormat::Rgb),
        4 => (Channels::Cmyk, PixelFormat::Cmyk),
        count => {
            return Err(Fault::new(format!("a JPEG file of {count} channels is not an image")));
        }
    };
    if header.precision != 8 {
        let bits = header.precision;
        return Err(Fault::new(format!(
            "a JPEG file of {bits} bits cannot be decoded in this version"
        )));
    }
    if header.is_lossless {
        return Err(Fault::new("a lossless JPEG file cannot be decoded in this version"));
    }
    check_inks(header)?;
    check_size((height, width), channels.count(), limits)?;
    decoder.set_output_format(format);
    if stored && decoder.jpeg_color_space() == ColorSpace::YCbCr {
        decoder.set_output_colorspace(ColorSpace::YCbCr);
    }
    decoder.set_block_smoothing(true);
    let exif = decoder.exif_data().map(<[u8]>::to_vec);
    let result = decoder.decode_image().map_err(|error| unreadable(&error))?;
    let expected = height * width * channels.count();
    if (result.height, result.width, result.data.len()) != (height, width, expected) {
        return Err(Fault::new("the JPEG file does not hold the image that its header promises"));
    }
    let mut data = result.data;
    if channels == Channels::Cmyk {
        for sample in &mut data {
            *sample = u8::MAX - *sample;
        }
    }
    let samples = Samples::Uint8(data);
    Ok((Image { height, width, channels, storage: Storage::Direct, samples }, exif))
}

/// Refuses four channels that are not sampled alike: the decoder and libjpeg differ then,
/// or it panics.
fn check_inks(header: &FrameHeader) -> Result<(), Fault> {
    let factors =
        |component: &ComponentInfo| (component.horizontal_sampling, component.vertical_sampling);
    let mut factors = header.components.iter().map(factors);
    let first = factors.next();
    if header.components.len() != 4 || factors.all(|other| Some(other) == first) {
        return Ok(());
    }
    let fault =
        Fault::new("a CMYK JPEG file with subsampled channels cannot be decoded in this version");
    Err(fault.hint("save it as RGB, or without subsampling"))
}
