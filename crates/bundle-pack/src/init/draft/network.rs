//! The part of the proposal that is about the ONNX file.

use std::{collections::BTreeSet, fmt::Write as _};

use bundle_manifest::{
    Dtype, EntryName, InputKind,
    toml_text::{key, quote, quote_all},
};
use bundle_run::{OnnxReport, OnnxTensor};

use super::{
    super::{
        FoundSteps,
        survey::{LabelMap, Network, Survey},
    },
    Draft,
    imported::{output_of, place},
};

/// Side of an image where the network takes any.
const ANY_SIDE: u64 = 224;
/// Classes of an output that is still taken for a classification.
const MAX_CLASSES: u64 = 100_000;

impl Draft {
    /// The model, its inputs and its outputs.
    pub(super) fn network(
        &mut self,
        survey: &Survey,
        network: &Network,
        found: Option<&FoundSteps>,
    ) {
        let name =
            entry_name(network.path.file_name().split('.').next().unwrap_or_default(), "model");
        let _ = writeln!(self.text, "\n[models.{}]", key(&name));
        self.entry("onnx", &quote(network.path.as_str()), None);
        if !survey.other_onnx.is_empty() {
            let others = survey.other_onnx.iter().map(ToString::to_string).collect::<Vec<_>>();
            let _ = writeln!(self.text, "# also found: {}", others.join(", "));
            self.notes.push(format!(
                "several ONNX files were found; the proposal is about `{}`",
                network.path
            ));
        }
        let Some(report) = &network.report else { return };
        self.dims(report);
        let images = report.inputs.iter().any(|input| Image::of(input).is_some());
        let inputs = self.inputs(survey, report, found);
        let mut names = BTreeSet::new();
        let mut outputs = Vec::new();
        for output in &report.outputs {
            let roles = survey.imports.outputs.iter().filter(|o| o.roles.len() > 1);
            let is_second = |(_, tensor): &(&str, String)| *tensor == output.name;
            let joined = roles.flat_map(|o| o.roles.iter().skip(1)).any(is_second);
            if joined && report.outputs.len() > 1 {
                continue; // part of another output
            }
            let name = unused(&mut names, &output.name, "output");
            outputs.push((output.name.clone(), name.clone()));
            match output_of(&survey.imports, report, &output.name) {
                Some(imported) => {
                    self.imported_output(imported, output, &name, survey.labels.as_ref());
                }
                None => self.output(output, &name, survey.labels.as_ref(), images),
            }
        }
        self.imported_examples(&survey.imports, &inputs, &outputs);
        self.notes.push(
            "check every line marked `# guess` against the code that trained the model".to_owned(),
        );
    }

    /// The inputs: with the steps that were found, that a configuration says, or guessed by the
    /// shape. Gives the ONNX names with the names of the entries.
    fn inputs(
        &mut self,
        survey: &Survey,
        report: &OnnxReport,
        found: Option<&FoundSteps>,
    ) -> Vec<(String, String)> {
        let fits = |found: &FoundSteps| {
            let wants_image = found.kind == InputKind::Image;
            let same = |input: &OnnxTensor| Image::of(input).is_some() == wants_image;
            report.inputs.iter().position(same).unwrap_or(0)
        };
        let place_of_found = found.map(fits);
        let placed = place(&survey.imports, report);
        let mut names = BTreeSet::new();
        let mut entries = Vec::new();
        for (index, input) in report.inputs.iter().enumerate() {
            let imported = placed.iter().find(|p| p.tensors.iter().any(|(at, _)| *at == index));
            if imported.is_some_and(|imported| imported.tensors[0].0 != index) {
                continue; // fed by an entry that is there
            }
            let name = unused(&mut names, &input.name, "input");
            entries.push((input.name.clone(), name.clone()));
            match (found.filter(|_| place_of_found == Some(index)), imported) {
                (Some(found), _) => self.found_input(input, &name, found),
                (None, Some(imported)) => self.imported_input(imported, report, &name),
                (None, None) => self.input(input, &name),
            }
        }
        entries
    }

    fn dims(&mut self, report: &OnnxReport) {
        let first_axes =
            report.inputs.iter().filter_map(|input| match input.shape.as_deref()?.first()? {
                Err(symbol) if symbol != "?" && !symbol.is_empty() => Some(symbol),
                _ => None,
            });
        let mut batch: Vec<_> = first_axes.collect();
        batch.sort();
        batch.dedup();
        if batch.is_empty() {
            return;
        }
        let entries: Vec<_> =
            batch.iter().map(|symbol| format!("{} = \"batch\"", key(symbol))).collect();
        self.entry(
            "dims",
            &format!("{{ {} }}", entries.join(", ")),
            Some("the first axis counts samples"),
        );
    }

    fn input(&mut self, input: &OnnxTensor, name: &str) {
        let _ = writeln!(self.text, "\n[[inputs]]  # ONNX: {}", describe(input));
        self.entry("name", &quote(name), None);
        if let Some(image) = Image::of(input) {
            self.entry("kind", "\"image\"", Some("four axes with one or three channels"));
            self.image_steps(&image);
        } else {
            self.entry(
                "kind",
                "\"tensor\"",
                Some("an NPY array; image, table, text and audio have pipelines"),
            );
        }
        let _ = writeln!(self.text, "tensors = {{ {} = \"value\" }}", key(&input.name));
    }

    /// An input whose steps are known.
    fn found_input(&mut self, input: &OnnxTensor, name: &str, found: &FoundSteps) {
        let _ = writeln!(self.text, "\n[[inputs]]  # ONNX: {}", describe(input));
        self.entry("name", &quote(name), None);
        self.entry("kind", &quote(found.kind.as_str()), None);
        let _ = writeln!(self.text, "# {}", found.origin);
        self.line("steps = [");
        for step in &found.steps {
            let _ = writeln!(self.text, "  {step},");
        }
        self.line("]");
        let value = quote(&found.value);
        let _ = writeln!(self.text, "tensors = {{ {} = {value} }}", key(&input.name));
    }

    fn image_steps(&mut self, image: &Image) {
        self.line("steps = [");
        self.line("  { op = \"decode_image\", exif_orientation = \"apply\" },  # guess: cameras rotate by a tag");
        if image.channels == 3 {
            self.line("  { op = \"convert_color\", to = \"RGB\", alpha = \"drop\" },  # guess: OpenCV code means BGR");
        } else {
            self.line("  { op = \"convert_color\", to = \"L\", alpha = \"drop\", luma = \"pillow\" },  # guess: one channel is gray");
        }
        let _ = writeln!(
            self.text,
            "  {{ op = \"resize\", impl = \"pillow\", impl_version = \"ge13\", size = {{ height = {}, width = {} }}, \
             interpolation = \"bilinear\" }},  # guess: {}",
            image.height, image.width, image.sides_from
        );
        if image.float {
            self.line("  { op = \"rescale\", scale = 0.00392156862745098 },  # guess: 0 to 255 becomes 0 to 1");
            if image.channels == 3 {
                self.line("  { op = \"normalize\", mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] },  # guess: ImageNet's numbers");
            } else {
                self.line("  # { op = \"normalize\", mean = [0.5], std = [0.5] },");
            }
        }
        let _ = writeln!(
            self.text,
            "  {{ op = \"layout\", to = \"{}\" }},  # guess: by the shape of the input",
            image.layout
        );
        self.line("]");
    }

    fn output(&mut self, output: &OnnxTensor, name: &str, labels: Option<&LabelMap>, images: bool) {
        let _ = writeln!(self.text, "\n[[outputs]]  # ONNX: {}", describe(output));
        self.entry("name", &quote(name), None);
        let classes = classes(output).filter(|_| images || labels.is_some());
        let Some(count) = classes else {
            self.entry(
                "kind",
                "\"tensor\"",
                Some("labels, boxes, mask, scalar and others say what it means"),
            );
            let _ = writeln!(self.text, "tensors = {{ value = {} }}", quote(&output.name));
            return;
        };
        self.entry("kind", "\"labels\"", Some("a score per class along the last axis"));
        let _ = writeln!(self.text, "tensors = {{ scores = {} }}", quote(&output.name));
        self.entry(
            "steps",
            "[{ op = \"softmax\", axis = -1 }]",
            Some("remove it if the network ends in softmax"),
        );
        self.labels(labels, &count, &output.name);
    }

    /// Where the labels are, or that nothing says so.
    pub(super) fn labels(&mut self, labels: Option<&LabelMap>, count: &str, output: &str) {
        match labels {
            Some(LabelMap::File(path)) => {
                let value = format!("{{ file = {} }}", quote(path.as_str()));
                self.entry("labels", &value, Some("a label a line, in the order of the classes"));
            }
            Some(LabelMap::Names(names, source)) => {
                let value = format!("{{ names = {} }}", quote_all(names));
                self.entry("labels", &value, Some(source));
            }
            None => {
                let _ = writeln!(
                    self.text,
                    "# labels = {{ file = \"labels.txt\" }}  # a label a line: {count}"
                );
                self.notes.push(format!("say what the {count} of `{output}` mean: labels"));
            }
        }
    }
}

/// An input that looks like a batch of images.
pub(super) struct Image {
    channels: u64,
    height: u64,
    width: u64,
    sides_from: &'static str,
    layout: &'static str,
    float: bool,
}

impl Image {
    pub(super) fn of(tensor: &OnnxTensor) -> Option<Self> {
        let float = match tensor.dtype? {
            Dtype::Float16 | Dtype::Float32 | Dtype::Float64 => true,
            Dtype::Uint8 => false,
            _ => return None,
        };
        let [_, a, b, c] = tensor.shape.as_deref()? else { return None };
        let is_channels = |axis: &Result<u64, String>| matches!(axis, Ok(1 | 3));
        let (layout, channels, height, width) = if is_channels(a) {
            ("NCHW", a, b, c)
        } else if is_channels(c) {
            ("NHWC", c, a, b)
        } else {
            return None;
        };
        // A small fixed axis is no side of a picture.
        let side = |axis: &Result<u64, String>| match axis {
            Ok(length) => (*length >= 8).then_some((*length, true)),
            Err(_) => Some((ANY_SIDE, false)),
        };
        let ((height, fixed_height), (width, fixed_width)) = (side(height)?, side(width)?);
        let fixed = fixed_height && fixed_width;
        let sides_from = if fixed {
            "whose resize, and which interpolation"
        } else {
            "the network takes any size"
        };
        Some(Self { channels: channels.clone().ok()?, height, width, sides_from, layout, float })
    }
}

/// How many classes an output with one row of scores a sample has, in words.
fn classes(output: &OnnxTensor) -> Option<String> {
    let float = matches!(output.dtype?, Dtype::Float16 | Dtype::Float32 | Dtype::Float64);
    let [_, classes] = output.shape.as_deref()? else { return None };
    match classes {
        _ if !float => None,
        Ok(count) => (2..=MAX_CLASSES).contains(count).then(|| format!("{count} classes")),
        Err(_) => Some("classes".to_owned()),
    }
}

/// `name float32[N, 3, 224, 224]`, on one line.
pub(super) fn describe(tensor: &OnnxTensor) -> String {
    let dtype = tensor.dtype.map_or("another type".to_owned(), |dtype| dtype.to_string());
    let axis =
        |axis: &Result<u64, String>| axis.as_ref().map_or_else(Clone::clone, ToString::to_string);
    let shape =
        tensor.shape.as_ref().map(|axes| axes.iter().map(axis).collect::<Vec<_>>().join(", "));
    let text = format!("{} {dtype}[{}]", tensor.name, shape.unwrap_or_else(|| "…".to_owned()));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// An ONNX name in the letters that an entry's name has.
fn entry_name(name: &str, fallback: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    let name: String = name.chars().map(plain).take(64).collect();
    let name = name.trim_matches(['_', '-', '.']).to_owned();
    if name.parse::<EntryName>().is_ok() { name } else { fallback.to_owned() }
}

/// An entry's name that no other one has, whatever its case.
fn unused(names: &mut BTreeSet<String>, name: &str, fallback: &str) -> String {
    let name = entry_name(name, fallback);
    let short: String = name.chars().take(56).collect(); // room for a number
    let numbered = (2_u32..).map(|number| format!("{short}_{number}"));
    let free = std::iter::once(name.clone()).chain(numbered);
    free.take(10_000).find(|name| names.insert(name.to_ascii_lowercase())).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[i64]) -> OnnxTensor {
        let axis = |length: &i64| u64::try_from(*length).map_err(|_| "N".to_owned());
        let shape = Some(shape.iter().map(axis).collect());
        OnnxTensor { name: "x".to_owned(), dtype: Some(Dtype::Float32), shape }
    }

    #[test]
    fn images_are_told_by_their_shape() {
        type Seen = Option<(&'static str, u64, u64, u64)>;
        let cases: [(&[i64], Seen); 8] = [
            (&[-1, 3, 224, 224], Some(("NCHW", 3, 224, 224))),
            (&[1, 28, 20, 1], Some(("NHWC", 1, 28, 20))),
            (&[-1, 1, -1, -1], Some(("NCHW", 1, 224, 224))),
            (&[1, 3, 4, 4], None),
            (&[1, 64, 56, 56], None),
            (&[1, 3, 224], None),
            (&[-1, 30], None),
            (&[], None),
        ];
        for (shape, expected) in cases {
            let found =
                Image::of(&tensor(shape)).map(|i| (i.layout, i.channels, i.height, i.width));
            assert_eq!(found, expected, "{shape:?}");
        }
        let text = OnnxTensor { dtype: Some(Dtype::Int64), ..tensor(&[1, 3, 224, 224]) };
        assert!(Image::of(&text).is_none());
    }

    #[test]
    fn names_are_made_different() {
        let mut names = BTreeSet::new();
        let made: Vec<_> =
            ["x", "X", "x:0", "x_0", "", "/"].map(|name| unused(&mut names, name, "input")).into();
        assert_eq!(made, ["x", "X_2", "x_0", "x_0_2", "input", "input_2"]);
    }

    #[test]
    fn names_are_made_to_fit() {
        for (name, expected) in [
            ("input.1", "input.1"),
            ("serving_default:0", "serving_default_0"),
            ("/head/Gemm_output", "head_Gemm_output"),
            ("日本", "output"),
            ("", "output"),
        ] {
            assert_eq!(entry_name(name, "output"), expected);
        }
    }
}
