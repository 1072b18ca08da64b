//! What the page is told of the bundle.

use std::collections::BTreeMap;

use bundle_manifest::{
    BundleId, Claim, Column, Example, ExampleInput, Input, InputKind, Manifest, Output, Step,
    Tolerance,
};
use bundle_run::Predictor;
use bundle_signature::Verification;
use serde::Serialize;
use serde_json::{Value as Json, json};

/// What the page is told of the bundle (the schema is on the [first page](crate)).
///
/// `id` is the id of a packed bundle whose members were verified, and `None` for a
/// directory; `signature` is what may be believed of its signature; `labels` has the label map of each output that has one.
pub fn describe(
    manifest: &Manifest,
    id: Option<BundleId>,
    signature: &Verification,
    labels: &BTreeMap<String, Vec<String>>,
) -> Json {
    let bundle = &manifest.bundle;
    let description = DescriptionView {
        format: 1,
        name: bundle.name.as_str(),
        version: bundle.version.to_string(),
        title: &bundle.title,
        authors: &bundle.authors,
        license: &bundle.license,
        paper: bundle.paper.as_deref(),
        task: bundle.task.as_deref(),
        use_: manifest
            .use_
            .as_ref()
            .map(|use_| UseView { for_: &use_.for_, not_for: use_.not_for.as_deref() }),
        id: id.map(|id| id.to_string()),
        signature: signature.as_str(),
        signer: signer(signature),
        inputs: manifest.given_inputs().map(InputView::of).collect(),
        outputs: manifest
            .outputs
            .iter()
            .map(|output| OutputView::of(output, labels.get(output.name.as_str())))
            .collect(),
        examples: manifest.examples.iter().map(ExampleView::of).collect(),
        claims: manifest.claims.iter().map(ClaimView::of).collect(),
    };
    // Maps with text keys, and numbers that the manifest holds finite: this always is JSON.
    serde_json::to_value(description).unwrap_or(Json::Null)
}

/// The same of a bundle whose model is loaded here: with its label maps, and with what can be
/// done to each input to try how far an answer holds.
pub fn describe_loaded(
    manifest: &Manifest,
    id: Option<BundleId>,
    signature: &Verification,
    predictor: &Predictor,
) -> Json {
    let labelled = manifest.outputs.iter().filter_map(|output| {
        let map = predictor.labels(&output.name)?;
        Some((output.name.to_string(), map.names.clone()))
    });
    let mut description = describe(manifest, id, signature, &labelled.collect());
    let changes = manifest.given_inputs().filter_map(|input| {
        let kinds = predictor.input_pipeline(&input.name)?.perturbations();
        Some(kinds.into_iter().map(|kind| {
            json!({ "input": input.name.as_str(), "kind": kind.as_str(), "levels": kind.levels() })
        }))
    });
    description["perturbations"] = changes.flatten().collect();
    description
}

/// Who signed, and what stands against believing it.
fn signer(signature: &Verification) -> Option<String> {
    match signature {
        Verification::Good(signer) => Some(signer.to_string()),
        Verification::Unknown { .. } => Some(signature.to_string()),
        Verification::Bad(_) | Verification::Unsigned => None,
    }
}

#[derive(Serialize)]
struct DescriptionView<'a> {
    format: u32,
    name: &'a str,
    version: String,
    title: &'a str,
    authors: &'a [String],
    license: &'a str,
    paper: Option<&'a str>,
    task: Option<&'a str>,
    #[serde(rename = "use")]
    use_: Option<UseView<'a>>,
    id: Option<String>,
    signature: &'static str,
    signer: Option<String>,
    inputs: Vec<InputView<'a>>,
    outputs: Vec<OutputView<'a>>,
    examples: Vec<ExampleView<'a>>,
    claims: Vec<ClaimView<'a>>,
}

#[derive(Serialize)]
struct UseView<'a> {
    #[serde(rename = "for")]
    for_: &'a str,
    not_for: Option<&'a str>,
}

#[derive(Serialize)]
struct InputView<'a> {
    name: &'a str,
    kind: &'static str,
    description: Option<&'a str>,
    media_types: &'static [&'static str],
    extensions: &'static [&'static str],
    columns: Vec<ColumnView<'a>>,
}

impl<'a> InputView<'a> {
    fn of(input: &'a Input) -> Self {
        let medical = input.steps.iter().any(|step| matches!(step, Step::DecodeDicom { .. }));
        let (media_types, extensions): (&[&str], &[&str]) = match input.kind {
            InputKind::Image if medical => (&["application/dicom"], &[".dcm"]),
            InputKind::Image => (
                &["image/png", "image/jpeg", "image/webp", "image/tiff"],
                &[".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"],
            ),
            InputKind::Audio => (&["audio/wav", "audio/flac"], &[".wav", ".flac"]),
            InputKind::Table | InputKind::Series => (&["text/csv"], &[".csv"]),
            InputKind::Tensor => (&[], &[".npy", ".json"]),
            _ => (&[], &[]),
        };
        let columns = input.steps.iter().find_map(|step| match step {
            Step::Columns(columns) => Some(columns.columns.as_slice()),
            _ => None,
        });
        Self {
            name: input.name.as_str(),
            kind: input.kind.as_str(),
            description: input.description.as_deref(),
            media_types,
            extensions,
            columns: columns.unwrap_or_default().iter().map(ColumnView::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct ColumnView<'a> {
    name: &'a str,
    kind: &'static str,
    unit: Option<&'a str>,
    description: Option<&'a str>,
    range: Option<[f64; 2]>,
    categories: Option<&'a [String]>,
}

impl<'a> ColumnView<'a> {
    fn of(column: &'a Column) -> Self {
        Self {
            name: &column.name,
            kind: column.kind.as_str(),
            unit: column.unit.as_deref(),
            description: column.description.as_deref(),
            range: column.range,
            categories: column.categories.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct OutputView<'a> {
    name: &'a str,
    kind: &'static str,
    description: Option<&'a str>,
    unit: Option<&'a str>,
    labels: Option<&'a [String]>,
    unit_scale: bool,
    tolerance: ToleranceView,
}

impl<'a> OutputView<'a> {
    fn of(output: &'a Output, labels: Option<&'a Vec<String>>) -> Self {
        Self {
            name: output.name.as_str(),
            kind: output.kind.as_str(),
            description: output.description.as_deref(),
            unit: output.unit.as_deref(),
            labels: labels.map(Vec::as_slice),
            unit_scale: matches!(output.steps.last(), Some(Step::Softmax(_) | Step::Sigmoid(_))),
            tolerance: ToleranceView::of(&output.tolerance),
        }
    }
}

#[derive(Serialize)]
struct ToleranceView {
    atol: f64,
    rtol: f64,
    compare: &'static str,
}

impl ToleranceView {
    const fn of(tolerance: &Tolerance) -> Self {
        Self { atol: tolerance.atol, rtol: tolerance.rtol, compare: tolerance.compare.as_str() }
    }
}

#[derive(Serialize)]
struct ExampleView<'a> {
    name: &'a str,
    inputs: BTreeMap<&'a str, ExampleInputView<'a>>,
    expect: bool,
    origin: Option<&'static str>,
    truth: BTreeMap<&'a str, &'a str>,
    recorded_with: Option<&'a str>,
}

impl<'a> ExampleView<'a> {
    fn of(example: &'a Example) -> Self {
        let inputs = example.inputs.iter();
        let truth = example.truth.iter();
        Self {
            name: example.name.as_str(),
            inputs: inputs
                .map(|(name, input)| (name.as_str(), ExampleInputView::of(input)))
                .collect(),
            expect: !example.expect.is_empty(),
            origin: example.origin.map(bundle_manifest::Origin::as_str),
            truth: truth.map(|(name, truth)| (name.as_str(), truth.as_str())).collect(),
            recorded_with: example.recorded_with.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum ExampleInputView<'a> {
    File(String),
    Value(&'a Json),
}

impl<'a> ExampleInputView<'a> {
    fn of(input: &'a ExampleInput) -> Self {
        match input {
            ExampleInput::File(path) => Self::File(path.to_string()),
            ExampleInput::Value(value) => Self::Value(value),
        }
    }
}

#[derive(Serialize)]
struct ClaimView<'a> {
    output: Option<&'a str>,
    metric: &'a str,
    value: f64,
    dataset: &'a str,
}

impl<'a> ClaimView<'a> {
    fn of(claim: &'a Claim) -> Self {
        Self {
            output: claim.output.as_ref().map(bundle_manifest::EntryName::as_str),
            metric: &claim.metric,
            value: claim.value,
            dataset: &claim.dataset,
        }
    }
}
