//! Variants of the steps of tables, series and arrays.

use bundle_manifest::{
    EpsPosition, OneHot, OrdinalEncode, SlidingWindow, StatisticsArithmetic, Step, WindowTail,
    ZeroMeanUnitVariance,
};

use super::{Variant, numbers, words};

const ROW: &str = "any row";
const ANY: &str = "any input";

pub(super) fn variants(step: &Step) -> Vec<Variant> {
    match step {
        Step::StandardScale(_) | Step::MinMaxScale(_) => {
            vec![Variant::without(ROW), Variant::twice(step, ROW)]
        }
        Step::OneHot(params) => {
            let with = |categories| Step::OneHot(OneHot { categories, ..params.clone() });
            order(&params.categories, with)
        }
        Step::OrdinalEncode(params) => {
            let with =
                |categories| Step::OrdinalEncode(OrdinalEncode { categories, ..params.clone() });
            order(&params.categories, with)
        }
        Step::SlidingWindow(params) => {
            let with = |tail| Step::SlidingWindow(SlidingWindow { tail, ..params.clone() });
            words(
                "tail",
                WindowTail::ALL,
                params.tail,
                with,
                "a series that no whole number of windows covers",
            )
        }
        Step::Difference(_) | Step::Clip(_) | Step::ScaleLinear(_) | Step::Binarize(_) => {
            vec![Variant::without(ANY), Variant::twice(step, ANY)]
        }
        Step::ReverseChannels(_) | Step::Transpose(_) => vec![Variant::without(ANY)],
        Step::ZeroMeanUnitVariance(params) => zero_mean(params),
        Step::Softmax(_) | Step::Sigmoid(_) => vec![
            Variant::without(ANY),
            Variant::new(
                Step::Sigmoid(bundle_manifest::Sigmoid {}),
                "`{ op = \"sigmoid\" }` instead",
                ANY,
            ),
            Variant::new(
                Step::Softmax(bundle_manifest::Softmax { axis: -1 }),
                "`{ op = \"softmax\", axis = -1 }` instead",
                ANY,
            ),
        ],
        _ => Vec::new(),
    }
}

/// The categories in alphabetical order, as scikit-learn finds them, and reversed.
fn order(categories: &[String], with: impl Fn(Vec<String>) -> Step) -> Vec<Variant> {
    let mut sorted = categories.to_vec();
    sorted.sort();
    let reversed: Vec<String> = categories.iter().rev().cloned().collect();
    let variant = |categories: Vec<String>| {
        let change = format!("categories = {categories:?}");
        Variant::new(with(categories), change, "a row of each category")
    };
    vec![variant(sorted), variant(reversed)]
}

fn zero_mean(params: &ZeroMeanUnitVariance) -> Vec<Variant> {
    let with = Step::ZeroMeanUnitVariance;
    let mut all = words(
        "eps_position",
        EpsPosition::ALL,
        params.eps_position,
        |eps_position| with(ZeroMeanUnitVariance { eps_position, ..params.clone() }),
        "a nearly constant input",
    );
    all.extend(words(
        "arithmetic",
        StatisticsArithmetic::ALL,
        params.arithmetic,
        |arithmetic| with(ZeroMeanUnitVariance { arithmetic, ..params.clone() }),
        ANY,
    ));
    all.extend(numbers(
        "ddof",
        &[0, 1],
        params.ddof,
        |ddof| with(ZeroMeanUnitVariance { ddof, ..params.clone() }),
        "a small input",
    ));
    all.extend(numbers(
        "eps",
        &[0.0, 1e-7, 1e-6, 1e-5, 1e-12],
        params.eps,
        |eps| with(ZeroMeanUnitVariance { eps, ..params.clone() }),
        "a nearly constant input",
    ));
    for axes in [None, Some(vec![0, 1]), Some(vec![-2, -1]), Some(vec![-1])] {
        let change = axes
            .as_ref()
            .map_or_else(|| "leave `axes` out".to_owned(), |axes| format!("axes = {axes:?}"));
        all.push(Variant::new(
            with(ZeroMeanUnitVariance { axes, ..params.clone() }),
            change,
            "an input with different channels",
        ));
    }
    all.push(Variant::without(ANY));
    all
}
