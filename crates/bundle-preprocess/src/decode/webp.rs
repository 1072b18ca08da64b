//! WebP files, as libwebp decodes them: lossless, lossy, with or without alpha.
//!
//! Lossy colours are upsampled as libwebp's fancy upsampling does. Animations are refused:
//! their first frame may be part of the canvas only.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::check_size;
use crate::{Channels, Image, Limits, Samples, Storage, error::Fault};

/// Whether a file starts as WebP files do.
pub(super) fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

/// Decodes a WebP file; the second value is its EXIF data.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Image, Option<Vec<u8>>), Fault> {
    let unreadable = |error: image_webp::DecodingError| {
        Fault::new(format!("the WebP file cannot be decoded: {error}"))
    };
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(unreadable)?;
    decoder.set_memory_limit(usize::try_from(limits.image_bytes).unwrap_or(usize::MAX));
    if decoder.is_animated() {
        let fault = Fault::new("an animated WebP file is not one image");
        return Err(fault.hint("save the frame that is meant as a file of its own"));
    }
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let channels = if decoder.has_alpha() { Channels::Rgba } else { Channels::Rgb };
    check_size((height, width), channels.count(), limits)?;
    let mut samples = vec![0; height * width * channels.count()];
    decoder.read_image(&mut samples).map_err(unreadable)?;
    let exif = decoder.exif_metadata().map_err(unreadable)?;
    let exif = exif.map(|exif| exif.strip_prefix(b"Exif\0\0").map(<[u8]>::to_vec).unwrap_or(exif));
    let samples = Samples::Uint8(samples);
    Ok((Image { height, width, channels, storage: Storage::Direct, samples }, exif))
}
