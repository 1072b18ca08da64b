//! What the model saw: each step of an input, with a picture where that is one.

use bundle_preprocess::{Stage, Value, picture};
use serde_json::{Value as Json, json};

use crate::Attach;

/// Characters of a text that are shown.
const MAX_TEXT: usize = 400;

/// The steps, each with its operation, the shape of what it gave and, where that is one, a PNG
/// file beside the answer.
pub(crate) fn steps(stages: &[Stage], attach: &mut Attach<'_>) -> Json {
    let step = |stage: &Stage| {
        let picture = picture(&stage.value).map(|png| attach(&png));
        json!({
            "index": stage.index, "op": stage.op, "shape": shape(&stage.value),
            "what": what(&stage.value), "picture": picture,
        })
    };
    stages.iter().map(step).collect()
}

fn what(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Value::Json(_) => "JSON".to_owned(),
        Value::Image(image) => format!("{:?}", image.channels).to_uppercase(),
        Value::Audio(audio) => format!("{} Hz", audio.sampling_rate),
        Value::Text(text) => text.chars().take(MAX_TEXT).collect(),
        Value::Table(_) => "table".to_owned(),
        Value::Tensor(tensor) => tensor.dtype().as_str().to_owned(),
    }
}

fn shape(value: &Value) -> Vec<usize> {
    match value {
        Value::Bytes(bytes) => vec![bytes.len()],
        Value::Json(_) => Vec::new(),
        Value::Image(image) => vec![image.height, image.width, image.channels.count()],
        Value::Audio(audio) => vec![audio.samples.len()],
        Value::Text(text) => vec![text.chars().count()],
        Value::Table(table) => vec![table.rows(), table.columns.len()],
        Value::Tensor(tensor) => tensor.shape().to_vec(),
    }
}
