//! The steps of an image processor, in the order in which it works.

use bundle_manifest::toml_text::{number, numbers};

use super::{
    super::{
        Line,
        fields::{Fields, length},
    },
    Backend, Processor,
    classes::{Rule, Standard},
};

/// Most pixels of a side that is taken seriously.
const MAX_SIDE: u32 = 65_535;

/// The size of a resize.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Size {
    Exact(u32, u32),
    Shortest(u32, Option<u32>),
    Longest(u32),
    Within(u32, u32),
}

impl Size {
    fn text(self) -> String {
        match self {
            Self::Exact(height, width) => format!("{{ height = {height}, width = {width} }}"),
            Self::Shortest(edge, None) => format!("{{ shortest_edge = {edge} }}"),
            Self::Shortest(edge, Some(longest)) => {
                format!("{{ shortest_edge = {edge}, longest_edge = {longest} }}")
            }
            Self::Longest(edge) => format!("{{ longest_edge = {edge} }}"),
            Self::Within(height, width) => {
                format!("{{ max_height = {height}, max_width = {width} }}")
            }
        }
    }
}

/// A value, and why it is a guess.
type Valued<T> = (T, Option<String>);

/// All steps, from the file to the tensor.
pub(super) fn steps(processor: &Processor<'_>) -> Vec<Line> {
    let mut steps = vec![decode(), color(processor)];
    if processor.class.rule == Rule::RescaleFirst {
        steps.extend(rescale(processor));
        steps.extend(sized(processor));
    } else {
        steps.extend(sized(processor));
        steps.extend(scaled(processor));
    }
    steps.extend(padded(processor));
    steps.push(Line::guess(
        "{ op = \"layout\", to = \"NCHW\" }",
        "channels first, as the class gives them",
    ));
    if matches!(processor.class.rule, Rule::MobileVit | Rule::LayoutV2)
        && processor.flag("do_flip_channel_order", true).0
    {
        let line = "{ op = \"reverse_channels\", axis = 1 }";
        steps.push(if processor.fields.has("do_flip_channel_order") {
            Line::read(line)
        } else {
            Line::guess(line, "the class gives BGR")
        });
    }
    steps
}

fn decode() -> Line {
    let why = "`load_image` of transformers applies the tag; an image that PIL opened keeps it";
    Line::guess("{ op = \"decode_image\", exif_orientation = \"apply\" }", why)
}

fn color(processor: &Processor<'_>) -> Line {
    let (convert, _) = processor.flag("do_convert_rgb", processor.class.does('R'));
    let old = processor.facts.versions.get("transformers").is_some_and(|pinned| pinned.major < 5);
    let drop = "{ op = \"convert_color\", to = \"RGB\", alpha = \"drop\" }";
    match (convert, old) {
        (false, _) => {
            Line::guess(drop, "the class converts nothing; `image.convert(\"RGB\")` came before")
        }
        (true, true) => Line::guess(drop, "transformers 4 dropped alpha, 5 blends over white"),
        (true, false) => Line::guess(
            "{ op = \"convert_color\", to = \"RGB\", alpha = \"composite\", background = [255, 255, 255] }",
            "transformers 5 blends over white, 4 dropped alpha",
        ),
    }
}

/// Resize and crop.
fn sized(processor: &Processor<'_>) -> Vec<Line> {
    let mut steps = Vec::new();
    let rule = processor.class.rule;
    if processor.flag("do_resize", processor.class.does('s')).0
        && let Some((size, why)) = processor.size()
    {
        match (rule, size) {
            (Rule::ConvNext, Size::Shortest(edge, _)) => {
                steps.extend(processor.convnext(edge, why));
            }
            (Rule::Donut, Size::Exact(height, width)) => {
                steps.extend(processor.donut((height, width), why));
            }
            (Rule::PoolFormer, _) => steps.push(processor.poolformer(size, why)),
            (Rule::Levit, Size::Shortest(edge, _)) => {
                let edge = u32::try_from(u64::from(edge) * 256 / 224).unwrap_or(MAX_SIDE);
                let why = join(why, Some("the class resizes to 256 / 224 of the size".to_owned()));
                steps.push(processor.resize(Size::Shortest(edge, None), why));
            }
            (Rule::Dpt, Size::Exact(height, width)) => {
                steps.push(processor.dpt(height, width, why));
            }
            (Rule::Yolos | Rule::MaskFormer, _) => steps.push(processor.multiple(size, why)),
            _ => steps.push(processor.resize(size, why)),
        }
    }
    if rule != Rule::ConvNext && processor.flag("do_center_crop", processor.class.does('c')).0 {
        steps.extend(processor.crop());
    }
    steps
}

/// Rescale and normalise.
fn scaled(processor: &Processor<'_>) -> Vec<Line> {
    let rescales = processor.flag("do_rescale", processor.class.does('e')).0;
    let normalizes = processor.flag("do_normalize", processor.class.does('n')).0;
    let (offset, _) = processor.flag("rescale_offset", false);
    let efficient = processor.class.rule == Rule::EfficientNet;
    let fused = processor.backend == Backend::Torchvision && rescales && normalizes;
    let mut steps = Vec::new();
    if normalizes && fused && !(efficient && offset) {
        steps.push(processor.fused());
    } else {
        steps.extend(rescale(processor));
        if normalizes && processor.class.rule != Rule::MobileVit {
            steps.push(processor.normalize());
        }
    }
    if efficient && processor.flag("include_top", true).0 {
        let ((_, std), _) = processor.statistics();
        let why = "the class normalises once more, with mean 0, for `include_top`";
        let zeros = numbers(&vec![0.0; std.len()]);
        let text = format!("{{ op = \"normalize\", mean = {zeros}, std = {} }}", numbers(&std));
        steps.push(Line::guess(text, why));
    }
    steps
}

fn rescale(processor: &Processor<'_>) -> Option<Line> {
    if !processor.flag("do_rescale", processor.class.does('e')).0 {
        return None;
    }
    let (scale, mut why) = match processor.fields.number("rescale_factor") {
        Some(scale) if scale != 0.0 => (scale, vec![]),
        _ if processor.class.name == "Chameleon" => (0.0078, vec![default("rescale_factor")]),
        _ => (1.0 / 255.0, vec![default("rescale_factor")]),
    };
    let offset =
        processor.class.rule == Rule::EfficientNet && processor.flag("rescale_offset", false).0;
    let offset = if offset { ", offset = -1.0" } else { "" };
    let arithmetic = if processor.backend == Backend::Torchvision {
        why.extend(processor.backend_guess.clone());
        ", arithmetic = \"f32_mul\""
    } else {
        ""
    };
    let text = format!("{{ op = \"rescale\", scale = {}{offset}{arithmetic} }}", number(scale));
    Some(Line::doubted(text, &why))
}

/// The padding after everything else; a single image is not padded to others.
fn padded(processor: &Processor<'_>) -> Option<Line> {
    if processor.class.rule == Rule::Donut || !processor.flag("do_pad", processor.class.does('p')).0
    {
        return None;
    }
    let size = processor.fields.object("pad_size");
    let sides =
        size.as_ref().and_then(|size| Some((size.length("height")?, size.length("width")?)));
    let (sides, why) = match (sides, processor.class.rule) {
        (Some(sides), _) => (sides, None),
        (None, Rule::Sam) => ((1024, 1024), Some(default("pad_size"))),
        (None, _) => return None,
    };
    let (height, width) = sides;
    let text = format!(
        "{{ op = \"pad\", size = [{height}, {width}], position = \"top_left\", fill = 0 }}"
    );
    Some(Line { text, guess: why })
}

fn default(key: &str) -> String {
    format!("the class's default of `{key}`")
}

fn join(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}; {second}")),
        (first, second) => first.or(second),
    }
}

impl Processor<'_> {
    /// A switch of the file, else the class's default with a mark.
    fn flag(&self, key: &str, otherwise: bool) -> Valued<bool> {
        match self.fields.bool(key) {
            Some(value) => (value, None),
            None => (otherwise, Some(default(key))),
        }
    }

    fn size(&self) -> Option<Valued<Size>> {
        if let Some(size) = self.written_size() {
            return Some(size);
        }
        let size = match self.class.size {
            Standard::Exact(height, width) => Size::Exact(height, width),
            Standard::Shortest(edge) => Size::Shortest(edge, None),
            Standard::Between(shortest, longest) => Size::Shortest(shortest, Some(longest)),
            Standard::Longest(edge) => Size::Longest(edge),
            Standard::Absent => return None,
        };
        Some((size, Some(default("size"))))
    }

    fn written_size(&self) -> Option<Valued<Size>> {
        let value = self.fields.get("size")?;
        if value.is_object() {
            return self.size_of_object(&self.fields.object("size")?).map(|size| (size, None));
        }
        if let Some(pair) = value.as_array() {
            let [width, height] = pair.as_slice() else { return self.no_size() };
            let size = length(width).zip(length(height)).filter(|(w, h)| (*w).max(*h) <= MAX_SIDE);
            let why = "a pair was width and height in feature extractors";
            return size.map(|(w, h)| (Size::Exact(h, w), Some(why.to_owned())));
        }
        let edge = self.fields.length("size").filter(|edge| *edge <= MAX_SIDE)?;
        let longest = self.fields.length("max_size").filter(|longest| *longest <= MAX_SIDE);
        let detector = matches!(self.class.rule, Rule::Detr | Rule::Yolos | Rule::MaskFormer);
        Some(match (detector, self.class.square) {
            (true, _) => {
                let why = longest.is_none().then(|| default("max_size"));
                (Size::Shortest(edge, Some(longest.unwrap_or(1333).max(edge))), why)
            }
            (false, true) => {
                (Size::Exact(edge, edge), Some("for this class, one number is a square".to_owned()))
            }
            (false, false) => {
                let why = "for this class, one number is the shortest edge";
                (Size::Shortest(edge, None), Some(why.to_owned()))
            }
        })
    }

    fn size_of_object(&self, object: &Fields<'_>) -> Option<Size> {
        let side = |key: &str| object.length(key).filter(|side| *side <= MAX_SIDE);
        let size =
            match (side("height"), side("width"), side("shortest_edge"), side("longest_edge")) {
                (Some(height), Some(width), ..) => Some(Size::Exact(height, width)),
                (_, _, Some(edge), longest) => {
                    Some(Size::Shortest(edge, longest.map(|longest| longest.max(edge))))
                }
                (_, _, None, Some(edge)) => Some(Size::Longest(edge)),
                _ => side("max_height").zip(side("max_width")).map(|(h, w)| Size::Within(h, w)),
            };
        for note in object.take_notes() {
            self.fields.note(note);
        }
        size.or_else(|| self.no_size())
    }

    fn no_size<T>(&self) -> Option<T> {
        let file = self.fields.file();
        self.fields.note(format!(
            "`{file}`: `size` has none of the known forms; the class's default was used"
        ));
        None
    }

    /// The filter in our words, and whether torchvision has it.
    fn filter(&self) -> (Valued<&'static str>, bool) {
        let written = self.fields.get("resample").and_then(serde_json::Value::as_u64);
        let (code, why) = match written {
            Some(code @ 0..=5) => (code, None),
            Some(_) => (
                u64::from(self.class.resample),
                Some("`resample` of the file is no filter of Pillow".to_owned()),
            ),
            None => (u64::from(self.class.resample), Some(default("resample"))),
        };
        let (word, torchvision) = match code {
            0 => ("nearest", true),
            1 => ("lanczos", false),
            3 => ("bicubic", true),
            4 => ("box", false),
            5 => ("hamming", false),
            _ => ("bilinear", true),
        };
        ((word, why), torchvision)
    }

    fn resize(&self, size: Size, why: Option<String>) -> Line {
        let ((filter, filter_why), torchvision) = self.filter();
        let mut why: Vec<_> = why.into_iter().chain(filter_why).collect();
        let kernel = if self.backend == Backend::Torchvision && torchvision {
            why.extend(self.backend_guess.clone());
            "impl = \"torchvision_u8\", antialias = true".to_owned()
        } else {
            let (version, version_why) = self.facts.pillow();
            if self.backend == Backend::Torchvision {
                why.push(format!("`{filter}` by Pillow, as torchvision_u8 has no such filter"));
            }
            why.extend(self.backend_guess.clone().filter(|_| self.backend == Backend::Pillow));
            why.extend(version_why);
            format!("impl = \"pillow\", impl_version = \"{version}\"")
        };
        let kernel = match self.class.rule {
            Rule::RescaleFirst => kernel.replace("torchvision_u8", "torchvision_f32"),
            _ => kernel,
        };
        let rounding = match (size, self.class.rule) {
            (Size::Exact(..), _) => "",
            // `get_size_with_aspect_ratio` of transformers.
            (Size::Shortest(_, Some(_)), _) => ", size_rounding = \"trunc_round\"",
            (_, Rule::Sam) => ", size_rounding = \"round\"",
            _ => ", size_rounding = \"trunc\"",
        };
        let text = format!(
            "{{ op = \"resize\", {kernel}, size = {}, interpolation = \"{filter}\"{rounding} }}",
            size.text()
        );
        Line::doubted(text, &why)
    }

    fn crop_text(&self, height: u32, width: u32) -> (String, Option<String>) {
        let side = if self.backend == Backend::Pillow { "ceil" } else { "floor" };
        let text = format!(
            "{{ op = \"center_crop\", size = [{height}, {width}], offset_rounding = \"floor\", \
             pad_side = \"{side}\", fill = 0 }}"
        );
        let why = self.backend_guess.as_ref().map(|_| "`pad_side` by the backend".to_owned());
        (text, why)
    }

    fn crop(&self) -> Option<Line> {
        let written = match self.fields.get("crop_size") {
            Some(value) if value.is_object() => {
                let object = self.fields.object("crop_size")?;
                let edge = object.length("shortest_edge");
                let sides = object.length("height").zip(object.length("width"));
                sides.or(edge.map(|edge| (edge, edge)))
            }
            Some(_) => self.fields.length("crop_size").map(|edge| (edge, edge)),
            None => None,
        };
        let written = written.filter(|(height, width)| (*height).max(*width) <= MAX_SIDE);
        let (sides, why) = match (written, self.class.crop) {
            (Some(sides), _) => (sides, None),
            (None, 0) => return None,
            (None, edge) => ((edge, edge), Some(default("crop_size"))),
        };
        let (text, side_why) = self.crop_text(sides.0, sides.1);
        let why: Vec<_> = why.into_iter().chain(side_why).collect();
        Some(Line::doubted(text, &why))
    }

    fn crop_pct(&self, otherwise: f64) -> Valued<f64> {
        match self.fields.number("crop_pct") {
            Some(share) if share > 0.0 && share <= 1.0 => (share, None),
            _ => (otherwise, Some(default("crop_pct"))),
        }
    }

    fn convnext(&self, edge: u32, why: Option<String>) -> Vec<Line> {
        if edge >= 384 {
            let warp = "the class warps to a square from 384 on".to_owned();
            return vec![self.resize(Size::Exact(edge, edge), join(why, Some(warp)))];
        }
        let (share, share_why) = self.crop_pct(224.0 / 256.0);
        let why =
            join(join(why, share_why), Some("the class resizes to size / crop_pct".to_owned()));
        let (text, crop_why) = self.crop_text(edge, edge);
        let crop_why = join(Some("the class crops to the size".to_owned()), crop_why);
        let resize = self.resize(Size::Shortest(divided(edge, share), None), why);
        vec![resize, Line { text, guess: crop_why }]
    }

    fn poolformer(&self, size: Size, why: Option<String>) -> Line {
        let (share, share_why) = self.crop_pct(0.9);
        let why =
            join(join(why, share_why), Some("the class resizes to size / crop_pct".to_owned()));
        let size = match size {
            Size::Shortest(edge, _) => Size::Shortest(divided(edge, share), None),
            Size::Exact(height, width) if height == width => {
                Size::Shortest(divided(height, share), None)
            }
            Size::Exact(height, width) => {
                Size::Exact(divided(height, share), divided(width, share))
            }
            other => other,
        };
        self.resize(size, why)
    }

    fn donut(&self, (height, width): (u32, u32), why: Option<String>) -> Vec<Line> {
        let order = Some("the class's order: shorter side, `thumbnail`, padding around".to_owned());
        let first = Size::Shortest(height.min(width), None);
        let mut steps = vec![self.resize(first, join(why, order))];
        if self.flag("do_thumbnail", true).0 {
            let why = "the class's `thumbnail`".to_owned();
            steps.push(self.resize(Size::Within(height, width), Some(why)));
        }
        if self.flag("do_align_long_axis", false).0 {
            let file = self.fields.file();
            self.fields.note(format!(
                "`{file}`: `do_align_long_axis` turns images on their side, which no step does; give images upright"
            ));
        }
        if self.flag("do_pad", true).0 {
            let text = format!(
                "{{ op = \"pad\", size = [{height}, {width}], position = \"center\", fill = 0 }}"
            );
            steps.push(Line::guess(text, "the class pads around, before rescaling"));
        }
        steps
    }

    fn dpt(&self, height: u32, width: u32, why: Option<String>) -> Line {
        let multiple = self.fields.length("ensure_multiple_of").unwrap_or(1);
        let size = Size::Exact(to_multiple(height, multiple), to_multiple(width, multiple));
        if !self.flag("keep_aspect_ratio", false).0 {
            return self.resize(size, why);
        }
        let file = self.fields.file();
        self.fields.note(format!(
            "`{file}`: `keep_aspect_ratio` with `ensure_multiple_of = {multiple}` is no size that `resize` has: \
             the steps warp to a fixed size, which is right only for images of that shape"
        ));
        let warp = "NOT what the class does: it keeps the aspect ratio".to_owned();
        self.resize(size, join(why, Some(warp)))
    }

    /// Sizes that are made a multiple of something afterwards.
    fn multiple(&self, size: Size, why: Option<String>) -> Line {
        if let Size::Exact(height, width) = size {
            let multiple = self.fields.length("size_divisor").unwrap_or(1);
            let raised = |side: u32| side.div_ceil(multiple).saturating_mul(multiple).min(MAX_SIDE);
            return match self.class.rule {
                Rule::MaskFormer => self.resize(Size::Exact(raised(height), raised(width)), why),
                _ => self.resize(size, why),
            };
        }
        let (way, multiple) = match self.class.rule {
            Rule::Yolos => ("lowers", 16),
            _ => ("raises", self.fields.length("size_divisor").unwrap_or(32)),
        };
        let file = self.fields.file();
        self.fields.note(format!(
            "`{file}`: the class {way} both sides to a multiple of {multiple}, which no size of `resize` has: \
             the steps are right only for images whose sides are such multiples already"
        ));
        let wrong =
            format!("NOT what the class does: it {way} both sides to a multiple of {multiple}");
        self.resize(size, join(why, Some(wrong)))
    }

    /// Means and deviations, and why they are a guess.
    fn statistics(&self) -> Valued<(Vec<f64>, Vec<f64>)> {
        let mean = self.fields.numbers("image_mean").filter(|mean| mean.len() <= 4);
        let std =
            self.fields.numbers("image_std").filter(|std| std.len() <= 4 && !std.contains(&0.0));
        let why = match (&mean, &std) {
            (Some(mean), Some(std)) if mean.len() == std.len() => None,
            (Some(_), Some(_)) => {
                Some("`image_mean` and `image_std` of the file do not fit".to_owned())
            }
            _ => Some(default("image_mean` and `image_std")),
        };
        let pair = mean.zip(std).filter(|_| why.is_none());
        let standard = self.class.statistics;
        (pair.unwrap_or_else(|| (standard.mean().to_vec(), standard.std().to_vec())), why)
    }

    fn normalize(&self) -> Line {
        let ((mean, std), why) = self.statistics();
        let text =
            format!("{{ op = \"normalize\", mean = {}, std = {} }}", numbers(&mean), numbers(&std));
        Line { text, guess: why }
    }

    /// The torchvision backend multiplies mean and deviation by `1 / rescale_factor` in float32
    /// and normalises the bytes.
    fn fused(&self) -> Line {
        let ((mean, std), mut why) = self.statistics();
        let factor = match self.fields.number("rescale_factor") {
            Some(factor) if factor != 0.0 => factor,
            _ => {
                why = join(why, Some(default("rescale_factor")));
                if self.class.name == "Chameleon" { 0.0078 } else { 1.0 / 255.0 }
            }
        };
        let inverse = single(1.0 / factor);
        let fuse = |values: &[f64]| -> Vec<String> {
            values.iter().map(|value| format!("{:?}", single(*value) * inverse)).collect()
        };
        let (means, stds) = (fuse(&mean), fuse(&std));
        let finite = |values: &[String]| values.iter().all(|value| !value.contains(['n', 'N']));
        if !finite(&means) || !finite(&stds) || stds.iter().any(|std| std == "0.0" || std == "-0.0")
        {
            return self.normalize();
        }
        let text = format!(
            "{{ op = \"normalize\", mean = [{}], std = [{}] }}",
            means.join(", "),
            stds.join(", ")
        );
        let fused =
            format!("the torchvision backend does `(x - {inverse} * mean) / ({inverse} * std)`");
        let backend = self.backend_guess.as_ref().map(|_| "if that is the backend".to_owned());
        Line { text, guess: join(join(why, Some(fused)), backend) }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "torch rounds to float32 here")]
fn single(value: f64) -> f32 {
    value as f32
}

/// `int(edge / share)`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "edges are below 2^16, and the quotient is limited"
)]
fn divided(edge: u32, share: f64) -> u32 {
    (f64::from(edge) / share).min(f64::from(MAX_SIDE)) as u32
}

/// `round(side / multiple) * multiple`, halves to even, as Python.
fn to_multiple(side: u32, multiple: u32) -> u32 {
    let (whole, rest) = (side / multiple, side % multiple);
    let double = rest.saturating_mul(2);
    let up = double > multiple || (double == multiple && whole % 2 == 1);
    (whole + u32::from(up)).max(1).saturating_mul(multiple).min(MAX_SIDE)
}
