//! Pictures changed sample by sample.

use libjpeg_turbo_rs::{PixelFormat, Subsampling};

use super::{Perturbation, random::Random};
use crate::{Channels, Image, Samples, error::Fault, picture::png_file};

/// A picture of bytes.
struct Picture<'a> {
    width: usize,
    height: usize,
    channels: usize,
    bytes: &'a [u8],
}

/// The picture with a square of a grid in its mean colour, as a file.
pub(super) fn covered(
    image: &Image,
    (row, column): (usize, usize),
    grid: usize,
) -> Result<Vec<u8>, Fault> {
    let before = Picture::of(image)?;
    let grid = grid.max(1);
    let mean = byte(before.mean());
    let within = |at: usize, length: usize, cell: usize| {
        (cell * length / grid..(cell + 1) * length / grid).contains(&at)
    };
    let samples = before.bytes.iter().enumerate();
    let cover = |(index, sample): (usize, &u8)| {
        let pixel = index / before.channels;
        let (x, y) = (pixel % before.width, pixel / before.width);
        let inside = within(x, before.width, column) && within(y, before.height, row);
        if inside && !before.is_alpha(index % before.channels) { mean } else { *sample }
    };
    let after: Vec<u8> = samples.map(cover).collect();
    png(&before, image.channels, &after)
}

/// The picture as a file, changed.
pub(super) fn change(
    image: &Image,
    perturbation: Perturbation,
    strength: f64,
    mut random: Random,
) -> Result<Vec<u8>, Fault> {
    let before = Picture::of(image)?;
    if perturbation == Perturbation::Jpeg {
        return jpeg(&before, image.channels, strength);
    }
    let after = match perturbation {
        Perturbation::Rotate => rotated(&before, strength),
        Perturbation::Shift => {
            let by = strength / 100.0 * size(before.width);
            before.resampled(|x, y| (x - by, y))
        }
        Perturbation::Crop => {
            let keep = (1.0 - 2.0 * strength / 100.0).clamp(0.02, 1.0);
            let (middle_x, middle_y) = before.middle();
            before.resampled(|x, y| {
                (middle_x + (x - middle_x) * keep, middle_y + (y - middle_y) * keep)
            })
        }
        Perturbation::Blur => blurred(&before, strength),
        Perturbation::Noise => before.mapped(|sample| sample + strength * random.normal()),
        Perturbation::Brightness => before.mapped(|sample| sample * strength),
        _ => {
            let mean = before.mean();
            before.mapped(|sample| mean + (sample - mean) * strength)
        }
    };
    png(&before, image.channels, &after)
}

impl<'a> Picture<'a> {
    fn of(image: &'a Image) -> Result<Self, Fault> {
        let Samples::Uint8(bytes) = &image.samples else {
            return Err(Fault::new("has more than 8 bits a sample, and only 8 are changed"));
        };
        if matches!(image.channels, Channels::Cmyk | Channels::Bgr) {
            return Err(Fault::new("is a picture for print, which is not changed"));
        }
        let channels = image.channels.count();
        Ok(Self { width: image.width, height: image.height, channels, bytes })
    }
}

impl Picture<'_> {
    /// The sample at a place; outside the picture that of its edge.
    fn at(&self, x: isize, y: isize, channel: usize) -> f64 {
        let inside = |place: isize, length: usize| {
            usize::try_from(place).unwrap_or(0).min(length.saturating_sub(1))
        };
        let place = inside(y, self.height) * self.width + inside(x, self.width);
        f64::from(self.bytes.get(place * self.channels + channel).copied().unwrap_or(0))
    }

    /// Between samples, bilinear.
    #[expect(clippy::cast_possible_truncation, reason = "places within a picture, or at its edge")]
    fn between(&self, x: f64, y: f64, channel: usize) -> f64 {
        let (left, top) = (libm::floor(x), libm::floor(y));
        let (right_share, bottom_share) = (x - left, y - top);
        let (left, top) = (left as isize, top as isize);
        let row = |y: isize| {
            let (a, b) = (self.at(left, y, channel), self.at(left.saturating_add(1), y, channel));
            a + (b - a) * right_share
        };
        let (upper, lower) = (row(top), row(top.saturating_add(1)));
        upper + (lower - upper) * bottom_share
    }

    fn middle(&self) -> (f64, f64) {
        (size(self.width) / 2.0 - 0.5, size(self.height) / 2.0 - 0.5)
    }

    /// Whether a channel says how much of a pixel is seen.
    const fn is_alpha(&self, channel: usize) -> bool {
        (self.channels == 2 || self.channels == 4) && channel + 1 == self.channels
    }

    /// Every sample from where `from` says that it was.
    fn resampled(&self, from: impl Fn(f64, f64) -> (f64, f64)) -> Vec<u8> {
        let mut after = Vec::with_capacity(self.bytes.len());
        for y in 0..self.height {
            for x in 0..self.width {
                let (old_x, old_y) = from(size(x), size(y));
                for channel in 0..self.channels {
                    after.push(byte(self.between(old_x, old_y, channel)));
                }
            }
        }
        after
    }

    /// Every sample but alpha.
    fn mapped(&self, mut change: impl FnMut(f64) -> f64) -> Vec<u8> {
        let samples = self.bytes.iter().enumerate();
        let change = |(index, sample): (usize, &u8)| {
            if self.is_alpha(index % self.channels) {
                *sample
            } else {
                byte(change(f64::from(*sample)))
            }
        };
        samples.map(change).collect()
    }

    fn mean(&self) -> f64 {
        let colours =
            self.bytes.iter().enumerate().filter(|(at, _)| !self.is_alpha(at % self.channels));
        let (sum, count) = colours
            .fold((0.0, 0.0), |(sum, count), (_, sample)| (sum + f64::from(*sample), count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }
}

fn rotated(before: &Picture<'_>, degrees: f64) -> Vec<u8> {
    let (sin, cos) = libm::sincos(degrees.to_radians());
    let (middle_x, middle_y) = before.middle();
    before.resampled(|x, y| {
        let (dx, dy) = (x - middle_x, y - middle_y);
        (middle_x + cos * dx + sin * dy, middle_y - sin * dx + cos * dy)
    })
}

/// Rows, then columns, with the weights of a Gaussian that add up to 1.
fn blurred(before: &Picture<'_>, deviation: f64) -> Vec<u8> {
    let deviation = deviation.clamp(0.01, 100.0);
    let weights: Vec<f64> = (0..=300_u16)
        .map(|at| f64::from(at) / deviation)
        .take_while(|distance| *distance < 3.0 + 1.0 / deviation)
        .map(|distance| libm::exp(-0.5 * distance * distance))
        .collect();
    let total = 2.0 * weights.iter().sum::<f64>() - 1.0;
    // The sum over both sides of a place; outside the picture is its edge.
    let sum = |at: usize, length: usize, sample: &dyn Fn(usize) -> f64| {
        let sides = weights.iter().enumerate().skip(1).map(|(by, weight)| {
            let after = (at + by).min(length.saturating_sub(1));
            weight * (sample(at.saturating_sub(by)) + sample(after))
        });
        (sample(at) + sides.sum::<f64>()) / total
    };
    let place =
        |x: usize, y: usize, channel: usize| (y * before.width + x) * before.channels + channel;
    let all = || {
        (0..before.height).flat_map(move |y| {
            (0..before.width)
                .flat_map(move |x| (0..before.channels).map(move |channel| (x, y, channel)))
        })
    };
    let row =
        |(x, y, channel)| sum(x, before.width, &|x| f64::from(before.bytes[place(x, y, channel)]));
    let rows: Vec<f64> = all().map(row).collect();
    let column = |(x, y, channel)| byte(sum(y, before.height, &|y| rows[place(x, y, channel)]));
    all().map(column).collect()
}

#[expect(clippy::cast_precision_loss, reason = "sides of pictures are far from 2^53")]
const fn size(length: usize) -> f64 {
    length as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte; what is not a number becomes 0"
)]
fn byte(sample: f64) -> u8 {
    libm::round(sample).clamp(0.0, 255.0) as u8
}

fn png(before: &Picture<'_>, channels: Channels, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let colour = match channels {
        Channels::L => png::ColorType::Grayscale,
        Channels::La => png::ColorType::GrayscaleAlpha,
        Channels::Rgba => png::ColorType::Rgba,
        _ => png::ColorType::Rgb,
    };
    png_file(before.width, before.height, colour, bytes)
        .map_err(|error| Fault::new(format!("cannot be written: {error}")))
}

/// Compressed; what is seen through is lost, as cameras have none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 100")]
fn jpeg(before: &Picture<'_>, channels: Channels, quality: f64) -> Result<Vec<u8>, Fault> {
    let opaque: Vec<u8> = before
        .bytes
        .iter()
        .enumerate()
        .filter(|(at, _)| !before.is_alpha(at % before.channels))
        .map(|(_, sample)| *sample)
        .collect();
    let (format, subsampling) = match channels {
        Channels::L | Channels::La => (PixelFormat::Grayscale, Subsampling::S444),
        _ => (PixelFormat::Rgb, Subsampling::S420),
    };
    let quality = quality.clamp(1.0, 100.0) as u8;
    let (width, height) = (before.width, before.height);
    libjpeg_turbo_rs::compress(&opaque, width, height, format, quality, subsampling)
        .map_err(|error| Fault::new(format!("cannot be compressed: {error}")))
}
