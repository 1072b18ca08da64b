//! The real `git` program, which proves what gix is used for.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

/// Runs `git` in a directory, deaf to the configuration of the user and the
/// system; gives back stdout without the final line break.
pub fn git(directory: &Path, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new("git")
        .args([
            "-c",
            "safe.directory=*",
            "-c",
            "init.defaultBranch=main",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", directory.join("no-such-config"))
        .env("HOME", directory)
        .env("GIT_AUTHOR_NAME", "A. Author")
        .env("GIT_AUTHOR_EMAIL", "author@example.org")
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_NAME", "A. Author")
        .env("GIT_COMMITTER_EMAIL", "author@example.org")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("git {}: {stderr}", arguments.join(" "))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Makes a repository of a directory and commits all that is in it.
pub fn commit_all(directory: &Path) -> io::Result<()> {
    git(directory, &["init", "--quiet"])?;
    git(directory, &["add", "--all"])?;
    git(directory, &["commit", "--quiet", "--message", "all"]).map(drop)
}
