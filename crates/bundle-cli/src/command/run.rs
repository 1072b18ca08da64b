//! `bundle run`: predictions.

use std::{io::Read as _, path::Path};

use bundle_manifest::{EntryName, Example, FileSource, Manifest};
use bundle_preprocess::{InputSource, NamedTensors, Outcome, Tensor};
use bundle_run::{Inputs, Likeness, Prediction, Predictor, replay};
use serde_json::{Map, Value as Json, json};

use crate::{
    args::{Format, Run},
    exit::Exit,
    failure::Failure,
    open::{Opened, believable, there},
    terminal::Terminal,
};

/// Labels per output that the text shows.
const TOP: usize = 5;
/// Bytes of an input file that are read.
const INPUT_LIMIT: u64 = 1 << 30;

pub(crate) fn run(args: &Run, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let opened = Opened::at(&args.path)?;
    if let Some(archive) = &opened.packed {
        believable(archive, &args.path, terminal)?;
    }
    let predictor =
        Predictor::new(&opened.manifest, opened.files.as_ref()).map_err(Failure::of_model)?;
    if let Some(name) = &args.example {
        return run_example(name, args, &opened, &predictor, terminal);
    }
    let calls = calls(&opened.manifest, &args.inputs)?;
    let likeness = Likeness::of(&opened.manifest, &predictor, opened.files.as_ref());
    let mut views = Vec::new();
    for (title, inputs) in &calls {
        let prediction =
            predictor.predict(inputs, args.trace).map_err(|error| match calls.len() {
                1 => Failure::from(error),
                _ => Failure::from(error).of(title),
            })?;
        let unlike = likeness.unlike(&predictor, inputs);
        match args.format {
            Format::Text => terminal.print(&text(title, &prediction, args))?,
            Format::Json => {
                let mut view = view(title, &prediction, args);
                view["unlike"] = unlike
                    .iter()
                    .map(|(name, what)| json!({ "input": name.as_str(), "what": what }))
                    .collect();
                views.push(view);
            }
        }
        for (name, what) in unlike {
            terminal.note(format!(
                "warning: `{name}` is unlike the examples: {what}; do not rely on this answer"
            ));
        }
    }
    if args.format == Format::Json {
        terminal.print_json(
            &json!({ "id": opened.id().map(|id| id.to_string()), "predictions": views }),
        )?;
    }
    Ok(Exit::Holds)
}

/// What was typed as inputs, as calls: `NAME=FILE` and `NAME:=JSON` make one
/// call together; plain files make a call each.
fn calls(manifest: &Manifest, typed: &[String]) -> Result<Vec<(String, Inputs)>, Failure> {
    let names: Vec<&EntryName> = manifest.given_inputs().map(|input| &input.name).collect();
    let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let assignment = |text: &str| {
        let (name, rest) = text.split_once('=')?;
        let (name, is_json) = name.strip_suffix(':').map_or((name, false), |name| (name, true));
        let name = names.iter().find(|known| known.as_str() == name)?;
        Some(((*name).clone(), rest.to_owned(), is_json))
    };
    let mut together = Inputs::new();
    let mut files = Vec::new();
    for text in typed {
        match assignment(text) {
            Some((name, rest, true)) => {
                let value = serde_json::from_str(&rest).map_err(|error| {
                    Failure::usage(format!("input `{name}` is not JSON: {error}"))
                })?;
                together.insert(name, InputSource::Json(value));
            }
            Some((name, rest, false)) => drop(together.insert(name, read_file(Path::new(&rest))?)),
            None => files.push(text),
        }
    }
    if typed.is_empty() {
        let examples = manifest.examples.iter().map(|example| example.name.as_str());
        let examples = examples.take(5).collect::<Vec<_>>().join(", ");
        let examples = if examples.is_empty() { "there are none".to_owned() } else { examples };
        return Err(Failure::usage(format!("nothing is given for {known}"))
            .hint(format!("name a file, NAME=FILE, NAME:=JSON, or --example ({examples})")));
    }
    let is_misspelt = |text: &&String| text.contains('=') && !Path::new(text).exists();
    if let Some(text) = files.iter().copied().find(is_misspelt) {
        let name = text.split('=').next().unwrap_or_default().trim_end_matches(':');
        return Err(Failure::usage(format!("there is no input `{name}`, and no file `{text}`"))
            .hint(format!("the inputs are {known}")));
    }
    match (files.is_empty(), together.is_empty(), names.as_slice()) {
        (true, _, _) => Ok(vec![(typed.join(" "), together)]),
        (false, true, [only]) => files
            .into_iter()
            .map(|file| {
                Ok((file.clone(), Inputs::from([((*only).clone(), read_file(Path::new(file))?)])))
            })
            .collect(),
        _ => Err(Failure::usage(format!("`{}` does not say which input it is for", files[0]))
            .hint(format!("write NAME=FILE or NAME:=JSON; the inputs are {known}"))),
    }
}

fn read_file(path: &Path) -> Result<InputSource, Failure> {
    read_bytes(path).map(InputSource::File)
}

/// The content of a file that a person named.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let metadata = there(path)?;
    if !metadata.is_file() {
        return Err(Failure::usage(format!("`{}` is not a regular file", path.display())));
    }
    let size = metadata.len();
    if size > INPUT_LIMIT {
        return Err(Failure::usage(format!(
            "{} has {size} bytes; at most {INPUT_LIMIT} are read",
            path.display()
        )));
    }
    let mut content = Vec::new();
    fs_err::File::open(path)?.take(INPUT_LIMIT).read_to_end(&mut content)?;
    Ok(content)
}

fn run_example(
    name: &str,
    args: &Run,
    opened: &Opened,
    predictor: &Predictor,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let examples = &opened.manifest.examples;
    let example =
        examples.iter().find(|example| example.name.as_str() == name).ok_or_else(|| {
            let names: Vec<&str> = examples.iter().map(|example| example.name.as_str()).collect();
            Failure::usage(format!("there is no example `{name}`"))
                .hint(format!("the examples are {}", names.join(", ")))
        })?;
    let inputs = example_inputs(example, opened.files.as_ref())?;
    let prediction = predictor.predict(&inputs, args.trace)?;
    let replayed = replay(predictor, example, opened.files.as_ref())?;
    match args.format {
        Format::Text => {
            let mut shown = text(name, &prediction, args);
            if replayed.outputs.is_empty() {
                shown.push_str("  no output was recorded to compare with\n");
            }
            for (output, beside) in &replayed.outputs {
                let words = match &beside.comparison.difference {
                    None => {
                        format!("as recorded, largest difference {:.1e}", beside.comparison.max_abs)
                    }
                    Some(difference) => format!("differs from the recording: {difference}"),
                };
                shown.push_str(&format!("  {output}: {words}\n"));
            }
            terminal.print(&shown)?;
        }
        Format::Json => {
            terminal.print_json(&json!({
                "id": opened.id().map(|id| id.to_string()),
                "predictions": [view(name, &prediction, args)],
                "replay": bundle_demo::replay_view(&replayed),
            }))?;
        }
    }
    let differs = !replayed.outputs.is_empty() && !replayed.holds;
    Ok(if differs { Exit::DoesNotHold } else { Exit::Holds })
}

fn example_inputs(example: &Example, files: &dyn FileSource) -> Result<Inputs, Failure> {
    let source = |(name, input): (&EntryName, &bundle_manifest::ExampleInput)| {
        let source = match input {
            bundle_manifest::ExampleInput::File(path) => InputSource::File(
                files.read(path, INPUT_LIMIT).map_err(|error| Failure::from(error).of(path))?,
            ),
            bundle_manifest::ExampleInput::Value(value) => InputSource::Json(value.clone()),
        };
        Ok((name.clone(), source))
    };
    example.inputs.iter().map(source).collect()
}

fn text(title: &str, prediction: &Prediction, args: &Run) -> String {
    let mut text = format!("{title}\n");
    for (input, stages) in &prediction.stages {
        for stage in stages {
            let value = stage
                .value
                .to_tensor()
                .map_or_else(|| "no array".to_owned(), |tensor| summary(&tensor));
            text.push_str(&format!("  {input}/{} {:14} {value}\n", stage.index, stage.op));
        }
    }
    let network = prediction.fed.iter().map(|(name, tensor)| ("→", name, tensor));
    for (arrow, name, tensor) in
        network.chain(prediction.raw.iter().map(|(name, tensor)| ("←", name, tensor)))
    {
        if args.trace {
            text.push_str(&format!("  {arrow} {name}  {}\n", summary(tensor)));
        }
    }
    for (name, output) in &prediction.outputs {
        text.push_str(&outcome(name.as_str(), &output.outcome, args.top.unwrap_or(TOP)));
    }
    text
}

fn outcome(name: &str, outcome: &Outcome, top: usize) -> String {
    match outcome {
        Outcome::Labels { rows } => rows
            .iter()
            .map(|row| {
                let shown =
                    row.iter().take(top).map(|label| format!("{} {:.4}", label.label, label.score));
                format!("  {name}: {}\n", shown.collect::<Vec<_>>().join("  "))
            })
            .collect(),
        Outcome::Scalar { rows } => {
            rows.iter().map(|value| format!("  {name}: {value}\n")).collect()
        }
        Outcome::Boxes { boxes } if boxes.is_empty() => format!("  {name}: nothing found\n"),
        Outcome::Boxes { boxes } => boxes
            .iter()
            .map(|found| {
                let [left, top, right, bottom] = found.edges;
                let label = &found.label;
                format!(
                    "  {name}: {} {:.4}  left {left:.1} top {top:.1} right {right:.1} bottom {bottom:.1}\n",
                    label.label, label.score
                )
            })
            .collect(),
        Outcome::Text { text } => format!("  {name}: {text}\n"),
        Outcome::Tensor { value } => format!("  {name}: {}\n", summary(value)),
    }
}

/// Shape, element type and the first values of an array.
fn summary(tensor: &Tensor) -> String {
    let shape = tensor.shape().iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
    let values = tensor.to_f64s();
    let first =
        values.iter().take(6).map(|value| format!("{value:.6}")).collect::<Vec<_>>().join(" ");
    let more = if values.len() > 6 { " …" } else { "" };
    let range = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(*value), high.max(*value))
    });
    format!("{} {shape}  [{first}{more}]  min {:.6} max {:.6}", tensor.dtype(), range.0, range.1)
}

fn view(title: &str, prediction: &Prediction, args: &Run) -> Json {
    let mut view =
        json!({ "input": title, "prediction": bundle_demo::prediction_view(prediction) });
    if let Some(top) = args.top {
        for output in view["prediction"]["outputs"].as_object_mut().into_iter().flatten() {
            for row in output.1["rows"].as_array_mut().into_iter().flatten() {
                row.as_array_mut().into_iter().for_each(|labels| labels.truncate(top));
            }
        }
    }
    if args.trace {
        let stages = prediction.stages.iter().flat_map(|(input, stages)| {
            stages.iter().map(move |stage| {
                let array = stage.value.to_tensor().map(|tensor| array(&tensor));
                json!({ "input": input.as_str(), "step": stage.index, "op": stage.op, "value": array })
            })
        });
        let named = |tensors: &NamedTensors| {
            tensors
                .iter()
                .map(|(name, tensor)| (name.clone(), array(tensor)))
                .collect::<Map<_, _>>()
        };
        view["trace"] = json!({
            "steps": stages.collect::<Vec<_>>(),
            "fed": named(&prediction.fed),
            "raw": named(&prediction.raw),
        });
    }
    view
}

/// The same of an array as [`summary`].
fn array(tensor: &Tensor) -> Json {
    let values = tensor.to_f64s();
    let finite = values.iter().copied().filter(|value| value.is_finite());
    json!({
        "dtype": tensor.dtype().as_str(),
        "shape": tensor.shape(),
        "first": values.iter().take(6).collect::<Vec<_>>(),
        "min": finite.clone().reduce(f64::min),
        "max": finite.reduce(f64::max),
    })
}
