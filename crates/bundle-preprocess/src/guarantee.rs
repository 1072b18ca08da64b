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
}

impl Guarantee {
    /// What both together promise: the weaker.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Abs(one), Self::Abs(two)) => Self::Abs(one.max(two)),
            (bound @ Self::Abs(_), _) | (_, bound @ Self::Abs(_)) => bound,
            (Self::Exact, Self::Exact) => Self::Exact,
            _ => Self::Ulp,
        }
    }
}

/// The guarantee of a step.
pub const fn guarantee(step: &Step) -> Guarantee {
    match step {
        Step::Resize(resize) => match resize.kernel {
            ResizeImpl::Pillow | ResizeImpl::TorchvisionU8 | ResizeImpl::Opencv => Guarantee::Exact,
            // Of samples from 0 to 255.
            // Of values up to 255, beside 1e-5 of each: sums in float32 depend on their order.
            ResizeImpl::TorchvisionF32 => Guarantee::Abs(3e-4),
        },
        Step::DecodeImage(_)
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
        | Step::TopK(_)
        | Step::MinMaxScale(_)
        | Step::OrdinalEncode(_)
        | Step::Threshold(_)
        | Step::Nms(_)
        | Step::CtcGreedy(_)
        | Step::ScaleLinear(_)
        | Step::ZeroMeanUnitVariance(_)
        | Step::ScaleRange(_)
        | Step::Clip(_)
        | Step::Binarize(_)
        | Step::ReverseChannels(_)
        | Step::Transpose(_)
        | Step::DecodeArray(_)
        | Step::DecodeAudio(_)
        | Step::PadOrTrim(_)
        | Step::DropLastFrame(_)
        | Step::Lowercase(_)
        | Step::Tokenize(_)
        | Step::Bytes(_)
        | Step::Detokenize(_)
        | Step::SlidingWindow(_)
        | Step::Difference(_)
        | Step::DecodeDicom(_) => Guarantee::Exact,
        Step::Letterbox(letterbox) => match letterbox.kernel {
            ResizeImpl::TorchvisionF32 => Guarantee::Abs(3e-4),
            _ => Guarantee::Exact,
        },
        Step::Softmax(_)
        | Step::Sigmoid(_)
        | Step::DecodeBoxes(_)
        | Step::Pool(_)
        | Step::L2Norm(_)
        | Step::Preemphasis(_) => Guarantee::Ulp,
        // Libraries that transform in float32 are this far off, as a part of the largest value.
        Step::Stft(_) | Step::Mel(_) => Guarantee::Abs(1e-6),
        // Authors resample in float32.
        Step::Resample(_) => Guarantee::Abs(2e-5),
        // The logarithm shows the rounding of what is nearly silent.
        Step::Log(_) => Guarantee::Abs(1e-4),
        Step::KaldiFbank(_) => Guarantee::Abs(2e-4),
    }
}
