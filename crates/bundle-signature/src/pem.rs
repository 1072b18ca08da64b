//! PEM (RFC 7468): blocks of base64 between `BEGIN` and `END` lines.

use der::pem::Decoder;
use zeroize::Zeroizing;

use crate::SignatureError;

/// Bytes of a PEM text that are read; a chain of certificates is far below it.
pub(crate) const LIMIT: usize = 1 << 20;
/// Blocks in one text.
const BLOCKS: usize = 200;

/// A block. Its content may be a private key.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// The blocks of a text; what stands between them is not read. `EC PARAMETERS`,
/// which `openssl ecparam` writes before a key that repeats them, is passed over.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, SignatureError> {
    let malformed = |what: String| SignatureError::malformed("PEM", what);
    if text.len() > LIMIT {
        return Err(malformed(format!("has {} bytes, the limit is {LIMIT}", text.len())));
    }
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((start, label)) = begin(rest) {
        let end = format!("-----END {label}-----");
        let Some(from) = rest.get(start..) else { break };
        let Some(length) = from.find(&end).and_then(|at| at.checked_add(end.len())) else {
            return Err(malformed(format!("has no line `{end}`")));
        };
        let (whole, after) = from.split_at_checked(length).unwrap_or((from, ""));
        if label != "EC PARAMETERS" {
            blocks.push(decode(label, whole)?);
        }
        if blocks.len() > BLOCKS {
            return Err(malformed(format!("has more than {BLOCKS} blocks")));
        }
        rest = after;
    }
    if blocks.is_empty() {
        return Err(malformed("has no `-----BEGIN …-----` line".to_owned()));
    }
    Ok(blocks)
}

/// Whether bytes of any kind hold a private key in PEM: a whole block of it, not a
/// mention. A block that only looks like one counts too, where it is said to be encrypted.
pub fn holds_private_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = &*text;
    while let Some((start, label)) = begin(rest) {
        let end = format!("-----END {label}-----");
        let from = rest.get(start..).unwrap_or_default();
        let Some(length) = from.find(&end) else { break };
        let (whole, after) =
            from.split_at_checked(length.saturating_add(end.len())).unwrap_or((from, ""));
        let decoded = || decode(label, whole).is_ok_and(|block| block.der.len() >= 32);
        if label.ends_with("PRIVATE KEY") && (whole.contains("Proc-Type:") || decoded()) {
            return true;
        }
        rest = after;
    }
    false
}

/// Where the next block begins, and its label.
fn begin(text: &str) -> Option<(usize, &str)> {
    let start = text.find("-----BEGIN ")?;
    let label = text.get(start..)?.strip_prefix("-----BEGIN ")?;
    let (label, _) = label.split_once("-----")?;
    let plain = label.len() <= 64 && label.bytes().all(|b| b == b' ' || b.is_ascii_alphanumeric());
    plain.then_some((start, label))
}

fn decode(label: &str, whole: &str) -> Result<Block, SignatureError> {
    if whole.contains("Proc-Type:") {
        return Err(SignatureError::unsupported("PEM", "is encrypted in the old way of OpenSSL")
            .with_hint("convert it: `openssl pkcs8 -topk8 -in KEY -out NEW`"));
    }
    // The message of the decoder says where, never what.
    let broken =
        |error| SignatureError::malformed("PEM", format!("block `{label}` is not base64: {error}"));
    let mut der = Zeroizing::new(Vec::with_capacity(whole.len()));
    let mut decoder = Decoder::new_detect_wrap(whole.as_bytes()).map_err(broken)?;
    decoder.decode_to_end(&mut der).map_err(broken)?;
    Ok(Block { label: label.to_owned(), der })
}

/// A block as OpenSSL writes it: 64 columns, line feeds, one at the end.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(data_encoding::BASE64.encode(der));
    // Room for all of it: a buffer that grows leaves copies behind.
    let lines = body.len().div_ceil(64);
    let room = body
        .len()
        .saturating_add(lines)
        .saturating_add(label.len().saturating_mul(2))
        .saturating_add(64);
    let mut text = Zeroizing::new(String::with_capacity(room));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in body.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).unwrap_or_default());
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        blocks(text).err().expect("an error").to_string()
    }

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "Bag Attributes\n-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\nx\n-----BEGIN A-----\r\nAQI=\r\n-----END A-----\n-----BEGIN B C-----\nAw==\n-----END B C-----";
        let found = blocks(text).expect("PEM");
        let found: Vec<_> = found.iter().map(|b| (b.label.as_str(), b.der.to_vec())).collect();
        assert_eq!(found, [("A", vec![1, 2]), ("B C", vec![3])]);
    }

    #[test]
    fn what_is_no_pem_says_so() {
        assert_eq!(message(""), "PEM: has no `-----BEGIN …-----` line");
        assert_eq!(message("-----BEGIN A-----\nAQI="), "PEM: has no line `-----END A-----`");
        assert!(message("-----BEGIN A-----\nA*I=\n-----END A-----").contains("is not base64"));
        let old = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAQI=\n-----END EC PRIVATE KEY-----";
        assert_eq!(message(old), "PEM: is encrypted in the old way of OpenSSL");
        assert!(message(&"x".repeat(LIMIT + 1)).contains("the limit is"));
    }

    #[test]
    fn a_private_key_is_found_wherever_it_is() {
        let key = encode("EC PRIVATE KEY", &[7; 121]);
        let certificate = encode("CERTIFICATE", &[7; 200]);
        for before in ["", "KEY = ", &certificate, "\u{fffd}"] {
            let text = [before.as_bytes(), key.as_bytes(), b"\nmore"].concat();
            assert!(holds_private_key(&text), "{before}");
        }
        let locked = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----";
        assert!(holds_private_key(locked.as_bytes()));
        for other in [
            "a file with `-----BEGIN PRIVATE KEY-----` in it",
            "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----",
            &encode("PUBLIC KEY", &[7; 91]),
            "",
        ] {
            assert!(!holds_private_key(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 47, 48, 49, 200] {
            let der: Vec<u8> = (0..length).collect();
            let text = encode("PUBLIC KEY", &der);
            if length > 0 {
                let found = blocks(&text).expect("PEM");
                assert_eq!(found[0].der.to_vec(), der, "{length}");
            }
            assert!(text.lines().all(|line| line.len() <= 64));
        }
    }
}
