//! Who did what, and who said what to whom; for supervisors.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{
    Frame, Refusal, Shared, SignedIn,
    clock::{exact, zone_name},
    page,
};
use crate::store::{TrailEntry, TrailFilter};

/// Rows of a page.
const PAGE: u32 = 50;

/// What is written down, and how it is called. Without a kind all are shown but the first.
const KINDS: &[(&str, &str)] = &[
    ("turn", "The bot's turns"),
    ("reply", "Replies"),
    ("claim", "Claims"),
    ("take_over", "Take-overs"),
    ("release", "Releases"),
    ("hand_over", "Hand-overs"),
    ("lapse", "Lapsed claims"),
    ("resolve", "Resolved"),
    ("group_answer", "Answers to groups"),
    ("withdraw_answer", "Answers to groups withdrawn"),
    ("split", "Groups split"),
    ("merge", "Groups merged"),
    ("keep_promise", "Promises kept"),
    ("withdraw_promise", "Promises withdrawn"),
    ("clock", "Said when it was time"),
    ("undelivered", "Not delivered"),
    ("erase", "Erased"),
    ("sign_in", "Sign-ins"),
    ("sign_in_failed", "Failed sign-ins"),
    ("sign_in_refused", "Refused sign-ins"),
    ("sign_out", "Sign-outs"),
    ("sign_out_everywhere", "Sign-outs everywhere"),
    ("password", "Passwords changed"),
    ("invite", "Invitations"),
    ("withdraw", "Invitations withdrawn"),
    ("accept", "Invitations accepted"),
    ("reset", "Password links"),
    ("accept_reset", "Passwords set anew"),
    ("role", "Roles changed"),
    ("disable", "Accounts disabled"),
    ("enable", "Accounts enabled"),
];

#[derive(Template)]
#[template(path = "desk/audit.html")]
struct AuditPage<'a> {
    frame: Frame,
    kinds: &'static [(&'static str, &'static str)],
    kind: &'a str,
    person: &'a str,
    people: Vec<String>,
    entries: Vec<TrailEntry>,
    zone: TimeZone,
    /// The row before which the next page begins.
    older: Option<i64>,
    is_first: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    person: String,
    before: Option<i64>,
}

/// `GET /desk/audit`
pub(super) async fn list(
    State(shared): State<Shared>,
    who: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = TrailFilter { person: given(&asked.person), kind: given(&asked.kind), before: asked.before };
    let store = &shared.state.store;
    let mut entries = store.trail(&filter, PAGE + 1).await?;
    let has_more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let older = entries.last().filter(|_| has_more).map(|entry| entry.id);
    page(&AuditPage {
        frame: Frame::new(&shared, Some(&who), "Audit", "/desk/audit"),
        kinds: KINDS,
        kind: asked.kind.trim(),
        person: asked.person.trim(),
        people: store.users().await?.into_iter().map(|user| user.name).collect(),
        entries,
        zone: shared.knowledge().zone().clone(),
        older,
        is_first: asked.before.is_none(),
    })
}

/// What a row is called.
fn label(kind: &str) -> &str {
    match kind {
        "turn" => "Turn",
        "reply" => "Reply",
        "claim" => "Claimed",
        "take_over" => "Took over",
        "release" => "Released",
        "hand_over" => "Handed over",
        "lapse" => "Claim lapsed",
        "resolve" => "Resolved",
        "group_answer" => "Answered a group",
        "withdraw_answer" => "Withdrew an answer to a group",
        "split" => "Split a group",
        "merge" => "Merged groups",
        "keep_promise" => "Kept a promise",
        "withdraw_promise" => "Withdrew a promise",
        "clock" => "Said when it was time",
        "undelivered" => "Not delivered",
        "erase" => "Erased",
        "sign_in" => "Signed in",
        "sign_in_failed" => "Sign-in failed",
        "sign_in_refused" => "Too many sign-ins were tried and are refused",
        "sign_out" => "Signed out",
        "sign_out_everywhere" => "Signed out everywhere",
        "password" => "Changed the password",
        "invite" => "Invited",
        "withdraw" => "Withdrew the invitation",
        "accept" => "Accepted the invitation",
        "reset" => "Made a password link",
        "accept_reset" => "Set the password anew",
        "role" => "Changed the role",
        "disable" => "Disabled",
        "enable" => "Enabled",
        other => other,
    }
}
