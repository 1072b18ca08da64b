//! Texts: which tokenizer, called with what.

use bundle_manifest::{ArtifactPath, toml_text::quote};

use super::{Best, Inferred, Search};
use crate::{Distance, Guarantee};

/// What a tokenizer publishes, and a tensor may be.
const PUBLISHED: &[&str] = &["ids", "attention_mask", "type_ids"];

pub(super) fn infer(search: &Search<'_>, tokenizers: &[ArtifactPath]) -> Option<Inferred> {
    let mut best = Best::default();
    for tokenizer in tokenizers {
        for call in calls(search) {
            for special in [true, false] {
                for lowercase in [false, true] {
                    let tokenize = format!(
                        "{{ op = \"tokenize\", file = {}, add_special_tokens = {special}{call} }}",
                        quote(tokenizer.as_str())
                    );
                    let first = lowercase.then(|| "{ op = \"lowercase\" }".to_owned());
                    let steps: Vec<String> = first.into_iter().chain([tokenize]).collect();
                    for found in published(search, &steps) {
                        best.offer(Some(found));
                    }
                    if best.is_exact() {
                        return best.0;
                    }
                }
            }
        }
    }
    best.0
}

/// Truncation and padding that the lengths of the tensors allow.
fn calls(search: &Search<'_>) -> Vec<String> {
    let lengths: Vec<usize> =
        search.pairs.iter().filter_map(|pair| pair.tensor.shape().last().copied()).collect();
    let mut all = vec![String::new()];
    let longest = lengths.iter().max().copied().unwrap_or(0);
    for side in ["right", "left"] {
        all.push(format!(", truncation = {{ max_length = {longest}, side = \"{side}\" }}"));
    }
    if lengths.iter().all(|length| *length == longest) {
        for (pad_side, pad_id) in pads(search) {
            for side in ["right", "left"] {
                all.push(format!(
                    ", truncation = {{ max_length = {longest}, side = \"{side}\" }}, padding = \
                     {{ length = {longest}, side = \"{pad_side}\", pad_id = {pad_id} }}"
                ));
            }
        }
    }
    all
}

/// What fills short texts: the last or the first element of some tensor.
fn pads(search: &Search<'_>) -> Vec<(&'static str, u64)> {
    let mut all = Vec::new();
    for pair in search.pairs {
        let values = pair.tensor.to_f64s();
        for (side, id) in [("right", values.last()), ("left", values.first())] {
            let id = id.filter(|id| **id >= 0.0 && **id < 1e9).map(|id| whole(*id));
            if let Some(id) = id
                && !all.contains(&(side, id))
            {
                all.push((side, id));
            }
        }
    }
    all.extend([("right", 0), ("left", 0)]);
    all
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an id from 0 to 10^9")]
const fn whole(id: f64) -> u64 {
    id as u64
}

fn published(search: &Search<'_>, steps: &[String]) -> Vec<Inferred> {
    let Some(pipeline) = search.compile(steps) else { return Vec::new() };
    let runs = search.pairs.iter().map(|pair| pipeline.run(&pair.source, false).ok());
    let Some(runs) = runs.collect::<Option<Vec<_>>>() else { return Vec::new() };
    let one = |value: &&'static str| {
        let distances = runs.iter().zip(search.pairs).map(|(run, pair)| {
            let ours = run.published.get(*value)?;
            let distance = Distance::between(ours, &pair.tensor, Guarantee::Exact);
            distance.max_abs.is_finite().then_some(distance)
        });
        let distance =
            distances.collect::<Option<Vec<_>>>()?.into_iter().reduce(Distance::worse)?;
        Some(Inferred { steps: steps.to_vec(), value, distance, undecided: Vec::new() })
    };
    PUBLISHED.iter().filter_map(one).collect()
}
