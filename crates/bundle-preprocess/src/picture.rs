//! A value between two steps as a picture that a person can look at.

use crate::{Channels, Image, Samples, Tensor, Value};

/// Pixels of a side; more are thinned out.
const MAX_SIDE: usize = 512;
/// Rows and columns of an array that is shown as a picture, at least.
const MIN_SIDE: usize = 8;

/// A PNG file of an image, or of an array that can be one: rows × columns, with one or three
/// channels first or last, the first of a batch. Samples that are no bytes become brightness
/// from the least to the most. For looking at: nothing is computed from it.
pub fn picture(value: &Value) -> Option<Vec<u8>> {
    Picture::of(value)?.to_png()
}

/// Samples as rows of pixels of one or three channels.
struct Picture {
    width: usize,
    height: usize,
    colours: usize,
    samples: Vec<f64>,
    /// What is black and what is white.
    range: (f64, f64),
}

impl Picture {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Image(image) => Self::of_image(image),
            Value::Tensor(tensor) => Self::of_tensor(tensor),
            _ => None,
        }
    }

    fn of_image(image: &Image) -> Option<Self> {
        let (samples, range): (Vec<f64>, _) = match &image.samples {
            Samples::Uint8(samples) => {
                (samples.iter().copied().map(f64::from).collect(), Some(255.0))
            }
            Samples::Uint16(samples) => {
                (samples.iter().copied().map(f64::from).collect(), Some(65_535.0))
            }
            Samples::Float32(samples) => (samples.iter().copied().map(f64::from).collect(), None),
        };
        let range = range.map_or_else(|| extent(&samples), |white| (0.0, white));
        let channels = image.channels.count();
        // The places of red, green and blue, or of gray, among the channels.
        let order: &[usize] = match image.channels {
            Channels::L | Channels::La => &[0],
            Channels::Bgr => &[2, 1, 0],
            Channels::Rgb | Channels::Rgba => &[0, 1, 2],
            Channels::Cmyk => return None,
        };
        let at =
            |y: usize, x: usize, colour: usize| (y * image.width + x) * channels + order[colour];
        Self::thinned((image.height, image.width, order.len()), range, |y, x, colour| {
            samples.get(at(y, x, colour)).copied()
        })
    }

    /// The first picture of a batch: rows × columns, with channels first or last.
    fn of_tensor(tensor: &Tensor) -> Option<Self> {
        let shape = tensor.shape();
        let first = shape.iter().position(|axis| *axis != 1)?;
        // A gray picture has an axis of one of its own; it may have gone with the batch.
        let (height, width, colours, last) = match shape.get(first..)? {
            [3, height, width] => (*height, *width, 3, false),
            [height, width] | [height, width, 1] => (*height, *width, 1, false),
            [height, width, 3] => (*height, *width, 3, true),
            [_, rest @ ..] => match rest {
                [3, height, width] => (*height, *width, 3, false),
                [1, height, width] | [height, width, 1] => (*height, *width, 1, false),
                [height, width, 3] => (*height, *width, 3, true),
                _ => return None,
            },
            [] => return None,
        };
        if height < MIN_SIDE || width < MIN_SIDE {
            return None;
        }
        let samples = tensor.to_f64s();
        let count = height.checked_mul(width)?.checked_mul(colours)?;
        let samples = samples.get(..count)?;
        let at = |y: usize, x: usize, colour: usize| {
            if last {
                (y * width + x) * colours + colour
            } else {
                (colour * height + y) * width + x
            }
        };
        Self::thinned((height, width, colours), extent(samples), |y, x, colour| {
            samples.get(at(y, x, colour)).copied()
        })
    }

    fn thinned(
        (height, width, colours): (usize, usize, usize),
        range: (f64, f64),
        sample: impl Fn(usize, usize, usize) -> Option<f64>,
    ) -> Option<Self> {
        let every = height.max(width).div_ceil(MAX_SIDE).max(1);
        let (rows, columns) = (height.div_ceil(every), width.div_ceil(every));
        let mut samples = Vec::with_capacity(rows * columns * colours);
        for y in (0..height).step_by(every) {
            for x in (0..width).step_by(every) {
                for colour in 0..colours {
                    samples.push(sample(y, x, colour)?);
                }
            }
        }
        Some(Self { width: columns, height: rows, colours, samples, range })
    }

    fn to_png(&self) -> Option<Vec<u8>> {
        let (black, white) = self.range;
        let scale = if white > black { 255.0 / (white - black) } else { 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a byte; what is not a number becomes 0"
        )]
        let byte = |sample: &f64| ((sample - black) * scale).round().clamp(0.0, 255.0) as u8;
        let bytes: Vec<u8> = self.samples.iter().map(byte).collect();
        let colour =
            if self.colours == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale };
        png_file(self.width, self.height, colour, &bytes).ok()
    }
}

/// A PNG file of 8-bit samples.
pub(crate) fn png_file(
    width: usize,
    height: usize,
    colour: png::ColorType,
    samples: &[u8],
) -> Result<Vec<u8>, png::EncodingError> {
    // A side that does not fit is one that the format does not know.
    let side = |length: usize| u32::try_from(length).unwrap_or(0);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side(width), side(height));
    encoder.set_color(colour);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(samples)?;
    writer.finish()?;
    Ok(file)
}

/// The least and the largest finite number.
fn extent(samples: &[f64]) -> (f64, f64) {
    let finite = samples.iter().copied().filter(|sample| sample.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), sample| {
        (low.min(sample), high.max(sample))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Storage, TensorData};

    /// Width, height and samples of a PNG file.
    fn decoded(file: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG");
        let mut samples = vec![0; reader.output_buffer_size().expect("small")];
        let frame = reader.next_frame(&mut samples).expect("a frame");
        samples.truncate(frame.buffer_size());
        (frame.width, frame.height, samples)
    }

    fn tensor(shape: &[usize], sample: impl Fn(usize) -> f32) -> Value {
        let count = shape.iter().product();
        let data = TensorData::Float32((0..count).map(sample).collect());
        Value::Tensor(Tensor::new(shape.to_vec(), data).expect("a shape that fits"))
    }

    #[test]
    fn channels_first_and_last_give_the_same_picture() {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let (first, last) = (
            tensor(&[1, 3, 8, 9], |index| (index % 72 * 3 + index / 72) as f32),
            tensor(&[8, 9, 3], |index| index as f32),
        );
        let (width, height, samples) = decoded(&picture(&first).expect("a picture"));
        assert_eq!((width, height, samples.len()), (9, 8, 216));
        assert_eq!((samples[0], samples[215]), (0, 255));
        assert_eq!(decoded(&picture(&last).expect("a picture")).2, samples);
    }

    #[test]
    fn blue_first_is_shown_red_first_and_long_sides_are_thinned() {
        let image = |width: usize, samples: Vec<u8>| {
            let (channels, storage) = (Channels::Bgr, Storage::Direct);
            Value::Image(Image {
                height: 1,
                width,
                channels,
                storage,
                samples: Samples::Uint8(samples),
            })
        };
        let (_, _, samples) = decoded(&picture(&image(1, vec![1, 2, 3])).expect("a picture"));
        assert_eq!(samples, [3, 2, 1]);
        let (width, height, _) = decoded(&picture(&image(2000, vec![0; 6000])).expect("a picture"));
        assert_eq!((width, height), (500, 1));
    }

    #[test]
    fn what_is_no_picture_gives_none() {
        for value in [
            Value::Text("x".to_owned()),
            tensor(&[], |_| 0.0),
            tensor(&[1, 10], |_| 0.0),
            tensor(&[4, 4], |_| 0.0),
            tensor(&[0, 9], |_| 0.0),
            tensor(&[2, 5, 9, 9], |_| 0.0),
        ] {
            assert_eq!(picture(&value), None, "{value:?}");
        }
        assert!(picture(&tensor(&[9, 9], |_| f32::NAN)).is_some());
    }
}
