//! The page as one file: the bundle inside, and what runs it.
//!
//! The bytes are a function of the bundle and of this version. So whoever has both can write
//! the page again, and see whether another page is the same.

use std::io::{self, Read, Write};

use bundle_archive::{Archive, PIECE_BEFORE, PIECE_BEHIND, PIECE_SIZE};
use bundle_manifest::Manifest;
use bundle_run::Predictor;
use bundle_signature::Verification;
use data_encoding::BASE64;
use serde_json::{Value as Json, json};

use crate::{PageError, Transport, describe_loaded, page::render};

/// The script behind every piece: the page takes the piece before it out of the text.
pub(crate) const PART_READ: &str = "self.bundlePart?.()";
/// What runs in the browser, packed as [`runtime`] says; empty where it was not built.
const RUNTIME: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bundle.runtime"));
/// A program for Node.js that opens the bundle of a page and replays its examples.
pub const PROVE: &str = include_str!("../page/prove.mjs");
/// Where the pieces go in the text of the page.
const PIECES_HERE: &str = "<!-- pieces -->";
/// Bytes of a page in which its version is looked for.
const MAX_HEAD: u64 = 64 << 10;

/// What runs in the browser; `None` where it was not built in.
///
/// The length of an unpacker and the length of the module, as four bytes each, little-endian;
/// the unpacker, a WebAssembly module in gzip; the module, a frame of Zstandard, which browsers
/// cannot read and the unpacker can.
pub fn runtime() -> Option<&'static [u8]> {
    (!RUNTIME.is_empty()).then_some(RUNTIME)
}

/// The page of a bundle as one file.
#[derive(Debug)]
pub struct PageFile<'a> {
    archive: &'a Archive,
    before: String,
    behind: String,
}

impl<'a> PageFile<'a> {
    /// The page of a bundle whose members are what its lock says.
    pub fn of(
        archive: &'a Archive,
        manifest: &Manifest,
        predictor: &Predictor,
    ) -> Result<Self, PageError> {
        let failed = |what: String| PageError { message: format!("page template: {what}") };
        let text = render(&said(archive, manifest, predictor), Transport::Local, PIECES_HERE)
            .map_err(|error| failed(error.to_string()))?;
        let (before, behind) =
            text.split_once(PIECES_HERE).ok_or_else(|| failed("has no place for pieces".into()))?;
        Ok(Self { archive, before: before.to_owned(), behind: behind.to_owned() })
    }

    /// Writes it, in flat memory. `progress` hears bytes of the bundle.
    pub fn write(&self, out: &mut dyn Write, progress: &dyn Fn(u64)) -> io::Result<()> {
        out.write_all(self.before.as_bytes())?;
        let size = self.archive.packed_size();
        let runtime = format!(
            "<script type=\"text/plain\" class=\"bundle-runtime\" data-bundle-size=\"{size}\">"
        );
        write_piece(out, &runtime, RUNTIME)?;
        let mut bundle = self.archive.packed();
        let mut piece = Vec::new();
        loop {
            piece.clear();
            let most = u64::try_from(PIECE_SIZE).unwrap_or(u64::MAX);
            bundle.by_ref().take(most).read_to_end(&mut piece)?;
            if piece.is_empty() {
                break;
            }
            write_piece(out, PIECE_BEFORE, &piece)?;
            progress(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        out.write_all(self.behind.as_bytes())
    }
}

/// What the page says before it has checked anything: all that the bundle says, and of the
/// signature only that it is being checked.
fn said(archive: &Archive, manifest: &Manifest, predictor: &Predictor) -> Json {
    let id = Some(archive.id());
    let mut said = describe_loaded(manifest, id, &Verification::Unsigned, predictor);
    said["signature"] = json!("checking");
    said
}

fn write_piece(out: &mut dyn Write, before: &str, content: &[u8]) -> io::Result<()> {
    out.write_all(before.as_bytes())?;
    // Encoded a stretch at a time: a multiple of three, so that nothing is padded in between.
    for stretch in content.chunks(3 << 14) {
        out.write_all(BASE64.encode(stretch).as_bytes())?;
    }
    writeln!(out, "{PIECE_BEHIND}<script>{PART_READ}</script>")
}

/// Whose words and programs are around the bundle in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// The page is, byte for byte, what this version writes of the bundle.
    Ours,
    /// It says that it is of this version, and is not.
    Changed,
    /// It says that it is of another version, which alone could tell.
    OfVersion(String),
    /// This version was built without what runs in a browser.
    NothingToCompare,
}

/// Compares a page with the one that this version writes of the bundle in it.
pub fn provenance(
    page: &mut dyn Read,
    archive: &Archive,
    manifest: &Manifest,
    predictor: &Predictor,
) -> io::Result<Provenance> {
    if runtime().is_none() {
        return Ok(Provenance::NothingToCompare);
    }
    let ours = PageFile::of(archive, manifest, predictor).map_err(io::Error::other)?;
    let mut head = Vec::new();
    page.take(MAX_HEAD).read_to_end(&mut head)?;
    let version = version_of(&String::from_utf8_lossy(&head));
    if version.as_deref().is_some_and(|version| version != env!("CARGO_PKG_VERSION")) {
        return Ok(Provenance::OfVersion(version.unwrap_or_default()));
    }
    let mut beside = Beside { page: &mut head.as_slice().chain(page), differs: false };
    ours.write(&mut beside, &|_| ())?;
    let more = beside.page.read(&mut [0])? > 0;
    Ok(if beside.differs || more { Provenance::Changed } else { Provenance::Ours })
}

/// The version that a page says it is of.
fn version_of(head: &str) -> Option<String> {
    let (_, rest) = head.split_once("<meta name=\"generator\" content=\"bundle ")?;
    rest.split_once('"').map(|(version, _)| version.chars().take(40).collect())
}

/// Takes what would be written and holds it against a page.
struct Beside<'a> {
    page: &'a mut dyn Read,
    differs: bool,
}

impl Write for Beside<'_> {
    fn write(&mut self, ours: &[u8]) -> io::Result<usize> {
        if !self.differs {
            let mut theirs = Vec::with_capacity(ours.len());
            let length = u64::try_from(ours.len()).unwrap_or(u64::MAX);
            (&mut self.page).take(length).read_to_end(&mut theirs)?;
            self.differs = theirs != ours;
        }
        Ok(ours.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
