//! `config.json` of a timm model: `{ architecture, pretrained_cfg }`.
//!
//! timm evaluates with torchvision's transforms on PIL images: resize to `floor(size /
//! crop_pct)`, crop, `ToTensor`, normalise. What a file leaves out is timm's default.

use bundle_manifest::{
    InputKind,
    toml_text::{number, numbers},
};
use serde_json::Value as Json;

use super::{
    Facts, ImportedInput, ImportedLabels, Imports, Line,
    fields::{Fields, length},
};

/// Reads preprocessing and labels.
pub(super) fn import(fields: &Fields<'_>, facts: &Facts, imports: &mut Imports) {
    let nested = fields.object("pretrained_cfg");
    let cfg = nested.as_ref().unwrap_or(fields);
    if !imports.inputs.iter().any(|input| input.kind == InputKind::Image) {
        let source = format!("{} (timm)", fields.file());
        let steps = steps(cfg, facts);
        imports.inputs.push(ImportedInput { source, kind: InputKind::Image, tensor: None, steps });
    }
    if imports.labels.is_none() {
        imports.labels = labels(fields, cfg);
    }
    if cfg.has("test_input_size") || cfg.has("test_crop_pct") {
        imports.notes.push(format!(
            "`{}` has another size for tests (`test_input_size`, `test_crop_pct`): it was not used, \
             as timm uses it only when told so",
            fields.file()
        ));
    }
    if let Some(nested) = &nested {
        imports.notes.extend(nested.take_notes());
    }
}

fn labels(fields: &Fields<'_>, cfg: &Fields<'_>) -> Option<ImportedLabels> {
    let places = [(fields, ""), (cfg, "pretrained_cfg.")];
    let (place, prefix) = places.into_iter().find(|(place, _)| place.has("label_names"))?;
    let names = place.texts("label_names").filter(|names| !names.is_empty())?;
    let described = place.get("label_descriptions").and_then(Json::as_object);
    let described: Option<Vec<String>> = described.and_then(|map| {
        names.iter().map(|name| map.get(name)?.as_str().map(str::to_owned)).collect()
    });
    let key = if described.is_some() { "label_descriptions" } else { "label_names" };
    let source = format!("{prefix}{key} of {}", fields.file());
    Some(ImportedLabels { names: described.unwrap_or(names), source })
}

/// A value of the file, else timm's default with a reason.
fn defaulted<T>(value: Option<T>, key: &str, otherwise: T) -> (T, Option<String>) {
    match value {
        Some(value) => (value, None),
        None => (otherwise, Some(format!("timm's default of `{key}`"))),
    }
}

/// Channels, height and width.
fn input_size(cfg: &Fields<'_>) -> Option<(u32, u32, u32)> {
    let list = cfg.list("input_size")?;
    let [channels, height, width] = list else { return None };
    let sides = length(height)?.max(length(width)?);
    (sides <= 65_535).then(|| Some((length(channels)?, length(height)?, length(width)?))).flatten()
}

fn steps(cfg: &Fields<'_>, facts: &Facts) -> Vec<Line> {
    let ((channels, height, width), size_why) =
        defaulted(input_size(cfg), "input_size", (3, 224, 224));
    let exif = "timm opens images with PIL, which leaves the tag";
    let mut steps =
        vec![Line::guess("{ op = \"decode_image\", exif_orientation = \"ignore\" }", exif)];
    steps.push(if channels == 1 {
        Line::guess(
            "{ op = \"convert_color\", to = \"L\", alpha = \"drop\", luma = \"pillow\" }",
            "one channel",
        )
    } else {
        Line::guess(
            "{ op = \"convert_color\", to = \"RGB\", alpha = \"drop\" }",
            "timm converts to RGB with PIL",
        )
    });
    let (mean, mean_why) = defaulted(cfg.numbers("mean"), "mean", vec![0.485, 0.456, 0.406]);
    let (std, std_why) = defaulted(cfg.numbers("std"), "std", vec![0.229, 0.224, 0.225]);
    steps.extend(sized(cfg, facts, (height, width), size_why, &mean));
    steps.push(Line::guess(
        "{ op = \"rescale\", scale = 0.00392156862745098 }",
        "`ToTensor` divides by 255",
    ));
    if mean.len() == std.len() && !std.contains(&0.0) {
        let why: Vec<_> = mean_why.into_iter().chain(std_why).collect();
        let text =
            format!("{{ op = \"normalize\", mean = {}, std = {} }}", numbers(&mean), numbers(&std));
        steps.push(Line::doubted(text, &why));
    } else {
        cfg.note(format!("`{}`: `mean` and `std` do not fit; nothing is normalised", cfg.file()));
    }
    steps.push(Line::guess("{ op = \"layout\", to = \"NCHW\" }", "`ToTensor` puts channels first"));
    steps
}

/// Resize and crop.
fn sized(
    cfg: &Fields<'_>,
    facts: &Facts,
    (height, width): (u32, u32),
    size_why: Option<String>,
    mean: &[f64],
) -> Vec<Line> {
    let share = cfg.number("crop_pct").filter(|share| *share > 0.0 && *share <= 16.0);
    let (share, share_why) = defaulted(share, "crop_pct", 0.875);
    let (mode, mode_why) = defaulted(cfg.text("crop_mode"), "crop_mode", "center".to_owned());
    let (filter, filter_why) = filter(cfg);
    let (version, version_why) = facts.pillow();
    let why: Vec<_> =
        [size_why, share_why, filter_why, mode_why, version_why].into_iter().flatten().collect();
    let (high, wide) = (scaled(height, share), scaled(width, share));
    let resize = |size: String, rounding: &str, mut more: Vec<String>| {
        more.extend(why.clone());
        let text = format!(
            "{{ op = \"resize\", impl = \"pillow\", impl_version = \"{version}\", size = {size}, \
             interpolation = \"{filter}\"{rounding} }}"
        );
        Line::doubted(text, &more)
    };
    let trunc = ", size_rounding = \"trunc\"";
    let exact = format!("{{ height = {high}, width = {wide} }}");
    match mode.as_str() {
        "squash" => vec![resize(exact, "", vec![]), crop(height, width)],
        "border" => {
            let within = format!("{{ max_height = {high}, max_width = {wide} }}");
            vec![
                resize(within, ", size_rounding = \"round\"", vec![]),
                border(cfg, (height, width), mean),
            ]
        }
        _ if high == wide => {
            vec![
                resize(format!("{{ shortest_edge = {high} }}"), trunc, vec![]),
                crop(height, width),
            ]
        }
        _ => {
            cfg.note(format!(
                "`{}`: a crop of {height} × {width} is cut from an image that covers {high} × {wide}, \
                 and no size of `resize` covers: the steps are right only for images wider than that shape",
                cfg.file()
            ));
            let wrong = "NOT what timm does with tall images".to_owned();
            vec![
                resize(format!("{{ shortest_edge = {high} }}"), trunc, vec![wrong]),
                crop(height, width),
            ]
        }
    }
}

fn crop(height: u32, width: u32) -> Line {
    Line::guess(center_crop((height, width), "0"), "as torchvision rounds")
}

fn center_crop((height, width): (u32, u32), fill: &str) -> String {
    format!(
        "{{ op = \"center_crop\", size = [{height}, {width}], offset_rounding = \"half_even\", \
         pad_side = \"floor\", fill = {fill} }}"
    )
}

/// `round(255 * mean)` around.
fn border(cfg: &Fields<'_>, size: (u32, u32), mean: &[f64]) -> Line {
    let fills: Vec<f64> =
        mean.iter().map(|mean| (255.0 * mean).round_ties_even().clamp(0.0, 255.0)).collect();
    let fill = fills.first().copied().unwrap_or(0.0);
    let mut why = "timm fills with round(255 * mean)".to_owned();
    if fills.iter().any(|other| (other - fill).abs() > 0.0) {
        cfg.note(format!(
            "`{}`: the border is {} per channel, and `center_crop` fills with one value",
            cfg.file(),
            numbers(&fills)
        ));
        why = format!(
            "NOT what timm does: it fills each channel with its own of {}",
            numbers(&fills)
        );
    }
    Line::guess(center_crop(size, &number(fill)), why)
}

fn filter(cfg: &Fields<'_>) -> (&'static str, Option<String>) {
    let word = cfg.text("interpolation");
    match word.as_deref() {
        Some("bicubic") => ("bicubic", None),
        Some("bilinear") => ("bilinear", None),
        Some("nearest") => ("nearest", None),
        Some("lanczos") => ("lanczos", None),
        Some("box") => ("box", None),
        Some("hamming") => ("hamming", None),
        Some("random") => ("bilinear", Some("`random` was for training".to_owned())),
        Some(_) => ("bicubic", Some("`interpolation` of the file is not known".to_owned())),
        None => ("bicubic", Some("timm's default of `interpolation`".to_owned())),
    }
}

/// `floor(side / share)`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sides are below 2^16, and the quotient is limited"
)]
fn scaled(side: u32, share: f64) -> u32 {
    (f64::from(side) / share).floor().clamp(1.0, 65_535.0) as u32
}
