//! The JSON Lines of a check of many: one object a path, written as each is judged, so
//! that a call that is ended loses only what was under way, and the next goes on from there.
//!
//! While it runs, lines are appended. At the end the file is written again in the order of
//! the paths, which is the same with any number of jobs; lines of other paths follow.

use std::{
    collections::BTreeMap,
    fs::TryLockError,
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use bundle_check::Row;
use serde_json::Value as Json;

use crate::{failure::Failure, output::write_whole_with};

/// The version of a line's form.
pub(super) const FORMAT: u64 = 1;
/// How every line begins.
const START: &str = "{\"format\":";
/// Bytes of a line.
const MAX_LINE: u64 = 64 << 20;
/// Lines of a file.
const MAX_LINES: usize = 1_000_000;

/// A file of JSON Lines, and what is known from it.
pub(super) struct Journal {
    path: PathBuf,
    file: fs_err::File,
    length: u64,
    known: BTreeMap<String, Known>,
}

/// A line of the file.
struct Known {
    start: u64,
    length: u64,
    /// What it says, until that is taken.
    judged: Option<Judged>,
}

/// A judgement from before.
pub(super) struct Judged {
    /// What it rests on: [`basis`] of its line.
    pub(super) basis: String,
    /// `NAME-VERSION` of the bundle.
    pub(super) stem: String,
    pub(super) row: Row,
}

/// What a judgement rests on: the same, and the judgement is the same.
pub(super) fn basis(line: &Json) -> Option<String> {
    let part = |key: &str| Some(line[key].to_string());
    let digest = line["sha256"].as_str()?;
    Some([digest.to_owned(), part("size")?, part("statements")?, part("asked")?].join(" "))
}

/// The row of a line.
pub(super) fn row(line: &Json) -> Option<Row> {
    let path = line["path"].as_str()?;
    match line["error"].as_str() {
        Some(why) => Some(Row::of_error(path, why)),
        None => Row::of_report(path, &line["report"]),
    }
}

impl Journal {
    /// Opens or makes a file. A line that was not finished is taken away; a file that is
    /// something else is left alone.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let mut options = fs_err::OpenOptions::new();
        options.read(true).append(true).create(true);
        if fs_err::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(Failure::usage(format!("`{}` is not a regular file", path.display())));
        }
        let file = options.open(path)?;
        match file.try_lock() {
            // Not every file system has locks; two calls at once are the exception.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("another call is writing `{}`", path.display());
                return Err(Failure::usage(message).hint("wait for it, or name another file"));
            }
        }
        // A link stays a link when the file is written again.
        let path = fs_err::canonicalize(path)?;
        let mut journal = Self { path, file, length: 0, known: BTreeMap::new() };
        journal.read()?;
        Ok(journal)
    }

    fn read(&mut self) -> Result<(), Failure> {
        let mut reader = BufReader::new(fs_err::File::open(&self.path)?);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let length = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? as u64;
            if length == 0 {
                break;
            }
            let known = self.parse(&line).filter(|_| number <= MAX_LINES);
            match known {
                Some((path, known)) => {
                    self.length += length;
                    self.known.insert(path, known);
                }
                None if self.is_unfinished(&line) => {
                    self.file.set_len(self.length)?;
                    break;
                }
                None => {
                    let path = self.path.display();
                    let message = format!("line {number} of `{path}` is not of `bundle check`");
                    return Err(Failure::usage(message)
                        .hint("name another file; nothing was changed in this one"));
                }
            }
        }
        Ok(())
    }

    fn parse(&self, line: &[u8]) -> Option<(String, Known)> {
        let json: Json = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
        if json["format"].as_u64() != Some(FORMAT) {
            return None;
        }
        // A line of another version may have another report: it is judged again.
        let judged = json["error"].is_null().then(|| {
            let stem = json["report"]["subject"].as_str()?.replace(' ', "-");
            Some(Judged { basis: basis(&json)?, stem, row: row(&json)? })
        });
        let (start, length) = (self.length, line.len() as u64);
        let known = Known { start, length, judged: judged.flatten() };
        Some((json["path"].as_str()?.to_owned(), known))
    }

    /// Whether a line was being written when the program was ended.
    fn is_unfinished(&self, line: &[u8]) -> bool {
        let start = START.as_bytes();
        let begins = line.starts_with(start) || (self.length > 0 && start.starts_with(line));
        let ends_the_file = !line.ends_with(b"\n") && (line.len() as u64) < MAX_LINE;
        ends_the_file && begins
    }

    /// What was judged before, by path.
    pub(super) fn take_judged(&mut self) -> BTreeMap<String, Judged> {
        let known = self.known.iter_mut();
        known.filter_map(|(path, known)| Some((path.clone(), known.judged.take()?))).collect()
    }

    /// Appends a line, in one piece.
    pub(super) fn append(&mut self, path: &str, line: &str) -> Result<(), Failure> {
        let text = format!("{line}\n");
        self.file.write_all(text.as_bytes())?;
        let (start, length) = (self.length, text.len() as u64);
        self.length += length;
        self.known.insert(path.to_owned(), Known { start, length, judged: None });
        Ok(())
    }

    /// Writes the file again: one line a path, in this order, then the lines of other paths.
    pub(super) fn settle(mut self, order: &[String]) -> Result<(), Failure> {
        let mut places: Vec<(u64, u64)> = Vec::new();
        for path in order {
            places.extend(self.known.remove(path).map(|known| (known.start, known.length)));
        }
        let mut others: Vec<_> =
            self.known.values().map(|known| (known.start, known.length)).collect();
        others.sort_unstable();
        places.append(&mut others);
        let whole = places.iter().map(|(_, length)| length).sum::<u64>() == self.length;
        if whole && places.is_sorted() {
            return Ok(());
        }
        let mut source = fs_err::File::open(&self.path)?;
        write_whole_with(&self.path, |target| {
            for (start, length) in places {
                source.seek(SeekFrom::Start(start))?;
                std::io::copy(&mut (&source).take(length), target)?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use bundle_testkit::Sandbox;

    use super::*;

    fn line(path: &str, size: u64) -> String {
        format!("{{\"format\":1,\"path\":\"{path}\",\"size\":{size},\"error\":\"gone\"}}")
    }

    fn append(journal: &mut Journal, path: &str, size: u64) {
        journal.append(path, &line(path, size)).expect("appended");
    }

    #[test]
    fn lines_are_put_in_order_once_each_and_others_stay() {
        let sandbox = Sandbox::new().expect("a sandbox");
        let path = sandbox.path().join("found.jsonl");
        let mut journal = Journal::open(&path).expect("a journal");
        for (name, size) in [("b", 1), ("other", 2), ("a", 3), ("b", 4)] {
            append(&mut journal, name, size);
        }
        journal.settle(&["a".to_owned(), "b".to_owned()]).expect("settled");
        let text = fs_err::read_to_string(&path).expect("text");
        assert_eq!(text, format!("{}\n{}\n{}\n", line("a", 3), line("b", 4), line("other", 2)));
    }

    #[test]
    fn a_broken_last_line_is_taken_away_wherever_it_ends() {
        let sandbox = Sandbox::new().expect("a sandbox");
        let whole = format!("{}\n{}\n", line("a", 1), line("b", 2));
        let first = line("a", 1).len() + 1;
        for end in 1..whole.len() {
            let path = sandbox.write("found.jsonl", &whole[..end]).expect("written");
            let opened = Journal::open(&path);
            if end < START.len() {
                assert!(opened.is_err(), "{end}: it may be anybody's file");
                continue;
            }
            let known = opened.expect("a journal").known.len();
            assert_eq!(known, usize::from(end >= first), "{end}");
            let kept = fs_err::read_to_string(&path).expect("text");
            assert_eq!(kept, whole[..if end >= first { first } else { 0 }], "{end}");
        }
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        let sandbox = Sandbox::new().expect("a sandbox");
        for text in ["notes", "{}\n", "{\"format\":2,\"path\":\"a\"}\n", "\u{0}\u{1}\n"] {
            let path = sandbox.write("found.jsonl", text).expect("written");
            let failure = Journal::open(&path).err().expect(text);
            assert!(failure.error.to_string().starts_with("line 1 of "), "{}", failure.error);
            assert_eq!(fs_err::read_to_string(&path).expect("text"), text);
        }
    }

    #[test]
    fn two_calls_do_not_write_one_file() {
        let sandbox = Sandbox::new().expect("a sandbox");
        let path = sandbox.path().join("found.jsonl");
        let first = Journal::open(&path).expect("a journal");
        let failure = Journal::open(&path).err().expect("a failure");
        assert!(failure.error.to_string().starts_with("another call is writing"));
        drop(first);
        assert!(Journal::open(&path).is_ok());
    }
}
