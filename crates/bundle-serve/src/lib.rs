//! The page and the prediction API over HTTP, on a loopback address unless told
//! otherwise.
//!
//! | route | answers |
//! |---|---|
//! | `GET /` | the page |
//! | `GET /api/bundle` | the description, with `limits` |
//! | `POST /api/predict` | a prediction from `{"inputs": {NAME: {"file_base64": …} or {"value": …}}}` |
//! | `POST /api/predict/INPUT` | a prediction; the body is the file, whatever its content type |
//! | `POST /api/occlude` | how far the top score falls with each square of a picture covered, from `{"inputs": …, "input": NAME, "grid": 8}` |
//! | `POST /api/replay/EXAMPLE` | a replay |
//! | `GET /api/examples/EXAMPLE/INPUT` | what a recorded example gives for an input |
//! | `GET /healthz` | `{"status": "ok"}` |
//!
//! A prediction says more with `"trace": true`, and is of a changed input with `"perturb": {"input":
//! NAME, "kind": "rotate", "strength": 15, "seed": 1}`; beside a file the address says so:
//! `?trace=true`, `?perturb=rotate&strength=15&seed=1`.
//!
//! The views are [`bundle_demo`]'s. `limits` has `body_bytes`, the longest body, and
//! `file_bytes`, the largest file that fits beside the others. A failure is
//! `{"error": WORDS, "hint": WORDS or null}` with status 400 (what was sent is wrong),
//! 403 (asked from elsewhere), 404, 405, 408 (sent too slowly), 413 (too large), 500 (the model failed),
//! 503 (too many at once) or 504 (it took too long).
//!
//! # What it defends against
//!
//! Whoever runs this has other pages open. A `Host` that is not ours (DNS
//! rebinding) and a `POST` from another origin are refused, nothing may embed an
//! answer, and no answer is stored. The length of a body, the time to send it and to predict, the
//! predictions that run and wait, and the connections are all bounded. It does not
//! authenticate anybody: who can reach the address can ask.

mod api;
mod body;
mod examples;
mod guard;
mod listen;
mod page;
mod problem;
mod state;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use bundle_manifest::{BundleId, FileSource, Manifest};
use bundle_run::Predictor;
use bundle_signature::Verification;

use crate::{problem::Problem, state::ServerState};

pub use listen::ServeError;

/// What is served.
pub struct Served {
    /// Declared.
    pub manifest: Manifest,
    /// Files (examples).
    pub files: Arc<dyn FileSource>,
    /// The id of a packed bundle. Give it only after every member was verified:
    /// the page says "unchanged" beside it.
    pub id: Option<BundleId>,
    /// What may be believed of its signature; one that is bad is not to be served.
    pub signature: Verification,
    /// Ready to run.
    pub predictor: Predictor,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { manifest, id, .. } = self;
        f.debug_struct("Served")
            .field("stem", &manifest.stem())
            .field("id", id)
            .finish_non_exhaustive()
    }
}

/// How much the server takes on, and under which names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Time to send a body, to wait for a turn and to predict, each.
    pub time: Duration,
    /// Predictions that run at once.
    pub running: usize,
    /// Predictions that wait for their turn.
    pub waiting: usize,
    /// Open connections.
    pub connections: usize,
    /// Names in `Host` beyond `localhost`, the loopback addresses and the bound
    /// address: those a reverse proxy forwards. Lower case, without port.
    pub hosts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            time: Duration::from_mins(1),
            running: 2,
            waiting: 16,
            connections: 256,
            hosts: Vec::new(),
        }
    }
}

/// The routes with default options, testable without a socket.
pub fn router(served: Arc<Served>) -> Router {
    router_with(served, Options::default())
}

/// The routes, testable without a socket.
pub fn router_with(served: Arc<Served>, options: Options) -> Router {
    routes(ServerState::of(served, options, None))
}

/// Serves with default options until `shutdown` resolves; `ready` hears the bound address.
pub async fn serve(
    served: Arc<Served>,
    address: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    serve_with(served, Options::default(), address, ready, shutdown).await
}

/// Serves until `shutdown` resolves; `ready` hears the bound address. Requests that
/// run by then have a few seconds to finish. A prediction cannot be interrupted, so a
/// caller that wants to exit at once ends its runtime with
/// `tokio::runtime::Runtime::shutdown_background`.
pub async fn serve_with(
    served: Arc<Served>,
    options: Options,
    address: SocketAddr,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let (listener, bound) = listen::bind(address).await?;
    let connections = options.connections;
    let routes = routes(ServerState::of(served, options, Some(bound)));
    ready(bound);
    listen::accept(listener, routes, connections, shutdown).await;
    Ok(())
}

fn routes(state: Arc<ServerState>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/healthz", get(api::health))
        .route("/api/bundle", get(api::bundle))
        .route("/api/predict", post(api::predict))
        .route("/api/predict/{input}", post(api::predict_file))
        .route("/api/occlude", post(api::occlude))
        .route("/api/replay/{example}", post(api::replay))
        .route("/api/examples/{example}/{input}", get(examples::content))
        .fallback(async || Problem::not_found("there is nothing at this address"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(middleware::from_fn_with_state(Arc::clone(&state), guard::admit))
        .layer(middleware::map_response(guard::harden))
        .with_state(state)
}
