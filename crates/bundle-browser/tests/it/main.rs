//! A page's questions to a bundle in memory, without a page.

use std::{error::Error, path::Path};

use bundle_archive::{Spool, WriteOptions};
use bundle_browser::{Host, Parcel, Progress};
use bundle_manifest::{CodeIdentity, Digest, FileMode, GitObjectId, Lock, LockedMember, Manifest};
use bundle_signature::UnixTime;
use bundle_testkit::{Sandbox, fixture};
use serde_json::{Value as Json, json};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const NOW: UnixTime = UnixTime(1_800_000_000);

/// `fixtures/digits`, packed: what `bundle.toml` names, and a member to hold back if asked.
fn digits(withhold: Option<&str>) -> Outcome<Vec<u8>> {
    let directory = fixture("digits");
    let text = fs_err::read_to_string(directory.join("bundle.toml"))?;
    let manifest = Manifest::from_toml(&text)?;
    let referenced = manifest.referenced_files();
    let mut names: Vec<String> = referenced.iter().map(ToString::to_string).collect();
    names.push("bundle.toml".to_owned());
    names.sort();
    names.dedup();
    let sandbox = Sandbox::new()?;
    let target = sandbox.path().join("digits.bundle.tar.zst");
    let mut spool = Spool::create(&target, &manifest.stem(), &WriteOptions::default())?;
    let mut members = Vec::new();
    for name in &names {
        let content = fs_err::read(directory.join(Path::new(name)))?;
        let (path, mode) = (format!("project/{name}").parse()?, FileMode::Regular);
        let size = u64::try_from(content.len())?;
        let withheld = withhold == Some(name);
        let sha256 = Digest::from_bytes(sha256(&content));
        if name != "bundle.toml" && !withheld {
            spool.append(&path, mode, size, &mut content.as_slice(), &|_| ())?;
        }
        members.push(LockedMember { path, size, sha256, mode, tracked: !withheld, withheld });
    }
    let code = CodeIdentity {
        swhid: GitObjectId::from_bytes([0; 20]),
        sha256: Digest::from_bytes([0; 32]),
    };
    let (name, version) = (manifest.bundle.name.clone(), manifest.bundle.version.clone());
    let (requires, not_packed) = (Vec::new(), Vec::new());
    let lock = Lock { name, version, requires, code, git: None, not_packed, members };
    spool.finish(&lock, text.as_bytes(), None)?;
    Ok(fs_err::read(&target)?)
}

fn sha256(content: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(content).into()
}

fn open(bytes: Vec<u8>) -> Result<Host, bundle_browser::Refusal> {
    Host::open(bytes, NOW, &|_| ())
}

fn ask(host: &Host, question: Json, files: &[u8]) -> Parcel {
    host.answer(&Parcel { json: question, bytes: files.to_vec() }.to_bytes())
}

#[test]
fn a_bundle_is_checked_described_replayed_and_run() -> Outcome {
    let heard = std::sync::Mutex::new((0, 0, false));
    let host = Host::open(digits(None)?, NOW, &|progress| {
        let mut heard = heard.lock().expect("one thread");
        match progress {
            Progress::Checked(bytes, total) => (heard.0, heard.1) = (heard.0 + bytes, total),
            Progress::Loading => heard.2 = true,
        }
    });
    let host = host.map_err(|refusal| refusal.message)?;
    let (checked, total, loading) = *heard.lock().expect("one thread");
    assert!(checked == total && total > 0 && loading);

    let said = &ask(&host, json!({ "ask": "describe" }), &[]).json["ok"];
    assert_eq!((&said["name"], &said["signature"]), (&json!("digits"), &json!("unsigned")));
    let examples = said["examples"].as_array().ok_or("examples")?;
    assert!(examples.len() > 3);
    for example in examples {
        let replay = ask(&host, json!({ "ask": "replay", "example": example["name"] }), &[]);
        assert_eq!(replay.json["ok"]["holds"], true, "{example}");
    }

    let name = &examples[0]["name"];
    let file = ask(&host, json!({ "ask": "file", "example": name, "input": "image" }), &[]);
    assert_eq!(file.json["ok"], json!({ "bytes": file.bytes.len() }));
    let question = json!({ "ask": "predict", "inputs": { "image": { "file": file.bytes.len() } }, "trace": true });
    let answer = ask(&host, question, &file.bytes);
    let replay = ask(&host, json!({ "ask": "replay", "example": name }), &[]);
    assert_eq!(
        answer.json["ok"]["outputs"]["digit"],
        replay.json["ok"]["outputs"]["digit"]["actual"]
    );
    assert_eq!(answer.json["ok"]["unlike"], json!([]));
    let steps = answer.json["ok"]["seen"]["image"].as_array().ok_or("steps")?;
    let pictures: usize = steps
        .iter()
        .filter_map(|step| step["picture"]["bytes"].as_u64())
        .sum::<u64>()
        .try_into()?;
    assert_eq!(pictures, answer.bytes.len());
    assert!(answer.bytes.starts_with(b"\x89PNG"));
    Ok(())
}

#[test]
fn an_answer_is_tried_on_changed_inputs() -> Outcome {
    let host = open(digits(None)?).map_err(|refusal| refusal.message)?;
    let said = ask(&host, json!({ "ask": "describe" }), &[]);
    let kinds = said.json["ok"]["perturbations"].as_array().ok_or("kinds")?.len();
    assert_eq!(kinds, 8);
    let file = ask(&host, json!({ "ask": "file", "example": "drawn-1", "input": "image" }), &[]);
    let given = json!({ "image": { "file": file.bytes.len() } });
    let change = |kind: &str, strength: f64| {
        json!({ "ask": "predict", "inputs": given, "perturb":
            { "input": "image", "kind": kind, "strength": strength, "seed": 1 } })
    };
    let plain = ask(&host, json!({ "ask": "predict", "inputs": given }), &file.bytes);
    let same = ask(&host, change("brightness", 1.0), &file.bytes);
    assert_eq!(same.json["ok"]["outputs"], plain.json["ok"]["outputs"]);
    let turned = ask(&host, change("rotate", 45.0), &file.bytes);
    assert_ne!(turned.json["ok"]["outputs"], plain.json["ok"]["outputs"]);
    assert_eq!(turned.json["ok"]["changed"], json!({ "bytes": turned.bytes.len() }));
    assert!(turned.bytes.starts_with(b"\x89PNG"));
    let unknown = ask(&host, change("melt", 1.0), &file.bytes);
    assert_eq!(unknown.json["error"], "nothing is called `melt`");

    let question = json!({ "ask": "occlude", "inputs": given, "input": "image", "grid": 4 });
    let parts = ask(&host, question, &file.bytes);
    let drops = parts.json["ok"]["drops"].as_array().ok_or("drops")?;
    assert_eq!(drops.len(), 16);
    assert!(drops.iter().any(|drop| drop.as_f64().is_some_and(|drop| drop > 0.0)), "{drops:?}");
    Ok(())
}

#[test]
fn what_cannot_be_answered_says_why() -> Outcome {
    let host = open(digits(None)?).map_err(|refusal| refusal.message)?;
    let cases = [
        (
            json!({ "ask": "predict", "inputs": { "nothing": { "value": 1 } } }),
            "the bundle has no input `nothing`",
        ),
        (
            json!({ "ask": "predict", "inputs": { "image": { "file": 10 } } }),
            "the file of `image` is cut short",
        ),
        (
            json!({ "ask": "predict", "inputs": { "image": {} } }),
            "input `image` needs exactly one of",
        ),
        (json!({ "ask": "predict", "inputs": {} }), "input `image`: is not given"),
        (json!({ "ask": "replay", "example": "gone" }), "the bundle has no example `gone`"),
        (
            json!({ "ask": "file", "example": "drawn-1", "input": "x" }),
            "example `drawn-1` has no file for input `x`",
        ),
        (json!({ "ask": "dance" }), "the question cannot be read"),
        (json!(7), "the question cannot be read"),
    ];
    for (question, why) in cases {
        let answer = ask(&host, question.clone(), &[]);
        let error = answer.json["error"].as_str().unwrap_or_default();
        assert!(error.starts_with(why), "{question}: {}", answer.json);
    }
    assert_eq!(host.answer(b"").json["error"], "the question is cut short");
    let broken =
        ask(&host, json!({ "ask": "predict", "inputs": { "image": { "file": 4 } } }), b"\x89PNG");
    assert!(broken.json["error"].is_string(), "{}", broken.json);
    Ok(())
}

#[test]
fn a_flipped_byte_anywhere_is_refused_before_anything_is_loaded() -> Outcome {
    let good = digits(None)?;
    for at in (0..good.len()).step_by(good.len() / 60 + 1) {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        let refusal = open(bad).expect_err("another file");
        assert!(["damaged", "manifest"].contains(&refusal.why), "{at}: {refusal:?}");
        assert!(refusal.view()["error"].is_string());
    }
    Ok(())
}

#[test]
fn weights_that_are_held_back_are_refused_by_name() -> Outcome {
    let manifest = fs_err::read_to_string(fixture("digits/bundle.toml"))?;
    let manifest = Manifest::from_toml(&manifest)?;
    let model = manifest.models.by_name.values().next().ok_or("a model")?;
    let refusal = open(digits(Some(model.onnx.as_str()))?).expect_err("withheld");
    assert_eq!(refusal.why, "withheld");
    assert!(refusal.message.contains(model.onnx.as_str()), "{refusal:?}");
    Ok(())
}
