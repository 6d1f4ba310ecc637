//! `/desk/groups`: many who ask the same, answered at once.

use askama::Template;
use axum::{
    extract::{Form, Path, Query, State},
    response::{Redirect, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    Frame, Refusal, SignedIn,
    clock::{clock, span},
    form::Fields,
    page,
    row::{Row, excerpt},
};
use crate::{
    conversation::{EscalationId, GroupId},
    desk::make_intent::{self, NotMade, Wanted},
    knowledge::{Knowledge, Phrase},
    store::{GroupAnswer, GroupRecord, Role, Split, StoreError},
    web::Shared,
};

/// Groups on the page: the largest ones.
const GROUPS: u32 = 50;

/// Groups at the head of the queue.
const AT_THE_HEAD: u32 = 5;

/// Members on one page of a group.
const MEMBERS: u32 = 50;

/// For how long an answer is given to newcomers, in hours, unless the agent says otherwise.
const HOURS: u32 = 12;

/// The longest time that an answer may be given to newcomers, in hours: a month.
const MOST_HOURS: u32 = 720;

/// As much of a sample as a list shows, in characters.
const SAMPLE: usize = 120;

/// A group as one line of a list.
pub(super) struct GroupRow {
    pub id: i64,
    pub open: u64,
    pub unclaimed: u64,
    pub channels: String,
    pub samples: Vec<String>,
    pub waiting: Option<String>,
    pub answer: Option<Answer>,
    pub queued: u64,
    pub sent: u64,
    pub uncertain: u64,
    pub failed: u64,
}

/// The answer that a group got.
pub(super) struct Answer {
    pub text: String,
    pub by: String,
    pub at: String,
    /// Until when newcomers are given it; None: nobody is any more.
    pub until: Option<String>,
}

impl GroupRow {
    fn new(group: &GroupRecord, knowledge: &Knowledge, now: Timestamp) -> Self {
        let zone = knowledge.zone();
        let channels: Vec<String> =
            group.channels.iter().map(|(channel, count)| format!("{channel} {count}")).collect();
        Self {
            id: group.id.0,
            open: group.open,
            unclaimed: group.unclaimed,
            channels: channels.join(", "),
            samples: group.samples.iter().map(|sample| excerpt(sample, SAMPLE)).collect(),
            waiting: group.oldest.map(|oldest| span(oldest, now)),
            answer: group.answer.as_ref().map(|answer| Answer {
                text: answer.text.clone(),
                by: answer.by.clone(),
                at: clock(answer.at, zone, now),
                until: answer.until.filter(|until| *until > now).map(|until| clock(until, zone, now)),
            }),
            queued: group.delivery.queued,
            sent: group.delivery.sent,
            uncertain: group.delivery.uncertain,
            failed: group.delivery.failed,
        }
    }
}

/// The largest groups that wait, for the head of the queue.
pub(super) async fn at_the_head(shared: &Shared, now: Timestamp) -> Result<Vec<GroupRow>, StoreError> {
    let knowledge = shared.knowledge();
    let groups = shared.state.store.groups(AT_THE_HEAD, now).await?;
    Ok(groups.iter().filter(|group| group.open > 1).map(|group| GroupRow::new(group, &knowledge, now)).collect())
}

#[derive(Template)]
#[template(path = "desk/groups.html")]
struct GroupsPage {
    frame: Frame,
    groups: Vec<GroupRow>,
}

/// `GET /desk/groups`.
pub(super) async fn list(State(shared): State<Shared>, me: SignedIn) -> Result<Response, Refusal> {
    let now = Timestamp::now();
    let knowledge = shared.knowledge();
    let groups = shared.state.store.groups(GROUPS, now).await?;
    let frame = Frame::new(&shared, Some(&me), "Groups", "/desk/groups");
    page(&GroupsPage { frame, groups: groups.iter().map(|group| GroupRow::new(group, &knowledge, now)).collect() })
}

#[derive(Template)]
#[template(path = "desk/group.html")]
struct GroupPage {
    frame: Frame,
    group: GroupRow,
    members: Vec<Row>,
    resolved: Vec<bool>,
    all: u64,
    previous: Option<u32>,
    next: Option<u32>,
    others: Vec<GroupRow>,
    hours: u32,
    most_hours: u32,
    may_draft: bool,
    told: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    page: u32,
    /// What the last step came to: numbers of ours.
    resolved: Option<u64>,
    left: Option<u64>,
    more: Option<u64>,
    drafted: Option<u64>,
}

impl Shown {
    fn told(&self) -> String {
        let mut told = Vec::new();
        if let Some(resolved) = self.resolved {
            told.push(format!("The answer is queued for {resolved}, whose escalations are resolved."));
        }
        if let Some(more) = self.more.filter(|more| *more > 0) {
            told.push(format!("{more} wrote more since: they got it too, and stay open for a person."));
        }
        if let Some(left) = self.left.filter(|left| *left > 0) {
            told.push(format!("{left} are left to the agents who have them, or were told the same already."));
        }
        if let Some(examples) = self.drafted {
            told.push(format!(
                "The draft of an intent is written, with {examples} examples. An admin reviews it, runs `evenkeel check` and commits."
            ));
        }
        told.join(" ")
    }
}

/// `GET /desk/groups/{id}`.
pub(super) async fn show(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    Query(shown): Query<Shown>,
) -> Result<Response, Refusal> {
    let now = Timestamp::now();
    let knowledge = shared.knowledge();
    let store = &shared.state.store;
    let found = store.group(GroupId(id), shown.page.saturating_mul(MEMBERS), MEMBERS).await?;
    let others = store.groups(GROUPS, now).await?;
    page(&GroupPage {
        frame: Frame::new(&shared, Some(&me), format!("Group {id}"), "/desk/groups"),
        group: GroupRow::new(&found.group, &knowledge, now),
        members: found.members.iter().map(|record| Row::new(record, &me.name, knowledge.zone(), now)).collect(),
        resolved: found.members.iter().map(|record| record.resolved_at.is_some()).collect(),
        all: found.all,
        previous: shown.page.checked_sub(1),
        next: (u64::from(shown.page + 1) * u64::from(MEMBERS) < found.all).then_some(shown.page + 1),
        others: others
            .iter()
            .filter(|other| other.id != GroupId(id))
            .map(|other| GroupRow::new(other, &knowledge, now))
            .collect(),
        hours: HOURS,
        most_hours: MOST_HOURS,
        may_draft: me.may(Role::Admin),
        told: shown.told(),
    })
}

/// `POST /desk/groups/{id}/answer`.
pub(super) async fn answer(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Redirect, Refusal> {
    let (store, now) = (&shared.state.store, Timestamp::now());
    let hours: u32 = fields.one("hours").parse().map_err(|_| Refusal::invalid("the hours are a whole number"))?;
    if hours > MOST_HOURS {
        return Err(Refusal::invalid(format!("at most {MOST_HOURS} hours")));
    }
    let knowledge = shared.knowledge();
    let language = store.group(GroupId(id), 0, 0).await?.group.language.unwrap_or_else(|| knowledge.default_language());
    let answer = GroupAnswer {
        text: fields.one("text").replace("\r\n", "\n"),
        person: knowledge.phrase(Phrase::Person, language, now).text,
        until: (hours > 0).then(|| now + SignedDuration::from_hours(i64::from(hours))),
        also_mine: !fields.one("also_mine").is_empty(),
    };
    let reached = store.answer_group(GroupId(id), &me.name, answer, now).await?;
    let (resolved, left, more) = (reached.resolved, reached.left, reached.wrote_more);
    Ok(Redirect::to(&format!("/desk/groups/{id}?resolved={resolved}&left={left}&more={more}")))
}

/// `POST /desk/groups/{id}/withdraw`: the answer is not true any more.
pub(super) async fn withdraw(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
) -> Result<Redirect, Refusal> {
    shared.state.store.withdraw_group_answer(GroupId(id), &me.name, Timestamp::now()).await?;
    Ok(Redirect::to(&format!("/desk/groups/{id}")))
}

/// `POST /desk/groups/{id}/split`: the ticked members leave it.
pub(super) async fn split(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Redirect, Refusal> {
    let members: Vec<EscalationId> =
        fields.all("member").filter_map(|member| member.parse().ok()).map(EscalationId).collect();
    if members.is_empty() {
        return Err(Refusal::invalid("tick the ones that ask something else"));
    }
    let split = if fields.one("how") == "together" { Split::Together } else { Split::Apart };
    let new = shared.state.store.split_group(GroupId(id), &members, &me.name, split, Timestamp::now()).await?;
    Ok(Redirect::to(&format!("/desk/groups/{}", new.unwrap_or(GroupId(id)))))
}

/// `POST /desk/groups/{id}/merge`: all of it goes into another group.
pub(super) async fn merge(
    State(shared): State<Shared>,
    me: SignedIn,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Redirect, Refusal> {
    let into: i64 = fields.one("into").parse().map_err(|_| Refusal::invalid("choose a group"))?;
    shared.state.store.merge_groups(GroupId(id), GroupId(into), &me.name, Timestamp::now()).await?;
    Ok(Redirect::to(&format!("/desk/groups/{into}")))
}

#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    name: String,
    title: String,
}

/// `POST /desk/groups/{id}/intent`: writes the draft of an intent.
pub(super) async fn draft_intent(
    State(shared): State<Shared>,
    Path(id): Path<i64>,
    Form(form): Form<Intent>,
) -> Result<Redirect, Refusal> {
    let state = &shared.state;
    let responder = state.responder.borrow().clone();
    let wanted =
        Wanted { group: GroupId(id), name: form.name.trim(), title: &form.title, learn_from_x: state.learn_from_x };
    let (dir, now) = (&state.knowledge_dir, Timestamp::now());
    let made = make_intent::make(&state.store, responder.knowledge(), responder.classifier(), &wanted, dir, now).await;
    let draft = made.map_err(|error| match error {
        NotMade::Store(error) => error.into(),
        other => Refusal::invalid(other.to_string()),
    })?;
    Ok(Redirect::to(&format!("/desk/groups/{id}?drafted={}", draft.examples)))
}
