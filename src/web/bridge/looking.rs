//! What waits for a person, and one of it in full.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Refusals,
    caller::{Bridge, Number},
};
use crate::{
    desk::bridge::{Escalation, Line, Note},
    reading::Mood,
    store::{QueueFilter, Whose},
    web::{Shared, error::ApiError},
};

/// Escalations in one page.
const PAGE: u32 = 50;
const MAX_PAGE: u32 = 100;

/// Which escalations, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only of this channel, such as `web`.
    channel: Option<String>,
    /// Only in this language, such as `en`.
    language: Option<String>,
    /// Only in this mood: `calm`, `worried`, `angry` or `sad`.
    mood: Option<String>,
    /// Only those that this agent has.
    agent: Option<String>,
    /// `true`: only those that nobody has.
    #[serde(default)]
    unassigned: bool,
    /// How many to leave out at the beginning.
    #[serde(default)]
    skip: u32,
    /// How many to give: 50, if nothing is said, at most 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

impl Wanted {
    fn filter(&self) -> Result<QueueFilter, ApiError> {
        let wrong = |what: String| ApiError::malformed("bad_filter", what);
        let language = self.language.as_deref().map(str::parse).transpose();
        let mood = |word: &str| {
            let mood = Mood::ALL.into_iter().find(|mood| mood.as_str() == word);
            mood.ok_or_else(|| wrong(format!("`mood` is calm, worried, angry or sad, not {word:?}")))
        };
        Ok(QueueFilter {
            channel: self.channel.clone(),
            language: language.map_err(|error: crate::reading::NotALanguage| wrong(error.to_string()))?,
            mood: self.mood.as_deref().map(mood).transpose()?,
            whose: match (&self.agent, self.unassigned) {
                (None, false) => Whose::Anyones,
                (None, true) => Whose::Unassigned,
                (Some(agent), false) => Whose::Of(agent.clone()),
                (Some(_), true) => {
                    return Err(wrong(
                        "what an agent has is not unassigned: ask for `agent` or `unassigned`".to_owned(),
                    ));
                }
            },
            without_groups: false,
        })
    }

    fn limit(&self) -> Result<u32, ApiError> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(ApiError::malformed("bad_filter", format!("`limit` is 1 to {MAX_PAGE}")));
        }
        Ok(limit)
    }
}

/// A page of what waits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queue {
    /// In the order in which agents are to take them: danger first, then the oldest promise, then the oldest.
    escalations: Vec<Escalation>,
    /// How many there are in all.
    matching: u64,
}

/// What waits for a person
///
/// The open escalations, a page at a time.
#[utoipa::path(get, path = "/api/desk/escalations", params(Wanted), responses((status = 200, body = Queue), Refusals))]
pub(super) async fn queue(
    State(shared): State<Shared>,
    _: Bridge,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Queue>, ApiError> {
    let Query(wanted) = wanted.map_err(|refused| ApiError::malformed("bad_filter", refused.body_text()))?;
    let page = shared.state.store.queue(&wanted.filter()?, wanted.skip, wanted.limit()?).await?;
    let escalations = page.escalations.into_iter().map(Into::into).collect();
    Ok(Json(Queue { escalations, matching: page.matching }))
}

/// An escalation with all that was said.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Whole {
    escalation: Escalation,
    /// The whole conversation, oldest first, with what was said before.
    lines: Vec<Line>,
    /// Oldest first.
    notes: Vec<Note>,
}

/// One escalation
///
/// With its conversation and the agents' notes; also where it is resolved.
#[utoipa::path(get, path = "/api/desk/escalations/{number}", params(("number" = i64, Path)), responses((status = 200, body = Whole), Refusals))]
pub(super) async fn escalation(
    State(shared): State<Shared>,
    _: Bridge,
    Number(id): Number,
) -> Result<Json<Whole>, ApiError> {
    let store = &shared.state.store;
    let record = store.escalation(id).await?;
    let lines = store.transcript(record.conversation).await?;
    let notes = store.notes(id).await?;
    Ok(Json(Whole {
        escalation: record.into(),
        lines: lines.into_iter().map(Into::into).collect(),
        notes: notes.into_iter().map(Into::into).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Result<(QueueFilter, u32), String> {
        let uri = format!("http://here/?{query}").parse().unwrap();
        let Query(wanted) = Query::<Wanted>::try_from_uri(&uri).map_err(|error| error.body_text())?;
        let told = |error: ApiError| format!("{error:?}");
        Ok((wanted.filter().map_err(told)?, wanted.limit().map_err(told)?))
    }

    #[test]
    fn a_filter_says_what_it_wants_and_a_slip_is_named() {
        assert_eq!(filter(""), Ok((QueueFilter::default(), 50)));
        let (all, limit) = filter("channel=x&language=es&mood=angry&agent=Dana%20K&limit=100").unwrap();
        assert_eq!(limit, 100);
        assert_eq!((all.channel.as_deref(), all.mood), (Some("x"), Some(Mood::Angry)));
        assert_eq!(all.whose, Whose::Of("Dana K".to_owned()));
        assert_eq!(filter("unassigned=true").unwrap().0.whose, Whose::Unassigned);
        for (query, named) in [
            ("mood=furious", "furious"),
            ("language=english", "english"),
            ("limit=0", "1 to 100"),
            ("limit=101", "1 to 100"),
            ("agent=a&unassigned=true", "unassigned"),
            ("chanel=web", "chanel"),
        ] {
            let error = filter(query).unwrap_err();
            assert!(error.contains(named), "{query}: {error}");
        }
    }
}
