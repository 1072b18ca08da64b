//! Which files a manifest packs, and what is refused.

use std::path::Path;

use bundle_manifest::Manifest;
use bundle_project::{ProjectError, SourceTree};
use bundle_testkit::{Sandbox, commit_all, symlink};

use crate::{Outcome, manifest_text, paths, selected};

/// A manifest with a model, and `more`.
fn model_text(onnx: &str, more: &str) -> String {
    format!(
        "format = 1\n[bundle]\nname = \"x\"\nversion = \"1.0.0\"\ntitle = \"t\"\nlicense = \"MIT\"\n\
         [models.net]\nonnx = \"{onnx}\"\n\
         [[inputs]]\nname = \"x\"\nkind = \"tensor\"\ntensors = {{ x = \"value\" }}\n\
         [[outputs]]\nname = \"y\"\nkind = \"tensor\"\ntensors = {{ value = \"y\" }}\n{more}"
    )
}

fn refused(directory: &Path) -> Outcome<ProjectError> {
    let manifest = Manifest::from_toml(&fs_err::read_to_string(directory.join("bundle.toml"))?)?;
    let tree = SourceTree::from_directory(directory)?;
    Ok(tree.select(&manifest, &[]).expect_err("it must be refused"))
}

#[test]
fn what_the_manifest_refers_to_is_packed_though_nobody_tracks_it() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write(
        "bundle.toml",
        model_text("export/net.onnx", "[files]\nalso = [\"checkpoints/*.pt\"]\n"),
    )?;
    sandbox.write(".gitignore", "*.onnx\ncheckpoints/\n")?;
    commit_all(sandbox.path())?;
    sandbox.write("export/net.onnx", "weights")?;
    sandbox.write("export/net.data", "external")?;
    sandbox.write("export/other.onnx", "not referred to")?;
    sandbox.write("checkpoints/best.pt", "checkpoint")?;
    sandbox.write("checkpoints/log.txt", "")?;
    let manifest =
        Manifest::from_toml(&fs_err::read_to_string(sandbox.path().join("bundle.toml"))?)?;
    let tree = SourceTree::from_directory(sandbox.path())?;
    let selected = tree.select(&manifest, &["export/net.data".parse()?])?;
    let found: Vec<_> = selected.files.iter().map(|f| (f.path.as_str(), f.tracked)).collect();
    let expected = [
        (".gitignore", true),
        ("bundle.toml", true),
        ("checkpoints/best.pt", false),
        ("export/net.data", false),
        ("export/net.onnx", false),
    ];
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn the_manifest_is_packed_whatever_the_globs_say() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text("[files]\nexclude = [\"**\"]\n"))?;
    sandbox.write("train.py", "")?;
    let (_, selected) = selected(sandbox.path())?;
    assert_eq!(paths(&selected), ["bundle.toml"]);
    assert_eq!(selected.excluded, ["train.py".parse()?]);
    Ok(())
}

#[test]
fn a_missing_reference_names_its_key_and_the_nearest_file() -> Outcome {
    let cases = [
        (
            "export/modle.onnx",
            "which does not exist",
            Some("the nearest name that exists is `export/model.onnx`"),
        ),
        (
            "model.onnx",
            "which does not exist",
            Some("the nearest name that exists is `export/model.onnx`"),
        ),
        ("weights/zzz", "which does not exist", None),
        ("export", "which is a directory", None),
        (
            "link.onnx",
            "which is a symbolic link",
            Some("put the file itself there: a bundle holds no links"),
        ),
    ];
    for (onnx, reason, hint) in cases {
        let sandbox = Sandbox::new()?;
        sandbox.write("export/model.onnx", "weights")?;
        symlink("export/model.onnx".as_ref(), &sandbox.path().join("link.onnx"))?;
        sandbox.write("bundle.toml", model_text(onnx, ""))?;
        let error = refused(sandbox.path())?;
        assert_eq!(error.to_string(), format!("`models.net.onnx` refers to `{onnx}`, {reason}"));
        assert_eq!(error.hint.as_deref(), hint, "{onnx}");
    }
    Ok(())
}

#[test]
fn excluding_a_reference_is_refused() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("export/model.onnx", "weights")?;
    sandbox.write(
        "bundle.toml",
        model_text("export/model.onnx", "[files]\nexclude = [\"*.pt\", \"export/**\"]\n"),
    )?;
    let error = refused(sandbox.path())?;
    assert_eq!(
        error.to_string(),
        "`files.exclude`: `export/**` leaves out `export/model.onnx`, which `models.net.onnx` refers to"
    );
    Ok(())
}

#[test]
fn forbidden_names_show_the_line_that_leaves_them_out() -> Outcome {
    let cases = [
        ("a:b.txt", "path `a:b.txt` has a backslash or a colon", "a:b.txt"),
        ("a\\b.txt", "path `a\\\\b.txt` has a backslash or a colon", "a?b.txt"),
        ("d/aux.c", "path `d/aux.c` has a name that Windows reserves", "d/aux.c"),
        ("end.", "path `end.` has a part that ends with a dot or a space", "end."),
        ("line\nbreak", "path `line\\nbreak` has a control character", "line?break"),
        ("e\u{301}", "path `e\u{301}` is not in Unicode normalisation form C", "e\u{301}"),
    ];
    for (name, message, glob) in cases {
        let sandbox = Sandbox::new()?;
        sandbox.write("bundle.toml", manifest_text("[files]\nexclude = [\"*.log\"]\n"))?;
        sandbox.write(name, "")?;
        let error = refused(sandbox.path())?;
        assert_eq!(error.to_string(), message);
        let line = format!("exclude = [\"*.log\", \"{glob}\"]");
        let hint = format!("rename it, or leave it out: under [files], {line}");
        assert_eq!(error.hint.as_deref(), Some(&*hint));
        // The advice works as it is written.
        sandbox.write("bundle.toml", manifest_text(&format!("[files]\n{line}\n")))?;
        let (_, selected) = selected(sandbox.path())?;
        assert_eq!(paths(&selected), ["bundle.toml"], "{name}");
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8_is_refused_and_can_be_left_out() -> Outcome {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    fs_err::write(sandbox.path().join(name), "")?;
    let error = refused(sandbox.path())?;
    assert_eq!(error.to_string(), "path `caf\u{fffd}.txt` is not UTF-8");
    sandbox.write("bundle.toml", manifest_text("[files]\nexclude = [\"caf*.txt\"]\n"))?;
    assert_eq!(paths(&selected(sandbox.path())?.1), ["bundle.toml"]);
    Ok(())
}

#[test]
fn names_that_collide_somewhere_are_refused() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write("README.md", "")?;
    sandbox.write("Readme.md", "")?;
    let error = refused(sandbox.path())?;
    assert_eq!(
        error.to_string(),
        "`README.md` and `Readme.md` are the same where case does not count"
    );
    Ok(())
}

#[test]
fn a_glob_of_also_that_matches_nothing_is_a_mistake() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text("[files]\nalso = [\"checkpoints/best.pt\"]\n"))?;
    assert_eq!(
        refused(sandbox.path())?.to_string(),
        "`files.also`: `checkpoints/best.pt` matches no file"
    );
    Ok(())
}

#[test]
fn without_a_manifest_there_is_no_project() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("train.py", "")?;
    let tree = SourceTree::from_directory(sandbox.path())?;
    let error =
        tree.select(&Manifest::from_toml(&manifest_text(""))?, &[]).expect_err("no manifest");
    assert_eq!(error.to_string(), "there is no `bundle.toml`");
    assert_eq!(error.hint.as_deref(), Some("write one with `bundle init`"));
    Ok(())
}

#[test]
fn every_absent_reference_is_listed() -> Outcome {
    let sandbox = Sandbox::new()?;
    let text = model_text("net.onnx", "[code]\nenvironment = [\"environment.yml\"]\n");
    sandbox.write("bundle.toml", &text)?;
    let tree = SourceTree::from_directory(sandbox.path())?;
    let manifest = Manifest::from_toml(&text)?;
    let absent = tree.absent(&manifest);
    let keys: Vec<_> = absent.iter().map(|absent| absent.key.as_str()).collect();
    assert_eq!(keys, ["models.net.onnx", "code.environment[0]"]);
    Ok(())
}

#[test]
fn a_file_may_be_left_out_by_its_reader() -> Outcome {
    let sandbox = Sandbox::new()?;
    sandbox.write("bundle.toml", manifest_text(""))?;
    sandbox.write("out.zst", "the bundle itself")?;
    let mut tree = SourceTree::from_directory(sandbox.path())?;
    tree.leave_out("out.zst".parse()?);
    let selected = tree.select(&Manifest::from_toml(&manifest_text(""))?, &[])?;
    assert_eq!(paths(&selected), ["bundle.toml"]);
    Ok(())
}
