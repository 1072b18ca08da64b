//! Inputs and outputs of the proposal that preprocessing configurations describe.

use std::fmt::Write as _;

use bundle_manifest::{
    InputKind, OutputKind,
    toml_text::{key, quote},
};
use bundle_run::{OnnxReport, OnnxTensor};

use super::{
    super::{
        import::{ImportedInput, ImportedOutput, Imports, Line},
        survey::LabelMap,
    },
    Draft,
    network::{Image, describe},
};

/// ONNX inputs of texts, by what a tokenizer publishes for them.
const TEXT_INPUTS: &[(&str, &[&str])] = &[
    ("ids", &["input_ids", "ids", "tokens", "input.1"]),
    ("attention_mask", &["attention_mask", "mask", "input_mask"]),
    ("type_ids", &["token_type_ids", "segment_ids", "type_ids"]),
];

/// Which ONNX inputs an imported input feeds: their indices, each with a published value.
pub(super) struct Placed<'i> {
    pub(super) input: &'i ImportedInput,
    pub(super) tensors: Vec<(usize, &'static str)>,
}

/// Imported inputs beside the ONNX inputs that they feed; those that fit none are left out.
pub(super) fn place<'i>(imports: &'i Imports, report: &OnnxReport) -> Vec<Placed<'i>> {
    let mut taken = Vec::new();
    let mut all = Vec::new();
    for input in &imports.inputs {
        let tensors = tensors_of(input, report);
        if tensors.is_empty() || tensors.iter().any(|(index, _)| taken.contains(index)) {
            continue;
        }
        taken.extend(tensors.iter().map(|(index, _)| *index));
        all.push(Placed { input, tensors });
    }
    all
}

fn tensors_of(input: &ImportedInput, report: &OnnxReport) -> Vec<(usize, &'static str)> {
    let named = |name: &str| report.inputs.iter().position(|tensor| tensor.name == name);
    if let Some(index) = input.tensor.as_deref().and_then(named) {
        return vec![(index, "value")];
    }
    let rank = |tensor: &OnnxTensor| tensor.shape.as_ref().map(Vec::len);
    let first = |fits: &dyn Fn(&OnnxTensor) -> bool| {
        report.inputs.iter().position(fits).map(|index| (index, "value")).into_iter().collect()
    };
    let float =
        |tensor: &OnnxTensor| tensor.dtype.is_some_and(|dtype| dtype.as_str().starts_with("float"));
    match input.kind {
        InputKind::Image => first(&|tensor| Image::of(tensor).is_some()),
        InputKind::Audio => first(&|tensor| float(tensor) && matches!(rank(tensor), Some(2 | 3))),
        InputKind::Table => first(&|tensor| float(tensor) && rank(tensor) == Some(2)),
        InputKind::Text => {
            let find = |(value, names): &(&'static str, &[&str])| {
                Some((names.iter().find_map(|name| named(name))?, *value))
            };
            TEXT_INPUTS.iter().filter_map(find).collect()
        }
        InputKind::Tensor if report.inputs.len() == 1 => vec![(0, "value")],
        _ => Vec::new(),
    }
}

/// The imported output that is about an ONNX output, if its tensors are all there.
pub(super) fn output_of<'i>(
    imports: &'i Imports,
    report: &OnnxReport,
    name: &str,
) -> Option<&'i ImportedOutput> {
    let there = |name: &str| report.outputs.iter().any(|tensor| tensor.name == name);
    let single = imports.outputs.len() == 1 && report.outputs.len() == 1;
    imports.outputs.iter().find(|output| {
        let is_named = output.tensor.as_deref() == Some(name);
        (is_named || single && output.roles.len() < 2)
            && (single || output.roles.iter().all(|(_, tensor)| there(tensor)))
    })
}

impl Draft {
    fn lines(&mut self, lines: &[Line]) {
        self.line("steps = [");
        for Line { text, guess } in lines {
            let guess = guess.as_ref().map(|why| format!("  # guess: {why}")).unwrap_or_default();
            let _ = writeln!(self.text, "  {text},{guess}"); // writing to a String cannot fail
        }
        self.line("]");
    }

    /// An input with the steps of a configuration.
    pub(super) fn imported_input(&mut self, placed: &Placed<'_>, report: &OnnxReport, name: &str) {
        let tensors = placed
            .tensors
            .iter()
            .filter_map(|(index, value)| Some((report.inputs.get(*index)?, *value)));
        let tensors: Vec<(&OnnxTensor, &str)> = tensors.collect();
        let described: Vec<String> = tensors.iter().map(|(tensor, _)| describe(tensor)).collect();
        let _ = writeln!(self.text, "\n[[inputs]]  # ONNX: {}", described.join("; "));
        self.entry("name", &quote(name), None);
        self.entry("kind", &quote(placed.input.kind.as_str()), None);
        if !placed.input.steps.is_empty() {
            let _ = writeln!(self.text, "# As {} says.", one_line(&placed.input.source));
            self.lines(&placed.input.steps);
        }
        let roles: Vec<String> = tensors
            .iter()
            .map(|(tensor, value)| format!("{} = {}", key(&tensor.name), quote(value)))
            .collect();
        let _ = writeln!(self.text, "tensors = {{ {} }}", roles.join(", "));
    }

    /// An output with the steps of a configuration.
    pub(super) fn imported_output(
        &mut self,
        imported: &ImportedOutput,
        tensor: &OnnxTensor,
        name: &str,
        labels: Option<&LabelMap>,
    ) {
        let _ = writeln!(self.text, "\n[[outputs]]  # ONNX: {}", describe(tensor));
        self.entry("name", &quote(name), None);
        let kind = quote(imported.kind.as_str());
        self.entry("kind", &kind, imported.kind_guess.as_deref());
        let role = imported.kind.roles().first().copied().unwrap_or("value");
        let roles: Vec<String> = if imported.roles.len() > 1 {
            imported
                .roles
                .iter()
                .map(|(role, tensor)| format!("{role} = {}", quote(tensor)))
                .collect()
        } else {
            let role = imported.roles.first().map_or(role, |(role, _)| role);
            vec![format!("{role} = {}", quote(&tensor.name))]
        };
        let _ = writeln!(self.text, "tensors = {{ {} }}", roles.join(", "));
        if !imported.steps.is_empty() {
            let _ = writeln!(self.text, "# As {} says.", one_line(&imported.source));
            self.lines(&imported.steps);
        }
        if imported.restore {
            self.line(
                "# Boxes are in the pixels that the network saw, not yet in those of the image.",
            );
        }
        if matches!(imported.kind, OutputKind::Labels | OutputKind::Boxes | OutputKind::Mask) {
            self.labels(labels, "the classes", &tensor.name);
        }
    }

    /// Recorded arrays as examples, where every tensor of one has a name here.
    pub(super) fn imported_examples(
        &mut self,
        imports: &Imports,
        inputs: &[(String, String)],
        outputs: &[(String, String)],
    ) {
        for (index, example) in imports.examples.iter().enumerate() {
            let named = |tensors: &[(String, bundle_manifest::ArtifactPath)],
                         names: &[(String, String)]|
             -> Option<Vec<String>> {
                let one = |(tensor, path): &(String, bundle_manifest::ArtifactPath)| {
                    let name = names.iter().find(|(onnx, _)| onnx == tensor)?;
                    Some(format!("{} = {{ file = {} }}", key(&name.1), quote(path.as_str())))
                };
                tensors.iter().map(one).collect()
            };
            let (Some(given), Some(expected)) =
                (named(&example.inputs, inputs), named(&example.expect, outputs))
            else {
                continue;
            };
            let _ = write!(
                self.text,
                "\n[[examples]]\nname = \"recorded-{}\"\ninputs = {{ {} }}\nexpect = {{ {} }}\n",
                index + 1,
                given.join(", "),
                expected.join(", ")
            );
        }
    }
}

/// A text for a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
