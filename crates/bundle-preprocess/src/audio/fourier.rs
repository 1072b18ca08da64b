//! The discrete Fourier transform of any length, in float64.
//!
//! Mixed radix, decimation in time: a length is split by its smallest prime factor until a
//! prime is left, which is summed directly. No instruction set is looked for, so that every
//! machine adds in the same order.

/// A complex number.
type Complex = (f64, f64);

/// The largest prime factor that is summed directly.
const MAX_PRIME: usize = 4099;

/// A transform of one length.
#[derive(Debug)]
pub(super) struct Fourier {
    length: usize,
    /// `exp(-2πi k / length)`.
    roots: Vec<Complex>,
    factors: Vec<usize>,
}

impl Fourier {
    /// `None` where the length is 0 or has too large a prime factor.
    #[expect(clippy::cast_precision_loss, reason = "lengths of transforms are small")]
    pub(super) fn new(length: usize) -> Option<Self> {
        let factors = factors(length)?;
        let turn = |index: usize| -2.0 * std::f64::consts::PI * index as f64 / length as f64;
        let roots = (0..length).map(|index| (libm::cos(turn(index)), libm::sin(turn(index))));
        Some(Self { length, roots: roots.collect(), factors })
    }

    /// The first half of the spectrum of a real signal, `length / 2 + 1` values.
    pub(super) fn real(&self, signal: &[f64], buffers: &mut Buffers) {
        buffers.input.clear();
        buffers.input.extend(signal.iter().map(|value| (*value, 0.0)));
        buffers.output.clear();
        buffers.output.resize(self.length, (0.0, 0.0));
        self.split(&buffers.input, 1, &mut buffers.output, &self.factors);
        buffers.output.truncate(self.length / 2 + 1);
    }

    /// The transform of every `stride`-th input, `output.len()` of them.
    fn split(&self, input: &[Complex], stride: usize, output: &mut [Complex], factors: &[usize]) {
        let Some((radix, rest)) = factors.split_first() else {
            if let (Some(output), Some(input)) = (output.first_mut(), input.first()) {
                *output = *input;
            }
            return;
        };
        let part = output.len() / radix;
        for (index, output) in output.chunks_exact_mut(part).enumerate() {
            self.split(&input[index * stride..], stride * radix, output, rest);
        }
        match radix {
            2 => self.butterflies2(output, stride),
            4 => self.butterflies4(output, stride),
            _ => self.butterflies(output, stride, *radix),
        }
    }

    fn butterflies2(&self, output: &mut [Complex], stride: usize) {
        let (even, odd) = output.split_at_mut(output.len() / 2);
        for (index, (even, odd)) in even.iter_mut().zip(odd).enumerate() {
            let turned = multiply(*odd, self.roots[index * stride]);
            (*even, *odd) = (add(*even, turned), subtract(*even, turned));
        }
    }

    fn butterflies4(&self, output: &mut [Complex], stride: usize) {
        let quarter = output.len() / 4;
        for index in 0..quarter {
            let turned = |part: usize| {
                multiply(output[part * quarter + index], self.roots[part * index * stride])
            };
            let (zero, one, two, three) = (output[index], turned(1), turned(2), turned(3));
            let (sum02, difference02) = (add(zero, two), subtract(zero, two));
            let (sum13, difference13) = (add(one, three), subtract(one, three));
            let quarter_turn = (difference13.1, -difference13.0);
            output[index] = add(sum02, sum13);
            output[quarter + index] = add(difference02, quarter_turn);
            output[2 * quarter + index] = subtract(sum02, sum13);
            output[3 * quarter + index] = subtract(difference02, quarter_turn);
        }
    }

    fn butterflies(&self, output: &mut [Complex], stride: usize, radix: usize) {
        let part = output.len() / radix;
        let mut values = vec![(0.0, 0.0); radix];
        for index in 0..part {
            for (which, value) in values.iter_mut().enumerate() {
                *value = multiply(output[which * part + index], self.roots[which * index * stride]);
            }
            // The roots of order `radix` are every `length / radix`-th root.
            let step = self.length / radix;
            for which in 0..radix {
                let mut sum = values[0];
                for (other, value) in values.iter().enumerate().skip(1) {
                    sum = add(sum, multiply(*value, self.roots[which * other % radix * step]));
                }
                output[which * part + index] = sum;
            }
        }
    }
}

/// Memory that transforms share.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    input: Vec<Complex>,
    /// The spectrum.
    pub(super) output: Vec<Complex>,
}

fn factors(length: usize) -> Option<Vec<usize>> {
    let (mut rest, mut factors) = (length, Vec::new());
    if length == 0 {
        return None;
    }
    while rest % 4 == 0 {
        factors.push(4);
        rest /= 4;
    }
    let mut prime = 2;
    while rest > 1 {
        while rest % prime == 0 {
            factors.push(prime);
            rest /= prime;
        }
        prime += 1;
        if prime * prime > rest && rest > 1 {
            prime = rest;
        }
    }
    (factors.iter().all(|factor| *factor <= MAX_PRIME)).then_some(factors)
}

fn add(left: Complex, right: Complex) -> Complex {
    (left.0 + right.0, left.1 + right.1)
}

fn subtract(left: Complex, right: Complex) -> Complex {
    (left.0 - right.0, left.1 - right.1)
}

fn multiply(left: Complex, right: Complex) -> Complex {
    (left.0 * right.0 - left.1 * right.1, left.0 * right.1 + left.1 * right.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_the_direct_sum() {
        for length in [1, 2, 3, 4, 5, 7, 8, 12, 16, 25, 30, 64, 77, 100, 400] {
            let signal: Vec<f64> = (0..length)
                .map(|index| f64::from(u8::try_from(index * 37 % 101).unwrap_or(0)) - 50.0)
                .collect();
            let fourier = Fourier::new(length).expect("small factors");
            let mut buffers = Buffers::default();
            fourier.real(&signal, &mut buffers);
            assert_eq!(buffers.output.len(), length / 2 + 1);
            for (bin, (real, imaginary)) in buffers.output.iter().enumerate() {
                let direct = signal.iter().enumerate().fold((0.0, 0.0), |sum, (index, value)| {
                    let (cosine, sine) = fourier.roots[bin * index % length];
                    (sum.0 + value * cosine, sum.1 + value * sine)
                });
                let error = (real - direct.0).abs().max((imaginary - direct.1).abs());
                assert!(error < 1e-9, "{length} {bin}: {error}");
            }
        }
    }

    #[test]
    fn a_large_prime_is_refused() {
        assert!(Fourier::new(0).is_none());
        assert!(Fourier::new(7919).is_none());
        assert!(Fourier::new(4093).is_some());
    }
}
