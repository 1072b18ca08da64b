//! A JSON text with files behind it, as one run of bytes.

use serde_json::Value as Json;

/// Bytes of a JSON text that are read.
const MAX_JSON: usize = 64 << 20;

/// A JSON text and the bytes behind it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parcel {
    /// The text.
    pub json: Json,
    /// The files, one after the other.
    pub bytes: Vec<u8>,
}

impl Parcel {
    /// A text alone.
    pub fn of(json: Json) -> Self {
        Self { json, bytes: Vec::new() }
    }

    /// Reads what [`Parcel::to_bytes`] writes; the error says what is wrong with it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (length, rest) = bytes.split_first_chunk().ok_or("is cut short")?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > MAX_JSON {
            return Err(format!("has a text of {length} bytes, the limit is {MAX_JSON}"));
        }
        let (text, files) = rest.split_at_checked(length).ok_or("is cut short")?;
        let json = serde_json::from_slice(text).map_err(|error| format!("is no JSON: {error}"))?;
        Ok(Self { json, bytes: files.to_vec() })
    }

    /// The length of the text, the text, the files.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = self.json.to_string();
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        [&length.to_le_bytes(), text.as_bytes(), &self.bytes].concat()
    }

    /// Puts a file behind the text, and says how the text speaks of it.
    pub(crate) fn attach(&mut self, file: &[u8]) -> Json {
        self.bytes.extend_from_slice(file);
        serde_json::json!({ "bytes": file.len() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut parcel = Parcel::of(json!({ "é": [1, null] }));
        assert_eq!(parcel.attach(b"abc"), json!({ "bytes": 3 }));
        assert_eq!(Parcel::from_bytes(&parcel.to_bytes()), Ok(parcel));
    }

    #[test]
    fn what_is_no_parcel_says_why() {
        for (bytes, why) in [
            (&b""[..], "is cut short"),
            (b"\x05\0\0\0{}", "is cut short"),
            (b"\x01\0\0\0{", "is no JSON: "),
            (b"\xff\xff\xff\xff{}", "has a text of 4294967295 bytes"),
        ] {
            let error = Parcel::from_bytes(bytes).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }
}
