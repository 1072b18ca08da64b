//! Proposals: every one parses, and what it says is in the project.

use bundle_manifest::{ArtifactPath, FileSource as _, InputKind, Labels, Manifest, OutputKind};
use bundle_pack::{Proposal, init};
use bundle_project::SourceTree;
use bundle_testkit::{Sandbox, fixture};

use crate::{
    Outcome,
    onnx::{FLOAT, INT64, model},
};

const MIT: &str = "MIT License\n\nPermission is hereby granted, free of charge, to any person obtaining\n\
    a copy … THE SOFTWARE IS PROVIDED \"AS IS\"";

/// The proposal for some files, and what it parses to.
fn proposed(files: &[(&str, &[u8])]) -> Outcome<(Proposal, Manifest)> {
    let sandbox = Sandbox::new()?;
    for (name, content) in files {
        sandbox.write(&format!("My Paper/{name}"), content)?;
    }
    let directory = sandbox.path().join("My Paper");
    fs_err::create_dir_all(&directory)?;
    let proposal = init(&directory, None)?;
    let manifest = Manifest::from_toml(&proposal.text)
        .map_err(|error| format!("{error}\n{}", proposal.text))?;
    assert_eq!(manifest.bundle.name.as_str(), "my-paper");
    // What it refers to is there.
    let tree = SourceTree::from_directory(&directory)?;
    assert_eq!(tree.absent(&manifest), []);
    Ok((proposal, manifest))
}

#[test]
fn an_image_classifier_gets_a_pipeline_of_guesses() -> Outcome {
    let network = model(
        "Flatten",
        "",
        &[("input.1", FLOAT, &[-1, 3, 224, 224])],
        &[("logits", FLOAT, &[-1, 3])],
    );
    let (proposal, manifest) = proposed(&[
        ("README.md", b"# Grading \"retinopathy\" \\ photographs\n\ntext\n"),
        ("LICENSE", MIT.as_bytes()),
        ("requirements.txt", b"torch==2.5.1\n"),
        ("train_model.py", b"import torch\n"),
        ("scripts/evaluate.sh", b""),
        ("labels.txt", b"a\nb\nc\n"),
        ("export/model.onnx", &network),
        ("export/model_int8.onnx", &network),
        (".venv/lib/other.onnx", &network),
    ])?;
    assert_eq!(manifest.bundle.title, "Grading \"retinopathy\" \\ photographs");
    assert_eq!(manifest.bundle.license, "MIT");
    let net = &manifest.models.by_name["model"];
    assert_eq!(net.onnx, "export/model.onnx".parse()?);
    assert_eq!(manifest.inputs[0].kind, InputKind::Image);
    let ops: Vec<_> = manifest.inputs[0].steps.iter().map(bundle_manifest::Step::op).collect();
    assert_eq!(ops, ["decode_image", "convert_color", "resize", "rescale", "normalize", "layout"]);
    assert_eq!(manifest.outputs[0].kind, OutputKind::Labels);
    assert_eq!(manifest.outputs[0].labels, Some(Labels::File("labels.txt".parse()?)));
    let code = manifest.code.ok_or("there is code")?;
    assert_eq!(code.environment, ["requirements.txt".parse::<ArtifactPath>()?]);
    assert_eq!(code.train.as_deref(), Some("python train_model.py"));
    assert_eq!(code.evaluate.as_deref(), Some("bash scripts/evaluate.sh"));
    assert!(proposal.text.contains("# also found: export/model_int8.onnx"));
    // No number of the pipeline is written without the mark.
    let steps = proposal.text.lines().filter(|line| line.starts_with("  { op"));
    assert!(steps.into_iter().all(|line| line.contains("# guess: ")));
    Ok(())
}

#[test]
fn other_networks_take_tensors() -> Outcome {
    let network = model(
        "Concat",
        "",
        &[("input_ids", INT64, &[-1, -1]), ("x:0", FLOAT, &[1, 30]), ("x_0", FLOAT, &[])],
        &[("y", FLOAT, &[-1, 2]), ("Y", FLOAT, &[4])],
    );
    let (proposal, manifest) = proposed(&[("net.onnx", &network)])?;
    assert!(manifest.inputs.iter().all(|input| input.kind == InputKind::Tensor));
    let names: Vec<_> = manifest.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["input_ids", "x_0", "x_0_2"]);
    assert!(manifest.outputs.iter().all(|output| output.kind == OutputKind::Tensor));
    assert_eq!(manifest.bundle.license, "LicenseRef-none");
    assert!(proposal.notes.iter().any(|note| note.starts_with("choose a licence")));
    Ok(())
}

#[test]
fn gray_images_and_labels_of_a_configuration_are_seen() -> Outcome {
    let network = model("Flatten", "", &[("x", FLOAT, &[1, 28, 28, 1])], &[("y", FLOAT, &[1, 2])]);
    let config = r#"{ "id2label": { "1": "dog \"b\"", "0": "cat" } }"#;
    let (_, manifest) = proposed(&[("net.onnx", &network), ("config.json", config.as_bytes())])?;
    assert_eq!(manifest.inputs[0].kind, InputKind::Image);
    let names = vec!["cat".to_owned(), "dog \"b\"".to_owned()];
    assert_eq!(manifest.outputs[0].labels, Some(Labels::Names(names)));
    Ok(())
}

#[test]
fn without_an_onnx_file_the_export_is_shown() -> Outcome {
    let cases: [(&str, &[&str]); 5] = [
        ("import torch\n", &["torch.onnx.export("]),
        ("from tensorflow import keras\n", &["tf2onnx.convert"]),
        (
            "from sklearn.svm import SVC\nimport lightgbm\n",
            &["\"zipmap\": False", "convert_lightgbm"],
        ),
        ("import numpy\n", &["a paper without weights packs as it is"]),
        ("", &["a paper without weights packs as it is"]),
    ];
    for (code, expected) in cases {
        let (proposal, manifest) = proposed(&[("src/model.py", code.as_bytes())])?;
        assert!(manifest.models.by_name.is_empty());
        let notes = proposal.notes.join("\n");
        for expected in expected {
            assert!(notes.contains(expected), "{expected}:\n{notes}");
        }
    }
    Ok(())
}

#[test]
fn an_empty_directory_and_broken_files_still_give_a_proposal() -> Outcome {
    proposed(&[])?;
    let (proposal, manifest) = proposed(&[
        ("README.md", b"\xff\xfe no heading"),
        ("LICENSE", b"\x00\x01"),
        ("CITATION.cff", b"title: [\nauthors: x\nversion: not a version!\n"),
        ("config.json", b"{ \"id2label\": [1, 2] }"),
        ("broken.onnx", b"this is no network"),
    ])?;
    assert_eq!(manifest.models.by_name.len(), 1);
    assert!(manifest.inputs.is_empty());
    assert!(proposal.notes.iter().any(|note| note.starts_with("`broken.onnx` cannot be read")));
    Ok(())
}

#[test]
fn the_fixtures_are_recognised() -> Outcome {
    for name in ["digits", "wine", "theory"] {
        let directory = fixture(name);
        let proposal = init(&directory, None)?;
        let manifest =
            Manifest::from_toml(&proposal.text).map_err(|error| format!("{name}: {error}"))?;
        let tree = SourceTree::from_directory(&directory)?;
        let text = String::from_utf8(tree.read(&"bundle.toml".parse()?, 1 << 20)?)?;
        let declared = Manifest::from_toml(&text)?;
        assert_eq!(manifest.bundle.name, declared.bundle.name, "{name}");
        assert_eq!(manifest.bundle.license, declared.bundle.license, "{name}");
        let code =
            |manifest: &Manifest| manifest.code.as_ref().map(|code| code.environment.clone());
        assert_eq!(code(&manifest), code(&declared), "{name}");
    }
    Ok(())
}
