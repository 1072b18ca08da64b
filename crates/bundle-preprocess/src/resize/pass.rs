//! The passes over the samples.

use super::kernel::{Kernel, single};

/// A sum in fixed point as a sample.
fn clip8(sum: i32, bits: u32) -> u8 {
    u8::try_from((sum >> bits).clamp(0, 255)).unwrap_or(u8::MAX)
}

/// Every row of `width` pixels becomes one of `kernel.windows.len()`.
pub(super) fn horizontal(samples: &[u8], width: usize, kernel: &Kernel, count: usize) -> Vec<u8> {
    match count {
        1 => horizontal_of::<1>(samples, width, kernel),
        2 => horizontal_of::<2>(samples, width, kernel),
        3 => horizontal_of::<3>(samples, width, kernel),
        _ => horizontal_of::<4>(samples, width, kernel),
    }
}

fn horizontal_of<const C: usize>(samples: &[u8], width: usize, kernel: &Kernel) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<C>();
    let half = 1_i32 << (kernel.bits - 1);
    let mut result = Vec::with_capacity(pixels.len() / width * kernel.windows.len() * C);
    for row in pixels.chunks_exact(width) {
        for window in &kernel.windows {
            let weights = kernel.weights(*window);
            let covered = &row[window.start..window.start + weights.len()];
            let mut sums = [half; C];
            for (pixel, weight) in covered.iter().zip(weights) {
                for (sum, sample) in sums.iter_mut().zip(pixel) {
                    // The sum of |weight| stays below 2, so no sum overflows; wrapping
                    // says so to the compiler, which may then use vectors.
                    *sum = sum.wrapping_add(i32::from(*sample).wrapping_mul(*weight));
                }
            }
            result.extend(sums.map(|sum| clip8(sum, kernel.bits)));
        }
    }
    result
}

/// Every column of samples becomes one of `kernel.windows.len()`; `stride` samples make a row.
pub(super) fn vertical(samples: &[u8], stride: usize, kernel: &Kernel) -> Vec<u8> {
    let mut result = Vec::with_capacity(kernel.windows.len() * stride);
    let half = 1_i32 << (kernel.bits - 1);
    let mut sums = vec![half; stride];
    for window in &kernel.windows {
        sums.fill(half);
        let rows = samples[window.start * stride..].chunks_exact(stride);
        for (row, weight) in rows.zip(kernel.weights(*window)) {
            for (sum, sample) in sums.iter_mut().zip(row) {
                *sum = sum.wrapping_add(i32::from(*sample).wrapping_mul(*weight));
            }
        }
        result.extend(sums.iter().map(|sum| clip8(*sum, kernel.bits)));
    }
    result
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
