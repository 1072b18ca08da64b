//! WebP files: lossy and lossless, with and without alpha.
//!
//! `image-webp` decodes as libwebp does, with its default upsampling ("fancy"). The
//! chunks are judged first: the decoder believes the sizes of the bit stream before it
//! compares them with the canvas, and where the headers contradict each other about
//! alpha, it and libwebp differ.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::check_size;
use crate::{Channels, Image, Limits, Samples, Storage, error::Fault};

/// Bits of the flags in the chunk VP8X.
const ANIMATED: u8 = 0x02;
const ALPHA: u8 = 0x10;
/// While it decodes, the decoder holds a second copy of the pixels with alpha.
const WORKING_BYTES: usize = 8;

/// Decodes a WebP file; the second value is its EXIF data.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<(Image, Option<Vec<u8>>), Fault> {
    let Header { height, width, alpha, exif } = Header::read(bytes)?;
    check_size((height, width), WORKING_BYTES, limits)?;
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(unreadable)?;
    decoder.set_memory_limit(bytes.len());
    let (has_width, has_height) = decoder.dimensions();
    let same = (has_height as usize, has_width as usize) == (height, width);
    if !same || decoder.has_alpha() != alpha || decoder.is_animated() {
        return Err(contradiction());
    }
    let channels = if alpha { Channels::Rgba } else { Channels::Rgb };
    let mut samples = vec![0; height * width * channels.count()];
    decoder.read_image(&mut samples).map_err(unreadable)?;
    let samples = Samples::Uint8(samples);
    let image = Image { height, width, channels, storage: Storage::Direct, samples };
    Ok((image, exif.map(<[u8]>::to_vec)))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
fn unreadable(error: DecodingError) -> Fault {
    Fault::new(format!("the WebP file cannot be decoded: {error}"))
}

fn contradiction() -> Fault {
    Fault::new("the headers of the WebP file contradict each other")
}

/// What the chunks say of a file.
struct Header<'a> {
    height: usize,
    width: usize,
    alpha: bool,
    exif: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut canvas = None;
        let mut stream: Option<Stream> = None;
        let mut alpha_chunk = false;
        let mut exif = None;
        for (name, data) in (Chunks { rest: bytes.get(12..).unwrap_or_default() }) {
            match name {
                b"VP8X" if canvas.is_none() && stream.is_none() => {
                    canvas = Some(Canvas::read(data).ok_or_else(broken)?);
                }
                b"VP8 " | b"VP8L" if stream.is_none() => {
                    stream = Some(Stream::read(name == b"VP8L", data).ok_or_else(broken)?);
                }
                b"ALPH" => alpha_chunk = true,
                b"EXIF" if exif.is_none() => exif = Some(data),
                _ => {}
            }
            if canvas.as_ref().is_some_and(|canvas| canvas.flags & ANIMATED != 0) {
                let fault =
                    Fault::new("an animated WebP file is not an image, and cannot be decoded");
                return Err(fault.hint("save the frame that is meant as a PNG file"));
            }
            if canvas.is_none() && stream.is_some() {
                break;
            }
        }
        let Stream { size, alpha } = stream.ok_or_else(broken)?;
        let alpha = alpha.unwrap_or(alpha_chunk);
        if let Some(canvas) = canvas
            && (canvas.size, canvas.flags & ALPHA != 0) != (size, alpha)
        {
            return Err(contradiction());
        }
        Ok(Self { height: size.0, width: size.1, alpha, exif })
    }
}

fn broken() -> Fault {
    Fault::new("the WebP file is damaged: it holds no image")
}

/// The chunk VP8X.
struct Canvas {
    flags: u8,
    size: (usize, usize),
}

impl Canvas {
    fn read(data: &[u8]) -> Option<Self> {
        let number = |at: usize| {
            let [a, b, c] = *data.get(at..)?.first_chunk()?;
            Some(u32::from_le_bytes([a, b, c, 0]) as usize + 1)
        };
        Some(Self { flags: *data.first()?, size: (number(7)?, number(4)?) })
    }
}

/// The first bytes of the bit stream; a lossy one does not know of alpha.
struct Stream {
    size: (usize, usize),
    alpha: Option<bool>,
}

impl Stream {
    fn read(lossless: bool, data: &[u8]) -> Option<Self> {
        if lossless {
            let header = u32::from_le_bytes(*data.get(1..)?.first_chunk()?);
            let size = ((header >> 14) & 0x3fff, header & 0x3fff);
            let size = (size.0 as usize + 1, size.1 as usize + 1);
            return Some(Self { size, alpha: Some((header >> 28) & 1 == 1) });
        }
        let number = |at: usize| {
            Some(usize::from(u16::from_le_bytes(*data.get(at..)?.first_chunk()?) & 0x3fff))
        };
        Some(Self { size: (number(8)?, number(6)?), alpha: None })
    }
}

/// The chunks of a RIFF file, as far as they are whole.
struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = self.rest.split_first_chunk::<4>()?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size) as usize;
        let (data, rest) = rest.split_at_checked(size)?;
        self.rest = rest.get(size % 2..).unwrap_or_default();
        Some((name, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
        for (name, data) in chunks {
            let size = u32::try_from(data.len()).expect("a short chunk");
            bytes.extend_from_slice(*name);
            bytes.extend(size.to_le_bytes());
            bytes.extend_from_slice(data);
            bytes.extend(vec![0; data.len() % 2]);
        }
        bytes
    }

    /// A canvas of 2 × 3, and the first bytes of a lossy stream of this size.
    const CANVAS: &[u8] = &[0, 0, 0, 0, 2, 0, 0, 1, 0, 0];
    const LOSSY: &[u8] = &[0, 0, 0, 0x9d, 1, 0x2a, 3, 0, 2, 0];

    #[test]
    fn headers_that_contradict_are_refused() {
        let header = |chunks: &[(&[u8; 4], &[u8])]| {
            let bytes = riff(chunks);
            Header::read(&bytes)
                .map(|header| (header.height, header.width, header.alpha))
                .map_err(|fault| fault.message)
        };
        assert_eq!(header(&[(b"VP8 ", LOSSY)]), Ok((2, 3, false)));
        assert_eq!(header(&[(b"VP8X", CANVAS), (b"VP8 ", LOSSY)]), Ok((2, 3, false)));
        let with = |at: usize, byte: u8| {
            let mut canvas = CANVAS.to_vec();
            canvas[at] = byte;
            canvas
        };
        let contradiction = Err(contradiction().message);
        assert_eq!(header(&[(b"VP8X", &with(4, 9)), (b"VP8 ", LOSSY)]), contradiction);
        assert_eq!(header(&[(b"VP8X", &with(0, ALPHA)), (b"VP8 ", LOSSY)]), contradiction);
        assert_eq!(header(&[(b"VP8X", CANVAS), (b"ALPH", &[]), (b"VP8 ", LOSSY)]), contradiction);
        let animated = header(&[(b"VP8X", &with(0, ANIMATED))]).expect_err("animated");
        assert_eq!(animated, "an animated WebP file is not an image, and cannot be decoded");
        for chunks in [&[][..], &[(b"VP8X", CANVAS)], &[(b"VP8L", &[0x2f])]] {
            assert_eq!(header(chunks), Err(broken().message));
        }
    }
}
