//! Whether a tensor fits an input of the graph.

use std::{collections::BTreeMap, fmt::Write as _};

use bundle_manifest::{Dim, DimRange, DimRole};

use crate::{OnnxTensor, RunError, error::nearest};

/// What the author knows of symbolic dimensions, by their ONNX name.
pub(crate) type Dims = BTreeMap<String, Dim>;

/// The lengths that symbols have in one run, each with the input that said so.
#[derive(Debug, Default)]
pub(crate) struct Bound(BTreeMap<String, (usize, String)>);

impl Bound {
    /// Checks `shape` against `input` and remembers what its symbols are.
    pub(crate) fn take(
        &mut self,
        input: &OnnxTensor,
        shape: &[usize],
        dims: &Dims,
    ) -> Result<(), RunError> {
        let Some(declared) = &input.shape else { return Ok(()) };
        let wrong = |why: String| {
            let (given, takes) = (written(shape), declared_shape(declared));
            let message = format!("has shape {given}, the network takes {takes}{why}");
            RunError::mismatch(format!("input `{}`", input.name), message)
        };
        if declared.len() != shape.len() {
            return Err(wrong(String::new()));
        }
        for (axis, (length, declared)) in shape.iter().zip(declared).enumerate() {
            match declared {
                Ok(fixed) if usize::try_from(*fixed) == Ok(*length) => {}
                Ok(_) => return Err(wrong(String::new())),
                Err(symbol) => {
                    self.bind(symbol, *length, &input.name, dims)
                        .map_err(|why| wrong(format!(": axis {axis}, `{symbol}`, {why}")))?;
                }
            }
        }
        Ok(())
    }

    fn bind(
        &mut self,
        symbol: &str,
        length: usize,
        input: &str,
        dims: &Dims,
    ) -> Result<(), String> {
        if let Some(rule) = dims.get(symbol).and_then(|dim| objection(*dim, length)) {
            return Err(rule);
        }
        if symbol == "?" {
            return Ok(());
        }
        let entry = self.0.entry(symbol.to_owned());
        let (bound, by) = entry.or_insert_with(|| (length, input.to_owned()));
        if *bound == length { Ok(()) } else { Err(format!("is {bound} in `{by}`")) }
    }

    /// The shape of a state that starts at zero: fixed lengths as they are,
    /// symbols as in this run, else 1.
    pub(crate) fn shape_of_zeros(&self, input: &OnnxTensor, dims: &Dims) -> Option<Vec<usize>> {
        let batch = || {
            let is_batch = |symbol: &&String| dims.get(*symbol) == Some(&Dim::Role(DimRole::Batch));
            self.0.keys().find(is_batch).and_then(|symbol| self.0.get(symbol))
        };
        let length = |symbol: &String| match (self.0.get(symbol), dims.get(symbol)) {
            (Some((length, _)), _) => *length,
            (None, Some(Dim::Fixed(length))) => usize::try_from(*length).unwrap_or(1),
            (None, Some(Dim::Role(DimRole::Batch))) => batch().map_or(1, |(length, _)| *length),
            _ => 1,
        };
        let axes = input.shape.as_ref()?;
        axes.iter()
            .map(|axis| match axis {
                Ok(fixed) => usize::try_from(*fixed).ok(),
                Err(symbol) => Some(length(symbol)),
            })
            .collect()
    }
}

/// The smallest shape that an input may have, where the graph or the author says
/// every length of it.
pub(crate) fn smallest_shape(input: &OnnxTensor, dims: &Dims) -> Option<Vec<usize>> {
    let smallest = |symbol: &String| match dims.get(symbol)? {
        Dim::Fixed(length) => Some(*length),
        Dim::Role(DimRole::Batch) => Some(1),
        Dim::Role(_) => None,
        Dim::Range(DimRange { multiple_of, min, .. }) => {
            min.max(&1).checked_next_multiple_of((*multiple_of).max(1))
        }
    };
    let length = |axis: &Result<u64, String>| match axis {
        Ok(fixed) => usize::try_from(*fixed).ok(),
        Err(symbol) => smallest(symbol).and_then(|length| usize::try_from(length).ok()),
    };
    input.shape.as_ref()?.iter().map(length).collect()
}

/// Which rule of the author a length breaks.
fn objection(dim: Dim, length: usize) -> Option<String> {
    let number = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    match dim {
        Dim::Role(_) => None,
        Dim::Fixed(fixed) => (number(fixed) != length).then(|| format!("must be {fixed}")),
        Dim::Range(DimRange { multiple_of, min, max }) => {
            if length < number(min) {
                return Some(format!("must be at least {min}"));
            }
            if let Some(max) = max.filter(|max| length > number(*max)) {
                return Some(format!("must be at most {max}"));
            }
            let whole = length.checked_rem(number(multiple_of)).unwrap_or(0) == 0;
            (!whole).then(|| format!("must be a multiple of {multiple_of}"))
        }
    }
}

/// Refuses a name under `dims` that no input of the graph has.
pub(crate) fn check_dims(dims: &Dims, inputs: &[OnnxTensor]) -> Result<(), RunError> {
    let axes = inputs.iter().filter_map(|input| input.shape.as_ref()).flatten();
    let symbols: Vec<&str> =
        axes.filter_map(|axis| axis.as_ref().err()).map(String::as_str).collect();
    match dims.keys().find(|name| !symbols.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let mut known: Vec<&str> =
                symbols.into_iter().filter(|symbol| *symbol != "?").collect();
            known.sort_unstable();
            known.dedup();
            let message = "no input of the network has this symbolic dimension";
            Err(RunError::mismatch(format!("dims `{name}`"), message)
                .with_hint(nearest(name, known)))
        }
    }
}

/// `[1, 3, 224, 224]`
pub(crate) fn written(shape: &[usize]) -> String {
    format!("{shape:?}")
}

/// `[N, 3, H, W]`
pub(crate) fn declared_shape(shape: &[Result<u64, String>]) -> String {
    let mut out = "[".to_owned();
    for (index, axis) in shape.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        match axis {
            Ok(length) => drop(write!(out, "{separator}{length}")),
            Err(symbol) => drop(write!(out, "{separator}{symbol}")),
        }
    }
    out.push(']');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, shape: &[&str]) -> OnnxTensor {
        let axis = |axis: &&str| axis.parse::<u64>().map_err(|_| (*axis).to_owned());
        OnnxTensor {
            name: name.to_owned(),
            dtype: Some(bundle_manifest::Dtype::Float32),
            shape: Some(shape.iter().map(axis).collect()),
        }
    }

    #[test]
    fn shapes_are_checked_against_the_graph_and_the_author() {
        let image = input("x", &["N", "3", "H", "?"]);
        let range = DimRange { multiple_of: 32, min: 64, max: Some(128) };
        let dims = Dims::from([
            ("H".to_owned(), Dim::Range(range)),
            ("N".to_owned(), Dim::Role(DimRole::Batch)),
        ]);
        let cases: [(&[usize], Result<(), &str>); 7] = [
            (&[1, 3, 64, 7], Ok(())),
            (&[3, 64, 7], Err("")),
            (&[1, 4, 64, 7], Err("")),
            (&[1, 3, 32, 7], Err(": axis 2, `H`, must be at least 64")),
            (&[1, 3, 160, 7], Err(": axis 2, `H`, must be at most 128")),
            (&[1, 3, 65, 7], Err(": axis 2, `H`, must be a multiple of 32")),
            (&[2, 3, 96, 7], Ok(())),
        ];
        for (shape, expected) in cases {
            let expected = expected.map_err(|why| {
                format!("input `x`: has shape {shape:?}, the network takes [N, 3, H, ?]{why}")
            });
            let actual = Bound::default().take(&image, shape, &dims).map_err(|e| e.to_string());
            assert_eq!(actual, expected, "{shape:?}");
        }
    }

    #[test]
    fn one_symbol_is_one_length_in_a_run() {
        let mut bound = Bound::default();
        let none = Dims::new();
        bound.take(&input("a", &["N", "2"]), &[5, 2], &none).expect("fits");
        let error = bound.take(&input("b", &["N"]), &[4], &none).expect_err("another N");
        assert_eq!(
            error.to_string(),
            "input `b`: has shape [4], the network takes [N]: axis 0, `N`, is 5 in `a`"
        );
        let zeros = bound.shape_of_zeros(&input("h", &["2", "N", "M"]), &none);
        assert_eq!(zeros, Some(vec![2, 5, 1]));
    }
}
