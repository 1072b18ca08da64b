//! The content of the frames as one stream, unpacked ahead of its reader.
//!
//! Frames are dealt to the threads in turn and taken back in turn, so the order
//! needs no sorting and memory is a few frames.

use std::{
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread::{Builder, Scope},
};

use crate::{Archive, ArchiveError, decode::Decoder, read::subject};

/// Threads that unpack while another hashes: one is slower than SHA-256 in
/// hardware on content that shrinks, two are not.
const THREADS: usize = 2;
/// Fewer frames than this are not worth a thread.
const WORTH_THREADS: usize = 4;

/// A stream over the frames from one of them on.
pub(crate) struct Feed<'a> {
    archive: &'a Archive,
    lanes: Vec<Lane>,
    inline: Option<Inline>,
    /// The frame that comes after `buffer`.
    next: usize,
    buffer: Vec<u8>,
    position: usize,
}

/// A thread that unpacks every `THREADS`th frame, one ahead.
struct Lane {
    full: Receiver<Result<Vec<u8>, ArchiveError>>,
    empty: Sender<Vec<u8>>,
}

/// Unpacking on the reader's own thread.
struct Inline {
    decoder: Decoder,
    packed: Vec<u8>,
}

impl<'a> Feed<'a> {
    /// A stream from `first` that unpacks when it is read.
    pub(crate) fn inline(archive: &'a Archive, first: usize) -> Result<Self, ArchiveError> {
        let mut feed = Self::empty(archive, first);
        feed.inline = Some(Inline { decoder: decoder(archive)?, packed: Vec::new() });
        Ok(feed)
    }

    /// A stream from `first` that threads of `scope` unpack ahead. Where there
    /// are no threads it is [`inline`](Self::inline).
    pub(crate) fn ahead<'scope>(
        scope: &'scope Scope<'scope, '_>,
        archive: &'scope Archive,
        first: usize,
    ) -> Result<Feed<'scope>, ArchiveError> {
        if archive.frames.len().saturating_sub(first) < WORTH_THREADS {
            return Feed::inline(archive, first);
        }
        let mut feed = Feed::empty(archive, first);
        for lane in 0..THREADS {
            let (send_full, full) = sync_channel(1);
            let (empty, receive_empty) = channel();
            let frames = (first.saturating_add(lane)..archive.frames.len()).step_by(THREADS);
            let work = move || unpack_lane(archive, frames, &send_full, &receive_empty);
            if Builder::new().name("unpack".to_owned()).spawn_scoped(scope, work).is_err() {
                return Feed::inline(archive, first);
            }
            feed.lanes.push(Lane { full, empty });
        }
        Ok(feed)
    }

    fn empty(archive: &'a Archive, first: usize) -> Self {
        Self {
            archive,
            lanes: Vec::new(),
            inline: None,
            next: first,
            buffer: Vec::new(),
            position: 0,
        }
    }

    /// At least one and at most `most` bytes, from within one frame.
    pub(crate) fn take(&mut self, most: u64) -> Result<&[u8], ArchiveError> {
        while self.position >= self.buffer.len() {
            self.refill()?;
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let rest = self.buffer.get(self.position..).unwrap_or_default();
        let slice = rest.get(..most.min(rest.len())).unwrap_or_default();
        self.position = self.position.saturating_add(slice.len());
        Ok(slice)
    }

    /// Exactly `count` bytes, which are few.
    pub(crate) fn take_all(&mut self, count: usize) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            let missing = u64::try_from(count.saturating_sub(bytes.len())).unwrap_or(u64::MAX);
            bytes.extend_from_slice(self.take(missing)?);
        }
        Ok(bytes)
    }

    fn refill(&mut self) -> Result<(), ArchiveError> {
        let index = self.next;
        self.next = index.saturating_add(1);
        self.position = 0;
        let stopped = || ArchiveError::malformed(subject(index), "was not unpacked");
        if let Some(inline) = &mut self.inline {
            return self.archive.unpack(
                index,
                &mut inline.decoder,
                &mut inline.packed,
                &mut self.buffer,
            );
        }
        // The lanes take turns: the first in the list is the next to deliver.
        let lane = self.lanes.first().ok_or_else(stopped)?;
        let used = std::mem::take(&mut self.buffer);
        self.buffer = lane.full.recv().map_err(|_| stopped())??;
        // A lane that has no more frames to fill does not miss the buffer.
        lane.empty.send(used).unwrap_or_default();
        self.lanes.rotate_left(1);
        Ok(())
    }
}

fn decoder(archive: &Archive) -> Result<Decoder, ArchiveError> {
    Decoder::new().map_err(|source| ArchiveError::io(archive.storage.name(), source))
}

fn unpack_lane(
    archive: &Archive,
    frames: impl Iterator<Item = usize>,
    full: &SyncSender<Result<Vec<u8>, ArchiveError>>,
    empty: &Receiver<Vec<u8>>,
) {
    let mut decoder = match decoder(archive) {
        Ok(decoder) => decoder,
        Err(error) => return full.send(Err(error)).unwrap_or_default(),
    };
    let mut packed = Vec::new();
    for index in frames {
        let mut buffer = empty.try_recv().unwrap_or_default();
        let result = archive.unpack(index, &mut decoder, &mut packed, &mut buffer);
        let failed = result.is_err();
        // A reader that stopped listening has stopped reading.
        if full.send(result.map(|()| buffer)).is_err() || failed {
            return;
        }
    }
}
