//! Which part of a text each token stands for.

use bundle_manifest::Step;

use crate::{
    InputPipeline, InputSource, NamedTensors, StepError, TensorData, Value, error::Fault, text,
};

impl InputPipeline {
    /// The text of each token that this input gives the network, with what is between it and the
    /// token before: put together they are the text again. `None` for a token that stands for
    /// nothing in it (`[CLS]`, padding). An input without a tokenizer gives `None`.
    pub fn tokens(&self, source: &InputSource) -> Result<Option<Vec<Option<String>>>, StepError> {
        let found =
            self.checked_steps().enumerate().find_map(|(index, checked)| match &checked.step {
                Step::Tokenize(params) => Some((index, params, &checked.resource)),
                _ => None,
            });
        let Some((index, params, resource)) = found else { return Ok(None) };
        let Value::Text(text) = self.run_range(0..index, self.first(source)?)? else {
            return Ok(None);
        };
        let fault = |fault: Fault| fault.at(self.entry(), index, "tokenize");
        let mut published = NamedTensors::new();
        let tokenizer = resource.tokenizer().map_err(fault)?;
        text::tokenize(params, tokenizer, &text, &mut published).map_err(fault)?;
        let offsets = match published.get("offsets").map(crate::Tensor::data) {
            Some(TensorData::Int64(offsets)) => offsets.as_slice(),
            _ => &[],
        };
        Ok(Some(pieces(&text, offsets)))
    }
}

/// Pairs of first and last character, as the pieces of the text that end with them.
fn pieces(text: &str, offsets: &[i64]) -> Vec<Option<String>> {
    let characters: Vec<char> = text.chars().collect();
    let mut behind = 0;
    let piece = |pair: &[i64]| {
        let [start, end] = pair else { return None };
        let (start, end) = (usize::try_from(*start).ok()?, usize::try_from(*end).ok()?);
        if start >= end {
            return None;
        }
        // Two tokens may share a character (bytes of one), and the first may be cut off.
        let from = if behind == 0 || behind > start { start } else { behind };
        behind = end;
        characters.get(from..end).map(|piece| piece.iter().collect())
    };
    offsets.chunks_exact(2).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_text_again() {
        let offsets = [0, 0, 0, 4, 5, 8, 8, 10, 8, 10, 0, 0];
        let found = pieces("Zürich ist groß", &offsets);
        let words: Vec<_> = found.iter().map(|piece| piece.as_deref().unwrap_or("-")).collect();
        assert_eq!(words, ["-", "Züri", "ch i", "st", "st", "-"]);
        assert_eq!(pieces("ab", &[1, 9]), [None]);
        assert_eq!(pieces("", &[]), Vec::<Option<String>>::new());
    }
}
