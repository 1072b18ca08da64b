//! Where a step stands in the text of a `bundle.toml`.

use toml::de::{DeTable, DeValue};

/// The line, from 1, of step `index` of the input called `input`; `None` where there is none.
pub fn line_of_step(text: &str, input: &str, index: usize) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let DeValue::Array(inputs) = document.get_ref().get("inputs")?.get_ref() else { return None };
    let named = inputs.iter().find_map(|entry| {
        let DeValue::Table(entry) = entry.get_ref() else { return None };
        let DeValue::String(name) = entry.get("name")?.get_ref() else { return None };
        (name == input).then_some(entry)
    });
    let DeValue::Array(steps) = named?.get("steps")?.get_ref() else { return None };
    let start = steps.get(index)?.span().start;
    Some(text.get(..start)?.bytes().filter(|byte| *byte == b'\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_a_line() {
        let text = "[[inputs]]\nname = \"a\"\nsteps = []\n\n[[inputs]]\nname = \"b\"\nsteps = [\n  { op = \"x\" },\n  { op = \"y\" },\n]\n";
        assert_eq!(line_of_step(text, "b", 1), Some(9));
        assert_eq!(line_of_step(text, "a", 0), None);
        assert_eq!(line_of_step(text, "c", 0), None);
        assert_eq!(line_of_step("not toml", "c", 0), None);
    }
}
