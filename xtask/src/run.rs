//! Running programs, saying so, and saying how long they took.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Scratch space below the target directory.
pub(crate) fn scratch(name: &str) -> Result<PathBuf> {
    let path = target().join(name);
    fs_err::create_dir_all(&path).with_context(|| path.display().to_string())?;
    Ok(path)
}

/// The target directory that cargo uses.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A program to run at the root of the repository.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// cargo, the one that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// Runs a program to its end; its output is the user's to read. An exit code
/// other than 0 is an error.
pub(crate) fn step(title: &str, command: &mut Command) -> Result<Duration> {
    say(&format!("\n==> {title}\n    {}", line(command)));
    let started = now();
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    let elapsed = started.elapsed();
    if !status.success() {
        bail!("{title} failed ({status}): {}", line(command));
    }
    say(&format!("    {title}: {:.1} s", elapsed.as_secs_f64()));
    Ok(elapsed)
}

/// Runs a program and returns its stdout; stderr is shown.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", line(command), output.status);
    }
    String::from_utf8(output.stdout).context("stdout is not UTF-8")
}

/// Makes a git repository of what is in a directory; returns its only commit.
pub(crate) fn commit_all(directory: &Path) -> Result<String> {
    let git = |arguments: &[&str]| output(program("git", arguments).current_dir(directory));
    git(&["init", "-q"])?;
    git(&["add", "-A", "-f"])?;
    git(&["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "x"])?;
    Ok(git(&["rev-parse", "HEAD"])?.trim().to_owned())
}

/// Whether a program starts at all.
pub(crate) fn exists(name: &str) -> bool {
    // OpenSSL knows the word without the hyphens only, cjpeg with one.
    ["--version", "version", "-version"].into_iter().any(|word| {
        let probe =
            Command::new(name).arg(word).stdout(Stdio::null()).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    })
}

/// Tells the user.
#[expect(clippy::print_stdout, reason = "the tasks talk to the person who runs them")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

fn line(command: &Command) -> String {
    let root = root();
    let shorten = |text: String| text.replace(&format!("{}/", root.display()), "");
    let program = shorten(command.get_program().to_string_lossy().into_owned());
    let program = Path::new(&program)
        .file_name()
        .map_or(program.clone(), |name| name.to_string_lossy().into_owned());
    let arguments =
        command.get_args().map(|argument| shorten(argument.to_string_lossy().into_owned()));
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[expect(clippy::disallowed_methods, reason = "the time a task took is printed for a person")]
fn now() -> Instant {
    Instant::now()
}
