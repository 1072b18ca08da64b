//! Panics: the engine's are caught where it is called and become errors with
//! the node's name, so nothing is printed for them; one that reaches the top is
//! a mistake of ours, and says so.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
};

use anyhow::anyhow;

use crate::{exit::Exit, failure::Failure};

thread_local! {
    /// What the last panic of this thread said.
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work` as the whole program does; a panic in it becomes a failure that asks for a
/// report. From here on panics print nothing.
pub(crate) fn catch(work: impl FnOnce() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    set_hook(Box::new(|info| {
        let said = info.to_string();
        // A thread that is being taken down has nowhere to keep it.
        LAST.try_with(|last| last.replace(said)).unwrap_or_default();
    }));
    contain(work)
}

/// The same for a part of the work, on its own thread, so that the other parts go on.
pub(crate) fn contain<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // What was half-changed is dropped with the part that did it.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let what = LAST.take().replace('\n', " ");
        Err(Failure {
            error: anyhow!("this is a mistake in bundle itself: {what}"),
            hints: vec!["report this line, `bundle --version`, and what you ran".to_owned()],
            exit: Exit::NotJudged,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_with_its_words() {
        let failure = catch(|| panic!("of the test")).expect_err("a failure");
        assert!(failure.error.to_string().contains("of the test"), "{:?}", failure.error);
        assert_eq!(failure.exit, Exit::NotJudged);
        assert!(catch(|| Ok(Exit::Holds)).is_ok());
    }

    #[test]
    fn panics_of_several_threads_keep_their_words() {
        catch(|| Ok(Exit::Holds)).expect("the hook is set");
        std::thread::scope(|scope| {
            for index in 0..4 {
                scope.spawn(move || {
                    let work = || -> Result<(), Failure> { panic!("of thread {index}") };
                    let said = contain(work).expect_err("a failure").error.to_string();
                    assert!(said.contains(&format!("of thread {index}")), "{said}");
                });
            }
        });
    }
}
