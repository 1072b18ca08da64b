//! Parameters of one step that must fit each other.
//!
//! Whether one step takes what the step before gives is the pipeline's to say,
//! in `bundle-preprocess`.

use crate::{
    Alpha, CenterCrop, Clip, ColumnConcat, ConvertColor, Dtype, Normalize, Pad, Resize, ResizeImpl,
    ResizeSize, ScaleLinear, ScaleRange, Step,
    tree::{Node, count, list},
};

/// Checks the parameters of each step.
pub(super) fn check(steps: &[Step], node: &Node<'_>) {
    for (index, step) in steps.iter().enumerate() {
        let node = &node.nth(index);
        match step {
            Step::ConvertColor(step) => check_convert_color(step, node),
            Step::Resize(step) => check_resize(step, node),
            Step::CenterCrop(step) => check_center_crop(step, node),
            Step::Pad(step) => check_pad(step, node),
            Step::Rescale(step) if step.scale == 0.0 => {
                node.at("scale").report("`scale` is 0, which makes all values equal");
            }
            Step::Normalize(step) => check_normalize(step, node),
            Step::ColumnConcat(ColumnConcat { dtype })
                if !matches!(dtype, Dtype::Float32 | Dtype::Float64) =>
            {
                node.at("dtype")
                    .report(format!("`column_concat` gives `float32` or `float64`, not `{dtype}`"));
            }
            Step::ZeroMeanUnitVariance(step) if step.eps < 0.0 => {
                node.at("eps").report(format!("`eps` is {}; it is at least 0", step.eps));
            }
            Step::ScaleRange(step) => check_scale_range(step, node),
            Step::Clip(step) => check_clip(step, node),
            Step::ScaleLinear(step) => check_scale_linear(step, node),
            _ => {}
        }
    }
}

fn check_scale_range(step: &ScaleRange, node: &Node<'_>) {
    let (low, high) = (step.min_percentile, step.max_percentile);
    for (key, percentile) in [("min_percentile", low), ("max_percentile", high)] {
        if !(0.0..=100.0).contains(&percentile) {
            node.at(key).report(format!("`{key}` is {percentile}, not from 0 to 100"));
            return;
        }
    }
    if low >= high {
        node.at("min_percentile")
            .report(format!("`min_percentile` {low} is not below `max_percentile` {high}"));
    }
}

fn check_clip(step: &Clip, node: &Node<'_>) {
    match (step.min, step.max) {
        (None, None) => node.report("`clip` needs a `min` or a `max`"),
        (Some(min), Some(max)) if min > max => {
            node.at("min").report(format!("`min` {min} exceeds `max` {max}"));
        }
        _ => {}
    }
}

fn check_scale_linear(step: &ScaleLinear, node: &Node<'_>) {
    let (gains, offsets) = (step.gain.len(), step.offset.len());
    if gains == 0 {
        node.at("gain")
            .report("`gain` is empty; it has a value for all, or one per element of `axis`");
    } else if gains != offsets {
        node.at("offset")
            .report(format!("`gain` has {}, but `offset` has {offsets}", count(gains, "value")));
    } else if gains > 1 && step.axis.is_none() {
        node.at("gain").report(format!("`gain` has {gains} values and needs an `axis`"));
    }
}

fn check_convert_color(step: &ConvertColor, node: &Node<'_>) {
    match (step.alpha, step.background) {
        (Some(Alpha::Composite), None) => node.at("alpha").report_with(
            "`alpha = \"composite\"` needs a `background`",
            Some("`background = [255, 255, 255]` is white".to_owned()),
        ),
        (None | Some(Alpha::Drop), Some(_)) => {
            node.at_key("background").report("`background` is for `alpha = \"composite\"` only");
        }
        _ => {}
    }
}

fn check_resize(step: &Resize, node: &Node<'_>) {
    let kernel = step.kernel;
    let pillow = kernel == ResizeImpl::Pillow;
    match step.version {
        None if pillow => node.at("impl").report_with(
            "`impl = \"pillow\"` needs an `impl_version`",
            Some("`\"ge13\"` for Pillow 13 and later, `\"lt13\"` for Pillow before 13".to_owned()),
        ),
        Some(_) if !pillow => node
            .at_key("impl_version")
            .report(format!("`impl_version` is for `impl = \"pillow\"` only, not for `{kernel}`")),
        _ => {}
    }
    if pillow && step.antialias == Some(false) {
        node.at("antialias").report_with(
            "Pillow always antialiases",
            Some("remove `antialias`, or name the `impl` that was used".to_owned()),
        );
    }
    if step.size.keeps_aspect_ratio() && step.size_rounding.is_none() {
        node.at("size").report_with(
            "a `size` that keeps the aspect ratio needs a `size_rounding`",
            Some("`\"trunc\"` is what torchvision and Hugging Face do".to_owned()),
        );
    }
    if let ResizeSize::ShortestEdge { shortest_edge, longest_edge: Some(longest_edge) } = step.size
        && shortest_edge > longest_edge
    {
        node.at("size").report(format!(
            "`shortest_edge` {shortest_edge} exceeds `longest_edge` {longest_edge}"
        ));
    }
    let has = kernel.interpolations();
    if !has.contains(&step.interpolation) {
        let words: Vec<&str> = has.iter().map(|word| word.as_str()).collect();
        node.at("interpolation").report_with(
            format!("`{kernel}` has no interpolation `{}`", step.interpolation),
            Some(format!("one of {}", list(&words))),
        );
    }
}

fn check_center_crop(step: &CenterCrop, node: &Node<'_>) {
    match (step.pad_side, step.fill) {
        (Some(_), None) => node.at_key("pad_side").report("`pad_side` needs a `fill`"),
        (None, Some(_)) => node.at_key("fill").report("`fill` needs a `pad_side`"),
        _ => {}
    }
}

fn check_pad(step: &Pad, node: &Node<'_>) {
    match (step.size, step.divisor) {
        (Some(_), Some(_)) => {
            node.at_key("divisor").report("`pad` takes `size` or `divisor`, not both");
        }
        (None, None) => node.report("`pad` needs a `size` or a `divisor`"),
        _ => {}
    }
}

fn check_normalize(step: &Normalize, node: &Node<'_>) {
    let (means, stds) = (step.mean.len(), step.std.len());
    if means == 0 {
        node.at("mean").report("`mean` is empty; it has a value per channel, or one for all");
    } else if means != stds {
        node.at("std")
            .report(format!("`mean` has {}, but `std` has {stds}", count(means, "value")));
    }
    check_not_zero("std", &step.std, &node.at("std"));
}

/// Reports each divisor that is 0.
pub(super) fn check_not_zero(key: &str, divisors: &[f64], node: &Node<'_>) {
    for (index, divisor) in divisors.iter().enumerate() {
        if *divisor == 0.0 {
            node.nth(index).report(format!("`{key}` is divided by and must not be 0"));
        }
    }
}
