//! The one text of a lock.

use std::fmt::{self, Write as _};

use crate::{
    ArtifactPath, EqualsGit, FormatVersion, GitDifference, GitFacts, Lock,
    toml_text::{quote, quote_all},
};

impl Lock {
    /// The canonical text.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        self.write_toml(&mut text).unwrap_or_default(); // writing to a String cannot fail
        text
    }

    fn write_toml(&self, out: &mut String) -> fmt::Result {
        let not_packed = quote_all(self.not_packed.iter().map(ArtifactPath::as_str));
        writeln!(out, "# Written by bundle; sizes and digests of every file of the project.")?;
        writeln!(out, "format = {}", FormatVersion::NUMBER)?;
        writeln!(out, "name = {}", quote(self.name.as_str()))?;
        writeln!(out, "version = {}", quote(self.version.as_str()))?;
        writeln!(out, "requires = {}", quote_all(self.requires.iter().map(String::as_str)))?;
        writeln!(out, "not_packed = {not_packed}")?;
        writeln!(out, "\n[code]\nswhid = \"swh:1:dir:{}\"", self.code.swhid)?;
        writeln!(out, "sha256 = \"{}\"", self.code.sha256)?;
        if let Some(git) = &self.git {
            git.write_toml(out)?;
        }
        for member in &self.members {
            writeln!(out, "\n[[members]]\npath = {}", quote(member.path.as_str()))?;
            writeln!(out, "size = {}\nsha256 = \"{}\"", member.size, member.sha256)?;
            writeln!(out, "mode = \"{}\"\ntracked = {}", member.mode, member.tracked)?;
            if member.withheld {
                writeln!(out, "withheld = true")?;
            }
        }
        Ok(())
    }
}

impl GitFacts {
    fn write_toml(&self, out: &mut String) -> fmt::Result {
        let reasons: &[GitDifference] = match &self.equals_git {
            EqualsGit::Yes => &[],
            EqualsGit::No(reasons) => reasons,
        };
        writeln!(out, "\n[git]\ncommit = \"{}\"\ntree = \"{}\"", self.commit, self.tree)?;
        if let Some(remote) = &self.remote {
            writeln!(out, "remote = {}", quote(remote))?;
        }
        writeln!(out, "dirty = {}\nequals_git = {}", self.dirty, reasons.is_empty())?;
        writeln!(out, "differs_by = {}", quote_all(reasons.iter().map(|reason| reason.as_str())))
    }
}
