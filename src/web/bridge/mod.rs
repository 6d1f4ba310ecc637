//! `/api/desk`: the desk for programs, so that a team that works in another helpdesk can answer from there (`docs/bridge.md`).
//!
//! The routes and their `OpenAPI` document are one list: what is served is what is described.

mod acting;
mod caller;
mod looking;

use axum::{Router, http::header, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Shared, error::ErrorBody};
use crate::desk::bridge::Event;

/// What the document says beside the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Evenkeel's desk",
        description = "See and answer what waits for a person, from another helpdesk. The body of every webhook is an `Event`."
    ),
    components(schemas(Event, ErrorBody)),
    security(("token" = [])),
    modifiers(&Token),
)]
struct Document;

/// How callers say who they are.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token that `evenkeel tokens add NAME` printed."))
            .build();
        document.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// What every call may be answered when it is not served.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "describes what error.rs answers")]
enum Refusals {
    /// The request is not as described here
    #[response(status = 400)]
    Malformed(ErrorBody),
    /// `no_token`: the token is missing, unknown or revoked
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// `no_escalation`: there is none with this number, or its customer was forgotten
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// `too_many`: wait as many seconds as `Retry-After` says
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// `unavailable`: nothing was done, or it is not known; send the same again
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// What a call that changes something may be answered beside that.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "describes what error.rs answers")]
enum Conflicts {
    /// `claimed_by`: another agent has it; `already_resolved`; `not_claimed`: nobody has it; `id_taken`: the id is that of another message. The
    /// first two name the agent.
    #[response(status = 409)]
    Conflict(ErrorBody),
    /// `too_large`
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// `not_json`
    #[response(status = 415)]
    NotJson(ErrorBody),
}

/// The API and its description.
pub(super) fn routes() -> Router<Shared> {
    let (router, document) = described();
    // It is made of constants, so this cannot fail; were it otherwise, the test below says so.
    let document = document.to_json().unwrap_or_default();
    let described = get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) });
    router.route("/api/openapi.json", described)
}

fn described() -> (Router<Shared>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(looking::queue))
        .routes(routes!(looking::escalation))
        .routes(routes!(acting::claim))
        .routes(routes!(acting::release))
        .routes(routes!(acting::reply))
        .routes(routes!(acting::note))
        .routes(routes!(acting::resolve))
        .split_for_parts()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_describes_every_call_and_every_type_that_it_names() {
        let document: Value = serde_json::from_str(&described().1.to_json().unwrap()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), 7);
        for (path, calls) in paths {
            let (_, call) = calls.as_object().unwrap().iter().next().unwrap();
            assert!(path.starts_with("/api/desk/"), "{path}");
            assert!(call["summary"].is_string(), "{path} does not say what it is for");
            assert!(call["responses"]["401"].is_object(), "{path}: {call}");
        }
        let text = document.to_string();
        for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(document["components"]["schemas"][name].is_object(), "{name} is not described");
        }
        assert!(document["components"]["schemas"]["Event"]["properties"]["type"].is_object());
        assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    }
}
