//! The steps that lead from files to the tensors that somebody's code made of them.
//!
//! What libraries do is a small language: a decoder, a geometry, a kernel, a scaling, a layout.
//! Geometry and kernel are told from each other before the scaling is known, because scalings
//! are straight lines: the steps whose values lie nearest to a line through the recorded ones
//! are looked at more closely, and the line gives mean and deviation. Operations are exact, so
//! steps that meet every pair bit for bit are an answer, and not a guess.

mod image;
mod lines;
mod sound;
mod table;
mod text;

use bundle_manifest::{ArtifactPath, EntryName, FileSource, Input, InputKind, Step};

use crate::{
    Distance, Guarantee, InputPipeline, InputSource, Tensor, Undecided, Value, diagnose::promise,
    undecided,
};

/// A file and the tensor that was made of it.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What was given.
    pub source: InputSource,
    /// What came out.
    pub tensor: Tensor,
}

/// Steps that were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// As in `bundle.toml`.
    pub steps: Vec<String>,
    /// The published value that the tensors are.
    pub value: &'static str,
    /// How far the steps are from the tensors, all pairs together.
    pub distance: Distance,
    /// What the pairs cannot tell apart; empty where the steps miss.
    pub undecided: Vec<Undecided>,
}

impl Inferred {
    /// Whether every element of every pair is met, bit for bit.
    pub const fn is_exact(&self) -> bool {
        self.distance.differing == 0
    }
}

/// The steps that come nearest to all pairs; `None` where none gives the right shapes.
/// `tokenizers` are the files that may be the tokenizer of a text.
///
/// Kinds other than images, sounds, texts and tables have no known recipes.
pub fn infer(
    kind: InputKind,
    pairs: &[Pair],
    files: &dyn FileSource,
    tokenizers: &[ArtifactPath],
) -> Option<Inferred> {
    let search = Search { kind, pairs, files };
    if pairs.is_empty() {
        return None;
    }
    let mut found = match kind {
        InputKind::Image => image::infer(&search),
        InputKind::Audio => sound::infer(&search),
        InputKind::Text => text::infer(&search, tokenizers),
        InputKind::Table => table::infer(&search),
        _ => None,
    }?;
    if found.distance.holds
        && let Some(pipeline) = search.compile(&found.steps)
    {
        let sources: Vec<&InputSource> = pairs.iter().map(|pair| &pair.source).collect();
        found.undecided = undecided(&pipeline, files, &sources);
    }
    Some(found)
}

/// Steps that ran on every pair, and what they gave.
#[derive(Clone, Debug)]
struct Tried {
    steps: Vec<String>,
    values: Vec<Value>,
    /// What the steps promise together.
    promised: Guarantee,
}

/// What is looked for.
struct Search<'a> {
    kind: InputKind,
    pairs: &'a [Pair],
    files: &'a dyn FileSource,
}

impl Search<'_> {
    fn compile(&self, steps: &[String]) -> Option<InputPipeline> {
        let steps = steps.iter().map(|step| step.parse::<Step>().ok()).collect::<Option<_>>()?;
        let input = Input {
            name: "given".parse::<EntryName>().ok()?,
            kind: self.kind,
            description: None,
            model: None,
            of: Vec::new(),
            join: None,
            steps,
            tensors: bundle_manifest::TensorRoles::new(),
            window: None,
            tile: None,
        };
        InputPipeline::compile(&input, self.files).ok()
    }

    /// The pairs as they are given.
    fn start(&self, first: &str) -> Option<Tried> {
        let pipeline = self.compile(&[first.to_owned()])?;
        let value = |pair: &Pair| pipeline.run_range(0..1, pipeline.first(&pair.source).ok()?).ok();
        let values = self.pairs.iter().map(value).collect::<Option<_>>()?;
        let promised = promise(pipeline.steps());
        Some(Tried { steps: vec![first.to_owned()], values, promised })
    }

    /// More steps after those that ran.
    fn then(&self, done: &Tried, more: &[String]) -> Option<Tried> {
        if more.is_empty() {
            return Some(done.clone());
        }
        let steps = [done.steps.as_slice(), more].concat();
        let pipeline = self.compile(&steps)?;
        let range = done.steps.len()..steps.len();
        let run = |value: &Value| pipeline.run_range(range.clone(), value.clone()).ok();
        let values = done.values.iter().map(run).collect::<Option<_>>()?;
        Some(Tried { steps, values, promised: promise(pipeline.steps()) })
    }

    /// How far what was tried is from the pairs; `None` where a shape differs.
    fn finish(&self, tried: &Tried) -> Option<Inferred> {
        let distances = tried.values.iter().zip(self.pairs).map(|(value, pair)| {
            let distance = Distance::between(&value.to_tensor()?, &pair.tensor, tried.promised);
            distance.max_abs.is_finite().then_some(distance)
        });
        let distances: Vec<Distance> = distances.collect::<Option<_>>()?;
        let distance = distances.into_iter().reduce(Distance::worse)?;
        Some(Inferred {
            steps: tried.steps.clone(),
            value: "value",
            distance,
            undecided: Vec::new(),
        })
    }
}

/// The best of what was found: exact before within the promise, else the nearer.
#[derive(Default)]
struct Best(Option<Inferred>);

impl Best {
    fn offer(&mut self, found: Option<Inferred>) {
        let key = |found: &Inferred| (!found.is_exact(), !found.distance.holds);
        let Some(found) = found else { return };
        let is_better = self.0.as_ref().is_none_or(|best| {
            let nearer = found.distance.max_abs < best.distance.max_abs;
            key(&found) < key(best) || key(&found) == key(best) && nearer
        });
        if is_better {
            self.0 = Some(found);
        }
    }

    fn is_exact(&self) -> bool {
        self.0.as_ref().is_some_and(Inferred::is_exact)
    }

    fn holds(&self) -> bool {
        self.0.as_ref().is_some_and(|best| best.distance.holds)
    }
}
