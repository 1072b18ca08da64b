//! Trees and subjects in memory, for the tests of rules.

use std::{collections::BTreeMap, io, sync::Arc};

use bundle_manifest::{ArtifactPath, FileSource};
use bundle_signature::{Trust, UnixTime};

use crate::{
    CheckRequest, Profile,
    subject::{Container, Subject},
    tree::{Tree, TreeFile},
    words::Words,
};

/// Files by path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<ArtifactPath, Vec<u8>>);

impl FileSource for Memory {
    fn size(&self, path: &ArtifactPath) -> Option<u64> {
        self.0.get(path).map(|content| content.len() as u64)
    }

    fn read(&self, path: &ArtifactPath, limit: u64) -> io::Result<Vec<u8>> {
        let content = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        if content.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(content.clone())
    }
}

/// The tree of these files.
pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
    let parse =
        |(path, text): &(&str, &str)| (path.parse().expect("a path"), text.as_bytes().to_vec());
    let memory = Memory(files.iter().map(parse).collect());
    let list = memory.0.iter().map(|(path, content)| TreeFile {
        path: path.clone(),
        size: content.len() as u64,
        elsewhere: false,
    });
    Tree::new(list.collect(), Arc::new(memory.clone()), Words::standard())
}

/// A `bundle.toml` with this licence and these further tables.
pub(crate) fn manifest(license: &str, rest: &str) -> String {
    format!(
        "format = 1\n[bundle]\nname = \"x\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"{license}\"\n{rest}"
    )
}

/// A directory with these files, read in the strict profile.
pub(crate) fn subject(files: &[(&str, &str)]) -> Subject {
    subject_in(files, Profile::Strict)
}

/// A directory with these files.
pub(crate) fn subject_in(files: &[(&str, &str)], profile: Profile) -> Subject {
    subject_with(files, |request| request.profile = profile)
}

/// A directory with these files, of which something else is asked.
pub(crate) fn subject_with(files: &[(&str, &str)], ask: impl Fn(&mut CheckRequest)) -> Subject {
    let trust = Trust::nobody(UnixTime(0));
    let mut request = CheckRequest { replay: false, ..CheckRequest::new(trust) };
    ask(&mut request);
    Subject::new(Container::Directory, tree(files), None, &request)
}
