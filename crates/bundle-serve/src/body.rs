//! What a request sends.

use std::{collections::BTreeMap, future::poll_fn, pin::pin};

use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    http::header,
};
use bundle_demo::{Asked, Change};
use bundle_manifest::Manifest;
use bundle_preprocess::InputSource;
use bundle_run::Inputs;
use data_encoding::BASE64;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value as Json;
use tokio::time::timeout;

use crate::{Options, problem::Problem, state::names};

/// Values in a JSON body. A value in memory is many times its text, so a limit on
/// bytes alone does not bound memory.
const MAX_VALUES: usize = 1_000_000;

/// The whole body, of limited length, in limited time.
pub(crate) async fn read(request: Request, options: &Options) -> Result<Vec<u8>, Problem> {
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| {
        usize::try_from(length).is_ok_and(|length| length > options.body_bytes)
    }) {
        return Err(Problem::too_large(options.body_bytes));
    }
    let body = read_frames(request.into_body(), options.body_bytes);
    timeout(options.time, body).await.unwrap_or_else(|_| Err(Problem::too_slow()))
}

async fn read_frames(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame =
            frame.map_err(|error| Problem::bad_request(format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - bytes.len() {
            return Err(Problem::too_large(limit));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Squares of a side of a covered picture. Each is a prediction, and all of them are one turn,
/// which cannot be interrupted.
const MAX_GRID: usize = 12;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PredictRequest {
    inputs: BTreeMap<String, GivenInput>,
    #[serde(default)]
    trace: bool,
    #[serde(default)]
    perturb: Option<Change>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OccludeRequest {
    inputs: BTreeMap<String, GivenInput>,
    input: String,
    grid: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenInput {
    file_base64: Option<String>,
    value: Option<Json>,
}

/// The inputs in `{"inputs": {NAME: {"file_base64": …} or {"value": …}}}`, and what is asked
/// beside: `trace`, `perturb`.
pub(crate) fn question(body: &[u8], manifest: &Manifest) -> Result<(Inputs, Asked), Problem> {
    let PredictRequest { inputs, trace, perturb } = parse(body)?;
    Ok((given(inputs, manifest)?, Asked { trace, perturb }))
}

/// The inputs, the one that is to be covered, and the squares of a side of it.
pub(crate) fn covering(
    body: &[u8],
    manifest: &Manifest,
) -> Result<(Inputs, String, usize), Problem> {
    let OccludeRequest { inputs, input, grid } = parse(body)?;
    if !(2..=MAX_GRID).contains(&grid) {
        return Err(Problem::bad_request(format!("`grid` is between 2 and {MAX_GRID}")));
    }
    Ok((given(inputs, manifest)?, input, grid))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if values(body) > MAX_VALUES {
        let message = format!("the body has more than {MAX_VALUES} JSON values");
        return Err(
            Problem::bad_request(message).with_hint("send large arrays and tables as files")
        );
    }
    serde_json::from_slice(body).map_err(|error| {
        Problem::bad_request(format!("the body cannot be read: {error}"))
            .with_hint("send {\"inputs\": {NAME: {\"value\": …} or {\"file_base64\": \"…\"}}}")
    })
}

fn given(request: BTreeMap<String, GivenInput>, manifest: &Manifest) -> Result<Inputs, Problem> {
    let mut inputs = Inputs::new();
    for (name, given) in request {
        let source = match given {
            GivenInput { file_base64: Some(text), value: None } => {
                InputSource::File(decode(&name, &text)?)
            }
            GivenInput { file_base64: None, value: Some(value) } => InputSource::Json(value),
            GivenInput { .. } => {
                let name = name.escape_debug();
                let message =
                    format!("input `{name}` needs exactly one of `file_base64` and `value`");
                return Err(Problem::bad_request(message));
            }
        };
        insert(&mut inputs, &name, source, manifest)?;
    }
    complete(inputs, manifest)
}

/// The inputs of a bundle that takes one file.
pub(crate) fn single(name: &str, file: Vec<u8>, manifest: &Manifest) -> Result<Inputs, Problem> {
    let mut inputs = Inputs::new();
    insert(&mut inputs, name, InputSource::File(file), manifest)?;
    complete(inputs, manifest)
}

fn decode(name: &str, text: &str) -> Result<Vec<u8>, Problem> {
    BASE64.decode(text.as_bytes()).map_err(|error| {
        Problem::bad_request(format!(
            "`file_base64` of input `{}` is not base64: {error}",
            name.escape_debug()
        ))
    })
}

fn insert(
    inputs: &mut Inputs,
    name: &str,
    source: InputSource,
    manifest: &Manifest,
) -> Result<(), Problem> {
    let Some(input) = manifest.given_inputs().find(|input| input.name.as_str() == name) else {
        let known = names(manifest.given_inputs().map(|input| &input.name));
        let message = format!("the bundle has no input `{}`", name.escape_debug());
        return Err(Problem::bad_request(message).with_hint(format!("it takes {known}")));
    };
    if matches!(&source, InputSource::File(file) if file.is_empty()) {
        return Err(Problem::bad_request(format!("the file for input `{name}` is empty")));
    }
    inputs.insert(input.name.clone(), source);
    Ok(())
}

fn complete(inputs: Inputs, manifest: &Manifest) -> Result<Inputs, Problem> {
    let all = || manifest.given_inputs().map(|input| &input.name);
    match all().find(|name| !inputs.contains_key(*name)) {
        None => Ok(inputs),
        Some(missing) => Err(Problem::bad_request(format!("input `{missing}` is missing"))
            .with_hint(format!("send {} together to /api/predict", names(all())))),
    }
}

/// At least the number of values in a JSON text: its commas and brackets outside strings.
fn values(body: &[u8]) -> usize {
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_strings() {
        for (text, count) in [
            ("", 0),
            ("1", 0),
            ("[1,2,3]", 3),
            ("{\"a,[\\\"{\":[1,2]}", 3),
            ("[[[", 3),
            ("\"\\\\\",", 1),
        ] {
            assert_eq!(values(text.as_bytes()), count, "{text}");
        }
    }
}
