//! torchvision's transforms as they print themselves: `print(weights.transforms())` or
//! `print(compose)` in a text file, such as `transforms.txt`.

use bundle_manifest::{InputKind, toml_text::numbers};

use super::{
    Facts, ImportedInput, Imports, Line, MAX_CONFIG, Project,
    literal::{Call, Literal},
    short,
};

/// Names of files that hold printed transforms.
const FILES: [&str; 8] = [
    "transforms.txt",
    "transform.txt",
    "preprocess.txt",
    "preprocessing.txt",
    "eval_transforms.txt",
    "test_transforms.txt",
    "val_transforms.txt",
    "inference_transforms.txt",
];

/// Reads printed transforms.
pub(super) fn of_project(project: &Project<'_>, facts: &Facts, imports: &mut Imports) {
    if imports.inputs.iter().any(|input| input.kind == InputKind::Image) {
        return;
    }
    let Some(path) = project.find(&FILES) else { return };
    let Some(text) = project.read(path, MAX_CONFIG) else { return };
    let Some(Literal::Call(call)) = Literal::parse(text.trim()) else {
        imports
            .notes
            .push(format!("`{path}` is no printed transform of torchvision; it was not used"));
        return;
    };
    let mut reader = Transforms {
        file: path.to_string(),
        facts,
        stage: Stage::Picture,
        steps: Vec::new(),
        notes: Vec::new(),
        gray: false,
    };
    reader.any(&call);
    if reader.steps.is_empty() {
        imports.notes.extend(reader.notes);
        return;
    }
    let source = format!("{path} ({})", short(&call.name));
    let (steps, notes) = reader.finish();
    imports.notes.extend(notes);
    imports.inputs.push(ImportedInput { source, kind: InputKind::Image, tensor: None, steps });
}

/// What the value is at this point; it decides whose resize is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A PIL image.
    Picture,
    /// A uint8 tensor.
    Bytes,
    /// A float tensor.
    Floats,
}

struct Transforms<'a> {
    file: String,
    facts: &'a Facts,
    stage: Stage,
    steps: Vec<Line>,
    notes: Vec<String>,
    gray: bool,
}

impl Transforms<'_> {
    fn any(&mut self, call: &Call) {
        match call.name.rsplit('.').next().unwrap_or_default() {
            "Compose" | "Sequential" | "ModuleList" => {
                for part in parts(call) {
                    self.any(part);
                }
            }
            "ImageClassification" => self.preset(call, true),
            "SemanticSegmentation" => self.preset(call, false),
            "ObjectDetection" => {
                let why = "the preset for detectors only divides by 255; the model resizes by itself";
                self.divided(why);
            }
            "VideoClassification" | "OpticalFlow" => self.note(&format!(
                "the preset `{}` takes frames of a video (and resizes without antialias), which no step does",
                short(&call.name)
            )),
            "Resize" => self.resize(call, Antialias::Default),
            "CenterCrop" => self.crop(call.argument("size", 0)),
            "ToTensor" => self.divided("`ToTensor` divides by 255"),
            "PILToTensor" | "ToImage" | "ToImageTensor" => self.stage = Stage::Bytes,
            "ConvertImageDtype" => self.divided("`ConvertImageDtype` divides by 255"),
            "ToDtype" => self.converted(call),
            "ToPILImage" => self.stage = Stage::Picture,
            "Grayscale" => self.gray = call.argument("num_output_channels", 0).and_then(Literal::number) != Some(3.0),
            "Normalize" => self.normalize(call),
            "Identity" | "ToPureTensor" | "RGB" => {}
            other => self.other(other),
        }
    }

    fn other(&mut self, name: &str) {
        let name = short(name);
        if name.starts_with("Random")
            || ["ColorJitter", "AutoAugment", "TrivialAugmentWide", "AugMix"]
                .contains(&name.as_str())
        {
            self.note(&format!("`{name}` is for training; it was left out"));
        } else {
            self.note(&format!("`{name}` has no step; it was left out"));
        }
    }

    fn note(&mut self, note: &str) {
        self.notes.push(format!("`{}`: {note}", self.file));
    }

    /// The presets' order: resize, crop, to float, normalise.
    fn preset(&mut self, call: &Call, crops: bool) {
        self.resize(call, Antialias::Preset);
        if crops {
            self.crop(call.argument("crop_size", usize::MAX));
        }
        self.divided("the preset divides by 255");
        self.normalize(call);
    }

    fn resize(&mut self, call: &Call, antialias: Antialias) {
        let key = if antialias == Antialias::Preset { "resize_size" } else { "size" };
        let sides = call.argument(key, 0).and_then(Literal::numbers).unwrap_or_default();
        let sides: Vec<_> = sides.iter().filter_map(|side| Literal::Number(*side).side()).collect();
        let longest = call.argument("max_size", 2).and_then(Literal::side);
        let size = match (sides.as_slice(), longest) {
            ([edge], None) => format!("{{ shortest_edge = {edge} }}"),
            ([edge], Some(longest)) if longest >= *edge => {
                format!("{{ shortest_edge = {edge}, longest_edge = {longest} }}")
            }
            ([height, width], _) => format!("{{ height = {height}, width = {width} }}"),
            _ => {
                let name = short(&call.name);
                self.note(&format!("`{name}` says no `{key}` that is known; nothing is resized"));
                return;
            }
        };
        let rounding = if sides.len() == 1 { ", size_rounding = \"trunc\"" } else { "" };
        let (filter, mut why) = filter(call);
        let kernel = self.kernel(call, antialias, filter, &mut why);
        let text = format!(
            "{{ op = \"resize\", {kernel}, size = {size}, interpolation = \"{filter}\"{rounding} }}"
        );
        self.steps.push(Line::doubted(text, &why));
    }

    fn kernel(
        &self,
        call: &Call,
        antialias: Antialias,
        filter: &str,
        why: &mut Vec<String>,
    ) -> String {
        let tensors = ["nearest", "bilinear", "bicubic"].contains(&filter);
        if self.stage == Stage::Picture || !tensors {
            let (version, version_why) = self.facts.pillow();
            why.push(
                "Pillow, if images were opened with PIL; torchvision_u8 for tensors".to_owned(),
            );
            why.extend(version_why);
            return format!("impl = \"pillow\", impl_version = \"{version}\"");
        }
        let word = if self.stage == Stage::Bytes { "torchvision_u8" } else { "torchvision_f32" };
        let antialias = match (call.argument("antialias", 3), antialias) {
            (Some(Literal::Bool(antialias)), _) => *antialias,
            (_, Antialias::Preset) => true,
            _ => {
                why.push(
                    "antialias: true since torchvision 0.17, for tensors false before".to_owned(),
                );
                true
            }
        };
        format!("impl = \"{word}\", antialias = {antialias}")
    }

    fn crop(&mut self, size: Option<&Literal>) {
        let sides = size.and_then(Literal::numbers).unwrap_or_default();
        let sides: Vec<_> = sides.iter().filter_map(|side| Literal::Number(*side).side()).collect();
        let (height, width) = match sides.as_slice() {
            [edge] => (*edge, *edge),
            [height, width] => (*height, *width),
            _ => {
                return self.note("a crop says no size that is known; nothing is cropped");
            }
        };
        let text = format!(
            "{{ op = \"center_crop\", size = [{height}, {width}], offset_rounding = \"half_even\", \
             pad_side = \"floor\", fill = 0 }}"
        );
        self.steps.push(Line::guess(text, "rounded and filled as torchvision's code does"));
    }

    fn divided(&mut self, why: &str) {
        if self.stage != Stage::Floats {
            self.stage = Stage::Floats;
            self.steps.push(Line::guess("{ op = \"rescale\", scale = 0.00392156862745098 }", why));
        }
    }

    fn converted(&mut self, call: &Call) {
        let scale = matches!(call.argument("scale", 1), Some(Literal::Bool(true)));
        if scale {
            self.divided("`ToDtype(scale=True)` divides by 255");
        } else {
            self.note("`ToDtype` without `scale` leaves 0 to 255");
            self.steps.push(Line::guess(
                "{ op = \"rescale\", scale = 1.0 }",
                "`ToDtype` without `scale`",
            ));
            self.stage = Stage::Floats;
        }
    }

    fn normalize(&mut self, call: &Call) {
        let mean = call.argument("mean", 0).and_then(Literal::numbers);
        let std = call.argument("std", 1).and_then(Literal::numbers);
        match mean.zip(std) {
            Some((mean, std))
                if mean.len() == std.len() && !mean.is_empty() && !std.contains(&0.0) =>
            {
                let text = format!(
                    "{{ op = \"normalize\", mean = {}, std = {} }}",
                    numbers(&mean),
                    numbers(&std)
                );
                self.steps.push(Line::read(text));
            }
            _ => self.note("`mean` and `std` do not fit; nothing is normalised"),
        }
    }

    fn finish(self) -> (Vec<Line>, Vec<String>) {
        let exif = "PIL and torchvision leave the tag";
        let color = if self.gray {
            Line::read(
                "{ op = \"convert_color\", to = \"L\", alpha = \"drop\", luma = \"pillow\" }",
            )
        } else {
            let why = "`image.convert(\"RGB\")` came before";
            Line::guess("{ op = \"convert_color\", to = \"RGB\", alpha = \"drop\" }", why)
        };
        let mut steps = vec![
            Line::guess("{ op = \"decode_image\", exif_orientation = \"ignore\" }", exif),
            color,
        ];
        steps.extend(self.steps);
        steps.push(Line::guess(
            "{ op = \"layout\", to = \"NCHW\" }",
            "torchvision puts channels first",
        ));
        (steps, self.notes)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Antialias {
    /// As the installed release has it.
    Default,
    /// Presets say true.
    Preset,
}

/// The transforms of a composition: its arguments, or those of `transforms=[…]`.
fn parts(call: &Call) -> impl Iterator<Item = &Call> {
    let named = call.named.iter().map(|(_, value)| value);
    let values = call.positional.iter().chain(named);
    let listed = values.flat_map(|value| match value {
        Literal::List(list) => list.as_slice(),
        other => std::slice::from_ref(other),
    });
    listed.filter_map(|value| match value {
        Literal::Call(call) => Some(call),
        _ => None,
    })
}

fn filter(call: &Call) -> (&'static str, Vec<String>) {
    let word = call.argument("interpolation", 1).and_then(Literal::word).unwrap_or_default();
    let word = word.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "bilinear" => ("bilinear", vec![]),
        "bicubic" => ("bicubic", vec![]),
        "nearest" | "nearest_exact" | "nearest-exact" => ("nearest", vec![]),
        "lanczos" => ("lanczos", vec![]),
        "box" => ("box", vec![]),
        "hamming" => ("hamming", vec![]),
        "" => ("bilinear", vec!["torchvision's default of `interpolation`".to_owned()]),
        _ => ("bilinear", vec!["`interpolation` of the file is not known".to_owned()]),
    }
}
