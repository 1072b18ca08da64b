//! What PNG and JPEG files say beside their pixels.

use std::io::{Cursor, Read as _};

use exif::{In, Tag, Value};

/// Bytes of one text of a picture that are read.
const MAX_TEXT: u64 = 1 << 20;
/// How a PNG file begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// How EXIF begins in a JPEG file.
const EXIF: &[u8] = b"Exif\0\0";

/// A part of a picture that is not its pixels: its bytes in the file, its field and its text.
pub(super) struct Note {
    pub(super) span: (usize, usize),
    pub(super) field: String,
    pub(super) text: String,
}

/// The notes of a picture; `None` where it is neither PNG nor JPEG.
pub(super) fn notes(content: &[u8]) -> Option<Vec<Note>> {
    if content.starts_with(PNG) {
        return Some(png(content));
    }
    content.starts_with(&[0xff, 0xd8, 0xff]).then(|| jpeg(content))
}

fn png(content: &[u8]) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut at = PNG.len();
    while let Some(head) = content.get(at..at + 8) {
        let Some((length, kind)) = head.split_first_chunk::<4>() else { break };
        let length = u32::from_be_bytes(*length) as usize;
        let Some(end) = at.checked_add(12).and_then(|end| end.checked_add(length)) else { break };
        let Some(body) = content.get(at + 8..at + 8 + length) else { break };
        let span = (at, end);
        match kind {
            b"tEXt" | b"zTXt" | b"iTXt" => notes.extend(text_chunk(kind, body, span)),
            b"eXIf" => notes.extend(exif_notes(body, span)),
            b"IEND" => break,
            _ => {}
        }
        at = end;
    }
    notes
}

fn text_chunk(kind: &[u8], body: &[u8], span: (usize, usize)) -> Option<Note> {
    let zero = body.iter().position(|byte| *byte == 0)?;
    let field = String::from_utf8_lossy(body.get(..zero)?).into_owned();
    let rest = body.get(zero + 1..)?;
    let text = match kind {
        b"tEXt" => lossy(rest),
        b"zTXt" => inflated(rest.get(1..)?),
        _ => {
            let compressed = *rest.first()? == 1;
            let language = rest.get(2..)?;
            let end = language.iter().position(|byte| *byte == 0)?;
            let translated = language.get(end + 1..)?;
            let end = translated.iter().position(|byte| *byte == 0)?;
            let text = translated.get(end + 1..)?;
            if compressed { inflated(text) } else { lossy(text) }
        }
    };
    Some(Note { span, field, text })
}

fn lossy(bytes: &[u8]) -> String {
    let limit = usize::try_from(MAX_TEXT).unwrap_or(usize::MAX);
    String::from_utf8_lossy(bytes.get(..limit.min(bytes.len())).unwrap_or_default()).into_owned()
}

fn inflated(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    let mut reader = flate2::read::ZlibDecoder::new(bytes).take(MAX_TEXT);
    drop(reader.read_to_end(&mut text)); // what could be read of a broken text is its text
    lossy(&text)
}

fn jpeg(content: &[u8]) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut at = 2;
    while let Some([0xff, marker, high, low]) = content.get(at..at + 4) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let end = at + 2 + length;
        let Some(body) = content.get(at + 4..end) else { break };
        let span = (at, end);
        match marker {
            0xe1 if body.starts_with(EXIF) => {
                notes.extend(exif_notes(body.get(EXIF.len()..).unwrap_or_default(), span));
            }
            0xe1 => notes.push(Note { span, field: "XMP".to_owned(), text: lossy(body) }),
            0xed => notes.push(Note { span, field: "IPTC".to_owned(), text: lossy(body) }),
            0xfe => notes.push(Note { span, field: "comment".to_owned(), text: lossy(body) }),
            0xda | 0xd9 => break,
            _ => {}
        }
        at = end;
    }
    notes
}

/// The fields of EXIF that say who took the picture, where, when and with which device.
fn exif_notes(body: &[u8], span: (usize, usize)) -> Vec<Note> {
    const PERSONAL: [(Tag, &str); 12] = [
        (Tag::Artist, "Artist"),
        (Tag::Copyright, "Copyright"),
        (Tag::CameraOwnerName, "CameraOwnerName"),
        (Tag::BodySerialNumber, "BodySerialNumber"),
        (Tag::LensSerialNumber, "LensSerialNumber"),
        (Tag::ImageDescription, "ImageDescription"),
        (Tag::UserComment, "UserComment"),
        (Tag::GPSLatitude, "GPSLatitude"),
        (Tag::GPSLongitude, "GPSLongitude"),
        (Tag(exif::Context::Tiff, 0x013c), "HostComputer"),
        (Tag(exif::Context::Tiff, 0x9c9d), "XPAuthor"),
        (Tag(exif::Context::Tiff, 0x9c9c), "XPComment"),
    ];
    let mut reader = exif::Reader::new();
    reader.continue_on_error(true);
    let read = reader.read_raw(body.to_vec()).or_else(|error| error.distill_partial_result(|_| ()));
    let Ok(read) = read else { return Vec::new() };
    let fields = PERSONAL.iter().filter_map(|(tag, name)| {
        let field = read.get_field(*tag, In::PRIMARY)?;
        let text = match &field.value {
            Value::Ascii(lines) => {
                lines.iter().map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join(" ")
            }
            Value::Byte(bytes) => {
                let units: Vec<u16> = bytes
                    .chunks_exact(2)
                    .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                    .collect();
                String::from_utf16_lossy(&units)
            }
            Value::Undefined(bytes, _) => String::from_utf8_lossy(bytes).into_owned(),
            _ => field.display_value().to_string(),
        };
        let text = text.trim_matches(['\0', ' ', '"']).to_owned();
        (!text.is_empty()).then(|| Note { span, field: (*name).to_owned(), text })
    });
    fields.collect()
}

/// The orientation in a JPEG file's EXIF, which is a property of its pixels.
fn orientation(content: &[u8]) -> Option<u32> {
    let read = exif::Reader::new().read_from_container(&mut Cursor::new(content)).ok()?;
    let value = read.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)?;
    (2..=8).contains(&value).then_some(value)
}

/// The picture without its notes; the pixels and how they are turned stay.
pub(super) fn without_notes(content: &[u8]) -> Option<Vec<u8>> {
    let notes = notes(content)?;
    let mut spans: Vec<(usize, usize)> = notes.iter().map(|note| note.span).collect();
    spans.sort_unstable();
    spans.dedup();
    let turned = content.starts_with(&[0xff, 0xd8]).then(|| orientation(content)).flatten();
    let mut out = Vec::with_capacity(content.len());
    let mut at = 0;
    for (start, end) in spans {
        out.extend_from_slice(content.get(at..start)?);
        at = end;
    }
    out.extend_from_slice(content.get(at..)?);
    if let (Some(turned), Some(rest)) = (turned, out.get(2..).map(<[u8]>::to_vec))
        && orientation(&out).is_none()
    {
        out.truncate(2);
        out.extend_from_slice(&exif_with(turned));
        out.extend_from_slice(&rest);
    }
    Some(out)
}

/// An EXIF segment with an orientation and nothing else.
fn exif_with(orientation: u32) -> Vec<u8> {
    let mut body = EXIF.to_vec();
    body.extend_from_slice(b"II*\0\x08\0\0\0\x01\0"); // one field, at byte 8
    body.extend_from_slice(&[0x12, 0x01, 0x03, 0, 1, 0, 0, 0]);
    body.extend_from_slice(&orientation.to_le_bytes());
    body.extend_from_slice(&[0; 4]);
    let length = u16::try_from(body.len() + 2).unwrap_or(u16::MAX);
    let mut segment = vec![0xff, 0xe1];
    segment.extend_from_slice(&length.to_be_bytes());
    segment.extend(body);
    segment
}
