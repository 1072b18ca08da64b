//! Whether a page gives the recorded answers where it will be opened: the program in it, run by
//! node, whose engine is that of Chromium.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use bundle_manifest::Manifest;
use serde_json::Value as Json;

use crate::failure::Failure;

/// Replays every recorded example in node and says what came of it.
pub(crate) fn in_node(page: &Path, manifest: &Manifest) -> Result<String, Failure> {
    let recorded = manifest.examples.iter().filter(|example| !example.expect.is_empty());
    let names: Vec<&str> = recorded.map(|example| example.name.as_str()).collect();
    let missing = |error: std::io::Error| {
        Failure::usage(format!("node cannot be started: {error}"))
            .hint("install Node.js, or leave `--prove` out")
    };
    let mut child = Command::new("node")
        .args(["--input-type=module", "-"])
        .arg(page)
        .args(&names)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(bundle_demo::PROVE.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let answers: Vec<Json> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if !output.status.success() || answers.len() != names.len() {
        let said = answers.first().and_then(|answer| answer["error"].as_str().map(str::to_owned));
        let words = String::from_utf8_lossy(&output.stderr);
        let said = said.unwrap_or_else(|| words.lines().last().unwrap_or_default().to_owned());
        return Err(Failure::does_not_hold(format!("the page does not run in node: {said}")));
    }
    let mut largest = 0.0_f64;
    for (name, answer) in names.iter().zip(&answers) {
        let replay = &answer["ok"];
        if replay["holds"] != Json::Bool(true) {
            let why = answer["error"].as_str().unwrap_or("another answer than the recorded one");
            return Err(Failure::does_not_hold(format!("in node, example `{name}`: {why}")));
        }
        largest = largest.max(replay["max_abs"].as_f64().unwrap_or(f64::NAN));
    }
    let count = names.len();
    Ok(format!("same answers {count}/{count} in WebAssembly, largest difference {largest:.1e}"))
}
