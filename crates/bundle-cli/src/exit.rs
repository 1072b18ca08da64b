//! Exit codes: an API that scripts rely on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: it holds, or it was done.
    Holds = 0,
    /// 1: it does not hold: a bad digest, a failed check, outputs that differ, a false statement.
    DoesNotHold = 1,
    /// 2: it could not be judged: usage, input and output, an unreadable file.
    NotJudged = 2,
}

impl Exit {
    /// Of several: what does not hold outweighs what could not be judged.
    pub(crate) fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::DoesNotHold, _) | (_, Self::DoesNotHold) => Self::DoesNotHold,
            (Self::NotJudged, _) | (_, Self::NotJudged) => Self::NotJudged,
            _ => Self::Holds,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_documented_and_fixed() {
        assert_eq!([Exit::Holds as u8, Exit::DoesNotHold as u8, Exit::NotJudged as u8], [0, 1, 2]);
    }
}
