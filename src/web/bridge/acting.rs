//! What an agent does from another helpdesk.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::info;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Conflicts, Refusals,
    caller::{Bridge, Number, Posted},
};
use crate::{
    conversation::EscalationId,
    desk::{bridge::Escalation, transitions},
    message::OutgoingId,
    store::{Handling, NewReply, Store, StoreError},
    web::{Shared, error::ApiError, messages::mended},
};

/// Who does it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct By {
    /// The agent's name, as customers see it; the token's name, if nothing is said.
    agent: Option<String>,
}

/// Who takes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// The agent's name, as customers see it; the token's name, if nothing is said.
    agent: Option<String>,
    /// Take it even if another agent has it.
    #[serde(default)]
    take_over: bool,
}

/// Words for the customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    /// A UUID that the bridge chooses, new for each reply. The same again is the same reply: nothing happens twice, so after a lost connection
    /// send it again.
    id: Uuid,
    /// Markdown, at most 16,384 bytes.
    #[schema(min_length = 1)]
    #[serde(deserialize_with = "mended")]
    text: String,
    /// The agent's name, as customers see it; the token's name, if nothing is said.
    agent: Option<String>,
}

/// Words for other agents.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNote {
    /// At most 16,384 bytes.
    #[schema(min_length = 1)]
    text: String,
    /// The agent's name; the token's name, if nothing is said.
    agent: Option<String>,
}

/// How it ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    /// What came of it, for other agents.
    note: Option<String>,
    /// The agent's name; the token's name, if nothing is said.
    agent: Option<String>,
}

/// The escalation as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Now {
    escalation: Escalation,
}

/// What became of a reply.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Said {
    /// The id of its line in the conversation, which is the one that was sent.
    message: Uuid,
    /// Whether an earlier request with the same id had said it.
    repeated: bool,
}

/// Take it
///
/// The bot is silent from then on, and other agents are refused. Whoever has it already may claim it again.
#[utoipa::path(post, path = "/api/desk/escalations/{number}/claim", params(("number" = i64, Path)), request_body = Claim, responses((status = 200, body = Now), Refusals, Conflicts))]
pub(super) async fn claim(
    State(shared): State<Shared>,
    bridge: Bridge,
    Number(id): Number,
    Posted(Claim { agent, take_over }): Posted<Claim>,
) -> Result<Json<Now>, ApiError> {
    let handling = if take_over { Handling::TakeOver } else { Handling::Claim };
    handle(&shared, &bridge, id, agent, handling).await
}

/// Put it back into the queue
#[utoipa::path(post, path = "/api/desk/escalations/{number}/release", params(("number" = i64, Path)), request_body = By, responses((status = 200, body = Now), Refusals, Conflicts))]
pub(super) async fn release(
    State(shared): State<Shared>,
    bridge: Bridge,
    Number(id): Number,
    Posted(By { agent }): Posted<By>,
) -> Result<Json<Now>, ApiError> {
    handle(&shared, &bridge, id, agent, Handling::Release).await
}

async fn handle(
    shared: &Shared,
    bridge: &Bridge,
    id: EscalationId,
    agent: Option<String>,
    handling: Handling,
) -> Result<Json<Now>, ApiError> {
    let (store, at) = (&shared.state.store, Timestamp::now());
    let agent = bridge.agent(agent)?;
    let record = store.escalation(id).await?;
    let say = match handling {
        Handling::Release => None,
        _ => transitions::on_claim(&shared.knowledge(), &record, &agent, at),
    };
    let done = handling.as_str();
    let handled = store.handle(id, &agent, handling, say.as_ref(), at).await;
    told(store, handled).await?;
    info!(escalation = %id, token = bridge.0, agent, "{done} through the API");
    now(store, id).await
}

/// Write to the customer
///
/// The conversation is the agent's from then on, and the bot is silent until it is resolved or released.
#[utoipa::path(post, path = "/api/desk/escalations/{number}/reply", params(("number" = i64, Path)), request_body = Reply, responses((status = 202, description = "It is on disk and on its way", body = Said), Refusals, Conflicts))]
pub(super) async fn reply(
    State(shared): State<Shared>,
    bridge: Bridge,
    Number(id): Number,
    Posted(Reply { id: message, text, agent }): Posted<Reply>,
) -> Result<(StatusCode, Json<Said>), ApiError> {
    let store = &shared.state.store;
    let agent = bridge.agent(agent)?;
    let reply = NewReply { text: &cleaned(&text), id: Some(OutgoingId(message)), promise: None };
    let said = store.reply(id, &agent, reply, Timestamp::now()).await;
    let new = told(store, said).await?;
    info!(escalation = %id, token = bridge.0, agent, new, "reply through the API");
    Ok((StatusCode::ACCEPTED, Json(Said { message, repeated: !new })))
}

/// Write a note for other agents
#[utoipa::path(post, path = "/api/desk/escalations/{number}/notes", params(("number" = i64, Path)), request_body = NewNote, responses((status = 201, body = Now), Refusals, Conflicts))]
pub(super) async fn note(
    State(shared): State<Shared>,
    bridge: Bridge,
    Number(id): Number,
    Posted(NewNote { text, agent }): Posted<NewNote>,
) -> Result<(StatusCode, Json<Now>), ApiError> {
    let store = &shared.state.store;
    let agent = bridge.agent(agent)?;
    let noted = store.add_note(id, &agent, &cleaned(&text), Timestamp::now()).await;
    told(store, noted).await?;
    info!(escalation = %id, token = bridge.0, agent, "note through the API");
    Ok((StatusCode::CREATED, now(store, id).await?))
}

/// Close it
///
/// The bot has the conversation again.
#[utoipa::path(post, path = "/api/desk/escalations/{number}/resolve", params(("number" = i64, Path)), request_body = Resolve, responses((status = 200, body = Now), Refusals, Conflicts))]
pub(super) async fn resolve(
    State(shared): State<Shared>,
    bridge: Bridge,
    Number(id): Number,
    Posted(Resolve { note, agent }): Posted<Resolve>,
) -> Result<Json<Now>, ApiError> {
    let store = &shared.state.store;
    let agent = bridge.agent(agent)?;
    let note = note.as_deref().map(cleaned);
    let at = Timestamp::now();
    let say = transitions::on_resolve(&shared.knowledge(), &store.escalation(id).await?, &agent, at);
    let resolved = store.resolve(id, &agent, note.as_deref(), say.as_ref(), at).await;
    told(store, resolved).await?;
    info!(escalation = %id, token = bridge.0, agent, "resolve through the API");
    now(store, id).await
}

async fn now(store: &Store, id: EscalationId) -> Result<Json<Now>, ApiError> {
    Ok(Json(Now { escalation: store.escalation(id).await?.into() }))
}

/// Adds who was faster to a refusal.
async fn told<T>(store: &Store, result: Result<T, StoreError>) -> Result<T, ApiError> {
    match result {
        Err(error @ StoreError::AlreadyResolved(id)) => {
            let by = store.escalation(id).await.ok().and_then(|record| record.resolved_by);
            Err(ApiError::from(error).with_agent(by))
        }
        result => Ok(result?),
    }
}

/// As a channel's door cleans the words of customers.
fn cleaned(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}
