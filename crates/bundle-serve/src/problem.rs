//! Failures in words, as JSON.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bundle_demo::AskError;
use bundle_run::{RunError, RunErrorKind};
use serde::Serialize;

/// Why a request has no answer.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

#[derive(Serialize)]
struct ProblemView {
    error: String,
    hint: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method")
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body has more than {limit} bytes"))
            .with_hint("give a smaller file, or start `bundle serve` with a larger `--max-body`")
    }

    pub(crate) fn too_busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many predictions are waiting")
            .with_hint("try again in a moment")
    }

    pub(crate) fn too_long(seconds: u64) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, format!("the prediction took more than {seconds} s"))
            .with_hint("give a smaller input, or start `bundle serve` with a longer `--timeout`")
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Run(error) => error.into(),
            AskError::Question(message) => Self::bad_request(message),
        }
    }
}

impl From<RunError> for Problem {
    /// What the sender can change is a bad request; everything else is ours or the bundle's.
    fn from(error: RunError) -> Self {
        let status = match &error.kind {
            RunErrorKind::Step(_) | RunErrorKind::Mismatch { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, message: error.to_string(), hint: error.hint }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, message, hint } = self;
        let mut response = (status, Json(ProblemView { error: message, hint })).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
