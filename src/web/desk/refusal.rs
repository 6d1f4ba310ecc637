//! What somebody at the desk is told when a request cannot be served.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::super::error::ApiError;
use crate::{desk::passwords::HashError, store::StoreError};

/// Scripts get it as JSON; for page views the gate makes a page of it, or a redirect to the sign-in page.
#[derive(Debug, Clone)]
pub(in crate::web) struct Refusal {
    pub status: StatusCode,
    /// Stable, for scripts.
    pub code: &'static str,
    /// For people.
    pub message: Cow<'static, str>,
    /// What somebody had written: the page that refuses it shows it, so that it can be copied.
    pub words: Option<String>,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), words: None }
    }

    /// Gives the words back with which nothing was done.
    pub fn with_words(self, words: &str) -> Self {
        Self { words: Some(words.to_owned()).filter(|words| !words.trim().is_empty()), ..self }
    }

    /// Nobody is signed in.
    pub fn sign_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign_in", "sign in first")
    }

    pub fn forbidden(message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// What was sent makes no sense or breaks a rule.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }

    pub fn too_long(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", format!("more than {limit} bytes were sent"))
    }

    /// Too many tries.
    pub fn too_many(wait: Duration) -> Self {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", format!("too many tries: wait {seconds} s and try again"))
    }

    pub fn unavailable(message: &'static str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// What heads the page of a refusal.
    pub(super) fn title(&self) -> &'static str {
        match self.status {
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::NOT_FOUND => "Not here",
            StatusCode::CONFLICT => "Somebody was faster",
            StatusCode::PAYLOAD_TOO_LARGE => "Too long",
            StatusCode::TOO_MANY_REQUESTS => "Too many tries",
            StatusCode::SERVICE_UNAVAILABLE => "Not at the moment",
            _ => "Not done",
        }
    }

    pub(super) fn wants_sign_in(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.code == "sign_in"
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::NoEscalation(id) => Self::not_found(format!(
                "conversation {id} is not here: it was deleted, because the customer wanted it or it was deleted for them, or there never was one"
            )),
            StoreError::NoUser(_) | StoreError::NoInvitation | StoreError::NoPromise(_) | StoreError::NoGroup(_) => {
                Self::not_found(message)
            }
            StoreError::ClaimedBy { .. } => Self::new(StatusCode::CONFLICT, "claimed", message),
            StoreError::AlreadyResolved(_) => Self::new(StatusCode::CONFLICT, "resolved", message),
            StoreError::NotClaimed(_) => Self::new(StatusCode::CONFLICT, "not_claimed", message),
            StoreError::Silenced { .. } => Self::new(StatusCode::CONFLICT, "silenced", message),
            StoreError::AlreadySettled(_)
            | StoreError::Merged(..)
            | StoreError::OtherLanguage(..)
            | StoreError::NotInGroup(..)
            | StoreError::IdTaken(_)
            | StoreError::Conflict => Self::new(StatusCode::CONFLICT, "conflict", message),
            StoreError::NameTaken(_) | StoreError::LooksLike { .. } => {
                Self::new(StatusCode::CONFLICT, "name_taken", message)
            }
            StoreError::LastAdmin(_) => Self::new(StatusCode::CONFLICT, "last_admin", message),
            StoreError::NotAName(_) | StoreError::Empty(_) | StoreError::TooLong { .. } => Self::invalid(message),
            _ => {
                tracing::error!(%error, "the store refused a request of the desk");
                Self::unavailable("the store is busy: try once more")
            }
        }
    }
}

impl From<HashError> for Refusal {
    fn from(error: HashError) -> Self {
        tracing::error!(%error, "nobody can sign in");
        Self::unavailable("passwords cannot be checked at the moment")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = ApiError::new(self.status, self.code, self.message.clone()).into_response();
        // What is wanted is a cookie, not the chat's bearer key.
        response.headers_mut().remove(axum::http::header::WWW_AUTHENTICATE);
        response.extensions_mut().insert(self);
        response
    }
}
