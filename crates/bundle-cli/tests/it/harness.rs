//! Runs the binary in a sandbox: no colours, a home of its own, nothing of the caller's environment.

use std::{
    path::Path,
    process::{Command, Output},
};

use bundle_testkit::{Sandbox, copy_tree, fixture};

/// What the binary said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Said {
    /// Exit code, stdout and stderr as one text, with the sandbox's path redacted.
    pub(crate) fn redacted(&self, sandbox: &Sandbox) -> String {
        let whole = format!("exit {}\n{}{}", self.code, self.stdout, self.stderr);
        whole.replace(&sandbox.path().display().to_string(), "[dir]")
    }
}

/// The binary, to be run in `directory`.
pub(crate) fn bundle_command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bundle"));
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("NO_COLOR", "1")
        .env("HOME", directory.join("home"));
    command
}

/// Runs the binary in a directory.
pub(crate) fn bundle(directory: &Path, arguments: &[&str]) -> Said {
    said(&bundle_command(directory, arguments).output().expect("the binary starts"))
}

pub(crate) fn said(output: &Output) -> Said {
    Said {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

/// A sandbox with a copy of a fixture in it.
pub(crate) fn sandbox_with(name: &str) -> Sandbox {
    let sandbox = Sandbox::new().expect("a sandbox");
    copy_tree(&fixture(name), &sandbox.path().join(name)).expect("the fixture is copied");
    sandbox
}

/// A sandbox with a fixture packed; returns the file name too.
pub(crate) fn packed(name: &str) -> (Sandbox, String) {
    let sandbox = sandbox_with(name);
    let said = bundle(sandbox.path(), &["pack", name, "--format", "json"]);
    assert_eq!(said.code, 0, "{}", said.redacted(&sandbox));
    let view: serde_json::Value = serde_json::from_str(&said.stdout).expect("pack prints JSON");
    let path = view["path"].as_str().expect("a path").trim_start_matches("./").to_owned();
    (sandbox, path)
}
