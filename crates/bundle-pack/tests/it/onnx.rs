//! The smallest ONNX files and NPY arrays, written by hand: what the format says,
//! not what our reader reads.

/// `TensorProto.DataType.FLOAT`
pub(crate) const FLOAT: u64 = 1;
/// `TensorProto.DataType.INT64`
pub(crate) const INT64: u64 = 7;

/// A tensor: name, element type, and its axes (negative: symbolic).
pub(crate) type Tensor<'a> = (&'a str, u64, &'a [i64]);

/// A model of one node that takes all inputs and gives all outputs.
pub(crate) fn model(
    operator: &str,
    domain: &str,
    inputs: &[Tensor<'_>],
    outputs: &[Tensor<'_>],
) -> Vec<u8> {
    let mut node = Message::default();
    for (name, ..) in inputs {
        node.bytes(1, name.as_bytes());
    }
    for (name, ..) in outputs {
        node.bytes(2, name.as_bytes());
    }
    node.bytes(3, b"node").bytes(4, operator.as_bytes()).bytes(7, domain.as_bytes());
    let mut graph = Message::default();
    graph.message(1, &node).bytes(2, b"graph");
    for tensor in inputs {
        graph.message(11, &value_info(tensor));
    }
    for tensor in outputs {
        graph.message(12, &value_info(tensor));
    }
    let mut model = Message::default();
    model.integer(1, 8).message(7, &graph);
    let mut opset = Message::default();
    model.message(8, opset.integer(2, 17));
    if !domain.is_empty() {
        let mut opset = Message::default();
        model.message(8, opset.bytes(1, domain.as_bytes()).integer(2, 1));
    }
    model.0
}

/// A model that adds three weights, which lie outside of it at `location`.
pub(crate) fn model_with_external_data(location: &str) -> Vec<u8> {
    let mut entry = Message::default();
    entry.bytes(1, b"location").bytes(2, location.as_bytes());
    let mut weights = Message::default();
    weights.integer(1, 3).integer(2, FLOAT).bytes(8, b"w").message(13, &entry).integer(14, 1);
    let mut node = Message::default();
    node.bytes(1, b"x").bytes(1, b"w").bytes(2, b"y").bytes(3, b"node").bytes(4, b"Add");
    let mut graph = Message::default();
    graph.message(1, &node).bytes(2, b"graph").message(5, &weights);
    graph.message(11, &value_info(&("x", FLOAT, &[1, 3])));
    graph.message(12, &value_info(&("y", FLOAT, &[1, 3])));
    let (mut model, mut opset) = (Message::default(), Message::default());
    model.integer(1, 8).message(7, &graph).message(8, opset.integer(2, 17));
    model.0
}

fn value_info((name, dtype, axes): &Tensor<'_>) -> Message {
    let mut shape = Message::default();
    for (index, axis) in axes.iter().enumerate() {
        let mut dimension = Message::default();
        match u64::try_from(*axis) {
            Ok(length) => dimension.integer(1, length),
            Err(_) => dimension.bytes(2, format!("axis_{index}").as_bytes()),
        };
        shape.message(1, &dimension);
    }
    let (mut tensor, mut kind, mut info) =
        (Message::default(), Message::default(), Message::default());
    kind.message(1, tensor.integer(1, *dtype).message(2, &shape));
    info.bytes(1, name.as_bytes()).message(2, &kind);
    info
}

/// A Protocol Buffers message.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }

    fn integer(&mut self, field: u64, value: u64) -> &mut Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn bytes(&mut self, field: u64, value: &[u8]) -> &mut Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn message(&mut self, field: u64, value: &Self) -> &mut Self {
        self.bytes(field, &value.0)
    }
}

/// A float32 NPY array of one row.
pub(crate) fn npy(values: &[f32]) -> Vec<u8> {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {}), }}", values.len());
    let header = format!("{header:<117}\n");
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}
