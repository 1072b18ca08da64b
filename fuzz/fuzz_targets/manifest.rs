//! Any text as `bundle.toml` and as `bundle.lock`: problems with places that exist,
//! or a value that its own text gives again.
#![no_main]

use bundle_manifest::{Lock, Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = Manifest::from_toml(text) {
        let lines = text.split('\n').count();
        assert!(!error.problems().is_empty());
        for problem in error.problems() {
            assert!((1..=lines).contains(&problem.line), "{problem:?}");
            assert!(problem.column >= 1 && problem.width >= 1, "{problem:?}");
            assert!(!problem.render(text, "bundle.toml").contains('\u{1b}'));
        }
    }
    if let Ok(lock) = Lock::from_toml(text) {
        assert_eq!(lock.to_toml(), text);
    }
});
