//! The file itself: is it the one that was packed?

use bundle_project::Origin;

use crate::{
    Area, Evidence, PageProvenance, Rule, Severity,
    finding::Judgement,
    subject::{Container, Subject},
};

pub(super) static UNCHANGED: Rule = Rule {
    id: "FILE-1",
    title: "the container is canonical and every member is what the lock says",
    why: "A byte that nobody accounts for is a place to hide a change. The reader accepts only what the writer would have written: order, headers, frames, and the SHA-256 of every member.",
    reference: "docs/format.md, reading a bundle",
    severity: Severity::Must,
    area: Area::Container,
    remedy: "get the file again, and compare its id with the one in the paper",
    inspect: unchanged,
};

pub(super) static CODE_HASH: Rule = Rule {
    id: "FILE-2",
    title: "the code's hash is that of the packed code",
    why: "The SWHID is how an archive, a forge and a paper name this code. It is recomputed here from the tracked members.",
    reference: "ISO/IEC 18670 (SWHID), directories",
    severity: Severity::Must,
    area: Area::Container,
    remedy: "pack again: the lock names other code than the bundle holds",
    inspect: code_hash,
};

pub(super) static WITHHELD: Rule = Rule {
    id: "FILE-3",
    title: "nothing is held back",
    why: "A member may be listed with its digest and left out, such as weights that may not leave a hospital. What needs it cannot be judged here.",
    reference: "docs/format.md, members",
    severity: Severity::May,
    area: Area::Container,
    remedy: "ask the authors for the full edition; `bundle diff` matches the two by digest",
    inspect: withheld,
};

pub(super) static PAGE: Rule = Rule {
    id: "FILE-4",
    title: "the page around the bundle is the one that is written of it",
    why: "A page can show anything, whatever the bundle in it says, and cannot vouch for itself. It is a function of the bundle and of the version that wrote it, so it is written again here and compared byte for byte.",
    reference: "docs/demo.md",
    severity: Severity::Must,
    area: Area::Page,
    remedy: "do not open this page; take the bundle out of it and write it anew: `bundle demo FILE.html`",
    inspect: page,
};

pub(super) const DIRECTORY: &str = "a directory, not a packed bundle";
pub(super) const BROKEN: &str = "the container cannot be opened";

fn unchanged(subject: &Subject) -> Judgement {
    match &subject.container {
        Container::Directory => extracted(subject),
        Container::Broken(error) => Judgement::fail([Evidence::note(error.to_string())]),
        Container::Bundle { verified: Err(error), .. } => {
            Judgement::fail([Evidence::note(error.to_string())])
        }
        Container::Bundle { verified: Ok(verified), .. } => {
            let members = verified.members;
            Judgement::pass([Evidence::note(format!(
                "canonical; all {members} members have the digest in the lock"
            ))])
        }
    }
}

/// An extracted bundle still says what it was.
fn extracted(subject: &Subject) -> Judgement {
    let source = subject.source.as_ref().filter(|source| source.origin() == Origin::Extracted);
    let Some(source) = source else { return Judgement::not_applicable(DIRECTORY) };
    let changed = match source.changed() {
        Ok(changed) => changed,
        Err(error) => return Judgement::unknown(error.to_string()),
    };
    if !changed.is_empty() {
        let show = |path| Evidence::of(path, "is not what bundle.lock says");
        return Judgement::fail(changed.iter().map(show))
            .remedy("extract the bundle again, or `bundle pack` this as a version of its own");
    }
    let added = source.additions().iter();
    let added: Vec<_> = added.map(|path| Evidence::of(path, "is not in bundle.lock")).collect();
    if !added.is_empty() {
        return Judgement::weak(added).remedy("what is not in the lock is no part of the bundle");
    }
    Judgement::pass([Evidence::note("extracted; every file is what bundle.lock says")])
}

fn code_hash(subject: &Subject) -> Judgement {
    let (lock, source) = match (&subject.container, &subject.source) {
        (Container::Directory, _) => return Judgement::not_applicable(DIRECTORY),
        (Container::Bundle { archive, .. }, Some(source)) => (archive.lock(), source),
        _ => return Judgement::unknown(BROKEN),
    };
    if lock.members.iter().any(|member| member.tracked && member.withheld) {
        return Judgement::unknown("tracked members are withheld, and the hash needs them");
    }
    match source.measure_code(source.files()) {
        Err(error) => Judgement::unknown(error.to_string()),
        Ok(code) if code == lock.code => {
            Judgement::pass([Evidence::note(format!("swh:1:dir:{}", code.swhid))])
        }
        Ok(code) => {
            let text = format!(
                "the code is swh:1:dir:{}, the lock says swh:1:dir:{}",
                code.swhid, lock.code.swhid
            );
            Judgement::fail([Evidence::of("bundle.lock", text)])
        }
    }
}

fn page(subject: &Subject) -> Judgement {
    let Some(path) = &subject.page else { return Judgement::not_applicable("no page") };
    let (Container::Bundle { archive, .. }, Some(manifest)) =
        (&subject.container, subject.manifest())
    else {
        return Judgement::unknown(BROKEN);
    };
    let Some(judge) = subject.request.page else {
        return Judgement::unknown("nothing here writes pages");
    };
    let predictor = match subject.predictor() {
        Some(Ok(predictor)) => predictor,
        Some(Err(error)) => return Judgement::unknown(format!("the model does not load: {error}")),
        None => return Judgement::unknown("no model is declared"),
    };
    let provenance = fs_err::File::open(path)
        .and_then(|mut page| judge(&mut page, archive, manifest, predictor));
    match provenance {
        Ok(PageProvenance::Ours) => {
            Judgement::pass([Evidence::note("byte for byte what this version writes")])
        }
        Ok(PageProvenance::Changed) => {
            Judgement::fail([Evidence::note("not what this version writes of this bundle")])
        }
        Ok(PageProvenance::OfVersion(version)) => Judgement::unknown(format!(
            "the page says that bundle {version} wrote it; only that version can tell"
        )),
        Ok(PageProvenance::NotKnown(why)) => Judgement::unknown(why),
        Err(error) => Judgement::unknown(error.to_string()),
    }
}

fn withheld(subject: &Subject) -> Judgement {
    let source = match (&subject.container, &subject.source) {
        (Container::Broken(_), _) | (_, None) => return Judgement::unknown(BROKEN),
        (_, Some(source)) => source,
    };
    if source.lock().is_none() {
        return Judgement::not_applicable(DIRECTORY);
    }
    if source.withheld().is_empty() {
        return Judgement::pass([Evidence::note("nothing is withheld")]);
    }
    let show = |member: &bundle_manifest::LockedMember| {
        Evidence::of(
            &member.path,
            format!("withheld: {} bytes, sha256 {}", member.size, member.sha256),
        )
    };
    Judgement::weak(source.withheld().iter().map(show))
}
