//! The passes over the samples.
//!
//! Sums of whole numbers are exact in any order, so both passes add with the widest vectors
//! that the machine has: `dispatch!` compiles what is inlined in it for each kind. They run
//! row by row: between them are only the rows that the next row of the result needs.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch, i32x4, i32x8, prelude::*, u8x16};

use super::{
    kernel::{Kernel, single},
    sums::{LANES, Sums, Weights, clip8, widened},
};

/// Rows that go through the horizontal pass side by side.
const ROWS: usize = 4;

/// The passes over an image; one that changes no length is left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passes<'a> {
    /// Pixels in a row before.
    pub(super) width: usize,
    /// The horizontal pass.
    pub(super) across: Option<&'a Kernel>,
    /// The vertical pass.
    pub(super) down: Option<&'a Kernel>,
    /// Which is first.
    pub(super) down_first: bool,
}

/// Resamples an image of pixels of `count` samples.
pub(super) fn resample(samples: Vec<u8>, count: usize, passes: Passes<'_>) -> Vec<u8> {
    match count {
        1 => resample_of::<1>(samples, passes),
        2 => resample_of::<2>(samples, passes),
        3 => resample_of::<3>(samples, passes),
        _ => resample_of::<4>(samples, passes),
    }
}

fn resample_of<const C: usize>(samples: Vec<u8>, passes: Passes<'_>) -> Vec<u8> {
    let stride = passes.width * C;
    let across = passes.across.map(|kernel| Across::<C>::new(kernel, passes.width));
    match (across, passes.down.map(Down::new)) {
        (None, None) => samples,
        (Some(mut across), None) => {
            let mut result = vec![0; samples.len() / stride * across.stride()];
            across.rows(&mut Source::Samples(&samples), 0, &mut result);
            result
        }
        (None, Some(down)) => {
            let mut result = vec![0; down.ends.len() * stride];
            for (index, row) in result.chunks_exact_mut(stride).enumerate() {
                down.row(index, &samples[down.window(index).0 * stride..], row);
            }
            result
        }
        (Some(mut across), Some(down)) if passes.down_first => {
            let mut result = vec![0; down.ends.len() * across.stride()];
            let mut between = vec![0; stride];
            for (index, row) in result.chunks_exact_mut(across.stride()).enumerate() {
                down.row(index, &samples[down.window(index).0 * stride..], &mut between);
                across.rows(&mut Source::Samples(&between), 0, row);
            }
            result
        }
        (Some(across), Some(down)) => both(across, &down, Source::Samples(&samples)),
    }
}

/// Resamples rows of `width` pixels that `write` writes, given their index.
pub(super) fn resample_rows<const C: usize>(
    width: usize,
    across: &Kernel,
    down: &Kernel,
    write: &mut dyn FnMut(usize, &mut [u8]),
) -> Vec<u8> {
    let (across, down) = (Across::<C>::new(across, width), Down::new(down));
    both(across, &down, Source::Written(write))
}

/// Both passes, the horizontal one first.
fn both<const C: usize>(across: Across<C>, down: &Down<'_>, source: Source<'_>) -> Vec<u8> {
    let stride = across.stride();
    let mut result = vec![0; down.ends.len() * stride];
    let mut between = Between { across, source, first: 0, rows: Vec::new() };
    for (index, row) in result.chunks_exact_mut(stride).enumerate() {
        let (start, count) = down.window(index);
        down.row(index, between.rows(start, count), row);
    }
    result
}

/// Where the rows of an image come from.
enum Source<'a> {
    /// They are all there.
    Samples(&'a [u8]),
    /// Each is written when it is needed.
    Written(&'a mut dyn FnMut(usize, &mut [u8])),
}

/// The rows that went through the horizontal pass, before the vertical one.
struct Between<'a, const C: usize> {
    across: Across<C>,
    source: Source<'a>,
    /// The index of the first row kept.
    first: usize,
    rows: Vec<u8>,
}

impl<const C: usize> Between<'_, C> {
    /// `count` rows from `start`, which never goes back.
    fn rows(&mut self, start: usize, count: usize) -> &[u8] {
        let stride = self.across.stride();
        let gone = (start - self.first) * stride;
        self.rows.drain(..gone.min(self.rows.len()));
        self.first = start;
        let (kept, wanted) = (self.rows.len(), count * stride);
        if kept < wanted {
            self.rows.resize(wanted, 0);
            let next = start + kept / stride;
            self.across.rows(&mut self.source, next, &mut self.rows[kept..]);
        }
        &self.rows[..wanted]
    }
}

/// The horizontal pass, its weights laid as [`Across::several_rows`] takes them.
struct Across<const C: usize> {
    width: usize,
    /// For each window the first of its samples, and the end of its weights.
    windows: Vec<(usize, usize)>,
    weights: Weights,
    /// The samples that are read from the start of a row, of which its windows have no more
    /// than the first.
    reach: usize,
    /// Rows that end before that.
    padded: [Vec<u8>; ROWS],
}

impl<const C: usize> Across<C> {
    /// Sums of one pixel, side by side: as many as channels, or a gap behind the third.
    const SUMS: usize = if C == 3 { 4 } else { C };
    /// Pixels whose samples are multiplied at a time.
    const PIXELS: usize = LANES / Self::SUMS;

    /// Which sample goes to each lane; neighbours are the same channel of neighbouring pixels.
    fn lanes() -> [u8; LANES] {
        std::array::from_fn(|lane| {
            let (sum, second) = (lane / 2, lane % 2);
            let (pixel, channel) = (sum / Self::SUMS * 2 + second, sum % Self::SUMS);
            u8::try_from(pixel * C + channel.min(C - 1)).unwrap_or_default()
        })
    }

    fn new(kernel: &Kernel, width: usize) -> Self {
        let mut windows = Vec::with_capacity(kernel.windows.len());
        let mut weights = Weights::new(kernel.bits);
        let mut reach = 0;
        for window in &kernel.windows {
            let of_window = kernel.weights(*window);
            for of_pixels in of_window.chunks(Self::PIXELS) {
                let weight = |lane: usize| {
                    let (sum, second) = (lane / 2, lane % 2);
                    let pixel = sum / Self::SUMS * 2 + second;
                    let gap = sum % Self::SUMS >= C;
                    of_pixels.get(pixel).filter(|_| !gap).copied().unwrap_or_default()
                };
                weights.push(&std::array::from_fn(weight));
            }
            let taken = of_window.len().next_multiple_of(Self::PIXELS) * C;
            reach = reach.max(window.start * C + taken + LANES - Self::PIXELS * C);
            windows.push((window.start * C, weights.low.len()));
        }
        let padded = std::array::from_fn(|_| vec![0; reach.max(width * C)]);
        Self { width, windows, weights, reach, padded }
    }

    /// Samples in a row of the result.
    fn stride(&self) -> usize {
        self.windows.len() * C
    }

    /// As many rows as `result` has, from the one with index `start`.
    fn rows(&mut self, source: &mut Source<'_>, start: usize, result: &mut [u8]) {
        let (from, stride) = (self.width * C, self.stride());
        let level = Level::new();
        let mut padded = std::mem::take(&mut self.padded);
        for (index, result) in result.chunks_mut(ROWS * stride).enumerate() {
            let (start, last) = (start + index * ROWS, result.len() / stride - 1);
            let mut padded = padded.iter_mut().enumerate();
            // Where fewer are wanted, the last one is there several times.
            let rows: [&[u8]; ROWS] = std::array::from_fn(|_| {
                let Some((row, padded)) = padded.next() else { return &[][..] };
                match source {
                    Source::Samples(samples) => {
                        self.reached(&samples[(start + row.min(last)) * from..], padded)
                    }
                    Source::Written(write) => {
                        if row <= last {
                            write(start + row, &mut padded[..from]);
                        }
                        padded
                    }
                }
            });
            if self.weights.wide {
                dispatch!(level, simd => self.several_rows::<_, true>(simd, rows, result));
            } else {
                dispatch!(level, simd => self.several_rows::<_, false>(simd, rows, result));
            }
        }
        self.padded = padded;
    }

    /// A row with enough behind it.
    fn reached<'row>(&self, row: &'row [u8], padded: &'row mut [u8]) -> &'row [u8] {
        if row.len() >= self.reach {
            return row;
        }
        padded[..row.len()].copy_from_slice(row);
        padded
    }

    /// As many rows as `result` has, up to `ROWS`.
    #[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
    #[inline(always)]
    fn several_rows<S: Simd, const WIDE: bool>(
        &self,
        simd: S,
        rows: [&[u8]; ROWS],
        result: &mut [u8],
    ) {
        let lanes = u8x16::from_slice(simd, &Self::lanes());
        let (stride, mut begin) = (self.stride(), 0);
        for (index, (start, end)) in self.windows.iter().enumerate() {
            let low = &self.weights.low[begin..*end];
            let high = &self.weights.high[begin..*end];
            begin = *end;
            let mut sums = [Sums::zero(simd); ROWS];
            let rows = rows.map(|row| &row[*start..]);
            for (step, weights) in low.iter().zip(high).enumerate() {
                let at = step * Self::PIXELS * C;
                for (sums, row) in sums.iter_mut().zip(rows) {
                    let samples = u8x16::from_slice(simd, &row[at..at + LANES]).swizzle_dyn(lanes);
                    sums.add::<WIDE>(simd, widened(samples), weights);
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                let pixel = result.get_mut(row * stride + index * C..);
                if let Some(pixel) = pixel.and_then(<[u8]>::first_chunk_mut::<C>) {
                    *pixel = self.folded(simd, sums.total::<WIDE>());
                }
            }
        }
    }

    /// The pixel that has these sums.
    #[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
    #[inline(always)]
    fn folded<S: Simd>(&self, simd: S, sums: i32x8<S>) -> [u8; C] {
        let (low, high) = sums.split();
        let sums = low + high;
        let sums = match Self::SUMS {
            4 => sums,
            2 => sums + sums.slide::<2>(sums),
            _ => {
                let sums = sums + sums.slide::<2>(sums);
                sums + sums.slide::<1>(sums)
            }
        };
        let bits = self.weights.bits;
        let samples = (sums + i32x4::splat(simd, 1 << (bits - 1))) >> bits;
        let samples = samples.max(i32x4::splat(simd, 0)).min(i32x4::splat(simd, 255)).to_array();
        std::array::from_fn(|channel| u8::try_from(samples[channel]).unwrap_or(u8::MAX))
    }
}

/// The vertical pass, its weights laid as [`Down::columns`] takes them.
struct Down<'a> {
    kernel: &'a Kernel,
    /// For each window the end of its weights.
    ends: Vec<usize>,
    weights: Weights,
}

impl<'a> Down<'a> {
    fn new(kernel: &'a Kernel) -> Self {
        let mut weights = Weights::new(kernel.bits);
        let mut ends = Vec::with_capacity(kernel.windows.len());
        for window in &kernel.windows {
            for pair in kernel.weights(*window).chunks(2) {
                let weight = |lane: usize| pair.get(lane % 2).copied().unwrap_or_default();
                weights.push(&std::array::from_fn(weight));
            }
            ends.push(weights.low.len());
        }
        Self { kernel, ends, weights }
    }

    /// The first row of a window, and how many there are.
    fn window(&self, index: usize) -> (usize, usize) {
        let window = self.kernel.windows[index];
        (window.start, self.kernel.weights(window).len())
    }

    /// A row of the result, from the rows of its window.
    fn row(&self, index: usize, rows: &[u8], result: &mut [u8]) {
        if result.len() < LANES {
            return self.few_columns(index, rows, result);
        }
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        let pairs = begin..self.ends[index];
        let count = self.window(index).1;
        let rows = &rows[..count * result.len()];
        let level = Level::new();
        if self.weights.wide {
            dispatch!(level, simd => self.columns::<_, true>(simd, pairs, rows, result));
        } else {
            dispatch!(level, simd => self.columns::<_, false>(simd, pairs, rows, result));
        }
    }

    fn few_columns(&self, index: usize, rows: &[u8], result: &mut [u8]) {
        let (stride, bits) = (result.len(), self.kernel.bits);
        let weights = self.kernel.weights(self.kernel.windows[index]);
        for (column, result) in result.iter_mut().enumerate() {
            let samples = rows[column..].iter().step_by(stride).zip(weights);
            let sum = samples.fold(1 << (bits - 1), |sum: i32, (sample, weight)| {
                sum.wrapping_add(i32::from(*sample).wrapping_mul(*weight))
            });
            *result = clip8(sum, bits);
        }
    }

    #[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
    #[inline(always)]
    fn columns<S: Simd, const WIDE: bool>(
        &self,
        simd: S,
        pairs: Range<usize>,
        rows: &[u8],
        result: &mut [u8],
    ) {
        let (stride, bits) = (result.len(), self.weights.bits);
        let weights = self.weights.low[pairs.clone()].iter().zip(&self.weights.high[pairs]);
        let mut column = 0;
        while column < stride {
            // The last columns are summed again with those before them.
            let at = column.min(stride - LANES);
            let mut sums = [Sums::zero(simd), Sums::zero(simd)];
            for (pair, weights) in rows.chunks(2 * stride).zip(weights.clone()) {
                let first = u8x16::from_slice(simd, &pair[at..at + LANES]);
                // Where there is no second row, its weight is zero.
                let other = if pair.len() > stride { stride + at } else { at };
                let second = u8x16::from_slice(simd, &pair[other..other + LANES]);
                sums[0].add::<WIDE>(simd, widened(first.zip_low(second)), weights);
                sums[1].add::<WIDE>(simd, widened(first.zip_high(second)), weights);
            }
            for (sums, result) in sums.iter().zip(result[at..at + LANES].chunks_exact_mut(8)) {
                let sums: [i32; 8] = sums.total::<WIDE>().to_array();
                for (sample, sum) in result.iter_mut().zip(sums) {
                    *sample = clip8(sum.wrapping_add(1 << (bits - 1)), bits);
                }
            }
            column = at + LANES;
        }
    }
}

/// The samples at these rows and columns, of an image of `width` pixels of `count` samples.
pub(super) fn picked<T: Copy>(
    samples: &[T],
    (width, count): (usize, usize),
    rows: &[usize],
    columns: &[usize],
) -> Vec<T> {
    let mut result = Vec::with_capacity(rows.len() * columns.len() * count);
    for row in rows {
        for column in columns {
            let start = (row * width + column) * count;
            result.extend_from_slice(&samples[start..start + count]);
        }
    }
    result
}

/// The samples under the centres of an axis, as `ImagingScaleAffine` of Pillow finds them.
///
/// The coordinate is added up step by step, with the rounding errors of float64.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "coordinates are positive and below the length of the axis"
)]
pub(super) fn centers(from: usize, to: usize) -> Vec<usize> {
    let step = f64::from(single(from)) / to as f64;
    let mut position = step * 0.5;
    let mut result = Vec::with_capacity(to);
    for _ in 0..to {
        result.push((position as usize).min(from - 1));
        position += step;
    }
    result
}

/// Multiplies colours by alpha (`RGBA` to `RGBa`), rounding as `MULDIV255`.
pub(super) fn premultiply(samples: &mut [u8], count: usize) {
    for pixel in samples.chunks_exact_mut(count) {
        if let [colours @ .., alpha] = pixel {
            for colour in colours {
                let product = u32::from(*colour) * u32::from(*alpha) + 128;
                *colour = u8::try_from(((product >> 8) + product) >> 8).unwrap_or(u8::MAX);
            }
        }
    }
}

/// Divides colours by alpha (`RGBa` to `RGBA`), truncating; opaque and clear pixels stay.
pub(super) fn unpremultiply(samples: &mut [u8], count: usize) {
    for pixel in samples.chunks_exact_mut(count) {
        let [colours @ .., alpha] = pixel else { continue };
        if matches!(alpha, 0 | 255) {
            continue;
        }
        for colour in colours {
            let quotient = 255 * u32::from(*colour) / u32::from(*alpha);
            *colour = u8::try_from(quotient).unwrap_or(u8::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use bundle_manifest::Interpolation;

    use super::*;

    /// Each sample of a pass by itself; `step` is the distance of those that are summed.
    fn sums(samples: &[u8], kernel: &Kernel, (lines, step): (&[usize], usize)) -> Vec<u8> {
        let of_window = |line: &usize, index: usize| {
            let window = kernel.windows[index];
            let taps = samples[line + window.start * step..].iter().step_by(step);
            let products =
                taps.zip(kernel.weights(window)).map(|(tap, weight)| i32::from(*tap) * *weight);
            clip8(products.sum::<i32>() + (1 << (kernel.bits - 1)), kernel.bits)
        };
        let windows = 0..kernel.windows.len();
        lines
            .iter()
            .flat_map(|line| windows.clone().map(move |index| of_window(line, index)))
            .collect()
    }

    fn turned(samples: &[u8], rows: usize) -> Vec<u8> {
        let columns = samples.len() / rows;
        (0..columns).flat_map(|column| samples[column..].iter().step_by(columns).copied()).collect()
    }

    fn across(samples: &[u8], width: usize, count: usize, kernel: &Kernel) -> Vec<u8> {
        let pixels = |row: &[u8]| {
            let channels: Vec<usize> = (0..count).collect();
            turned(&sums(row, kernel, (&channels, count)), count)
        };
        samples.chunks_exact(width * count).flat_map(pixels).collect()
    }

    fn down(samples: &[u8], stride: usize, kernel: &Kernel) -> Vec<u8> {
        let columns: Vec<usize> = (0..stride).collect();
        turned(&sums(samples, kernel, (&columns, stride)), stride)
    }

    #[test]
    fn vectors_add_up_as_samples_one_by_one() {
        use Interpolation::{Bilinear, Box, Lanczos};
        let cases = [
            ((1, 1), (3, 5)),
            ((9, 70), (4, 3)),
            ((41, 5), (6, 11)),
            ((33, 37), (40, 1)),
            ((6, 19), (13, 40)),
        ];
        for ((from, to), count) in
            cases.iter().flat_map(|case| (1..=4).map(move |count| (*case, count)))
        {
            let noise = |index: usize| {
                u8::try_from(index * index * 7 % 251 + 4 * (index % 2)).unwrap_or_default()
            };
            let samples: Vec<u8> = (0..from.0 * from.1 * count).map(noise).collect();
            for interpolation in [Bilinear, Box, Lanczos] {
                let axis = |from, to| Kernel::new(interpolation, from, to);
                let (rows, columns) = (axis(from.0, to.0), axis(from.1, to.1));
                for (down_first, expected) in [
                    (false, down(&across(&samples, from.1, count, &columns), to.1 * count, &rows)),
                    (true, across(&down(&samples, from.1 * count, &rows), from.1, count, &columns)),
                ] {
                    let passes = Passes {
                        width: from.1,
                        across: Some(&columns),
                        down: Some(&rows),
                        down_first,
                    };
                    let found = resample(samples.clone(), count, passes);
                    assert_eq!(
                        found, expected,
                        "{interpolation} {from:?} {to:?} {count} {down_first}"
                    );
                }
                let passes =
                    Passes { width: from.1, across: Some(&columns), down: None, down_first: false };
                assert_eq!(
                    resample(samples.clone(), count, passes),
                    across(&samples, from.1, count, &columns)
                );
                let passes =
                    Passes { width: from.1, across: None, down: Some(&rows), down_first: false };
                assert_eq!(
                    resample(samples.clone(), count, passes),
                    down(&samples, from.1 * count, &rows)
                );
            }
        }
    }

    #[test]
    fn centers_of_pixels() {
        assert_eq!(centers(4, 2), [1, 3]);
        assert_eq!(centers(2, 4), [0, 0, 1, 1]);
        assert_eq!(centers(3, 3), [0, 1, 2]);
    }

    #[test]
    fn alpha_is_multiplied_and_divided_as_published() {
        let mut samples = [200, 100, 50, 128, 200, 100, 50, 0, 200, 100, 50, 255];
        premultiply(&mut samples, 4);
        assert_eq!(samples, [100, 50, 25, 128, 0, 0, 0, 0, 200, 100, 50, 255]);
        unpremultiply(&mut samples, 4);
        assert_eq!(samples, [199, 99, 49, 128, 0, 0, 0, 0, 200, 100, 50, 255]);
    }
}
