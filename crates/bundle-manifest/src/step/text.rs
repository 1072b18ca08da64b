//! Parameters of the text steps, in the words of `tokenizers`.

use crate::{
    step::Side,
    tree::{table, words},
};

words! {
    /// Which part of a pair is cut when both are too long together.
    pub enum TruncationStrategy ("truncation strategy") {
        /// Token by token off the longer one.
        LongestFirst = "longest_first",
        /// The first only.
        OnlyFirst = "only_first",
        /// The second only.
        OnlySecond = "only_second",
    }
}

table! {
    /// How a text that is too long is cut.
    pub struct Truncation {
        /// Most tokens, with special ones.
        max_length: u32,
        /// From which end tokens are taken away.
        side: Side = Side::Right,
        /// Which part of a pair is cut.
        strategy: TruncationStrategy = TruncationStrategy::LongestFirst,
    }
}

table! {
    /// How a text that is too short is filled.
    pub struct TokenPadding {
        /// The length afterwards. Absent: the length of the text, rounded up to `multiple_of`.
        length: Option<u32>,
        /// The length becomes a multiple of this.
        multiple_of: Option<u32>,
        /// At which end it is filled.
        side: Side,
        /// The id that fills.
        pad_id: u64,
        /// Its token, for people.
        pad_token: Option<String>,
        /// The type id that fills.
        pad_type_id: u64 = 0,
    }
}
