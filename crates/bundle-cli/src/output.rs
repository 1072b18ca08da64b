//! Small files that commands write: all of it or nothing.

use std::{
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

use bundle_signature::MAX_ATTESTATIONS_SIZE;

use crate::failure::Failure;

/// Writes a file under another name and renames it.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write_whole_with(path, |file| file.write_all(content))
}

/// The same, for content that is not in memory.
pub(crate) fn write_whole_with(
    path: &Path,
    write: impl FnOnce(&mut std::fs::File) -> io::Result<()>,
) -> Result<(), Failure> {
    // A device or a pipe is written to, and what a link points at is what is replaced.
    let there = fs_err::metadata(path).ok();
    if there.is_some_and(|there| !there.is_file() && !there.is_dir()) {
        let mut device = fs_err::OpenOptions::new().write(true).open(path)?.into_file();
        return Ok(write(&mut device)?);
    }
    let target = fs_err::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path = target.as_path();
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
    write(file.as_file_mut())?;
    file.persist(path).map_err(|error| Failure::from(error.error).of(path.display()))?;
    Ok(())
}

fn last_byte(path: &Path) -> Result<u8, Failure> {
    let (mut file, mut last) = (fs_err::File::open(path)?, [0]);
    file.seek(io::SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last[0])
}

/// Appends attestations in one piece, so that two who append at once do not mix theirs.
pub(crate) fn append_lines(path: &Path, lines: &[String]) -> Result<(), Failure> {
    let unfinished = match fs_err::symlink_metadata(path) {
        // A link would lead the lines elsewhere, and a pipe would keep them.
        Ok(found) if !found.is_file() => {
            return Err(Failure::usage(format!("`{}` is not a regular file", path.display())));
        }
        Ok(found) if found.len() > MAX_ATTESTATIONS_SIZE => {
            return Err(Failure::usage(format!("`{}` is full", path.display()))
                .hint("move it away, or remove statements that nobody needs"));
        }
        Ok(found) if found.len() > 0 => last_byte(path)? != b'\n',
        _ => false,
    };
    let mut text = String::from(if unfinished { "\n" } else { "" });
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    let mut file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}
