//! A bundle in the memory of a page: opened, verified, replayed, run.
//!
//! The same crates as natively, behind three functions that a page calls: [`Host::open`] takes
//! the bytes of a bundle, checks every digest and the signature, and loads the network;
//! [`Host::answer`] takes a question and gives an answer. Nothing here knows of JavaScript,
//! and nothing is unsafe: `wasm/` next door gives the functions to a browser.
//!
//! # Questions and answers
//!
//! Both are a *parcel*: the length of a JSON text as four bytes, little-endian, the text, and
//! then the bytes of the files it speaks of, one after the other. In a question
//! `{"file": LENGTH}` stands for the next `LENGTH` bytes; in an answer `{"bytes": LENGTH}` does.
//!
//! ```json
//! { "ask": "describe" }
//! { "ask": "predict", "inputs": { "photograph": { "file": 81234 }, "age": { "value": 41 } }, "trace": true }
//! { "ask": "predict", "inputs": { "photograph": { "file": 81234 } },
//!   "perturb": { "input": "photograph", "kind": "rotate", "strength": 15, "seed": 1 } }
//! { "ask": "occlude", "inputs": { "photograph": { "file": 81234 } }, "input": "photograph", "grid": 8 }
//! { "ask": "replay", "example": "moderate-01" }
//! { "ask": "file", "example": "moderate-01", "input": "photograph" }
//! ```
//!
//! An answer is `{"ok": …}` with a view of `bundle-demo`, or `{"error": …, "hint": …}`.

mod host;
mod parcel;

pub use host::{Host, Progress, Refusal};
pub use parcel::Parcel;
