//! Any bytes as an NPY array: an error, or an array that survives being written and read again.
#![no_main]

use bundle_preprocess::{read_npy, write_npy};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tensor) = read_npy(bytes, 1 << 20) {
        let written = write_npy(&tensor);
        let again = read_npy(&written, 1 << 20).expect("what was written is an array");
        assert_eq!((again.shape(), again.dtype()), (tensor.shape(), tensor.dtype()));
        assert_eq!(write_npy(&again), written);
    }
});
