//! The constants of a scaling, found from values before and after it.
//!
//! `after = a * before + b` is solved by least squares, channel by channel. The constants of
//! the step follow from `a` and `b`; they are written with as few digits as still give the
//! recorded values, because authors write short numbers.

use bundle_manifest::{Rescale, ScaleLinear, StandardScale, Step};

use super::Variant;
use crate::Tensor;

/// `step` with the constants that lead from `before` to `after`, where it scales and a line
/// fits; from the fewest digits to the most. Which of them meets `after` is for the caller
/// to try.
pub fn fitted(step: &Step, before: &Tensor, after: &Tensor) -> Vec<Variant> {
    if before.shape() != after.shape() {
        return Vec::new();
    }
    let channels = match step {
        Step::Normalize(params) => params.mean.len(),
        Step::StandardScale(params) => params.mean.len(),
        Step::ScaleLinear(params) => params.gain.len(),
        Step::Rescale(_) => 1,
        _ => return Vec::new(),
    };
    let Some(lines) = lines(before, after, channels) else { return Vec::new() };
    let fits = (2..=17).filter_map(|digits| with_digits(step, &lines, digits));
    let mut all: Vec<Variant> = fits.collect();
    all.dedup();
    all
}

/// Slope and intercept per channel; the channel is the last axis of that length, or the
/// only one.
fn lines(before: &Tensor, after: &Tensor, channels: usize) -> Option<Vec<(f64, f64)>> {
    let (before_values, after_values) = (before.to_f64s(), after.to_f64s());
    let axis = match channels {
        0 => return None,
        1 => None,
        _ => Some(before.shape().iter().rposition(|length| *length == channels)?),
    };
    let inner: usize = axis.map_or(1, |axis| before.shape()[axis + 1..].iter().product());
    let channel = |index: usize| if axis.is_some() { index / inner % channels } else { 0 };
    let lines = (0..channels).map(|wanted| {
        let pairs = before_values.iter().zip(&after_values).enumerate();
        let pairs = pairs.filter(|(index, _)| channel(*index) == wanted).map(|(_, pair)| pair);
        line(&pairs.map(|(x, y)| (*x, *y)).collect::<Vec<_>>())
    });
    lines.collect()
}

#[expect(clippy::cast_precision_loss, reason = "a count of elements")]
fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let count = points.len() as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|(x, _)| (x - mean_x) * (x - mean_x)).sum();
    let together: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = together / spread;
    let intercept = mean_y - slope * mean_x;
    (slope.is_finite() && slope != 0.0 && intercept.is_finite()).then_some((slope, intercept))
}

/// Every input shows a scaling.
const PROBE: &str = "any input";

fn with_digits(step: &Step, lines: &[(f64, f64)], digits: usize) -> Option<Variant> {
    let round = |value: f64| rounded(value, digits);
    let scales = lines.iter().map(|(slope, _)| round(1.0 / slope)).collect::<Vec<_>>();
    let means =
        lines.iter().map(|(slope, intercept)| round(-intercept / slope)).collect::<Vec<_>>();
    if scales.contains(&0.0) {
        return None;
    }
    Some(match step {
        Step::Normalize(params) => {
            let change = format!("mean = {means:?}, std = {scales:?}");
            let mut fitted = params.clone();
            (fitted.mean, fitted.std) = (means, scales);
            Variant::new(Step::Normalize(fitted), change, PROBE)
        }
        Step::StandardScale(params) => {
            let change = format!("mean = {means:?}, scale = {scales:?}");
            let fitted = StandardScale { mean: means, scale: scales, ..params.clone() };
            Variant::new(Step::StandardScale(fitted), change, PROBE)
        }
        Step::ScaleLinear(params) => {
            let gain: Vec<f64> = lines.iter().map(|(slope, _)| round(*slope)).collect();
            let offset: Vec<f64> = lines.iter().map(|(_, intercept)| round(*intercept)).collect();
            let change = format!("gain = {gain:?}, offset = {offset:?}");
            Variant::new(
                Step::ScaleLinear(ScaleLinear { gain, offset, ..params.clone() }),
                change,
                PROBE,
            )
        }
        Step::Rescale(params) => {
            let (slope, intercept) = *lines.first()?;
            // Scales are written as fractions of whole numbers more often than as decimals.
            let inverse = round(1.0 / slope);
            let (scale, offset) = (1.0 / inverse, round(intercept));
            let change = format!("scale = {scale:?}, offset = {offset:?}");
            Variant::new(Step::Rescale(Rescale { scale, offset, ..params.clone() }), change, PROBE)
        }
        _ => return None,
    })
}

/// The nearest number that so many significant decimal digits can write; nothing near zero
/// is written as 0, since a fit has errors.
fn rounded(value: f64, digits: usize) -> f64 {
    if value.abs() < 1e-9 {
        return 0.0;
    }
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use bundle_manifest::Normalize;

    use super::*;
    use crate::TensorData;

    #[test]
    fn the_constants_of_a_normalisation_are_found() {
        let before: Vec<f32> = (0..60_u8).map(|index| f32::from(index) / 60.0).collect();
        let constants = [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)];
        let after = before.iter().enumerate().map(|(index, value)| {
            let (mean, std) = constants[index % 3];
            (value - mean) / std
        });
        let after = TensorData::Float32(after.collect());
        let tensor = |data| Tensor::reshaped(vec![4, 5, 3], data);
        let step = Step::Normalize(Normalize { mean: vec![0.5; 3], std: vec![0.5; 3], axis: None });
        let fits = fitted(&step, &tensor(TensorData::Float32(before)), &tensor(after));
        let changes: Vec<&str> = fits.iter().map(|fit| fit.change.as_str()).collect();
        assert!(
            changes.contains(&"mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225]"),
            "{changes:?}"
        );
    }
}
