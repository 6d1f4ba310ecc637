//! Who calls, about which escalation, and with what.

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::{
    conversation::EscalationId,
    policy,
    store::Token,
    web::{Shared, error::ApiError, messages::is_json, visitors::bearer},
};

/// Bytes of a body: JSON may take six bytes for one of the text, and the other fields need some room.
const MAX_BODY_BYTES: usize = 6 * policy::MAX_TEXT_BYTES + 4 * 1024;

/// The program that sent a request, by the name of its token.
pub(super) struct Bridge(pub String);

impl FromRequestParts<Shared> for Bridge {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ApiError> {
        let name = match bearer(&parts.headers).and_then(Token::parse) {
            Some(token) => shared.state.store.api_token_name(&token.hash()).await?,
            None => None,
        };
        let name = name.ok_or_else(|| {
            ApiError::new(
                StatusCode::UNAUTHORIZED,
                "no_token",
                "send a token that `evenkeel tokens add` printed as `Authorization: Bearer TOKEN`",
            )
        })?;
        shared.guards.bridges.check(&name)?;
        Ok(Self(name))
    }
}

impl Bridge {
    /// The name under which the customer hears of what is done: the agent's, or the bridge's own.
    pub fn agent(&self, given: Option<String>) -> Result<String, ApiError> {
        let agent = given.unwrap_or_else(|| self.0.clone());
        if agent.chars().any(char::is_control) {
            return Err(ApiError::malformed("bad_agent", "`agent` is the name of an agent, in one line"));
        }
        Ok(agent)
    }
}

/// The escalation that the address names.
pub(super) struct Number(pub EscalationId);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let number = Path::<i64>::from_request_parts(parts, state).await;
        number.map(|Path(number)| Self(EscalationId(number))).map_err(|_| {
            ApiError::malformed("bad_number", "an escalation is named by its number, such as /api/desk/escalations/12")
        })
    }
}

/// What was posted. No body at all counts as `{}`.
pub(super) struct Posted<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Posted<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, ApiError> {
        if shared.state.shutdown.is_cancelled() || !*shared.state.ready.borrow() {
            return Err(ApiError::unavailable("the service is starting or stopping: send the same request again"));
        }
        let is_json = is_json(request.headers());
        let body = to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|_| {
            ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("a text has at most {} bytes", policy::MAX_TEXT_BYTES),
            )
        })?;
        if !is_json && !body.is_empty() {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "send the body with `Content-Type: application/json`",
            ));
        }
        let body = if body.is_empty() { &b"{}"[..] } else { &body[..] };
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|error| ApiError::malformed("malformed", format!("the body is not as described: {error}")))
    }
}
