//! What is not packed, and that nothing is left of it.

use std::{cell::Cell, path::Path};

use bundle_pack::{Progress, pack};
use bundle_testkit::Sandbox;

use crate::{Outcome, listing, manifest_text, onnx, open, packed, project, request, unsigned};

/// Changes a project, and the error that it then gives: message, hint, false statement.
struct Case {
    file: &'static str,
    content: Vec<u8>,
    message: &'static str,
    hint: Option<&'static str>,
    false_statement: bool,
}

fn cases() -> Vec<Case> {
    let text = |more: &str| manifest_text(more).into_bytes();
    vec![
        Case {
            file: "bundle.toml",
            content: text("[coed]\ntrain = \"python train.py\"\n"),
            message: "`bundle.toml` is not valid",
            hint: Some("did you mean `code`?"),
            false_statement: true,
        },
        Case {
            file: "bundle.toml",
            content: text("[code]\nenvironment = [\"requirement.txt\"]\n"),
            message: "`code.environment[0]` refers to `requirement.txt`, which does not exist",
            hint: None,
            false_statement: true,
        },
        Case {
            file: "a:b",
            content: Vec::new(),
            message: "path `a:b` has a backslash or a colon",
            hint: Some("rename it, or leave it out: under [files], exclude = [\"a:b\"]"),
            false_statement: false,
        },
        Case {
            file: "readme.MD",
            content: Vec::new(),
            message: "`README.md` and `readme.MD` are the same where case does not count",
            hint: Some("rename one, or leave it out: [files] exclude"),
            false_statement: false,
        },
        Case {
            file: "examples/y.npy",
            content: onnx::npy(&[-1.0, 2.5, -0.5]),
            message: "example `one`: output `y` differs from its recording in 1 of 3 elements, by at most 5e-1",
            hint: Some(
                "`bundle run --trace` shows every step; record the example again, or widen the tolerance of the output",
            ),
            false_statement: true,
        },
        Case {
            file: "export/net.onnx",
            content: b"this is no network".to_vec(),
            message: "`models.net.onnx`: `export/net.onnx` cannot be packed",
            hint: None,
            false_statement: true,
        },
    ]
}

#[test]
fn what_is_false_or_forbidden_is_not_packed() -> Outcome {
    for case in cases() {
        let sandbox = Sandbox::new()?;
        let directory = project(&sandbox, "paper")?;
        sandbox.write(&format!("paper/{}", case.file), case.content)?;
        let before = listing(sandbox.path())?;
        let error = packed(&request(&directory, sandbox.path())).expect_err(case.message);
        assert!(error.to_string().starts_with(case.message), "{error}\n{}", case.message);
        if case.hint.is_some() {
            assert_eq!(error.hint.as_deref(), case.hint);
        }
        assert_eq!(error.false_statement, case.false_statement, "{error}");
        assert_eq!(listing(sandbox.path())?, before, "nothing is left behind");
    }
    Ok(())
}

#[test]
fn an_example_without_a_recorded_output_must_run_and_cannot_differ() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    let more = "[[examples]]\nname = \"two\"\ninputs = { x = { file = \"examples/x.npy\" } }\n";
    sandbox.write("paper/bundle.toml", manifest_text(more))?;
    let done = packed(&request(&directory, sandbox.path()))?;
    assert_eq!((done.replays.len(), done.unrecorded), (1, 1));
    sandbox.write("paper/bundle.toml", manifest_text(&more.replace("x.npy", "y.txt")))?;
    sandbox.write("paper/examples/y.txt", "no array")?;
    let error = packed(&request(&directory, sandbox.path())).expect_err("it does not run");
    assert!(error.to_string().starts_with("example `two` cannot be replayed"), "{error}");
    Ok(())
}

#[test]
fn only_a_bundle_is_replaced() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    let script = directory.join("train.py");
    fs_err::write(&script, "print()\n")?;
    for there in [script.as_path(), Path::new("/dev/null")] {
        let error = packed(&request(&directory, there)).expect_err("is no bundle");
        let shown = format!("`{}` is there and is not a bundle", there.display());
        assert_eq!(error.to_string(), shown);
    }
    let target = sandbox.path().join("out.bundle.tar.zst");
    packed(&request(&directory, &target))?;
    packed(&request(&directory, &target))?;
    Ok(())
}

#[test]
fn without_a_manifest_there_is_nothing_to_pack() -> Outcome {
    let sandbox = Sandbox::new()?;
    let error = packed(&request(sandbox.path(), sandbox.path())).expect_err("an empty directory");
    assert_eq!(error.to_string(), "there is no `bundle.toml`");
    assert_eq!(error.hint.as_deref(), Some("write one with `bundle init`"));
    Ok(())
}

#[test]
fn a_network_that_cannot_run_packs_unless_it_must() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    let x: onnx::Tensor<'_> = ("x", onnx::FLOAT, &[1, 3]);
    let y: onnx::Tensor<'_> = ("y", onnx::FLOAT, &[1, 3]);
    sandbox.write("paper/export/net.onnx", onnx::model("Secret", "org.example", &[x], &[y]))?;
    let mut request = request(&directory, sandbox.path());
    let packed_anyway = packed(&request)?;
    let reason = packed_anyway.not_run.ok_or("it cannot run")?;
    assert!(reason.contains("Secret"), "{reason}");
    request.must_run = true;
    let error = packed(&request).expect_err("it must run");
    assert_eq!(error.to_string(), format!("the network must run here: {reason}"));
    assert!(error.false_statement);
    Ok(())
}

#[test]
fn examples_are_not_replayed_when_asked_so() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    sandbox.write("paper/examples/y.npy", onnx::npy(&[9.0, 9.0, 9.0]))?;
    let mut request = request(&directory, sandbox.path());
    request.skip_replay = true;
    assert!(packed(&request)?.replays.is_empty());
    Ok(())
}

#[test]
fn external_data_is_packed_and_stays_inside() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    let weights: Vec<u8> = [-2.0_f32, 4.0, -1.0].iter().flat_map(|w| w.to_le_bytes()).collect();
    sandbox.write("paper/export/w.bin", &weights)?;
    sandbox.write("secret.bin", &weights)?;
    sandbox.write("paper/export/net.onnx", onnx::model_with_external_data("w.bin"))?;
    let packed_inside = packed(&request(&directory, sandbox.path()))?;
    assert!(packed_inside.replays[0].holds);
    let lock = open(&packed_inside.path)?.lock().clone();
    assert!(
        lock.member(&"project/export/w.bin".parse()?).is_some(),
        "it is ignored by git, and needed"
    );

    let outside = onnx::model_with_external_data("../../secret.bin");
    sandbox.write("paper/export/net.onnx", outside)?;
    let error = packed(&request(&directory, sandbox.path())).expect_err("it leaves the project");
    assert_eq!(error.to_string(), "`models.net.onnx`: `export/net.onnx` cannot be packed");
    let cause = std::error::Error::source(&error).ok_or("a cause")?.to_string();
    assert!(cause.contains("../../secret.bin"), "{cause}");
    Ok(())
}

#[test]
fn cancelling_leaves_nothing() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    let before = listing(sandbox.path())?;
    let mut cancelled = 0;
    for patience in [0, 1, 2, 5, 8, 12] {
        let asked = Cell::new(0);
        let impatient = || {
            asked.set(asked.get() + 1);
            asked.get() > patience
        };
        match pack(&request(&directory, sandbox.path()), &unsigned, &|_| (), &impatient) {
            Ok(packed) => fs_err::remove_file(packed.path)?,
            Err(error) => {
                assert_eq!(error.to_string(), "cancelled", "after {patience}");
                assert!(!error.false_statement);
                cancelled += 1;
            }
        }
        assert_eq!(listing(sandbox.path())?, before, "after {patience}");
    }
    assert!(cancelled > 3);
    Ok(())
}

#[test]
fn a_file_that_changes_meanwhile_is_an_error() -> Outcome {
    let changes: [(&str, &[u8]); 3] = [
        ("longer", b"print('train')\n# more\n"),
        ("shorter", b""),
        ("as long", b"print('brain')\n"),
    ];
    for (what, content) in changes {
        let sandbox = Sandbox::new()?;
        let directory = project(&sandbox, "paper")?;
        let before = listing(sandbox.path())?;
        let meddle = |progress: Progress| {
            if matches!(progress, Progress::Total(_)) {
                fs_err::write(directory.join("src/train.py"), content).expect("a writable sandbox");
            }
        };
        let error = pack(&request(&directory, sandbox.path()), &unsigned, &meddle, &|| false)
            .expect_err(what);
        assert_eq!(error.to_string(), "`src/train.py` changed while it was packed", "{what}");
        assert!(!error.false_statement);
        assert_eq!(listing(sandbox.path())?, before);
    }
    Ok(())
}

#[test]
fn progress_adds_up() -> Outcome {
    let sandbox = Sandbox::new()?;
    let directory = project(&sandbox, "paper")?;
    let (total, done, examples) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let listen = |progress: Progress| match progress {
        Progress::Replay { name, index, count } => {
            assert_eq!((name.as_str(), index, count), ("one", 1, 1));
            examples.set(examples.get() + 1);
        }
        Progress::Total(bytes) => total.set(bytes),
        Progress::Bytes(bytes) => done.set(done.get() + bytes),
    };
    pack(&request(&directory, sandbox.path()), &unsigned, &listen, &|| false)?;
    assert_eq!(examples.get(), 1);
    assert!(total.get() > 3_000_000);
    assert_eq!(done.get(), total.get());
    Ok(())
}
