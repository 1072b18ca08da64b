//! The passes over the samples.
//!
//! Sums of whole numbers are exact in any order, so both passes add with the widest vectors
//! that the machine has: `dispatch!` compiles what is inlined in it for each kind. They run
//! row by row: between them are only the rows that the next row of the result needs.

use fearless_simd::{Level, dispatch};

use super::kernel::{Kernel, single};

/// Samples of a row that the vertical pass sums at a time.
const COLUMNS: usize = 64;

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
        1 => resample_of::<1, 16>(samples, passes),
        2 => resample_of::<2, 16>(samples, passes),
        3 => resample_of::<3, 24>(samples, passes),
        _ => resample_of::<4, 32>(samples, passes),
    }
}

fn resample_of<const C: usize, const L: usize>(samples: Vec<u8>, passes: Passes<'_>) -> Vec<u8> {
    let stride = passes.width * C;
    let across = passes.across.map(|kernel| Across::<C, L>::new(kernel, passes.width));
    match (across, passes.down) {
        (None, None) => samples,
        (Some(mut across), None) => {
            let mut result = vec![0; samples.len() / stride * across.stride()];
            across.rows(&samples, &mut result);
            result
        }
        (None, Some(down)) => {
            let mut result = vec![0; down.windows.len() * stride];
            for (index, row) in result.chunks_exact_mut(stride).enumerate() {
                down.sum_rows(index, &samples, row);
            }
            result
        }
        (Some(mut across), Some(down)) if passes.down_first => {
            let mut result = vec![0; down.windows.len() * across.stride()];
            let mut between = vec![0; stride];
            for (index, row) in result.chunks_exact_mut(across.stride()).enumerate() {
                down.sum_rows(index, &samples, &mut between);
                across.rows(&between, row);
            }
            result
        }
        (Some(across), Some(down)) => {
            let stride = across.stride();
            let mut result = vec![0; down.windows.len() * stride];
            let mut between = Between { across, samples: &samples, first: 0, rows: Vec::new() };
            for (index, row) in result.chunks_exact_mut(stride).enumerate() {
                let window = down.windows[index];
                let rows = between.rows(window.start, down.weights(window).len());
                sum_rows(rows, down.weights(window), down.bits, row);
            }
            result
        }
    }
}

impl Kernel {
    /// One row of the result, from all rows.
    fn sum_rows(&self, index: usize, samples: &[u8], result: &mut [u8]) {
        let window = self.windows[index];
        let rows = &samples[window.start * result.len()..];
        sum_rows(rows, self.weights(window), self.bits, result);
    }
}

/// The rows that went through the horizontal pass, before the vertical one.
struct Between<'a, const C: usize, const L: usize> {
    across: Across<'a, C, L>,
    samples: &'a [u8],
    /// The index of the first row kept.
    first: usize,
    rows: Vec<u8>,
}

impl<const C: usize, const L: usize> Between<'_, C, L> {
    /// `count` rows from `start`, which never goes back.
    fn rows(&mut self, start: usize, count: usize) -> &[u8] {
        let stride = self.across.stride();
        let gone = (start - self.first) * stride;
        self.rows.drain(..gone.min(self.rows.len()));
        self.first = start;
        let (kept, wanted) = (self.rows.len(), count * stride);
        if kept < wanted {
            let from = self.across.width * C;
            let next = &self.samples[(start + kept / stride) * from..];
            self.rows.resize(wanted, 0);
            self.across.rows(next, &mut self.rows[kept..]);
        }
        &self.rows[..wanted]
    }
}

/// The horizontal pass, with its weights as they are laid beside `L` samples.
struct Across<'a, const C: usize, const L: usize> {
    kernel: &'a Kernel,
    width: usize,
    /// For each window where its samples start, and the end of its weights.
    lanes: Vec<(usize, usize)>,
    weights: Vec<[i32; L]>,
    /// Two rows with space behind them, where the image is narrower than the lanes.
    padded: Option<Vec<u8>>,
}

impl<'a, const C: usize, const L: usize> Across<'a, C, L> {
    fn new(kernel: &'a Kernel, width: usize) -> Self {
        let pixels = L / C;
        let whole = |count: usize| count.next_multiple_of(pixels);
        let counts = kernel.windows.iter().map(|window| kernel.weights(*window).len());
        let longest = counts.max().map_or(pixels, whole);
        let room = width.max(longest);
        let mut lanes = Vec::with_capacity(kernel.windows.len());
        let mut weights = Vec::new();
        for window in &kernel.windows {
            let of_window = kernel.weights(*window);
            let length = whole(of_window.len());
            // Towards the end of a row the lanes start before the window.
            let start = window.start.min(room - length);
            let mut spread = vec![0; length * C];
            let covered = &mut spread[(window.start - start) * C..];
            for (pixel, weight) in covered.chunks_exact_mut(C).zip(of_window) {
                pixel.fill(*weight);
            }
            weights.extend_from_slice(spread.as_chunks::<L>().0);
            lanes.push((start * C, weights.len()));
        }
        let padded = (room > width).then(|| vec![0; 2 * room * C]);
        Self { kernel, width, lanes, weights, padded }
    }

    /// Samples in a row of the result.
    fn stride(&self) -> usize {
        self.lanes.len() * C
    }

    /// As many rows as `result` has.
    fn rows(&mut self, samples: &[u8], result: &mut [u8]) {
        let from = self.width * C;
        let level = Level::new();
        let mut padded = self.padded.take();
        let pairs = samples.chunks(2 * from).zip(result.chunks_mut(2 * self.stride()));
        for (rows, result) in pairs {
            let (first, second) = rows.split_at(from);
            let second = if second.len() == from { second } else { first };
            if let Some(padded) = &mut padded {
                let middle = padded.len() / 2;
                let (one, two) = padded.split_at_mut(middle);
                one[..from].copy_from_slice(first);
                two[..from].copy_from_slice(second);
                dispatch!(level, _ => self.two_rows([&*one, &*two], result));
            } else {
                dispatch!(level, _ => self.two_rows([first, second], result));
            }
        }
        self.padded = padded;
    }

    /// Two rows, or only the first where `result` has one.
    #[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
    #[inline(always)]
    fn two_rows(&self, rows: [&[u8]; 2], result: &mut [u8]) {
        let (first, second) = result.split_at_mut(self.stride());
        let mut second = second.chunks_exact_mut(C);
        let mut begin = 0;
        for ((start, end), result) in self.lanes.iter().zip(first.chunks_exact_mut(C)) {
            let weights = &self.weights[begin..*end];
            begin = *end;
            let mut sums = [[0_i32; L]; 2];
            let one = rows[0][*start..].as_chunks::<L>().0;
            let two = rows[1][*start..].as_chunks::<L>().0;
            for ((weights, one), two) in weights.iter().zip(one).zip(two) {
                for lane in 0..L {
                    // The sum of |weight| stays below 2, so no sum overflows; wrapping
                    // says so to the compiler, which may then use vectors.
                    let weight = weights[lane];
                    sums[0][lane] = sums[0][lane].wrapping_add(i32::from(one[lane]).wrapping_mul(weight));
                    sums[1][lane] = sums[1][lane].wrapping_add(i32::from(two[lane]).wrapping_mul(weight));
                }
            }
            result.copy_from_slice(&self.folded(&sums[0]));
            if let Some(result) = second.next() {
                result.copy_from_slice(&self.folded(&sums[1]));
            }
        }
    }

    /// The pixel whose samples are summed in these lanes.
    #[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
    #[inline(always)]
    fn folded(&self, sums: &[i32; L]) -> [u8; C] {
        let mut pixel = [1_i32 << (self.kernel.bits - 1); C];
        for lanes in sums.chunks_exact(C) {
            for (sum, lane) in pixel.iter_mut().zip(lanes) {
                *sum = sum.wrapping_add(*lane);
            }
        }
        pixel.map(|sum| clip8(sum, self.kernel.bits))
    }
}

/// Sums weighted rows of the length of `result`.
fn sum_rows(rows: &[u8], weights: &[i32], bits: u32, result: &mut [u8]) {
    dispatch!(Level::new(), _ => weighted_rows(rows, weights, bits, result));
}

#[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
#[inline(always)]
fn weighted_rows(rows: &[u8], weights: &[i32], bits: u32, result: &mut [u8]) {
    let stride = result.len();
    let half = 1_i32 << (bits - 1);
    let (blocks, rest) = result.as_chunks_mut::<COLUMNS>();
    for (index, block) in blocks.iter_mut().enumerate() {
        let mut sums = [half; COLUMNS];
        for (row, weight) in rows.chunks_exact(stride).zip(weights) {
            let Some(row) = row[index * COLUMNS..].first_chunk::<COLUMNS>() else { break };
            for (sum, sample) in sums.iter_mut().zip(row) {
                *sum = sum.wrapping_add(i32::from(*sample).wrapping_mul(*weight));
            }
        }
        for (sample, sum) in block.iter_mut().zip(sums) {
            *sample = clip8(sum, bits);
        }
    }
    let mut sums = [half; COLUMNS];
    let before = stride - rest.len();
    for (row, weight) in rows.chunks_exact(stride).zip(weights) {
        for (sum, sample) in sums.iter_mut().zip(&row[before..]) {
            *sum = sum.wrapping_add(i32::from(*sample).wrapping_mul(*weight));
        }
    }
    for (sample, sum) in rest.iter_mut().zip(sums) {
        *sample = clip8(sum, bits);
    }
}

/// A sum in fixed point as a sample.
#[expect(clippy::inline_always, reason = "it is compiled for the instructions of its caller")]
#[inline(always)]
fn clip8(sum: i32, bits: u32) -> u8 {
    u8::try_from((sum >> bits).clamp(0, 255)).unwrap_or(u8::MAX)
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
    use super::*;

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
