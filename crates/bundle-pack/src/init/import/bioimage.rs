//! `rdf.yaml` of BioImage.IO, formats 0.4 and 0.5: axes, pre- and postprocessing, test tensors.
//!
//! Its inputs are arrays, so the inputs are of kind `tensor`. Where 0.4 and 0.5 give a parameter
//! a default, it is the default of `bioimageio.core`.

use bundle_manifest::{
    InputKind, OutputKind,
    toml_text::{number, numbers, quote},
};
use serde_json::Value as Json;

use super::{
    ImportedExample, ImportedInput, ImportedOutput, Imports, Line, MAX_CONFIG, Project,
    fields::Fields, short, yaml,
};

/// Tensors and operations that are read.
const MOST: usize = 64;

/// Reads the description of a model, where there is one.
pub(super) fn of_project(project: &Project<'_>, imports: &mut Imports) {
    let Some(path) = project.find(&["rdf.yaml", "bioimageio.yaml", "rdf.yml"]).cloned() else {
        return;
    };
    let Some(text) = project.read(&path, MAX_CONFIG) else { return };
    let json = match yaml::parse(&text) {
        Ok(json) => json,
        Err(error) => {
            imports.notes.push(format!("`{path}` is no YAML that is read: {error}"));
            return;
        }
    };
    let Some(fields) = Fields::of(path.as_str(), &json, &mut imports.notes) else { return };
    if fields.text("type").is_some_and(|kind| kind != "model") {
        return;
    }
    let tensors = |key: &str| fields.list(key).unwrap_or_default().iter().take(MOST);
    let mut described = Described::default();
    for tensor in tensors("inputs") {
        if let Some((name, steps)) = tensor_of(&fields, tensor, "preprocessing", &mut imports.notes)
        {
            described.inputs.push((name.clone(), test_tensor(tensor)));
            imports.inputs.push(ImportedInput {
                source: path.to_string(),
                kind: InputKind::Tensor,
                tensor: Some(name),
                steps,
            });
        }
    }
    for tensor in tensors("outputs") {
        if let Some((name, steps)) =
            tensor_of(&fields, tensor, "postprocessing", &mut imports.notes)
        {
            described.outputs.push((name.clone(), test_tensor(tensor)));
            imports.outputs.push(ImportedOutput {
                source: path.to_string(),
                kind: OutputKind::Tensor,
                kind_guess: Some("labels, boxes or mask say more".to_owned()),
                tensor: Some(name),
                roles: Vec::new(),
                steps,
                restore: false,
            });
        }
    }
    described.of_0_4(&fields);
    imports.examples.extend(described.example(project, &path));
    imports.notes.extend(fields.take_notes());
}

/// Names of tensors with their recorded arrays.
#[derive(Default)]
struct Described {
    inputs: Vec<(String, Option<String>)>,
    outputs: Vec<(String, Option<String>)>,
}

impl Described {
    /// Format 0.4 lists the arrays beside the tensors, in their order.
    fn of_0_4(&mut self, fields: &Fields<'_>) {
        for (key, tensors) in
            [("test_inputs", &mut self.inputs), ("test_outputs", &mut self.outputs)]
        {
            if !fields.has(key) {
                continue;
            }
            let files = fields.list(key).unwrap_or_default();
            for ((_, file), given) in tensors.iter_mut().zip(files) {
                *file = file.take().or_else(|| given.as_str().map(str::to_owned));
            }
        }
    }

    /// An example, where every tensor has an array in the project.
    fn example(
        self,
        project: &Project<'_>,
        path: &bundle_manifest::ArtifactPath,
    ) -> Option<ImportedExample> {
        let found = |tensors: Vec<(String, Option<String>)>| {
            let found =
                tensors.into_iter().map(|(name, file)| Some((name, project.beside(path, &file?)?)));
            found.collect::<Option<Vec<_>>>().filter(|found| !found.is_empty())
        };
        Some(ImportedExample { inputs: found(self.inputs)?, expect: found(self.outputs)? })
    }
}

/// `test_tensor` of format 0.5: a path, or an object with one.
fn test_tensor(tensor: &Json) -> Option<String> {
    let test = tensor.get("test_tensor")?;
    let source = test.get("source").unwrap_or(test);
    source.as_str().map(str::to_owned)
}

/// A tensor's name and its steps.
fn tensor_of(
    fields: &Fields<'_>,
    tensor: &Json,
    key: &str,
    notes: &mut Vec<String>,
) -> Option<(String, Vec<Line>)> {
    let tensor = Fields::of(fields.file(), tensor, notes)?;
    let name = tensor.text("id").or_else(|| tensor.text("name"))?;
    let axes = axes(&tensor);
    let mut steps = Vec::new();
    for operation in tensor.list(key).unwrap_or_default().iter().take(MOST) {
        let Some(operation) = Fields::of(fields.file(), operation, notes) else { continue };
        let id = operation.text("id").or_else(|| operation.text("name")).unwrap_or_default();
        let empty = Json::Object(serde_json::Map::new());
        let kwargs = operation.get("kwargs").unwrap_or(&empty);
        if let Some(kwargs) = Fields::of(fields.file(), kwargs, notes) {
            match step(&id, &kwargs, &axes) {
                Ok(lines) => steps.extend(lines),
                Err(why) => notes.push(format!(
                    "`{}`: `{}` of `{}` {why}; write this step by hand",
                    fields.file(),
                    short(&id),
                    short(&name)
                )),
            }
            notes.extend(kwargs.take_notes());
        }
        notes.extend(operation.take_notes());
    }
    notes.extend(tensor.take_notes());
    Some((name, steps))
}

/// The names of the axes in order: a letter each in 0.4, an object each in 0.5.
fn axes(tensor: &Fields<'_>) -> Vec<String> {
    match tensor.get("axes") {
        Some(Json::String(letters)) => letters.chars().take(MOST).map(String::from).collect(),
        Some(Json::Array(list)) => list
            .iter()
            .take(MOST)
            .map(|axis| {
                let name = axis.get("id").or_else(|| axis.get("type"));
                name.and_then(Json::as_str).unwrap_or_default().to_owned()
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// `, axes = […]` of the axes that an operation names; nothing where it names none.
fn chosen(kwargs: &Fields<'_>, axes: &[String]) -> Result<String, String> {
    let names: Vec<String> = match kwargs.get("axes") {
        None => return Ok(String::new()),
        Some(Json::String(letters)) => letters.chars().take(MOST).map(String::from).collect(),
        Some(_) => kwargs.texts("axes").ok_or("has `axes` that are no names")?,
    };
    let index = |name: &String| {
        let at = axes.iter().position(|axis| axis == name);
        at.map(|at| at.to_string())
            .ok_or_else(|| format!("names the axis `{}`, which is not there", short(name)))
    };
    let indices = names.iter().map(index).collect::<Result<Vec<_>, _>>()?;
    Ok(format!(", axes = [{}]", indices.join(", ")))
}

/// `, axis = N` of the one axis that an operation names.
fn along(kwargs: &Fields<'_>, axes: &[String]) -> Result<String, String> {
    let Some(name) = kwargs.text("axis") else { return Ok(String::new()) };
    let at = axes.iter().position(|axis| *axis == name);
    at.map(|at| format!(", axis = {at}"))
        .ok_or_else(|| format!("names the axis `{}`, which is not there", short(&name)))
}

fn step(id: &str, kwargs: &Fields<'_>, axes: &[String]) -> Result<Vec<Line>, String> {
    let value = |key: &str, otherwise: f64| number(kwargs.number(key).unwrap_or(otherwise));
    let list = |key: &str, otherwise: f64| kwargs.numbers(key).unwrap_or_else(|| vec![otherwise]);
    if kwargs.has("reference_tensor") || kwargs.has("reference_implementation") {
        return Err("takes its statistics from another tensor".to_owned());
    }
    let mode = kwargs.text("mode");
    if mode.as_deref() == Some("per_dataset") {
        return Err("needs the statistics of a whole data set".to_owned());
    }
    let text = match id {
        "zero_mean_unit_variance" if mode.as_deref() != Some("fixed") => format!(
            "{{ op = \"zero_mean_unit_variance\", eps = {}, eps_position = \"std\", ddof = 0{} }}",
            value("eps", 1e-6),
            chosen(kwargs, axes)?
        ),
        "zero_mean_unit_variance" | "fixed_zero_mean_unit_variance" => fixed(kwargs, axes)?,
        "scale_range" => format!(
            "{{ op = \"scale_range\", min_percentile = {}, max_percentile = {}, eps = {}{} }}",
            value("min_percentile", 0.0),
            value("max_percentile", 100.0),
            value("eps", 1e-6),
            chosen(kwargs, axes)?
        ),
        "scale_linear" => format!(
            "{{ op = \"scale_linear\", gain = {}, offset = {}{} }}",
            numbers(&list("gain", 1.0)),
            numbers(&list("offset", 0.0)),
            along(kwargs, axes)?
        ),
        "clip" => {
            let bound =
                |key: &str| kwargs.number(key).map(|value| format!(", {key} = {}", number(value)));
            let bounds: String = ["min", "max"].into_iter().filter_map(bound).collect();
            format!("{{ op = \"clip\"{bounds} }}")
        }
        "binarize" if kwargs.numbers("threshold").is_some_and(|list| list.len() > 1) => {
            return Err("has a threshold per element of an axis".to_owned());
        }
        "binarize" => format!("{{ op = \"binarize\", threshold = {} }}", value("threshold", 0.0)),
        "sigmoid" => "{ op = \"sigmoid\" }".to_owned(),
        "softmax" => {
            let axis = along(kwargs, axes)?;
            let axis = if axis.is_empty() { ", axis = 1".to_owned() } else { axis };
            format!("{{ op = \"softmax\"{axis} }}")
        }
        "ensure_dtype" => {
            let dtype = kwargs.text("dtype").ok_or("names no dtype")?;
            format!("{{ op = \"ensure_dtype\", dtype = {} }}", quote(&dtype))
        }
        _ => return Err("is no operation that steps have".to_owned()),
    };
    Ok(vec![Line::read(text)])
}

/// Normalisation with constants.
fn fixed(kwargs: &Fields<'_>, axes: &[String]) -> Result<String, String> {
    let list = |key: &str, otherwise: f64| kwargs.numbers(key).unwrap_or_else(|| vec![otherwise]);
    let (mean, std) = (list("mean", 0.0), list("std", 1.0));
    if std.contains(&0.0) || (mean.len() != std.len() && mean.len() != 1 && std.len() != 1) {
        return Err("has `mean` and `std` that do not fit".to_owned());
    }
    let (mean, std) = (numbers(&mean), numbers(&std));
    Ok(format!("{{ op = \"normalize\", mean = {mean}, std = {std}{} }}", along(kwargs, axes)?))
}
