//! Straight lines through values, channel by channel.

/// A line through points, and how far they are from it.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    /// Slope and intercept of each channel.
    pub(super) lines: Vec<(f64, f64)>,
    /// The root of the share of the variance that the lines do not explain.
    pub(super) residual: f64,
}

/// The lines from each channel of `before` to the same of `after`, in float64 by least squares.
/// A channel is a list of runs of values. `None` where lengths differ or a channel is constant.
pub(super) fn fit(before: &[Vec<&[f64]>], after: &[Vec<&[f64]>]) -> Option<Fit> {
    let (mut lines, mut missed, mut variance) = (Vec::new(), 0.0, 0.0);
    for (before, after) in before.iter().zip(after) {
        if before.iter().map(|run| run.len()).ne(after.iter().map(|run| run.len())) {
            return None;
        }
        let pairs =
            || before.iter().zip(after).flat_map(|(before, after)| before.iter().zip(after.iter()));
        let count = pairs().fold(0.0, |count, _| count + 1.0);
        let (sum_x, sum_y) = pairs().fold((0.0, 0.0), |(x, y), pair| (x + pair.0, y + pair.1));
        let (mean_x, mean_y) = (sum_x / count, sum_y / count);
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for (x, y) in pairs() {
            let (x, y) = (x - mean_x, y - mean_y);
            (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
        }
        let slope = xy / xx;
        if !slope.is_finite() || slope == 0.0 {
            return None;
        }
        lines.push((slope, mean_y - slope * mean_x));
        for (x, y) in pairs() {
            let apart = y - mean_y - slope * (x - mean_x);
            missed += apart * apart;
        }
        variance += yy;
    }
    Some(Fit { lines, residual: (missed / variance).sqrt() })
}

/// The nearest number that so many significant decimal digits can write; what is nearly
/// nothing beside `scale` is nothing, since a fit has errors.
pub(super) fn rounded(value: f64, digits: usize, scale: f64) -> f64 {
    if value.abs() < 1e-6 * scale.abs() {
        return 0.0;
    }
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}
