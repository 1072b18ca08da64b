//! Which paths are to be judged: those that were typed, then those of a list.

use std::{
    collections::BTreeSet,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{args::Check, failure::Failure, terminal::Terminal};

/// Bytes of a list that are read.
const MAX_LIST: u64 = 64 << 20;
/// Paths of one call.
const MAX_PATHS: usize = 100_000;
/// How a file of statements about a bundle ends; it lies beside the bundle.
const STATEMENTS: &str = ".attest.jsonl";

/// The paths of a call, once each, in the order in which they were named.
pub(super) fn paths(args: &Check, terminal: &mut Terminal) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = args.paths.clone();
    if let Some(list) = &args.from {
        paths.extend(parse(&read(list)?));
    }
    if paths.len() > MAX_PATHS {
        let message = format!("{} paths; at most {MAX_PATHS} are judged in one call", paths.len());
        return Err(Failure::usage(message).hint("split the list"));
    }
    let named = paths.len();
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    let twice = named - paths.len();
    // What others said of a bundle is read with the bundle.
    if paths.len() > 1 {
        paths.retain(|path| !path.to_string_lossy().ends_with(STATEMENTS));
    }
    let statements = named - twice - paths.len();
    if twice > 0 {
        terminal.note(format!("{twice} named again, judged once"));
    }
    if statements > 0 {
        terminal.note(format!("{statements} passed over: `*{STATEMENTS}` are statements"));
    }
    if paths.is_empty() {
        return Err(Failure::usage("no path is named").hint("a list has one path a line"));
    }
    Ok(paths)
}

fn read(list: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let result = if list == Path::new("-") {
        io::stdin().lock().take(MAX_LIST + 1).read_to_string(&mut text)
    } else {
        fs_err::File::open(list)?.take(MAX_LIST + 1).read_to_string(&mut text)
    };
    let read = result.map_err(|error| Failure::from(error).of(list.display()))?;
    if read as u64 > MAX_LIST {
        let message = format!("{} has more than {MAX_LIST} bytes", list.display());
        return Err(Failure::usage(message).hint("split the list"));
    }
    Ok(text)
}

/// One path a line; empty lines and those that begin with `#` are none.
fn parse(text: &str) -> impl Iterator<Item = PathBuf> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_comments_and_line_ends_of_any_system() {
        let paths: Vec<PathBuf> = parse("# ours\n\na/b c.zip\r\n  ./#1  \n").collect();
        assert_eq!(paths, [Path::new("a/b c.zip"), Path::new("./#1")]);
    }
}
