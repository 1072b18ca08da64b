//! What a recorded example gives for an input.

use std::{io, sync::Arc};

use axum::{
    body::Bytes,
    extract::{Path, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse as _, Response},
};
use bundle_manifest::{ArtifactPath, ExampleInput};

use crate::{api::unreadable, problem::Problem, state::ServerState};

/// Bytes of an example's file.
const FILE_BYTES: u64 = 256 << 20;

pub(crate) async fn content(
    State(state): State<Arc<ServerState>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((example, input)) = path.map_err(|rejection| unreadable(&rejection))?;
    match given(&state, &example, &input)? {
        ExampleInput::Value(value) => {
            Ok(([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response())
        }
        ExampleInput::File(path) => {
            let path = path.clone();
            let reading = path.clone();
            let content = state.read(move |state| read(state, &reading)).await?;
            Ok(file(&path, content))
        }
    }
}

fn given<'a>(
    state: &'a ServerState,
    example: &str,
    input: &str,
) -> Result<&'a ExampleInput, Problem> {
    let recorded = state.example(example)?;
    let found =
        recorded.inputs.iter().find(|(name, _)| name.as_str() == input).map(|(_, given)| given);
    found.ok_or_else(|| {
        let message =
            format!("example `{example}` gives nothing for input `{}`", input.escape_debug());
        Problem::not_found(message)
    })
}

fn read(state: &ServerState, path: &ArtifactPath) -> Result<Bytes, Problem> {
    let content = state.files.read(path, FILE_BYTES).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::not_found(format!("`{path}` is not in the bundle")),
        _ => Problem::internal(format!("`{path}` cannot be read: {error}")),
    })?;
    Ok(content.into())
}

/// Only what certainly is a picture is called one; everything else is a download,
/// so that no file of a bundle is ever a document of this origin.
fn file(path: &ArtifactPath, content: Bytes) -> Response {
    let picture = match &*content {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        _ => None,
    };
    if let Some(media_type) = picture {
        return ([(header::CONTENT_TYPE, media_type)], content).into_response();
    }
    let name = path.to_string();
    let name = name.rsplit('/').next().unwrap_or_default();
    let plain =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let disposition =
        if plain { format!("attachment; filename=\"{name}\"") } else { "attachment".to_owned() };
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, content).into_response()
}
