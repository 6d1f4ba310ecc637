//! While an agent writes: the words are kept as a draft, the customer sees that somebody types, and the tone is checked.

use axum::{
    Json,
    extract::{Form, Path, State},
    http::StatusCode,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Refusal, SignedIn};
use crate::{
    conversation::{EscalationId, Standing},
    desk::tone,
    message::ConversationId,
    store::StoreError,
    web::{CHANNEL, Shared},
};

#[derive(Debug, Deserialize)]
pub(super) struct Words {
    text: String,
}

/// `POST …/draft`: what is in the reply's field, kept while it is being written.
pub(super) async fn draft(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<Words>,
) -> Result<StatusCode, Refusal> {
    shared.state.store.save_draft(EscalationId(id), &me.name, &form.text, Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST …/typing`: the customer sees that somebody writes, where the platform can show it.
pub(super) async fn typing(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
) -> Result<StatusCode, Refusal> {
    let record = shared.state.store.escalation(EscalationId(id)).await?;
    let standing = shared.state.store.status(record.conversation).await?.standing;
    if standing == Standing::Agent && record.claimed_by.as_deref() == Some(me.name.as_str()) {
        show_typing(&shared, record.conversation).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Shows it where the customer's platform can.
async fn show_typing(shared: &Shared, conversation: ConversationId) -> Result<(), StoreError> {
    let Some(conversation) = shared.state.store.conversation(conversation).await? else { return Ok(()) };
    if conversation.channel == CHANNEL {
        shared.tabs.is_written_to(&conversation.place);
    } else if let Some(channel) = shared.state.channels.iter().find(|channel| channel.name() == conversation.channel) {
        channel.show_typing(&conversation.place);
    }
    Ok(())
}

/// What a finding of the tone check looks like to the page.
#[derive(Debug, Serialize)]
pub(super) struct Advice {
    words: String,
    suggestion: String,
}

/// `POST …/tone`: what a colleague would remark about the words before they are sent.
pub(super) async fn tone(
    State(shared): State<Shared>,
    Path(id): Path<i64>,
    Form(form): Form<Words>,
) -> Result<Json<Vec<Advice>>, Refusal> {
    let store = &shared.state.store;
    let record = store.escalation(EscalationId(id)).await?;
    let public = store.conversation(record.conversation).await?.is_some_and(|conversation| conversation.public);
    let language = record.language.unwrap_or_else(|| shared.knowledge().default_language());
    let place = tone::Place { max_chars: None, public };
    let units: Vec<u16> = form.text.encode_utf16().collect();
    let advice = |finding: tone::Finding| Advice {
        words: String::from_utf16_lossy(units.get(finding.start..finding.end).unwrap_or_default()),
        suggestion: finding.suggestion,
    };
    let foreign = record.language.and_then(|customers| tone::other_language(&form.text, customers));
    Ok(Json(foreign.into_iter().chain(tone::check(&form.text, language, place)).map(advice).collect()))
}
