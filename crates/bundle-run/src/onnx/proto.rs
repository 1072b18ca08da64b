//! The protobuf messages of ONNX, and short ways to read them.

pub(crate) use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, ValueInfoProto,
    tensor_proto::DataLocation, tensor_shape_proto::dimension::Value as Dimension,
    type_proto::Value as TypeValue,
};

/// The domain of ONNX's own operators has two spellings; here it is empty.
pub(crate) fn domain(text: &str) -> &str {
    if text == "ai.onnx" { "" } else { text }
}

/// `Loop`, `com.microsoft.Foo`.
pub(crate) fn operator(node: &NodeProto) -> String {
    match domain(&node.domain) {
        "" => node.op_type.clone(),
        domain => format!("{domain}.{}", node.op_type),
    }
}

/// The name of a node; one without a name is known by its first output.
pub(crate) fn node_name(node: &NodeProto) -> &str {
    let output = || node.output.iter().find(|name| !name.is_empty()).map(String::as_str);
    if node.name.is_empty() { output().unwrap_or("") } else { &node.name }
}

pub(crate) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// An integer attribute, or ONNX's default for it.
pub(crate) fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.i)
}

/// A number attribute, or ONNX's default for it.
pub(crate) fn float(node: &NodeProto, name: &str, default: f32) -> f32 {
    attribute(node, name).map_or(default, |attribute| attribute.f)
}

/// A text attribute, or ONNX's default for it.
pub(crate) fn text<'a>(node: &'a NodeProto, name: &str, default: &'a str) -> &'a str {
    attribute(node, name).map_or(default, |a| std::str::from_utf8(&a.s).unwrap_or("?"))
}

/// A list of texts; absent is empty.
pub(crate) fn texts<'a>(node: &'a NodeProto, name: &str) -> Vec<&'a str> {
    let strings = attribute(node, name).map_or(&[][..], |attribute| &attribute.strings);
    strings.iter().map(|text| std::str::from_utf8(text).unwrap_or("?")).collect()
}

/// A list of integers; absent is empty.
pub(crate) fn ints<'a>(node: &'a NodeProto, name: &str) -> &'a [i64] {
    attribute(node, name).map_or(&[], |attribute| &attribute.ints)
}

/// A list of numbers; absent is empty.
pub(crate) fn floats<'a>(node: &'a NodeProto, name: &str) -> &'a [f32] {
    attribute(node, name).map_or(&[], |attribute| &attribute.floats)
}

/// The name of the input at `index`; absent and empty are the same in ONNX.
pub(crate) fn input(node: &NodeProto, index: usize) -> Option<&str> {
    node.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
}

/// The name of the output at `index`.
pub(crate) fn output(node: &NodeProto, index: usize) -> Option<&str> {
    node.output.get(index).map(String::as_str).filter(|name| !name.is_empty())
}
