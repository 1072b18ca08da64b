//! The public face of `bundle-run`, on small ONNX files whose outputs are
//! onnxruntime's (`fixtures/vectors/onnx/make.py`).

mod examine;
mod files;
mod network;
mod predict;
mod refused;
mod vectors;
