//! Readers of the types that other types are made of.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::{Definitions, FromToml, Node};
use crate::{ArtifactPath, BundleName, Digest, EntryName, InvalidPath, Version};

impl<T: FromToml> FromToml for Option<T> {
    fn read(node: &Node<'_>) -> Option<Self> {
        T::read(node).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn schema(definitions: &mut Definitions) -> Json {
        T::schema(definitions)
    }
}

impl<T: FromToml> FromToml for Vec<T> {
    fn read(node: &Node<'_>) -> Option<Self> {
        // Every element is read, so that every problem is reported.
        let elements: Vec<Option<T>> = node.elements()?.iter().map(T::read).collect();
        elements.into_iter().collect()
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "type": "array", "items": T::schema(definitions) })
    }
}

impl<T: FromToml, const N: usize> FromToml for [T; N] {
    fn read(node: &Node<'_>) -> Option<Self> {
        let elements = Vec::<T>::read(node)?;
        let count = elements.len();
        let report =
            |_| node.report(format!("`{}` must have {N} elements, not {count}", node.key()));
        elements.try_into().map_err(report).ok()
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({ "type": "array", "items": T::schema(definitions), "minItems": N, "maxItems": N })
    }
}

impl<K: FromToml + FromStr<Err: std::fmt::Display> + Ord, T: FromToml> FromToml for BTreeMap<K, T> {
    fn read(node: &Node<'_>) -> Option<Self> {
        let entries: Vec<Option<(K, T)>> = node
            .entries()?
            .iter()
            .map(|entry| {
                let (name, value) = (entry.parse_key(), T::read(&entry.value));
                Some((name?, value?))
            })
            .collect();
        entries.into_iter().collect()
    }

    fn schema(definitions: &mut Definitions) -> Json {
        json!({
            "type": "object",
            "propertyNames": K::schema(definitions),
            "additionalProperties": T::schema(definitions),
        })
    }
}

impl FromToml for String {
    fn read(node: &Node<'_>) -> Option<Self> {
        node.string().map(str::to_owned)
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "string" })
    }
}

impl FromToml for bool {
    fn read(node: &Node<'_>) -> Option<Self> {
        match node.value() {
            DeValue::Boolean(value) => Some(*value),
            _ => node.wrong_type("`true` or `false`"),
        }
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "boolean" })
    }
}

impl FromToml for f64 {
    /// A finite number; an integer is a number too.
    fn read(node: &Node<'_>) -> Option<Self> {
        let value = match node.value() {
            DeValue::Float(float) => float.as_str().parse::<Self>().ok(),
            #[expect(
                clippy::cast_precision_loss,
                reason = "an integer written where a number goes"
            )]
            DeValue::Integer(_) => Some(node.integer()? as Self),
            _ => None,
        };
        value.filter(|value| value.is_finite()).or_else(|| node.wrong_type("a finite number"))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "number" })
    }

    fn shown(&self) -> Option<Json> {
        Some((*self).into())
    }
}

impl FromToml for i64 {
    fn read(node: &Node<'_>) -> Option<Self> {
        node.integer()
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer" })
    }
}

impl FromToml for u64 {
    fn read(node: &Node<'_>) -> Option<Self> {
        let value = node.integer()?;
        Self::try_from(value).ok().or_else(|| node.wrong_type("an integer of at least 0"))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl FromToml for u8 {
    fn read(node: &Node<'_>) -> Option<Self> {
        let value = node.integer()?;
        Self::try_from(value).ok().or_else(|| node.wrong_type("an integer from 0 to 255"))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 0, "maximum": 255 })
    }
}

/// A length along an axis: pixels, rows, samples or classes.
const MAX_EXTENT: u32 = 1 << 24;

impl FromToml for u32 {
    /// A length of at least 1; nothing in the format has an axis of length 0.
    fn read(node: &Node<'_>) -> Option<Self> {
        let value = node.integer()?;
        let extent = Self::try_from(value).ok().filter(|value| (1..=MAX_EXTENT).contains(value));
        extent.or_else(|| node.wrong_type(&format!("an integer from 1 to {MAX_EXTENT}")))
    }

    fn schema(_: &mut Definitions) -> Json {
        json!({ "type": "integer", "minimum": 1, "maximum": MAX_EXTENT })
    }

    fn shown(&self) -> Option<Json> {
        Some((*self).into())
    }
}

/// Types with a parser of their own, each with the schema of what it takes.
macro_rules! parsed_string {
    ($($name:ident: $schema:expr;)*) => {$(
        impl FromToml for $name {
            fn read(node: &Node<'_>) -> Option<Self> {
                node.parse()
            }

            fn schema(definitions: &mut Definitions) -> Json {
                definitions.refer(stringify!($name), |_| $schema)
            }
        }
    )*};
}

parsed_string! {
    BundleName: json!({
        "type": "string", "maxLength": 64, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
        "title": "name", "description": format!("A name: {}.", Self::RULE),
    });
    Version: json!({
        "type": "string", "maxLength": 64, "pattern": "^[A-Za-z0-9]([A-Za-z0-9.+-]*[A-Za-z0-9])?$",
        "title": "version", "description": format!("A version: {}.", Self::RULE),
    });
    EntryName: json!({
        "type": "string", "maxLength": 64, "pattern": "^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?$",
        "title": "name", "description": format!("A name: {}.", Self::RULE),
    });
    Digest: json!({
        "type": "string", "pattern": "^[0-9a-f]{64}$",
        "title": "digest", "description": "SHA-256, as 64 lower-case hexadecimal digits.",
    });
}

impl FromToml for ArtifactPath {
    fn read(node: &Node<'_>) -> Option<Self> {
        let report = |error: InvalidPath| {
            node.report_with(error.to_string(), error.hint().map(str::to_owned));
        };
        node.string()?.parse().map_err(report).ok()
    }

    fn schema(definitions: &mut Definitions) -> Json {
        definitions.refer("ArtifactPath", |_| {
            json!({
                "title": "path",
                "description": "A path relative to `bundle.toml`, with `/` between its parts.",
                "type": "string",
                "minLength": 1,
                "maxLength": 1024,
                "pattern": PATH_PATTERN,
            })
        })
    }
}

/// The path rules that a regular expression can say, each as a lookahead:
/// relative; no `.`, `..` or `.git` part; no backslash, colon or control
/// character; no empty part; no part that ends with a dot or a space; no name
/// that Windows reserves. Normalisation and bytes a part are [`ArtifactPath`]'s
/// alone.
const PATH_PATTERN: &str = concat!(
    r"^(?!/)",
    r"(?!.*(^|/)\.{1,2}(/|$))",
    r"(?!.*(^|/)\.[gG][iI][tT](/|$))",
    r"(?!.*[\\:\u0000-\u001f\u007f-\u009f])",
    r"(?!.*//)(?!.*/$)",
    r"(?!.*[. ](/|$))",
    r"(?!(.*/)?([cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]|([cC][oO][mM]|[lL][pP][tT])[1-9]) *(\.|/|$))",
    r".*$"
);
