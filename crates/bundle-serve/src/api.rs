//! The JSON API.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{
        Path, Query, Request, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::header,
    response::{IntoResponse as _, Response},
};
use bundle_demo::{Asked, Change};
use bundle_run::Inputs;
use data_encoding::BASE64;
use serde::Deserialize;

use crate::{body, problem::Problem, state::ServerState};

pub(crate) async fn health() -> Response {
    json(Bytes::from_static(b"{\"status\":\"ok\"}"))
}

pub(crate) async fn bundle(State(state): State<Arc<ServerState>>) -> Response {
    json(state.description.clone())
}

pub(crate) async fn predict(
    State(state): State<Arc<ServerState>>,
    request: Request,
) -> Result<Response, Problem> {
    computed(&state, request, |state, body| {
        let (inputs, asked) = body::question(&body, &state.manifest)?;
        drop(body);
        answered(state, inputs, &asked)
    })
    .await
}

/// What `work` makes of the whole body, when its turn has come.
async fn computed(
    state: &Arc<ServerState>,
    request: Request,
    work: impl FnOnce(&ServerState, Vec<u8>) -> Result<Bytes, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let place = state.place()?;
    let body = body::read(request, &state.options).await?;
    state.compute(place, move |state| work(state, body)).await.map(json)
}

pub(crate) async fn predict_file(
    State(state): State<Arc<ServerState>>,
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<AskedOfFile>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(input) = path.map_err(|rejection| unreadable(&rejection))?;
    let asked = asked.map_err(|rejection| Problem::bad_request(rejection.body_text()))?.0;
    computed(&state, request, move |state, file| {
        let inputs = body::single(&input, file, &state.manifest)?;
        answered(state, inputs, &asked.of(input)?)
    })
    .await
}

/// What the address of a file's input asks beside a plain answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedOfFile {
    #[serde(default)]
    trace: bool,
    perturb: Option<String>,
    strength: Option<f64>,
    seed: Option<u64>,
}

impl AskedOfFile {
    fn of(self, input: String) -> Result<Asked, Problem> {
        let Self { trace, perturb, strength, seed } = self;
        let perturb = match (perturb, strength) {
            (Some(kind), Some(strength)) => {
                Some(Change { input, kind, strength, seed: seed.unwrap_or_default() })
            }
            (None, None) => None,
            _ => return Err(Problem::bad_request("`perturb` and `strength` go together")),
        };
        Ok(Asked { trace, perturb })
    }
}

fn answered(state: &ServerState, inputs: Inputs, asked: &Asked) -> Result<Bytes, Problem> {
    let mut attach = |file: &[u8]| serde_json::json!({ "file_base64": BASE64.encode(file) });
    let view = state.engine.predict(inputs, asked, &mut attach)?;
    Ok(view.to_string().into())
}

pub(crate) async fn occlude(
    State(state): State<Arc<ServerState>>,
    request: Request,
) -> Result<Response, Problem> {
    computed(&state, request, |state, body| {
        let (inputs, input, grid) = body::covering(&body, &state.manifest)?;
        drop(body);
        Ok(state.engine.occlude(&inputs, &input, grid)?.to_string().into())
    })
    .await
}

pub(crate) async fn replay(
    State(state): State<Arc<ServerState>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(example) = path.map_err(|rejection| unreadable(&rejection))?;
    state.example(&example)?;
    let place = state.place()?;
    let answer = state.compute(place, move |state| {
        let replay = state.engine.replay(state.example(&example)?, &*state.files)?;
        Ok(bundle_demo::replay_view(&replay).to_string().into())
    });
    answer.await.map(json)
}

/// A path that is not UTF-8 names nothing.
pub(crate) fn unreadable(rejection: &PathRejection) -> Problem {
    Problem::not_found(rejection.body_text())
}

fn json(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
