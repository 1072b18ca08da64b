//! Keys, certificates, directories and statements, beside `openssl`.
#![cfg(all(feature = "store", feature = "directory"))]

mod attestations;
mod certificates;
mod directories;
mod keys;
mod openssl;
mod store;

/// The result of a test that reads and writes.
type Outcome = Result<(), Box<dyn std::error::Error>>;
