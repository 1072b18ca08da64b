//! What Ultralytics writes into the metadata of the ONNX files that it exports: task, size,
//! stride and names.

use std::collections::BTreeMap;

use bundle_manifest::{InputKind, OutputKind};

use super::{
    ImportedInput, ImportedLabels, ImportedOutput, Imports, Line, literal::Literal, short,
};

const SOURCE: &str = "the metadata of the ONNX file (Ultralytics)";

/// Reads the metadata of a YOLO model; of others, nothing.
pub(super) fn import(metadata: &BTreeMap<String, String>, imports: &mut Imports) {
    if !metadata.contains_key("stride") || !metadata.contains_key("names") {
        return;
    }
    let read = |key: &str| metadata.get(key).and_then(|text| Literal::parse(text.trim()));
    imports.labels = labels(read("names"), &mut imports.notes);
    // YOLOv5 writes no task.
    let task = metadata.get("task").map_or("", |task| task.trim());
    let nms = matches!(&read("args"), Some(Literal::Map(args)) if says_nms(args))
        || metadata.get("end2end").is_some_and(|value| value.trim() == "True");
    let size = size(read("imgsz").as_ref(), &mut imports.notes);
    let steps = if task == "classify" { classify(size) } else { letterbox(size, read("stride")) };
    imports.inputs.push(ImportedInput {
        source: SOURCE.to_owned(),
        kind: InputKind::Image,
        tensor: Some("images".to_owned()),
        steps,
    });
    match task {
        "classify" => imports.outputs.push(output(OutputKind::Labels, vec![], None)),
        "detect" | "" if !nms => {
            let steps = detect(task.is_empty());
            imports.outputs.push(output(OutputKind::Boxes, steps, Some("boxes")));
        }
        "detect" | "" => imports.notes.push(
            "the network gives boxes after suppression (`nms`, `end2end`), which no step reads: its output stays an array"
                .to_owned(),
        ),
        other => imports.notes.push(format!(
            "the outputs of the Ultralytics task `{}` have no steps yet: they stay arrays",
            short(other)
        )),
    }
}

fn output(kind: OutputKind, steps: Vec<Line>, role: Option<&'static str>) -> ImportedOutput {
    ImportedOutput {
        source: SOURCE.to_owned(),
        kind,
        kind_guess: None,
        tensor: Some("output0".to_owned()),
        roles: role.map(|role| (role, "output0".to_owned())).into_iter().collect(),
        restore: kind == OutputKind::Boxes,
        steps,
    }
}

fn says_nms(args: &[(Literal, Literal)]) -> bool {
    args.iter().any(|(key, value)| key.word() == Some("nms") && *value == Literal::Bool(true))
}

/// `{0: 'person', 1: 'bicycle'}`, or a list.
fn labels(names: Option<Literal>, notes: &mut Vec<String>) -> Option<ImportedLabels> {
    let text = |value: &Literal| value.word().map(str::to_owned);
    let names: Option<Vec<String>> = match names {
        Some(Literal::List(list)) => list.iter().map(text).collect(),
        Some(Literal::Map(map)) => {
            let mut sorted: BTreeMap<u64, String> = BTreeMap::new();
            let complete = map.iter().all(|(key, value)| {
                let entry = index(key).zip(text(value));
                entry.map(|(index, name)| sorted.insert(index, name)).is_some()
            });
            let dense = sorted.keys().copied().eq(0..sorted.len() as u64);
            (complete && dense && sorted.len() == map.len()).then(|| sorted.into_values().collect())
        }
        _ => None,
    };
    let names = names.filter(|names| !names.is_empty());
    if names.is_none() {
        notes.push(format!(
            "`names` of {SOURCE} does not give every index a label; it was not used"
        ));
    }
    let source = format!("`names` of {SOURCE}");
    names.map(|names| ImportedLabels { names, source })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and in range"
)]
fn index(key: &Literal) -> Option<u64> {
    let number = key.number()?;
    ((0.0..1e6).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}

/// Height and width, and why they are a guess.
fn size(written: Option<&Literal>, notes: &mut Vec<String>) -> ([u32; 2], Option<String>) {
    let sides: Option<Vec<u32>> = match written {
        Some(Literal::List(list)) => list.iter().map(Literal::side).collect(),
        Some(number) => number.side().map(|side| vec![side]),
        None => None,
    };
    match sides.as_deref() {
        Some([side]) => ([*side; 2], None),
        Some([height, width]) => ([*height, *width], None),
        _ => {
            if written.is_some() {
                notes.push(format!("`imgsz` of {SOURCE} is no size; 640 was used"));
            }
            ([640; 2], Some("the default of `imgsz`".to_owned()))
        }
    }
}

fn letterbox((size, why): ([u32; 2], Option<String>), stride: Option<Literal>) -> Vec<Line> {
    let [height, width] = size;
    let stride = stride.and_then(|stride| stride.side()).unwrap_or(32);
    let text = format!(
        "{{ op = \"letterbox\", impl = \"opencv\", size = [{height}, {width}], interpolation = \"bilinear\", \
         fill = 114, scaleup = true, position = \"center\" }}"
    );
    let code = format!(
        "as `predict` does with a network of one size; with any size, add `stride = {stride}`"
    );
    let why: Vec<_> = why.into_iter().chain([code]).collect();
    vec![
        Line::guess(
            "{ op = \"decode_image\", exif_orientation = \"apply\" }",
            "Ultralytics reads files with OpenCV, which applies the tag",
        ),
        Line::guess(
            "{ op = \"convert_color\", to = \"RGB\", alpha = \"drop\" }",
            "Ultralytics turns BGR into RGB after the letterbox, which gives the same",
        ),
        Line::doubted(text, &why),
        Line::guess(
            "{ op = \"rescale\", scale = 0.00392156862745098 }",
            "Ultralytics divides by 255",
        ),
        Line::guess("{ op = \"layout\", to = \"NCHW\" }", "channels first, as Ultralytics exports"),
    ]
}

/// torchvision's transforms on a PIL image.
fn classify((size, why): ([u32; 2], Option<String>)) -> Vec<Line> {
    let [height, width] = size;
    let edge = height.min(width);
    let code = "as `classify_transforms` does";
    let resize = format!(
        "{{ op = \"resize\", impl = \"pillow\", impl_version = \"ge13\", size = {{ shortest_edge = {edge} }}, \
         interpolation = \"bilinear\", size_rounding = \"trunc\" }}"
    );
    let crop = format!(
        "{{ op = \"center_crop\", size = [{height}, {width}], offset_rounding = \"half_even\", \
         pad_side = \"floor\", fill = 0 }}"
    );
    let resize_why: Vec<_> =
        why.into_iter().chain([format!("{code}; Pillow 13 or later, `lt13` before")]).collect();
    vec![
        Line::guess(
            "{ op = \"decode_image\", exif_orientation = \"apply\" }",
            "Ultralytics reads with OpenCV",
        ),
        Line::guess("{ op = \"convert_color\", to = \"RGB\", alpha = \"drop\" }", code),
        Line::doubted(resize, &resize_why),
        Line::guess(crop, code),
        Line::guess("{ op = \"rescale\", scale = 0.00392156862745098 }", code),
        Line::guess("{ op = \"layout\", to = \"NCHW\" }", code),
    ]
}

fn detect(version5: bool) -> Vec<Line> {
    let (transposed, objectness, score, iou) =
        if version5 { (false, true, "0.25", "0.45") } else { (true, false, "0.25", "0.7") };
    let decode = format!(
        "{{ op = \"decode_boxes\", format = \"cxcywh\", unit = \"pixels\", transposed = {transposed}, \
         objectness = {objectness}, activation = \"none\", background = false, score = {score} }}"
    );
    let nms = format!("{{ op = \"nms\", iou = {iou}, per_class = true, max = 300 }}");
    let form = if version5 {
        "the form of YOLOv5, which writes no task"
    } else {
        "the form of YOLOv8 and later"
    };
    vec![
        Line::guess(decode, format!("{form}; the score is the default of `predict`")),
        Line::guess(nms, "the defaults of `predict`; for a paper's numbers, `val` takes others"),
    ]
}
