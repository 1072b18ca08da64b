//! TOML as text: strings, keys and numbers, for files that are written line by line.

use std::fmt::Write as _;

/// A TOML key: bare where it may be.
pub fn key(name: &str) -> String {
    let bare =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quote(name) }
}

/// A TOML basic string with the fewest escapes.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                // Control characters end at U+009F, so four digits hold them.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// An array of strings.
pub fn quote_all(texts: impl IntoIterator<Item: AsRef<str>>) -> String {
    array(texts.into_iter().map(|text| quote(text.as_ref())))
}

/// A float.
pub fn number(value: f64) -> String {
    format!("{value:?}")
}

/// An array of floats.
pub fn numbers(values: &[f64]) -> String {
    array(values.iter().copied().map(number))
}

fn array(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_keys_are_quoted_as_toml_wants() {
        assert_eq!(quote("a \"b\" \\ \n"), "\"a \\\"b\\\" \\\\ \\u000A\"");
        assert_eq!(key("pixel_values"), "pixel_values");
        assert_eq!(key("input.1"), "\"input.1\"");
        assert_eq!(key(""), "\"\"");
    }

    #[test]
    fn floats_are_toml() {
        for (value, expected) in
            [(1.0 / 255.0, "0.00392156862745098"), (1.0, "1.0"), (1e-7, "1e-7"), (-0.5, "-0.5")]
        {
            assert_eq!(number(value), expected);
        }
    }
}
