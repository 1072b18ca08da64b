//! Changes to a graph before the engine sees it.

use std::collections::{BTreeMap, BTreeSet};

use bundle_preprocess::Tensor;

use super::{
    OnnxFile, element,
    proto::{
        AttributeProto, GraphProto, NodeProto, TensorProto, TypeValue, domain, ints, node_name,
        output, text,
    },
    trees, walk,
};
use crate::{engine::CAST_TO_INT64, tensor::to_bytes};

/// ONNX's numbers of attribute types.
const INTEGER: i32 = 2;
const TEXT: i32 = 3;
const TENSOR: i32 = 4;
const INTEGERS: i32 = 7;
/// ONNX's numbers of float32 and int64.
const FLOAT32: i64 = 1;
const INT64: i64 = 7;

/// Fixes inputs to `constants`: they become initializers.
pub(crate) fn bake(file: &mut OnnxFile, constants: Vec<(String, Tensor)>) {
    let Some(graph) = &mut file.model.graph else { return };
    for (name, value) in constants {
        graph.input.retain(|input| input.name != name);
        graph.initializer.push(initializer(name, &value));
    }
}

/// Writes in another way what the engine would read wrongly.
pub(crate) fn prepare(file: &mut OnnxFile) {
    let opset = file.opset("").unwrap_or(0);
    let Some(graph) = &mut file.model.graph else { return };
    walk::graphs_mut(graph, &mut |graph| {
        forget_symbols(graph);
        graph.value_info.clear();
        let scales = scales(graph);
        let mut additions = Vec::new();
        for node in &mut graph.node {
            rewrite_in_place(node, opset);
            additions.extend(match (domain(&node.domain), node.op_type.as_str()) {
                ("ai.onnx.ml", "TreeEnsembleClassifier") => label_from_scores(node),
                ("", "ReduceLogSumExp") => stable_log_sum(node),
                ("", "LogSoftmax") if opset >= 13 => stable_log_softmax(node, opset),
                ("", "LogSoftmax") => flat_log_softmax(node),
                ("", "Softplus") => stable_softplus(node),
                ("", "QuantizeLinear") => divided_first(node, &scales),
                ("com.microsoft", "SkipSimplifiedLayerNormalization") => bias_first(node),
                _ => None,
            });
        }
        for addition in additions {
            graph.initializer.extend(addition.tensors);
            graph.node.extend(addition.nodes);
        }
        name_apart(graph);
    });
    walk::tensors_mut(graph, &mut unsigned_as_bytes);
}

fn initializer(name: String, value: &Tensor) -> TensorProto {
    TensorProto {
        name,
        dims: value.shape().iter().map(|axis| i64::try_from(*axis).unwrap_or(i64::MAX)).collect(),
        data_type: element::code(value.dtype()),
        raw_data: to_bytes(value.data()),
        ..TensorProto::default()
    }
}

/// One axis of int64.
fn integers(name: String, values: &[i64]) -> TensorProto {
    TensorProto {
        name,
        dims: vec![i64::try_from(values.len()).unwrap_or(i64::MAX)],
        data_type: element::code(bundle_manifest::Dtype::Int64),
        raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

/// The same float32 everywhere.
fn floats(name: String, dims: Vec<i64>, value: f32) -> TensorProto {
    TensorProto {
        name,
        dims,
        data_type: element::code(bundle_manifest::Dtype::Float32),
        raw_data: value.to_le_bytes().to_vec(),
        ..TensorProto::default()
    }
}

/// A `Constant` may hold numbers instead of a tensor; afterwards it is a tensor,
/// so that what looks for constants finds all of them.
pub(crate) fn constants_as_tensors(graph: &mut GraphProto) {
    walk::graphs_mut(graph, &mut |graph| {
        for node in graph.node.iter_mut().filter(|node| node.op_type == "Constant") {
            for attribute in &mut node.attribute {
                let tensor = match &*attribute.name {
                    "value_int" => {
                        let one = integers(String::new(), &[attribute.i]);
                        TensorProto { dims: Vec::new(), ..one }
                    }
                    "value_ints" => integers(String::new(), &attribute.ints),
                    "value_float" => floats(String::new(), Vec::new(), attribute.f),
                    _ => continue,
                };
                "value".clone_into(&mut attribute.name);
                attribute.r#type = TENSOR;
                attribute.t = Some(tensor);
            }
        }
    });
}

/// ONNX lets a node have the name of a tensor or of another node's output, or
/// none; the engine does not.
fn name_apart(graph: &mut GraphProto) {
    let inputs = graph.input.iter().map(|input| input.name.clone());
    let tensors = graph.initializer.iter().map(|tensor| tensor.name.clone());
    let mut taken: BTreeSet<String> = inputs.chain(tensors).collect();
    for (index, node) in graph.node.iter_mut().enumerate() {
        node.name = node_name(node).to_owned();
        if !taken.insert(node.name.clone()) {
            node.name = format!("{}/{index}", node.name);
            taken.insert(node.name.clone());
        }
    }
}

/// Every length is given when a plan is made; a symbol is an expression that
/// the engine would parse, and a hostile one never ends.
fn forget_symbols(graph: &mut GraphProto) {
    for value in graph.input.iter_mut().chain(&mut graph.output) {
        let Some(TypeValue::TensorType(tensor)) =
            value.r#type.as_mut().and_then(|t| t.value.as_mut())
        else {
            continue;
        };
        for dimension in tensor.shape.iter_mut().flat_map(|shape| &mut shape.dim) {
            if matches!(dimension.value, Some(super::proto::Dimension::DimParam(_))) {
                dimension.value = None;
            }
        }
    }
}

/// The engine looks for lists of uint32 and uint64 in the fields of int32 and
/// int64, where ONNX does not put them; raw bytes it reads right.
fn unsigned_as_bytes(tensor: &mut TensorProto) {
    if !tensor.raw_data.is_empty() {
        return;
    }
    let values = std::mem::take(&mut tensor.uint64_data);
    match tensor.data_type {
        12 => {
            // A uint32 by ONNX's own rule; a larger value has no reading.
            let narrow = |value: &u64| u32::try_from(*value).unwrap_or(u32::MAX).to_le_bytes();
            tensor.raw_data = values.iter().flat_map(narrow).collect();
        }
        13 => tensor.raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        _ => tensor.uint64_data = values,
    }
}

/// The engine takes the logarithm of a softmax, which is -inf where a softmax
/// is 0. With `d = x - max(x)`, `d - log(sum(exp(d)))` is not.
fn stable_log_softmax(node: &mut NodeProto, opset: i64) -> Option<Addition> {
    let (result, value) = (output(node, 0)?.to_owned(), node.input.first()?.clone());
    let own = |suffix: &str| format!("{result}/bundle/{suffix}");
    let (largest, lowered, sum, listed) = (own("max"), own("lowered"), own("sum"), own("axes"));
    let axis = super::proto::int(node, "axis", -1);
    // The axes of a reduction became an input in version 18.
    let as_input = opset >= 18;
    let reduce = |op: &str, value: &str, output: &str| {
        let inputs: &[&str] = if as_input { &[value, &listed] } else { &[value] };
        let mut reduction = operation(op, inputs, output, &[("keepdims", 1)]);
        if !as_input {
            let (name, r#type, ints) = ("axes".to_owned(), INTEGERS, vec![axis]);
            let axes_attribute = AttributeProto { name, r#type, ints, ..AttributeProto::default() };
            reduction.attribute.push(axes_attribute);
        }
        reduction
    };
    let nodes = vec![
        reduce("ReduceMax", &value, &largest),
        operation("Sub", &[&value, &largest], &lowered, &[]),
        reduce("ReduceLogSumExp", &lowered, &sum),
    ];
    let tensors = as_input.then(|| integers(listed.clone(), &[axis])).into_iter().collect();
    let name = std::mem::take(&mut node.name);
    *node = NodeProto { name, ..operation("Sub", &[&lowered, &sum], &result, &[]) };
    Some(Addition { tensors, nodes })
}

/// Before version 13 the axes from `axis` on are one: the same on two axes, in
/// the shape of the input afterwards.
fn flat_log_softmax(node: &mut NodeProto) -> Option<Addition> {
    let (result, value) = (output(node, 0)?.to_owned(), node.input.first()?.clone());
    let own = |suffix: &str| format!("{result}/bundle/{suffix}");
    let (flat, shape, ready) = (own("flat"), own("shape"), own("ready"));
    let axis = super::proto::int(node, "axis", 1);
    let mut on_two = operation("LogSoftmax", &[&flat], &ready, &[("axis", 1)]);
    let mut addition = stable_log_softmax(&mut on_two, 12)?;
    addition.nodes.push(operation("Flatten", &[&value], &flat, &[("axis", axis)]));
    addition.nodes.push(operation("Shape", &[&value], &shape, &[]));
    addition.nodes.push(on_two);
    let name = std::mem::take(&mut node.name);
    *node = NodeProto { name, ..operation("Reshape", &[&ready, &shape], &result, &[]) };
    Some(addition)
}

/// `log(1 + exp(x))` overflows beyond 88; `max(x, 0) + log(1 + exp(-|x|))` does
/// not.
fn stable_softplus(node: &mut NodeProto) -> Option<Addition> {
    let (result, value) = (output(node, 0)?.to_owned(), node.input.first()?.clone());
    let own = |suffix: &str| format!("{result}/bundle/{suffix}");
    let (size, below, small, positive) = (own("size"), own("below"), own("small"), own("positive"));
    let nodes = vec![
        operation("Abs", &[&value], &size, &[]),
        operation("Neg", &[&size], &below, &[]),
        operation("Softplus", &[&below], &small, &[]),
        operation("Relu", &[&value], &positive, &[]),
    ];
    let name = std::mem::take(&mut node.name);
    *node = NodeProto { name, ..operation("Add", &[&positive, &small], &result, &[]) };
    Some(Addition { tensors: Vec::new(), nodes })
}

/// The engine multiplies by the reciprocal of the scale, which rounds
/// otherwise: divide first, then quantise by 1.
fn divided_first(node: &mut NodeProto, scales: &BTreeMap<String, Vec<i64>>) -> Option<Addition> {
    let [value, scale, ..] = &mut node.input[..] else { return None };
    let dims = scales.get(&*scale)?.clone();
    let result = node.output.first()?;
    let own = |suffix: &str| format!("{result}/bundle/{suffix}");
    let (wide, divided, one) = (own("wide"), own("divided"), own("one"));
    let nodes = vec![
        operation("Cast", &[value], &wide, &[("to", FLOAT32)]),
        operation("Div", &[&wide, scale], &divided, &[]),
    ];
    *value = divided;
    scale.clone_from(&one);
    Some(Addition { tensors: vec![floats(one, dims, 1.0)], nodes })
}

/// The shapes of the tensors with a single number of float32.
fn scales(graph: &GraphProto) -> BTreeMap<String, Vec<i64>> {
    let single = |dims: &[i64]| matches!(dims, [] | [1]);
    let scalars = graph
        .initializer
        .iter()
        .filter(|tensor| i64::from(tensor.data_type) == FLOAT32 && single(&tensor.dims));
    scalars.map(|tensor| (tensor.name.clone(), tensor.dims.clone())).collect()
}

/// The engine does not read the fourth input, a bias that is added first.
fn bias_first(node: &mut NodeProto) -> Option<Addition> {
    super::proto::input(node, 3)?;
    let biased = format!("{}/bundle/biased", node_name(node));
    let bias = node.input.pop()?;
    let add = operation("Add", &[node.input.first()?, &bias], &biased, &[]);
    node.input[0] = biased;
    Some(Addition { tensors: Vec::new(), nodes: vec![add] })
}

/// What a rewritten node needs beside itself.
struct Addition {
    tensors: Vec<TensorProto>,
    nodes: Vec<NodeProto>,
}

fn rewrite_in_place(node: &mut NodeProto, opset: i64) {
    match (domain(&node.domain), node.op_type.as_str()) {
        // The engine takes a value to mean that padding is constant.
        ("", "Pad") if text(node, "mode", "constant") != "constant" => {
            if let Some(value) = node.input.get_mut(2) {
                value.clear();
            }
        }
        ("", "Cast") if super::proto::int(node, "to", 0) == INT64 => {
            CAST_TO_INT64.clone_into(&mut node.op_type);
        }
        // Without a value it is float32; the engine makes it float64.
        ("", "ConstantOfShape") if super::proto::attribute(node, "value").is_none() => {
            node.attribute.push(AttributeProto {
                name: "value".to_owned(),
                r#type: TENSOR,
                t: Some(floats(String::new(), vec![1], 0.0)),
                ..AttributeProto::default()
            });
        }
        // Nearest neighbours were rounded down before ONNX 11 had a choice.
        ("", "Resize") if opset == 10 => node.attribute.push(AttributeProto {
            name: "nearest_mode".to_owned(),
            r#type: TEXT,
            s: b"floor".to_vec(),
            ..AttributeProto::default()
        }),
        _ => {}
    }
}

/// The engine's logarithm of a sum of exponentials overflows beyond 88:
/// `m + log(sum(exp(x - m)))` with the maximum `m` does not.
fn stable_log_sum(node: &mut NodeProto) -> Option<Addition> {
    let (result, value) = (output(node, 0)?.to_owned(), node.input.first()?.clone());
    let own = |suffix: &str| format!("{result}/bundle/{suffix}");
    let (wide, lowered, sum, narrow) = (own("wide"), own("lowered"), own("sum"), own("max"));
    let (op_type, name, output) = ("ReduceMax".to_owned(), narrow.clone(), vec![narrow.clone()]);
    let maximum = NodeProto { op_type, name, output, ..node.clone() };
    let mut kept = maximum.clone();
    kept.name.clone_from(&wide);
    kept.output = vec![wide.clone()];
    kept.attribute.retain(|attribute| attribute.name != "keepdims");
    let nodes = vec![
        maximum,
        kept,
        operation("Sub", &[&value, &wide], &lowered, &[]),
        operation("Add", &[&sum, &narrow], &result, &[]),
    ];
    node.input[0] = lowered;
    node.output[0] = sum;
    Some(Addition { tensors: Vec::new(), nodes })
}

/// Two classes with one column of votes: the label is the larger score, which
/// is how scikit-learn and onnxruntime decide, a tie included.
fn label_from_scores(node: &mut NodeProto) -> Option<Addition> {
    if !trees::has_one_column(node) {
        return None;
    }
    let label = output(node, 0)?.to_owned();
    let own = |suffix: &str| format!("{}/bundle/{suffix}", node_name(node));
    let (unused, indices, values) = (own("label"), own("index"), own("classes"));
    let scores = output(node, 1).map_or_else(|| own("scores"), str::to_owned);
    let labels = integers(values.clone(), ints(node, "classlabels_int64s"));
    let largest = operation("ArgMax", &[&scores], &indices, &[("axis", 1), ("keepdims", 0)]);
    let look_up = operation("Gather", &[&values, &indices], &label, &[("axis", 0)]);
    node.output = vec![unused, scores];
    Some(Addition { tensors: vec![labels], nodes: vec![largest, look_up] })
}

fn operation(op: &str, inputs: &[&str], output: &str, attributes: &[(&str, i64)]) -> NodeProto {
    NodeProto {
        op_type: op.to_owned(),
        name: output.to_owned(),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attributes
            .iter()
            .map(|(name, value)| AttributeProto {
                name: (*name).to_owned(),
                r#type: INTEGER,
                i: *value,
                ..AttributeProto::default()
            })
            .collect(),
        ..NodeProto::default()
    }
}

/// Whether any tensor or input of the graph is float16, so that the network
/// is computed in float32: the engine's float16 is up to 400 times slower and
/// wrong in some operators.
pub(crate) fn has_halves(file: &OnnxFile) -> bool {
    let half = i64::from(element::FLOAT16);
    let mut found = false;
    walk::tensors(file.graph(), &mut |_, tensor| {
        found |= tensor.data_type == element::FLOAT16;
    });
    walk::graphs(file.graph(), &mut |graph| {
        let cast =
            |node: &NodeProto| node.op_type == "Cast" && super::proto::int(node, "to", 0) == half;
        found |= graph.node.iter().any(cast);
        let typed = |value: &super::proto::ValueInfoProto| {
            matches!(
                value.r#type.as_ref().and_then(|t| t.value.as_ref()),
                Some(TypeValue::TensorType(tensor)) if tensor.elem_type == element::FLOAT16
            )
        };
        found |= graph.input.iter().any(typed);
    });
    found
}
