//! `bundle flags merge`: what many people flagged on a page, as one file and a count.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use serde_json::{Value as Json, json};

use super::write_new;
use crate::{
    args::{Flags, FlagsCommand, FlagsMerge, Format},
    exit::Exit,
    failure::Failure,
    open::there,
    terminal::{Terminal, one_line},
};

/// Bytes of an export that are read, and of a line of it.
const MAX_FILE: u64 = 1 << 30;
const MAX_LINE: usize = 256 << 20;
/// Flags of all files.
const MAX_FLAGS: usize = 1_000_000;

pub(crate) fn run(args: &Flags, terminal: &mut Terminal) -> Result<Exit, Failure> {
    match &args.command {
        FlagsCommand::Merge(merge) => run_merge(merge, terminal),
    }
}

/// The flags of one bundle, by their ids.
#[derive(Default)]
struct Merged {
    bundle: Json,
    flags: BTreeMap<String, Json>,
    twice: usize,
}

fn run_merge(args: &FlagsMerge, terminal: &mut Terminal) -> Result<Exit, Failure> {
    let mut merged = Merged::default();
    for path in &args.files {
        read(path, &mut merged)?;
    }
    let Merged { bundle, flags, twice } = merged;
    // By the time they were made, then by their ids: the order of the files does not matter.
    let mut flags: Vec<Json> = flags.into_values().collect();
    flags.sort_by_key(|flag| (text(flag, "time"), text(flag, "flag")));
    if let Some(output) = &args.output {
        let header = json!({ "format": 1, "kind": "bundle-flags", "bundle": bundle });
        let lines = std::iter::once(&header).chain(&flags).map(|line| format!("{line}\n"));
        let text = lines.collect::<String>();
        write_new(output, &text, args.force, "remove it, or say `--force`")?;
    }
    let counts = counts(&flags);
    match args.format {
        Format::Json => terminal.print_json(&json!({
            "bundle": bundle, "flags": flags.len(), "twice": twice,
            "counts": counts.iter().map(|((reason, said, corrected), count)| json!({
                "reason": reason, "answer": said, "corrected": corrected, "count": count,
            })).collect::<Vec<_>>(),
        }))?,
        Format::Text => {
            let mut lines = vec![format!(
                "{}-{}  {}",
                one_line(&text(&bundle, "name")),
                one_line(&text(&bundle, "version")),
                one_line(&text(&bundle, "id"))
            )];
            let files = args.files.len();
            let counted = |count, what| match count {
                1 => format!("1 {what}"),
                count => format!("{count} {what}s"),
            };
            let (flags, files) = (counted(flags.len(), "flag"), counted(files, "file"));
            lines.push(format!("{flags} of {files}, {twice} twice"));
            lines.extend(counts.iter().map(count_line));
            terminal.print(&lines.join("\n"))?;
        }
    }
    let whole = flags.iter().filter(|flag| has_input(flag)).count();
    if let Some(output) = args.output.as_ref().filter(|_| whole > 0) {
        let file = output.display();
        terminal.note(format!("{whole} came with their input: an example of each is recorded by"));
        terminal.note(format!("python -m bundle_record bundle.toml --flags {file} --append"));
    }
    Ok(Exit::Holds)
}

fn count_line(((reason, said, corrected), count): &((String, String, String), usize)) -> String {
    let should = if corrected.is_empty() {
        String::new()
    } else {
        format!(", should be {}", one_line(corrected))
    };
    format!("{count:>5}  {reason}: {}{should}", one_line(said))
}

/// Whether the person who flagged also gave what the model was given.
fn has_input(flag: &Json) -> bool {
    let inputs = flag["inputs"].as_object().into_iter().flat_map(|inputs| inputs.values());
    let mut inputs = inputs.peekable();
    let kept = |input: &Json| input.get("base64").is_some() || input.get("value").is_some();
    inputs.peek().is_some() && inputs.all(kept)
}

/// How often each reason, answer and correction was given, the most frequent first.
fn counts(flags: &[Json]) -> Vec<((String, String, String), usize)> {
    let mut counts: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for flag in flags {
        let corrected: BTreeSet<String> = flag["corrected"]
            .as_object()
            .into_iter()
            .flat_map(|corrected| corrected.values())
            .filter_map(|label| label.as_str().map(str::to_owned))
            .collect();
        let corrected = corrected.into_iter().collect::<Vec<_>>().join(", ");
        *counts.entry((text(flag, "reason"), answer(flag), corrected)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

/// The first label, else the kind, of the output that was corrected, else of the first one.
fn answer(flag: &Json) -> String {
    let outputs = flag["outputs"].as_object().into_iter().flatten();
    let words = |outcome: &Json| {
        let top = &outcome["rows"][0][0]["label"];
        top.as_str().map_or_else(|| text(outcome, "kind"), str::to_owned)
    };
    let corrected = |(name, _): &(&String, &Json)| flag["corrected"].get(name.as_str()).is_some();
    let answered = outputs.clone().find(corrected).or_else(|| outputs.clone().next());
    answered.map(|(_, outcome)| words(outcome)).unwrap_or_default()
}

fn text(value: &Json, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// Reads one export. Flags of another bundle are an error: their answers are another model's.
fn read(path: &Path, merged: &mut Merged) -> Result<(), Failure> {
    there(path)?;
    let at = |line: usize, what: &str| {
        Failure::usage(format!("{}:{line}: {what}", path.display()))
            .hint("give files that a page's `Export flags` wrote")
    };
    let mut file = BufReader::new(fs_err::File::open(path)?.take(MAX_FILE));
    let mut seen = 0;
    loop {
        let mut line = Vec::new();
        let most = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        if file.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        seen += 1;
        let value: Json =
            serde_json::from_slice(&line).map_err(|_| at(seen, "is no line of JSON"))?;
        if seen == 1 {
            if value["kind"] != "bundle-flags" {
                return Err(at(seen, "is no export of flags"));
            }
            if value["format"] != 1 {
                return Err(at(seen, "is of a newer format than this version knows"));
            }
            if merged.bundle.is_null() {
                merged.bundle = value["bundle"].clone();
            } else if merged.bundle != value["bundle"] {
                return Err(at(seen, "is of another bundle than the files before it"));
            }
            continue;
        }
        let Some(id) = value["flag"].as_str() else { return Err(at(seen, "has no `flag`")) };
        if merged.flags.insert(id.to_owned(), value.clone()).is_some() {
            merged.twice += 1;
        }
        if merged.flags.len() > MAX_FLAGS {
            return Err(at(seen, "is one flag too many: the limit is 1,000,000"));
        }
    }
    if seen == 0 {
        return Err(at(1, "is empty"));
    }
    Ok(())
}
