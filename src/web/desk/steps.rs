//! What an agent does with an escalation: each step is a POST that leads back to its conversation.

use axum::{
    extract::{Form, Path, State},
    response::{IntoResponse, Redirect, Response},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use uuid::Uuid;

use super::{Refusal, SignedIn, conversation::colleagues};
use crate::{
    conversation::{EscalationId, PromiseId},
    desk::{due, transitions},
    knowledge::moment::{Deadline, NotADeadline},
    message::OutgoingId,
    store::{Handling, NewPromise, NewReply, Outcome, StoreError},
    web::Shared,
};

/// `POST …/owner/claim`, `…/owner/take-over`, `…/owner/release`.
pub(super) async fn handle(
    State(shared): State<Shared>,
    me: SignedIn,
    Path((id, step)): Path<(i64, String)>,
) -> Result<Response, Refusal> {
    let handling = match step.as_str() {
        "claim" => Handling::Claim,
        "take-over" => Handling::TakeOver,
        "release" => Handling::Release,
        _ => return Err(Refusal::not_found("there is nothing at this address")),
    };
    let (store, now) = (&shared.state.store, Timestamp::now());
    let record = store.escalation(EscalationId(id)).await?;
    let say = match handling {
        Handling::Release => None,
        _ => transitions::on_claim(&shared.knowledge(), &record, &me.name, now),
    };
    after(id, store.handle(record.id, &me.name, handling, say.as_ref(), now).await)
}

#[derive(Debug, Deserialize)]
pub(super) struct HandOver {
    to: String,
}

/// `POST …/hand-over`.
pub(super) async fn hand_over(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<HandOver>,
) -> Result<Response, Refusal> {
    if !colleagues(&shared.state.store, &me.name).await?.contains(&form.to) {
        return Err(Refusal::invalid("nobody of that name works here"));
    }
    let handling = Handling::HandOver { to: form.to };
    let done = shared.state.store.handle(EscalationId(id), &me.name, handling, None, Timestamp::now()).await;
    after(id, done)
}

#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    text: String,
    /// Made with the page: a form that is sent twice says its words once.
    id: Uuid,
    /// What the words promise, for the desk; empty: nothing.
    #[serde(default)]
    promise: String,
    /// By when.
    #[serde(default)]
    by: String,
    /// The number of the promise that the words keep.
    #[serde(default)]
    keeps: String,
    /// Set by the button that also resolves.
    #[serde(default)]
    resolve: bool,
}

impl Reply {
    /// The promise that the words make.
    fn promise(&self, zone: &TimeZone, now: Timestamp) -> Result<Option<NewPromise>, Refusal> {
        let (promise, by) = (self.promise.trim(), self.by.trim());
        if promise.is_empty() && by.is_empty() {
            return Ok(None);
        }
        if promise.is_empty() || by.is_empty() {
            return Err(Refusal::invalid("a promise says what, and by when"));
        }
        let by: Deadline = by.parse().map_err(|error: NotADeadline| Refusal::invalid(error.to_string()))?;
        let due = by.due(now, zone).ok_or_else(|| Refusal::invalid("that time has passed: promise a later one"))?;
        Ok(Some(due::promise(promise, due, now)))
    }
}

/// `POST …/reply`. A reply that comes too late is kept as a draft.
pub(super) async fn reply(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<Reply>,
) -> Result<Response, Refusal> {
    let (store, now) = (&shared.state.store, Timestamp::now());
    let knowledge = shared.knowledge();
    // Browsers send CRLF; a customer's line break is a line feed.
    let text = form.text.replace("\r\n", "\n");
    let promise = form.promise(knowledge.zone(), now)?;
    let reply = NewReply { text: &text, id: Some(OutgoingId(form.id)), promise };
    match store.reply(EscalationId(id), &me.name, reply, now).await {
        Ok(_) => {
            if let Ok(promise) = form.keeps.parse() {
                store.settle_promise(PromiseId(promise), &me.name, Outcome::Kept, now).await?;
            }
            if form.resolve {
                return close(&shared, id, &me.name, None, now).await;
            }
            after(id, Ok(()))
        }
        Err(error @ (StoreError::ClaimedBy { .. } | StoreError::AlreadyResolved(_) | StoreError::Silenced { .. })) => {
            store.save_draft(EscalationId(id), &me.name, &text, now).await?;
            let why = if matches!(error, StoreError::Silenced { .. }) { "silenced" } else { "late" };
            Ok(Redirect::to(&format!("/desk/escalations/{id}?refused={why}#reply")).into_response())
        }
        failed => after(id, failed.map(drop)),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Resolve {
    #[serde(default)]
    note: String,
}

/// `POST …/resolve`.
pub(super) async fn resolve(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<Resolve>,
) -> Result<Response, Refusal> {
    close(&shared, id, &me.name, Some(&form.note), Timestamp::now()).await
}

/// Resolves, with what the customer hears of it.
async fn close(shared: &Shared, id: i64, agent: &str, note: Option<&str>, now: Timestamp) -> Result<Response, Refusal> {
    let store = &shared.state.store;
    let record = store.escalation(EscalationId(id)).await?;
    let say = transitions::on_resolve(&shared.knowledge(), &record, agent, now);
    match store.resolve(record.id, agent, note, say.as_ref(), now).await {
        Ok(()) => Ok(Redirect::to("/desk").into_response()),
        refused => after(id, refused),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Note {
    text: String,
}

/// `POST …/notes`.
pub(super) async fn note(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<Note>,
) -> Result<Response, Refusal> {
    after(id, shared.state.store.add_note(EscalationId(id), &me.name, &form.text, Timestamp::now()).await)
}

/// Back to the conversation, or what went wrong where going back would not show it.
fn after(id: i64, done: Result<(), StoreError>) -> Result<Response, Refusal> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/desk/escalations/{id}")).into_response()),
        // The page says who has it.
        Err(StoreError::ClaimedBy { .. } | StoreError::NotClaimed(_) | StoreError::AlreadyResolved(_)) => {
            Ok(Redirect::to(&format!("/desk/escalations/{id}?refused=1")).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
