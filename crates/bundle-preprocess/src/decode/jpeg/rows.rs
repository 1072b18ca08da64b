//! The picture of a JPEG file row by row, from the planes that are stored in it.
//!
//! The planes are the only copy of the picture: half as large as its pixels where colours
//! are stored at half the size, which is how cameras write. Colours are enlarged with the
//! triangle filter of libjpeg ("fancy upsampling", `jdsample.c`): three parts of the nearer
//! sample and one of the farther, along each axis that is halved. Sums of columns are kept
//! whole; each result is rounded once, half up and half down in turn. Guarantee: `exact`, the same
//! bits as decoding the whole picture (`tests/it/fused.rs`).

use fearless_simd::{Level, dispatch};
use libjpeg_turbo_rs::{ColorSpace, Decoder, RawImage, simd::SimdRoutines};

use crate::{Limits, error::Fault};

/// Narrower pictures are enlarged in another way.
const LEAST: usize = 16;

/// Three planes, and what is needed to make pixels of them.
pub(crate) struct Rows {
    planes: RawImage,
    /// Which axes of the colours are halved: vertical, horizontal.
    halved: (bool, bool),
    routines: SimdRoutines,
    /// Sums of a column, with their neighbours on both sides.
    sums: Vec<u16>,
    /// A row of each colour plane in full width.
    colours: [Vec<u8>; 2],
}

impl Rows {
    /// Decodes the planes of a sequential file of luma and two colours, whole or halved;
    /// `None` where the file is another one.
    pub(super) fn decode(decoder: Decoder<'_>, limits: &Limits) -> Result<Option<Self>, Fault> {
        let header = decoder.header();
        let (height, width) = (header.height(), header.width());
        let factors = |index: usize| {
            let component = header.components.get(index)?;
            Some((component.vertical_sampling, component.horizontal_sampling))
        };
        let halved = match [factors(0), factors(1), factors(2)] {
            [Some((1, 1)), Some((1, 1)), Some((1, 1))] => (false, false),
            [Some((1, 2)), Some((1, 1)), Some((1, 1))] => (false, true),
            [Some((2, 2)), Some((1, 1)), Some((1, 1))] => (true, true),
            _ => return Ok(None),
        };
        let usual = header.components.len() == 3
            && header.precision == 8
            && !header.is_lossless
            && !decoder.has_multiple_scans()
            && !decoder.is_arithmetic()
            && decoder.jpeg_color_space() == ColorSpace::YCbCr;
        if !usual || height < LEAST || width < LEAST {
            return Ok(None);
        }
        super::check_size((height, width), 3, limits)?;
        let planes = decoder.decode_raw().map_err(|error| super::unreadable(&error))?;
        let routines = libjpeg_turbo_rs::simd::detect();
        let padded = width.next_multiple_of(2);
        let colours = [vec![0; padded], vec![0; padded]];
        Ok(Some(Self { planes, halved, routines, sums: vec![0; padded / 2 + 2], colours }))
    }

    /// Height and width.
    pub(crate) const fn size(&self) -> (usize, usize) {
        (self.planes.height, self.planes.width)
    }

    /// Writes a row of pixels.
    pub(crate) fn write(&mut self, row: usize, pixels: &mut [u8]) {
        let width = self.planes.width;
        let luma = plane_row(&self.planes, 0, row, width);
        let (down, across) = self.halved;
        if !across {
            let [blue, red] = [1, 2].map(|plane| plane_row(&self.planes, plane, row, width));
            self.routines.ycbcr_to_rgb_row(luma, blue, red, pixels, width);
            return;
        }
        let count = width.div_ceil(2);
        let level = Level::new();
        for (plane, colour) in [1, 2].into_iter().zip(&mut self.colours) {
            if down {
                let (near, last) = (row / 2, self.planes.height.div_ceil(2) - 1);
                // At the border the row is its own neighbour.
                let far = if row.is_multiple_of(2) {
                    near.saturating_sub(1)
                } else {
                    (near + 1).min(last)
                };
                let near = plane_row(&self.planes, plane, near, count);
                let far = plane_row(&self.planes, plane, far, count);
                dispatch!(level, _ => weighed(near, far, &mut self.sums));
                dispatch!(level, _ => enlarged::<4, 8, 7>(&self.sums, colour));
            } else {
                let near = plane_row(&self.planes, plane, row, count);
                dispatch!(level, _ => copied(near, &mut self.sums));
                dispatch!(level, _ => enlarged::<2, 1, 2>(&self.sums, colour));
            }
        }
        let [blue, red] = &self.colours;
        self.routines.ycbcr_to_rgb_row(luma, blue, red, pixels, width);
    }
}

fn plane_row(planes: &RawImage, plane: usize, row: usize, count: usize) -> &[u8] {
    let start = row * planes.plane_widths[plane];
    &planes.planes[plane][start..start + count]
}

/// Three parts of the nearer row and one of the farther.
#[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
#[inline(always)]
fn weighed(near: &[u8], far: &[u8], sums: &mut [u16]) {
    let count = near.len();
    for ((sum, near), far) in sums[1..=count].iter_mut().zip(near).zip(far) {
        *sum = 3 * u16::from(*near) + u16::from(*far);
    }
    (sums[0], sums[count + 1]) = (sums[1], sums[count]);
}

#[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
#[inline(always)]
fn copied(near: &[u8], sums: &mut [u16]) {
    let count = near.len();
    for (sum, near) in sums[1..=count].iter_mut().zip(near) {
        *sum = u16::from(*near);
    }
    (sums[0], sums[count + 1]) = (sums[1], sums[count]);
}

/// Twice as many: three parts of the nearer sum and one of the neighbour on either side.
#[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the weights add up to 1 << SHIFT")]
fn enlarged<const SHIFT: u32, const BEFORE: u16, const BEHIND: u16>(
    sums: &[u16],
    result: &mut [u8],
) {
    let neighbours = sums.iter().zip(&sums[1..]).zip(&sums[2..]);
    for (pair, ((before, sum), behind)) in result.as_chunks_mut::<2>().0.iter_mut().zip(neighbours)
    {
        let thrice = 3 * *sum;
        *pair = [
            ((thrice + *before + BEFORE) >> SHIFT) as u8,
            ((thrice + *behind + BEHIND) >> SHIFT) as u8,
        ];
    }
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::{PixelFormat, Subsampling, compress};

    use super::*;
    use crate::Samples;

    /// Pixels that jump, from a linear congruential generator.
    fn noise(height: usize, width: usize) -> Vec<u8> {
        let mut state = 12_345_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(height * width * 3).collect()
    }

    #[test]
    fn rows_are_those_of_the_whole_picture() {
        for sampling in [Subsampling::S444, Subsampling::S422, Subsampling::S420] {
            for (height, width) in [(16, 16), (17, 31), (30, 33), (33, 48), (50, 65), (64, 127)] {
                let pixels = noise(height, width);
                let file = compress(&pixels, width, height, PixelFormat::Rgb, 90, sampling);
                let file = file.expect("it is compressed");
                let limits = Limits::default();
                let (whole, _) = super::super::decode(&file, &limits).expect("it is decoded");
                let rows =
                    super::super::rows(&file, &limits, |_, _| Some(())).expect("it is decoded");
                let (mut rows, ()) = rows.expect("as cameras write them");
                let mut pixels = vec![0; height * width * 3];
                for (index, row) in pixels.chunks_exact_mut(width * 3).enumerate() {
                    rows.write(index, row);
                }
                assert_eq!(rows.size(), (height, width));
                assert_eq!(Samples::Uint8(pixels), whole.samples, "{sampling:?} {height}×{width}");
            }
        }
    }
}
