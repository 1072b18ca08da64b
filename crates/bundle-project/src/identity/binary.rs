//! Leaks in files that are no text: pictures, PDF, ONNX, zip files, and the
//! strings of anything else.

use std::{
    io::{Cursor, Read as _},
    sync::LazyLock,
};

use bundle_manifest::ArtifactPath;
use regex::bytes::Regex;

use super::{
    Leak, LeakKind, People, is_network,
    picture::{self, Note},
    text,
};

/// Bytes that come out of compressed parts of one file.
const MAX_INFLATED: u64 = 32 << 20;
/// Members of a zip file that are looked into.
const MAX_MEMBERS: usize = 2_000;
/// Characters in a row that are a string of a binary file.
const MIN_STRING: usize = 10;
/// The parts of fields' names under which programs keep who made a file.
const PERSONAL: [&str; 14] = [
    "author",
    "artist",
    "creator",
    "copyright",
    "owner",
    "gps",
    "serial",
    "hostcomputer",
    "email",
    "contact",
    "affiliation",
    "organization",
    "maintainer",
    "user",
];

macro_rules! expressions {
    ($($name:ident $pattern:expr;)*) => {
        $(static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());)*

        #[cfg(test)]
        pub(super) fn all_compile() -> bool {
            [$($name.is_some()),*].iter().all(|compiled| *compiled)
        }
    };
}

expressions! {
    PDF_FIELD r"(?s-u)/(Author|Company|Manager|SourceModified|PTEX\.FileName|LastSavedBy)\s*(?:\(((?:[^\\()]|\\.){2,400})\)|<([0-9A-Fa-f]{4,800})>)";
    XMP_FIELD r"(?is-u)<(dc:creator|pdf:Author|xmp:Author|cp:lastModifiedBy|meta:initial-creator|Company|Manager|xmpRights:Owner|photoshop:AuthorsPosition|tiff:Artist|aux:OwnerName)[^>]*>(.{1,600}?)</";
    PDF_STREAM r"(?s-u)stream\r?\n";
    ADDRESS r"(?i-u)[a-z0-9][a-z0-9._+-]{2,40}@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|edu|net|gov|io|ai|ac\.[a-z]{2}|edu\.[a-z]{2}|ch|de|fr|uk|cn|jp|ca|nl|se|it|es|eu|kr|il|in|au)\b";
}

/// What a file that is no text says.
pub(super) fn leaks(path: &ArtifactPath, content: &[u8], people: &People) -> Vec<Leak> {
    let mut found = Vec::new();
    if let Some(notes) = picture::notes(content) {
        found.extend(notes.iter().flat_map(|note| of_note(note, people)));
        return found;
    }
    if content.starts_with(b"%PDF-") {
        pdf(content, people, &mut found);
        return found;
    }
    if content.starts_with(b"PK\x03\x04") {
        zip(content, people, &mut found);
        return found;
    }
    if is_network(path) {
        found
            .extend(onnx_notes(content).iter().flat_map(|(field, text)| said(field, text, people)));
    }
    strings(content, people, &mut found);
    found
}

fn of_note(note: &Note, people: &People) -> Vec<Leak> {
    said(&note.field, &note.text, people)
}

/// What a field of metadata says: all of it where the field is a personal one, else what in
/// it would be a leak in a text.
fn said(field: &str, text: &str, people: &People) -> Vec<Leak> {
    let lower = field.to_lowercase();
    let personal = PERSONAL.iter().any(|word| lower.contains(word));
    let xml = text.contains("<dc:creator") || text.contains("<x:xmpmeta");
    if personal && !xml && text.chars().any(char::is_alphanumeric) && !is_nobody(text) {
        return vec![leak(LeakKind::Metadata, format!("{field}: {text}"))];
    }
    let mut found = Vec::new();
    xmp(text.as_bytes(), &mut found);
    strings(text.as_bytes(), people, &mut found);
    found.into_iter().map(|l| Leak { text: format!("{field}: {}", l.text), ..l }).collect()
}

fn is_nobody(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    text.is_empty()
        || ["anonymous", "unknown", "none", "author", "user", "microsoft office user"]
            .contains(&text.as_str())
}

fn leak(kind: LeakKind, text: String) -> Leak {
    Leak { line: None, kind, text, span: None }
}

fn pdf(content: &[u8], people: &People, found: &mut Vec<Leak>) {
    pdf_part(content, people, found);
    let mut budget = MAX_INFLATED;
    for start in PDF_STREAM.iter().flat_map(|stream| stream.find_iter(content)) {
        let Some(body) = content.get(start.end()..).filter(|_| budget > 0) else { break };
        if body.first() == Some(&b'x') {
            let mut part = Vec::new();
            let mut reader = flate2::read::ZlibDecoder::new(body).take(budget.min(4 << 20));
            drop(reader.read_to_end(&mut part)); // a broken stream has what came out of it
            budget = budget.saturating_sub(part.len() as u64 + 1);
            pdf_part(&part, people, found);
        }
    }
    found.sort();
    found.dedup();
}

/// The fields in a part of a PDF file.
fn pdf_part(part: &[u8], people: &People, found: &mut Vec<Leak>) {
    for field in PDF_FIELD.iter().flat_map(|field| field.captures_iter(part)) {
        let Some(name) = field.get(1) else { continue };
        let text = match (field.get(2), field.get(3)) {
            (Some(text), _) => pdf_text(&unescaped(text.as_bytes())),
            (None, Some(hex)) => pdf_text(&from_hex(hex.as_bytes())),
            (None, None) => continue,
        };
        let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
        if name == "PTEX.FileName" {
            strings(text.as_bytes(), people, found);
        } else if !is_nobody(&text) {
            found.push(leak(LeakKind::Metadata, format!("{name}: {text}")));
        }
    }
    xmp(part, found);
}

/// A text string of PDF: UTF-16 with its mark, else bytes of Latin-1.
fn pdf_text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> =
                rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        bytes => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        if *byte == b'\\' { out.extend(rest.next()) } else { out.push(*byte) }
    }
    out
}

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.chunks_exact(2).filter_map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?)).collect()
}

/// The persons of XMP and of office documents.
fn xmp(part: &[u8], found: &mut Vec<Leak>) {
    for field in XMP_FIELD.iter().flat_map(|field| field.captures_iter(part)) {
        let (Some(name), Some(text)) = (field.get(1), field.get(2)) else { continue };
        let text = String::from_utf8_lossy(text.as_bytes());
        let plain = text.rsplit('>').next().unwrap_or_default().trim().to_owned();
        if !is_nobody(&plain) {
            let name = String::from_utf8_lossy(name.as_bytes());
            found.push(leak(LeakKind::Metadata, format!("{name}: {plain}")));
        }
    }
}

fn zip(content: &[u8], people: &People, found: &mut Vec<Leak>) {
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(content)) else { return };
    let mut budget = MAX_INFLATED;
    for index in 0..archive.len().min(MAX_MEMBERS) {
        let Ok(member) = archive.by_index(index) else { continue };
        let name = member.name().map(std::borrow::Cow::into_owned).unwrap_or_default();
        // Tensors and arrays have no words.
        let data = name.to_lowercase().ends_with(".npy") || name.contains("/data/");
        if data || budget == 0 {
            continue;
        }
        let mut part = Vec::new();
        if member.take(budget).read_to_end(&mut part).is_err() {
            continue;
        }
        budget = budget.saturating_sub(part.len() as u64 + 1);
        let first = found.len();
        xmp(&part, found);
        strings(&part, people, found);
        for leak in found.iter_mut().skip(first) {
            leak.text = format!("{name}: {}", leak.text);
        }
    }
}

/// Addresses, home directories and names in the strings of a file.
fn strings(content: &[u8], people: &People, found: &mut Vec<Leak>) {
    let is_printable = |byte: &u8| (0x20..0x7f).contains(byte) || *byte >= 0x80 || *byte == b'\t';
    for run in content.split(|byte| !is_printable(byte)).filter(|run| run.len() >= MIN_STRING) {
        for address in ADDRESS.iter().flat_map(|address| address.find_iter(run)) {
            let address = String::from_utf8_lossy(address.as_bytes()).into_owned();
            if text::is_address(&address) {
                found.push(leak(LeakKind::Address, address));
            }
        }
        let Ok(line) = std::str::from_utf8(run) else { continue };
        found.extend(text::homes_in(line).into_iter().map(|home| leak(LeakKind::Home, home)));
        for name in &people.names {
            if !text::occurrences(line, name).is_empty() {
                found.push(leak(LeakKind::Name, name.clone()));
            }
        }
    }
    found.sort();
    found.dedup();
}

/// The notes of an ONNX file: `metadata_props`, `doc_string`, `producer_name` and `domain`.
pub(super) fn onnx_notes(content: &[u8]) -> Vec<(String, String)> {
    let mut notes = Vec::new();
    for field in fields(content) {
        let text = || String::from_utf8_lossy(field.body).into_owned();
        match field.number {
            2 => notes.push(("producer_name".to_owned(), text())),
            4 => notes.push(("domain".to_owned(), text())),
            6 => notes.push(("doc_string".to_owned(), text())),
            14 => {
                let mut pair = (String::new(), String::new());
                for part in fields(field.body) {
                    let text = String::from_utf8_lossy(part.body).into_owned();
                    match part.number {
                        1 => pair.0 = text,
                        2 => pair.1 = text,
                        _ => {}
                    }
                }
                notes.push(pair);
            }
            _ => {}
        }
    }
    notes
}

/// An ONNX file without `metadata_props` and `doc_string`: the network stays byte for byte.
pub(super) fn onnx_without_notes(content: &[u8]) -> Option<Vec<u8>> {
    let all = fields(content);
    let whole = all.last().is_some_and(|last| last.span.1 == content.len());
    let mut out = Vec::with_capacity(content.len());
    for field in all.iter().filter(|field| !matches!(field.number, 6 | 14)) {
        out.extend_from_slice(content.get(field.span.0..field.span.1)?);
    }
    whole.then_some(out)
}

/// A field of a protobuf message; the body of one that is no string is empty.
struct Field<'m> {
    number: u64,
    body: &'m [u8],
    span: (usize, usize),
}

/// The fields of a message, as far as it can be read.
fn fields(message: &[u8]) -> Vec<Field<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < message.len() {
        let start = at;
        let Some(key) = varint(message, &mut at) else { break };
        let body = match key & 7 {
            0 => varint(message, &mut at).map(|_| 0..0),
            1 => at.checked_add(8).map(|end| end..end),
            5 => at.checked_add(4).map(|end| end..end),
            2 => varint(message, &mut at)
                .and_then(|length| usize::try_from(length).ok())
                .and_then(|length| at.checked_add(length))
                .map(|end| at..end),
            _ => None,
        };
        let Some(body) = body.filter(|body| body.end <= message.len()) else { break };
        at = at.max(body.end);
        let body = message.get(body).unwrap_or_default();
        found.push(Field { number: key >> 3, body, span: (start, at) });
    }
    found
}

fn varint(message: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *message.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
