//! After every single change of a bit the verdict is not `good`, or nothing that the
//! signature is of has changed.

use bundle_archive::{Archive, Limits};
use bundle_check::verify_archive;
use bundle_manifest::{FileMode, FileSource as _, Lock};
use bundle_signature::{Curve, PrivateKey, SigningIdentity, Trust, UnixTime, sign_bundle};
use bundle_testkit::Sandbox;

use crate::pack::{Packing, pack};

const PROJECT: [(&str, &str); 3] = [
    (
        "bundle.toml",
        "format = 1\n[bundle]\nname = \"t\"\nversion = \"1\"\ntitle = \"t\"\nlicense = \"MIT\"\n[models]\nwhy = \"w\"\n",
    ),
    ("a.txt", "all happy families are alike\n"),
    ("run.sh", "#!/bin/sh\n"),
];

/// A signed bundle of three files, its author, and one who trusts the author.
pub(crate) fn signed() -> (Sandbox, Vec<u8>, SigningIdentity, Trust) {
    let sandbox = Sandbox::new().expect("a sandbox");
    for (path, content) in PROJECT {
        sandbox.write(&format!("project/{path}"), content).expect("a file");
    }
    let author = SigningIdentity::of_key(PrivateKey::generate(Curve::P256).expect("a key"));
    let (project, file) = (sandbox.path().join("project"), sandbox.path().join("t.bundle.tar.zst"));
    pack(&project, &file, &Packing::default());
    let archive = Archive::open(&file, &Limits::default()).expect("opens");
    let signature = sign_bundle(archive.lock(), &author);
    archive.write_signed(Some(&signature), &file, &|_| ()).expect("signed");
    let mut trust = Trust::nobody(UnixTime(0));
    trust.add_key("the author", author.key().public().clone());
    let bytes = fs_err::read(&file).expect("the bundle");
    (sandbox, bytes, author, trust)
}

/// Every path, mode and byte of content, and the signature.
pub(crate) type Content = Vec<(String, FileMode, Vec<u8>)>;

fn content(archive: &Archive) -> Content {
    let project = "project".parse().expect("a path");
    let members = archive.lock().members.iter();
    members
        .map(|member| {
            let path = member.path.strip_prefix(&project).expect("below the project");
            let content = archive.read(&path, 1 << 20).expect("readable");
            (member.path.to_string(), member.mode, content)
        })
        .collect()
}

/// The word for these bytes, and what is in them where it is `good`.
pub(crate) fn judge(bytes: Vec<u8>, trust: &Trust) -> (String, Option<(Lock, Content)>) {
    let archive = match Archive::from_bytes(bytes, &Limits::default()) {
        Ok(archive) => archive,
        Err(error) => return (format!("does not open: {error}"), None),
    };
    let found = verify_archive(&archive, trust, &|_| ()).expect("memory is readable");
    let inside = (found.as_str() == "good").then(|| (archive.lock().clone(), content(&archive)));
    (found.to_string(), inside)
}

#[test]
fn no_changed_bit_is_good_unless_nothing_changed() {
    let (_sandbox, bytes, _, trust) = signed();
    let (said, original) = judge(bytes.clone(), &trust);
    let original = original.expect(&said);
    let (mut refused, mut harmless) = (0_usize, 0_usize);
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        match judge(changed, &trust) {
            (_, None) => refused += 1,
            (said, Some(inside)) => {
                assert!(inside == original, "bit {bit} changed something: {said}");
                harmless += 1;
            }
        }
    }
    println!("{refused} changed bits are not good, {harmless} change nothing that is signed");
    assert_eq!(refused + harmless, bytes.len() * 8);
    assert!(harmless * 100 < refused, "{harmless} of {} bits say nothing", refused + harmless);
}

#[test]
fn no_shortened_or_lengthened_file_is_good() {
    let (_sandbox, bytes, _, trust) = signed();
    for length in 0..bytes.len() {
        let (said, inside) = judge(bytes[..length].to_vec(), &trust);
        assert!(inside.is_none(), "{length} bytes: {said}");
    }
    let skippable = [0x5A, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    for (what, more) in
        [("a byte", &[0][..]), ("a skippable frame", &skippable), ("itself", &bytes)]
    {
        for changed in [[&bytes, more].concat(), [more, &bytes].concat()] {
            let (said, inside) = judge(changed, &trust);
            assert!(inside.is_none(), "{what}: {said}");
        }
    }
}

/// Packs the project after a change, with the signature of what it was.
fn repacked(change: impl Fn(&Sandbox), edit: Option<fn(&mut Lock)>) -> String {
    let (sandbox, bytes, _, trust) = signed();
    let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
    change(&sandbox);
    let (project, file) = (sandbox.path().join("project"), sandbox.path().join("forged.tar.zst"));
    pack(&project, &file, &Packing { signature: archive.signature(), edit, ..Packing::default() });
    let (said, inside) = judge(fs_err::read(&file).expect("the forgery"), &trust);
    assert!(inside.is_none(), "{said}");
    said
}

#[test]
fn a_canonical_forgery_under_the_old_signature_is_bad() {
    type Change = fn(&Sandbox);
    let lock = "bad signature: member `bundle.lock`: sha256 is ";
    let cases: [(&str, Change); 5] = [
        ("drop", |s| fs_err::remove_file(s.path().join("project/a.txt")).expect("removed")),
        ("add", |s| drop(s.write("project/b.txt", "x").expect("a file"))),
        ("rename", |s| {
            let (from, to) = (s.path().join("project/a.txt"), s.path().join("project/b.txt"));
            fs_err::rename(from, to).expect("renamed");
        }),
        ("content", |s| {
            drop(s.write("project/a.txt", "All happy families are alike\n").expect("a file"));
        }),
        ("mode", |s| {
            bundle_testkit::make_executable(&s.path().join("project/run.sh")).expect("a mode");
        }),
    ];
    for (what, change) in cases {
        let said = repacked(change, None);
        assert!(said.starts_with(lock), "{what}: {said}");
    }
    let edits: [fn(&mut Lock); 2] = [
        |lock| lock.code.swhid = bundle_manifest::GitObjectId::from_bytes([7; 20]),
        |lock| lock.not_packed = vec!["project/data".parse().expect("a path")],
    ];
    for edit in edits {
        let said = repacked(|_| (), Some(edit));
        assert!(said.starts_with(lock), "{said}");
    }
}

#[test]
fn a_signature_cannot_be_swapped_stripped_or_made_by_another() {
    let (sandbox, bytes, _, trust) = signed();
    let archive = Archive::from_bytes(bytes, &Limits::default()).expect("opens");
    let put = |signature: Option<&[u8]>| {
        let file = sandbox.path().join("changed.tar.zst");
        archive.write_signed(signature, &file, &|_| ()).expect("written");
        judge(fs_err::read(&file).expect("the bundle"), &trust)
    };
    let (_other_sandbox, other, thief, _) = signed();
    let other = Archive::from_bytes(other, &Limits::default()).expect("opens");
    // The two bundles hold the same; only the keys differ.
    let (said, inside) = put(other.signature());
    assert!(inside.is_none() && said.contains("is not known to you"), "{said}");
    let (said, inside) = put(Some(&sign_bundle(archive.lock(), &thief)));
    assert!(inside.is_none() && said.contains("is not known to you"), "{said}");
    let (said, inside) = put(None);
    assert!(inside.is_none(), "{said}");
    assert_eq!(said, "unsigned");
    // The thief's signature under the author's name.
    let text = String::from_utf8(sign_bundle(archive.lock(), &thief)).expect("text");
    let author = trust.keys().map(|(_, key)| key.hint()).next().expect("a key");
    let (said, inside) = put(Some(text.replace(&thief.key().public().hint(), &author).as_bytes()));
    assert!(inside.is_none() && said.contains("sig: was not made by the key SHA256:"), "{said}");
}
