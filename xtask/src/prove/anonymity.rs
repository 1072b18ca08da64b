//! What `check --anonymous` shows beside a person's labels.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{
    quickstart,
    run::{commit_all, output, program, say, scratch, step},
    tools,
};

const SCRIPT: &str = "xtask/proofs/anonymity.py";

/// Checks the labelled repositories below a directory and writes docs/proof/anonymity.md; with
/// further arguments it is the script's own (`--sheet FILE`, `--page FILE`).
pub(crate) fn anonymity(arguments: &[String]) -> Result<()> {
    let [directory, more @ ..] = arguments else {
        bail!("name the directory of the git mirrors: cargo xtask prove anonymity DIR");
    };
    let bundle = quickstart::build()?.to_string_lossy().into_owned();
    let mut all = vec![SCRIPT, directory, "--bundle", &bundle];
    all.extend(more.iter().map(String::as_str));
    if more.is_empty() {
        all.extend(["--page", "docs/proof/anonymity.md"]);
    }
    step("places that say who wrote it", &mut program("python3", &all))?;
    Ok(())
}

/// The same on a repository that is made here, with one place of each answer.
pub(crate) fn smoke(bundle: &Path) -> Result<()> {
    tools::debian(&[("git", "git"), ("python3", "python3")])?;
    let work = scratch("anonymity")?;
    let repository = work.join("vale/tide");
    if repository.exists() {
        fs_err::remove_dir_all(&repository)?;
    }
    fs_err::create_dir_all(&repository)?;
    fs_err::write(repository.join("README.md"), "# Tides\n\nmara.vale@tide.edu\n")?;
    fs_err::write(repository.join("run.sh"), "cd /home/kim/work\n")?;
    let head = commit_all(&repository)?;
    let labels = work.join("labels.tsv");
    let line = |rest: &str| format!("vale/tide\t{head}\t{rest}\n");
    let text = ["ANON-1\tREADME.md\t3\tyes\t", "ANON-2\trun.sh\t1\tno\tsomebody else"].map(line);
    let header = "repository\trevision\trule\tfile\tline\tleak\twhy\n";
    fs_err::write(&labels, format!("{header}{}", text.concat()))?;
    let mut compare = program("python3", &[SCRIPT]);
    compare.arg(&work).arg("--bundle").arg(bundle).arg("--labels").arg(&labels);
    let page = output(&mut compare)?;
    let Some(all) = page.lines().find(|line| line.starts_with("| all |")) else {
        bail!("no total:\n{page}");
    };
    say(&format!("    {all}"));
    if !all.starts_with("| all | 2 | 1 | 1 | 0 | 0 |") {
        bail!("one place that says it and one that does not were labelled:\n{page}");
    }
    Ok(())
}
