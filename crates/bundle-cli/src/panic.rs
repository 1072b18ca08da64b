//! Panics: the engine's are caught where it is called and become errors with
//! the node's name, so nothing is printed for them; one that reaches the top is
//! a mistake of ours, and says so.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::anyhow;

use crate::{exit::Exit, failure::Failure};

/// Runs `work`; a panic in it becomes a failure that asks for a report.
pub(crate) fn catch(work: impl FnOnce() -> Result<Exit, Failure>) -> Result<Exit, Failure> {
    let last = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&last);
    set_hook(Box::new(move |info| {
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = info.to_string();
    }));
    // What was half-changed is dropped with the process.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let what = last.lock().unwrap_or_else(PoisonError::into_inner).replace('\n', " ");
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
}
