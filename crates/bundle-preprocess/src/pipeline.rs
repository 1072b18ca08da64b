//! The pipeline of an input, from a file to tensors.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use bundle_manifest::{ColumnKind, EntryName, FileSource, Input, InputKind, Step};

use crate::{
    InputSource, Limits, NamedTensors, StepError, Table, TableColumn, Tensor, TensorData, Value,
    columns::{listed, nearest},
    error::Fault,
    fused, group,
    kind::{ColumnType, Kind},
    ops::{self, NOTHING_BESIDE, Surroundings},
    resource::Resource,
    source::first_value,
};

/// The name under which a pipeline publishes its result.
const RESULT: &str = "value";

/// A typed pipeline that was checked: every step takes what the one before gives.
#[derive(Clone, Debug)]
pub struct InputPipeline {
    entry: String,
    input: Input,
    kind: InputKind,
    steps: Vec<CheckedStep>,
    published: BTreeSet<String>,
    /// What the last step gives.
    last: Kind,
    limits: Limits,
}

/// A step with what is known of the value that it takes.
#[derive(Clone, Debug)]
pub(crate) struct CheckedStep {
    pub(crate) step: Step,
    pub(crate) before: Kind,
    pub(crate) resource: Resource,
}

/// The value after a step.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Index of the step, from 0.
    pub index: usize,
    /// Its operation.
    pub op: &'static str,
    /// What it gave.
    pub value: Value,
}

/// What a pipeline made of an input.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The published values by name; `value` is the result.
    pub published: NamedTensors,
    /// The value after each step, when asked for.
    pub stages: Vec<Stage>,
}

impl InputPipeline {
    /// Checks the steps of `input`, from file to tensor. Names the step that cannot work.
    ///
    /// Also an error: a kind that has no operation in this version, `window` and
    /// `tile`, and a value under `tensors` that the steps do not publish, and a file of a step that
    /// `files` does not have.
    pub fn compile(input: &Input, files: &dyn FileSource) -> Result<Self, StepError> {
        let entry = input.name.to_string();
        check_entry(input).map_err(|fault| fault.of(&entry))?;
        let (steps, last) = check_steps(&entry, &input.steps, Kind::of_input(input.kind), files)?;
        let published =
            published_names(&input.steps, &last, input.kind).map_err(|fault| fault.of(&entry))?;
        for name in input.tensors.values() {
            check_published(name, &published, &last).map_err(|fault| fault.of(&entry))?;
        }
        let limits = Limits::default();
        let (input, kind) = (input.clone(), input.kind);
        Ok(Self { entry, input, kind, steps, published, last, limits })
    }

    /// The same pipeline with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The name of the input.
    pub(crate) fn entry(&self) -> &str {
        &self.entry
    }

    /// The names that [`run`](Self::run) publishes.
    pub const fn published_names(&self) -> &BTreeSet<String> {
        &self.published
    }

    /// The inputs that it joins, in order; none where it is no group.
    pub fn members(&self) -> &[EntryName] {
        &self.input.of
    }

    /// Runs all steps; keeps the value after each when `trace`. Nothing is given for a group:
    /// see [`run_group`](Self::run_group).
    pub fn run(&self, source: &InputSource, trace: bool) -> Result<Prepared, StepError> {
        self.run_from(self.first(source)?, trace)
    }

    /// Joins the results of a group's members, then runs its steps. `published` is what each
    /// input published, by name; those that are no members are not looked at.
    pub fn run_group(
        &self,
        published: &BTreeMap<EntryName, NamedTensors>,
        trace: bool,
    ) -> Result<Prepared, StepError> {
        let joined = self.joined(published).map_err(|fault| fault.of(&self.entry))?;
        self.run_from(Value::Tensor(joined), trace)
    }

    fn joined(&self, published: &BTreeMap<EntryName, NamedTensors>) -> Result<Tensor, Fault> {
        let Some(join) = &self.input.join else { return Err(Fault::new("is no group")) };
        let result = |name: &EntryName| published.get(name).and_then(|values| values.get(RESULT));
        let mut members = Vec::with_capacity(self.input.of.len());
        for name in &self.input.of {
            let Some(tensor) = result(name) else {
                let fault = Fault::new(format!("joins `{name}`, which publishes no `{RESULT}`"));
                return Err(fault.hint("its steps must end with a tensor"));
            };
            members.push((name.as_str(), tensor));
        }
        group::join(join, &members, &self.limits)
    }

    fn run_from(&self, first: Value, trace: bool) -> Result<Prepared, StepError> {
        let mut value = first;
        let mut published = NamedTensors::new();
        let mut stages = Vec::new();
        let fused = match &value {
            Value::Bytes(bytes) if !trace => fused::first_steps(&self.steps, bytes, &self.limits),
            _ => None,
        };
        let done = fused.map_or(0, |(count, image)| {
            value = Value::Image(image);
            count
        });
        for (index, step) in self.steps.iter().enumerate().skip(done) {
            value = self.apply(index, step, value, &mut published)?;
            if trace {
                stages.push(Stage { index, op: step.step.op(), value: value.clone() });
            }
        }
        publish(value, &self.last, &mut published).map_err(|fault| fault.of(&self.entry))?;
        Ok(Prepared { published, stages })
    }

    /// What a person gives.
    pub(crate) const fn kind(&self) -> InputKind {
        self.kind
    }

    /// Its steps, as they were checked.
    pub(crate) fn checked_steps(&self) -> impl ExactSizeIterator<Item = &CheckedStep> {
        self.steps.iter()
    }

    /// Its steps.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = &Step> {
        self.steps.iter().map(|checked| &checked.step)
    }

    /// The same input with `steps` in place of step `index`, checked again.
    pub fn varied(
        &self,
        index: usize,
        steps: &[Step],
        files: &dyn FileSource,
    ) -> Result<Self, StepError> {
        let mut input = self.input.clone();
        let end = (index + 1).min(input.steps.len());
        input.steps.splice(index.min(end)..end, steps.iter().cloned());
        Self::compile(&input, files).map(|varied| varied.with_limits(self.limits))
    }

    /// The value before the first step.
    pub fn first(&self, source: &InputSource) -> Result<Value, StepError> {
        let first = match self.kind {
            InputKind::Group => {
                let names = listed(self.input.of.iter().map(EntryName::as_str));
                Err(Fault::new(format!("joins {names}, and nothing is given for it")))
            }
            kind => first_value(kind, source, &self.limits),
        };
        first.map_err(|fault| fault.of(&self.entry))
    }

    /// What is given as the first step reads it: pixels, sound, a table; a text as it is.
    pub(crate) fn decoded(&self, source: &InputSource) -> Result<Value, StepError> {
        let first = self.first(source)?;
        match first {
            Value::Bytes(_) | Value::Json(_) if !self.steps.is_empty() => self.run_step(0, &first),
            other => Ok(other),
        }
    }

    /// Runs the steps of `range` on the value before them.
    pub fn run_range(&self, range: Range<usize>, before: Value) -> Result<Value, StepError> {
        let mut value = before;
        for (index, step) in self.steps.iter().enumerate().take(range.end).skip(range.start) {
            value = self.apply(index, step, value, &mut NamedTensors::new())?;
        }
        Ok(value)
    }

    /// Runs only step `index`, on a recorded value before it (for the local error of a replay).
    pub fn run_step(&self, index: usize, before: &Value) -> Result<Value, StepError> {
        let Some(step) = self.steps.get(index) else {
            let fault =
                Fault::new(format!("has {} steps, and none has index {index}", self.steps.len()));
            return Err(fault.of(&self.entry));
        };
        self.apply(index, step, before.clone(), &mut NamedTensors::new())
    }

    fn apply(
        &self,
        index: usize,
        checked: &CheckedStep,
        value: Value,
        published: &mut NamedTensors,
    ) -> Result<Value, StepError> {
        let CheckedStep { step, before, resource } = checked;
        let (limits, beside) = (&self.limits, &NOTHING_BESIDE);
        let around = Surroundings { before, resource, limits, published, beside };
        ops::apply(step, value, around).map_err(|fault| fault.at(&self.entry, index, step.op()))
    }
}

/// What cannot run whatever the steps are.
fn check_entry(input: &Input) -> Result<(), Fault> {
    if input.window.is_some() {
        return Err(Fault::planned("`window`"));
    }
    if input.tile.is_some() {
        return Err(Fault::planned("`tile`"));
    }
    if input.kind == InputKind::Group && (input.of.len() < 2 || input.join.is_none()) {
        let fault = Fault::new("a group says which inputs it joins, and how");
        return Err(
            fault.hint("add `of = [\"…\", \"…\"]` and `join = { how = \"concat\", axis = 1 }`")
        );
    }
    if !input.steps.is_empty() {
        return Ok(());
    }
    match input.kind {
        InputKind::Tensor | InputKind::Group => Ok(()),
        InputKind::Image => {
            Err(Fault::new("an image without steps stays a file").hint("start with `decode_image`"))
        }
        InputKind::Table => {
            Err(Fault::new("a table without steps stays a file").hint("start with `columns`"))
        }
        InputKind::Audio => {
            Err(Fault::new("a sound without steps stays a file").hint("start with `decode_audio`"))
        }
        InputKind::File => {
            let fault = Fault::new("a file without steps stays a file");
            Err(fault.hint("start with `bytes` or `decode_array`"))
        }
        InputKind::Series => {
            let fault = Fault::new("a series without steps stays a file");
            Err(fault.hint("start with `columns` or `decode_array`"))
        }
        InputKind::Text => {
            Err(Fault::new("a text without steps is no tensor").hint("start with `tokenize`"))
        }
    }
}

/// Checks each step against the one before; also what the last one gives.
fn check_steps(
    entry: &str,
    steps: &[Step],
    first: Kind,
    files: &dyn FileSource,
) -> Result<(Vec<CheckedStep>, Kind), StepError> {
    let mut before = first;
    let mut checked = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let fault = |fault: Fault| fault.at(entry, index, step.op());
        let after = ops::check(step, &before).map_err(fault)?;
        let resource = Resource::load(step, files).map_err(fault)?;
        checked.push(CheckedStep { step: step.clone(), before, resource });
        before = after;
    }
    Ok((checked, before))
}

/// The names that a pipeline publishes when it ends with `last`.
fn published_names(
    steps: &[Step],
    last: &Kind,
    kind: InputKind,
) -> Result<BTreeSet<String>, Fault> {
    let beside = steps.iter().flat_map(Step::publishes).map(|name| (*name).to_owned());
    let mut names: BTreeSet<String> = beside.collect();
    match last {
        Kind::Source => {
            return Err(Fault::new(format!(
                "the steps of an input of kind `{kind}` leave an undecoded file"
            )));
        }
        Kind::Text => {
            let fault = Fault::new("the steps leave a text, and a network takes numbers");
            return Err(fault.hint("put `tokenize` last"));
        }
        Kind::Image { .. } | Kind::Audio { .. } | Kind::Spectrum { .. } | Kind::Tensor { .. } => {
            names.insert(RESULT.to_owned());
        }
        Kind::Table(columns) => {
            let numeric = columns.iter().filter(|column| column.kind == ColumnKind::Number);
            names.extend(numeric.clone().map(|column| column.name.clone()));
            if numeric.count() == columns.len() && !names.insert(RESULT.to_owned()) {
                let fault = Fault::new("a column is named `value`, as the result of the steps is");
                return Err(fault.hint("put `column_concat` last"));
            }
        }
    }
    Ok(names)
}

fn check_published(name: &str, published: &BTreeSet<String>, last: &Kind) -> Result<(), Fault> {
    if published.contains(name) {
        return Ok(());
    }
    let categories = match last {
        Kind::Table(columns) => columns.as_slice(),
        _ => &[],
    };
    let mut categories = categories.iter().filter(|column| column.kind == ColumnKind::Category);
    if let Some(category) = categories.find(|column| name == RESULT || column.name == name) {
        let column = &category.name;
        let fault = Fault::new(format!(
            "`tensors` asks for `{name}`, but column `{column}` is a category and no tensor"
        ));
        return Err(fault.hint("put `one_hot` last"));
    }
    let names = published.iter().map(String::as_str);
    let fault = Fault::new(format!("`tensors` asks for `{name}`, which the steps do not publish"));
    Err(match nearest(name, names.clone()) {
        Some(near) => fault.hint(format!("did you mean `{near}`?")),
        None => fault.hint(format!("they publish {}", listed(names))),
    })
}

/// Publishes the last value: as `value`, and the numeric columns of a table by name,
/// each as rows × 1 of its type.
fn publish(value: Value, last: &Kind, published: &mut NamedTensors) -> Result<(), Fault> {
    ops::check_storage(&value)?;
    if let Value::Table(table) = &value {
        publish_columns(table, last.table()?, published)?;
    }
    let result = match value {
        Value::Tensor(tensor) => Some(tensor),
        other => other.to_tensor(),
    };
    published.extend(result.map(|result| (RESULT.to_owned(), result)));
    Ok(())
}

fn publish_columns(
    table: &Table,
    types: &[ColumnType],
    published: &mut NamedTensors,
) -> Result<(), Fault> {
    for (column, of) in table.columns.iter().zip(types) {
        let TableColumn::Number { name, cells } = column else { continue };
        if let Some(row) = cells.iter().position(|cell| cell.is_nan()) {
            let fault = Fault::new(format!("row {} of column `{name}` is missing", row + 1));
            return Err(fault.hint("put `impute` last, with the value that the training used"));
        }
        let tensor = Tensor::reshaped(vec![cells.len(), 1], TensorData::Float64(cells.clone()));
        let tensor = tensor.cast(of.dtype).map_err(|error| {
            let (row, value, dtype) = (error.index + 1, error.value, of.dtype);
            Fault::new(format!(
                "row {row} of column `{name}` is {value}, which `{dtype}` cannot hold"
            ))
        })?;
        published.insert(name.clone(), tensor);
    }
    Ok(())
}
