//! `/desk/escalations/{id}`: one escalation with its whole conversation.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Frame, Refusal, SignedIn,
    history::{Entry, history},
    page,
    promises::PromiseRow,
    queue::{Queue, Wanted},
    row::Row,
};
use crate::{
    conversation::EscalationId,
    desk::suggestions::{Suggestion, likely, suggestions},
    message::OutgoingId,
    policy::MAX_TEXT_BYTES,
    reading::{Language, Reading},
    store::{EscalationRecord, PromiseFilter, Silence, Store, StoreError},
    web::{
        Shared,
        markdown::{self, Breaks},
    },
};

/// Suggestions that one key takes over.
const KEYS: usize = 9;

#[derive(Template)]
#[template(path = "desk/conversation.html")]
struct ConversationPage<'a> {
    frame: Frame,
    me: &'a SignedIn,
    queue: &'a Queue,
    current: i64,
    record: &'a EscalationRecord,
    row: Row,
    resolved: bool,
    entries: Vec<Entry>,
    reading: Option<Heard>,
    likely: Vec<Canned>,
    others: Vec<Canned>,
    draft: String,
    refused: Option<String>,
    /// Why a reply cannot arrive.
    silence: Option<&'static str>,
    colleagues: Vec<String>,
    promises: Vec<PromiseRow>,
    group: Option<i64>,
    reply_id: OutgoingId,
    max_bytes: usize,
}

/// The engine's reading, for people.
struct Heard {
    ranked: Vec<(String, u32)>,
    mood: &'static str,
    language: String,
    danger: Option<String>,
}

/// A response that may be put into the reply.
struct Canned {
    /// The key that takes it, 1 to 9; 0: none.
    key: usize,
    title: String,
    /// Markdown, as it goes into the reply.
    text: String,
    /// The same as the customer reads it.
    html: String,
    /// Why it must not be said now.
    problem: Option<String>,
    language: String,
}

/// What the address says beside the number.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    /// Set by us after a reply that was not sent.
    refused: String,
}

/// `GET /desk/escalations/{id}`.
pub(super) async fn show(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    Query(wanted): Query<Wanted>,
    Query(shown): Query<Shown>,
) -> Result<Response, Refusal> {
    let (store, now) = (&shared.state.store, Timestamp::now());
    let record = store.escalation(EscalationId(id)).await?;
    let queue = Queue::read(&shared, wanted, &me.name, now).await?;
    let lines = store.transcript(record.conversation).await?;
    let notes = store.notes(record.id).await?;
    let happenings = store.happenings(record.conversation).await?;
    let readings = store.readings(record.id).await?;
    let draft = store.draft(record.id, &me.name).await?.map(|draft| draft.text).unwrap_or_default();
    let colleagues = colleagues(store, &me.name).await?;

    let promises = store.promises(PromiseFilter::Of(record.conversation)).await?;

    let knowledge = shared.knowledge();
    let language = record.language.unwrap_or_else(|| knowledge.default_language());
    let mut ranked = likely(&knowledge, &record, readings.first());
    ranked.truncate(KEYS);
    let all = suggestions(&knowledge, &ranked, language, now);
    let (likely, others) = all.into_iter().partition(|one| ranked.contains(&one.intent));
    let title = |intent: &str| knowledge.title(intent, Language::ENGLISH).to_owned();
    let shown_page = ConversationPage {
        frame: Frame::new(&shared, Some(&me), format!("#{id} {}", record.reason), "/desk"),
        me: &me,
        queue: &queue,
        current: id,
        row: Row::new(&record, &me.name, knowledge.zone(), now),
        resolved: record.resolved_at.is_some(),
        entries: history(&lines, &notes, &happenings, knowledge.zone(), now),
        reading: readings.first().map(|reading| heard(reading, title)),
        likely: canned(likely, true),
        others: canned(others, false),
        refused: refused(&shown.refused, &record, &me.name),
        silence: store.silenced(record.conversation).await?.map(unreachable),
        record: &record,
        draft,
        colleagues,
        promises: promises.iter().map(|promise| PromiseRow::new(promise, knowledge.zone(), now)).collect(),
        group: shared_group(store, record.id).await?,
        reply_id: OutgoingId::new(),
        max_bytes: MAX_TEXT_BYTES,
    };
    page(&shown_page)
}

/// The group in which others ask the same, if any do.
async fn shared_group(store: &Store, id: EscalationId) -> Result<Option<i64>, StoreError> {
    let Some(group) = store.group_of(id).await? else { return Ok(None) };
    let found = store.group(group, 0, 0).await?;
    Ok((found.all > 1).then_some(group.0))
}

/// Who else works here now.
pub(super) async fn colleagues(store: &Store, own: &str) -> Result<Vec<String>, StoreError> {
    let users = store.users().await?.into_iter();
    Ok(users.filter(|user| user.disabled_at.is_none() && user.name != own).map(|user| user.name).collect())
}

fn heard(reading: &Reading, title: impl Fn(&str) -> String) -> Heard {
    let percent = |probability: f64| (probability * 100.0).round() as u32;
    Heard {
        ranked: reading.ranked.iter().map(|one| (title(&one.intent), percent(one.probability))).collect(),
        mood: reading.mood.as_str(),
        language: reading.language.map(|language| language.as_str().to_owned()).unwrap_or_default(),
        danger: reading.danger.as_ref().map(|sign| sign.danger.as_str().replace('_', " ")),
    }
}

fn canned(suggestions: Vec<Suggestion>, with_keys: bool) -> Vec<Canned> {
    let keyed = |(place, one): (usize, Suggestion)| {
        let (text, problem) = match one.text {
            Ok(text) => (text, None),
            Err(why) => (String::new(), Some(why.to_string())),
        };
        let key = if with_keys { place + 1 } else { 0 };
        let html = markdown::to_html(&text, Breaks::Wrapped);
        Canned { key, title: one.title, text, html, problem, language: one.language.as_str().to_owned() }
    };
    suggestions.into_iter().enumerate().map(keyed).collect()
}

/// What an agent is told who wants to write where nothing arrives.
fn unreachable(why: Silence) -> &'static str {
    match why {
        Silence::Stopped => "This customer asked us to stop writing. No reply reaches them until they write again.",
        Silence::Blocked => {
            "This customer blocked us or closed the chat. No reply reaches them until they write again."
        }
    }
}

/// Why a reply was not sent, told from how things stand now.
fn refused(word: &str, record: &EscalationRecord, agent: &str) -> Option<String> {
    if word.is_empty() {
        return None;
    }
    if word == "silenced" {
        let why = "Not sent: this customer asked not to be written to, or blocked us. That holds until they write again. Your words are kept below.";
        return Some(why.to_owned());
    }
    Some(match (&record.resolved_by, &record.claimed_by) {
        (Some(other), _) => format!("Not sent: {other} has resolved this meanwhile. Your words are kept below."),
        (None, Some(other)) if other != agent => {
            format!("Not sent: {other} has this conversation. Your words are kept below; take it over to send them.")
        }
        _ => "Not sent: somebody else was faster. Look at the conversation before you send your words.".to_owned(),
    })
}
