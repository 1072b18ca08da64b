//! Ctrl-C: a command that writes files stops between two pieces and cleans up.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether the user asked to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C. A second one ends the process at once.
    pub(crate) fn listen() -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&asked);
        // Without a handler Ctrl-C still ends the process; only the clean-up is lost.
        ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::Relaxed) {
                exit_at_once();
            }
        })
        .unwrap_or_default();
        Self(asked)
    }

    /// The flag itself, for a library that looks at one.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[expect(clippy::exit, reason = "the user pressed Ctrl-C twice; 130 is what shells expect of it")]
fn exit_at_once() {
    std::process::exit(130);
}
