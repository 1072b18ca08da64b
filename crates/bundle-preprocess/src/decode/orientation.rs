//! The EXIF orientation tag, as `PIL.ImageOps.exif_transpose` applies it.

use exif::{In, Reader, Tag};

use crate::{Image, Samples};

/// Turns and mirrors an image upright. Damaged EXIF data and values outside
/// 1 to 8 mean nothing, as in Pillow and in browsers.
pub(super) fn apply(image: Image, exif: &[u8]) -> Image {
    match orientation(exif) {
        Some(value @ 2..=8) => oriented(image, value),
        _ => image,
    }
}

/// Whether [`apply`] would change an image.
pub(super) fn turns(exif: &[u8]) -> bool {
    matches!(orientation(exif), Some(2..=8))
}

/// Browsers and cameras sometimes keep the JPEG prefix in other containers.
const PREFIX: &[u8] = b"Exif\0\0";

fn orientation(exif: &[u8]) -> Option<u32> {
    let tiff = exif.strip_prefix(PREFIX).unwrap_or(exif);
    let mut reader = Reader::new();
    let fields = reader
        .continue_on_error(true)
        .read_raw(tiff.to_vec())
        .or_else(|error| error.distill_partial_result(|_| ()))
        .ok()?;
    fields.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)
}

/// Turns and mirrors an image, given the tag's value, 2 to 8.
pub(super) fn oriented(image: Image, value: u32) -> Image {
    let Image { height, width, channels, storage, samples } = image;
    let turned = value >= 5;
    let size = (height, width);
    let samples = match samples {
        Samples::Uint8(samples) => {
            Samples::Uint8(permuted(&samples, size, channels.count(), value))
        }
        Samples::Uint16(samples) => {
            Samples::Uint16(permuted(&samples, size, channels.count(), value))
        }
        Samples::Float32(samples) => {
            Samples::Float32(permuted(&samples, size, channels.count(), value))
        }
    };
    let (height, width) = if turned { (width, height) } else { size };
    Image { height, width, channels, storage, samples }
}

fn permuted<T: Copy>(
    samples: &[T],
    (height, width): (usize, usize),
    count: usize,
    value: u32,
) -> Vec<T> {
    let (rows, columns) = if value >= 5 { (width, height) } else { (height, width) };
    let mut result = Vec::with_capacity(samples.len());
    for y in 0..rows {
        for x in 0..columns {
            let (row, column) = match value {
                2 => (y, width - 1 - x),
                3 => (height - 1 - y, width - 1 - x),
                4 => (height - 1 - y, x),
                5 => (x, y),
                6 => (height - 1 - x, y),
                7 => (height - 1 - x, width - 1 - y),
                _ => (x, width - 1 - y),
            };
            let start = (row * width + column) * count;
            result.extend_from_slice(&samples[start..start + count]);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Storage};

    /// The smallest TIFF with the tag: one entry of type SHORT.
    fn tiff(value: u8) -> Vec<u8> {
        [&b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[value, 0, 0, 0, 0, 0, 0, 0]]
            .concat()
    }

    #[test]
    fn as_exif_transpose() {
        // From PIL.ImageOps.exif_transpose on [[1, 2, 3], [4, 5, 6]].
        let cases: [(u8, usize, [u8; 6]); 10] = [
            (0, 2, [1, 2, 3, 4, 5, 6]),
            (1, 2, [1, 2, 3, 4, 5, 6]),
            (2, 2, [3, 2, 1, 6, 5, 4]),
            (3, 2, [6, 5, 4, 3, 2, 1]),
            (4, 2, [4, 5, 6, 1, 2, 3]),
            (5, 3, [1, 4, 2, 5, 3, 6]),
            (6, 3, [4, 1, 5, 2, 6, 3]),
            (7, 3, [6, 3, 5, 2, 4, 1]),
            (8, 3, [3, 6, 2, 5, 1, 4]),
            (9, 2, [1, 2, 3, 4, 5, 6]),
        ];
        for (value, height, expected) in cases {
            let samples = Samples::Uint8(vec![1, 2, 3, 4, 5, 6]);
            let (channels, storage) = (Channels::L, Storage::Direct);
            let image = Image { height: 2, width: 3, channels, storage, samples };
            let image = apply(image, &tiff(value));
            assert_eq!(
                (image.height, image.samples),
                (height, Samples::Uint8(expected.to_vec())),
                "{value}"
            );
        }
    }

    #[test]
    fn damaged_exif_means_nothing() {
        assert_eq!(orientation(b""), None);
        assert_eq!(orientation(b"II*\0\xff\xff\xff\xff"), None);
        assert_eq!(orientation(&tiff(6)[..20]), None);
        assert_eq!(orientation(&[b"Exif\0\0", &tiff(6)[..]].concat()), Some(6));
    }
}
