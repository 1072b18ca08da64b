//! A bundle inside the page that `bundle demo` writes: base64, a piece a line.

use std::{
    io::{self, BufRead, BufReader, Write as _},
    path::Path,
    sync::Mutex,
};

use data_encoding::BASE64;

use crate::{Archive, ArchiveError, Limits, PIECE_BEFORE, limits::too_large, storage::Storage};

/// How a page begins.
const OPENING: &[u8] = b"<!doctype html>";
/// Bytes of a line that are read.
const MAX_LINE: usize = 16 << 20;

impl Archive {
    /// Opens the bundle that a page holds. It is unpacked into a nameless file in the
    /// directory `scratch`; nothing of the page is run, and nothing is said of the page.
    pub fn open_page(path: &Path, scratch: &Path, limits: &Limits) -> Result<Self, ArchiveError> {
        let name = path.display().to_string();
        let at = |source| ArchiveError::io(&name, source);
        let mut page = BufReader::with_capacity(1 << 16, fs_err::File::open(path).map_err(at)?);
        let mut file = tempfile::tempfile_in(scratch).map_err(at)?;
        let (mut line, mut length) = (Vec::new(), 0_u64);
        while read_line(&mut page, &mut line).map_err(at)? {
            let Some(piece) = piece(&line) else { continue };
            let bytes = BASE64.decode(piece).map_err(|error| {
                ArchiveError::malformed(&name, format!("holds a piece that is no base64: {error}"))
            })?;
            length = length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            if length > limits.total_size {
                return Err(too_large(&name, length, limits.total_size));
            }
            file.write_all(&bytes).map_err(at)?;
        }
        if length == 0 {
            return Err(ArchiveError::malformed(name, "is a page without a bundle in it"));
        }
        let file = Mutex::new(fs_err::File::from_parts(file, scratch));
        let inside = format!("{name}: the bundle in it");
        Self::from_storage(Storage::File { file, name: inside, base: 0, length }, limits)
    }
}

/// Whether a file begins as a page does.
pub(crate) fn is_page(head: &[u8]) -> bool {
    head.get(..OPENING.len()).is_some_and(|head| head.eq_ignore_ascii_case(OPENING))
}

/// The next line, of which no more than a piece has is kept; `false` at the end.
fn read_line(page: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = page.fill_buf()?;
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffer.len(), |end| end.saturating_add(1));
        let room = MAX_LINE.saturating_sub(line.len());
        line.extend_from_slice(buffer.get(..taken.min(room)).unwrap_or_default());
        page.consume(taken);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// The base64 of a line that holds a piece.
fn piece(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(PIECE_BEFORE.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'<').unwrap_or(rest.len());
    rest.get(..end)
}
