//! Opening a bundle, and what its first frame tells.

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bundle_manifest::{BundleId, Lock};

use crate::{
    ArchiveError, Limits,
    decode::Decoder,
    head::{self, Head},
    layout::Layout,
    seek::{self, Frame},
    storage::Storage,
};

/// An open bundle: its seek table and first frame are checked, the rest is not read yet.
pub struct Archive {
    pub(crate) storage: Storage,
    pub(crate) frames: Vec<Frame>,
    pub(crate) layout: Layout,
    pub(crate) head: Head,
    /// The shared frame that was read last: its neighbours are often next.
    pub(crate) shared: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
    /// Members by path that were verified and are to be read next.
    pub(crate) kept: Mutex<BTreeMap<String, Vec<u8>>>,
    cancel: Arc<AtomicBool>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Archive");
        debug.field("file", &self.storage.name()).field("stem", &self.head.lock.stem());
        debug.field("id", &self.head.id.to_string()).finish_non_exhaustive()
    }
}

impl Archive {
    /// Opens a bundle file: reads the seek table and the first frame only.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, ArchiveError> {
        Self::from_storage(Storage::open(path)?, limits)
    }

    /// Opens a bundle in memory.
    pub fn from_bytes(bytes: Vec<u8>, limits: &Limits) -> Result<Self, ArchiveError> {
        Self::from_storage(Storage::Memory(bytes), limits)
    }

    pub(crate) fn from_storage(storage: Storage, limits: &Limits) -> Result<Self, ArchiveError> {
        let frames = seek::read(&storage, limits)?;
        let head = read_head(&storage, &frames, limits)?;
        let signature =
            head.signature.as_ref().map(|bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let layout = Layout::of(&head.lock, head.lock_size, signature)?;
        check_layout(&frames, &layout)?;
        let (shared, kept, cancel) = (Mutex::default(), Mutex::default(), Arc::default());
        Ok(Self { storage, frames, layout, head, shared, kept, cancel })
    }

    /// The lock.
    pub fn lock(&self) -> &Lock {
        &self.head.lock
    }

    /// The text of `project/bundle.toml`.
    pub fn manifest_text(&self) -> &str {
        &self.head.manifest
    }

    /// The bytes of `bundle.sig`.
    pub fn signature(&self) -> Option<&[u8]> {
        self.head.signature.as_deref()
    }

    /// The identity that the lock claims (true once `verify` holds).
    pub fn id(&self) -> BundleId {
        self.head.id
    }

    /// Bytes of the file.
    pub fn packed_size(&self) -> u64 {
        self.storage.len()
    }

    /// Bytes of all members that it holds, by the lock.
    pub fn unpacked_size(&self) -> u64 {
        let members = self.lock().members.iter().filter(|member| !member.withheld);
        members.fold(0, |sum, member| sum.saturating_add(member.size))
    }

    /// Makes [`verify`](Self::verify) and `extract` stop, with the error
    /// `Cancelled`, soon after `flag` becomes true.
    pub fn cancel_when(&mut self, flag: Arc<AtomicBool>) {
        self.cancel = flag;
    }

    pub(crate) fn check_cancelled(&self) -> Result<(), ArchiveError> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(ArchiveError::cancelled(self.storage.name()));
        }
        Ok(())
    }

    /// Unpacks the frame at `index` into `out`; `packed` is scratch.
    pub(crate) fn unpack(
        &self,
        index: usize,
        decoder: &mut Decoder,
        packed: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), ArchiveError> {
        let frame = self.frames.get(index).copied();
        let frame = frame
            .ok_or_else(|| ArchiveError::malformed(subject(index), "is not in the seek table"))?;
        unpack(&self.storage, index, frame, decoder, (packed, out))
    }
}

fn unpack(
    storage: &Storage,
    index: usize,
    frame: Frame,
    decoder: &mut Decoder,
    (packed, out): (&mut Vec<u8>, &mut Vec<u8>),
) -> Result<(), ArchiveError> {
    storage.read_at(frame.offset, frame.packed.into(), packed)?;
    decoder.decode(packed, frame, out).map_err(|what| ArchiveError::malformed(subject(index), what))
}

fn read_head(storage: &Storage, frames: &[Frame], limits: &Limits) -> Result<Head, ArchiveError> {
    let none = || ArchiveError::malformed("seek table", "lists no frame");
    let first = *frames.first().ok_or_else(none)?;
    let most = head::most_bytes(limits);
    if u64::from(first.unpacked) > most {
        let what = format!("unpacks to {} bytes, the limit is {most}", first.unpacked);
        return Err(ArchiveError::limit(subject(0), what));
    }
    let mut decoder = Decoder::new().map_err(|source| ArchiveError::io(storage.name(), source))?;
    let (mut packed, mut bytes) = (Vec::new(), Vec::new());
    unpack(storage, 0, first, &mut decoder, (&mut packed, &mut bytes))?;
    drop(packed);
    head::parse(&bytes, limits)
}

/// A seek table tells nothing that the lock does not: it must agree.
fn check_layout(frames: &[Frame], layout: &Layout) -> Result<(), ArchiveError> {
    for (index, (frame, expected)) in frames.iter().zip(&layout.frames).enumerate() {
        if u64::from(frame.unpacked) != *expected {
            let what =
                format!("holds {} bytes, the members of the lock make {expected}", frame.unpacked);
            return Err(ArchiveError::malformed(subject(index), what));
        }
    }
    if frames.len() != layout.frames.len() {
        let (is, should) = (frames.len(), layout.frames.len());
        let what = format!("lists {is} frames, the members of the lock make {should}");
        return Err(ArchiveError::malformed("seek table", what));
    }
    Ok(())
}

/// How an error names a frame; frames are counted from one.
pub(crate) fn subject(index: usize) -> String {
    format!("frame {}", index.saturating_add(1))
}
