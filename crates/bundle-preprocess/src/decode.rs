//! `decode_image`: a JPEG, PNG, WebP or TIFF file to pixels, as stored.
//!
//! JPEG goes through `libjpeg-turbo-rs` with libjpeg-turbo's defaults (accurate
//! integer DCT, fancy upsampling, block smoothing), which is what Pillow, OpenCV
//! and torchvision use; PNG through `png`, WebP through `image-webp`. TIFF is read
//! here (`tiff`). ICC profiles and gamma change no pixel. What a file is, its first bytes
//! say, not its name. Sizes are checked from the header, before pixels are allocated.
//!
//! Guarantee: `exact` against Pillow for 8-bit files and, under the stated
//! `bit_depth16`, for 16-bit ones (`tests/it/vectors.rs`: groups `pillow12`, `media12`),
//! with two exceptions. The colour key (tRNS) of gray
//! PNG files of 2 and 4 bits and of 16-bit RGB files is compared as the PNG
//! specification says, where Pillow compares the unscaled key; and a 16-bit PNG file of
//! gray and alpha has these two channels, where Pillow makes four of them. The
//! orientation is the EXIF tag alone; one that is only in XMP metadata is not looked for.
//! That of a TIFF file is always applied, as in Pillow.
//!
//! Refused JPEG files: 12 bits, lossless, one with a component that has more samples than
//! luma, one with a sequential Huffman scan of two of three components (the decoder knows
//! neither), and CMYK or YCCK whose channels are not sampled alike (it differs or panics).
//! Animated WebP files are refused; what is refused of TIFF is in `tiff`. Of damaged PNG
//! files, those are decoded whose damage is behind the
//! pixels, in the Adler-32 sum of the compressed pixels (each chunk has another sum), or
//! in an ancillary chunk with a wrong checksum, which counts as absent.

mod dicom;
mod jpeg;
mod orientation;
mod png;
mod tiff;
mod webp;

pub(crate) use self::dicom::{apply as apply_dicom, check as check_dicom};

use bundle_manifest::{BitDepth16, DecodeImage, ExifOrientation};

use crate::{
    Image, Limits, Samples,
    error::Fault,
    kind::{Kind, SampleType},
};

/// The first bytes of files that people also drop on an image input.
const OTHER_FORMATS: &[(&[u8], &str)] = &[
    (b"GIF8", "a GIF file"),
    (b"BM", "a BMP file"),
    (b"%PDF", "a PDF file"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 file"),
    (b"<svg", "an SVG file"),
    (b"\x93NUMPY", "an NPY array"),
];

/// Takes a file; gives an image whose channels the file decides.
pub(crate) fn check(params: &DecodeImage, before: &Kind) -> Result<Kind, Fault> {
    before.source()?;
    let samples = (params.bit_depth16 != Some(BitDepth16::Keep)).then_some(SampleType::Uint8);
    Ok(Kind::Image { samples, channels: None })
}

/// Decodes a file.
pub(crate) fn apply(params: &DecodeImage, bytes: &[u8], limits: &Limits) -> Result<Image, Fault> {
    let upright = params.exif_orientation == ExifOrientation::Apply;
    let (image, exif) = if bytes.starts_with(b"\xff\xd8\xff") {
        jpeg::decode(bytes, limits)?
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png::decode(bytes, params.bit_depth16, upright, limits)?
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        webp::decode(bytes, limits)?
    } else if matches!(bytes, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]) {
        (tiff::decode(bytes, params.bit_depth16, limits)?, None)
    } else {
        return Err(not_an_image(bytes));
    };
    match exif {
        Some(exif) if upright => Ok(orientation::apply(image, &exif)),
        _ => Ok(image),
    }
}

/// The rows of a JPEG file that is upright and as cameras write them, with what is planned for
/// its size; `None` where nothing is, it is another file, or is damaged, which [`apply`] finds
/// again.
pub(crate) fn jpeg_rows<P>(
    params: &DecodeImage,
    bytes: &[u8],
    limits: &Limits,
    plan: impl Fn((usize, usize)) -> Option<P>,
) -> Option<(jpeg::Rows, P)> {
    if !bytes.starts_with(b"\xff\xd8\xff") {
        return None;
    }
    let upright = params.exif_orientation == ExifOrientation::Apply;
    let plan = |exif: &[u8], size: (usize, usize)| {
        if upright && orientation::turns(exif) { None } else { plan(size) }
    };
    jpeg::rows(bytes, limits, plan).ok().flatten()
}

fn not_an_image(bytes: &[u8]) -> Fault {
    let container = |brand: &[u8]| bytes.get(8..12) == Some(brand);
    let what = match bytes {
        [] => "an empty file",
        [b'R', b'I', b'F', b'F', ..] if container(b"WAVE") => "a WAV file",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if container(b"avif") => "an AVIF file",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "a HEIC or video file",
        _ if bytes.get(128..132) == Some(b"DICM") => "a DICOM file",
        _ => {
            let known = OTHER_FORMATS.iter().find(|(magic, _)| bytes.starts_with(magic));
            known.map_or("a file of another format", |(_, name)| name)
        }
    };
    let fault = Fault::new(format!("takes a JPEG, PNG, WebP or TIFF file, got {what}"));
    fault.hint(if what == "a DICOM file" {
        "`decode_dicom` takes such files"
    } else {
        "save it as a PNG file with the program that made it"
    })
}

/// The rule for 16-bit samples, where the file has them.
fn rule16(depth16: Option<BitDepth16>, gray: bool) -> Result<BitDepth16, Fault> {
    match depth16 {
        None => {
            let fault = Fault::new(
                "the file has 16-bit samples, and `bit_depth16` does not say what becomes of them",
            );
            Err(fault.hint("add `bit_depth16 = \"shift8\"`, `\"saturate\"` or `\"keep\"`, or convert the file to 8 bits"))
        }
        Some(BitDepth16::Saturate) if !gray => {
            let fault = Fault::new(
                "`bit_depth16 = \"saturate\"` is a rule for gray files, and the file has colour or alpha",
            );
            Err(fault.hint("Pillow keeps the high byte of such files: `bit_depth16 = \"shift8\"`"))
        }
        Some(rule) => Ok(rule),
    }
}

/// 16-bit samples by that rule.
fn samples16(samples: impl Iterator<Item = u16>, rule: BitDepth16) -> Samples {
    match rule {
        BitDepth16::Keep => Samples::Uint16(samples.collect()),
        BitDepth16::Shift8 => Samples::Uint8(samples.map(|n| n.to_be_bytes()[0]).collect()),
        BitDepth16::Saturate => {
            Samples::Uint8(samples.map(|n| u8::try_from(n).unwrap_or(u8::MAX)).collect())
        }
    }
}

/// Refuses an image that the limits do not allow, given its header.
pub(crate) fn check_size(
    (height, width): (usize, usize),
    bytes_per_pixel: usize,
    limits: &Limits,
) -> Result<(), Fault> {
    let pixels = (height as u64).saturating_mul(width as u64);
    if pixels > limits.pixels {
        let limit = limits.pixels;
        return Err(Fault::new(format!(
            "an image of {height}×{width} has {pixels} pixels, more than the limit of {limit}"
        )));
    }
    let bytes = pixels.saturating_mul(bytes_per_pixel as u64);
    if bytes > limits.image_bytes {
        let limit = limits.image_bytes;
        return Err(Fault::new(format!(
            "an image of {height}×{width} needs {bytes} bytes, more than the limit of {limit}"
        )));
    }
    if pixels == 0 {
        return Err(Fault::new(format!("an image of {height}×{width} has no pixels")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_named() {
        let params = DecodeImage { exif_orientation: ExifOrientation::Ignore, bit_depth16: None };
        let cases: [(&[u8], &str); 6] = [
            (b"", "takes a JPEG, PNG, WebP or TIFF file, got an empty file"),
            (b"GIF89a", "takes a JPEG, PNG, WebP or TIFF file, got a GIF file"),
            (b"RIFF\0\0\0\0WAVEfmt ", "takes a JPEG, PNG, WebP or TIFF file, got a WAV file"),
            (
                b"\0\0\0\x18ftypheic",
                "takes a JPEG, PNG, WebP or TIFF file, got a HEIC or video file",
            ),
            (b"\0\0\0\x18ftypavif", "takes a JPEG, PNG, WebP or TIFF file, got an AVIF file"),
            (b"hello", "takes a JPEG, PNG, WebP or TIFF file, got a file of another format"),
        ];
        for (bytes, message) in cases {
            let fault = apply(&params, bytes, &Limits::default()).expect_err(message);
            assert_eq!(fault.message, message);
        }
    }

    #[test]
    fn sizes_are_judged_before_allocation() {
        let limits = Limits::default();
        let fault = check_size((30_000, 30_000), 3, &limits).expect_err("too large");
        assert_eq!(
            fault.message,
            "an image of 30000×30000 has 900000000 pixels, more than the limit of 100000000"
        );
        let fault = check_size((10_000, 10_000), 12, &limits).expect_err("too large");
        assert_eq!(
            fault.message,
            "an image of 10000×10000 needs 1200000000 bytes, more than the limit of 536870912"
        );
        assert!(check_size((usize::MAX, usize::MAX), 8, &limits).is_err());
        assert!(check_size((0, 5), 8, &limits).is_err());
    }
}
