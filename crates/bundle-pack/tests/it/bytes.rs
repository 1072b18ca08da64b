//! The same files give the same bytes, wherever and however they lie.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bundle_manifest::{EqualsGit, FileSource as _, Manifest};
use bundle_project::SourceTree;
use bundle_testkit::{Sandbox, commit_all, copy_tree, fixture, git, make_executable};

use crate::{Outcome, files, open, packed, project, request};

#[test]
fn directory_order_time_and_threads_do_not_change_a_byte() -> Outcome {
    let sandbox = Sandbox::new()?;
    let first = project(&sandbox, "here/paper")?;
    for (name, content) in files().into_iter().rev() {
        let path = sandbox.write(&format!("somewhere else/other-name/{name}"), content)?;
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_hours(24);
        fs_err::OpenOptions::new().append(true).open(path)?.set_modified(long_ago)?;
    }
    let second = sandbox.path().join("somewhere else/other-name");
    let mut all = Vec::new();
    for (index, (directory, threads)) in
        [(&first, 1), (&first, 2), (&second, 1), (&second, 2)].into_iter().enumerate()
    {
        let mut request = request(directory, &sandbox.path().join(format!("{index}.zst")));
        request.write.threads = threads;
        let packed = packed(&request)?;
        assert_eq!(packed.replays.len(), 1);
        assert_eq!(packed.not_run, None);
        all.push((packed.written.id, fs_err::read(packed.path)?));
    }
    assert!(all.iter().all(|one| one == &all[0]));
    Ok(())
}

#[test]
fn what_is_packed_is_what_the_lock_says() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    make_executable(&directory.join("src/train.py"))?;
    let packed = packed(&request(&directory, sandbox.path()))?;
    assert_eq!(packed.path, sandbox.path().join("negate-1.0.0.bundle.tar.zst"));
    let archive = open(&packed.path)?;
    let verified = archive.verify(&|_| ())?;
    assert_eq!(verified.id, packed.written.id);
    let members: Vec<_> = archive
        .lock()
        .members
        .iter()
        .map(|member| (member.path.as_str(), member.mode.bits(), member.tracked))
        .collect();
    assert_eq!(
        members,
        [
            ("project/.gitignore", 0o644, true),
            ("project/README.md", 0o644, true),
            ("project/bundle.toml", 0o644, true),
            ("project/data/large.bin", 0o644, true),
            ("project/examples/x.npy", 0o644, true),
            ("project/examples/y.npy", 0o644, true),
            ("project/export/net.onnx", 0o644, false),
            ("project/src-more/a.py", 0o644, true),
            ("project/src/train.py", 0o755, true),
        ]
    );
    for (name, content) in files() {
        assert_eq!(archive.read(&name.parse()?, 1 << 30)?, content, "{name}");
    }
    // The archive is a source tree like the directory, with the same code.
    let code = archive.lock().code.clone();
    let manifest = Manifest::from_toml(archive.manifest_text())?;
    let tree = SourceTree::from_archive(Arc::new(archive));
    let selected = tree.select(&manifest, &[])?;
    assert_eq!(tree.measure_code(&selected.files)?, code);
    Ok(())
}

#[test]
fn extracting_and_packing_again_gives_the_same_bundle() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    bundle_testkit::symlink("README.md".as_ref(), &directory.join("link"))?;
    commit_all(&directory)?;
    let first = packed(&request(&directory, sandbox.path()))?;
    fs_err::create_dir(sandbox.path().join("out"))?;
    let extracted = open(&first.path)?.extract(&sandbox.path().join("out"), &|_| ())?;
    // Additions and a repository around it do not change what it is.
    fs_err::write(extracted.join("project/notes.txt"), "added")?;
    commit_all(&sandbox.path().join("out"))?;
    for (index, directory) in [extracted.clone(), extracted.join("project")].iter().enumerate() {
        let target = sandbox.path().join(format!("again-{index}.zst"));
        let again = packed(&request(directory, &target))?;
        assert_eq!(again.written.id, first.written.id);
        assert_eq!(fs_err::read(&target)?, fs_err::read(&first.path)?);
        assert_eq!(
            again.notes,
            [
                "links and submodules are listed, not packed: `link`",
                "not in `bundle.lock`, hence not packed: `notes.txt`"
            ]
        );
    }
    Ok(())
}

#[test]
fn a_clean_checkout_is_packed_as_the_tree_that_git_names() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "repository/papers/negate")?;
    commit_all(&sandbox.path().join("repository"))?;
    let packed = packed(&request(&directory, sandbox.path()))?;
    let lock = open(&packed.path)?.lock().clone();
    let facts = lock.git.ok_or("git was asked")?;
    assert_eq!(facts.equals_git, EqualsGit::Yes);
    let expected = git(&directory, &["rev-parse", "HEAD:papers/negate"])?;
    assert_eq!(lock.code.swhid.to_string(), expected);
    Ok(())
}

#[test]
fn a_clone_gives_the_same_id() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    git(&directory, &["init", "--quiet"])?;
    git(&directory, &["add", "--force", "export"])?;
    commit_all(&directory)?;
    let clone = sandbox.path().join("clone");
    git(sandbox.path(), &["clone", "--quiet", "paper", "clone"])?;
    let first = packed(&request(&directory, &sandbox.path().join("1.zst")))?;
    let second = packed(&request(&clone, &sandbox.path().join("2.zst")))?;
    assert_eq!(first.written.id, second.written.id);
    Ok(())
}

#[test]
fn the_bundle_may_lie_in_its_project() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    let outside = packed(&request(&directory, sandbox.path()))?;
    let expected = fs_err::read(outside.path)?;
    for target in ["", "my.zst", "data/my.zst"] {
        for attempt in 0..2 {
            let packed = packed(&request(&directory, &directory.join(target)))?;
            assert!(fs_err::read(&packed.path)? == expected, "{target:?}, attempt {attempt}");
            if attempt == 1 {
                fs_err::remove_file(packed.path)?;
            }
        }
    }
    Ok(())
}

#[test]
fn an_edited_bundle_says_that_its_code_was_changed() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    commit_all(&directory)?;
    let first = packed(&request(&directory, sandbox.path()))?;
    fs_err::create_dir(sandbox.path().join("out"))?;
    let extracted = open(&first.path)?.extract(&sandbox.path().join("out"), &|_| ())?;
    let copy = sandbox.path().join("copy");
    copy_tree(&extracted, &copy)?;
    fs_err::write(copy.join("project/src/train.py"), "print('changed')\n")?;
    let edited = packed(&request(&copy, &sandbox.path().join("edited.zst")))?;
    assert_ne!(edited.written.id, first.written.id);
    let facts = open(&edited.path)?.lock().git.clone().ok_or("facts are handed on")?;
    assert!(facts.dirty);
    assert_ne!(facts.equals_git, EqualsGit::Yes);
    Ok(())
}

#[test]
fn the_fixtures_pack_and_their_examples_hold() -> Outcome {
    for (name, runs) in [("digits", true), ("wine", true), ("theory", false)] {
        let sandbox = Sandbox::new()?;
        let directory = sandbox.path().join(name);
        copy_tree(&fixture(name), &directory)?;
        commit_all(&directory)?;
        let packed = packed(&request(&directory, sandbox.path()))?;
        assert_eq!(packed.not_run.is_none(), runs, "{name}: {:?}", packed.not_run);
        assert_eq!(packed.replays.is_empty(), !runs, "{name}");
        assert_eq!(packed.notes, [""; 0], "{name}");
        let lock = open(&packed.path)?.lock().clone();
        assert_eq!(lock.code.swhid.to_string(), git(&directory, &["rev-parse", "HEAD^{tree}"])?);
        assert_eq!(lock.git.ok_or("git was asked")?.equals_git, EqualsGit::Yes, "{name}");
    }
    Ok(())
}
