//! What a caller is told when a request cannot be served.

use std::{borrow::Cow, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoreError;

/// What a caller is told when a request cannot be served.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorBody {
    error: ErrorDetails,
}

#[derive(Debug, Serialize, ToSchema)]
struct ErrorDetails {
    /// For programs; stable.
    code: &'static str,
    /// For people.
    #[schema(value_type = String)]
    message: Cow<'static, str>,
    /// The agent who was faster, where one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
}

/// An answer of an [`ErrorBody`].
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    agent: Option<String>,
    retry_after: Option<Duration>,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), agent: None, retry_after: None }
    }

    /// Names the agent who was faster.
    pub fn with_agent(self, agent: Option<String>) -> Self {
        Self { agent, ..self }
    }

    /// The request itself is wrong: repeating it does not help.
    pub fn malformed(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// Too much from one visitor or address.
    pub fn too_many(wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many",
                "too many requests: wait as long as Retry-After says",
            )
        }
    }

    /// Nothing was taken in: the same request may be sent again.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            retry_after: Some(Duration::from_secs(2)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let conflict = |code| Self::new(StatusCode::CONFLICT, code, error.to_string());
        match &error {
            StoreError::NoEscalation(_) => Self::new(StatusCode::NOT_FOUND, "no_escalation", error.to_string()),
            StoreError::AlreadyResolved(_) => conflict("already_resolved"),
            StoreError::NotClaimed(_) => conflict("not_claimed"),
            StoreError::Silenced { .. } => conflict("silenced"),
            StoreError::IdTaken(_) => conflict("id_taken"),
            StoreError::ClaimedBy { agent, .. } => conflict("claimed_by").with_agent(Some(agent.clone())),
            StoreError::NotAName(_) => Self::malformed("bad_agent", error.to_string()),
            // The reason of a hold is not for the person.
            StoreError::Held(_) => Self::new(
                StatusCode::CONFLICT,
                "held",
                "the law asks that this conversation is kept for now: ask the company to delete it",
            ),
            StoreError::Empty(_) => Self::malformed("empty", error.to_string()),
            StoreError::TooLong { .. } => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", error.to_string()),
            _ => {
                tracing::error!(%error, "the store refused a web request");
                Self::unavailable("the store is busy: send the same request again")
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = ErrorDetails { code: self.code, message: self.message, agent: self.agent };
        let body = Json(ErrorBody { error });
        let mut response = (self.status, body).into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Rounded up, at least 1: who waits this long is not turned away again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1) as u64
}

pub(super) async fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
}

pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this address does not take this method")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_as_long_as_told_is_always_long_enough() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_secs(1)), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1001)), 2);
    }
}
