//! Another signature for a bundle that is there: the first frame and the seek
//! table are written anew, every other byte is copied.

use std::{io::Write as _, path::Path};

use bundle_manifest::BundleId;

use crate::{
    Archive, ArchiveError, Limits, WriteOptions, Written,
    encode::encode,
    layout::{Layout, SIGNATURE},
    limits::{member_subject, too_large},
    seek,
    write::{directory_of, first_frame, length, new_file, row},
};

/// Bytes copied at a time.
const CHUNK: u64 = 8 << 20;

impl Archive {
    /// Writes this bundle with `signature` as its `bundle.sig`, or without one, to `target`, which
    /// may be the bundle itself and is replaced when everything is written. Its id stays what it
    /// is. Nothing is verified: what is signed should be verified first. `progress` hears the bytes
    /// copied since the last call.
    pub fn write_signed(
        &self,
        signature: Option<&[u8]>,
        target: &Path,
        progress: &dyn Fn(u64),
    ) -> Result<Written, ArchiveError> {
        let at = |source| ArchiveError::io(target.display().to_string(), source);
        let limit = Limits::default().signature_size;
        if let Some(size) = signature.map(length).filter(|size| *size > limit) {
            return Err(too_large(member_subject(SIGNATURE), size, limit));
        }
        let lock = self.lock();
        let text = lock.to_toml();
        let first = first_frame(lock, &text, self.manifest_text().as_bytes(), signature)?;
        let mut head = Vec::new();
        encode(&first, WriteOptions::default().level, &mut head).map_err(at)?;
        let behind = self.frames.get(1..).unwrap_or_default();
        let rows = behind.iter().map(|frame| (frame.packed, frame.unpacked));
        let rows: Vec<_> = std::iter::once(row(&head, &first).map_err(at)?).chain(rows).collect();
        let table = seek::to_bytes(&rows)
            .ok_or_else(|| ArchiveError::limit("seek table", "has too many frames"))?;

        let mut out = new_file(directory_of(target)).map_err(at)?;
        out.write_all(&head).map_err(at)?;
        let from = behind.first().map_or(0, |frame| frame.offset);
        let copied =
            behind.iter().fold(0_u64, |sum, frame| sum.saturating_add(frame.packed.into()));
        self.copy(from, copied, &mut out, progress).map_err(|error| match error {
            CopyError::Read(error) => error,
            CopyError::Write(source) => at(source),
        })?;
        out.write_all(&table).and_then(|()| out.flush()).map_err(at)?;
        self.check_cancelled()?;
        out.persist(target).map_err(|error| at(error.error))?;
        let size = length(&head).saturating_add(copied).saturating_add(length(&table));
        let layout = Layout::of(lock, length(text.as_bytes()), signature.map(length))?;
        let members = layout.entries.len().saturating_add(1);
        Ok(Written { id: BundleId::of_text(lock, text.as_bytes()), size, members })
    }

    fn copy(
        &self,
        from: u64,
        count: u64,
        out: &mut tempfile::NamedTempFile,
        progress: &dyn Fn(u64),
    ) -> Result<(), CopyError> {
        let (mut at, mut rest, mut buffer) = (from, count, Vec::new());
        while rest > 0 {
            self.check_cancelled().map_err(CopyError::Read)?;
            let length = rest.min(CHUNK);
            self.storage.read_at(at, length, &mut buffer).map_err(CopyError::Read)?;
            out.write_all(&buffer).map_err(CopyError::Write)?;
            progress(length);
            at = at.saturating_add(length);
            rest = rest.saturating_sub(length);
        }
        Ok(())
    }
}

/// Which side failed.
enum CopyError {
    Read(ArchiveError),
    Write(std::io::Error),
}
