//! How near an operation comes to the library it names.

use bundle_manifest::{ResizeImpl, Step};

/// What a test against the real library has proven of an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Guarantee {
    /// Every bit is equal.
    Exact,
    /// Computed in float64. Of float16 and float32 it is rounded once, and within one
    /// unit in the last place of the true value; a library that computes in float32 may
    /// be a few units off. Of float64 each operation is rounded, and `softmax` may be
    /// some hundred units off.
    Ulp,
    /// Within this absolute distance.
    Abs(f64),
    /// Nothing: the operation cannot run in this version.
    None,
}

/// The guarantee of a step.
pub const fn guarantee(step: &Step) -> Guarantee {
    match step {
        Step::Resize(resize) => match resize.kernel {
            ResizeImpl::Pillow => Guarantee::Exact,
            ResizeImpl::TorchvisionU8 | ResizeImpl::TorchvisionF32 | ResizeImpl::Opencv => {
                Guarantee::None
            }
        },
        Step::Softmax(_) | Step::Sigmoid(_) => Guarantee::Ulp,
        Step::DecodeImage(_)
        | Step::DecodeDicom(_)
        | Step::ConvertColor(_)
        | Step::CenterCrop(_)
        | Step::Crop(_)
        | Step::Pad(_)
        | Step::Rescale(_)
        | Step::Normalize(_)
        | Step::Layout(_)
        | Step::EnsureDtype(_)
        | Step::ExpandDims(_)
        | Step::Columns(_)
        | Step::Impute(_)
        | Step::StandardScale(_)
        | Step::OneHot(_)
        | Step::ColumnConcat(_)
        | Step::Argmax(_)
        | Step::TopK(_) => Guarantee::Exact,
        _ => Guarantee::None,
    }
}
