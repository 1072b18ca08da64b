//! Any bytes as the payload of a signature: a flaw, or a statement that its own
//! text gives again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| bundle_signature::fuzz::statement(bytes));
