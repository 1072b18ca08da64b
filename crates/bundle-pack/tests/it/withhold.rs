//! Editions: members whose digest is told and whose content is not.

use bundle_manifest::FileSource as _;
use bundle_testkit::{Sandbox, commit_all};

use crate::{Outcome, open, packed, project, request};

#[test]
fn withheld_members_are_listed_and_absent() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    let whole = packed(&request(&directory, &sandbox.path().join("whole.zst")))?;
    let mut request = request(&directory, &sandbox.path().join("edition.zst"));
    request.withhold = vec!["data/**".to_owned(), "export/*.onnx".to_owned()];
    let edition = packed(&request)?;
    assert_ne!(edition.written.id, whole.written.id);
    let (whole, edition) = (open(&whole.path)?, open(&edition.path)?);
    edition.verify(&|_| ())?;
    assert_eq!(edition.lock().code, whole.lock().code);
    let held: Vec<_> =
        edition.lock().members.iter().filter(|m| m.withheld).map(|m| m.path.as_str()).collect();
    assert_eq!(held, ["project/data/large.bin", "project/export/net.onnx"]);
    for (one, other) in whole.lock().members.iter().zip(&edition.lock().members) {
        assert_eq!((&one.path, one.size, one.sha256), (&other.path, other.size, other.sha256));
        assert_eq!(
            edition.size(&one.path.strip_prefix(&"project".parse()?).ok_or("below")?).is_none(),
            other.withheld
        );
    }
    Ok(())
}

#[test]
fn an_edition_is_packed_again_as_it_is() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    commit_all(&directory)?;
    let mut held = request(&directory, &sandbox.path().join("edition.zst"));
    held.withhold = vec!["data/large.bin".to_owned(), "export/".to_owned()];
    let edition = packed(&held)?;
    fs_err::create_dir(sandbox.path().join("out"))?;
    let extracted = open(&edition.path)?.extract(&sandbox.path().join("out"), &|_| ())?;
    let mut again = request(&extracted, &sandbox.path().join("again.zst"));
    again.skip_replay = true;
    let again = packed(&again)?;
    assert_eq!(again.written.id, edition.written.id);
    assert_eq!(open(&again.path)?.lock(), open(&edition.path)?.lock());

    // Its code has no name once it is changed: a part of it is not here.
    fs_err::write(extracted.join("project/src/train.py"), "print('changed')\n")?;
    let mut changed = request(&extracted, &sandbox.path().join("changed.zst"));
    changed.skip_replay = true;
    let error = packed(&changed).expect_err("`data/large.bin` is tracked and withheld");
    assert_eq!(
        error.to_string(),
        "the code was changed, and `data/large.bin` is withheld: it has no name"
    );
    Ok(())
}

#[test]
fn a_glob_that_holds_nothing_back_is_a_mistake() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    for (glob, message) in [
        ("weights/**", "`--withhold`: `weights/**` matches no packed file"),
        ("bundle.*", "`--withhold`: `bundle.toml` cannot be withheld: a reader needs it"),
        ("a[", "`--withhold`: `a[` is not a glob: unclosed character class; missing ']'"),
    ] {
        let mut request = request(&directory, sandbox.path());
        request.withhold = vec!["data/**".to_owned(), glob.to_owned()];
        assert_eq!(packed(&request).expect_err(glob).to_string(), message);
    }
    Ok(())
}
