//! What an ONNX file says, without running it.

use std::collections::BTreeMap;

use bundle_manifest::{ArtifactPath, Dtype, FileSource};

use crate::{
    RunError,
    onnx::{
        OnnxFile, element,
        external::{self, External},
        proto::{Dimension, TypeValue, ValueInfoProto, operator},
        refuse, weights,
    },
};

/// An input or output of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxTensor {
    /// Its name.
    pub name: String,
    /// `None`: a type outside [`Dtype`].
    pub dtype: Option<Dtype>,
    /// A length or a symbol per axis; `None` where the rank is unknown. The
    /// symbol is `?` where the file gives none.
    pub shape: Option<Vec<Result<u64, String>>>,
}

/// A node that cannot run or would be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Node name, or the name of an input, output or initializer.
    pub node: String,
    /// `Loop`, `com.microsoft.Foo`; `input`, `output` or `initializer` where
    /// it is not a node.
    pub operator: String,
    /// Why.
    pub reason: String,
}

/// What an ONNX file says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct OnnxReport {
    /// Real inputs (no initializers).
    pub inputs: Vec<OnnxTensor>,
    /// Outputs.
    pub outputs: Vec<OnnxTensor>,
    /// `(domain, version)`; ONNX's own domain is empty.
    pub opsets: Vec<(String, i64)>,
    /// IR version.
    pub ir_version: i64,
    /// Producer name and version.
    pub producer: String,
    /// Metadata properties.
    pub metadata: BTreeMap<String, String>,
    /// Operators by name with counts, subgraphs included.
    pub operators: BTreeMap<String, usize>,
    /// External data, relative to `bundle.toml`, resolved and inside.
    pub external_data: Vec<ArtifactPath>,
    /// Initializers with NaN or infinity.
    pub not_finite: Vec<String>,
    /// Those of `not_finite` with NaN; the rest only have infinities, which
    /// attention masks have for a reason.
    pub not_a_number: Vec<String>,
    /// What will be refused.
    pub refusals: Vec<Refusal>,
    /// Elements of all initializers.
    pub parameters: u64,
}

/// Reads `onnx` of a project, for the model `name`. An external-data path
/// outside the project is an error that names it.
pub fn examine(
    name: &str,
    onnx: &ArtifactPath,
    files: &dyn FileSource,
) -> Result<OnnxReport, RunError> {
    let file = OnnxFile::read(name, onnx, files)?;
    let external = external::locate(&file, files)?;
    report(&file, &external, files)
}

/// The report on a file that is already decoded.
pub(crate) fn report(
    file: &OnnxFile,
    external: &External,
    files: &dyn FileSource,
) -> Result<OnnxReport, RunError> {
    let graph = file.graph();
    let found = weights::scan(file, external, files)?;
    let fixed: std::collections::BTreeSet<&str> =
        graph.initializer.iter().map(|tensor| &*tensor.name).collect();
    let inputs = graph.input.iter().filter(|input| !fixed.contains(&*input.name));
    let model = &file.model;
    Ok(OnnxReport {
        inputs: inputs.map(tensor).collect(),
        outputs: graph.output.iter().map(tensor).collect(),
        opsets: model
            .opset_import
            .iter()
            .map(|set| (crate::onnx::proto::domain(&set.domain).to_owned(), set.version))
            .collect(),
        ir_version: model.ir_version,
        producer: format!("{} {}", model.producer_name, model.producer_version).trim().to_owned(),
        metadata: model.metadata_props.iter().map(|p| (p.key.clone(), p.value.clone())).collect(),
        operators: operators(file),
        external_data: external.keys().cloned().collect(),
        not_finite: found.nan.iter().chain(&found.infinite).cloned().collect(),
        not_a_number: found.nan,
        refusals: refuse::refusals(file),
        parameters: found.parameters,
    })
}

fn operators(file: &OnnxFile) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    crate::onnx::nodes(file.graph(), &mut |node| {
        *counts.entry(operator(node)).or_default() += 1;
    });
    counts
}

fn tensor(value: &ValueInfoProto) -> OnnxTensor {
    let of_type = value.r#type.as_ref().and_then(|t| t.value.as_ref());
    let Some(TypeValue::TensorType(tensor)) = of_type else {
        return OnnxTensor { name: value.name.clone(), dtype: None, shape: None };
    };
    let axis = |dimension: &Option<Dimension>| match dimension {
        Some(Dimension::DimValue(length)) => {
            // Exporters write 0 or -1 for a length that is not fixed.
            u64::try_from(*length).ok().filter(|length| *length > 0).ok_or_else(|| "?".to_owned())
        }
        Some(Dimension::DimParam(symbol)) if !symbol.is_empty() => Err(symbol.clone()),
        _ => Err("?".to_owned()),
    };
    OnnxTensor {
        name: value.name.clone(),
        dtype: element::dtype(tensor.elem_type),
        shape: tensor
            .shape
            .as_ref()
            .map(|shape| shape.dim.iter().map(|dimension| axis(&dimension.value)).collect()),
    }
}
