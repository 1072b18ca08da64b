//! The elements of a DICOM file, walked without recursion and without a copy.

use std::{borrow::Cow, io::Read as _};

use flate2::read::DeflateDecoder;

use super::{cannot, damaged};
use crate::{Limits, error::Fault};

/// The elements that pixels need.
pub(super) mod tag {
    pub(crate) const TRANSFER_SYNTAX: u32 = 0x0002_0010;
    pub(crate) const SAMPLES: u32 = 0x0028_0002;
    pub(crate) const PHOTOMETRIC: u32 = 0x0028_0004;
    pub(crate) const PLANAR: u32 = 0x0028_0006;
    pub(crate) const FRAMES: u32 = 0x0028_0008;
    pub(crate) const ROWS: u32 = 0x0028_0010;
    pub(crate) const COLUMNS: u32 = 0x0028_0011;
    pub(crate) const ALLOCATED: u32 = 0x0028_0100;
    pub(crate) const STORED: u32 = 0x0028_0101;
    pub(crate) const HIGH_BIT: u32 = 0x0028_0102;
    pub(crate) const SIGNED: u32 = 0x0028_0103;
    pub(crate) const INTERCEPT: u32 = 0x0028_1052;
    pub(crate) const SLOPE: u32 = 0x0028_1053;
    /// Sequences: only whether they are there.
    pub(crate) const MODALITY_LUT: u32 = 0x0028_3000;
    pub(crate) const SHARED_GROUPS: u32 = 0x5200_9229;
    pub(crate) const FRAME_GROUPS: u32 = 0x5200_9230;
    pub(crate) const PIXELS: u32 = 0x7fe0_0010;
}

const ITEM: u32 = 0xfffe_e000;
const ITEM_END: u32 = 0xfffe_e00d;
const SEQUENCE_END: u32 = 0xfffe_e0dd;
/// A length that is not stated: an end marker follows.
const UNDEFINED: u32 = u32::MAX;
/// The preamble, and the letters behind it.
const PREAMBLE: usize = 128;
const MAGIC: &[u8] = b"DICM";

/// How elements and pixels are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Native,
    Rle,
    Jpeg,
    JpegLossless,
}

/// A data set, and how it is encoded.
pub(super) struct DataSet<'a> {
    bytes: Cow<'a, [u8]>,
    syntax: Syntax,
    implicit: bool,
    big_endian: bool,
}

/// Finds the data set of a file, inflated if need be.
pub(super) fn data_set<'a>(bytes: &'a [u8], limits: &Limits) -> Result<DataSet<'a>, Fault> {
    let Some(meta) = bytes.get(PREAMBLE..).and_then(|rest| rest.strip_prefix(MAGIC)) else {
        return Err(Fault::new("takes a DICOM file, got a file of another format"));
    };
    let mut walk = Walk { rest: meta, implicit: false, big_endian: false };
    let mut name = None;
    while walk.rest.starts_with(&[2, 0]) {
        let element = walk.next_element().ok_or_else(|| damaged("its header breaks off"))?;
        if element.tag == tag::TRANSFER_SYNTAX {
            name = Some(element.value);
        }
    }
    let name = name.ok_or_else(|| damaged("it names no transfer syntax"))?;
    let name = String::from_utf8_lossy(name);
    let name = name.trim_end_matches(['\0', ' ']);
    let rest = Cow::Borrowed(walk.rest);
    let native =
        DataSet { bytes: rest, syntax: Syntax::Native, implicit: false, big_endian: false };
    Ok(match name.strip_prefix("1.2.840.10008.1.2").unwrap_or("another") {
        "" => DataSet { implicit: true, ..native },
        ".1" => native,
        ".1.99" => DataSet { bytes: Cow::Owned(inflated(walk.rest, limits)?), ..native },
        ".2" => DataSet { big_endian: true, ..native },
        ".5" => DataSet { syntax: Syntax::Rle, ..native },
        ".4.50" | ".4.51" => DataSet { syntax: Syntax::Jpeg, ..native },
        ".4.57" | ".4.70" => DataSet { syntax: Syntax::JpegLossless, ..native },
        ".4.80" | ".4.81" => return Err(cannot("of the transfer syntax JPEG-LS")),
        ".4.90" | ".4.91" | ".4.92" | ".4.93" => {
            return Err(cannot("of the transfer syntax JPEG 2000"));
        }
        ".4.201" | ".4.202" | ".4.203" => {
            return Err(cannot("of the transfer syntax High-Throughput JPEG 2000"));
        }
        _ => return Err(cannot("of another transfer syntax")),
    })
}

fn inflated(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Fault> {
    let mut inflated = Vec::new();
    let most = limits.image_bytes;
    let read = DeflateDecoder::new(bytes).take(most + 1).read_to_end(&mut inflated);
    if read.is_err() {
        return Err(damaged("it cannot be inflated"));
    }
    if inflated.len() as u64 > most {
        return Err(Fault::new(format!("the DICOM file inflates to more than {most} bytes")));
    }
    Ok(inflated)
}

/// The elements of a data set that pixels need.
pub(super) struct Elements<'a> {
    values: Vec<(u32, &'a [u8])>,
    big_endian: bool,
    pub(super) syntax: Syntax,
    /// Of an encapsulated frame: its fragments, the first of which is a table of offsets.
    pub(super) pixels: Vec<&'a [u8]>,
    /// Pixels of two bytes each, whatever they hold.
    words: bool,
}

impl<'a> Elements<'a> {
    /// Walks the data set up to the pixels.
    pub(super) fn read(file: &'a DataSet<'_>) -> Result<Self, Fault> {
        let DataSet { ref bytes, syntax, implicit, big_endian } = *file;
        let mut walk = Walk { rest: bytes, implicit, big_endian };
        let mut values = Vec::new();
        let broken = || damaged("an element breaks off");
        while !walk.rest.is_empty() {
            let element = walk.next_element().ok_or_else(broken)?;
            match element.tag {
                tag::PIXELS => {
                    let pixels = match (element.undefined, syntax) {
                        (false, Syntax::Native) => vec![element.value],
                        (true, Syntax::Native) | (false, _) => {
                            return Err(damaged("its pixels are not encoded as it says"));
                        }
                        (true, _) => walk.fragments().ok_or_else(broken)?,
                    };
                    let words = element.words;
                    return Ok(Self { values, big_endian, syntax, pixels, words });
                }
                tag if tag >> 16 == 0x0028 || tag >> 16 == 0x5200 => {
                    values.push((tag, element.value));
                }
                _ => {}
            }
            if element.undefined {
                walk.skip_sequence(element.unknown).ok_or_else(broken)?;
            }
        }
        Err(Fault::new("the DICOM file holds no image"))
    }

    fn value(&self, tag: u32) -> Option<&'a [u8]> {
        self.values.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
    }

    /// An unsigned number of two bytes.
    pub(super) fn number(&self, tag: u32) -> Option<u16> {
        let value = *self.value(tag)?.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(value) } else { u16::from_le_bytes(value) })
    }

    pub(super) const fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    /// Whether bytes are swapped in pairs, as they are part of big-endian words.
    pub(super) const fn swaps_bytes(&self) -> bool {
        self.big_endian && self.words
    }

    /// A text, for comparison only.
    pub(super) fn text(&self, tag: u32) -> Option<String> {
        let text = std::str::from_utf8(self.value(tag)?).ok()?;
        let text = text.trim_matches(['\0', ' ']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// How many frames there are.
    pub(super) fn frames(&self) -> Result<u64, Fault> {
        let Some(text) = self.text(tag::FRAMES) else { return Ok(1) };
        text.parse().map_err(|_| damaged("its number of frames is none"))
    }

    /// Slope and intercept.
    pub(super) fn rescale(&self) -> Result<(f64, f64), Fault> {
        if self.value(tag::MODALITY_LUT).is_some() {
            return Err(cannot("whose modality LUT is a table"));
        }
        let number = |tag: u32| {
            let Some(text) = self.text(tag) else { return Ok(None) };
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(Some).ok_or_else(|| damaged("its rescale slope or intercept is no number"))
        };
        match (number(tag::SLOPE)?, number(tag::INTERCEPT)?) {
            (Some(slope), Some(intercept)) => Ok((slope, intercept)),
            _ if self.value(tag::SHARED_GROUPS).or(self.value(tag::FRAME_GROUPS)).is_some() => {
                Err(cannot("whose rescale is stated for each frame"))
            }
            _ => Ok((1.0, 0.0)),
        }
    }
}

/// A tag and its value; empty where the length is not stated.
struct Element<'a> {
    tag: u32,
    value: &'a [u8],
    undefined: bool,
    /// Of the representation UN, inside which all is implicit.
    unknown: bool,
    /// Of the representation OW.
    words: bool,
}

/// A place in a data set.
struct Walk<'a> {
    rest: &'a [u8],
    implicit: bool,
    big_endian: bool,
}

impl<'a> Walk<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<u16> {
        let bytes = *self.take(2)?.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&mut self) -> Option<u32> {
        let bytes = *self.take(4)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn next_element(&mut self) -> Option<Element<'a>> {
        let tag = (u32::from(self.short()?) << 16) | u32::from(self.short()?);
        let item = matches!(tag, ITEM | ITEM_END | SEQUENCE_END);
        let (length, vr) = if self.implicit || item {
            (self.long()?, &b""[..])
        } else {
            let vr = self.take(2)?;
            let length = match vr {
                b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN"
                | b"UR" | b"UT" | b"UV" => {
                    self.take(2)?;
                    self.long()?
                }
                _ => self.short()?.into(),
            };
            (length, vr)
        };
        let undefined = length == UNDEFINED;
        let value = self.take(if undefined { 0 } else { length as usize })?;
        Some(Element { tag, value, undefined, unknown: vr == b"UN", words: vr == b"OW" })
    }

    /// Goes behind a sequence whose length is not stated.
    fn skip_sequence(&mut self, unknown: bool) -> Option<()> {
        let outside = self.implicit;
        self.implicit |= unknown;
        let mut depth = 1_usize;
        while depth > 0 {
            let element = self.next_element()?;
            match element.tag {
                ITEM_END | SEQUENCE_END => depth -= 1,
                _ if element.undefined => depth += 1,
                _ => {}
            }
        }
        self.implicit = outside;
        Some(())
    }

    /// The fragments of encapsulated pixels.
    fn fragments(&mut self) -> Option<Vec<&'a [u8]>> {
        let mut fragments = Vec::new();
        loop {
            // Some programs leave the end marker out, where the file ends.
            if self.rest.is_empty() && fragments.len() > 1 {
                return Some(fragments);
            }
            let element = self.next_element()?;
            match element.tag {
                SEQUENCE_END => return Some(fragments),
                ITEM if !element.undefined => fragments.push(element.value),
                _ => return None,
            }
        }
    }
}
