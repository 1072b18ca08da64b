//! The page.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{Html, IntoResponse as _, Response},
};

use crate::{problem::Problem, state::ServerState};

pub(crate) async fn page(State(state): State<Arc<ServerState>>) -> Result<Response, Problem> {
    let page = state.page.as_ref().map_err(|error| Problem::internal(error.to_string()))?;
    // The page carries its policy itself; only a header can forbid to frame it.
    let policy = format!("{}; frame-ancestors 'none'", state.policy);
    let policy =
        HeaderValue::try_from(policy).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(page.clone())).into_response())
}
