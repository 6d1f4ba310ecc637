//! What an agent does with an escalation: each step is a POST that leads back to its conversation.

use axum::{
    extract::{Form, Path, State},
    response::{IntoResponse, Redirect, Response},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use super::{Refusal, SignedIn, conversation::colleagues, form::Fields};
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

/// The promise that the words make, as the form's fields `promise` and `by` tell it.
fn promised(fields: &Fields, zone: &TimeZone, now: Timestamp) -> Result<Option<NewPromise>, Refusal> {
    let (promise, by) = (fields.one("promise").trim(), fields.one("by").trim());
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

/// `POST …/reply`. A reply that comes too late is kept as a draft. Its `id` was made with the page: a form that is sent twice says its words
/// once. `keeps` are the numbers of the promises that the words keep; `resolve` is set by the button that also resolves.
pub(super) async fn reply(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, Refusal> {
    // Browsers send CRLF; a customer's line break is a line feed.
    let text = fields.one("text").replace("\r\n", "\n");
    send(&shared, id, &me.name, &text, &fields).await.map_err(|refusal| refusal.with_words(&text))
}

async fn send(shared: &Shared, id: i64, agent: &str, text: &str, fields: &Fields) -> Result<Response, Refusal> {
    let (store, now) = (&shared.state.store, Timestamp::now());
    let own = fields.one("id").parse().map_err(|_| Refusal::invalid("this is no form of ours"))?;
    let promise = promised(fields, shared.knowledge().zone(), now)?;
    let reply = NewReply { text, id: Some(OutgoingId(own)), promise };
    match store.reply(EscalationId(id), agent, reply, now).await {
        Ok(_) => {}
        Err(error @ (StoreError::ClaimedBy { .. } | StoreError::AlreadyResolved(_) | StoreError::Silenced { .. })) => {
            store.save_draft(EscalationId(id), agent, text, now).await?;
            let why = if matches!(error, StoreError::Silenced { .. }) { "silenced" } else { "late" };
            return Ok(Redirect::to(&format!("/desk/escalations/{id}?refused={why}#reply")).into_response());
        }
        Err(error) => return Err(error.into()),
    }
    // From here on the words are said: what fails now must not look as if they were not.
    for promise in fields.all("keeps").filter_map(|promise| promise.parse().ok()) {
        match store.settle_promise(PromiseId(promise), agent, Outcome::Kept, now).await {
            Ok(()) | Err(StoreError::AlreadySettled(_) | StoreError::NoPromise(_)) => {}
            Err(error) => tracing::error!(%error, promise, "a reply is sent, but the promise that it keeps stays open"),
        }
    }
    if fields.one("resolve").is_empty() { after(id, Ok(())) } else { close(shared, id, agent, None, now).await }
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
    let closed = close(&shared, id, &me.name, Some(&form.note), Timestamp::now()).await;
    closed.map_err(|refusal| refusal.with_words(&form.note))
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
    let noted = shared.state.store.add_note(EscalationId(id), &me.name, &form.text, Timestamp::now()).await;
    after(id, noted).map_err(|refusal| refusal.with_words(&form.text))
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
