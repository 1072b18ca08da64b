//! Parameters of the audio steps, in the words of librosa and torchaudio.

use crate::tree::words;

words! {
    /// How several channels become one.
    pub enum Mono ("channel rule") {
        /// Their mean, in float64 (librosa, transformers pipelines).
        Mean = "mean",
        /// The first of them.
        First = "first",
    }
}

words! {
    /// How a sampling rate is changed.
    pub enum ResampleMethod ("resampling method") {
        /// torchaudio's `sinc_interp_hann`: a Hann-windowed sinc, as published.
        SincHann = "sinc_hann",
    }
}

words! {
    /// At which end something is added or cut.
    pub enum Side ("side") {
        /// At the end.
        Right = "right",
        /// At the start.
        Left = "left",
    }
}

words! {
    /// What fills a signal that is too short.
    pub enum PadMode ("padding") {
        /// `value`.
        Constant = "constant",
        /// The signal again and again, cut at the length (CLAP `repeat`).
        Repeat = "repeat",
        /// The signal as often as it fits whole, then `value` (CLAP `repeatpad`).
        RepeatPad = "repeat_pad",
    }
}

words! {
    /// The window of a transform.
    pub enum WindowFunction ("window") {
        /// Raised cosine.
        Hann = "hann",
        /// Raised cosine on a pedestal of 0.08.
        Hamming = "hamming",
        /// Kaldi's: a Hann window to the power 0.85.
        Povey = "povey",
        /// All ones.
        Rectangular = "rectangular",
    }
}

words! {
    /// What lies beyond the ends of a signal when frames are centred.
    pub enum EdgePadding ("edge padding") {
        /// The signal mirrored, without its last sample (torch.stft, Whisper).
        Reflect = "reflect",
        /// Zeros (librosa since 0.10).
        Zeros = "zeros",
    }
}

words! {
    /// The frequency scale of a mel filter bank.
    pub enum MelScale ("mel scale") {
        /// Linear to 1 kHz, then logarithmic (librosa, Whisper).
        Slaney = "slaney",
        /// `2595 log10(1 + f / 700)` (torchaudio, HTK).
        Htk = "htk",
        /// `1127 ln(1 + f / 700)`, with triangles in mel instead of hertz (Kaldi).
        Kaldi = "kaldi",
    }
}

words! {
    /// The scaling of the filters of a mel bank.
    pub enum MelNorm ("mel norm") {
        /// Each has unit area (librosa, Whisper).
        Slaney = "slaney",
        /// Each has a peak of 1 (torchaudio, Kaldi).
        None = "none",
    }
}

words! {
    /// The base of a logarithm.
    pub enum LogBase ("base") {
        /// The natural logarithm.
        E = "e",
        /// To the base 10.
        Ten = "10",
        /// Ten times the logarithm to the base 10 (librosa `power_to_db`).
        Decibel = "db",
        /// `ln(1 + x)`.
        OnePlus = "1p",
    }
}
