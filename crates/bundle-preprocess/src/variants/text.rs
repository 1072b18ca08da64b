//! Variants of the text steps.

use bundle_manifest::{Bytes, Lowercase, Side, Step, TokenPadding, Tokenize, Truncation};

use super::Variant;

const ANY: &str = "any text";

pub(super) fn variants(step: &Step) -> Vec<Variant> {
    match step {
        Step::Tokenize(params) => tokenize(params),
        Step::Lowercase(_) => vec![Variant::without("a text with capital letters")],
        Step::Bytes(params) => {
            let with = |offset| Step::Bytes(Bytes { offset, ..params.clone() });
            super::numbers("offset", &[0, 1, 3], params.offset, with, "any file")
        }
        _ => Vec::new(),
    }
}

fn tokenize(params: &Tokenize) -> Vec<Variant> {
    let same = || Step::Tokenize(params.clone());
    let special = !params.add_special_tokens;
    let mut all = vec![Variant::new(
        Step::Tokenize(Tokenize { add_special_tokens: special, ..params.clone() }),
        format!("add_special_tokens = {special}"),
        ANY,
    )];
    all.push(Variant {
        steps: vec![Step::Lowercase(Lowercase {}), same()],
        change: "put `{ op = \"lowercase\" }` before this step".to_owned(),
        probe: "a text with capital letters",
    });
    if let Some(padding) = &params.padding {
        let side = other(padding.side);
        let padding = TokenPadding { side, ..padding.clone() };
        let changed = Tokenize { padding: Some(padding), ..params.clone() };
        let change = format!("padding.side = \"{side}\"");
        all.push(Variant::new(Step::Tokenize(changed), change, "a text shorter than the padding"));
        let changed = Tokenize { padding: None, ..params.clone() };
        let change = "leave `padding` out";
        all.push(Variant::new(Step::Tokenize(changed), change, "a text shorter than the padding"));
    }
    if let Some(truncation) = &params.truncation {
        const LONG: &str = "a text longer than `max_length`";
        let side = other(truncation.side);
        let truncation = Truncation { side, ..truncation.clone() };
        let changed = Tokenize { truncation: Some(truncation), ..params.clone() };
        all.push(Variant::new(
            Step::Tokenize(changed),
            format!("truncation.side = \"{side}\""),
            LONG,
        ));
        let changed = Tokenize { truncation: None, ..params.clone() };
        all.push(Variant::new(Step::Tokenize(changed), "leave `truncation` out", LONG));
    }
    all
}

fn other(side: Side) -> Side {
    match side {
        Side::Left => Side::Right,
        Side::Right => Side::Left,
    }
}
