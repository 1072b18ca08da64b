//! One file a command.

pub(crate) mod anonymize;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod extract;
pub(crate) mod flags;
mod infer;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod man;
pub(crate) mod pack;
mod prove;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod verify;

use std::{io::Write as _, path::Path};

use crate::failure::Failure;

/// A file that is there stays, unless `force`; `hint` says what to do.
fn refuse_to_replace(path: &Path, force: bool, hint: &str) -> Result<(), Failure> {
    if path.exists() && !force {
        return Err(Failure::usage(format!("{} is there already", path.display())).hint(hint));
    }
    Ok(())
}

/// Writes all of a text file or nothing; one that is there stays, unless `force`, and `hint`
/// says what to do.
fn write_new(path: &Path, text: &str, force: bool, hint: &str) -> Result<(), Failure> {
    refuse_to_replace(path, force, hint)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or_else(|| Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    let file = file.persist(path).map_err(|error| error.error)?;
    make_readable(&file)?;
    Ok(())
}

/// A temporary file is private; what a command writes is for everyone.
fn make_readable(file: &std::fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}
