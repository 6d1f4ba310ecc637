//! `/desk/promises`: what customers were promised, by whom, and whether it was kept.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{Redirect, Response},
};
use jiff::{Timestamp, tz::TimeZone};

use super::{Frame, Refusal, SignedIn, clock::clock, page};
use crate::{
    conversation::PromiseId,
    store::{Outcome, PromiseFilter, PromiseRecord},
    web::Shared,
};

/// Settled promises on the page: the latest ones.
const SETTLED: usize = 100;

/// A promise as one line of a list.
pub(super) struct PromiseRow {
    pub id: i64,
    pub words: String,
    pub owner: String,
    pub due: String,
    /// It is open, and its time has passed.
    pub late: bool,
    /// It was not kept in time.
    pub broken: bool,
    /// In a word or two: `open`, `late`, `kept`…
    pub state: &'static str,
    pub open: bool,
    pub escalation: Option<i64>,
    pub channel: String,
}

impl PromiseRow {
    pub fn new(promise: &PromiseRecord, zone: &TimeZone, now: Timestamp) -> Self {
        let open = promise.settled_at.is_none();
        Self {
            id: promise.id.0,
            words: promise.words.clone(),
            owner: promise.owner.clone().unwrap_or_else(|| "the bot".to_owned()),
            due: clock(promise.due_at, zone, now),
            late: open && promise.due_at <= now,
            broken: promise.outcome == Some(Outcome::Broken),
            state: promise.state(now),
            open,
            escalation: promise.escalation.map(|id| id.0),
            channel: promise.channel.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/promises.html")]
struct PromisesPage {
    frame: Frame,
    open: Vec<PromiseRow>,
    settled: Vec<PromiseRow>,
}

/// `GET /desk/promises`.
pub(super) async fn list(State(shared): State<Shared>, me: SignedIn) -> Result<Response, Refusal> {
    let now = Timestamp::now();
    let knowledge = shared.knowledge();
    let mut promises = shared.state.store.promises(PromiseFilter::All).await?;
    let settled_from = promises.partition_point(|promise| promise.settled_at.is_none());
    let mut settled = promises.split_off(settled_from);
    settled.sort_by_key(|promise| std::cmp::Reverse(promise.settled_at));
    settled.truncate(SETTLED);
    let rows = |promises: &[PromiseRecord]| {
        promises.iter().map(|promise| PromiseRow::new(promise, knowledge.zone(), now)).collect()
    };
    let frame = Frame::new(&shared, Some(&me), "Promises", "/desk/promises");
    page(&PromisesPage { frame, open: rows(&promises), settled: rows(&settled) })
}

/// `POST /desk/promises/{id}/{outcome}`: `kept` or `withdrawn`.
pub(super) async fn settle(
    State(shared): State<Shared>,
    me: SignedIn,
    Path((id, outcome)): Path<(i64, String)>,
) -> Result<Redirect, Refusal> {
    let outcome = match outcome.as_str() {
        "kept" => Outcome::Kept,
        "withdrawn" => Outcome::Withdrawn,
        _ => return Err(Refusal::not_found("there is nothing at this address")),
    };
    shared.state.store.settle_promise(PromiseId(id), &me.name, outcome, Timestamp::now()).await?;
    Ok(Redirect::to("/desk/promises"))
}
