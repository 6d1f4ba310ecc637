//! `/desk/escalations/{id}`: one escalation with its whole conversation, and what an agent does with it.

use askama::Template;
use axum::{
    Json,
    extract::{Form, Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Frame, Refusal, SignedIn,
    history::{Entry, history},
    page,
    promises::PromiseRow,
    queue::{Queue, Wanted},
    row::Row,
};
use crate::{
    conversation::{EscalationId, PromiseId, Standing},
    desk::{
        due,
        suggestions::{Suggestion, suggestions},
        tone, transitions,
    },
    knowledge::moment::{Deadline, NotADeadline},
    message::OutgoingId,
    policy::MAX_TEXT_BYTES,
    reading::{Language, Reading},
    store::{EscalationRecord, Handling, NewPromise, NewReply, Outcome, PromiseFilter, Store, StoreError},
    web::Shared,
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
    text: String,
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
    let ranked = likely(&record, readings.first());
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
async fn colleagues(store: &Store, own: &str) -> Result<Vec<String>, StoreError> {
    let users = store.users().await?.into_iter();
    Ok(users.filter(|user| user.disabled_at.is_none() && user.name != own).map(|user| user.name).collect())
}

/// What the customer probably wants: as the escalation says, then as the last reading does.
fn likely(record: &EscalationRecord, reading: Option<&Reading>) -> Vec<String> {
    let mut likely = record.intents.clone();
    for ranked in reading.into_iter().flat_map(|reading| &reading.ranked) {
        if !likely.contains(&ranked.intent) {
            likely.push(ranked.intent.clone());
        }
    }
    likely.truncate(KEYS);
    likely
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
        Canned { key, title: one.title, text, problem, language: one.language.as_str().to_owned() }
    };
    suggestions.into_iter().enumerate().map(keyed).collect()
}

/// Why a reply was not sent, told from how things stand now.
fn refused(word: &str, record: &EscalationRecord, agent: &str) -> Option<String> {
    if word.is_empty() {
        return None;
    }
    Some(match (&record.resolved_by, &record.claimed_by) {
        (Some(other), _) => format!("Not sent: {other} has resolved this meanwhile. Your words are kept below."),
        (None, Some(other)) if other != agent => {
            format!("Not sent: {other} has this conversation. Your words are kept below; take it over to send them.")
        }
        _ => "Not sent: somebody else was faster. Look at the conversation before you send your words.".to_owned(),
    })
}

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
    let handling = Handling::HandOver { to: &form.to };
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
        Err(StoreError::ClaimedBy { .. } | StoreError::AlreadyResolved(_)) => {
            store.save_draft(EscalationId(id), &me.name, &text, now).await?;
            Ok(Redirect::to(&format!("/desk/escalations/{id}?refused=1#reply")).into_response())
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
pub(super) struct Words {
    text: String,
}

/// `POST …/notes`.
pub(super) async fn note(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    Form(form): Form<Words>,
) -> Result<Response, Refusal> {
    after(id, shared.state.store.add_note(EscalationId(id), &me.name, &form.text, Timestamp::now()).await)
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
        shared.show_typing(record.conversation).await?;
    }
    Ok(StatusCode::NO_CONTENT)
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
    Ok(Json(tone::check(&form.text, language, place).into_iter().map(advice).collect()))
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
