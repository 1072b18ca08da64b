//! Small files that commands write: all of it or nothing.

use std::{io::Write as _, path::Path};

use crate::failure::Failure;

/// Writes a file under another name and renames it.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bundle-").suffix(".part");
    #[cfg(unix)]
    {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
        builder.permissions(Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(content)?;
    file.persist(path).map_err(|error| Failure::from(error.error).of(path.display()))?;
    Ok(())
}

/// Appends lines in one piece, so that two who append at once do not mix theirs.
pub(crate) fn append_lines(path: &Path, lines: &[String]) -> Result<(), Failure> {
    let unfinished =
        fs_err::read(path).is_ok_and(|text| !text.is_empty() && !text.ends_with(b"\n"));
    let mut text = String::from(if unfinished { "\n" } else { "" });
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}
