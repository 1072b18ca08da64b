//! DSSE 1.0: what exactly is signed.

/// The payload type of every statement here.
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The pre-authentication encoding (`PAE`) of the DSSE protocol: the type and the
/// payload, each behind its length, so that neither can be mistaken for the other.
pub(crate) fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

/// What `model_signing` 0.2 signed instead: another prefix, and the payload as
/// Python prints a byte string. Read, never written.
#[cfg(feature = "directory")]
pub(crate) fn pae_of_v0_2(payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!("DSSEV1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    // Python prefers the apostrophe unless it would have to be escaped.
    let quote = if payload.contains(&b'\'') && !payload.contains(&b'"') { '"' } else { '\'' };
    encoded.push('b');
    encoded.push(quote);
    for byte in payload {
        match *byte {
            b'\\' => encoded.push_str("\\\\"),
            b'\n' => encoded.push_str("\\n"),
            b'\r' => encoded.push_str("\\r"),
            b'\t' => encoded.push_str("\\t"),
            b'\'' if quote == '\'' => encoded.push_str("\\'"),
            b' '..=b'~' => encoded.push(char::from(*byte)),
            other => encoded.push_str(&format!("\\x{other:02x}")),
        }
    }
    encoded.push(quote);
    encoded.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_protocol() {
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(encoded, expected);
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    #[cfg(feature = "directory")]
    fn byte_strings_are_printed_as_python_does() {
        let printed = |payload: &[u8]| {
            let text = String::from_utf8(pae_of_v0_2(payload)).expect("ASCII");
            text.splitn(5, ' ').nth(4).expect("a payload").to_owned()
        };
        assert_eq!(printed(b"a\n\t\r\\\x00\x7f\xff~"), "b'a\\n\\t\\r\\\\\\x00\\x7f\\xff~'");
        assert_eq!(printed(b"it's"), "b\"it's\"");
        assert_eq!(printed(b"it's \"it\""), "b'it\\'s \"it\"'");
    }
}
