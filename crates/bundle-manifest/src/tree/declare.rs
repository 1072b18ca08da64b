//! The macros that declare a type once, for Rust, for its reader and for the schema.

/// Declares an enum of words: its parser, its `Display` and its schema.
macro_rules! words {
    ($(#[doc = $doc:literal])* pub enum $name:ident ($what:literal) {
        $($(#[doc = $vdoc:literal])* $variant:ident = $word:literal,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $vdoc])* $variant,)*
        }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word that stands for it in the file.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::tree::FromToml for $name {
            fn read(node: &$crate::tree::Node<'_>) -> Option<Self> {
                match node.string()? {
                    $($word => Some(Self::$variant),)*
                    other => node.not_one_of($what, other, &[$($word),*]),
                }
            }

            fn schema(definitions: &mut $crate::tree::Definitions) -> serde_json::Value {
                definitions.refer(stringify!($name), |_| serde_json::json!({
                    "description": $crate::tree::doc(&[$($doc),*]),
                    "oneOf": [$({ "const": $word, "description": $crate::tree::doc(&[$($vdoc),*]) }),*],
                }))
            }

            fn shown(&self) -> Option<serde_json::Value> {
                Some(self.as_str().into())
            }
        }
    };
}
pub(crate) use words;

/// Declares a struct read from a table: `field: Type` is required unless the
/// type says what stands for its absence, `field: Type = value` has a default,
/// `field as "key"` is written differently in the file. Fields are as visible as
/// the struct, and unknown keys are problems.
macro_rules! table {
    ($(#[doc = $doc:literal])* $(#[derive($($derive:ident),*)])? $vis:vis struct $name:ident {
        $($(#[doc = $fdoc:literal])* $field:ident $(as $key:literal)? : $ty:ty $(= $default:expr)?,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq $($(, $derive)*)?)]
        $vis struct $name {
            $($(#[doc = $fdoc])* $vis $field: $ty,)*
        }

        impl $crate::tree::FromToml for $name {
            fn read(node: &$crate::tree::Node<'_>) -> Option<Self> {
                let table = &mut node.table()?;
                $(let $field = table.field::<$ty>(
                    $crate::tree::key!($field $($key)?),
                    $crate::tree::default!($ty $(, $default)?),
                );)*
                table.finish();
                Some(Self { $($field: $field?,)* })
            }

            fn schema(definitions: &mut $crate::tree::Definitions) -> serde_json::Value {
                definitions.refer(stringify!($name), |definitions| {
                    let object = &mut $crate::tree::ObjectSchema::new(definitions, &[$($doc),*]);
                    $(object.property::<$ty>(
                        $crate::tree::key!($field $($key)?),
                        &[$($fdoc),*],
                        $crate::tree::default!($ty $(, $default)?),
                    );)*
                    object.to_json()
                })
            }
        }
    };
}
pub(crate) use table;

/// The key of a field in the file: its own name, or the one it declares.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}
pub(crate) use key;

/// The default of a field, as a function that makes it.
macro_rules! default {
    ($ty:ty) => {
        None::<fn() -> $ty>
    };
    ($ty:ty, $value:expr) => {
        Some((|| $value) as fn() -> $ty)
    };
}
pub(crate) use default;
