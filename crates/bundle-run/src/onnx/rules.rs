//! Single operators, by what was found in the engine's sources.
//!
//! A rule says when a node is *not* computed as ONNX defines it. Where the
//! engine already stops with an error there is no rule.

use super::{
    element, integers,
    proto::{
        NodeProto, TensorProto, attribute, domain, float, floats, input, int, ints, output, text,
        texts,
    },
    spatial, trees,
};

/// Finds a value that is known before running.
pub(super) type Constants<'a> = dyn Fn(&str) -> Option<&'a TensorProto> + 'a;

/// Why `node` would be computed wrongly, if it would.
pub(super) fn objection(node: &NodeProto, opset: i64, known: &Constants<'_>) -> Option<String> {
    match domain(&node.domain) {
        "" => of_onnx(node, opset, known),
        "ai.onnx.ml" => of_classical_learning(node),
        _ => None,
    }
}

fn of_onnx(node: &NodeProto, opset: i64, known: &Constants<'_>) -> Option<String> {
    match node.op_type.as_str() {
        "LSTM" => recurrent(node, &["Sigmoid", "Tanh", "Tanh"]),
        "GRU" => recurrent(node, &["Sigmoid", "Tanh"]),
        "RNN" => recurrent(node, &["Tanh"]),
        "MaxPool" | "AveragePool" | "ConvTranspose" | "Resize" | "GridSample" | "GlobalLpPool" => {
            spatial::objection(node, opset, known)
        }
        "SpaceToDepth" => (text(node, "mode", "DCR") != "DCR").then(|| ignored("mode")),
        "Celu" | "Swish" => {
            (float(node, "alpha", 1.0).to_bits() != 1.0_f32.to_bits()).then(|| ignored("alpha"))
        }
        "BatchNormalization" => {
            (int(node, "training_mode", 0) != 0).then(|| ignored("training_mode"))
        }
        "BitShift" => bit_shift(node, known),
        "Attention" => attention(node),
        "Einsum" => einsum(node),
        "Slice" => integers::slice(node, opset, known),
        "NonMaxSuppression" => integers::suppression(node, known),
        "MatMulInteger" => integers::product(node, known),
        "Bernoulli" | "Multinomial" | "RandomNormal" | "RandomNormalLike" | "RandomUniform"
        | "RandomUniformLike" => Some("gives other random numbers than elsewhere".to_owned()),
        "Pad" => pad(node, known),
        "QuantizeLinear" | "DequantizeLinear" => quantized(node),
        "Cast" => cast(node),
        "Add" | "Sub" | "Mul" | "Div" | "And" | "Or" | "Xor" | "Equal" | "Less" | "Greater"
        | "Pow" | "PRelu"
            if opset < 7 && attribute(node, "axis").is_some() =>
        {
            Some("its broadcasting is that of ONNX before version 7".to_owned())
        }
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Min" | "Max" | "Concat" | "Where" | "Equal"
        | "Less" | "LessOrEqual" | "Greater" | "GreaterOrEqual" => integers::cut(node, known),
        _ => None,
    }
}

fn of_classical_learning(node: &NodeProto) -> Option<String> {
    let transform = text(node, "post_transform", "NONE");
    match node.op_type.as_str() {
        "TreeEnsembleClassifier" => trees::objection(node),
        "CategoryMapper" => Some("texts cannot run".to_owned()),
        "LinearClassifier" if !texts(node, "classlabels_strings").is_empty() => {
            Some(TEXT_LABELS.to_owned())
        }
        // onnxruntime and the engine disagree on what the second score is.
        "LinearClassifier" => {
            let one_row = ints(node, "classlabels_ints").len() == 2
                && floats(node, "intercepts").len() < 2
                && int(node, "multi_class", 0) == 0;
            (one_row && transform != "LOGISTIC").then(|| {
                format!("two classes with one row of coefficients and post_transform `{transform}` cannot run")
            })
        }
        "LinearRegressor" => (int(node, "targets", 1) == 1 && transform != "NONE")
            .then(|| format!("one target with post_transform `{transform}` cannot run")),
        "Normalizer" => (text(node, "norm", "MAX") == "MAX")
            .then(|| "`norm` = `MAX` would be computed wrongly".to_owned()),
        _ => None,
    }
}

/// An attribute that changes the result and that the engine does not read.
pub(super) fn ignored(attribute: &str) -> String {
    format!("its attribute `{attribute}` is ignored by the engine")
}

/// Class labels as texts would need tensors of texts.
pub(super) const TEXT_LABELS: &str =
    "its class labels are texts; export with integer labels and give `labels` in bundle.toml";

/// The engine reads neither `direction = reverse`, nor `activations`, `clip`
/// and `input_forget`, and joins both directions along the wrong axis where
/// the batch comes first.
fn recurrent(node: &NodeProto, standard: &[&str]) -> Option<String> {
    let direction = text(node, "direction", "forward");
    if direction.eq_ignore_ascii_case("reverse") {
        return Some("`direction` = `reverse` would run forward".to_owned());
    }
    let both = direction.eq_ignore_ascii_case("bidirectional");
    if both && int(node, "layout", 0) == 1 {
        return Some(
            "`direction` = `bidirectional` with `layout` = 1 would be joined wrongly".to_owned(),
        );
    }
    let given = texts(node, "activations");
    let same = |(given, wanted): (&&str, &&str)| given.eq_ignore_ascii_case(wanted);
    if !given.iter().zip(standard.iter().cycle()).all(same) {
        return Some(format!("its activations {given:?} would be {standard:?}"));
    }
    if attribute(node, "clip").is_some_and(|clip| clip.f != 0.0) {
        return Some(ignored("clip"));
    }
    (int(node, "input_forget", 0) != 0).then(|| ignored("input_forget"))
}

/// The engine shifts as the processor does; ONNX shifts everything out.
fn bit_shift(node: &NodeProto, known: &Constants<'_>) -> Option<String> {
    let amounts = input(node, 1).and_then(known);
    let small = amounts.is_some_and(|tensor| {
        let width = element::bytes(tensor.data_type, 1).unwrap_or(0) * 8;
        amounts_of(tensor).is_some_and(|amounts| amounts.iter().all(|amount| *amount < width))
    });
    (!small).then(|| "shifts by amounts that are not known to be below the width".to_owned())
}

/// The elements of a tensor of unsigned integers.
fn amounts_of(tensor: &TensorProto) -> Option<Vec<u64>> {
    if tensor.raw_data.is_empty() {
        let narrow = tensor.int32_data.iter().map(|value| u64::try_from(*value).ok());
        return narrow.chain(tensor.uint64_data.iter().map(|value| Some(*value))).collect();
    }
    let width = usize::try_from(element::bytes(tensor.data_type, 1)?).ok()?;
    let read = |bytes: &[u8]| {
        let mut wide = [0; 8];
        wide.get_mut(..width)?.copy_from_slice(bytes);
        Some(u64::from_le_bytes(wide))
    };
    tensor.raw_data.chunks_exact(width).map(read).collect()
}

/// Past keys and values go wrong in the operator that ONNX 23 introduced, and
/// its windows, which came two versions later, are not read.
fn attention(node: &NodeProto) -> Option<String> {
    let past = (4..=6).any(|index| input(node, index).is_some());
    let present = (1..=3).any(|index| output(node, index).is_some());
    if past || present {
        return Some("attention with past or present keys and values cannot run".to_owned());
    }
    let window = |name: &&str| int(node, name, -1) != -1;
    ["left_window_size", "right_window_size"]
        .iter()
        .find(|name| window(name))
        .map(|name| ignored(name))
}

fn cast(node: &NodeProto) -> Option<String> {
    let to = attribute(node, "to").map(|to| i32::try_from(to.i).unwrap_or(0));
    to.filter(|code| element::dtype(*code).is_none())
        .map(|code| format!("the element type {} cannot run", element::word(code)))
}

/// A sum to a single number would keep some of its axes; a diagonal of one of
/// several operands would not be one; and the engine reads the axes of an
/// ellipsis only from an arrow.
fn einsum(node: &NodeProto) -> Option<String> {
    let equation = text(node, "equation", "");
    let (operands, output) = if let Some((operands, output)) = equation.split_once("->") {
        (operands, output.trim().to_owned())
    } else {
        // Without an arrow, the axes of the result are the letters that occur once.
        let once = |letter: &char| {
            let same = |other: &char| other == letter;
            (letter.is_alphabetic() || *letter == '.') && equation.chars().filter(same).count() == 1
        };
        (equation, equation.chars().filter(once).collect())
    };
    let wrong =
        || Some(format!("the equation `{}` would be computed wrongly", equation.escape_debug()));
    let repeats = |operand: &str| {
        let mut seen = std::collections::BTreeSet::new();
        !operand.chars().filter(|c| c.is_alphabetic()).all(|letter| seen.insert(letter))
    };
    let several = operands.contains(',');
    if several && operands.split(',').any(repeats)
        || equation.contains("...") && !equation.contains("->")
    {
        return wrong();
    }
    let sums = operands.chars().any(char::is_alphabetic);
    if sums && output.is_empty() { wrong() } else { None }
}

/// The engine takes the type from the zero point, and uint8 or float32 where
/// there is none.
fn quantized(node: &NodeProto) -> Option<String> {
    let default = if node.op_type == "QuantizeLinear" { 2 } else { 1 };
    let given = int(node, "output_dtype", 0);
    let from_zero_point = node.op_type == "QuantizeLinear" && input(node, 2).is_some();
    (given != 0 && given != default && !from_zero_point).then(|| ignored("output_dtype"))
}

/// Negative padding, which cuts, is arithmetic that the engine does not expect.
fn pad(node: &NodeProto, known: &Constants<'_>) -> Option<String> {
    let given = input(node, 1).and_then(known);
    let raw = given.iter().flat_map(|tensor| tensor.raw_data.as_chunks().0);
    let negative = raw.map(|bytes| i64::from_le_bytes(*bytes)).any(|value| value < 0)
        || given.is_some_and(|tensor| tensor.int64_data.iter().any(|value| *value < 0))
        || ints(node, "pads").iter().any(|value| *value < 0);
    negative.then(|| "negative padding cannot run".to_owned())
}
