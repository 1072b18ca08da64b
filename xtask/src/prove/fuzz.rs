//! Fuzz targets, for as long as the claim says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::run::{cargo, exists, output, program, root, say, scratch, step};

/// Seconds per target.
const SECONDS: u32 = 600;
/// Targets that run at once.
const AT_ONCE: usize = 3;
/// A scope waits for the work of its threads, not until the system has freed what was
/// theirs, and the sanitizer looks in between. Safe code that leaks is no finding.
const NO_LEAKS: &str = "-detect_leaks=0";
/// Where each target begins: a folder of the fixtures, the suffix of its files,
/// and what the target wants before their content.
const SEEDS: &[(&str, &str, &str, &[u8])] = &[
    ("archive", "fixtures/vectors", "tar.zst", &[0]),
    ("image", "fixtures/digits", "png", &[]),
    ("image", "fixtures/vectors/preprocess", "png", &[]),
    ("image", "fixtures/vectors/preprocess", "jpg", &[]),
    ("image", "fixtures/vectors/preprocess", "webp", &[]),
    ("image", "fixtures/vectors/preprocess", "tif", &[]),
    ("dicom", "fixtures/vectors/preprocess", "dcm", &[]),
    ("sound", "fixtures/vectors/preprocess", "wav", &[]),
    ("sound", "fixtures/vectors/preprocess", "flac", &[]),
    ("tokenizer", "fixtures/vectors/preprocess", "json", &[]),
    ("jpeg", "fixtures/vectors/preprocess", "jpg", &[]),
    ("png", "fixtures/vectors/preprocess", "png", &[]),
    ("tiff", "fixtures/vectors/preprocess", "tif", &[]),
    ("webp", "fixtures/vectors/preprocess", "webp", &[]),
    ("manifest", "fixtures", "toml", &[]),
    ("readme", "fixtures", "md", &[]),
    ("identity", "fixtures/digits", "png", &[0]),
    ("identity", "fixtures", "md", &[5]),
    ("npy", "fixtures/vectors", "npy", &[]),
    ("onnx", "fixtures/vectors/onnx", "onnx", &[]),
    ("der", "fixtures/vectors/signature", "der", &[]),
    ("envelope", "fixtures/vectors/signature", "sig", &[]),
    ("envelope", "fixtures/vectors/signature", "jsonl", &[]),
    ("pem", "fixtures/vectors/signature", "pem", &[]),
    ("pem", "fixtures/vectors/signature", "pub", &[]),
    ("statement", "fixtures/vectors/signature", "json", &[]),
];

/// What one target did.
struct Outcome {
    target: String,
    seeds: usize,
    executions: String,
    coverage: String,
}

/// Only whether the targets compile: what continuous integration asks.
pub(crate) fn compile() -> Result<()> {
    let arguments = [
        "check",
        "--quiet",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--target-dir",
        "target/fuzz-check",
    ];
    step("fuzz targets compile", &mut cargo(&arguments))?;
    Ok(())
}

/// Runs fuzz targets, all of them unless some are named, for ten minutes each and writes
/// the page; the rows of the others stay on it.
pub(crate) fn fuzz(only: &[String]) -> Result<()> {
    let all = targets()?;
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target `{unknown}`: there are {}", all.join(", "));
    }
    let wanted = |target: &&String| only.is_empty() || only.contains(target);
    let targets: Vec<_> = all.iter().filter(wanted).cloned().collect();
    if !exists("cargo-fuzz") {
        step("install cargo-fuzz", &mut cargo(&["install", "cargo-fuzz", "--locked"]))?;
    }
    step("build the fuzz targets", &mut fuzzer(&["build"]))?;
    let mut outcomes = Vec::new();
    for targets in targets.chunks(AT_ONCE) {
        let running: Result<Vec<_>> = targets.iter().map(|target| start(target)).collect();
        for running in running? {
            outcomes.push(running.wait()?);
        }
    }
    write_page(&outcomes)
}

/// A target that runs.
struct Running {
    target: String,
    seeds: usize,
    log: PathBuf,
    child: Child,
}

fn start(target: &str) -> Result<Running> {
    let (seeds, count) = seeds(target)?;
    let corpus = scratch(&format!("fuzz/{target}/corpus"))?;
    let log = scratch(&format!("fuzz/{target}"))?.join("log");
    let time = format!("-max_total_time={SECONDS}");
    let (corpus, seeds) = (corpus.to_string_lossy(), seeds.to_string_lossy());
    let arguments = [
        &*corpus,
        &*seeds,
        "--",
        &time,
        "-rss_limit_mb=2048",
        "-timeout=20",
        "-max_len=65536",
        NO_LEAKS,
    ];
    say(&format!("\n==> fuzz {target} for {SECONDS} s, from {count} seeds"));
    let file = fs_err::File::create(&log)?.into_parts().0;
    let mut command = fuzzer(&["run", target]);
    command.args(arguments).stdout(Stdio::null()).stderr(file);
    let child = command.spawn().context("cannot start cargo-fuzz")?;
    Ok(Running { target: target.to_owned(), seeds: count, log, child })
}

impl Running {
    fn wait(mut self) -> Result<Outcome> {
        let status = self.child.wait()?;
        let log = fs_err::read(&self.log)?;
        let log = String::from_utf8_lossy(&log);
        if !status.success() {
            let why = log.lines().find(|line| line.contains("ERROR") || line.contains("panicked"));
            let (target, why) = (&self.target, why.unwrap_or("see its log"));
            bail!("fuzz {target}: a finding ({status}): {why}\n{}", self.log.display());
        }
        // `#123  DONE   cov: 45 ft: 67 corp: 8/9Kb …`
        let done = log.lines().rev().find(|line| line.contains("DONE")).context("no last line")?;
        let words: Vec<_> = done.split_whitespace().collect();
        let after =
            |key| words.iter().position(|word| *word == key).and_then(|at| words.get(at + 1));
        let outcome = Outcome {
            executions: words
                .first()
                .map(|word| word.trim_start_matches('#'))
                .unwrap_or_default()
                .to_owned(),
            coverage: after("cov:").copied().unwrap_or_default().to_owned(),
            target: self.target,
            seeds: self.seeds,
        };
        say(&format!("    {}: {} executions, no finding", outcome.target, outcome.executions));
        Ok(outcome)
    }
}

/// `cargo +nightly fuzz`: sanitizers need nightly, and the toolchain that runs us
/// would be inherited.
fn fuzzer(arguments: &[&str]) -> std::process::Command {
    let mut command = program("cargo", &["+nightly", "fuzz"]);
    command.args(arguments).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// Copies the seeds of a target to one folder; how many there are.
fn seeds(target: &str) -> Result<(PathBuf, usize)> {
    let folder = scratch(&format!("fuzz/{target}/seeds"))?;
    let mut count = 0;
    for (_, from, suffix, before) in SEEDS.iter().filter(|seed| seed.0 == target) {
        for path in files(&root().join(from), suffix)? {
            let content = [before.to_vec(), fs_err::read(path)?].concat();
            fs_err::write(folder.join(format!("{count:04}")), content)?;
            count += 1;
        }
    }
    Ok((folder, count))
}

/// The files below a folder whose names end so, sorted.
fn files(folder: &Path, suffix: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, suffix)?);
        } else if path.to_string_lossy().ends_with(&format!(".{suffix}")) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn targets() -> Result<Vec<String>> {
    let sources = files(&root().join("fuzz/fuzz_targets"), "rs")?;
    Ok(sources
        .iter()
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect())
}

fn write_page(outcomes: &[Outcome]) -> Result<()> {
    let rustc = output(&mut program("rustc", &["+nightly", "--version"]))?;
    let fuzz = output(&mut program("cargo", &["fuzz", "--version"]))?;
    let date = output(&mut program("date", &["--utc", "+%F"]))?;
    let page = root().join("docs/proof/fuzz.md");
    let before = fs_err::read_to_string(&page).unwrap_or_default();
    let mut text = format!(
        "# Fuzzing\n\n`cargo xtask prove fuzz`: each target for {SECONDS} s with AddressSanitizer, three at a time on\n\
         two cores, from files of the fixtures. No finding: no panic, no memory above 2 GiB, no input\n\
         that took 20 s, no broken assertion of the target.\n\n{}, {}.\n\n{HEADING}|---|---|---:|---:|---:|\n",
        rustc.trim(),
        fuzz.trim(),
    );
    text.extend(rows(&before, outcomes, date.trim()).into_values());
    fs_err::write(page, text)?;
    Ok(())
}

const HEADING: &str = "| target | run on | seeds | executions | edges covered |\n";

/// The rows of the page by target: those of the last page, then what was run today.
fn rows(before: &str, outcomes: &[Outcome], date: &str) -> BTreeMap<String, String> {
    let old = before.split_once(HEADING).map_or("", |(_, rows)| rows);
    let target = |row: &str| row.split('|').nth(1).map(|target| target.trim().to_owned());
    let old = old.lines().filter(|row| !row.starts_with("|---"));
    let mut rows: BTreeMap<_, _> =
        old.filter_map(|row| Some((target(row)?, format!("{row}\n")))).collect();
    for Outcome { target, seeds, executions, coverage } in outcomes {
        let row = format!("| {target} | {date} | {seeds} | {executions} | {coverage} |\n");
        rows.insert(target.clone(), row);
    }
    rows
}
