//! Whether the promise still holds: what customers do after an answer is compared with it, and the person on duty is warned.
//!
//! Nobody tells us whether an answer was right. But who was answered wrongly asks again, protests, grows angry or wants a person.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    classifier::bound,
    desk::reactions::is_doubted,
    message::ConversationId,
    reading::Language,
    responder::Responder,
    store::{Followed, Store},
};

/// How often we look. Drift takes hours.
const EVERY: Duration = Duration::from_mins(1);

/// How far back: a day has all of a crisis's hours in it, and what was mended yesterday no longer counts.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// An answer to which nothing was said for so long is taken as accepted.
const ACCEPTED_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// With fewer answers than this one bad hour of three customers would raise an alarm.
const LEAST: usize = 20;

/// How sure we must be that the promise is broken before we warn: with a look each minute at several groups, surer than usual.
const SURE: f64 = 0.99;

/// A warning goes when we are no longer this sure, so that it does not come and go with each customer.
const NO_LONGER_SURE: f64 = 0.9;

/// Whose answers are looked at together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Group {
    All,
    Channel(String),
    Language(Language),
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Channel(name) => write!(f, "channel {name}"),
            Self::Language(language) => write!(f, "language {language}"),
        }
    }
}

/// Answers, and those after which there was a sign that they missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    answers: usize,
    doubted: usize,
}

/// Looks until `stop`, and tells `drift` what the person on duty should know.
pub async fn run(
    store: Store,
    responder: watch::Receiver<Arc<Responder>>,
    max_wrong: f64,
    drift: watch::Sender<Vec<String>>,
    stop: CancellationToken,
) {
    let mut tallies: BTreeMap<Group, Tally> = BTreeMap::new();
    let mut broken: HashSet<Group> = HashSet::new();
    loop {
        match store.followed(Timestamp::now() - WINDOW).await {
            Ok(mut followed) => {
                let knows = Arc::clone(&responder.borrow());
                let courtesy = |name: &String| knows.knowledge().intents.get(name).is_some_and(|i| i.priority < 0);
                // "Hello" promises nothing.
                followed.retain(|answer| !answer.intents.iter().all(courtesy));
                // A group of which nothing is left has a tally of nothing.
                for tally in tallies.values_mut() {
                    *tally = Tally::default();
                }
                tallies.extend(count(&followed, Timestamp::now()));
                tell(&tallies, max_wrong, &mut broken);
                let told = tallies.iter().filter(|(group, _)| broken.contains(group));
                let told = told.map(|(group, tally)| in_words(group, *tally, max_wrong)).collect();
                drift.send_if_modified(|before| std::mem::replace(before, told) != *before);
            }
            Err(error) => error!(%error, "cannot look at what came after answers"),
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Numbers for the metrics, and a line in the log when a promise breaks or holds again.
fn tell(tallies: &BTreeMap<Group, Tally>, max_wrong: f64, broken: &mut HashSet<Group>) {
    for (group, tally) in tallies {
        let name = group.to_string();
        metrics::gauge!("evenkeel_answers_followed", "of" => name.clone()).set(tally.answers as f64);
        metrics::gauge!("evenkeel_answers_doubted", "of" => name.clone()).set(tally.doubted as f64);
        let was = broken.contains(group);
        let is = is_broken(*tally, max_wrong, was);
        metrics::gauge!("evenkeel_promise_broken", "of" => name).set(f64::from(u8::from(is)));
        if is && !was {
            warn!("{}", in_words(group, *tally, max_wrong));
            broken.insert(group.clone());
        } else if was && !is {
            info!(of = %group, "what comes after answers fits the promise again");
            broken.remove(group);
        }
    }
}

fn in_words(group: &Group, Tally { answers, doubted }: Tally, max_wrong: f64) -> String {
    let whose = if *group == Group::All { String::new() } else { format!(" ({group})") };
    format!(
        "after {doubted} of {answers} answers{whose} of the last 24 hours the customer asked again, protested, grew angry or wanted a person: \
         probably more than {} in 100 answers are wrong",
        max_wrong * 100.0
    )
}

/// Counts one answer of each conversation, its first, so that one customer alone raises no alarm.
fn count(followed: &[Followed], now: Timestamp) -> BTreeMap<Group, Tally> {
    let mut seen: HashSet<ConversationId> = HashSet::new();
    let mut tallies: BTreeMap<Group, Tally> = BTreeMap::new();
    for answer in followed {
        let settled = answer.next.is_some() || now.duration_since(answer.at) >= ACCEPTED_AFTER;
        if !seen.insert(answer.conversation) || !settled {
            continue;
        }
        let doubted = usize::from(is_doubted(answer));
        let of = [Some(Group::All), Some(Group::Channel(answer.channel.clone())), answer.language.map(Group::Language)];
        for group in of.into_iter().flatten() {
            let tally = tallies.entry(group).or_default();
            tally.answers += 1;
            tally.doubted += doubted;
        }
    }
    tallies
}

/// Whether so many doubted answers tell, surely enough, of more wrong ones than promised (Clopper and Pearson's lower bound).
fn is_broken(Tally { answers, doubted }: Tally, max_wrong: f64, was: bool) -> bool {
    let sure = if was { NO_LONGER_SURE } else { SURE };
    // How sure it would be that the promise holds, had there been one sign less.
    let holds = |doubted: usize| bound::confidence(doubted as f64 - 1.0, answers as f64, max_wrong);
    answers >= LEAST && doubted > 0 && holds(doubted) < 1.0 - sure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{reading::Mood, store::Next};

    fn answer(language: Language, next: Option<Next>) -> Followed {
        Followed {
            conversation: ConversationId::new(),
            channel: "web".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            language: Some(language),
            mood: Mood::Calm,
            intents: vec!["water".to_owned()],
            next,
        }
    }

    fn next(text: &str) -> Next {
        Next { mood: Mood::Calm, reason: None, intents: Vec::new(), text: text.to_owned() }
    }

    fn after(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn an_answer_counts_when_it_had_its_time_and_a_customer_once() {
        let fresh = answer(Language::ENGLISH, None);
        assert!(count(std::slice::from_ref(&fresh), after(1)).is_empty());
        assert_eq!(count(std::slice::from_ref(&fresh), after(60))[&Group::All], Tally { answers: 1, doubted: 0 });

        let first = answer(Language::SPANISH, Some(next("eso está mal")));
        let twice = [first.clone(), first, answer(Language::ENGLISH, Some(next("ok")))];
        let tallies = count(&twice, after(1));
        assert_eq!(tallies[&Group::All], Tally { answers: 2, doubted: 1 });
        assert_eq!(tallies[&Group::Channel("web".to_owned())], Tally { answers: 2, doubted: 1 });
        assert_eq!(tallies[&Group::Language(Language::SPANISH)], Tally { answers: 1, doubted: 1 });
    }

    #[test]
    fn a_warning_needs_more_than_bad_luck() {
        let broken = |doubted, answers| is_broken(Tally { answers, doubted }, 0.05, false);
        assert!(!broken(0, 1_000) && !broken(5, 100) && !broken(9, 100), "one in a hundred sees 11 of 100 by chance");
        assert!(broken(12, 100) && broken(70, 1_000));
        assert!(!broken(3, 3), "too few to tell");
        assert!(broken(5, 20));
        assert!(!broken(10, 100) && is_broken(Tally { answers: 100, doubted: 10 }, 0.05, true), "it does not flutter");
    }

    #[test]
    fn the_log_and_the_list_agree() {
        let mut broken = HashSet::new();
        let mut tallies = BTreeMap::from([(Group::All, Tally { answers: 100, doubted: 30 })]);
        tell(&tallies, 0.05, &mut broken);
        assert!(broken.contains(&Group::All));
        tallies.insert(Group::All, Tally::default());
        tell(&tallies, 0.05, &mut broken);
        assert!(broken.is_empty(), "nothing is left of yesterday");
    }
}
