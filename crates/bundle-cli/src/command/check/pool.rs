//! Work on many things at once: each thread takes the next, one thread hears of each.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::sync_channel,
    },
    thread::{Builder, scope},
};

use crate::failure::Failure;

/// Bytes of a thread's stack, as many as the main thread has: what is read there must not
/// end the program here.
const STACK: usize = 8 << 20;

/// Does `work` for each index below `count`, with `jobs` threads; `hear` is told of each on
/// this thread, in the order in which they are done. Nothing piles up: a thread waits until
/// it was heard. The first failure of `hear` ends it all.
pub(super) fn in_parallel<T: Send>(
    count: usize,
    jobs: usize,
    work: impl Fn(usize) -> T + Sync,
    mut hear: impl FnMut(usize, T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (next, work) = (&AtomicUsize::new(0), &work);
    scope(|scope| {
        let (sender, receiver) = sync_channel(0);
        for _ in 0..jobs.clamp(1, count.max(1)) {
            let sender = sender.clone();
            let take = move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || sender.send((index, work(index))).is_err() {
                        return;
                    }
                }
            };
            Builder::new().stack_size(STACK).spawn_scoped(scope, take)?;
        }
        drop(sender);
        receiver.iter().try_for_each(|(index, done)| hear(index, done))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_done_once_with_any_number_of_jobs() {
        for jobs in [1, 2, 7, 100] {
            let mut heard = Vec::new();
            let hear = |index, square| {
                heard.push((index, square));
                Ok(())
            };
            in_parallel(50, jobs, |index| index * index, hear).expect("done");
            heard.sort_unstable();
            assert_eq!(heard, (0..50).map(|index| (index, index * index)).collect::<Vec<_>>());
        }
        in_parallel(0, 3, |index| index, |_, _| Err(Failure::usage("heard"))).expect("nothing");
    }

    #[test]
    fn a_failure_to_hear_ends_it() {
        let done = AtomicUsize::new(0);
        let work = |_| done.fetch_add(1, Ordering::Relaxed);
        let hear = |_, _| Err(Failure::usage("the disk is full"));
        let failure = in_parallel(10_000, 2, work, hear).expect_err("a failure");
        assert_eq!(failure.error.to_string(), "the disk is full");
        assert!(done.load(Ordering::Relaxed) <= 4, "{done:?}");
    }
}
