//! Origins: which files a tree has, and how it is read.

use std::{io, path::Path};

use bundle_manifest::{
    ArtifactPath, CodeIdentity, Digest, EqualsGit, FileMode, FileSource as _, GitDifference,
    GitFacts, Lock, LockedMember, Manifest,
};
use bundle_project::{Origin, SourceTree, lock_of};
use bundle_testkit::{Sandbox, commit_all, copy_tree, make_executable, symlink};

use crate::{Outcome, manifest_text, paths, selected};

#[test]
fn a_plain_directory_follows_gitignore_and_leaves_out_what_tools_make() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write(".gitignore", "*.pt\n/data/\n!keep.pt\n")?;
    sandbox.write(".ignore", "README.md\n")?;
    for name in ["README.md", "a.pt", "keep.pt", "data/x.csv", "sub/data/y.csv", "sub/b.pt", ".env"]
    {
        sandbox.write(name, "x")?;
    }
    sandbox.write("sub/.gitignore", "*.log\n")?;
    sandbox.write("sub/z.log", "x")?;
    sandbox.write("x-1.0.0.bundle.tar.zst", "packed before")?;
    sandbox.write("sub/kept.bundle.tar.zst", "part of the project")?;
    sandbox.write("sub/.git/config", "not a file of the project")?;
    let (tree, selected) = selected(sandbox.path())?;
    assert_eq!(tree.origin(), Origin::Directory);
    assert!(selected.files.iter().all(|file| file.tracked));
    assert_eq!(
        paths(&selected),
        [
            ".gitignore",
            ".ignore",
            "README.md",
            "bundle.toml",
            "keep.pt",
            "sub/.gitignore",
            "sub/data/y.csv",
            "sub/kept.bundle.tar.zst"
        ]
    );
    Ok(())
}

#[test]
fn a_gitignore_above_the_project_does_not_count() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write(".gitignore", "*.py\n")?;
    sandbox.write("paper/bundle.toml", manifest_text(""))?;
    sandbox.write("paper/train.py", "")?;
    let (_, selected) = selected(&sandbox.path().join("paper"))?;
    assert_eq!(paths(&selected), ["bundle.toml", "train.py"]);
    Ok(())
}

#[test]
fn a_repository_that_tracks_nothing_here_is_not_asked() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("other/code.py", "")?;
    commit_all(sandbox.path())?;
    sandbox.write("paper/bundle.toml", manifest_text(""))?;
    let (tree, selected) = selected(&sandbox.path().join("paper"))?;
    assert_eq!(tree.origin(), Origin::Directory);
    let code = tree.measure_code(&selected.files)?;
    assert_eq!(tree.git_facts(&selected, &code)?, None);
    Ok(())
}

#[test]
fn a_repository_that_cannot_be_asked_is_an_error() -> Outcome {
    type Break = fn(&Path) -> io::Result<()>;
    let breaks: [(Break, &str); 5] = [
        (|git| fs_err::remove_file(git.join("HEAD")), "is no git repository"),
        (|git| fs_err::remove_file(git.join("index")), "git's index tracks nothing here"),
        (|git| fs_err::write(git.join("config"), "[core\n"), "cannot be opened"),
        (|git| fs_err::write(git.join("config"), "[a]x=1\n".repeat(1 << 18)), "bytes"),
        (
            |git| {
                fs_err::remove_dir_all(git)?;
                fs_err::write(git, "gitdir: /no/such/place\n")
            },
            "is no git repository",
        ),
    ];
    for (damage, message) in breaks {
        let sandbox = Sandbox::new()?;
        sandbox.write("bundle.toml", manifest_text(""))?;
        commit_all(sandbox.path())?;
        sandbox.write("private.txt", "")?;
        damage(&sandbox.path().join(".git"))?;
        let error = SourceTree::from_directory(sandbox.path()).expect_err(message);
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint.is_some(), "{error}");
    }
    Ok(())
}

#[test]
fn untracked_files_are_known_and_ignored_ones_are_not_among_them() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write(".gitignore", "*.log\n")?;
    sandbox.write("paper/bundle.toml", manifest_text(""))?;
    commit_all(sandbox.path())?;
    for name in ["helper.py", "a.log", "__pycache__/x.pyc"] {
        sandbox.write(&format!("paper/{name}"), "")?;
    }
    let tree = SourceTree::from_directory(&sandbox.path().join("paper"))?;
    let untracked = tree.untracked()?;
    assert_eq!(untracked.iter().map(ArtifactPath::as_str).collect::<Vec<_>>(), ["helper.py"]);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_pipe_where_ignore_rules_are_expected_is_not_waited_for() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write("sub/file.txt", "")?;
    for at in ["sub/.gitignore", ".gitignore"] {
        let pipe = sandbox.path().join(at);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status()?.success());
        let error = SourceTree::from_directory(sandbox.path()).expect_err("a pipe");
        assert!(error.to_string().ends_with("is not a regular file"), "{error}");
        fs_err::remove_file(pipe)?;
    }
    Ok(())
}

#[test]
fn modes_come_from_the_index_where_tracked_and_from_the_disk_where_not() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text("[files]\nalso = [\"tool\"]\n"))?;
    sandbox.write("run.sh", "#!/bin/sh\n")?;
    commit_all(sandbox.path())?;
    make_executable(&sandbox.path().join("run.sh"))?;
    make_executable(&sandbox.write("tool", "#!/bin/sh\n")?)?;
    let (_, selected) = selected(sandbox.path())?;
    let modes: Vec<_> =
        selected.files.iter().map(|f| (f.path.as_str(), f.mode, f.tracked)).collect();
    let expected = [
        ("bundle.toml", FileMode::Regular, true),
        ("run.sh", FileMode::Regular, true),
        ("tool", FileMode::Executable, false),
    ];
    assert_eq!(modes, expected);
    Ok(())
}

#[test]
fn a_tracked_file_that_is_missing_is_noted() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write("gone.py", "")?;
    commit_all(sandbox.path())?;
    fs_err::remove_file(sandbox.path().join("gone.py"))?;
    let (tree, selected) = selected(sandbox.path())?;
    assert_eq!(paths(&selected), ["bundle.toml"]);
    assert_eq!(tree.notes(), ["tracked by git, but not there: `gone.py`"]);
    Ok(())
}

#[test]
fn no_name_reaches_outside_the_directory() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("secret/key", "private")?;
    sandbox.write("paper/bundle.toml", manifest_text(""))?;
    let paper = sandbox.path().join("paper");
    symlink("../secret".as_ref(), &paper.join("secret"))?;
    symlink("../secret/key".as_ref(), &paper.join("key"))?;
    let tree = SourceTree::from_directory(&paper)?;
    for name in ["key", "secret/key", "secret"] {
        let path: ArtifactPath = name.parse()?;
        assert_eq!(tree.size(&path), None, "{name}");
        let error = tree.read(&path, 100).expect_err(name);
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(tree.open(&path).is_err());
    }
    Ok(())
}

#[test]
fn reading_stops_at_the_limit() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", "12345")?;
    let tree = SourceTree::from_directory(sandbox.path())?;
    let path = "bundle.toml".parse()?;
    assert_eq!(tree.read(&path, 5)?, b"12345");
    let error = tree.read(&path, 4).expect_err("five bytes");
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert_eq!(error.to_string(), "`bundle.toml` has more than 4 bytes");
    Ok(())
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let error = SourceTree::from_directory("/no/such/directory".as_ref()).expect_err("nothing");
    assert_eq!(error.to_string(), "`/no/such/directory` cannot be read");
}

/// Writes `directory` as an extracted bundle: a lock beside `project/`.
fn extract_by_hand(sandbox: &Sandbox, git: Option<GitFacts>) -> Outcome<Lock> {
    let text = manifest_text("");
    sandbox.write("x-1.0.0/project/bundle.toml", &text)?;
    sandbox.write("x-1.0.0/project/train.py", "print()\n")?;
    sandbox.write("x-1.0.0/project/net.onnx", "weights")?;
    sandbox.write("plain/bundle.toml", &text)?;
    let plain = sandbox.path().join("plain");
    copy_tree(&sandbox.path().join("x-1.0.0/project"), &plain)?;
    let (tree, selected) = selected(&plain)?;
    let code_files: Vec<_> =
        selected.files.iter().filter(|f| f.path.as_str() != "net.onnx").cloned().collect();
    let code = tree.measure_code(&code_files)?;
    let member = |name: &str, size, tracked, withheld| -> Outcome<LockedMember> {
        let path = format!("project/{name}").parse()?;
        let sha256 = Digest::from_bytes([1; 32]);
        Ok(LockedMember { path, size, sha256, mode: FileMode::Regular, tracked, withheld })
    };
    let members = vec![
        member("bundle.toml", text.len() as u64, true, false)?,
        member("held-back.bin", 1 << 40, false, true)?,
        member("net.onnx", 7, false, false)?,
        member("train.py", 8, true, false)?,
    ];
    let lock = lock_of(&Manifest::from_toml(&text)?, &selected, members, code, git);
    sandbox.write("x-1.0.0/bundle.lock", lock.to_toml())?;
    Ok(lock)
}

fn some_facts(code: &CodeIdentity) -> Outcome<GitFacts> {
    let commit = "1234567890123456789012345678901234567890".parse()?;
    Ok(GitFacts {
        commit,
        tree: code.swhid,
        remote: None,
        dirty: false,
        equals_git: EqualsGit::Yes,
    })
}

#[test]
fn an_extracted_bundle_is_what_its_lock_lists() -> Outcome {
    let sandbox = Sandbox::new()?;
    extract_by_hand(&sandbox, None)?;
    sandbox.write("x-1.0.0/project/notes.txt", "added later")?;
    for directory in ["x-1.0.0", "x-1.0.0/project"] {
        let (tree, selected) = selected_below(&sandbox, directory)?;
        assert_eq!(tree.origin(), Origin::Extracted, "{directory}");
        assert_eq!(paths(&selected), ["bundle.toml", "net.onnx", "train.py"]);
        let tracked: Vec<_> = selected.files.iter().map(|file| file.tracked).collect();
        assert_eq!(tracked, [true, false, true]);
        assert_eq!(tree.additions(), ["notes.txt".parse()?]);
        let withheld: Vec<_> =
            selected.withheld.iter().map(|member| member.path.as_str()).collect();
        assert_eq!(withheld, ["held-back.bin"]);
    }
    Ok(())
}

fn selected_below(
    sandbox: &Sandbox,
    directory: &str,
) -> Outcome<(SourceTree, bundle_project::Selected)> {
    let tree = SourceTree::from_directory(&sandbox.path().join(directory))?;
    let selected = tree.select(&Manifest::from_toml(&manifest_text(""))?, &[])?;
    Ok((tree, selected))
}

#[test]
fn an_extracted_bundle_hands_on_its_facts_until_the_code_changes() -> Outcome {
    let sandbox = Sandbox::new()?;
    let lock = extract_by_hand(&sandbox, None)?;
    extract_by_hand(&sandbox, Some(some_facts(&lock.code)?))?;
    let (tree, selected) = selected_below(&sandbox, "x-1.0.0")?;
    let code = tree.measure_code(&selected.files)?;
    assert_eq!(code, lock.code);
    assert_eq!(tree.git_facts(&selected, &code)?, Some(some_facts(&lock.code)?));

    sandbox.write("x-1.0.0/project/train.py", "print(1)\n")?;
    let (tree, selected) = selected_below(&sandbox, "x-1.0.0")?;
    let code = tree.measure_code(&selected.files)?;
    let expected = GitFacts {
        dirty: true,
        equals_git: EqualsGit::No(vec![GitDifference::Dirty]),
        ..some_facts(&lock.code)?
    };
    assert_eq!(tree.git_facts(&selected, &code)?, Some(expected));
    Ok(())
}

#[test]
fn a_broken_lock_is_an_error_and_a_strangers_lock_is_none_of_ours() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("b/bundle.lock", "format = 1\n")?;
    sandbox.write("b/project/bundle.toml", manifest_text(""))?;
    let directory = sandbox.path().join("b");
    let error = SourceTree::from_directory(&directory).expect_err("the lock is broken");
    assert!(error.to_string().ends_with("bundle.lock` is not a lock"), "{error}");
    let tree = SourceTree::from_directory(&directory.join("project"))?;
    assert_eq!(tree.origin(), Origin::Directory);
    Ok(())
}
