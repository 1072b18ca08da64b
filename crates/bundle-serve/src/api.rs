//! The JSON API.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, Request, State, rejection::PathRejection},
    http::header,
    response::{IntoResponse as _, Response},
};

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
    let place = state.place()?;
    let body = body::read(request, &state.options).await?;
    let answer = state.compute(place, move |state| {
        let inputs = body::parse(&body, &state.manifest)?;
        drop(body);
        let prediction = state.engine.predict(&inputs)?;
        Ok(bundle_demo::prediction_view(&prediction).to_string().into())
    });
    answer.await.map(json)
}

pub(crate) async fn predict_file(
    State(state): State<Arc<ServerState>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(input) = path.map_err(|rejection| unreadable(&rejection))?;
    let place = state.place()?;
    let file = body::read(request, &state.options).await?;
    let answer = state.compute(place, move |state| {
        let inputs = body::single(&input, file, &state.manifest)?;
        let prediction = state.engine.predict(&inputs)?;
        Ok(bundle_demo::prediction_view(&prediction).to_string().into())
    });
    answer.await.map(json)
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
