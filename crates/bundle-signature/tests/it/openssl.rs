//! The `openssl` program, which nobody here wrote.

use std::{io, path::Path, process::Command};

use bundle_testkit::Sandbox;

/// Runs `openssl` in a sandbox; gives back stdout.
pub(crate) fn openssl(sandbox: &Sandbox, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let output = Command::new("openssl").args(arguments).current_dir(sandbox.path()).output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("openssl {}: {stderr}", arguments.join(" "))));
    }
    Ok(output.stdout)
}

/// The text of a file in a sandbox.
pub(crate) fn text(sandbox: &Sandbox, name: &str) -> io::Result<String> {
    fs_err::read_to_string(sandbox.path().join(name))
}

/// A file with these permission bits.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode))
}
