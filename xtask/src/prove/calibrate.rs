//! The five items of the checklist beside what people said of the same repositories.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{
    run::{cargo, commit_all, output, program, root, say, scratch, step, target},
    tools,
};

/// Judges the labelled repositories below a directory and writes docs/calibration.md; with
/// further arguments it is the script's own (`--labels FILE`, `--page FILE`).
pub(crate) fn calibrate(arguments: &[String]) -> Result<()> {
    let [directory, more @ ..] = arguments else {
        bail!("name the directory of the git mirrors: cargo xtask prove calibrate DIR");
    };
    let judge = build(&["--config", "profile.dev.package.bundle-check.opt-level=3"])?;
    let judge = judge.to_string_lossy().into_owned();
    let mut all = vec!["xtask/proofs/calibrate.py", directory, "--judge", &judge];
    all.extend(more.iter().map(String::as_str));
    if more.is_empty() {
        all.extend(["--page", "docs/calibration.md"]);
    }
    step("the checklist beside people", &mut program("python3", &all))?;
    Ok(())
}

/// The same on one labelled repository that is made here: the paper of the fixtures, which
/// has all five items, and the same without one.
pub(crate) fn smoke() -> Result<()> {
    tools::debian(&[("git", "git"), ("python3", "python3")])?;
    let work = scratch("calibrate")?;
    let repository = work.join("bundle/digits");
    if repository.exists() {
        fs_err::remove_dir_all(&repository)?;
    }
    copy(&root().join("fixtures/digits"), &repository)?;
    let whole = commit_all(&repository)?;
    let judge = build(&[])?;
    let line = format!("bundle/digits\t{}\t{}\n", repository.display(), whole);
    let input = work.join("cases.tsv");
    fs_err::write(&input, line)?;
    let mut command = program(&judge, &["--answers-only"]);
    let answers = output(command.stdin(fs_err::File::open(&input)?.into_file()))?;
    let passes = answers.matches("\"answer\":\"pass\"").count();
    say(&format!("    fixtures/digits as a git tree: {passes} of 10 answers pass"));
    if passes != 10 {
        bail!("fixtures/digits should have all five items in both readings:\n{answers}");
    }
    Ok(())
}

fn build(more: &[&str]) -> Result<PathBuf> {
    let mut build = cargo(&["build", "--workspace", "--quiet", "--example", "calibrate"]);
    step("the program that judges", build.args(more))?;
    Ok(target().join("debug/examples/calibrate"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("a name that is no text")?;
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            fs_err::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
