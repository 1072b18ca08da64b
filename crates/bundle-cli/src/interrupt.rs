//! Ctrl-C: a command that writes files stops between two pieces and cleans up.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether the user asked to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    writing: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for Ctrl-C, SIGTERM and SIGHUP. Before anything is written, and
    /// the second time, the process ends at once.
    pub(crate) fn listen() -> Self {
        let this = Self { asked: Arc::default(), writing: Arc::default() };
        let heard = this.clone();
        // Without a handler Ctrl-C still ends the process; only the clean-up is lost.
        ctrlc::set_handler(move || {
            let again = heard.asked.swap(true, Ordering::Relaxed);
            if again || !heard.writing.load(Ordering::Relaxed) {
                exit_at_once();
            }
        })
        .unwrap_or_default();
        this
    }

    /// From here on there is something to clean up.
    pub(crate) fn writes(&self) {
        self.writing.store(true, Ordering::Relaxed);
    }

    /// The flag itself, for a library that looks at one.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

#[expect(
    clippy::exit,
    reason = "nothing is lost, or the user insists; 130 is what shells expect of Ctrl-C"
)]
fn exit_at_once() {
    std::process::exit(130);
}
