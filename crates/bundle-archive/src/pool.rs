//! Frames packed by several threads, handed back in the order they came.

use std::{
    collections::VecDeque,
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread::Builder,
};

use crate::encode::encode;

/// More threads than this would only wait for SHA-256, and each holds a frame.
const MOST_THREADS: usize = 4;

/// A frame on its way.
#[derive(Debug, Default)]
pub(crate) struct Job {
    /// The content.
    pub(crate) content: Vec<u8>,
    /// The zstd frame.
    pub(crate) packed: Vec<u8>,
}

/// Threads that pack. They end when the pool is dropped.
#[derive(Debug)]
pub(crate) struct Pool {
    lanes: VecDeque<Lane>,
    /// The lanes that owe a frame, oldest first, by the order of dealing.
    owed: usize,
    free: Vec<Job>,
}

#[derive(Debug)]
struct Lane {
    work: Sender<Job>,
    done: Receiver<io::Result<Job>>,
}

impl Pool {
    /// A pool of `threads` threads (at least one, at most four).
    pub(crate) fn new(threads: usize, level: i32) -> io::Result<Self> {
        let spawn = |_| {
            let (work, jobs) = channel::<Job>();
            let (results, done) = channel();
            let pack = move || {
                for mut job in jobs {
                    let result = encode(&job.content, level, &mut job.packed).map(|()| job);
                    // A pool that is gone wants no more frames.
                    if results.send(result).is_err() {
                        return;
                    }
                }
            };
            Builder::new().name("pack".to_owned()).spawn(pack)?;
            Ok(Lane { work, done })
        };
        let lanes = (0..threads.clamp(1, MOST_THREADS)).map(spawn).collect::<io::Result<_>>()?;
        Ok(Self { lanes, owed: 0, free: Vec::new() })
    }

    /// An empty buffer for the content of the next frame.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        let mut content =
            self.free.last_mut().map(|job| std::mem::take(&mut job.content)).unwrap_or_default();
        content.clear();
        content
    }

    /// Deals a frame to the next thread. When every thread has work and one
    /// frame waits, the oldest is handed to `write` first.
    pub(crate) fn send(&mut self, content: Vec<u8>, write: Write<'_>) -> io::Result<()> {
        while self.owed > self.lanes.len() {
            self.receive(write)?;
        }
        let mut job = self.free.pop().unwrap_or_default();
        job.content = content;
        let lane = self.lanes.front().ok_or_else(stopped)?;
        lane.work.send(job).map_err(|_| stopped())?;
        self.lanes.rotate_left(1);
        self.owed = self.owed.saturating_add(1);
        Ok(())
    }

    /// Hands every frame that is still owed to `write`.
    pub(crate) fn drain(&mut self, write: Write<'_>) -> io::Result<()> {
        while self.owed > 0 {
            self.receive(write)?;
        }
        Ok(())
    }

    /// Takes the oldest frame: lanes are dealt to in turn, so the oldest is
    /// `owed` turns back.
    fn receive(&mut self, write: Write<'_>) -> io::Result<()> {
        let turns = self.owed.checked_rem(self.lanes.len()).unwrap_or_default();
        let back = self
            .lanes
            .len()
            .saturating_sub(turns)
            .checked_rem(self.lanes.len())
            .unwrap_or_default();
        let lane = self.lanes.get(back).ok_or_else(stopped)?;
        let job = lane.done.recv().map_err(|_| stopped())??;
        self.owed = self.owed.saturating_sub(1);
        write(&job)?;
        self.free.push(job);
        Ok(())
    }
}

/// What is done with a packed frame.
pub(crate) type Write<'w> = &'w mut dyn FnMut(&Job) -> io::Result<()>;

fn stopped() -> io::Error {
    io::Error::other("a packing thread stopped")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_in_order_whatever_the_number_of_threads() {
        let packed = |threads| {
            let mut pool = Pool::new(threads, 3).expect("threads");
            let mut frames = Vec::new();
            let mut write = |job: &Job| {
                frames.push((job.content.clone(), job.packed.clone()));
                Ok(())
            };
            for number in 0_u8..50 {
                let mut content = pool.buffer();
                content.resize(usize::from(number) * 100 + 1, number);
                pool.send(content, &mut write).expect("sends");
            }
            pool.drain(&mut write).expect("drains");
            frames
        };
        let one = packed(1);
        assert_eq!(
            one.iter().map(|(content, _)| content[0]).collect::<Vec<_>>(),
            (0..50).collect::<Vec<_>>()
        );
        for threads in [0, 2, 3, 4, 9] {
            assert_eq!(packed(threads), one, "{threads} threads");
        }
    }
}
