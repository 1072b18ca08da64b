//! The archive through its public face.

mod forge;
mod hostile;
mod laws;
mod paged;
mod programs;
mod project;
mod roundtrip;
mod vectors;
mod zipped;
