//! Run a network on prepared inputs, and replay recorded examples.
//!
//! The only crate that names an inference engine, and the only place where one
//! is named is its module `engine`. From the outside in:
//!
//! - [`Predictor`]: a manifest with its network; inputs as a person gives them,
//!   outcomes as a person reads them.
//! - [`Network`]: named tensors in, named tensors out. Loads as 55 real
//!   networks taught: shape annotations ignored, one plan per set of input
//!   shapes, float16 computed in float32.
//! - [`examine`]: what an ONNX file says, without running it, and what would be
//!   refused. **Right or refused**: a node that the engine would compute
//!   wrongly without an error is refused by name.
//! - [`compare`] and [`replay`]: actual beside recorded. [`diagnose`]: which step differs
//!   first, and what the author did instead.
//!
//! Files come from a [`FileSource`](bundle_manifest::FileSource); there is no
//! other I/O, no clock, no thread.
//!
//! ```
//! use bundle_manifest::Tolerance;
//! use bundle_preprocess::{Tensor, TensorData};
//! use bundle_run::compare;
//!
//! let tensor = |value| Tensor::new(vec![1, 1], TensorData::Float32(vec![value]));
//! let comparison = compare(&tensor(0.1234)?, &tensor(0.1243)?, &Tolerance::default());
//! let difference = comparison.difference.expect("they differ");
//! assert_eq!(difference.to_string(), "element [0, 0] is 0.1234, recorded 0.1243");
//! # Ok::<(), bundle_preprocess::ShapeError>(())
//! ```

mod compare;
mod diagnose;
mod engine;
mod error;
mod examine;
mod fit;
mod likeness;
mod network;
mod onnx;
mod predictor;
mod replay;
mod stages;
mod tensor;

pub use compare::{Comparison, Difference, compare};
pub use diagnose::{InputDiagnosis, diagnose};
pub use error::{RunError, RunErrorKind};
pub use examine::{OnnxReport, OnnxTensor, Refusal, examine};
pub use likeness::Likeness;
pub use network::Network;
pub use predictor::{Inputs, OutputResult, Prediction, Predictor};
pub use replay::{ExampleReplay, OutputReplay, StepReplay, rehearse, replay};
