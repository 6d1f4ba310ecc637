//! `/desk`: what waits for a person.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{Redirect, Response},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use super::{
    Frame, Refusal, SignedIn,
    clock::span,
    groups::{self, GroupRow},
    page,
    row::Row,
};
use crate::{
    conversation::Urgency,
    desk::{languages::english_name, transitions},
    reading::{Language, Mood},
    store::{Handling, QueueCounts, QueueFilter, StoreError, Whose},
    web::Shared,
};

/// Escalations on one page of the queue: as many as an agent looks through, few enough to be read in a blink.
const PAGE: u32 = 50;

/// How many of the first in the queue are tried when an agent takes the next one and others are faster.
const ATTEMPTS: u32 = 20;

/// The filter as it stands in the address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub channel: String,
    pub language: String,
    pub mood: String,
    pub whose: String,
    page: u32,
}

impl Wanted {
    fn filter(&self, agent: &str) -> QueueFilter {
        QueueFilter {
            channel: Some(self.channel.clone()).filter(|channel| !channel.is_empty()),
            language: self.language.parse().ok(),
            mood: Mood::ALL.into_iter().find(|mood| mood.as_str() == self.mood),
            whose: match self.whose.as_str() {
                "mine" => Whose::Of(agent.to_owned()),
                "unassigned" => Whose::Unassigned,
                _ => Whose::Anyones,
            },
            without_groups: true,
        }
    }

    /// The address of another page under the same filter. Only words of our own get into it.
    fn link(&self, page: u32) -> String {
        let mut query = Vec::new();
        let known =
            [("channel", &self.channel), ("language", &self.language), ("mood", &self.mood), ("whose", &self.whose)];
        for (name, value) in known {
            if !value.is_empty()
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            {
                query.push(format!("{name}={value}"));
            }
        }
        query.push(format!("page={page}"));
        format!("/desk?{}", query.join("&"))
    }
}

/// The queue as it stands beside a conversation and on its own page.
pub(super) struct Queue {
    pub counts: QueueCounts,
    /// Above everything: no group of thousands may push danger out of sight.
    pub dangers: Vec<Row>,
    /// The largest groups that wait: one answer serves each of them.
    pub groups: Vec<GroupRow>,
    pub rows: Vec<Row>,
    pub matching: u64,
    pub channels: Vec<String>,
    /// Code and name.
    pub languages: Vec<(String, String)>,
    pub wanted: Wanted,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// How long the one who has waited longest has waited, among those shown.
    pub longest: Option<String>,
}

impl Queue {
    pub async fn read(shared: &Shared, wanted: Wanted, agent: &str, now: Timestamp) -> Result<Self, StoreError> {
        let store = &shared.state.store;
        let zone: TimeZone = shared.knowledge().zone().clone();
        let page = store.queue(&wanted.filter(agent), wanted.page.saturating_mul(PAGE), PAGE).await?;
        let (dangers, others): (Vec<_>, Vec<_>) =
            page.escalations.iter().partition(|record| record.urgency == Urgency::Danger);
        let row = |record| Row::new(record, agent, &zone, now);
        let longest = page.escalations.iter().filter_map(|record| record.waiting_since).min();
        let more = u64::from(wanted.page + 1) * u64::from(PAGE) < page.matching;
        Ok(Self {
            counts: store.queue_counts(agent).await?,
            groups: groups::at_the_head(shared, now).await?,
            dangers: dangers.into_iter().map(row).collect(),
            rows: others.into_iter().map(row).collect(),
            matching: page.matching,
            channels: store.open_channels().await?,
            languages: languages(store.open_languages().await?, &wanted.language),
            previous: wanted.page.checked_sub(1).map(|page| wanted.link(page)),
            next: more.then(|| wanted.link(wanted.page + 1)),
            longest: longest.map(|since| span(since, now)),
            wanted,
        })
    }
}

/// What the filter offers, by name: the languages that wait, and the chosen one even if nobody waits in it now.
fn languages(mut open: Vec<Language>, chosen: &str) -> Vec<(String, String)> {
    if let Ok(chosen) = chosen.parse()
        && !open.contains(&chosen)
    {
        open.push(chosen);
    }
    let mut named: Vec<_> = open.iter().map(|one| (one.as_str().to_owned(), english_name(*one))).collect();
    named.sort_by(|one, other| one.1.cmp(&other.1));
    named
}

#[derive(Template)]
#[template(path = "desk/queue.html")]
struct QueuePage<'a> {
    frame: Frame,
    queue: &'a Queue,
    current: i64,
}

/// `GET /desk`.
pub(super) async fn show(
    State(shared): State<Shared>,
    me: SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Refusal> {
    let queue = Queue::read(&shared, wanted, &me.name, Timestamp::now()).await?;
    let frame = Frame::new(&shared, Some(&me), "Queue", "/desk");
    page(&QueuePage { frame, queue: &queue, current: 0 })
}

/// `POST /desk/next`: the first in the queue that nobody has becomes the agent's.
pub(super) async fn take_next(State(shared): State<Shared>, me: SignedIn) -> Result<Redirect, Refusal> {
    let (store, now) = (&shared.state.store, Timestamp::now());
    let mut filter = QueueFilter { whose: Whose::Unassigned, without_groups: true, ..QueueFilter::default() };
    let mut page = store.queue(&filter, 0, ATTEMPTS).await?;
    if page.escalations.is_empty() {
        // Only groups are left; one answer for all would be better, but who wants one gets one.
        filter.without_groups = false;
        page = store.queue(&filter, 0, ATTEMPTS).await?;
    }
    for record in page.escalations {
        let say = transitions::on_claim(&shared.knowledge(), &record, &me.name, now);
        let id = record.id.0;
        match store.handle(record.id, &me.name, Handling::Claim, say.as_ref(), now).await {
            Ok(()) => return Ok(Redirect::to(&format!("/desk/escalations/{id}"))),
            // Somebody was faster: the next one.
            Err(StoreError::ClaimedBy { .. } | StoreError::AlreadyResolved(_) | StoreError::NoEscalation(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Redirect::to("/desk"))
}
