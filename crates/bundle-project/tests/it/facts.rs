//! `code.equals_git`: each reason on its own, in repositories that `git` made.

use std::path::Path;

use bundle_manifest::{EqualsGit, GitDifference, GitFacts, Manifest};
use bundle_project::{Origin, SourceTree};
use bundle_testkit::{Sandbox, commit_all, git, make_executable, symlink};

use crate::{Outcome, manifest_text, selected};

/// A committed project of four files.
fn project() -> Outcome<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write("README.md", "# A paper\n")?;
    sandbox.write("src/train.py", "print('train')\n")?;
    make_executable(&sandbox.write("run.sh", "#!/bin/sh\n")?)?;
    commit_all(sandbox.path())?;
    Ok(sandbox)
}

fn facts(directory: &Path) -> Outcome<GitFacts> {
    let (tree, selected) = selected(directory)?;
    assert_eq!(tree.origin(), Origin::GitDirectory);
    let code = tree.measure_code(&selected.files)?;
    let facts = tree.git_facts(&selected, &code)?.ok_or("git was not asked")?;
    let equal = code.swhid == facts.tree;
    assert_eq!(facts.equals_git == EqualsGit::Yes, equal, "yes means: the SWHID is git's tree");
    assert_eq!(facts.commit.to_string(), git(directory, &["rev-parse", "HEAD"])?);
    Ok(facts)
}

fn reasons(directory: &Path) -> Outcome<Vec<GitDifference>> {
    let facts = facts(directory)?;
    let reasons = match facts.equals_git {
        EqualsGit::Yes => Vec::new(),
        EqualsGit::No(reasons) => reasons,
    };
    assert_eq!(facts.dirty, reasons.contains(&GitDifference::Dirty));
    Ok(reasons)
}

#[test]
fn a_clean_checkout_is_the_tree_at_head() -> Outcome {
    let sandbox = project()?;
    let origin = "https://me:secret@example.org/paper.git";
    git(sandbox.path(), &["remote", "add", "origin", origin])?;
    sandbox.write("scratch.txt", "nobody tracks this")?;
    let facts = facts(sandbox.path())?;
    assert_eq!(facts.equals_git, EqualsGit::Yes);
    assert!(!facts.dirty);
    assert_eq!(facts.tree.to_string(), git(sandbox.path(), &["rev-parse", "HEAD^{tree}"])?);
    assert_eq!(facts.remote.as_deref(), Some("https://example.org/paper.git"));
    Ok(())
}

#[test]
fn a_project_may_be_a_subdirectory() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("papers/one/bundle.toml", manifest_text(""))?;
    sandbox.write("papers/one/src/train.py", "print()\n")?;
    sandbox.write("papers/one-more/other.py", "print()\n")?;
    sandbox.write("top.py", "print()\n")?;
    commit_all(sandbox.path())?;
    sandbox.write("top.py", "dirty, but elsewhere\n")?;
    let directory = sandbox.path().join("papers/one");
    let facts = facts(&directory)?;
    assert_eq!(facts.equals_git, EqualsGit::Yes);
    assert_eq!(facts.tree.to_string(), git(sandbox.path(), &["rev-parse", "HEAD:papers/one"])?);
    assert_eq!(facts.remote, None);
    Ok(())
}

#[test]
fn changes_since_head_are_dirty() -> Outcome {
    let changes: [(&str, &[&str], Option<&str>); 6] = [
        ("content", &[], Some("README.md")),
        ("staged content", &["add", "README.md"], Some("README.md")),
        ("mode", &["update-index", "--chmod=-x", "run.sh"], None),
        ("added", &["add", "new.py"], Some("new.py")),
        ("deleted", &["rm", "--quiet", "README.md"], None),
        ("renamed", &["mv", "README.md", "README.rst"], None),
    ];
    for (what, arguments, rewritten) in changes {
        let sandbox = project()?;
        if let Some(name) = rewritten {
            sandbox.write(name, "# Another\n")?;
        }
        if !arguments.is_empty() {
            git(sandbox.path(), arguments)?;
        }
        assert_eq!(reasons(sandbox.path())?, [GitDifference::Dirty], "{what}");
    }
    Ok(())
}

#[test]
fn a_file_deleted_by_hand_is_dirty() -> Outcome {
    let sandbox = project()?;
    fs_err::remove_file(sandbox.path().join("README.md"))?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Dirty]);
    Ok(())
}

#[test]
fn touching_and_rewriting_the_same_bytes_is_no_change() -> Outcome {
    let sandbox = project()?;
    fs_err::remove_file(sandbox.path().join("README.md"))?;
    sandbox.write("README.md", "# A paper\n")?;
    assert_eq!(reasons(sandbox.path())?, []);
    Ok(())
}

#[test]
fn a_link_is_listed_and_not_packed() -> Outcome {
    let sandbox = project()?;
    symlink(Path::new("src/train.py"), &sandbox.path().join("train.py"))?;
    commit_all(sandbox.path())?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Link]);
    let (_, selected) = selected(sandbox.path())?;
    assert_eq!(selected.not_packed, ["train.py".parse()?]);
    Ok(())
}

#[test]
fn a_submodule_is_listed_and_not_packed() -> Outcome {
    let other = project()?;
    let sandbox = project()?;
    let url = other.path().display().to_string();
    git(sandbox.path(), &["submodule", "--quiet", "add", &url, "vendored"])?;
    commit_all(sandbox.path())?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Submodule]);
    let (_, selected) = selected(sandbox.path())?;
    assert_eq!(selected.not_packed, ["vendored".parse()?]);
    assert!(selected.files.iter().any(|file| file.path.as_str() == ".gitmodules"));
    Ok(())
}

#[test]
fn an_end_of_line_filter_is_no_change() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write(".gitattributes", "*.csv text eol=crlf\n*.id ident\n")?;
    sandbox.write("data.csv", "a,b\r\n1,2\r\n")?;
    commit_all(sandbox.path())?;
    assert_eq!(git(sandbox.path(), &["status", "--porcelain"])?, "");
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Filter]);

    sandbox.write("keyword.id", "$Id$\n")?;
    git(sandbox.path(), &["add", "--all"])?;
    git(sandbox.path(), &["commit", "--quiet", "--message", "ident"])?;
    fs_err::remove_file(sandbox.path().join("keyword.id"))?;
    git(sandbox.path(), &["checkout", "--quiet", "keyword.id"])?;
    assert!(fs_err::read_to_string(sandbox.path().join("keyword.id"))?.starts_with("$Id: "));
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Filter]);

    sandbox.write("data.csv", "a,b\r\n1,3\r\n")?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Filter, GitDifference::Dirty]);
    Ok(())
}

#[test]
fn autocrlf_of_the_repository_is_a_filter() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write("notes.txt", "one\r\ntwo\r\n")?;
    git(sandbox.path(), &["init", "--quiet"])?;
    git(sandbox.path(), &["config", "core.autocrlf", "true"])?;
    commit_all(sandbox.path())?;
    git(sandbox.path(), &["config", "core.safecrlf", "true"])?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Filter]);
    Ok(())
}

#[test]
fn large_file_storage_is_judged_by_its_pointer() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")?;
    sandbox.write(
        "net.bin",
        "version https://git-lfs.github.com/spec/v1\n\
         oid sha256:9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c\n\
         size 7\n",
    )?;
    commit_all(sandbox.path())?;
    assert_eq!(reasons(sandbox.path())?, [], "the pointer itself is the blob");
    sandbox.write("net.bin", "weights")?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Filter]);
    sandbox.write("net.bin", "heights")?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Dirty]);
    Ok(())
}

#[test]
fn a_filter_program_of_the_repository_never_runs() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write(".gitattributes", "*.ipynb filter=strip\n")?;
    sandbox.write("a.ipynb", "{}")?;
    commit_all(sandbox.path())?;
    let trap = format!("touch {}/ran; cat", sandbox.path().display());
    git(sandbox.path(), &["config", "filter.strip.clean", &trap])?;
    git(sandbox.path(), &["config", "filter.strip.process", &trap])?;
    sandbox.write("a.ipynb", "{ \"outputs\": [] }")?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Filter]);
    assert!(!sandbox.path().join("ran").exists());
    Ok(())
}

#[test]
fn an_excluded_file_is_left_out() -> Outcome {
    let sandbox = project()?;
    sandbox.write("bundle.toml", manifest_text("[files]\nexclude = [\"src/**\"]\n"))?;
    sandbox.write("data:raw.csv", "a name that no bundle may have")?;
    commit_all(sandbox.path())?;
    let error = selected(sandbox.path()).expect_err("the name is not excluded yet");
    assert_eq!(error.to_string(), "path `data:raw.csv` has a backslash or a colon");
    sandbox.write(
        "bundle.toml",
        manifest_text("[files]\nexclude = [\"src/**\", \"data:raw.csv\"]\n"),
    )?;
    commit_all(sandbox.path())?;
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Excluded]);
    Ok(())
}

#[test]
fn reasons_add_up_in_a_fixed_order() -> Outcome {
    let sandbox = project()?;
    sandbox.write("bundle.toml", manifest_text("[files]\nexclude = [\"src/**\"]\n"))?;
    symlink(Path::new("README.md"), &sandbox.path().join("link"))?;
    commit_all(sandbox.path())?;
    sandbox.write("README.md", "changed")?;
    let expected = [GitDifference::Link, GitDifference::Dirty, GitDifference::Excluded];
    assert_eq!(reasons(sandbox.path())?, expected);
    Ok(())
}

#[test]
fn before_the_first_commit_git_says_nothing() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    git(sandbox.path(), &["init", "--quiet"])?;
    git(sandbox.path(), &["add", "bundle.toml"])?;
    let (tree, selected) = selected(sandbox.path())?;
    assert_eq!(tree.origin(), Origin::GitDirectory);
    let code = tree.measure_code(&selected.files)?;
    assert_eq!(tree.git_facts(&selected, &code)?, None);
    Ok(())
}

#[test]
fn a_revision_is_read_without_the_worktree() -> Outcome {
    let sandbox = project()?;
    git(sandbox.path(), &["tag", "v1"])?;
    let expected = git(sandbox.path(), &["rev-parse", "v1^{tree}"])?;
    sandbox.write("README.md", "# Later\n")?;
    symlink(Path::new("run.sh"), &sandbox.path().join("link"))?;
    commit_all(sandbox.path())?;
    let manifest = Manifest::from_toml(&manifest_text(""))?;
    for (revision, reasons) in
        [("v1", EqualsGit::Yes), ("HEAD", EqualsGit::No(vec![GitDifference::Link]))]
    {
        let tree = SourceTree::from_revision(sandbox.path(), revision)?;
        assert_eq!(tree.origin(), Origin::Revision);
        let selected = tree.select(&manifest, &[])?;
        let code = tree.measure_code(&selected.files)?;
        let facts = tree.git_facts(&selected, &code)?.ok_or("a revision has facts")?;
        assert_eq!(facts.equals_git, reasons, "{revision}");
        assert!(!facts.dirty);
        if revision == "v1" {
            assert_eq!(code.swhid.to_string(), expected);
        }
    }
    let error = SourceTree::from_revision(sandbox.path(), "v2").expect_err("no such tag");
    assert!(error.to_string().ends_with("`v2` cannot be read"), "{error}");
    Ok(())
}

#[test]
fn a_linked_worktree_is_a_checkout_like_any_other() -> Outcome {
    let sandbox = project()?;
    let beside = Sandbox::new()?;
    let path = beside.path().join("worktree");
    git(sandbox.path(), &["worktree", "add", "--quiet", &path.display().to_string()])?;
    assert_eq!(reasons(&path)?, []);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_repository_of_another_user_is_read_as_its_own() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write("notes.txt", "one\r\ntwo\r\n")?;
    git(sandbox.path(), &["init", "--quiet"])?;
    git(sandbox.path(), &["config", "core.autocrlf", "true"])?;
    commit_all(sandbox.path())?;
    for path in
        [sandbox.path().to_owned(), sandbox.path().join(".git"), sandbox.path().join(".git/config")]
    {
        if std::os::unix::fs::chown(path, Some(12_345), None).is_err() {
            return Ok(()); // only root may give files away
        }
    }
    // Its configuration is still consulted: without it the file would count as changed.
    assert_eq!(reasons(sandbox.path())?, [GitDifference::Filter]);
    Ok(())
}
