//! `/desk/figures`: how it goes, in numbers; so that the team sees how people take what they are told.

use std::fmt::Write as _;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Deserialize;

use super::{Frame, Refusal, SignedIn, chart, page};
use crate::{
    desk::{
        figures::{AtLeast, Kept, Series, Split, kept, percent, series, splits, waits},
        reactions::is_doubted,
    },
    reading::{Language, Mood},
    store::Span,
    web::Shared,
};

/// Intents in the table: the most frequent ones.
const INTENTS: usize = 20;

const DECISIONS: [&str; 5] = ["answer", "clarify", "escalate", "acknowledge", "silent"];

#[derive(Template)]
#[template(path = "desk/figures.html")]
struct FiguresPage<'a> {
    frame: Frame,
    over: &'a str,
    volume: Chart,
    moods: Chart,
    turns: u64,
    answered: String,
    clarified: String,
    escalated: String,
    waits: Option<Waited>,
    followed: usize,
    accepted: String,
    resolved: u64,
    stayed: String,
    promised: Kept,
    promises: Vec<(String, Kept)>,
    channels: Vec<(String, Split)>,
    intents: Vec<(String, Split)>,
}

/// A chart with the numbers beneath it.
struct Chart {
    svg: String,
    words: Vec<String>,
    /// When each step begins, and its count of each word.
    rows: Vec<(String, Vec<u64>)>,
}

struct Waited {
    people: usize,
    waiting: usize,
    median: String,
    ninth: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Over {
    /// `day`, `week` or `month`.
    over: String,
}

/// A span that ends with the step that is under way, so that steps begin at full hours or days of the incident's timezone.
fn span(over: &str, zone: &TimeZone, now: Timestamp) -> Span {
    let (steps, hours) = match over {
        "week" => (28, 6),
        "month" => (30, 24),
        _ => (24, 1),
    };
    let today = now.to_zoned(zone.clone()).date().to_zoned(zone.clone()).map_or(now, |midnight| midnight.timestamp());
    let step = SignedDuration::from_hours(hours);
    let begun = now.duration_since(today).as_secs().max(0) / step.as_secs() + 1;
    let until = today + step * i32::try_from(begun).unwrap_or(1);
    Span { from: until - step * i32::try_from(steps).unwrap_or(1), step, steps }
}

/// What stands under the bars: as many as can be read.
fn labels(span: Span, zone: &TimeZone) -> Vec<String> {
    let form = if span.step < SignedDuration::from_hours(6) { "%H:%M" } else { "%b %-d" };
    let at = |step: usize| span.from + span.step * i32::try_from(step).unwrap_or(0);
    (0..span.steps).map(|step| at(step).to_zoned(zone.clone()).strftime(form).to_string()).collect()
}

/// `GET /desk/figures`.
pub(super) async fn show(
    State(shared): State<Shared>,
    me: SignedIn,
    Query(wanted): Query<Over>,
) -> Result<Response, Refusal> {
    let (store, now) = (&shared.state.store, Timestamp::now());
    let knowledge = shared.knowledge();
    let span = span(&wanted.over, knowledge.zone(), now);
    let labels = labels(span, knowledge.zone());
    let decided = series(&store.decisions(span).await?, &DECISIONS, span);
    let moods = series(&store.moods(span).await?, &Mood::ALL.map(Mood::as_str), span);
    let turns: u64 = decided.iter().map(Series::total).sum();
    // A share of what asked for something: courtesies and words to an agent need no decision.
    let asked: u64 = decided[..3].iter().map(Series::total).sum();
    let share = |place: usize| told(percent(decided[place].total(), asked));
    let waits = waits(&store.waits(span).await?, now).map(|waits| Waited {
        people: waits.people,
        waiting: waits.waiting,
        median: waited(waits.median, now),
        ninth: waited(waits.ninth, now),
    });
    let followed = store.followed(span.from).await?;
    let accepted = followed.iter().filter(|answer| !is_doubted(answer)).count();
    let resolved = store.resolved(span).await?;
    let (in_all, by_owner) = kept(&store.promise_counts(span).await?);
    let owned = |(owner, kept): (Option<String>, Kept)| (owner.unwrap_or_else(|| "the bot".to_owned()), kept);
    let intents = splits(&store.decisions_by_intent(span).await?, INTENTS);
    let titled = |(intent, split): (String, Split)| (knowledge.title(&intent, Language::ENGLISH).to_owned(), split);
    page(&FiguresPage {
        frame: Frame::new(&shared, Some(&me), "Figures", "/desk/figures"),
        over: match wanted.over.as_str() {
            over @ ("week" | "month") => over,
            _ => "day",
        },
        turns,
        answered: share(0),
        clarified: share(1),
        escalated: share(2),
        volume: chart("Turns by what became of them", &decided, &labels),
        moods: chart("Moods in which customers wrote", &moods, &labels),
        waits,
        followed: followed.len(),
        accepted: told(percent(accepted as u64, followed.len() as u64)),
        resolved: resolved.all,
        stayed: told(percent(resolved.all - resolved.came_back, resolved.all)),
        promised: in_all,
        promises: by_owner.into_iter().map(owned).collect(),
        channels: splits(&store.decisions_by_channel(span).await?, usize::MAX),
        intents: intents.into_iter().map(titled).collect(),
    })
}

fn waited(wait: AtLeast, now: Timestamp) -> String {
    let span = super::clock::span(now, now + wait.span);
    if wait.waiting { format!("over {span}") } else { span }
}

fn told(percent: Option<u64>) -> String {
    percent.map_or("–".to_owned(), |percent| format!("{percent} %"))
}

fn chart(title: &str, series: &[Series], labels: &[String]) -> Chart {
    // Every label under its own bar would be a grey smear.
    let every = labels.len().div_ceil(8).max(1);
    let sparse: Vec<String> = labels
        .iter()
        .enumerate()
        .map(|(place, label)| if place % every == 0 { label.clone() } else { String::new() })
        .collect();
    let mut title = title.to_owned();
    for one in series {
        // Writing to a string cannot fail.
        let _ = write!(title, ", {}: {}", one.word, one.total());
    }
    let row = |(step, label): (usize, &String)| {
        (label.clone(), series.iter().map(|one| one.counts.get(step).copied().unwrap_or(0)).collect())
    };
    Chart {
        svg: chart::bars(&title, series, &sparse),
        rows: labels.iter().enumerate().map(row).collect(),
        words: series.iter().map(|one| one.word.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_ends_with_the_hour_that_is_under_way() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let now: Timestamp = "2026-11-22T15:20:00Z".parse().unwrap();
        let day = span("day", &zone, now);
        assert_eq!(day.until().to_string(), "2026-11-22T16:00:00Z");
        assert_eq!((day.steps, labels(day, &zone)[23].as_str()), (24, "10:00"));
        let month = span("month", &zone, now);
        assert_eq!(month.until().to_string(), "2026-11-23T05:00:00Z", "a day ends at the incident's midnight");
    }
}
