//! The public face of `bundle-preprocess`, against the real libraries and against
//! hostile input.

mod bombs;
mod faults;
mod fused;
mod groups;
mod hostile;
mod infer;
mod mutation;
mod numbers;
mod outputs;
mod pipelines;
mod replay;
mod support;
mod vectors;
