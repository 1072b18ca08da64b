//! Operations that the format reserves.

use crate::tree::words;

words! {
    /// Operations that the format reserves. They parse, so that any paper can be
    /// packed; what needs them is refused by name when it runs.
    pub enum PlannedOp ("operation") {
        /// Resize into a box and pad the rest.
        Letterbox = "letterbox",
        /// Scale by percentiles of the sample.
        ScaleRange = "scale_range",
        /// Limit to a range.
        Clip = "clip",
        /// Multiply and add.
        ScaleLinear = "scale_linear",
        /// Compare with a threshold, to 0 and 1.
        Binarize = "binarize",
        /// Reorder axes.
        Transpose = "transpose",
        /// Decode a DICOM frame.
        DecodeDicom = "decode_dicom",
        /// Decode WAV or FLAC.
        DecodeAudio = "decode_audio",
        /// Change the sampling rate.
        Resample = "resample",
        /// Make a signal a given length.
        PadOrTrim = "pad_or_trim",
        /// First-order high-pass of speech.
        Preemphasis = "preemphasis",
        /// Short-time Fourier transform.
        Stft = "stft",
        /// Mel filter bank.
        Mel = "mel",
        /// Logarithm with a floor.
        Log = "log",
        /// Kaldi's filter bank.
        KaldiFbank = "kaldi_fbank",
        /// Leave out the last frame.
        DropLastFrame = "drop_last_frame",
        /// Text to token ids.
        Tokenize = "tokenize",
        /// File content as tokens.
        Bytes = "bytes",
        /// Scale columns to a range.
        MinMaxScale = "min_max_scale",
        /// Categories to their index.
        OrdinalEncode = "ordinal_encode",
        /// Cut a series into windows.
        Window = "window",
        /// Differences of a series.
        Difference = "difference",
        /// Compare scores with a threshold.
        Threshold = "threshold",
        /// Non-maximum suppression of boxes.
        Nms = "nms",
        /// Greedy CTC decoding.
        CtcGreedy = "ctc_greedy",
        /// Token ids to text.
        Detokenize = "detokenize",
        /// Pool token embeddings.
        Pool = "pool",
        /// Scale to unit length.
        L2Norm = "l2_norm",
    }
}
