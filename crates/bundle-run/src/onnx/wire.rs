//! A look at the protobuf framing before it is decoded.
//!
//! An empty message takes two bytes in the file and some 200 in memory, so a
//! hostile file of 100 MB could become 10 GB. This pass reads only tags and
//! lengths, skips all weights, and counts what the decoder would allocate.

/// What decoding costs, in messages of about 200 bytes.
const MAX_MESSAGES: u64 = 4 << 20;
/// A file may have more, in proportion to its size: no legitimate message or
/// text takes fewer bytes.
const BYTES_PER_MESSAGE: u64 = 32;
/// Nesting; the decoder has the same bound and a worse error.
const MAX_DEPTH: u32 = 100;

/// Whether `bytes` are framed as an ONNX model of bounded size; else what is
/// wrong, to read after the path.
pub(super) fn check(bytes: &[u8]) -> Result<(), &'static str> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut scan = Scan { left: MAX_MESSAGES * 8 + size / (BYTES_PER_MESSAGE / 8) };
    scan.message(bytes, Message::Model, 0)
}

/// The messages of `onnx.proto` that matter here.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    Value,
    Type,
    TensorType,
    Shape,
    /// Only scalars and single texts inside.
    Leaf,
    Function,
    Training,
    Annotation,
}

/// What a length-delimited field holds.
#[derive(Clone, Copy)]
enum Field {
    Message(Message),
    Text,
    /// Bytes, packed numbers, unknown fields: at most 8 bytes of memory a byte.
    Skipped,
}

fn field(of: Message, number: u64) -> Field {
    use Message as M;
    let message = match (of, number) {
        (M::Model, 7) | (M::Attribute, 6 | 11) | (M::Training, 1 | 2) => M::Graph,
        (M::Model, 8 | 14)
        | (M::Tensor, 3 | 13)
        | (M::Shape, 1)
        | (M::Function, 9)
        | (M::Annotation, 2)
        | (M::Training, 3 | 4) => M::Leaf,
        (M::Model, 20) => M::Training,
        (M::Model, 25) => M::Function,
        (M::Graph, 1) | (M::Function, 7) => M::Node,
        (M::Graph, 5) | (M::Attribute, 5 | 10) | (M::Sparse, 1 | 2) => M::Tensor,
        (M::Graph, 15) | (M::Attribute, 22 | 23) => M::Sparse,
        (M::Graph, 11..=13) => M::Value,
        (M::Graph, 14) => M::Annotation,
        (M::Node, 5) => M::Attribute,
        (M::Value, 2) | (M::Attribute, 14 | 15) => M::Type,
        (M::Type, 1) => M::TensorType,
        (M::TensorType, 2) => M::Shape,
        (M::Node, 1 | 2) | (M::Attribute, 9) | (M::Tensor, 6) | (M::Function, 4..=6) => {
            return Field::Text;
        }
        _ => return Field::Skipped,
    };
    Field::Message(message)
}

struct Scan {
    /// Eighths of a message that may still come.
    left: u64,
}

const TRUNCATED: &str = "is truncated, or not an ONNX file";

impl Scan {
    fn spend(&mut self, eighths: u64) -> Result<(), &'static str> {
        self.left =
            self.left.checked_sub(eighths).ok_or("holds more parts than any network has")?;
        Ok(())
    }

    fn message(&mut self, mut rest: &[u8], of: Message, depth: u32) -> Result<(), &'static str> {
        if depth >= MAX_DEPTH {
            return Err("nests its graphs too deeply");
        }
        while !rest.is_empty() {
            let tag = varint(&mut rest)?;
            match tag & 7 {
                0 => drop(varint(&mut rest)?),
                1 => drop(take(&mut rest, 8)?),
                5 => drop(take(&mut rest, 4)?),
                2 => {
                    let length = varint(&mut rest)?;
                    let content = take(&mut rest, length)?;
                    self.field(content, field(of, tag >> 3), depth)?;
                }
                _ => return Err("is not an ONNX file"),
            }
        }
        Ok(())
    }

    fn field(&mut self, content: &[u8], field: Field, depth: u32) -> Result<(), &'static str> {
        match field {
            Field::Message(message) => {
                self.spend(8)?;
                self.message(content, message, depth + 1)
            }
            Field::Text => self.spend(1),
            Field::Skipped => Ok(()),
        }
    }
}

fn varint(rest: &mut &[u8]) -> Result<u64, &'static str> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(TRUNCATED)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("is not an ONNX file")
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], &'static str> {
    let length = usize::try_from(length).map_err(|_| TRUNCATED)?;
    let (content, after) = rest.split_at_checked(length).ok_or(TRUNCATED)?;
    *rest = after;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A length-delimited field.
    fn delimited(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            out.push(u8::try_from(length & 0x7f).expect("seven bits") | 0x80);
            length >>= 7;
        }
        out.push(u8::try_from(length).expect("seven bits"));
        out.extend_from_slice(content);
        out
    }

    #[test]
    fn framing_is_judged() {
        let node = delimited(1, &[]);
        let many = delimited(7, &node.repeat(8 << 20));
        let few = delimited(7, &node.repeat(1000));
        let mut deep = Vec::new();
        for _ in 0..40 {
            deep = delimited(1, &delimited(5, &delimited(6, &deep)));
        }
        let deep = delimited(7, &deep);
        let cases: [(&[u8], Result<(), &str>); 6] = [
            (&few, Ok(())),
            (&many, Err("holds more parts than any network has")),
            (&deep, Err("nests its graphs too deeply")),
            (&few[..few.len() - 1], Err(TRUNCATED)),
            (b"\x08\xff", Err(TRUNCATED)),
            (b"hello, world", Err("is not an ONNX file")),
        ];
        for (index, (bytes, expected)) in cases.into_iter().enumerate() {
            assert_eq!(check(bytes), expected, "case {index}");
        }
    }
}
