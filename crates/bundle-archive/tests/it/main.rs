//! The archive through its public face.

mod forge;
mod hostile;
mod laws;
mod programs;
mod project;
mod roundtrip;
mod vectors;
mod zipped;
